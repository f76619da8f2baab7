/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tally.c - figures of the blocks that somebody chose, in one more replay.
 *
 * A lifetime is known only when the block has ended, so a block is looked at once: then,
 * or at the instant when it still lives.  The snapshot has told which event was the peak;
 * what is left is to know of each block whether it began before.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/capture/capture.h"
#include "analyzer/snapshot/aggregate.h"
#include "analyzer/snapshot/weight.h"

struct run {
	struct ms_tally *tally;
	const struct ms_tally_options *options;
	uint64_t peak_event, peak_at_ns, at_ns;
	struct ms_map
		late; /* addresses of blocks made after the peak, in its nanosecond */
	struct ms_map threads; /* to an index in newest */
	struct ms_newest *newest;
	size_t newest_capacity;
};

/* --- groups
 * ----------------------------------------------------------------------------- */

static struct ms_figures *figures_of_stack(struct ms_tally *t, uint32_t stack)
{
	bool is_new;
	uint64_t *index = ms_map_at(&t->stack_index, stack, &is_new);

	if (!index)
		return NULL;
	if (is_new) {
		if (ms_grow((void **)&t->stacks, &t->stack_capacity, t->stack_count,
			    sizeof(*t->stacks)) < 0)
			return NULL;
		t->stacks[t->stack_count] = (struct ms_stack_figures){ .stack = stack };
		*index = t->stack_count++;
	}
	return &t->stacks[*index].f;
}

static struct ms_figures *figures_of_thread(struct ms_tally *t, uint32_t thread)
{
	bool is_new;
	uint64_t *index = ms_map_at(&t->thread_index, thread, &is_new);

	if (!index)
		return NULL;
	if (is_new) {
		if (ms_grow((void **)&t->threads, &t->thread_capacity, t->thread_count,
			    sizeof(*t->threads)) < 0)
			return NULL;
		t->threads[t->thread_count] =
			(struct ms_thread_figures){ .thread = thread };
		*index = t->thread_count++;
	}
	return &t->threads[*index].f;
}

static struct ms_figures *figures_of_pair(struct ms_tally *t, uint32_t stack,
					  uint32_t thread)
{
	bool is_new;
	uint64_t *index =
		ms_map_at(&t->pair_index, (uint64_t)stack << 32 | thread, &is_new);

	if (!index)
		return NULL;
	if (is_new) {
		if (ms_grow((void **)&t->pairs, &t->pair_capacity, t->pair_count,
			    sizeof(*t->pairs)) < 0)
			return NULL;
		t->pairs[t->pair_count] =
			(struct ms_pair_figures){ .stack = stack, .thread = thread };
		*index = t->pair_count++;
	}
	return &t->pairs[*index].f;
}

static int add_pair(struct run *run, const struct ms_block *block,
		    const struct ms_figures *one)
{
	struct ms_figures *pair =
		figures_of_pair(run->tally, block->stack, block->thread);

	if (pair)
		ms_figures_add(pair, one);
	return pair ? 0 : -1;
}

/* 0, or -1 without memory. */
static int add(struct run *run, const struct ms_block *block,
	       const struct ms_figures *one)
{
	struct ms_tally *t = run->tally;
	struct ms_figures *stack = figures_of_stack(t, block->stack);
	struct ms_figures *thread = figures_of_thread(t, block->thread);
	uint64_t age = run->at_ns > block->at_ns ? run->at_ns - block->at_ns : 0;

	if (!stack || !thread)
		return -1;
	ms_figures_add(stack, one);
	ms_figures_add(thread, one);
	ms_figures_add(&t->classes[ms_size_class(block->size)], one);
	ms_figures_add(&t->kinds[block->kind % MS_EVENT_KIND_MAX], one);
	ms_figures_add(&t->ages[ms_age_class(age)], one);
	ms_figures_add(&t->all, one);
	return 0;
}

/* --- one block
 * --------------------------------------------------------------------------- */

static bool began_by_peak(const struct run *run, const struct ms_block *block)
{
	return block->at_ns < run->peak_at_ns ||
	       (block->at_ns == run->peak_at_ns &&
		!ms_map_find(&run->late, block->address));
}

