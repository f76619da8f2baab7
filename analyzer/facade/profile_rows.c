/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_rows.c - a view's figures as rows of a profile.
 */
#include "analyzer/facade/profile.h"
#include "analyzer/base/alloc.h"

/* The metrics that are figures of a view; each a sum that may be added up. */
static const struct {
	enum ms_figure_id id;
	size_t offset;
} figures[MS_METRICS] = {
	[MS_METRIC_LIVE_BYTES] = { MS_FIGURE_LIVE_BYTES,
				   offsetof(struct ms_figures, live_bytes) },
	[MS_METRIC_LIVE_BLOCKS] = { MS_FIGURE_LIVE_BLOCKS,
				    offsetof(struct ms_figures, live_blocks) },
	[MS_METRIC_PEAK_BYTES] = { MS_FIGURE_PEAK_BYTES,
				   offsetof(struct ms_figures, peak_bytes) },
	[MS_METRIC_PEAK_BLOCKS] = { MS_FIGURE_PEAK_BLOCKS,
				    offsetof(struct ms_figures, peak_blocks) },
	[MS_METRIC_ALLOCATED] = { MS_FIGURE_ALLOCATED,
				  offsetof(struct ms_figures, allocated) },
	[MS_METRIC_ALLOCATIONS] = { MS_FIGURE_ALLOCATIONS,
				    offsetof(struct ms_figures, allocations) },
	[MS_METRIC_TEMPORARY] = { MS_FIGURE_TEMPORARY,
				  offsetof(struct ms_figures, temporary) },
};
#define FIGURES MS_METRIC_LEAKED_BYTES /* those before it are */

struct ms_profile_row *ms_profile_row(struct ms_profile_fill *fill, size_t trace,
				      uint32_t node, uint32_t thread)
{
	struct ms_profile *p = fill->profile;
	uint64_t *known =
		ms_map_at(&fill->tree.by_row, (uint64_t)node << 32 | thread, NULL);

	if (!known)
		return NULL;
	if (!*known) {
		if (ms_grow((void **)&p->rows, &fill->row_capacity, p->row_count,
			    sizeof(*p->rows)) < 0)
			return NULL;
		p->rows[p->row_count] = (struct ms_profile_row){
			.node = node, .process = (uint32_t)trace, .thread = thread
		};
		*known = ++p->row_count;
	}
	return &p->rows[*known - 1];
}

uint32_t ms_profile_thread(const struct ms_profile_fill *fill, size_t trace, uint32_t id)
{
	size_t count;
	const struct ms_metadata *meta = fill->m->traces[trace].meta;
	const struct ms_thread *all = ms_metadata_threads(meta, &count);
	const struct ms_thread *thread = ms_metadata_thread(meta, id);

	if (!thread || !(fill->ask->needs & MS_EXPORT_THREADS))
		return MS_PROFILE_NONE;
	return fill->profile->processes[trace].first_thread + (uint32_t)(thread - all);
}

static uint64_t value_of(const struct ms_figures *f, unsigned metric)
{
	return *(const uint64_t *)(const void *)((const char *)f +
						 figures[metric].offset);
}

/* What a view's stack has; false: nothing at all. */
static bool read_figures(struct ms_profile *p, uint64_t value[MS_METRICS],
			 const struct ms_figures *f)
{
	bool any = false;

	for (unsigned i = 0; i < FIGURES; i++) {
		value[i] = f->absent & 1u << figures[i].id ? 0 : value_of(f, i);
		any |= value[i] != 0;
		if (f->absent & 1u << figures[i].id)
			p->absent |= 1u << i;
		if (f->estimated & 1u << figures[i].id)
			p->estimated |= 1u << i;
	}
	return any;
}

/* --- by thread
 * -------------------------------------------------------------------------- */

