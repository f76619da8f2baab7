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
#include "analyzer/snapshot/weight.h"

#include <assert.h>

struct group {
	struct ms_figures *figures;
	struct ms_group_state *state;
};

void ms_aggregate_init(struct ms_aggregate *a)
{
	*a = (struct ms_aggregate){ 0 };
	ms_map_init(&a->stack_index);
	ms_map_init(&a->thread_index);
}

void ms_aggregate_release(struct ms_aggregate *a)
{
	ms_free(a->stacks);
	ms_free(a->stack_states);
	ms_free(a->threads);
	ms_free(a->thread_states);
	ms_map_release(&a->stack_index);
	ms_map_release(&a->thread_index);
	ms_aggregate_init(a);
}

static int reserve_stack(struct ms_aggregate *a, uint32_t stack)
{
	size_t count = a->stack_index.count;

	if (ms_map_find(&a->stack_index, stack))
		return 0;
	if (ms_grow((void **)&a->stacks, &a->stack_capacity, count, sizeof(*a->stacks)) <
		    0 ||
	    ms_grow((void **)&a->stack_states, &a->stack_state_capacity, count,
		    sizeof(*a->stack_states)) < 0 ||
	    ms_map_put(&a->stack_index, stack, count) < 0)
		return -1;
	a->stacks[count] = (struct ms_stack_figures){ .stack = stack };
	a->stack_states[count] = (struct ms_group_state){ 0 };
	return 0;
}

struct ms_figures *ms_aggregate_stack(struct ms_aggregate *a, uint32_t stack)
{
	return reserve_stack(a, stack) < 0
		       ? NULL
		       : &a->stacks[*ms_map_find(&a->stack_index, stack)].f;
}

static int reserve_thread(struct ms_aggregate *a, uint32_t thread)
{
	size_t count = a->thread_index.count;

	if (ms_map_find(&a->thread_index, thread))
		return 0;
	if (ms_grow((void **)&a->threads, &a->thread_capacity, count,
		    sizeof(*a->threads)) < 0 ||
	    ms_grow((void **)&a->thread_states, &a->thread_state_capacity, count,
		    sizeof(*a->thread_states)) < 0 ||
	    ms_map_put(&a->thread_index, thread, count) < 0)
		return -1;
	a->threads[count] = (struct ms_thread_figures){ .thread = thread };
	a->thread_states[count] = (struct ms_group_state){ 0 };
	return 0;
}

int ms_aggregate_reserve(struct ms_aggregate *a, const struct ms_event *event)
{
	if (!event->address ||
	    (event->class != MS_CLASS_ALLOC && event->class != MS_CLASS_REALLOC_END))
		return 0;
	return reserve_stack(a, event->stack) < 0 || reserve_thread(a, event->thread) < 0
		       ? -1
		       : 0;
}

static void see_peak(const struct ms_aggregate *a, struct group g)
{
	if (g.state->peak_serial == a->peak_serial)
		return;
	g.state->peak_serial = a->peak_serial;
	g.figures->peak_bytes = g.figures->live_bytes;
	g.figures->peak_blocks = g.figures->live_blocks;
	g.figures->variance[MS_FIGURE_PEAK_BYTES] =
		g.figures->variance[MS_FIGURE_LIVE_BYTES];
	g.figures->variance[MS_FIGURE_PEAK_BLOCKS] =
		g.figures->variance[MS_FIGURE_LIVE_BLOCKS];
}

static void begin(const struct ms_aggregate *a, struct group g, const struct ms_weight *w)
{
	see_peak(a, g);
	g.figures->allocations += w->blocks;
	g.figures->allocated += w->bytes;
	g.figures->live_blocks += w->blocks;
	g.figures->live_bytes += w->bytes;
	if (!a->sample_bytes)
		return;
	g.figures->variance[MS_FIGURE_ALLOCATIONS] += w->block_variance;
	g.figures->variance[MS_FIGURE_ALLOCATED] += w->byte_variance;
	g.figures->variance[MS_FIGURE_LIVE_BLOCKS] += w->block_variance;
	g.figures->variance[MS_FIGURE_LIVE_BYTES] += w->byte_variance;
}