/* Live at the peak: made by then and not ended by then. */
static bool at_peak(const struct run *run, const struct ms_life *life, uint64_t event)
{
	return run->peak_event && event > run->peak_event &&
	       began_by_peak(run, life->block);
}

static bool is_free(const struct ms_event *event)
{
	return event &&
	       (event->class == MS_CLASS_FREE || event->class == MS_CLASS_REALLOC_FREED);
}

static bool is_temporary(const struct run *run, const struct ms_life *life)
{
	const uint64_t *index;

	if (!life->end || run->options->sample_bytes)
		return false;
	index = ms_map_find(&run->threads, life->block->thread);
	return index && ms_block_temporary(&run->newest[*index], life->block, life->end);
}

static void fill(const struct run *run, const struct ms_life *life, uint64_t event,
		 struct ms_figures *one)
{
	struct ms_weight w = ms_weigh(run->options->sample_bytes, life->block->size);

	one->allocations = w.blocks;
	one->allocated = w.bytes;
	one->variance[MS_FIGURE_ALLOCATIONS] = w.block_variance;
	one->variance[MS_FIGURE_ALLOCATED] = w.byte_variance;
	if (life->end) {
		one->frees = w.blocks;
		one->freed = w.bytes;
	} else {
		one->live_blocks = w.blocks;
		one->live_bytes = w.bytes;
		one->variance[MS_FIGURE_LIVE_BLOCKS] = w.block_variance;
		one->variance[MS_FIGURE_LIVE_BYTES] = w.byte_variance;
	}
	if (at_peak(run, life, event)) {
		one->peak_blocks = w.blocks;
		one->peak_bytes = w.bytes;
		one->variance[MS_FIGURE_PEAK_BLOCKS] = w.block_variance;
		one->variance[MS_FIGURE_PEAK_BYTES] = w.byte_variance;
	}
	one->temporary = is_temporary(run, life);
}

static bool made_by_realloc(const struct ms_block *block)
{
	return ms_event_kind_info(block->kind)->class == MS_CLASS_REALLOC_END;
}

static ms_status look_at(struct run *run, const struct ms_life *life, uint64_t event,
			 struct ms_error *err)
{
	struct ms_figures one = { 0 };
	bool chosen = true;
	ms_status status = MS_OK;

	if (run->options->choose)
		status = run->options->choose(run->options->context, life, &chosen, err);
	if (status != MS_OK || !chosen)
		return status;
	fill(run, life, event, &one);
	run->tally->reallocated += made_by_realloc(life->block);
	run->tally->freed_by_calls += is_free(life->end);
	if (run->options->pairs)
		return add_pair(run, life->block, &one) < 0 ? ms_fail_memory(err) : MS_OK;
	return add(run, life->block, &one) < 0 ? ms_fail_memory(err) : MS_OK;
}

/* --- the replay
 * -------------------------------------------------------------------------- */

/* 0, or -1 without memory. */
static int remember_newest(struct run *run, const struct ms_block *block)
{
	size_t count = run->threads.count;
	bool is_new;
	uint64_t *index = ms_map_at(&run->threads, block->thread, &is_new);

	if (!index)
		return -1;
	if (is_new) {
		*index = count;
		if (ms_grow((void **)&run->newest, &run->newest_capacity, count,
			    sizeof(*run->newest)) < 0)
			return -1;
	}
	run->newest[*index] = (struct ms_newest){ block->address, block->at_ns };
	return 0;
}

static ms_status see_begin(void *context, const struct ms_block *block, uint64_t event,
			   struct ms_error *err)
{
	struct run *run = context;
	bool late = block->at_ns == run->peak_at_ns && event > run->peak_event;

	if (remember_newest(run, block) < 0 ||
	    (late && ms_map_put(&run->late, block->address, 1) < 0))
		return ms_fail_memory(err);
	return MS_OK;
}

static ms_status see_end(void *context, const struct ms_life *life, uint64_t event,
			 struct ms_error *err)
{
	struct run *run = context;
	ms_status status = look_at(run, life, event, err);

