/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heap_replay.c - the events of a log through a heap, for all who watch it.
 *
 * Batches of events go through three stages: decoding and merging, matching with blocks,
 * counting.  They cost about the same, and on two processors two of them go on at any
 * time; see pipeline.h.
 */
#include "analyzer/snapshot/replay.h"
#include "analyzer/base/alloc.h"
#include "analyzer/base/parallel.h"
#include "analyzer/snapshot/checkpoint.h"
#include "analyzer/snapshot/pipeline.h"

/* Some tens of microseconds of work, in the second-level cache until it is done. */
#define BATCH  2048
#define PLACES 4
/* Below that many events threads are not worth their start. */
#define FEW_EVENTS 65536
/* Events from one checkpoint to the next at least: replayed in about ten milliseconds. */
#define LEAST_GAP 262144

struct batch {
	struct ms_event *events;
	size_t count;
	struct ms_matched matched;
	/* The first event's time is later than that of all before: */
	bool is_boundary;
	struct ms_checkpoint_place before;
	struct ms_draft draft; /* of a checkpoint before it */
};

struct run {
	const struct ms_replay_options *options;
	struct ms_replayed *out;
	struct ms_cursor *cursor;
	struct batch batches[PLACES];
	/* of decoding */
	struct ms_checkpoint_place decoded; /* what was before the next event */
	/* of matching */
	uint64_t kept_events; /* before the last checkpoint */
	uint64_t matched_batches;
	/* of counting */
	uint64_t counted_batches;
	struct ms_meter meter;
	/*
	 * Groups after each of the last batches: matching looks at that of PLACES
	 * batches ago, which is there for any number of threads.
	 */
	uint64_t groups[PLACES];
};

/* --- decoding -------------------------------------------------------------------------
 */

static ms_status decode(void *context, unsigned place, bool *last, struct ms_error *err)
{
	struct run *run = context;
	struct batch *b = &run->batches[place];
	uint64_t left = run->options->to_events - run->decoded.events;
	size_t wanted = left < BATCH ? (size_t)left : BATCH, n;

	(void)err;
	n = ms_cursor_batch(run->cursor, b->events, wanted);
	*last = n < BATCH;
	while (n > 0 && b->events[n - 1].at_ns > run->options->to_ns) {
		*last = true;
		n--;
	}
	b->count = n;
	b->before = run->decoded;
	b->is_boundary =
		n > 0 && b->before.after_ticks && b->events[0].at_ns > b->before.last_ns;
	run->decoded.events += n;
	run->decoded.after_ticks = ms_cursor_ticks(run->cursor);
	if (n > 0)
		run->decoded.last_ns = b->events[n - 1].at_ns;
	return MS_OK;
}

/* --- matching -------------------------------------------------------------------------
 */

/* Is there enough of the log behind the last checkpoint to pay for another? */
static bool is_due(const struct run *run, const struct batch *b)
{
	const struct ms_checkpoint_sink *sink = run->options->sink;
	const struct ms_heap *heap = run->out->heap;
	uint64_t gap = b->before.events - run->kept_events;
	uint64_t all = ms_store_event_count(run->options->store);
	uint64_t least = sink && sink->least_gap ? sink->least_gap : LEAST_GAP;
	uint64_t cost;

	if (!sink || !heap->aggregate || !b->is_boundary || gap < least)
		return false;
	cost = ms_checkpoint_estimate(heap->table.count + heap->in_transit,
				      run->groups[run->matched_batches % PLACES]);
	return (double)gap * ((double)sink->log_bytes / 4) >= (double)cost * (double)all;
}

static ms_status match(void *context, unsigned place, bool *last, struct ms_error *err)
{
	struct run *run = context;
	struct batch *b = &run->batches[place];
	size_t done;

	(void)last;
	if (is_due(run, b)) {
		ms_checkpoint_put_heap(&b->draft, run->out->heap, b->before.last_ns);
		run->kept_events = b->before.events;
	}
	run->matched_batches++;
	return ms_heap_match(run->out->heap, &b->matched, b->events, b->count, &done,
			     err);
}

