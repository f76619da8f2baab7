/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heap_replay.c - the events of a log through a heap, for all who watch it.
 */
#include "analyzer/snapshot/snapshot.h"

/*
 * Events are taken in batches whose table slots are prefetched together: with a million
 * live blocks a replay is bound by memory latency.
 */
#define BATCH 64

struct run {
	const struct ms_replay_options *options;
	const struct ms_observer *observer;
	struct ms_cursor *cursor;
	struct ms_replayed *out;
};

static size_t next_batch(struct run *run, struct ms_event *batch)
{
	size_t n = 0;

	while (n < BATCH && ms_cursor_next(run->cursor, &batch[n])) {
		ms_heap_prefetch(run->out->heap, batch[n].address);
		n++;
	}
	return n;
}

static ms_status apply(struct run *run, const struct ms_event *event,
		       struct ms_error *err)
{
	ms_status status = MS_OK;

	if (run->observer && run->observer->event)
		status = run->observer->event(run->observer->context, event, err);
	if (status == MS_OK)
		status = ms_heap_apply(run->out->heap, event, err);
	if (status == MS_OK && event->class >= MS_CLASS_MAP)
		status = ms_mappings_apply(run->out->mappings, event, err);
	run->out->last_ns = event->at_ns;
	return status;
}

/* Apply a batch; *more becomes false at the limit. */
static ms_status apply_batch(struct run *run, const struct ms_event *batch, size_t n,
			     bool *more, struct ms_error *err)
{
	const struct ms_totals *totals = ms_heap_totals(run->out->heap);

	for (size_t i = 0; i < n; i++) {
		ms_status status;

		if (totals->events >= run->options->to_events ||
		    batch[i].at_ns > run->options->to_ns) {
			*more = false;
			return MS_OK;
		}
		status = apply(run, &batch[i], err);
		if (status != MS_OK)
			return status;
	}
	*more = n == BATCH;
	return MS_OK;
}

static ms_status run_all(struct run *run, struct ms_error *err)
{
	struct ms_event batch[BATCH];
	struct ms_meter meter;
	ms_status status = MS_OK;
	bool more = true;

	ms_meter_init(&meter, run->options->progress,
		      ms_store_event_count(run->options->store));
	while (status == MS_OK && more) {
		size_t n = next_batch(run, batch);

		status = apply_batch(run, batch, n, &more, err);
		ms_meter_at(&meter, ms_heap_totals(run->out->heap)->events);
	}
	return status;
}

ms_status ms_replay(struct ms_replayed *out, const struct ms_replay_options *options,
		    const struct ms_observer *observer, struct ms_error *err)
{
	struct run run = { options, observer, NULL, out };
	ms_status status;

	*out = (struct ms_replayed){ 0 };
	status = ms_heap_new(&out->heap, observer, err);
	if (status == MS_OK)
		status = ms_mappings_new(&out->mappings, err);
	if (status == MS_OK)
		status = ms_cursor_open(&run.cursor, options->store, err);
	if (status == MS_OK) {
		ms_heap_sampled(out->heap, options->sample_bytes);
		status = run_all(&run, err);
	}
	ms_cursor_close(run.cursor);
	if (status != MS_OK)
		ms_replayed_release(out);
	return status;
}

void ms_replayed_release(struct ms_replayed *replayed)
{
	ms_heap_free(replayed->heap);
	ms_mappings_free(replayed->mappings);
	*replayed = (struct ms_replayed){ 0 };
}