	if (life->block->at_ns == run->peak_at_ns)
		ms_map_remove(&run->late, life->block->address, NULL);
	return status;
}

static ms_status replay(struct run *run, struct ms_error *err)
{
	const struct ms_totals *totals = ms_snapshot_totals(run->options->snapshot);
	struct ms_lives_options options = {
		.store = run->options->store,
		.to_events = totals->events,
		.at_ns = ms_snapshot_at_ns(run->options->snapshot),
		.sample_bytes = run->options->sample_bytes,
		.progress = run->options->progress,
		.begun = see_begin,
		.ended = see_end,
		.context = run,
	};

	run->peak_event = totals->peak_event;
	run->peak_at_ns = totals->peak_at_ns;
	run->at_ns = options.at_ns;
	return ms_lives_each(&options, err);
}

/* --- what is reported
 * -------------------------------------------------------------------- */

static void estimate(struct ms_tally *t, uint64_t sample_bytes)
{
	for (size_t i = 0; i < t->stack_count; i++)
		ms_figures_estimate(&t->stacks[i].f, sample_bytes);
	for (size_t i = 0; i < t->thread_count; i++)
		ms_figures_estimate(&t->threads[i].f, sample_bytes);
	for (size_t i = 0; i < t->pair_count; i++)
		ms_figures_estimate(&t->pairs[i].f, sample_bytes);
	for (size_t i = 0; i < MS_SIZE_CLASSES; i++)
		ms_figures_estimate(&t->classes[i], sample_bytes);
	for (size_t i = 0; i < MS_EVENT_KIND_MAX; i++)
		ms_figures_estimate(&t->kinds[i], sample_bytes);
	for (size_t i = 0; i < MS_AGES; i++)
		ms_figures_estimate(&t->ages[i], sample_bytes);
	ms_figures_estimate(&t->all, sample_bytes);
}

ms_status ms_tally_init(struct ms_tally *tally, const struct ms_tally_options *options,
			struct ms_error *err)
{
	struct run run = { .tally = tally, .options = options };
	ms_status status;

	*tally = (struct ms_tally){ 0 };
	ms_map_init(&tally->stack_index);
	ms_map_init(&tally->thread_index);
	ms_map_init(&tally->pair_index);
	ms_map_init(&run.late);
	ms_map_init(&run.threads);
	status = replay(&run, err);
	if (options->sample_bytes)
		estimate(tally, options->sample_bytes);
	ms_map_release(&run.late);
	ms_map_release(&run.threads);
	ms_free(run.newest);
	return status;
}

ms_status ms_tally_fold(struct ms_tally *tally, const struct ms_folded *folded,
			struct ms_error *err)
{
	struct ms_figures one = { .allocations = folded->blocks,
				  .allocated = folded->bytes,
				  .frees = folded->blocks,
				  .freed = folded->bytes,
				  .culled = folded->blocks };
	struct ms_figures *f = figures_of_stack(tally, folded->stack);

	if (!f)
		return ms_fail_memory(err);
	ms_figures_add(f, &one);
	ms_figures_add(&tally->all, &one);
	return MS_OK;
}

void ms_tally_lacks(struct ms_tally *t, unsigned stacks, unsigned others)
{
	for (size_t i = 0; i < t->stack_count; i++)
		t->stacks[i].f.absent |= stacks;
	for (size_t i = 0; i < t->thread_count; i++)
		t->threads[i].f.absent |= others;
	for (size_t i = 0; i < MS_SIZE_CLASSES; i++)
		t->classes[i].absent |= others;
	for (size_t i = 0; i < MS_EVENT_KIND_MAX; i++)
		t->kinds[i].absent |= others;
	for (size_t i = 0; i < MS_AGES; i++)
		t->ages[i].absent |= others;
	t->all.absent |= stacks;
}

void ms_tally_release(struct ms_tally *tally)
{
	ms_free(tally->stacks);
	ms_free(tally->threads);
	ms_free(tally->pairs);
	ms_map_release(&tally->pair_index);
	ms_map_release(&tally->stack_index);
	ms_map_release(&tally->thread_index);
	*tally = (struct ms_tally){ 0 };
}
