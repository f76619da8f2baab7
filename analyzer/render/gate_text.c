/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_text.c - the verdict of a gate as text, and as CSV.
 */
#include "analyzer/render/gate_parts.h"

#include <inttypes.h>
#include <string.h>

#define NAME_COLUMNS 26

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool has_failed(const json_t *object)
{
	return strcmp(ms_gate_verdict(object), "FAIL") == 0;
}

static void write_check(struct ms_writer *writer, const json_t *check)
{
	struct ms_strbuf text;
	size_t taken;

	ms_strbuf_init(&text);
	ms_gate_check_name(&text, check);
	ms_write_text(writer, "  ");
	if (has_failed(check))
		ms_write_bold(writer);
	ms_write_text(writer, ms_gate_verdict(check));
	ms_write_text(writer, "  ");
	taken = ms_write_escaped(writer, ms_strbuf_text(&text), 0);
	ms_write_plain(writer);
	ms_write_pad(writer, ' ', taken < NAME_COLUMNS ? NAME_COLUMNS - taken : 0);
	ms_write_text(writer, "  ");
	ms_strbuf_clear(&text);
	ms_gate_check_said(&text, check);
	ms_write_escaped(writer, ms_strbuf_text(&text), 0);
	ms_write_text(writer, "\n");
	ms_strbuf_release(&text);
}

/* Of several processes, one that passes takes one line. */
static void write_process(struct ms_writer *writer, const json_t *document, size_t index,
			  const json_t *process, bool short_form)
{
	const json_t *check;
	struct ms_strbuf name;
	bool failed = has_failed(process);
	size_t i;

	ms_strbuf_init(&name);
	ms_gate_process_name(&name, process);
	ms_write_bold(writer);
	ms_write_text(writer, failed ? "FAILED  " : "passed  ");
	ms_write_escaped(writer, ms_strbuf_text(&name), 0);
	ms_write_plain(writer);
	ms_write_text(writer, "\n");
	ms_strbuf_release(&name);
	if (short_form && !failed && json_is_integer(json_object_get(process, "pid")))
		return;
	json_array_foreach (json_object_get(document, "checks"), i, check)
		if (ms_json_u64(check, "process") == index)
			write_check(writer, check);
}

static void write_problems(struct ms_writer *writer, const json_t *document)
{
	const json_t *problem;
	size_t i;

	json_array_foreach (json_object_get(document, "problems"), i, problem) {
		const char *title = ms_json_string(problem, "title");
		const char *severity = ms_json_string(problem, "severity");
		const char *of = ms_json_string(problem, "of");

		ms_write_text(writer, "\n");
		ms_write_bold(writer);
		ms_write_escaped(writer, title ? title : "", 0);
		ms_write_plain(writer);
		ms_writef(writer, "  [%s]\n", severity ? severity : "?");
		if (of) {
			ms_write_text(writer, "    site ");
			ms_write_escaped(writer, of, 0);
			ms_write_text(writer, "\n");
		}
		ms_write_gate_problem(writer, document, problem);
	}
}

static void write_suppressed(struct ms_writer *writer, const json_t *document)
{
	char blocks[MS_HUMAN_BYTES], bytes[MS_HUMAN_BYTES];
	const json_t *row;
	size_t i;

	json_array_foreach (json_object_get(document, "suppressions"), i, row) {
		const char *name = ms_json_string(row, "name");

		if (!ms_json_u64(row, "findings") && !ms_json_u64(row, "blocks"))
			continue;
		ms_writef(writer, "suppressed: %s in %s blocks by ",
			  ms_human_size(bytes, ms_json_u64(row, "bytes")),
			  ms_human_count(blocks, ms_json_u64(row, "blocks")));
		ms_write_escaped(writer, name ? name : "?", 0);
		ms_write_text(writer, "\n");
	}
}

static void write_notices(struct ms_writer *writer, const json_t *document)
{
	const json_t *notice;
	size_t i;

	json_array_foreach (json_object_get(document, "notices"), i, notice) {
		ms_write_text(writer, "note: ");
		ms_write_escaped(writer, json_string_value(notice), 0);
		ms_write_text(writer, "\n");
	}
}

static void write_text(struct ms_writer *writer, const json_t *document)
{
	const json_t *process, *processes = json_object_get(document, "processes");
	size_t i, count = json_array_size(processes);

	json_array_foreach (processes, i, process)
		write_process(writer, document, i, process, count > 1);
	write_problems(writer, document);
	ms_write_text(writer, "\n");
	write_suppressed(writer, document);
	write_notices(writer, document);
	ms_write_bold(writer);
	ms_writef(writer, "gate %s",
		  ms_json_u64(document, "failed") ? "FAILED" : "passed");
	ms_write_plain(writer);
	ms_writef(writer, ": %" PRIu64 " checks passed, %" PRIu64 " failed",
		  ms_json_u64(document, "passed"), ms_json_u64(document, "failed"));
	if (ms_json_u64(document, "skipped"))
		ms_writef(writer, ", %" PRIu64 " skipped",
			  ms_json_u64(document, "skipped"));
	ms_write_text(writer, "\n");
	ms_write_damage(writer, json_object_get(document, "damage"));
}

static const struct ms_column columns[] = {
	{ "process", "", MS_TYPE_ID, 0, "" },	  { "check", "", MS_TYPE_TEXT, 0, "" },
	{ "verdict", "", MS_TYPE_TEXT, 0, "" },	  { "metric", "", MS_TYPE_TEXT, 0, "" },
	{ "unit", "", MS_TYPE_TEXT, 0, "" },	  { "limit", "", MS_TYPE_COUNT, 0, "" },
	{ "got", "", MS_TYPE_COUNT, 0, "" },	  { "base", "", MS_TYPE_COUNT, 0, "" },
	{ "pattern", "", MS_TYPE_TEXT, 0, "" },	  { "origin", "", MS_TYPE_TEXT, 0, "" },
	{ "origin_line", "", MS_TYPE_ID, 0, "" }, { "reason", "", MS_TYPE_TEXT, 0, "" },
};

ms_status ms_render_gate(struct ms_writer *writer, const json_t *document,
			 enum ms_format format, struct ms_error *err)
{
	if (format == MS_FORMAT_JSON)
		return ms_render_json(writer, document, err);
	if (format == MS_FORMAT_CSV)
		return ms_render_csv_array(writer, json_object_get(document, "checks"),
					   columns, COUNT(columns), err);
	write_text(writer, document);
	return MS_OK;
}
