/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline_report.c - figures in equal parts of a time.
 */
#include "analyzer/facade/choose.h"

#define BUCKETS 60

struct report {
	struct memscope *m;
	struct memscope_timeline_options options;
	struct ms_doc doc;
	json_t *rows;
};

/* How many in a second; a bucket of all of 2^64 ns has no width to divide by. */
static uint64_t per_second(uint64_t number, const struct ms_bucket *bucket)
{
	unsigned __int128 width =
		(unsigned __int128)(bucket->end_ns - bucket->start_ns) + 1;
	unsigned __int128 rate =
		((unsigned __int128)number * 1000000000 + width / 2) / width;

	return rate > UINT64_MAX ? UINT64_MAX : (uint64_t)rate;
}

static void add_bucket(struct report *r, const struct ms_trace *trace,
		       const struct ms_bucket *b)
{
	struct ms_unknown unknown = ms_unknown_at(trace, b->end_ns);
	bool sample = ms_known_sample_bytes(trace) != 0, calls = unknown.calls;
	const struct ms_sums *s = &b->sums;
	struct ms_doc *doc = &r->doc;
	json_t *row = ms_doc_append(doc, r->rows);
	/* The error of a rate is not told: it is that of its count. */
	const struct ms_estimate figures[] = {
		{ "live_bytes", s->live_bytes, unknown.events, s->live_bytes_variance },
		{ "live_blocks", s->live_blocks, unknown.events,
		  s->live_blocks_variance },
		{ "peak_bytes", b->peak_bytes, unknown.events, b->peak_variance },
		{ "allocations", s->allocations, calls, s->allocations_variance },
		{ "allocated", s->allocated, calls, s->allocated_variance },
	};
	const struct ms_estimate exact[] = {
		{ "reallocations", s->reallocations, calls || sample, 0 },
		{ "frees", s->frees, calls || sample, 0 },
		{ "freed", s->freed, calls || sample, 0 },
		{ "failed", s->failed, calls || sample, 0 },
		{ "peak_at_ns", b->peak_at_ns, unknown.events, 0 },
		{ "allocations_per_s", per_second(s->allocations, b), calls || sample,
		  0 },
		{ "frees_per_s", per_second(s->frees, b), calls || sample, 0 },
		{ "allocated_per_s", per_second(s->allocated, b), calls || sample, 0 },
		{ "resident_bytes", b->resident_bytes, !b->has_resident, 0 },
	};

	ms_doc_u64(doc, row, "pid", ms_metadata_process(trace->meta)->pid);
	ms_doc_u64(doc, row, "start_ns", b->start_ns);
	ms_doc_u64(doc, row, "end_ns", b->end_ns);
	ms_doc_estimates(doc, row, figures, sizeof(figures) / sizeof(figures[0]), sample);
	ms_doc_estimates(doc, row, exact, sizeof(exact) / sizeof(exact[0]), false);
}

/* Of the process: the largest peak of its buckets. */
static void add_peak(struct report *r, json_t *object, const struct ms_trace *trace,
		     const struct ms_series *series)
{
	uint64_t end_ns = series->buckets[series->count - 1].end_ns;
	const struct ms_bucket *peak = &series->buckets[0];
	bool absent = ms_unknown_at(trace, end_ns).events;

	for (size_t i = 1; i < series->count; i++) {
		if (series->buckets[i].peak_bytes > peak->peak_bytes)
			peak = &series->buckets[i];
	}
	ms_doc_u64(&r->doc, object, "from_ns", series->buckets[0].start_ns);
	ms_doc_u64(&r->doc, object, "to_ns", end_ns);
	ms_doc_estimates(&r->doc, object,
			 (struct ms_estimate[]){ { "peak_bytes", peak->peak_bytes, absent,
						   peak->peak_variance } },
			 1, ms_known_sample_bytes(trace) != 0);
	ms_doc_value(&r->doc, object, "peak_at_ns",
		     absent ? json_null() : ms_json_number(peak->peak_at_ns));
}

static ms_status find_range(struct report *r, const struct ms_trace *trace,
			    struct ms_series_options *series, struct ms_error *err)
{
	const struct memscope_filter *filter = &r->options.filter;
	uint64_t end = ms_series_end_ns(trace->store, trace->log);
	ms_status status = MS_OK;

	series->to_ns = end;
	if (filter->use_from)
		status = ms_facade_time_ns(r->m, trace, &filter->from, &series->from_ns,
					   err);
	if (status == MS_OK && filter->use_to)
		status = ms_facade_time_ns(r->m, trace, &filter->to, &series->to_ns, err);
	/* Beyond the end there is nothing; "end" itself is one such time. */
	series->from_ns = series->from_ns < end ? series->from_ns : end;
	series->to_ns = series->to_ns < end ? series->to_ns : end;
	return status;
}

static ms_status add_trace(struct report *r, size_t i, struct ms_error *err)
{
	const struct ms_trace *trace = &r->m->traces[i];
	struct memscope_filter filter = r->options.filter;
	struct ms_series_options options = { .meta = trace->meta,
					     .buckets = r->options.buckets };
	struct ms_choice choice;
	struct ms_series series = { 0 };
	ms_status status;

	/* All blocks count, of a part of the time. */
	filter.use_from = filter.use_to = 0;
	status = ms_choice_init(&choice, r->m, trace, &filter, "following the heap", err);
	options.pass = choice.pass;
	if (status == MS_OK)
		status = find_range(r, trace, &options, err);
	if (status == MS_OK)
		status = ms_series_init(&series, &options, err);
	if (status == MS_OK)
		add_peak(r, json_array_get(json_object_get(r->doc.root, "processes"), i),
			 trace, &series);
	for (size_t b = 0; b < series.count && !r->doc.failed; b++)
		add_bucket(r, trace, &series.buckets[b]);
	ms_series_release(&series);
	ms_choice_release(&choice);
	return status;
}

int memscope_timeline(struct memscope *m, const struct memscope_timeline_options *options,
		      const struct memscope_output *output, struct memscope_error *err)
{
	struct report r = { .m = m };
	struct ms_error *own = ms_own_error(err);
	ms_status status = MS_OK;
	json_t *document;

	if (options)
		r.options = *options;
	r.options.buckets = r.options.buckets ? r.options.buckets : BUCKETS;
	ms_doc_init(&r.doc);
	ms_doc_head(&r.doc, m, &r.options.filter);
	r.rows = ms_doc_array(&r.doc, r.doc.root, "rows");
	for (size_t i = 0; status == MS_OK && !r.doc.failed && i < m->count; i++)
		status = add_trace(&r, i, own);
	document = ms_doc_take(&r.doc);
	if (status == MS_OK)
		return ms_facade_print(document, ms_render_timeline, output, own);
	json_decref(document);
	return status;
}
