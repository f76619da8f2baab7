/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aggregate.c - figures per stack, per thread and per size class, in one pass.
 *
 * The trick for exact figures at the process's peak: a group's live figures stand still
 * between its own changes.  So before a group changes, if the process has peaked since
 * the group's last change, its live figures are its figures at that peak.
 */
#include "analyzer/snapshot/aggregate.h"
#include "analyzer/base/alloc.h"

#include <assert.h>

struct group {
	struct ms_group *g;
	struct ms_group_variance *v; /* NULL: not of samples */
};

static void groups_release(struct ms_groups *groups)
{
	ms_free(groups->items);
	ms_free(groups->ids);
	ms_free(groups->variances);
	ms_free(groups->newest);
	ms_dense_release(&groups->rows);
	*groups = (struct ms_groups){ 0 };
}

void ms_aggregate_init(struct ms_aggregate *a, uint64_t sample_bytes)
{
	*a = (struct ms_aggregate){ .sample_bytes = sample_bytes };
	ms_dense_init(&a->stacks.rows);
	ms_dense_init(&a->threads.rows);
}

void ms_aggregate_release(struct ms_aggregate *a)
{
	groups_release(&a->stacks);
	groups_release(&a->threads);
}

/* Add a row for an id that has none. */
static int add(const struct ms_aggregate *a, struct ms_groups *groups, uint32_t id)
{
	size_t n = groups->count;

	if (n >= UINT32_MAX - 1 ||
	    ms_grow((void **)&groups->items, &groups->capacity, n,
		    sizeof(*groups->items)) < 0 ||
	    ms_grow((void **)&groups->ids, &groups->id_capacity, n,
		    sizeof(*groups->ids)) < 0)
		return -1;
	if (a->sample_bytes) {
		if (ms_grow((void **)&groups->variances, &groups->variance_capacity, n,
			    sizeof(*groups->variances)) < 0)
			return -1;
		groups->variances[n] = (struct ms_group_variance){ 0 };
	}
	if (ms_dense_put(&groups->rows, id, (uint32_t)n) < 0)
		return -1;
	groups->items[n] = (struct ms_group){ 0 };
	groups->ids[n] = id;
	groups->count++;
	return 0;
}

int ms_aggregate_stack(struct ms_aggregate *a, uint32_t stack, uint32_t *row)
{
	if (ms_dense_find(&a->stacks.rows, stack, row))
		return 0;
	*row = (uint32_t)a->stacks.count;
	return add(a, &a->stacks, stack);
}

int ms_aggregate_thread(struct ms_aggregate *a, uint32_t thread, uint32_t *row)
{
	struct ms_groups *groups = &a->threads;

	if (ms_dense_find(&groups->rows, thread, row))
		return 0;
	*row = (uint32_t)groups->count;
	if (ms_grow((void **)&groups->newest, &groups->newest_capacity, groups->count,
		    sizeof(*groups->newest)) < 0)
		return -1;
	groups->newest[groups->count] = (struct ms_newest){ 0 };
	return add(a, groups, thread);
}

static inline void see_peak(const struct ms_aggregate *a, struct group of)
{
	struct ms_group *g = of.g;

	if (g->peak_serial == a->peak_serial)
		return;
	g->peak_serial = a->peak_serial;
	g->peak_blocks = g->allocations - g->frees;
	g->peak_bytes = g->allocated - g->freed;
	if (of.v) {
		of.v->peak_blocks = of.v->live_blocks;
		of.v->peak_bytes = of.v->live_bytes;
	}
}

static inline void begin(const struct ms_aggregate *a, struct group of,
			 const struct ms_weight *w)
{
	see_peak(a, of);
	of.g->allocations += w->blocks;
	of.g->allocated += w->bytes;
	if (__builtin_expect(!of.v, 1))
		return;
	of.v->made_blocks += w->block_variance;
	of.v->made_bytes += w->byte_variance;
	of.v->live_blocks += w->block_variance;
	of.v->live_bytes += w->byte_variance;
}