static void end(const struct ms_aggregate *a, struct group g, const struct ms_weight *w,
		bool temporary)
{
	see_peak(a, g);
	g.figures->frees += w->blocks;
	g.figures->freed += w->bytes;
	g.figures->live_blocks -= w->blocks;
	g.figures->live_bytes -= w->bytes;
	g.figures->temporary += temporary;
	if (!a->sample_bytes)
		return;
	g.figures->variance[MS_FIGURE_LIVE_BLOCKS] -= w->block_variance;
	g.figures->variance[MS_FIGURE_LIVE_BYTES] -= w->byte_variance;
}

static bool is_temporary(const struct ms_group_state *thread,
			 const struct ms_block *block, const struct ms_event *event)
{
	return (event->class == MS_CLASS_FREE ||
		event->class == MS_CLASS_REALLOC_FREED) &&
	       thread->newest == block->address && thread->newest_ns == block->at_ns;
}

void ms_aggregate_block(void *context, enum ms_change change,
			const struct ms_block *block, const struct ms_event *event,
			const struct ms_totals *totals)
{
	struct ms_aggregate *a = context;
	const uint64_t *stack = ms_map_find(&a->stack_index, block->stack);
	const uint64_t *thread = ms_map_find(&a->thread_index, block->thread);
	struct ms_weight w = ms_weigh(a->sample_bytes, block->size);
	unsigned c = ms_size_class(block->size);
	struct ms_group_state *maker;
	struct group groups[3];

	assert(stack && thread);
	maker = &a->thread_states[*thread];
	groups[0] = (struct group){ &a->stacks[*stack].f, &a->stack_states[*stack] };
	groups[1] = (struct group){ &a->threads[*thread].f, maker };
	groups[2] = (struct group){ &a->classes[c], &a->class_states[c] };
	if (change == MS_CHANGE_BEGIN) {
		for (int i = 0; i < 3; i++)
			begin(a, groups[i], &w);
		maker->newest = block->address;
		maker->newest_ns = block->at_ns;
	} else {
		bool temporary = is_temporary(maker, block, event);

		for (int i = 0; i < 3; i++)
			end(a, groups[i], &w, temporary);
	}
	if (totals->peak_memory > a->peak_memory) {
		a->peak_memory = totals->peak_memory;
		a->peak_serial++;
	}
}

/* Estimates as they are reported.  Nothing live leaves no error but that of rounding. */
static void finish(const struct ms_aggregate *a, struct group g)
{
	struct ms_figures *f = g.figures;
	uint64_t *sums[] = { &f->allocations, &f->allocated,   &f->frees,
			     &f->freed,	      &f->live_blocks, &f->live_bytes,
			     &f->peak_bytes,  &f->peak_blocks };

	see_peak(a, g);
	if (!a->sample_bytes)
		return;
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		*sums[i] = ms_weight_sum(a->sample_bytes, *sums[i]);
	for (size_t i = 0; i < MS_FIGURES; i++)
		f->variance[i] = f->variance[i] > 0 ? f->variance[i] : 0;
	f->absent = 1u << MS_FIGURE_TEMPORARY;
	f->estimated = MS_FIGURES_ALL & ~f->absent;
}

void ms_aggregate_finish(struct ms_aggregate *a)
{
	for (size_t i = 0; i < a->stack_index.count; i++)
		finish(a, (struct group){ &a->stacks[i].f, &a->stack_states[i] });
	for (size_t i = 0; i < a->thread_index.count; i++)
		finish(a, (struct group){ &a->threads[i].f, &a->thread_states[i] });
	for (size_t i = 0; i < MS_SIZE_CLASSES; i++)
		finish(a, (struct group){ &a->classes[i], &a->class_states[i] });
}
