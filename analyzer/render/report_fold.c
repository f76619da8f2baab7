/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_fold.c - a call tree cut to its heaviest nodes, so that a page has room for it.
 *
 * Nodes are ranked by their largest share of any metric, and a node comes before those
 * below it: no sum of theirs exceeds its own.  So the first of that order are a tree.
 */
#define _GNU_SOURCE /* qsort_r */
#include "analyzer/render/report.h"
#include "analyzer/base/alloc.h"
#include "analyzer/base/map.h"

#include <stdlib.h>

struct work {
	const struct ms_fold_source *source;
	double *share;		/* of each node, with those below it */
	uint32_t *ranked;	/* nodes */
	uint32_t *rows_at;	/* how many */
	struct ms_map by_place; /* node << 32 | process to row + 1 */
	size_t node_capacity, row_capacity, site_capacity;
};

static bool is_rest(const struct ms_fold_source *source, uint32_t node)
{
	return node && source->nodes[node].frame == MS_PROFILE_NONE;
}

/* --- ranking --------------------------------------------------------------------------
 */

static int add_shares(struct work *w, unsigned metric)
{
	const struct ms_fold_source *s = w->source;
	double *sums = ms_alloc_zero(s->node_count, sizeof(*sums));

	if (!sums)
		return -1;
	for (size_t i = 0; i < s->row_count; i++)
		sums[s->rows[i].node] += (double)s->rows[i].value[metric];
	for (size_t i = s->node_count; i-- > 1;)
		sums[s->nodes[i].parent] += sums[i];
	for (size_t i = 0; sums[0] > 0 && i < s->node_count; i++) {
		double share = sums[i] / sums[0];

		if (share > w->share[i])
			w->share[i] = share;
	}
	ms_free(sums);
	return 0;
}

static int heavier(const void *a, const void *b, void *context)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const double *share = ((const struct work *)context)->share;

	if (share[x] != share[y])
		return share[x] < share[y] ? 1 : -1;
	return x < y ? -1 : x > y;
}

/* Rounding must not put a node before its parent; what was folded comes last. */
static void settle_shares(struct work *w)
{
	const struct ms_fold_source *s = w->source;

	w->share[0] = 2;
	for (size_t i = 1; i < s->node_count; i++) {
		if (is_rest(s, (uint32_t)i))
			w->share[i] = -1;
		else if (w->share[i] > w->share[s->nodes[i].parent])
			w->share[i] = w->share[s->nodes[i].parent];
	}
}

static int rank(struct work *w)
{
	const struct ms_fold_source *s = w->source;

	w->share = ms_alloc_zero(s->node_count, sizeof(*w->share));
	w->ranked = ms_alloc(s->node_count * sizeof(*w->ranked));
	w->rows_at = ms_alloc_zero(s->node_count, sizeof(*w->rows_at));
	if (!w->share || !w->ranked || !w->rows_at)
		return -1;
	for (unsigned metric = 0; metric < MS_METRICS; metric++) {
		if (add_shares(w, metric) < 0)
			return -1;
	}
	for (size_t i = 0; i < s->row_count; i++)
		w->rows_at[s->rows[i].node]++;
	for (size_t i = 0; i < s->node_count; i++)
		w->ranked[i] = (uint32_t)i;
	settle_shares(w);
	qsort_r(w->ranked, s->node_count, sizeof(*w->ranked), heavier, w);
	return 0;
}

/* --- the tree -------------------------------------------------------------------------
 */

/* A node of the result; MS_PROFILE_NONE: no memory. */
static uint32_t add_node(struct ms_fold *fold, struct work *w, uint32_t parent,
			 uint32_t frame)
{
	if (ms_grow((void **)&fold->nodes, &w->node_capacity, fold->node_count,
		    sizeof(*fold->nodes)) < 0)
		return MS_PROFILE_NONE;
	fold->nodes[fold->node_count] = (struct ms_profile_node){ parent, frame };
	return (uint32_t)fold->node_count++;
}

