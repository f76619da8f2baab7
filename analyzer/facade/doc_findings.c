/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc_findings.c - findings as parts of documents.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/base/strbuf.h"
#include "analyzer/facade/blocks.h"
#include "analyzer/facade/choose.h"
#include "analyzer/facade/findings.h"

struct part {
	struct ms_doc *doc;
	struct memscope *m;
	struct ms_site_findings *findings;
	unsigned depth;
};

static ms_status add_point(struct part *part, json_t *array, const struct ms_trace *trace,
			   const struct ms_finding_point *point, struct ms_error *err)
{
	struct ms_doc *doc = part->doc;
	json_t *row = ms_doc_append(doc, array);

	ms_doc_text(doc, row, "what", point->what);
	ms_doc_u64(doc, row, "at_ns", point->at_ns);
	ms_doc_hex(doc, row, "address", point->address);
	ms_doc_u64(doc, row, "size", point->size);
	ms_doc_text(doc, row, "call",
		    point->kind ? ms_event_kind_info(point->kind)->form : NULL);
	ms_doc_tid(doc, row, "thread", trace, point->thread);
	return ms_doc_stack(doc, row, "stack", &part->findings->seen, trace->meta,
			    point->stack, part->depth, err);
}

static json_t *evidence_value(const struct ms_evidence *evidence)
{
	switch (evidence->unit) {
	case MS_EVIDENCE_TEXT:
		return ms_json_text(evidence->text);
	case MS_EVIDENCE_SHARE:
	case MS_EVIDENCE_REAL:
		return json_real(evidence->real);
	default:
		return ms_json_number(evidence->number);
	}
}

/* How text shows each; JSON has the numbers as they are. */
static const char *const units[] = {
	[MS_EVIDENCE_COUNT] = "count", [MS_EVIDENCE_BYTES] = "bytes",
	[MS_EVIDENCE_NS] = "ns",       [MS_EVIDENCE_SHARE] = "share",
	[MS_EVIDENCE_REAL] = "real",   [MS_EVIDENCE_TEXT] = "text",
	[MS_EVIDENCE_ID] = "id",
};

static void add_evidence(struct ms_doc *doc, json_t *row, const struct ms_finding *f)
{
	json_t *values = ms_doc_object(doc, row, "evidence");
	json_t *kinds = ms_doc_object(doc, row, "evidence_units");

	for (unsigned i = 0; i < f->evidence_count; i++) {
		const struct ms_evidence *e = &f->evidence[i];

		ms_doc_value(doc, values, e->name, evidence_value(e));
		ms_doc_text(doc, kinds, e->name, units[e->unit]);
	}
}

static void add_site(struct part *part, json_t *row, uint32_t frame)
{
	struct ms_strbuf text;

	if (frame == MS_FRAME_NONE) {
		ms_doc_value(part->doc, row, "site", json_null());
		return;
	}
	ms_strbuf_init(&text);
	ms_facade_frame_text(&text, &part->findings->seen.items[frame].frame);
	part->doc->failed |= text.failed;
	ms_doc_text(part->doc, row, "site", ms_strbuf_text(&text));
	ms_strbuf_release(&text);
	ms_doc_frame(part->doc, row, &part->findings->seen.items[frame].frame);
}

static ms_status add_finding(struct part *part, json_t *array,
			     const struct ms_site_finding *item, struct ms_error *err)
{
	const struct ms_trace *trace = &part->m->traces[item->trace];
	const struct ms_finding *f = &item->sum;
	struct ms_doc *doc = part->doc;
	json_t *row = ms_doc_append(doc, array), *points;
	ms_status status = MS_OK;

	ms_doc_text(doc, row, "detector", f->detector->name);
	ms_doc_text(doc, row, "kind", f->kind);
	ms_doc_text(doc, row, "severity", ms_severity_names[f->severity]);
	ms_doc_u64(doc, row, "count", f->count);
	ms_doc_u64(doc, row, "bytes", f->bytes);
	add_site(part, row, item->frame);
	ms_doc_u64(doc, row, "pid", ms_metadata_process(trace->meta)->pid);
	points = ms_doc_array(doc, row, "stacks");
	for (unsigned i = 0; status == MS_OK && i < f->point_count; i++)
		status = add_point(part, points, trace, &f->points[i], err);
	add_evidence(doc, row, f);
	ms_doc_text(doc, row, "suggestion", f->suggestion);
	return status;
}

/* The names that the stacks of the first count findings need, of one trace. */
static ms_status resolve(struct part *part, uint32_t number, size_t count,
			 struct ms_error *err)
{
	const struct ms_trace *trace = &part->m->traces[number];
	uint32_t *nodes = ms_alloc((count * MS_FINDING_POINTS + 1) * sizeof(*nodes));
	size_t used = 0;
	ms_status status;

	if (!nodes)
		return ms_fail_memory(err);
	for (size_t i = 0; i < count; i++) {
		const struct ms_site_finding *item = &part->findings->items[i];

		for (unsigned p = 0; item->trace == number && p < item->sum.point_count;
		     p++)
			nodes[used++] = item->sum.points[p].stack;
	}
	status = ms_metadata_resolve(trace->meta, MS_RESOLVE_STACKS, nodes, used,
				     trace->threads, err);
	ms_free(nodes);
	return status;
}

ms_status ms_doc_findings(struct ms_doc *doc, json_t *object, struct memscope *m,
			  struct ms_site_findings *findings, unsigned top, unsigned depth,
			  struct ms_error *err)
{
	struct part part = { doc, m, findings, depth };
	json_t *array = ms_doc_array(doc, object, "findings");
	size_t count = top && top < findings->count ? top : findings->count;
	ms_status status = MS_OK;

	for (uint32_t i = 0; status == MS_OK && i < m->count; i++)
		status = resolve(&part, i, count, err);
	for (size_t i = 0; status == MS_OK && !doc->failed && i < count; i++)
		status = add_finding(&part, array, &findings->items[i], err);
	ms_doc_u64(doc, object, "more_findings", findings->count - count);
	return status;
}
