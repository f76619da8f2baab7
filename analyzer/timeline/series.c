/* SPDX-License-Identifier: Apache-2.0 */
/*
 * series.c - figures in equal parts of a time.
 *
 * The parts meet without a gap and each nanosecond is of one of them, so that sums over
 * the parts are those of the whole time.
 */
#include "analyzer/timeline/pass.h"
#include "analyzer/base/alloc.h"

struct watch {
	struct ms_pass pass;
	const struct ms_metadata *meta;
	struct ms_counter counter;
	struct ms_sums base; /* as they were where the bucket begins */
	struct ms_series *series;
	size_t index; /* of the bucket that is being filled; count: beyond the last */
	uint64_t from_ns;
	bool begun; /* the first bucket has */
};

/* Where part i of n of [from, from + span] begins. */
static uint64_t part_start(uint64_t from, uint64_t span, size_t i, size_t n)
{
	return from + (uint64_t)(((unsigned __int128)span + 1) * i / n);
}

static void begin_bucket(struct watch *w)
{
	struct ms_bucket *bucket = &w->series->buckets[w->index];

	w->base = w->counter.now;
	bucket->peak_bytes = w->counter.now.live_bytes;
	bucket->peak_variance = w->counter.now.live_bytes_variance;
	bucket->peak_at_ns = bucket->start_ns;
}

static void end_bucket(struct watch *w)
{
	const struct ms_sums *now = &w->counter.now, *base = &w->base;
	struct ms_bucket *bucket = &w->series->buckets[w->index];
	struct ms_sums *s = &bucket->sums;

	*s = *now;
	s->allocations -= base->allocations;
	s->reallocations -= base->reallocations;
	s->frees -= base->frees;
	s->failed -= base->failed;
	s->unmatched -= base->unmatched;
	s->allocated -= base->allocated;
	s->freed -= base->freed;
	s->overwritten_blocks -= base->overwritten_blocks;
	s->overwritten_bytes -= base->overwritten_bytes;
	s->allocations_variance -= base->allocations_variance;
	s->allocated_variance -= base->allocated_variance;
	ms_sums_report(s, w->counter.pass->sample_bytes);
	bucket->peak_bytes =
		ms_weight_sum(w->counter.pass->sample_bytes, bucket->peak_bytes);
	w->index++;
	if (w->index < w->series->count)
		begin_bucket(w);
}

/* Everything before at_ns was told. */
static void advance(struct watch *w, uint64_t at_ns)
{
	if (!w->begun && at_ns >= w->from_ns) {
		w->begun = true;
		begin_bucket(w);
	}
	while (w->begun && w->index < w->series->count &&
	       at_ns > w->series->buckets[w->index].end_ns)
		end_bucket(w);
}

static ms_status see_event(void *context, const struct ms_event *event,
			   struct ms_error *err)
{
	struct watch *w = context;

	ms_counter_settle(&w->counter);
	advance(w, event->at_ns);
	return ms_counter_event(&w->counter, event, err);
}

static void see_block(void *context, enum ms_change change, const struct ms_block *block,
		      const struct ms_event *event, const struct ms_totals *totals)
{
	struct watch *w = context;
	struct ms_bucket *bucket;

	if (!ms_counter_block(&w->counter, change, block, event, totals) || !w->begun ||
	    w->index == w->series->count)
		return;
	bucket = &w->series->buckets[w->index];
	if (w->counter.now.live_bytes > bucket->peak_bytes && change == MS_CHANGE_BEGIN) {
		bucket->peak_bytes = w->counter.now.live_bytes;
		bucket->peak_variance = w->counter.now.live_bytes_variance;
		bucket->peak_at_ns = event->at_ns;
	}
}

/* --- resident memory ------------------------------------------------------------------
 */