/* --- counting -------------------------------------------------------------------------
 */

/* Finish a checkpoint whose heap is in draft, hand it over and empty draft. */
static ms_status keep(struct run *run, struct ms_draft *draft,
		      const struct ms_checkpoint_place *place, struct ms_error *err)
{
	const struct ms_checkpoint_sink *sink = run->options->sink;
	ms_status status;

	ms_checkpoint_put_figures(draft, run->out->heap, run->out->mappings,
				  place->last_ns);
	status = draft->failed ? ms_fail_memory(err)
			       : sink->save(sink->context, place, draft->bytes,
					    draft->len_bytes, err);
	ms_draft_release(draft);
	return status;
}

static ms_status apply_mappings(struct run *run, const struct batch *b,
				struct ms_error *err)
{
	ms_status status = MS_OK;

	for (size_t i = 0; status == MS_OK && i < b->count; i++) {
		if (__builtin_expect(b->events[i].class >= MS_CLASS_MAP, 0))
			status =
				ms_mappings_apply(run->out->mappings, &b->events[i], err);
	}
	return status;
}

static ms_status count(void *context, unsigned place, bool *last, struct ms_error *err)
{
	struct run *run = context;
	struct batch *b = &run->batches[place];
	struct ms_heap *heap = run->out->heap;
	ms_status status = MS_OK;

	(void)last;
	if (b->draft.len_bytes || b->draft.failed)
		status = keep(run, &b->draft, &b->before, err);
	if (status == MS_OK)
		status = ms_heap_count(heap, &b->matched, b->events, b->count, err);
	if (status == MS_OK)
		status = apply_mappings(run, b, err);
	if (b->count)
		run->out->last_ns = b->events[b->count - 1].at_ns;
	if (heap->aggregate)
		run->groups[run->counted_batches % PLACES] =
			heap->aggregate->stacks.count + heap->aggregate->threads.count;
	run->counted_batches++;
	ms_meter_at(&run->meter, heap->totals.events);
	return status;
}

/* --- where to begin -------------------------------------------------------------------
 */

static void drop_state(struct ms_replayed *out, struct ms_aggregate *aggregate)
{
	uint64_t sample_bytes = aggregate ? aggregate->sample_bytes : 0;

	ms_replayed_release(out);
	if (aggregate) {
		ms_aggregate_release(aggregate);
		ms_aggregate_init(aggregate, sample_bytes);
	}
}

/* A heap and mappings in which nothing has happened. */
static ms_status new_state(struct run *run, struct ms_aggregate *aggregate,
			   const struct ms_observer *observer, struct ms_error *err)
{
	struct ms_replayed *out = run->out;
	ms_status status = ms_heap_new(&out->heap, observer, err);

	if (status == MS_OK)
		status = ms_mappings_new(&out->mappings, err);
	if (status != MS_OK)
		return status;
	out->heap->aggregate = aggregate;
	ms_heap_sampled(out->heap, run->options->sample_bytes);
	return MS_OK;
}

/* How many of the source's checkpoints lie where the replay may begin. */
static size_t usable(const struct ms_replay_options *options)
{
	const struct ms_checkpoint_source *source = options->source;
	size_t n = source ? source->count : 0;

	while (n > 0 && (source->places[n - 1].events > options->to_events ||
			 source->places[n - 1].last_ns > options->to_ns ||
			 source->places[n - 1].last_ns > options->from_ns))
		n--;
	return n;
}

/* From the checkpoint if it is any good. */
static bool begin_at(struct run *run, size_t index)
{
	const struct ms_checkpoint_source *source = run->options->source;
	const struct ms_checkpoint_place *place = &source->places[index];
	const void *bytes;
	size_t len_bytes;

	if (!source->bytes(source->context, index, &bytes, &len_bytes) ||
	    !ms_checkpoint_load(run->out->heap, run->out->mappings, place, bytes,
				len_bytes))
		return false;
	run->decoded = *place;
	run->kept_events = place->events;
	run->out->last_ns = place->last_ns;
	return true;
}

