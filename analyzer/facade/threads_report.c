/* SPDX-License-Identifier: Apache-2.0 */
/*
 * threads_report.c - threads: what they made, and whose blocks they freed.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/facade/choose.h"
#include "analyzer/facade/compose.h"

struct report {
	struct memscope *m;
	struct ms_doc doc;
	json_t *rows, *matrix;
};

/* flow may be NULL: the thread made no call. */
static void add_flow(struct report *r, json_t *row, const struct ms_trace *trace,
		     const struct ms_flow *flow)
{
	static const struct ms_flow none;
	struct ms_unknown unknown = ms_unknown_at(trace, trace->duration_ns);
	/* Who freed a block that is no sample, or was folded, is in no event. */
	bool no_events = unknown.events || ms_known_sample_bytes(trace);
	bool no_own = unknown.calls || ms_known_sample_bytes(trace);
	const struct ms_flow *f = flow ? flow : &none;
	const struct ms_estimate figures[] = {
		{ "freed_own", f->own, no_own, 0 },
		{ "freed_own_bytes", f->own_bytes, no_own, 0 },
		{ "freed_of_others", f->of_others, no_events, 0 },
		{ "freed_of_others_bytes", f->of_others_bytes, no_events, 0 },
		{ "freed_by_others", f->by_others, no_events, 0 },
		{ "freed_by_others_bytes", f->by_others_bytes, no_events, 0 },
		{ "unmatched", f->unmatched, no_events, 0 },
		{ "own_peak_bytes", f->peak_bytes, no_events, 0 },
		{ "own_peak_at_ns", f->peak_at_ns, no_events || !f->peak_bytes, 0 },
	};

	ms_doc_estimates(&r->doc, row, figures, sizeof(figures) / sizeof(figures[0]),
			 false);
}

static void add_pair(struct report *r, const struct ms_trace *trace,
		     const struct ms_handoff *pair)
{
	json_t *row = ms_doc_append(&r->doc, r->matrix);

	ms_doc_u64(&r->doc, row, "pid", ms_metadata_process(trace->meta)->pid);
	ms_doc_tid(&r->doc, row, "maker", trace, pair->maker);
	ms_doc_tid(&r->doc, row, "freer", trace, pair->ender);
	ms_doc_u64(&r->doc, row, "blocks", pair->blocks);
	ms_doc_u64(&r->doc, row, "bytes", pair->bytes);
}

/* Who freed whose blocks; nothing where the log does not have every free. */
static void add_pairs(struct report *r, const struct ms_trace *trace,
		      const struct ms_handoffs *pairs)
{
	if (ms_unknown_at(trace, trace->duration_ns).events ||
	    ms_known_sample_bytes(trace))
		return;
	for (size_t i = 0; i < pairs->count && !r->doc.failed; i++)
		add_pair(r, trace, &pairs->rows[i]);
	if (pairs->rest.blocks)
		add_pair(r, trace, &pairs->rest);
}

static void add_trace(struct report *r, const struct ms_views *views,
		      const struct ms_flows *flows, size_t i)
{
	const struct ms_trace *trace = &r->m->traces[i];
	size_t first = json_array_size(r->rows), count;
	const struct ms_thread *threads = ms_metadata_threads(trace->meta, &count);

	ms_view_threads(&r->doc, r->rows, views, i);
	/* First the threads that the log describes, in its order; then unknown ones. */
	for (size_t n = 0; first + n < json_array_size(r->rows) && !r->doc.failed; n++) {
		json_t *row = json_array_get(r->rows, first + n);

		if (n < count)
			add_flow(r, row, trace, ms_flows_of(&flows[i], threads[n].id));
	}
	add_pairs(r, trace, &flows[i].pairs);
}

ms_status ms_compose_threads(json_t **out, struct memscope *m,
			     const struct ms_views *views, const struct ms_flows *flows,
			     struct ms_error *err)
{
	struct report r = { .m = m };

	ms_doc_init(&r.doc);
	ms_doc_head(&r.doc, m, NULL);
	r.rows = ms_doc_array(&r.doc, r.doc.root, "rows");
	r.matrix = ms_doc_array(&r.doc, r.doc.root, "matrix");
	for (size_t i = 0; !r.doc.failed && i < m->count; i++)
		add_trace(&r, views, flows, i);
	return ms_doc_end(&r.doc, out, MS_OK, err);
}

static ms_status follow(struct memscope *m, struct ms_flows *flows, struct ms_error *err)
{
	ms_status status = MS_OK;

	for (size_t i = 0; status == MS_OK && i < m->count; i++) {
		const struct ms_trace *trace = &m->traces[i];
		struct ms_pass pass = { .store = trace->store,
					.to_ns = UINT64_MAX,
					.sample_bytes = ms_known_sample_bytes(trace),
					.progress = ms_facade_progress(
						m, "following frees") };

		status = ms_flows_init(&flows[i], &pass, err);
	}
	return status;
}

static ms_status compose(json_t **out, struct memscope *m, struct ms_flows *flows,
			 struct ms_error *err)
{
	const struct memscope_time end = { 0 };
	struct ms_views views;
	ms_status status = ms_views_init(&views, m, &end, NULL, false, err);

	*out = NULL;
	if (status != MS_OK)
		return status;
	status = follow(m, flows, err);
	if (status == MS_OK)
		status = ms_compose_threads(out, m, &views, flows, err);
	ms_views_release(&views);
	return status;
}

int memscope_threads(struct memscope *m, const struct memscope_output *output,
		     struct memscope_error *err)
{
	struct ms_flows *flows = ms_alloc_zero(m->count, sizeof(*flows));
	struct ms_error *own = ms_own_error(err);
	json_t *document;
	ms_status status;

	if (!flows)
		return ms_fail_memory(own);
	status = compose(&document, m, flows, own);
	for (size_t i = 0; i < m->count; i++)
		ms_flows_release(&flows[i]);
	ms_free(flows);
	if (status != MS_OK)
		return status;
	return ms_facade_print(document, ms_render_threads, output, own);
}
