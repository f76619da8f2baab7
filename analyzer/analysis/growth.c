/* SPDX-License-Identifier: Apache-2.0 */
/*
 * growth.c - sites whose live bytes keep rising, in programs that never exit.
 *
 * The log's time is cut into equal parts; at the end of each, every stack whose live
 * bytes have changed leaves a point.  What the points say of a site is growth_sites.c's
 * business, and whether that is a trend trend.c's.  Start-up does not count, nor do the
 * last moments, in which programs tidy up.
 */
#include "analyzer/analysis/growth.h"
#include "analyzer/analysis/detectors.h"
#include "analyzer/base/alloc.h"

#define LEAST_NS UINT64_C(1000000000)

static void part_ends(struct ms_growth *g)
{
	bool first = g->part == MS_GROWTH_FIRST, last = g->part == MS_GROWTH_LAST;

	g->process[g->part] = g->live;
	for (size_t i = 0; i < g->changed_count; i++) {
		struct ms_growth_stack *s = &g->stacks[g->changed[i]];

		s->changed = false;
		if (ms_grow((void **)&g->points, &g->point_capacity, g->point_count,
			    sizeof(*g->points)) < 0) {
			g->failed = true;
			return;
		}
		g->points[g->point_count++] =
			(struct ms_growth_point){ g->changed[i], g->part, s->live.bytes };
	}
	g->changed_count = 0;
	for (size_t i = 0; (first || last) && i < g->stack_count; i++)
		g->stacks[i].at[last] = g->stacks[i].live;
	if (first || last)
		g->at[last] = g->live;
	g->part++;
}

/* Everything up to an instant, without it, was told. */
static void advance(struct ms_growth *g, uint64_t at_ns)
{
	while (!g->failed && g->part < MS_GROWTH_PARTS && at_ns > g->part_end_ns) {
		part_ends(g);
		g->part_end_ns = (uint64_t)((unsigned __int128)g->span_ns *
					    (g->part + 1) / MS_GROWTH_PARTS);
	}
}

static ms_status begin(void **state, const struct ms_check_input *input,
		       struct ms_error *err)
{
	const struct ms_log_mode *mode = ms_log_mode(input->log);
	uint64_t end = ms_series_end_ns(input->store, input->log);
	const struct ms_note *notes;
	struct ms_growth *g;
	size_t count;

	*state = NULL;
	if (mode->mode == MS_MODE_COUNTERS)
		return MS_OK;
	if (mode->fell_back && mode->fell_back_ns < end)
		end = mode->fell_back_ns;
	notes = ms_metadata_notes(input->meta, &count);
	/* Frees are not seen while recording is off: what seems to live then may not. */
	for (size_t i = 0; i < count; i++)
		if (notes[i].on == 0 && notes[i].at_ns && notes[i].at_ns < end)
			end = notes[i].at_ns;
	if (end < LEAST_NS)
		return MS_OK;
	g = ms_alloc_zero(1, sizeof(*g));
	if (!g)
		return ms_fail_memory(err);
	g->input = *input;
	g->span_ns = end;
	g->part_end_ns = end / MS_GROWTH_PARTS;
	ms_dense_init(&g->by_stack);
	*state = g;
	return MS_OK;
}

static ms_status see_event(void *state, const struct ms_event *event,
			   struct ms_error *err)
{
	struct ms_growth *g = state;

	advance(g, event->at_ns);
	return g->failed ? ms_fail_memory(err) : MS_OK;
}

static struct ms_growth_stack *stack_of(struct ms_growth *g, uint32_t stack)
{
	const struct ms_dense_rows rows = { (void **)&g->stacks, &g->stack_count,
					    &g->stack_capacity, sizeof(*g->stacks),
					    &g->by_stack };
	bool is_new;
	struct ms_growth_stack *row = ms_dense_rows_at(&rows, stack, &is_new);

	if (row && is_new)
		row->stack = stack;
	return row;
}

static void note_change(struct ms_growth *g, struct ms_growth_stack *stack)
{
	if (stack->changed)
		return;
	if (ms_grow((void **)&g->changed, &g->changed_capacity, g->changed_count,
		    sizeof(*g->changed)) < 0) {
		g->failed = true;
		return;
	}
	g->changed[g->changed_count++] = (uint32_t)(stack - g->stacks);
	stack->changed = true;
}

static void count_block(struct ms_growth_live *live, enum ms_change change,
			const struct ms_weight *weight)
{
	bool made = change == MS_CHANGE_BEGIN;

	live->bytes += made ? weight->bytes : -weight->bytes;
	live->blocks += made ? weight->blocks : -weight->blocks;
	live->variance += made ? weight->byte_variance : -weight->byte_variance;
}

static void see_block(void *state, enum ms_change change, const struct ms_block *block,
		      const struct ms_event *event, const struct ms_totals *totals)
{
	struct ms_growth *g = state;
	struct ms_growth_stack *stack;
	struct ms_weight weight;

	(void)event;
	(void)totals;
	if (g->failed || g->part == MS_GROWTH_PARTS)
		return;
	stack = stack_of(g, block->stack);
	if (!stack) {
		g->failed = true;
		return;
	}
	weight = ms_weigh(g->input.sample_bytes, block->size);
	count_block(&stack->live, change, &weight);
	count_block(&g->live, change, &weight);
	note_change(g, stack);
}

static ms_status end(void *state, const struct ms_replayed *replayed,
		     struct ms_findings *findings, struct ms_error *err)
{
	struct ms_growth *g = state;

	advance(g, UINT64_MAX);
	return g->failed ? ms_fail_memory(err)
			 : ms_growth_find(g, replayed, findings, err);
}

static void free_state(void *state)
{
	struct ms_growth *g = state;

	if (!g)
		return;
	ms_dense_release(&g->by_stack);
	ms_free(g->stacks);
	ms_free(g->points);
	ms_free(g->changed);
	ms_free(g);
}

const struct ms_detector ms_detector_growth = {
	.name = "growth",
	.summary = "sites whose live bytes keep rising, and do not level off",
	.worst = MS_SEVERITY_HIGH,
	.begin = begin,
	.event = see_event,
	.block = see_block,
	.end = end,
	.free = free_state,
};