static size_t bucket_of(const struct ms_series *series, uint64_t at_ns)
{
	size_t low = 0, high = series->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (series->buckets[middle].end_ns < at_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Samples of several threads come in any order.  0, or -1 without memory. */
static int add_resident(struct ms_series *series, const struct ms_metadata *meta)
{
	size_t count;
	const struct ms_sample *samples = ms_metadata_samples(meta, &count);
	uint64_t *latest = ms_alloc_zero(series->count, sizeof(*latest));

	if (!latest)
		return -1;
	for (size_t i = 0; i < count; i++) {
		size_t at = bucket_of(series, samples[i].at_ns);
		struct ms_bucket *bucket = &series->buckets[at];

		if (at == series->count || samples[i].at_ns < bucket->start_ns ||
		    samples[i].at_ns < latest[at])
			continue;
		latest[at] = samples[i].at_ns;
		bucket->resident_bytes = samples[i].resident_bytes;
		bucket->has_resident = true;
	}
	ms_free(latest);
	return 0;
}

/* --- the door -------------------------------------------------------------------------
 */

static ms_status make_buckets(struct ms_series *out,
			      const struct ms_series_options *options,
			      struct ms_error *err)
{
	uint64_t from = options->from_ns, span = options->to_ns - from;
	size_t n = options->buckets;

	if (options->to_ns < from)
		return ms_fail(err, MS_EUSAGE, "the time ends before it begins");
	if (n == 0 || n > MS_BUCKETS_MAX)
		return ms_fail(err, MS_EUSAGE, "a series has 1 to %d buckets",
			       MS_BUCKETS_MAX);
	if (n > span && span < SIZE_MAX)
		n = (size_t)span + 1;
	out->buckets = ms_alloc_zero(n, sizeof(*out->buckets));
	if (!out->buckets)
		return ms_fail_memory(err);
	out->count = n;
	for (size_t i = 0; i < n; i++) {
		out->buckets[i].start_ns = part_start(from, span, i, n);
		out->buckets[i].end_ns =
			i + 1 < n ? part_start(from, span, i + 1, n) - 1 : options->to_ns;
	}
	return MS_OK;
}

static ms_status end_watch(void *context, struct ms_error *err)
{
	struct watch *w = context;

	ms_counter_settle(&w->counter);
	advance(w, w->from_ns);
	while (w->index < w->series->count)
		end_bucket(w);
	if (w->meta && add_resident(w->series, w->meta) < 0)
		return ms_fail_memory(err);
	return MS_OK;
}

ms_status ms_series_watch(struct ms_watch *watch, struct ms_series *out,
			  const struct ms_series_options *options, struct ms_error *err)
{
	struct watch *w = ms_alloc_zero(1, sizeof(*w));
	ms_status status;

	*out = (struct ms_series){ 0 };
	if (!w)
		return ms_fail_memory(err);
	status = make_buckets(out, options, err);
	if (status != MS_OK) {
		ms_free(w);
		return status;
	}
	*w = (struct watch){ .pass = options->pass,
			     .meta = options->meta,
			     .series = out,
			     .from_ns = options->from_ns };
	ms_counter_init(&w->counter, &w->pass);
	*watch = (struct ms_watch){
		.observer = { .block = see_block, .context = w, .event = see_event },
		.end = end_watch,
		.free = ms_free
	};
	return MS_OK;
}

ms_status ms_series_init(struct ms_series *out, const struct ms_series_options *options,
			 struct ms_error *err)
{
	struct ms_pass pass = options->pass;
	struct ms_watch watch;
	ms_status status = ms_series_watch(&watch, out, options, err);

	if (status != MS_OK)
		return status;
	pass.to_ns = options->to_ns;
	status = ms_watch_all(&pass, &watch, 1, err);
	if (status != MS_OK)
		ms_series_release(out);
	return status;
}

void ms_series_release(struct ms_series *series)
{
	ms_free(series->buckets);
	*series = (struct ms_series){ 0 };
}

uint64_t ms_series_end_ns(const struct ms_store *store, const struct ms_log *log)
{
	uint64_t first, last, end = ms_log_duration_ns(log);

	if (!ms_store_tick_range(store, &first, &last))
		return end;
	last = ms_ticks_to_ns(ms_log_scale(log), last);
	return last > end ? last : end;
}
