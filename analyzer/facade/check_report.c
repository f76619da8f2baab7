/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_report.c - memscope_check(): the document of findings.
 */
#include "analyzer/facade/blocks.h"
#include "analyzer/facade/choose.h"
#include "analyzer/facade/compose.h"
#include "analyzer/facade/findings.h"

#define TEXT_ROWS  20
#define JSON_DEPTH 128
#define TEXT_DEPTH 8

struct report {
	struct memscope *m;
	struct memscope_check_options options;
	struct ms_site_findings findings;
	struct ms_suppressions *suppressions;
	struct ms_doc doc;
	size_t failing;
};

static void add_severities(struct report *r)
{
	json_t *object = ms_doc_object(&r->doc, r->doc.root, "severities");

	for (unsigned s = MS_SEVERITIES; s-- > 0;) {
		uint64_t count = 0;

		for (size_t i = 0; i < r->findings.count; i++)
			count += r->findings.items[i].sum.severity == s;
		ms_doc_u64(&r->doc, object, ms_severity_names[s], count);
	}
}

/* Which detectors could not look at which trace, and why. */
static void add_unable(struct report *r)
{
	json_t *array = ms_doc_array(&r->doc, r->doc.root, "not_checked");

	for (size_t i = 0; i < r->findings.unable_count; i++) {
		const struct ms_unable *unable = &r->findings.unable[i];
		const struct ms_trace *trace = &r->m->traces[unable->trace];
		json_t *row = ms_doc_append(&r->doc, array);

		ms_doc_text(&r->doc, row, "detector", unable->detector->name);
		ms_doc_text(&r->doc, row, "path", trace->path);
		ms_doc_u64(&r->doc, row, "pid", ms_metadata_process(trace->meta)->pid);
		ms_doc_text(&r->doc, row, "reason", unable->why);
	}
}

static ms_status compose(json_t **out, struct report *r, struct ms_error *err)
{
	ms_status status;

	ms_doc_init(&r->doc);
	ms_doc_head(&r->doc, r->m, &r->options.filter);
	add_severities(r);
	status = ms_doc_findings(&r->doc, r->doc.root, r->m, &r->findings, r->options.top,
				 r->options.depth, err);
	ms_doc_u64(&r->doc, r->doc.root, "suppressed_findings", r->findings.suppressed);
	ms_doc_suppressions(&r->doc, r->doc.root, r->suppressions);
	add_unable(r);
	ms_doc_text(&r->doc, r->doc.root, "fail_on", r->options.fail_on);
	ms_doc_u64(&r->doc, r->doc.root, "failing_findings", r->failing);
	return ms_doc_end(&r->doc, out, status, err);
}

ms_status ms_compose_check(json_t **out, size_t *failing, struct memscope *m,
			   const struct memscope_check_options *options,
			   struct ms_error *err)
{
	struct report r = { .m = m, .options = *options };
	ms_status status;

	*out = NULL;
	/* What is wrong with the list is said before the work. */
	status = ms_findings_failing(&r.failing, &r.findings, r.options.fail_on, err);
	if (status == MS_OK)
		status =
			ms_suppressions_new(&r.suppressions, m, &r.options.suppress, err);
	if (status == MS_OK)
		status = ms_facade_findings(m, &r.options, r.suppressions, &r.findings,
					    err);
	if (status == MS_OK)
		status = ms_findings_failing(&r.failing, &r.findings, r.options.fail_on,
					     err);
	if (status == MS_OK)
		status = compose(out, &r, err);
	ms_site_findings_release(&r.findings);
	ms_suppressions_free(r.suppressions);
	*failing = r.failing;
	return status;
}

int memscope_check(struct memscope *m, const struct memscope_check_options *options,
		   int *failed, const struct memscope_output *output,
		   struct memscope_error *err)
{
	struct memscope_check_options own_options = { 0 };
	bool text = output->format == MEMSCOPE_TEXT;
	json_t *document;
	size_t failing;
	ms_status status;

	if (failed)
		*failed = 0;
	if (options)
		own_options = *options;
	if (!own_options.top && text)
		own_options.top = TEXT_ROWS;
	if (!own_options.depth)
		own_options.depth = text ? TEXT_DEPTH : JSON_DEPTH;
	status =
		ms_compose_check(&document, &failing, m, &own_options, ms_own_error(err));
	if (status != MS_OK)
		return status;
	status = ms_facade_print(document, ms_render_check, output, ms_own_error(err));
	if (failed && status == MS_OK)
		*failed = failing > 0;
	return status;
}

/* --- the list of detectors -------------------------------------------------------------
 */

static const struct ms_column columns[] = {
	{ "detector", "detector", MS_TYPE_TEXT, 0, "its name" },
	{ "severity", "worst", MS_TYPE_TEXT, 0, "of its most severe findings" },
	{ "finds", "finds", MS_TYPE_TEXT, 0, "what it finds" },
};

static ms_status next_detector(struct ms_rows *rows, struct ms_value *values, bool *more,
			       struct ms_error *err)
{
	size_t *index = rows->context;
	const struct ms_detector *detector;

	(void)err;
	*more = *index < ms_detector_count;
	if (!*more)
		return MS_OK;
	detector = ms_detectors[(*index)++];
	values[0] = (struct ms_value){ .text = detector->name };
	values[1] = (struct ms_value){ .text = ms_severity_names[detector->worst] };
	values[2] = (struct ms_value){ .text = detector->summary };
	return MS_OK;
}

int memscope_detectors(const struct memscope_output *output, struct memscope_error *err)
{
	size_t index = 0;
	struct ms_rows rows = { .columns = columns,
				.column_count = sizeof(columns) / sizeof(*columns),
				.next = next_detector,
				.context = &index };

	return ms_facade_print_rows(&rows, "detectors", output, ms_own_error(err));
}