static ms_status begin(struct run *run, struct ms_aggregate *aggregate,
		       const struct ms_observer *observer, struct ms_error *err)
{
	size_t index = usable(run->options);
	ms_status status = new_state(run, aggregate, observer, err);

	if (status == MS_OK && index > 0 && !begin_at(run, index - 1)) {
		drop_state(run->out, aggregate);
		status = new_state(run, aggregate, observer, err);
	}
	return status;
}

/* --- the whole ------------------------------------------------------------------------
 */

static ms_status new_batches(struct run *run, unsigned count, struct ms_error *err)
{
	for (unsigned i = 0; i < count; i++) {
		struct batch *b = &run->batches[i];

		b->events = ms_alloc_zero(BATCH, sizeof(*b->events));
		b->matched.found = ms_alloc_zero(BATCH, sizeof(*b->matched.found));
		b->matched.ended =
			ms_alloc(BATCH * MS_FOUND_MOST * sizeof(*b->matched.ended));
		if (!b->events || !b->matched.found || !b->matched.ended)
			return ms_fail_memory(err);
	}
	return MS_OK;
}

static void free_batches(struct run *run)
{
	for (unsigned i = 0; i < PLACES; i++) {
		ms_free(run->batches[i].events);
		ms_free(run->batches[i].matched.found);
		ms_free(run->batches[i].matched.ended);
		ms_draft_release(&run->batches[i].draft);
	}
}

/* The state at the end, when that is the log's own. */
static ms_status keep_end(struct run *run, struct ms_error *err)
{
	uint64_t all = ms_store_event_count(run->options->store);
	struct ms_draft draft = { 0 };

	if (!run->options->sink || !run->out->heap->aggregate ||
	    run->decoded.events != all || !run->decoded.after_ticks ||
	    run->kept_events == all)
		return MS_OK;
	ms_checkpoint_put_heap(&draft, run->out->heap, run->decoded.last_ns);
	return keep(run, &draft, &run->decoded, err);
}

static ms_status run_all(struct run *run, struct ms_error *err)
{
	const struct ms_replay_options *options = run->options;
	uint64_t all = ms_store_event_count(options->store);
	struct ms_pipeline pipeline = { .stages = { decode, match, count },
					.stage_count = 3,
					.context = run };
	struct ms_want want = { .after_ticks = run->decoded.after_ticks };
	unsigned threads = ms_thread_count(options->threads);
	ms_status status;

	if (!options->threads && (all - run->decoded.events < FEW_EVENTS ||
				  options->to_events - run->decoded.events < FEW_EVENTS))
		threads = 1;
	pipeline.places = threads > 1 ? PLACES : 1;
	ms_meter_init(&run->meter, options->progress, all);
	status = new_batches(run, pipeline.places, err);
	if (status == MS_OK)
		status = ms_cursor_open_want(&run->cursor, options->store, &want, err);
	if (status == MS_OK)
		status = ms_pipeline_run(&pipeline, threads, err);
	if (status == MS_OK)
		status = keep_end(run, err);
	ms_cursor_close(run->cursor);
	free_batches(run);
	return status;
}

ms_status ms_replay_figures(struct ms_replayed *out, struct ms_aggregate *aggregate,
			    const struct ms_replay_options *options,
			    const struct ms_observer *observer, struct ms_error *err)
{
	struct run run = { .options = options, .out = out };
	ms_status status;

	*out = (struct ms_replayed){ 0 };
	status = begin(&run, aggregate, observer, err);
	if (status == MS_OK)
		status = run_all(&run, err);
	if (status == MS_OK)
		out->heap->aggregate = NULL; /* the caller's, as the observer is */
	else
		ms_replayed_release(out);
	return status;
}

ms_status ms_replay(struct ms_replayed *out, const struct ms_replay_options *options,
		    const struct ms_observer *observer, struct ms_error *err)
{
	return ms_replay_figures(out, NULL, options, observer, err);
}

void ms_replayed_release(struct ms_replayed *replayed)
{
	ms_heap_free(replayed->heap);
	ms_mappings_free(replayed->mappings);
	*replayed = (struct ms_replayed){ 0 };
}
