/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot.c - the heap at one instant: a replay of the store up to there.
 */
#include "analyzer/snapshot/snapshot.h"
#include "analyzer/base/alloc.h"
#include "analyzer/capture/capture.h"
#include "analyzer/snapshot/aggregate.h"
#include "analyzer/snapshot/weight.h"

/*
 * Events are taken in batches whose table slots are prefetched together: with a million
 * live blocks a replay is bound by memory latency.
 */
#define BATCH 64

struct ms_snapshot {
	struct ms_heap *heap;
	struct ms_mappings *mappings;
	struct ms_aggregate aggregate;
	struct ms_totals totals;
	uint64_t at_ns;
};

/* How far to replay: to either limit, whichever comes first. */
struct limit {
	uint64_t events;
	uint64_t at_ns;
};

struct replay {
	struct ms_cursor *cursor;
	struct ms_heap *heap;
	struct ms_aggregate *aggregate; /* or NULL, and so the mappings */
	struct ms_mappings *mappings;
	struct limit limit;
	uint64_t last_ns;
	const struct ms_progress *progress;
};

static size_t next_batch(struct replay *replay, struct ms_event *batch)
{
	size_t n = 0;

	while (n < BATCH && ms_cursor_next(replay->cursor, &batch[n])) {
		ms_heap_prefetch(replay->heap, batch[n].address);
		n++;
	}
	return n;
}

/* Apply a batch; *more becomes false at the limit. */
static ms_status apply_batch(struct replay *replay, const struct ms_event *batch,
			     size_t n, bool *more, struct ms_error *err)
{
	const struct ms_totals *totals = ms_heap_totals(replay->heap);

	for (size_t i = 0; i < n; i++) {
		ms_status status;

		if (totals->events >= replay->limit.events ||
		    batch[i].at_ns > replay->limit.at_ns) {
			*more = false;
			return MS_OK;
		}
		if (replay->aggregate &&
		    ms_aggregate_reserve(replay->aggregate, &batch[i]) < 0)
			return ms_fail_memory(err);
		status = ms_heap_apply(replay->heap, &batch[i], err);
		if (status == MS_OK && batch[i].class >= MS_CLASS_MAP && replay->mappings)
			status = ms_mappings_apply(replay->mappings, &batch[i], err);
		if (status != MS_OK)
			return status;
		replay->last_ns = batch[i].at_ns;
	}
	*more = n == BATCH;
	return MS_OK;
}

static ms_status run(struct replay *replay, const struct ms_store *store,
		     struct ms_error *err)
{
	struct ms_event batch[BATCH];
	struct ms_meter meter;
	ms_status status = ms_cursor_open(&replay->cursor, store, err);
	bool more = true;

	ms_meter_init(&meter, replay->progress, ms_store_event_count(store));
	while (status == MS_OK && more) {
		size_t n = next_batch(replay, batch);

		status = apply_batch(replay, batch, n, &more, err);
		ms_meter_at(&meter, ms_heap_totals(replay->heap)->events);
	}
	ms_cursor_close(replay->cursor);
	return status;
}

/* The peak's place is known only after a pass over everything. */
static ms_status find_peak(const struct ms_store *store, const struct ms_instant_at *at,
			   const struct ms_progress *progress, struct limit *limit,
			   struct ms_error *err)
{
	struct replay replay = { .limit = { UINT64_MAX, UINT64_MAX },
				 .progress = progress };
	ms_status status = ms_heap_new(&replay.heap, NULL, err);

	if (status == MS_OK) {
		ms_heap_sampled(replay.heap, at->sample_bytes);
		status = run(&replay, store, err);
	}
	if (status == MS_OK)
		limit->events = ms_heap_totals(replay.heap)->peak_event;
	ms_heap_free(replay.heap);
	return status;
}

static ms_status find_limit(const struct ms_store *store, const struct ms_instant_at *at,
			    const struct ms_progress *progress, struct limit *limit,
			    struct ms_error *err)
{
	*limit = (struct limit){ UINT64_MAX, UINT64_MAX };
	switch (at->instant) {
	case MS_AT_START:
		limit->events = 0;
		return MS_OK;
	case MS_AT_PEAK:
		return find_peak(store, at, progress, limit, err);
	case MS_AT_NS:
		limit->at_ns = at->at_ns;
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

	*t = *ms_heap_totals(snapshot->heap);
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		*sums[i] = ms_weight_sum(mean, *sums[i]);
}

ms_status ms_snapshot_new(struct ms_snapshot **out, const struct ms_store *store,
			  const struct ms_instant_at *at,
			  const struct ms_progress *progress, struct ms_error *err)
{
	struct ms_snapshot *snapshot = ms_alloc_zero(1, sizeof(*snapshot));
	struct replay replay = { .progress = progress };
	ms_status status;

	*out = NULL;
	if (!snapshot)
		return ms_fail_memory(err);
	ms_aggregate_init(&snapshot->aggregate);
	status = find_limit(store, at, progress, &replay.limit, err);
	if (status == MS_OK)
		status = ms_heap_new(
			&snapshot->heap,
			&(struct ms_observer){ ms_aggregate_block, &snapshot->aggregate },
			err);
	if (status == MS_OK)
		status = ms_mappings_new(&snapshot->mappings, err);
	replay.heap = snapshot->heap;
	replay.mappings = snapshot->mappings;
	replay.aggregate = &snapshot->aggregate;
	if (status == MS_OK) {
		ms_heap_sampled(snapshot->heap, at->sample_bytes);
		snapshot->aggregate.sample_bytes = at->sample_bytes;
		status = run(&replay, store, err);
	}
	if (status != MS_OK) {
		ms_snapshot_free(snapshot);
		return status;
	}
	ms_aggregate_finish(&snapshot->aggregate);
	take_totals(snapshot, at->sample_bytes);
	snapshot->at_ns = at->instant == MS_AT_NS ? at->at_ns : replay.last_ns;
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
	ms_heap_free(snapshot->heap);
	ms_mappings_free(snapshot->mappings);
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
	return snapshot->heap;
}

const struct ms_mapping_totals *ms_snapshot_mappings(const struct ms_snapshot *snapshot)
{
	return ms_mappings_totals(snapshot->mappings);
}