/* The thread that made all of them, MS_PROFILE_NONE when there are several. */
static uint32_t only_thread(const struct ms_profile_fill *fill, size_t trace)
{
	size_t count;
	const struct ms_thread_figures *threads =
		ms_view_thread_figures(&fill->views, trace, &count);

	return count == 1 ? ms_profile_thread(fill, trace, threads[0].thread)
			  : MS_PROFILE_NONE;
}

/* The part of left that a thread's figures take; the rest stays. */
static void take(uint64_t out[MS_METRICS], uint64_t left[MS_METRICS],
		 const struct ms_figures *f)
{
	for (unsigned i = 0; i < FIGURES; i++) {
		uint64_t value = value_of(f, i);

		value = value < left[i] ? value : left[i];
		out[i] += value;
		left[i] -= value;
	}
}

static bool is_empty(const uint64_t value[MS_METRICS])
{
	for (unsigned i = 0; i < FIGURES; i++) {
		if (value[i])
			return false;
	}
	return true;
}

/*
 * One row a thread, and one of no thread for what was folded and has none.  What rounding
 * of estimates leaves belongs to the last thread.
 */
static int add_by_thread(struct ms_profile_fill *fill, size_t trace, uint32_t node,
			 const struct ms_pair_figures *pairs, size_t count,
			 uint64_t left[MS_METRICS])
{
	struct ms_profile_row *row = NULL;

	for (size_t i = 0; i < count; i++) {
		row = ms_profile_row(fill, trace, node,
				     ms_profile_thread(fill, trace, pairs[i].thread));
		if (!row)
			return -1;
		take(row->value, left, &pairs[i].f);
	}
	if (is_empty(left))
		return 0;
	if (!row || !fill->profile->estimated)
		row = ms_profile_row(fill, trace, node, MS_PROFILE_NONE);
	for (unsigned i = 0; row && i < FIGURES; i++)
		row->value[i] += left[i];
	return row ? 0 : -1;
}

/* --- all of a trace
 * --------------------------------------------------------------------- */

static ms_status add_stack(struct ms_profile_fill *fill, size_t trace,
			   const struct ms_stack_figures *stack,
			   const struct ms_thread_pairs *pairs, uint32_t only,
			   struct ms_error *err)
{
	uint64_t value[MS_METRICS] = { 0 };
	struct ms_profile_row *row;
	uint32_t node;
	ms_status status;

	if (!read_figures(fill->profile, value, &stack->f))
		return MS_OK;
	status = ms_profile_tree_node(&fill->tree, trace, stack->stack, &node, err);
	if (status != MS_OK)
		return status;
	if (pairs) {
		size_t count;
		const struct ms_pair_figures *of =
			ms_thread_pairs_of(pairs, stack->stack, &count);

		if (add_by_thread(fill, trace, node, of, count, value) < 0)
			return ms_fail_memory(err);
		return MS_OK;
	}
	row = ms_profile_row(fill, trace, node, only);
	if (!row)
		return ms_fail_memory(err);
	for (unsigned i = 0; i < FIGURES; i++)
		row->value[i] += value[i];
	return MS_OK;
}

ms_status ms_profile_rows(struct ms_profile_fill *fill, size_t trace,
			  struct ms_error *err)
{
	uint32_t only = only_thread(fill, trace);
	struct ms_thread_pairs pairs = { 0 };
	bool split = fill->ask->needs & MS_EXPORT_THREADS && only == MS_PROFILE_NONE;
	size_t count;
	const struct ms_stack_figures *stacks =
		ms_view_stacks(&fill->views, trace, &count);
	ms_status status = MS_OK;

	ms_map_release(&fill->tree.by_row);
	if (ms_log_mode(fill->m->traces[trace].log)->mode == MS_MODE_COUNTERS)
		fill->profile->absent |= (1u << FIGURES) - 1;
	if (split)
		status = ms_thread_pairs_init(&pairs, &fill->views, trace, err);
	for (size_t i = 0; status == MS_OK && i < count; i++)
		status = add_stack(fill, trace, &stacks[i], split ? &pairs : NULL, only,
				   err);
	ms_thread_pairs_release(&pairs);
	return status;
}
