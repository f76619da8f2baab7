/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_check.c - findings as text, and as CSV.
 *
 * The worst come first; each says what happened, where, on what that rests, and what to
 * do about it.
 */
#include "analyzer/render/parts.h"

#include <inttypes.h>
#include <string.h>

#define INDENT 6 /* of stacks */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* From the worst; titles of the parts of the text. */
static const struct {
	const char *name, *title;
} severities[] = {
	{ "critical", "Critical" }, { "high", "High" }, { "medium", "Medium" },
	{ "low", "Low" },	    { "info", "Info" },
};

/* --- one finding -----------------------------------------------------------------------
 */

static void write_head(struct ms_writer *writer, const json_t *finding)
{
	const char *kind = ms_json_string(finding, "kind");
	uint64_t count = ms_json_u64(finding, "count");
	uint64_t bytes = ms_json_u64(finding, "bytes");
	char text[MS_HUMAN_BYTES];

	ms_write_text(writer, "\n  ");
	ms_write_bold(writer);
	ms_write_text(writer, ms_json_string(finding, "detector"));
	if (kind && *kind)
		ms_writef(writer, " (%s)", kind);
	ms_write_plain(writer);
	ms_writef(writer, ": %s time%s", ms_human_count(text, count),
		  count == 1 ? "" : "s");
	if (bytes)
		ms_writef(writer, ", %s", ms_human_size(text, bytes));
	ms_write_text(writer, "\n");
}

/* "freed again by free(0x55...) at 1.2 ms in thread 4711" */
static void write_point(struct ms_writer *writer, const json_t *point)
{
	const char *call = ms_json_string(point, "call");
	const json_t *thread = json_object_get(point, "thread");
	const json_t *stack = json_object_get(point, "stack");
	char text[MS_HUMAN_BYTES];

	ms_writef(writer, "    %s", ms_json_string(point, "what"));
	if (call)
		ms_writef(writer, " by %s", call);
	if (ms_json_u64(point, "size"))
		ms_writef(writer, ", %s",
			  ms_human_size(text, ms_json_u64(point, "size")));
	ms_write_dim(writer);
	if (strcmp(ms_json_string(point, "address"), "0x0") != 0)
		ms_writef(writer, " at %s", ms_json_string(point, "address"));
	ms_writef(writer, " after %s", ms_human_time(text, ms_json_u64(point, "at_ns")));
	if (json_is_integer(thread))
		ms_writef(writer, " in thread %" PRIu64, ms_json_as_u64(thread));
	ms_write_plain(writer);
	ms_write_text(writer, "\n");
	if (json_array_size(stack))
		ms_write_stack(writer, stack, INDENT);
	else
		ms_write_text(writer, "      (no stack was recorded)\n");
}

static void write_value(struct ms_writer *writer, const json_t *value, const char *unit)
{
	char text[MS_HUMAN_BYTES];

	if (json_is_string(value))
		ms_write_escaped(writer, json_string_value(value), 0);
	else if (strcmp(unit, "bytes") == 0)
		ms_write_text(writer, ms_human_size(text, ms_json_as_u64(value)));
	else if (strcmp(unit, "ns") == 0)
		ms_write_text(writer, ms_human_time(text, ms_json_as_u64(value)));
	else if (strcmp(unit, "share") == 0)
		ms_writef(writer, "%.1f %%", 100 * json_number_value(value));
	else if (strcmp(unit, "real") == 0)
		ms_writef(writer, "%.4g", json_number_value(value));
	else if (strcmp(unit, "id") == 0)
		ms_writef(writer, "%" PRIu64, ms_json_as_u64(value));
	else
		ms_write_text(writer, ms_human_count(text, ms_json_as_u64(value)));
}

/* "lifetime_ns" is shown as "lifetime": its value says the unit. */
static void write_name(struct ms_writer *writer, const char *name)
{
	size_t len = strlen(name);

	if (len > 3 && strcmp(name + len - 3, "_ns") == 0)
		len -= 3;
	for (size_t i = 0; i < len; i++)
		ms_write(writer, name[i] == '_' ? " " : &name[i], 1);
}

static void write_evidence(struct ms_writer *writer, const json_t *finding)
{
	const json_t *units = json_object_get(finding, "evidence_units");
	const char *name, *between = "    ";
	json_t *value;

	json_object_foreach (json_object_get(finding, "evidence"), name, value) {
		ms_write_text(writer, between);
		write_name(writer, name);
		ms_write_text(writer, ": ");
		write_value(writer, value, ms_json_string(units, name));
		between = ", ";
	}
	if (*between == ',')
		ms_write_text(writer, "\n");
}

static void write_finding(struct ms_writer *writer, const json_t *finding)
{
	const char *suggestion = ms_json_string(finding, "suggestion");
	const json_t *point;
	size_t i;

	write_head(writer, finding);
	json_array_foreach (json_object_get(finding, "stacks"), i, point)
		write_point(writer, point);
	write_evidence(writer, finding);
	if (suggestion)
		ms_writef(writer, "    -> %s\n", suggestion);
}

