/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_github.c - the problems of a gate as GitHub's workflow commands, which annotate
 * lines of the sources.
 *
 * "::error file=a.c,line=3,title=t::message": in a message %, CR and LF are written as
 * %25, %0D and %0A, in a property also : and , (GitHub's toolkit, command.ts).
 */
#include "analyzer/render/gate_parts.h"

#include <inttypes.h>
#include <string.h>

static void write_data(struct ms_writer *writer, const char *text, bool property)
{
	static const char *const from = "%\r\n:,";
	static const char *const to[] = { "%25", "%0D", "%0A", "%3A", "%2C" };

	for (; *text; text++) {
		const char *found = strchr(from, *text);

		if (found && (found - from < 3 || property))
			ms_write_text(writer, to[found - from]);
		else
			ms_write(writer, text, 1);
	}
}

/* Hostile text, which the log of a job shows on a terminal. */
static void write_clean(struct ms_writer *writer, struct ms_strbuf *scratch,
			const char *text, bool property)
{
	ms_strbuf_clear(scratch);
	ms_strbuf_escape(scratch, text, strlen(text));
	write_data(writer, ms_strbuf_text(scratch), property);
}

static ms_status write_problem(struct ms_writer *writer, const json_t *document,
			       const json_t *problem, struct ms_strbuf *scratch,
			       struct ms_error *err)
{
	const char *severity = ms_json_string(problem, "severity");
	const char *title = ms_json_string(problem, "title");
	const char *rule = ms_json_string(problem, "rule");
	bool mild = severity &&
		    (strcmp(severity, "info") == 0 || strcmp(severity, "low") == 0);
	struct ms_gate_place place;
	ms_status status;

	ms_gate_place(&place, document, problem);
	ms_writef(writer, "::%s ", mild ? "warning" : "error");
	if (place.file) {
		ms_write_text(writer, "file=");
		write_clean(writer, scratch, place.file, true);
		if (place.line)
			ms_writef(writer, ",line=%" PRIu64, place.line);
		ms_write_text(writer, ",");
	}
	ms_write_text(writer, "title=memscope%3A ");
	write_clean(writer, scratch, rule ? rule : "", true);
	ms_write_text(writer, "::");
	write_clean(writer, scratch, title ? title : "", false);
	ms_write_text(writer, "%0A");
	ms_strbuf_clear(scratch);
	status = ms_gate_problem_body(scratch, document, problem, err);
	if (scratch->len) /* no empty line at its end */
		ms_strbuf_truncate(scratch, scratch->len - 1);
	write_data(writer, ms_strbuf_text(scratch), false);
	ms_write_text(writer, "\n");
	return status;
}

/* A check that failed because nothing is known has no problem to point to. */
static void write_unknown(struct ms_writer *writer, const json_t *document,
			  const json_t *check, struct ms_strbuf *scratch)
{
	const json_t *processes = json_object_get(document, "processes");
	struct ms_strbuf text;

	ms_strbuf_init(&text);
	ms_gate_process_name(&text,
			     json_array_get(processes, ms_json_u64(check, "process")));
	ms_strbuf_adds(&text, ": ");
	ms_gate_check_name(&text, check);
	ms_strbuf_adds(&text, ": ");
	ms_gate_check_said(&text, check);
	ms_write_text(writer, "::error title=memscope::");
	write_clean(writer, scratch, ms_strbuf_text(&text), false);
	ms_write_text(writer, "\n");
	ms_strbuf_release(&text);
}

ms_status ms_render_gate_github(struct ms_writer *writer, const json_t *document,
				enum ms_format format, struct ms_error *err)
{
	const json_t *item;
	struct ms_strbuf scratch;
	ms_status status = MS_OK;
	size_t i;

	(void)format;
	ms_strbuf_init(&scratch);
	json_array_foreach (json_object_get(document, "problems"), i, item)
		if (status == MS_OK)
			status = write_problem(writer, document, item, &scratch, err);
	json_array_foreach (json_object_get(document, "checks"), i, item)
		if (strcmp(ms_gate_verdict(item), "FAIL") == 0 &&
		    !json_array_size(json_object_get(item, "problems")))
			write_unknown(writer, document, item, &scratch);
	ms_strbuf_release(&scratch);
	return status;
}
