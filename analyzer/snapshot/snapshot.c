/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot.c - the heap at one instant: a replay of the store up to there.
 */
#include "analyzer/snapshot/snapshot.h"
#include "analyzer/base/alloc.h"
#include "analyzer/capture/capture.h"
#include "analyzer/snapshot/aggregate.h"
#include "analyzer/snapshot/weight.h"

struct ms_snapshot {
	struct ms_replayed replayed;
	struct ms_aggregate aggregate;
	struct ms_totals totals;
	uint64_t at_ns;
};

/* The peak's place is known only after a pass over everything. */
static ms_status find_peak(struct ms_replay_options *replay, struct ms_error *err)
{
	struct ms_replayed replayed;
	ms_status status = ms_replay(&replayed, replay, NULL, err);

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

static ms_status reserve(void *context, const struct ms_event *event,
			 struct ms_error *err)
{
	return ms_aggregate_reserve(context, event) < 0 ? ms_fail_memory(err) : MS_OK;
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
					    .progress = progress };
	ms_status status;

	*out = NULL;
	if (!snapshot)
		return ms_fail_memory(err);
	ms_aggregate_init(&snapshot->aggregate);
	snapshot->aggregate.sample_bytes = at->sample_bytes;
	status = find_limit(&replay, at, err);
	if (status == MS_OK)
		status = ms_replay(&snapshot->replayed, &replay,
				   &(struct ms_observer){ ms_aggregate_block,
							  &snapshot->aggregate, reserve },
				   err);
	if (status != MS_OK) {
		ms_snapshot_free(snapshot);
		return status;
	}
	ms_aggregate_finish(&snapshot->aggregate);
	take_totals(snapshot, at->sample_bytes);
	snapshot->at_ns =
		at->instant == MS_AT_NS ? at->at_ns : snapshot->replayed.last_ns;
	*out = snapshot;
	return MS_OK;
}

ms_status ms_snapshot_fold(struct ms_snapshot *snapshot, const struct ms_folded *folded,
			   size_t count, struct ms_error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct ms_figures *f =
			ms_aggregate_stack(&snapshot->aggregate, folded[i].stack);

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
	struct ms_aggregate *a = &snapshot->aggregate;

	for (size_t i = 0; i < a->stack_index.count; i++)
		a->stacks[i].f.absent |= figures;
	for (size_t i = 0; i < a->thread_index.count; i++)
		a->threads[i].f.absent |= figures;
	for (size_t i = 0; i < MS_SIZE_CLASSES; i++)
		a->classes[i].absent |= figures;
}

void ms_snapshot_free(struct ms_snapshot *snapshot)
{
	if (!snapshot)
		return;
	ms_replayed_release(&snapshot->replayed);
	ms_aggregate_release(&snapshot->aggregate);
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
	*count = snapshot->aggregate.stack_index.count;
	return snapshot->aggregate.stacks;
}

const struct ms_thread_figures *ms_snapshot_threads(const struct ms_snapshot *snapshot,
						    size_t *count)
{
	*count = snapshot->aggregate.thread_index.count;
	return snapshot->aggregate.threads;
}

const struct ms_figures *ms_snapshot_size_classes(const struct ms_snapshot *snapshot)
{
	return snapshot->aggregate.classes;
}

const struct ms_heap *ms_snapshot_heap(const struct ms_snapshot *snapshot)
{
	return snapshot->replayed.heap;
}

const struct ms_mapping_totals *ms_snapshot_mappings(const struct ms_snapshot *snapshot)
{
	return ms_mappings_totals(snapshot->replayed.mappings);
}
