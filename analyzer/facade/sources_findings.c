/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources_findings.c - the table findings: what check finds in each trace.
 */
#include "analyzer/facade/findings.h"
#include "analyzer/facade/sources.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct ms_source_column columns[] = {
	MS_TRACE_COLUMN,
	MS_PROCESS_COLUMN,
	{ "detector", MS_TYPE_TEXT, MS_SOURCE_KEY, 0, "its name, see check --list" },
	{ "kind", MS_TYPE_TEXT, MS_SOURCE_KEY, 0, "what exactly, in a word" },
	{ "severity", MS_TYPE_TEXT, MS_SOURCE_KEY, 0,
	  "critical, high, medium, low or info" },
	{ "count", MS_TYPE_COUNT, 0, 0, "blocks or calls" },
	{ "bytes", MS_TYPE_BYTES, 0, 0, "of them" },
	{ "function", MS_TYPE_TEXT, MS_SOURCE_KEY, 0,
	  "of the call that is wrong, or that asked for the memory; NULL: not known, or "
	  "of the whole process" },
	{ "file", MS_TYPE_TEXT, MS_SOURCE_KEY, 0, "source file of that call, or NULL" },
	{ "line", MS_TYPE_ID, MS_SOURCE_KEY, 0, "line of that call, or NULL" },
	{ "module", MS_TYPE_TEXT, MS_SOURCE_KEY, 0,
	  "program or library of that call, or NULL" },
	{ "stack", MS_TYPE_ID, 0, 0,
	  "of the heaviest such case, see the table stacks; NULL: none" },
	{ "at", MS_TYPE_INSTANT, 0, 0,
	  "when that was, ns since the recording began; NULL: of the whole process" },
	{ "suggestion", MS_TYPE_TEXT, 0, 0, "what to do about it" },
};

static void add_finding(struct ms_tables *tables, struct ms_doc *doc, json_t *rows,
			size_t trace, const struct ms_site_findings *findings,
			const struct ms_site_finding *item)
{
	json_t *row = ms_made_row(tables, doc, rows, trace);
	const struct ms_finding *f = &item->sum;

	ms_doc_text(doc, row, "detector", f->detector->name);
	ms_doc_text(doc, row, "kind", f->kind);
	ms_doc_text(doc, row, "severity", ms_severity_names[f->severity]);
	ms_doc_u64(doc, row, "count", f->count);
	ms_doc_u64(doc, row, "bytes", f->bytes);
	ms_doc_text(doc, row, "suggestion", f->suggestion);
	if (item->frame == MS_FRAME_NONE)
		return;
	ms_doc_frame(doc, row, &findings->seen.items[item->frame].frame);
	if (f->points[0].stack)
		ms_doc_u64(doc, row, "stack", f->points[0].stack);
	ms_doc_u64(doc, row, "at", f->points[0].at_ns);
}

static ms_status make_findings(struct ms_tables *tables, const char *const *arguments,
			       struct ms_doc *doc, json_t *rows, struct ms_error *err)
{
	static const struct memscope_check_options all;
	ms_status status = MS_OK;

	(void)arguments;
	for (size_t t = 0; status == MS_OK && t < tables->m->count; t++) {
		/* One trace alone: a site of two processes is two rows. */
		struct memscope one = ms_tables_one(tables, t);
		struct ms_site_findings findings = { .count = 0 };
		struct ms_suppressions *suppressions;

		status = ms_tables_go_on(tables, err);
		if (status != MS_OK)
			break;
		status = ms_suppressions_new(&suppressions, &one, NULL, err);
		if (status == MS_OK)
			status = ms_facade_findings(&one, &all, suppressions, &findings,
						    err);
		for (size_t i = 0; status == MS_OK && i < findings.count; i++)
			add_finding(tables, doc, rows, t, &findings, &findings.items[i]);
		ms_site_findings_release(&findings);
		ms_suppressions_free(suppressions);
	}
	return status;
}

static ms_status open_findings(struct ms_scan **out, const struct ms_source *source,
			       const struct ms_scan_plan *plan, struct ms_error *err)
{
	return ms_made_open(out, source, plan, make_findings, err);
}

static void estimate(const struct ms_source *source, unsigned needs, double *rows,
		     double *reads)
{
	(void)needs;
	ms_made_estimate(source, true, rows, reads);
}

const struct ms_source ms_source_findings = {
	.name = "findings",
	.doc = "What the detectors find, one row for each detector, kind, severity and "
	       "site; see the command check.",
	.columns = columns,
	.column_count = COUNT(columns),
	.estimate = estimate,
	.open = open_findings,
};
