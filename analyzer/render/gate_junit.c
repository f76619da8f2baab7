/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_junit.c - the verdict of a gate as JUnit's XML: a suite a process, a case a check.
 *
 * The attributes are those that the readers of CI systems agree about.
 */
#include "analyzer/render/gate_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct counts {
	uint64_t tests, failures, skipped;
};

static bool is_of(const json_t *check, size_t process)
{
	return ms_json_u64(check, "process") == process;
}

static void count(struct counts *counts, const json_t *check)
{
	const char *verdict = ms_gate_verdict(check);

	counts->tests++;
	counts->failures += strcmp(verdict, "FAIL") == 0;
	counts->skipped += strcmp(verdict, "SKIP") == 0;
}

static void attribute(struct ms_writer *writer, const char *name, const char *value)
{
	ms_writef(writer, " %s=\"", name);
	ms_write_xml(writer, value);
	ms_write_text(writer, "\"");
}

static void write_counts(struct ms_writer *writer, const struct counts *counts)
{
	ms_writef(writer,
		  " tests=\"%" PRIu64 "\" failures=\"%" PRIu64
		  "\" errors=\"0\" skipped=\"%" PRIu64 "\"",
		  counts->tests, counts->failures, counts->skipped);
}

static ms_status write_failure(struct ms_writer *writer, const json_t *document,
			       const json_t *check, const char *said,
			       struct ms_error *err)
{
	const json_t *all = json_object_get(document, "problems"), *number;
	const char *name = ms_json_string(check, "check");
	ms_status status = MS_OK;
	struct ms_strbuf body;
	size_t i;

	ms_write_text(writer, "      <failure");
	attribute(writer, "message", said);
	attribute(writer, "type", name ? name : "");
	ms_write_text(writer, ">");
	ms_strbuf_init(&body);
	json_array_foreach (json_object_get(check, "problems"), i, number) {
		const json_t *problem =
			json_array_get(all, (size_t)json_integer_value(number));
		const char *title = ms_json_string(problem, "title");

		ms_strbuf_clear(&body);
		status = ms_gate_problem_body(&body, document, problem, err);
		if (status != MS_OK)
			break;
		ms_write_xml(writer, title ? title : "");
		ms_write_text(writer, "\n");
		ms_write_xml(writer, ms_strbuf_text(&body));
	}
	ms_strbuf_release(&body);
	ms_write_text(writer, "</failure>\n");
	return status;
}

static ms_status write_case(struct ms_writer *writer, const json_t *document,
			    const json_t *check, const char *suite, struct ms_error *err)
{
	const char *verdict = ms_gate_verdict(check);
	ms_status status = MS_OK;
	struct ms_strbuf name, said;

	ms_strbuf_init(&name);
	ms_strbuf_init(&said);
	ms_gate_check_name(&name, check);
	ms_gate_check_said(&said, check);
	ms_write_text(writer, "    <testcase");
	attribute(writer, "classname", suite);
	attribute(writer, "name", ms_strbuf_text(&name));
	ms_write_text(writer, " time=\"0\"");
	if (strcmp(verdict, "PASS") == 0) {
		ms_write_text(writer, "/>\n");
	} else {
		ms_write_text(writer, ">\n");
		if (strcmp(verdict, "FAIL") == 0) {
			status = write_failure(writer, document, check,
					       ms_strbuf_text(&said), err);
		} else {
			ms_write_text(writer, "      <skipped");
			attribute(writer, "message", ms_strbuf_text(&said));
			ms_write_text(writer, "/>\n");
		}
		ms_write_text(writer, "    </testcase>\n");
	}
	if (status == MS_OK && (name.failed || said.failed))
		status = ms_fail_memory(err);
	ms_strbuf_release(&name);
	ms_strbuf_release(&said);
	return status;
}

static void write_when(struct ms_writer *writer, const json_t *process)
{
	time_t seconds = (time_t)(ms_json_u64(process, "start_unix_ns") / 1000000000);
	uint64_t duration = ms_json_u64(process, "duration_ns");
	char when[40];
	struct tm tm;

	ms_writef(writer, " time=\"%" PRIu64 ".%03u\"", duration / 1000000000,
		  (unsigned)(duration % 1000000000 / 1000000));
	if (seconds && gmtime_r(&seconds, &tm) &&
	    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm))
		attribute(writer, "timestamp", when);
}

static ms_status write_suite(struct ms_writer *writer, const json_t *document,
			     size_t index, const json_t *process, struct ms_error *err)
{
	const json_t *checks = json_object_get(document, "checks"), *check;
	const char *command = ms_json_string(process, "command");
	const char *suite = command && *command ? command : "(unknown command)";
	const char *path = ms_json_string(process, "path");
	struct counts counts = { 0 };
	ms_status status = MS_OK;
	size_t i;

	json_array_foreach (checks, i, check)
		if (is_of(check, index))
			count(&counts, check);
	ms_writef(writer, "  <testsuite id=\"%zu\"", index);
	attribute(writer, "name", suite);
	attribute(writer, "package", path ? path : "");
	write_counts(writer, &counts);
	write_when(writer, process);
	ms_write_text(writer, ">\n");
	json_array_foreach (checks, i, check)
		if (status == MS_OK && is_of(check, index))
			status = write_case(writer, document, check, suite, err);
	ms_write_text(writer, "  </testsuite>\n");
	return status;
}

ms_status ms_render_gate_junit(struct ms_writer *writer, const json_t *document,
			       enum ms_format format, struct ms_error *err)
{
	const json_t *process, *check;
	struct counts counts = { 0 };
	ms_status status = MS_OK;
	size_t i;

	(void)format;
	json_array_foreach (json_object_get(document, "checks"), i, check)
		count(&counts, check);
	ms_write_text(writer, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
			      "<testsuites name=\"memscope\"");
	write_counts(writer, &counts);
	ms_write_text(writer, ">\n");
	json_array_foreach (json_object_get(document, "processes"), i, process)
		if (status == MS_OK)
			status = write_suite(writer, document, i, process, err);
	ms_write_text(writer, "</testsuites>\n");
	return status;
}