static inline void end(const struct ms_aggregate *a, struct group of,
		       const struct ms_weight *w, bool temporary)
{
	see_peak(a, of);
	of.g->frees += w->blocks;
	of.g->freed += w->bytes;
	of.g->temporary += temporary;
	if (__builtin_expect(!of.v, 1))
		return;
	of.v->live_blocks -= w->block_variance;
	of.v->live_bytes -= w->byte_variance;
}

static inline struct group group_at(const struct ms_groups *groups, uint32_t row)
{
	return (struct group){ &groups->items[row],
			       groups->variances ? &groups->variances[row] : NULL };
}

static inline struct group class_at(struct ms_aggregate *a, unsigned c)
{
	return (struct group){ &a->classes[c],
			       a->sample_bytes ? &a->class_variances[c] : NULL };
}

void ms_aggregate_change(struct ms_aggregate *a, enum ms_change change,
			 const struct ms_block *block, const struct ms_event *event,
			 const struct ms_weight *w, uint64_t peak_memory)
{
	struct group in_class = class_at(a, ms_size_class(block->size));
	uint32_t stack = 0, thread = 0;
	bool known = ms_dense_find(&a->stacks.rows, block->stack, &stack) &&
		     ms_dense_find(&a->threads.rows, block->thread, &thread);

	assert(known);
	if (__builtin_expect(!known, 0))
		return;
	if (change == MS_CHANGE_BEGIN) {
		begin(a, group_at(&a->stacks, stack), w);
		begin(a, group_at(&a->threads, thread), w);
		begin(a, in_class, w);
		a->threads.newest[thread] =
			(struct ms_newest){ block->address, block->at_ns };
	} else {
		bool temporary =
			ms_block_temporary(&a->threads.newest[thread], block, event);

		end(a, group_at(&a->stacks, stack), w, temporary);
		end(a, group_at(&a->threads, thread), w, temporary);
		end(a, in_class, w, temporary);
	}
	if (peak_memory > a->peak_memory) {
		a->peak_memory = peak_memory;
		a->peak_serial++;
	}
}

static void settle(const struct ms_aggregate *a, const struct ms_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++)
		see_peak(a, group_at(groups, (uint32_t)i));
}

void ms_aggregate_settle(struct ms_aggregate *a)
{
	settle(a, &a->stacks);
	settle(a, &a->threads);
	for (unsigned i = 0; i < MS_SIZE_CLASSES; i++)
		see_peak(a, class_at(a, i));
}

/* Nothing live leaves no error but that of rounding. */
static double no_less_than_none(double variance)
{
	return variance > 0 ? variance : 0;
}

static void set_variances(struct ms_figures *f, const struct ms_group_variance *v)
{
	const double of[MS_FIGURES] = {
		[MS_FIGURE_ALLOCATIONS] = v->made_blocks,
		[MS_FIGURE_ALLOCATED] = v->made_bytes,
		[MS_FIGURE_LIVE_BLOCKS] = v->live_blocks,
		[MS_FIGURE_LIVE_BYTES] = v->live_bytes,
		[MS_FIGURE_PEAK_BLOCKS] = v->peak_blocks,
		[MS_FIGURE_PEAK_BYTES] = v->peak_bytes,
	};

	for (size_t i = 0; i < MS_FIGURES; i++)
		f->variance[i] = no_less_than_none(of[i]);
	f->absent = 1u << MS_FIGURE_TEMPORARY;
	f->estimated = MS_FIGURES_ALL & ~f->absent;
}

struct ms_figures ms_aggregate_figures(const struct ms_aggregate *a,
				       const struct ms_group *g,
				       const struct ms_group_variance *v)
{
	uint64_t mean = a->sample_bytes;
	struct ms_figures f = {
		.allocations = ms_weight_sum(mean, g->allocations),
		.allocated = ms_weight_sum(mean, g->allocated),
		.frees = ms_weight_sum(mean, g->frees),
		.freed = ms_weight_sum(mean, g->freed),
		.live_blocks = ms_weight_sum(mean, g->allocations - g->frees),
		.live_bytes = ms_weight_sum(mean, g->allocated - g->freed),
		.peak_bytes = ms_weight_sum(mean, g->peak_bytes),
		.peak_blocks = ms_weight_sum(mean, g->peak_blocks),
		.temporary = g->temporary,
	};

	if (mean)
		set_variances(&f, v);
	return f;
}