/* --- the report ------------------------------------------------------------------------
 */

static void write_counts(struct ms_writer *writer, const json_t *document)
{
	const json_t *counts = json_object_get(document, "severities");
	uint64_t suppressed = ms_json_u64(document, "suppressed_findings");
	const char *between = "\n";
	char text[MS_HUMAN_BYTES];
	uint64_t all = 0;

	for (size_t i = 0; i < COUNT(severities); i++) {
		uint64_t n = ms_json_u64(counts, severities[i].name);

		all += n;
		if (!n)
			continue;
		ms_writef(writer, "%s%s %s", between, ms_human_count(text, n),
			  severities[i].name);
		between = ", ";
	}
	if (all)
		ms_writef(writer, " finding%s", all == 1 ? "" : "s");
	else
		ms_write_text(writer, "\nnothing was found");
	if (suppressed)
		ms_writef(writer, ", %s suppressed", ms_human_count(text, suppressed));
	ms_write_text(writer, "\n");
}

static void write_severity(struct ms_writer *writer, const json_t *findings, size_t s)
{
	const json_t *finding;
	bool headed = false;
	size_t i;

	json_array_foreach (findings, i, finding) {
		const char *name = ms_json_string(finding, "severity");

		if (strcmp(name, severities[s].name) != 0)
			continue;
		if (!headed)
			ms_write_heading(writer, severities[s].title);
		headed = true;
		write_finding(writer, finding);
	}
}

static void write_not_checked(struct ms_writer *writer, const json_t *rows)
{
	const char *last = NULL;
	const json_t *row;
	size_t i;

	if (json_array_size(rows))
		ms_write_heading(writer, "Not looked for");
	json_array_foreach (rows, i, row) {
		const char *reason = ms_json_string(row, "reason");

		/* What many cannot, they cannot for one reason. */
		if (last && strcmp(last, reason) == 0) {
			ms_writef(writer, ", %s", ms_json_string(row, "detector"));
			continue;
		}
		ms_write_text(writer, last ? "\n  " : "  ");
		ms_write_escaped(writer, reason, 0);
		ms_writef(writer, ": %s", ms_json_string(row, "detector"));
		last = reason;
	}
	if (last)
		ms_write_text(writer, "\n");
}

static void write_text(struct ms_writer *writer, const json_t *document)
{
	const json_t *findings = json_object_get(document, "findings");
	const char *fail_on = ms_json_string(document, "fail_on");
	uint64_t more = ms_json_u64(document, "more_findings");
	uint64_t failing = ms_json_u64(document, "failing_findings");

	ms_write_command(writer, json_object_get(document, "processes"));
	ms_write_filter(writer, json_object_get(document, "filter"));
	write_counts(writer, document);
	for (size_t s = 0; s < COUNT(severities); s++)
		write_severity(writer, findings, s);
	if (more)
		ms_writef(writer, "\n%" PRIu64 " more findings: --top 0 shows them\n",
			  more);
	write_not_checked(writer, json_object_get(document, "not_checked"));
	ms_write_suppressed(writer, document);
	if (failing) {
		ms_writef(writer, "\nfailed: %" PRIu64 " finding%s of ", failing,
			  failing == 1 ? "" : "s");
		ms_write_escaped(writer, fail_on, 0);
		ms_write_text(writer, "\n");
	}
}

/* --- CSV
 * ------------------------------------------------------------------------------------ */

static const struct ms_column columns[] = {
	{ "detector", "", MS_TYPE_TEXT, 0, "" }, { "kind", "", MS_TYPE_TEXT, 0, "" },
	{ "severity", "", MS_TYPE_TEXT, 0, "" }, { "count", "", MS_TYPE_COUNT, 0, "" },
	{ "bytes", "", MS_TYPE_BYTES, 0, "" },	 { "site", "", MS_TYPE_TEXT, 0, "" },
	{ "function", "", MS_TYPE_TEXT, 0, "" }, { "file", "", MS_TYPE_TEXT, 0, "" },
	{ "line", "", MS_TYPE_ID, 0, "" },	 { "module", "", MS_TYPE_TEXT, 0, "" },
	{ "address", "", MS_TYPE_TEXT, 0, "" },	 { "pid", "", MS_TYPE_ID, 0, "" },
};

ms_status ms_render_check(struct ms_writer *writer, const json_t *document,
			  enum ms_format format, struct ms_error *err)
{
	if (format == MS_FORMAT_JSON)
		return ms_render_json(writer, document, err);
	if (format == MS_FORMAT_CSV)
		return ms_render_csv_array(writer, json_object_get(document, "findings"),
					   columns, COUNT(columns), err);
	write_text(writer, document);
	return MS_OK;
}
