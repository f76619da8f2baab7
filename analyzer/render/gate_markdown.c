/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_markdown.c - the verdict of a gate as Markdown, for the summary of a job.
 *
 * Names are hostile: in tables what Markdown or HTML would read is escaped, and stacks
 * stand in HTML's <pre>, where entities suffice.
 */
#include "analyzer/render/gate_parts.h"

#include <inttypes.h>
#include <string.h>

#define ROWS_SHOWN     100
#define PROBLEMS_SHOWN 50

/* One cell or heading. */
static void write_cell(struct ms_writer *writer, const char *text)
{
	struct ms_strbuf clean;

	ms_strbuf_init(&clean);
	ms_strbuf_escape(&clean, text, strlen(text));
	for (const char *c = ms_strbuf_text(&clean); *c; c++) {
		/* Entities are no syntax, whatever the dialect. */
		if (strchr("&<>|`*_[]\\~#!:@$", *c))
			ms_writef(writer, "&#%u;", (unsigned)(unsigned char)*c);
		else
			ms_write(writer, c, 1);
	}
	ms_strbuf_release(&clean);
}

static void write_row(struct ms_writer *writer, const json_t *document,
		      const json_t *check)
{
	const json_t *processes = json_object_get(document, "processes");
	const char *verdict = ms_gate_verdict(check);
	struct ms_strbuf text;

	ms_strbuf_init(&text);
	ms_writef(writer, "| %s | ",
		  strcmp(verdict, "FAIL") == 0	 ? "❌"
		  : strcmp(verdict, "SKIP") == 0 ? "➖"
						 : "✅");
	ms_gate_process_name(&text,
			     json_array_get(processes, ms_json_u64(check, "process")));
	write_cell(writer, ms_strbuf_text(&text));
	ms_write_text(writer, " | ");
	ms_strbuf_clear(&text);
	ms_gate_check_name(&text, check);
	write_cell(writer, ms_strbuf_text(&text));
	ms_write_text(writer, " | ");
	ms_strbuf_clear(&text);
	ms_gate_check_said(&text, check);
	write_cell(writer, ms_strbuf_text(&text));
	ms_write_text(writer, " |\n");
	ms_strbuf_release(&text);
}

/* Those that failed first: a long table is cut. */
static void write_table(struct ms_writer *writer, const json_t *document)
{
	const json_t *checks = json_object_get(document, "checks"), *check;
	size_t i, count = json_array_size(checks), shown = 0;

	ms_write_text(writer, "| | process | check | result |\n|---|---|---|---|\n");
	for (int failed = 1; failed >= 0; failed--) {
		json_array_foreach (checks, i, check) {
			if ((strcmp(ms_gate_verdict(check), "FAIL") == 0) != failed ||
			    shown == ROWS_SHOWN)
				continue;
			write_row(writer, document, check);
			shown++;
		}
	}
	if (shown < count)
		ms_writef(writer, "\nand %zu more checks\n", count - shown);
}

static ms_status write_problem(struct ms_writer *writer, const json_t *document,
			       const json_t *problem, struct ms_error *err)
{
	const char *title = ms_json_string(problem, "title");
	const char *site = ms_json_string(problem, "site");
	struct ms_strbuf body;
	ms_status status;

	ms_strbuf_init(&body);
	status = ms_gate_problem_body(&body, document, problem, err);
	ms_write_text(writer, "\n<details><summary>");
	write_cell(writer, title ? title : "");
	if (site) {
		ms_write_text(writer, " — ");
		write_cell(writer, site);
	}
	ms_write_text(writer, "</summary>\n\n<pre>\n");
	ms_write_xml(writer, ms_strbuf_text(&body));
	ms_write_text(writer, "</pre>\n</details>\n");
	ms_strbuf_release(&body);
	return status;
}

static ms_status write_problems(struct ms_writer *writer, const json_t *document,
				struct ms_error *err)
{
	const json_t *problems = json_object_get(document, "problems"), *problem;
	size_t i, count = json_array_size(problems);
	ms_status status = MS_OK;

	json_array_foreach (problems, i, problem)
		if (status == MS_OK && i < PROBLEMS_SHOWN)
			status = write_problem(writer, document, problem, err);
	if (count > PROBLEMS_SHOWN)
		ms_writef(writer, "\nand %zu more problems\n", count - PROBLEMS_SHOWN);
	return status;
}

ms_status ms_render_gate_markdown(struct ms_writer *writer, const json_t *document,
				  enum ms_format format, struct ms_error *err)
{
	const json_t *notice;
	ms_status status;
	size_t i;

	(void)format;
	ms_writef(writer,
		  "### memscope gate: %s\n\n%" PRIu64 " checks passed, %" PRIu64
		  " failed, %" PRIu64 " skipped\n\n",
		  ms_json_u64(document, "failed") ? "❌ failed" : "✅ passed",
		  ms_json_u64(document, "passed"), ms_json_u64(document, "failed"),
		  ms_json_u64(document, "skipped"));
	write_table(writer, document);
	status = write_problems(writer, document, err);
	json_array_foreach (json_object_get(document, "notices"), i, notice) {
		ms_write_text(writer, "\n> ");
		write_cell(writer, json_string_value(notice));
		ms_write_text(writer, "\n");
	}
	return status;
}