/* What is kept, in the order that it had. */
static int keep_nodes(struct ms_fold *fold, struct work *w, size_t budget)
{
	const struct ms_fold_source *s = w->source;
	size_t used = 0;

	for (size_t i = 0; i < s->node_count; i++)
		fold->node_of[i] = MS_PROFILE_NONE;
	/* 0 marks them, and is the root's own place. */
	for (size_t i = 0; i < s->node_count && (i == 0 || used < budget); i++) {
		fold->node_of[w->ranked[i]] = 0;
		used += 1 + w->rows_at[w->ranked[i]];
	}
	for (size_t i = 0; i < s->node_count; i++) {
		const struct ms_profile_node *node = &s->nodes[i];

		if (fold->node_of[i] == MS_PROFILE_NONE)
			continue;
		fold->node_of[i] = add_node(fold, w, i ? fold->node_of[node->parent] : 0,
					    node->frame);
		if (fold->node_of[i] == MS_PROFILE_NONE)
			return -1;
	}
	return 0;
}

/* Places for what is below the nodes that are kept. */
static int add_rests(struct ms_fold *fold, struct work *w)
{
	const struct ms_fold_source *s = w->source;
	size_t kept = fold->node_count;
	uint32_t *rest = ms_alloc_zero(kept, sizeof(*rest));
	int failed = rest ? 0 : -1;

	for (size_t i = 1; !failed && i < s->node_count; i++) {
		uint32_t above = fold->node_of[s->nodes[i].parent];

		if (fold->node_of[i] != MS_PROFILE_NONE)
			continue;
		if (above < kept && !rest[above])
			rest[above] = add_node(fold, w, above, MS_PROFILE_NONE);
		fold->node_of[i] = above < kept ? rest[above] : above;
		failed = fold->node_of[i] == MS_PROFILE_NONE ? -1 : 0;
	}
	ms_free(rest);
	return failed;
}

/* --- rows -----------------------------------------------------------------------------
 */

static int add_row(struct ms_fold *fold, struct work *w, size_t before)
{
	const struct ms_fold_source *s = w->source;
	const struct ms_profile_row *row = &s->rows[before];
	uint32_t node = fold->node_of[row->node];
	uint32_t site = s->sites ? s->sites[before] : MS_PROFILE_NONE;
	uint64_t *known =
		ms_map_at(&w->by_place, (uint64_t)node << 32 | row->process, NULL);
	struct ms_profile_row *sum;

	if (!known || (!*known && (ms_grow((void **)&fold->rows, &w->row_capacity,
					   fold->row_count, sizeof(*fold->rows)) < 0 ||
				   ms_grow((void **)&fold->sites, &w->site_capacity,
					   fold->row_count, sizeof(*fold->sites)) < 0)))
		return -1;
	if (!*known) {
		fold->rows[fold->row_count] = (struct ms_profile_row){
			.node = node, .process = row->process, .thread = MS_PROFILE_NONE
		};
		fold->sites[fold->row_count] = site;
		*known = ++fold->row_count;
	}
	fold->row_of[before] = (uint32_t)(*known - 1);
	sum = &fold->rows[*known - 1];
	for (unsigned i = 0; i < MS_METRICS; i++)
		sum->value[i] += row->value[i];
	if (fold->nodes[node].frame == MS_PROFILE_NONE && node) {
		fold->sites[*known - 1] = MS_PROFILE_NONE;
		fold->folded += !is_rest(s, row->node);
		fold->bytes +=
			is_rest(s, row->node) ? 0 : row->value[MS_METRIC_ALLOCATED];
	}
	return 0;
}

static int fold_all(struct ms_fold *fold, struct work *w, size_t budget)
{
	const struct ms_fold_source *s = w->source;

	fold->node_of = ms_alloc(s->node_count * sizeof(*fold->node_of));
	fold->row_of = ms_alloc(s->row_count * sizeof(*fold->row_of));
	if (!fold->node_of || !fold->row_of || rank(w) < 0 ||
	    keep_nodes(fold, w, budget) < 0 || add_rests(fold, w) < 0)
		return -1;
	for (size_t i = 0; i < s->row_count; i++) {
		if (add_row(fold, w, i) < 0)
			return -1;
	}
	return 0;
}

