/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot.c - the heap at one instant: a replay of the store up to there.
 */
#include "analyzer/snapshot/snapshot.h"
#include "analyzer/base/alloc.h"
#include "analyzer/capture/capture.h"
#include "analyzer/snapshot/replay.h"

struct ms_snapshot {
	struct ms_replayed replayed;
	struct ms_totals totals;
	uint64_t at_ns;
	struct ms_stack_figures *stacks;
	struct ms_thread_figures *threads;
	struct ms_figures classes[MS_SIZE_CLASSES];
	size_t stack_count, stack_capacity, thread_count;
	struct ms_dense stack_rows;
};

/*
 * The peak's place is known only at the end, but to every checkpoint what of it was
 * before.
 */
static ms_status find_peak(struct ms_replay_options *replay, struct ms_error *err)
{
	struct ms_replayed replayed;
	struct ms_aggregate aggregate;
	ms_status status;

	ms_aggregate_init(&aggregate, replay->sample_bytes);
	status = ms_replay_figures(&replayed, replay->sink ? &aggregate : NULL, replay,
				   NULL, err);
	ms_aggregate_release(&aggregate);
	replay->sink = NULL;
	if (status != MS_OK)
		return status;
	replay->to_events = ms_heap_totals(replayed.heap)->peak_event;
	ms_replayed_release(&replayed);
	return MS_OK;
}

static ms_status find_limit(struct ms_replay_options *replay,
			    const struct ms_instant_at *at, struct ms_error *err)
{
	switch (at->instant) {
	case MS_AT_START:
		replay->to_events = 0;
		return MS_OK;
	case MS_AT_PEAK:
		return find_peak(replay, err);
	case MS_AT_NS:
		replay->to_ns = at->at_ns;
		return MS_OK;
	case MS_AT_END:
		return MS_OK;
	}
	return ms_fail(err, MS_EUSAGE, "no such instant");
}

/* The heap's totals as they are reported. */
static void take_totals(struct ms_snapshot *snapshot, uint64_t mean)
{
	struct ms_totals *t = &snapshot->totals;
	uint64_t *sums[] = { &t->total_allocations,  &t->total_reallocations,
			     &t->active_allocations, &t->total_allocated,
			     &t->total_deallocated,  &t->current_memory,
			     &t->peak_memory };

	*t = *ms_heap_totals(snapshot->replayed.heap);
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		*sums[i] = ms_weight_sum(mean, *sums[i]);
}

static struct ms_figures figures_of(const struct ms_aggregate *a,
				    const struct ms_groups *groups, size_t row)
{
	return ms_aggregate_figures(a, &groups->items[row],
				    groups->variances ? &groups->variances[row] : NULL);
}

/* The aggregate's figures as they are reported; its rows become the snapshot's. */
static ms_status take_figures(struct ms_snapshot *s, struct ms_aggregate *a,
			      struct ms_error *err)
{
	ms_aggregate_settle(a);
	s->stacks = ms_alloc_zero(a->stacks.count, sizeof(*s->stacks));
	s->threads = ms_alloc_zero(a->threads.count, sizeof(*s->threads));
	if (!s->stacks || !s->threads)
		return ms_fail_memory(err);
	s->stack_count = s->stack_capacity = a->stacks.count;
	s->thread_count = a->threads.count;
	for (size_t i = 0; i < s->stack_count; i++)
		s->stacks[i] = (struct ms_stack_figures){ a->stacks.ids[i],
							  figures_of(a, &a->stacks, i) };
	for (size_t i = 0; i < s->thread_count; i++)
		s->threads[i] =
			(struct ms_thread_figures){ a->threads.ids[i],
						    figures_of(a, &a->threads, i) };
	for (unsigned c = 0; c < MS_SIZE_CLASSES; c++)
		s->classes[c] =
			ms_aggregate_figures(a, &a->classes[c], &a->class_variances[c]);
	s->stack_rows = a->stacks.rows;
	ms_dense_init(&a->stacks.rows);
	return MS_OK;
}

static ms_status fill(struct ms_snapshot *snapshot, struct ms_replay_options *replay,
		      const struct ms_instant_at *at, struct ms_error *err)
{
	struct ms_aggregate aggregate;
	ms_status status = find_limit(replay, at, err);

	if (status != MS_OK)
		return status;
	ms_aggregate_init(&aggregate, at->sample_bytes);
	status = ms_replay_figures(&snapshot->replayed, &aggregate, replay, NULL, err);
	if (status == MS_OK)
		status = take_figures(snapshot, &aggregate, err);
	ms_aggregate_release(&aggregate);
	return status;
}