ms_status ms_fold_init(struct ms_fold *fold, const struct ms_fold_source *source,
		       size_t budget, struct ms_error *err)
{
	struct work w = { .source = source };
	int failed;

	*fold = (struct ms_fold){ 0 };
	ms_map_init(&w.by_place);
	failed = fold_all(fold, &w, budget);
	ms_map_release(&w.by_place);
	ms_free(w.share);
	ms_free(w.ranked);
	ms_free(w.rows_at);
	if (!failed)
		return MS_OK;
	ms_fold_release(fold);
	return ms_fail_memory(err);
}

void ms_fold_release(struct ms_fold *fold)
{
	ms_free(fold->nodes);
	ms_free(fold->rows);
	ms_free(fold->sites);
	ms_free(fold->node_of);
	ms_free(fold->row_of);
	*fold = (struct ms_fold){ 0 };
}

void ms_fold_rows_of(const struct ms_fold *fold, size_t process, size_t *begin,
		     size_t *end)
{
	*begin = 0;
	while (*begin < fold->row_count && fold->rows[*begin].process < process)
		++*begin;
	*end = *begin;
	while (*end < fold->row_count && fold->rows[*end].process == process)
		++*end;
}

/* --- slices ---------------------------------------------------------------------------
 */

struct merge {
	struct ms_slices *out;
	uint32_t *cell_of; /* of a row: its cell + 1, of those from the bucket's first on
			    */
	size_t rows;
};

static int by_row(const void *a, const void *b)
{
	uint32_t x = ((const struct ms_cell *)a)->row;
	uint32_t y = ((const struct ms_cell *)b)->row;

	return x < y ? -1 : x > y;
}

static void merge_bucket(struct merge *merge, const struct ms_slices *slices, size_t b,
			 const uint32_t *row_of, size_t first)
{
	struct ms_slices *out = merge->out;
	size_t begin = out->count;

	for (size_t i = slices->start[b]; i < slices->start[b + 1]; i++) {
		const struct ms_cell *cell = &slices->cells[i];
		uint32_t row = row_of[cell->row] - (uint32_t)first;
		uint32_t at = merge->cell_of[row];
		struct ms_cell *sum;

		/* What is left of the bucket before lies before this one's first. */
		if (at <= begin || at > out->count || out->cells[at - 1].row != row) {
			out->cells[out->count] = (struct ms_cell){ .row = row };
			merge->cell_of[row] = (uint32_t)++out->count;
			at = (uint32_t)out->count;
		}
		sum = &out->cells[at - 1];
		sum->made += cell->made;
		sum->made_bytes += cell->made_bytes;
		sum->live_blocks += cell->live_blocks;
		sum->live_bytes += cell->live_bytes;
	}
	if (out->count > begin)
		qsort(&out->cells[begin], out->count - begin, sizeof(*out->cells),
		      by_row);
	out->start[b + 1] = out->count;
}

ms_status ms_fold_slices(struct ms_slices *out, const struct ms_fold *fold,
			 const struct ms_slices *slices, size_t first_before,
			 struct ms_error *err)
{
	const uint32_t *row_of = fold->row_of + first_before;
	struct merge merge = { .out = out };
	size_t begin = 0, end = 0;

	*out = (struct ms_slices){ .buckets = slices->buckets };
	if (slices->count)
		ms_fold_rows_of(fold, fold->rows[row_of[slices->cells[0].row]].process,
				&begin, &end);
	merge.cell_of = ms_alloc_zero(end - begin, sizeof(*merge.cell_of));
	out->cells = ms_alloc(slices->count * sizeof(*out->cells));
	out->start = ms_alloc_zero(slices->buckets + 1, sizeof(*out->start));
	if (!merge.cell_of || !out->cells || !out->start) {
		ms_free(merge.cell_of);
		ms_free(out->cells);
		ms_free(out->start);
		*out = (struct ms_slices){ 0 };
		return ms_fail_memory(err);
	}
	for (size_t b = 0; b < slices->buckets; b++)
		merge_bucket(&merge, slices, b, row_of, begin);
	ms_free(merge.cell_of);
	return MS_OK;
}