ms_status ms_snapshot_new(struct ms_snapshot **out, const struct ms_store *store,
			  const struct ms_instant_at *at,
			  const struct ms_progress *progress, struct ms_error *err)
{
	struct ms_snapshot *snapshot = ms_alloc_zero(1, sizeof(*snapshot));
	struct ms_replay_options replay = { .store = store,
					    .to_events = UINT64_MAX,
					    .to_ns = UINT64_MAX,
					    .sample_bytes = at->sample_bytes,
					    .threads = at->threads,
					    .progress = progress,
					    .source = at->source,
					    .from_ns = UINT64_MAX,
					    .sink = at->sink };
	ms_status status;

	*out = NULL;
	if (!snapshot)
		return ms_fail_memory(err);
	ms_dense_init(&snapshot->stack_rows);
	status = fill(snapshot, &replay, at, err);
	if (status != MS_OK) {
		ms_snapshot_free(snapshot);
		return status;
	}
	take_totals(snapshot, at->sample_bytes);
	snapshot->at_ns =
		at->instant == MS_AT_NS ? at->at_ns : snapshot->replayed.last_ns;
	*out = snapshot;
	return MS_OK;
}

/* The figures of a stack, made if need be; NULL without memory. */
static struct ms_figures *stack_figures(struct ms_snapshot *s, uint32_t stack)
{
	uint32_t row;

	if (ms_dense_find(&s->stack_rows, stack, &row))
		return &s->stacks[row].f;
	if (s->stack_count >= UINT32_MAX - 1 ||
	    ms_grow((void **)&s->stacks, &s->stack_capacity, s->stack_count,
		    sizeof(*s->stacks)) < 0 ||
	    ms_dense_put(&s->stack_rows, stack, (uint32_t)s->stack_count) < 0)
		return NULL;
	s->stacks[s->stack_count] = (struct ms_stack_figures){ .stack = stack };
	return &s->stacks[s->stack_count++].f;
}

ms_status ms_snapshot_fold(struct ms_snapshot *snapshot, const struct ms_folded *folded,
			   size_t count, struct ms_error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct ms_figures *f = stack_figures(snapshot, folded[i].stack);

		if (!f)
			return ms_fail_memory(err);
		f->allocations += folded[i].blocks;
		f->allocated += folded[i].bytes;
		f->frees += folded[i].blocks;
		f->freed += folded[i].bytes;
		f->culled += folded[i].blocks;
	}
	return MS_OK;
}

void ms_snapshot_lacks(struct ms_snapshot *snapshot, unsigned figures)
{
	for (size_t i = 0; i < snapshot->stack_count; i++)
		snapshot->stacks[i].f.absent |= figures;
	for (size_t i = 0; i < snapshot->thread_count; i++)
		snapshot->threads[i].f.absent |= figures;
	for (size_t i = 0; i < MS_SIZE_CLASSES; i++)
		snapshot->classes[i].absent |= figures;
}

void ms_snapshot_free(struct ms_snapshot *snapshot)
{
	if (!snapshot)
		return;
	ms_replayed_release(&snapshot->replayed);
	ms_free(snapshot->stacks);
	ms_free(snapshot->threads);
	ms_dense_release(&snapshot->stack_rows);
	ms_free(snapshot);
}

const struct ms_totals *ms_snapshot_totals(const struct ms_snapshot *snapshot)
{
	return &snapshot->totals;
}

uint64_t ms_snapshot_at_ns(const struct ms_snapshot *snapshot)
{
	return snapshot->at_ns;
}

const struct ms_stack_figures *ms_snapshot_stacks(const struct ms_snapshot *snapshot,
						  size_t *count)
{
	*count = snapshot->stack_count;
	return snapshot->stacks;
}

const struct ms_thread_figures *ms_snapshot_threads(const struct ms_snapshot *snapshot,
						    size_t *count)
{
	*count = snapshot->thread_count;
	return snapshot->threads;
}

const struct ms_figures *ms_snapshot_size_classes(const struct ms_snapshot *snapshot)
{
	return snapshot->classes;
}

const struct ms_heap *ms_snapshot_heap(const struct ms_snapshot *snapshot)
{
	return snapshot->replayed.heap;
}

const struct ms_mapping_totals *ms_snapshot_mappings(const struct ms_snapshot *snapshot)
{
	return ms_mappings_totals(snapshot->replayed.mappings);
}
