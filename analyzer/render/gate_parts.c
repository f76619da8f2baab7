/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_parts.c - what the formats of a gate share.
 */
#include "analyzer/render/gate_parts.h"
#include "analyzer/base/alloc.h"
#include "analyzer/base/escape.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define INDENT 6 /* of stacks */

const char *ms_amount_text(char *text, const char *unit, uint64_t value)
{
	if (unit && strcmp(unit, "bytes") == 0)
		return ms_human_size(text, value);
	if (!unit || strcmp(unit, "share") != 0)
		return ms_human_count(text, value);
	snprintf(text, MS_HUMAN_BYTES, "%" PRIu64 ".%u %%", value / 1000,
		 (unsigned)(value % 1000 / 100));
	return text;
}

/* --- checks
 * ----------------------------------------------------------------------------- */

void ms_gate_check_name(struct ms_strbuf *text, const json_t *check)
{
	const char *pattern = ms_json_string(check, "pattern");
	const char *origin = ms_json_string(check, "origin");
	const char *name = ms_json_string(check, "check");

	ms_strbuf_adds(text, name ? name : "");
	if (pattern)
		ms_strbuf_appendf(text, " of %s", pattern);
	if (origin && json_is_integer(json_object_get(check, "origin_line")))
		ms_strbuf_appendf(text, " (%s:%" PRIu64 ")", origin,
				  ms_json_u64(check, "origin_line"));
}

const char *ms_gate_verdict(const json_t *check)
{
	const char *verdict = ms_json_string(check, "verdict");

	return !verdict || strcmp(verdict, "failed") == 0 ? "FAIL"
	       : strcmp(verdict, "skipped") == 0	  ? "SKIP"
							  : "PASS";
}

static void said_findings(struct ms_strbuf *text, uint64_t count)
{
	char human[MS_HUMAN_BYTES];

	ms_strbuf_adds(text, count ? ms_human_count(human, count) : "none");
	if (count)
		ms_strbuf_adds(text, " found");
}

void ms_gate_check_said(struct ms_strbuf *text, const json_t *check)
{
	const char *reason = ms_json_string(check, "reason");
	const char *unit = ms_json_string(check, "unit");
	const char *metric = ms_json_string(check, "metric");
	char human[MS_HUMAN_BYTES];

	if (json_is_null(json_object_get(check, "got"))) {
		ms_strbuf_appendf(text, "not known: %s", reason ? reason : "");
		return;
	}
	if (metric && strcmp(metric, "findings") == 0) {
		said_findings(text, ms_json_u64(check, "got"));
		return;
	}
	if (json_is_true(json_object_get(check, "estimated")))
		ms_strbuf_adds(text, "about ");
	ms_strbuf_adds(text, ms_amount_text(human, unit, ms_json_u64(check, "got")));
	ms_strbuf_appendf(text, ", at most %s",
			  ms_amount_text(human, unit, ms_json_u64(check, "limit")));
	if (json_is_integer(json_object_get(check, "base")))
		ms_strbuf_appendf(
			text, " (baseline %s)",
			ms_amount_text(human, unit, ms_json_u64(check, "base")));
	if (reason)
		ms_strbuf_appendf(text, ", %s", reason);
}

void ms_gate_process_name(struct ms_strbuf *text, const json_t *process)
{
	const char *command = ms_json_string(process, "command");

	ms_strbuf_adds(text, command && *command ? command : "(unknown command)");
	if (json_is_integer(json_object_get(process, "pid")))
		ms_strbuf_appendf(text, " (pid %" PRIu64 ")",
				  ms_json_u64(process, "pid"));
}

/* --- problems
 * --------------------------------------------------------------------------- */

static void write_processes(struct ms_writer *writer, const json_t *document,
			    const json_t *problem)
{
	const json_t *all = json_object_get(document, "processes");
	const json_t *indexes = json_object_get(problem, "processes");
	size_t count = json_array_size(indexes);
	struct ms_strbuf name;

	if (json_array_size(all) < 2 || !count)
		return;
	ms_strbuf_init(&name);
	ms_gate_process_name(&name,
			     json_array_get(all, (size_t)json_integer_value(
							 json_array_get(indexes, 0))));
	ms_write_text(writer, "    in ");
	ms_write_escaped(writer, ms_strbuf_text(&name), 0);
	if (count > 1)
		ms_writef(writer, " and %zu more process%s", count - 1,
			  count == 2 ? "" : "es");
	ms_write_text(writer, "\n");
	ms_strbuf_release(&name);
}

static void write_points(struct ms_writer *writer, const json_t *points)
{
	const json_t *point;
	size_t i;

	json_array_foreach (points, i, point) {
		const json_t *stack = json_object_get(point, "stack");
		const char *what = ms_json_string(point, "what");

		ms_write_text(writer, "    ");
		ms_write_escaped(writer, what ? what : "at", 0);
		ms_write_text(writer, "\n");
		if (json_array_size(stack))
			ms_write_stack(writer, stack, INDENT);
		else
			ms_write_text(writer, "      (no stack was recorded)\n");
	}
}

static void write_sites(struct ms_writer *writer, const json_t *problem)
{
	const char *unit = ms_json_string(problem, "unit");
	char human[MS_HUMAN_BYTES];
	const json_t *site;
	size_t i;

	json_array_foreach (json_object_get(problem, "sites"), i, site) {
		const json_t *stack = json_object_get(site, "stack");

		ms_writef(writer, "    %s by\n",
			  ms_amount_text(human, unit, ms_json_u64(site, "value")));
		if (json_array_size(stack))
			ms_write_stack(writer, stack, INDENT);
		else
			ms_write_text(writer, "      (no stack was recorded)\n");
	}
}

void ms_write_gate_problem(struct ms_writer *writer, const json_t *document,
			   const json_t *problem)
{
	const char *suggestion = ms_json_string(problem, "suggestion");

	write_processes(writer, document, problem);
	write_points(writer, json_object_get(problem, "stacks"));
	write_sites(writer, problem);
	if (!suggestion)
		return;
	ms_write_text(writer, "    ");
	ms_write_escaped(writer, suggestion, 0);
	ms_write_text(writer, "\n");
}

static int add_to(void *context, const char *data, size_t bytes)
{
	ms_strbuf_add(context, data, bytes);
	return 0;
}

ms_status ms_gate_problem_body(struct ms_strbuf *text, const json_t *document,
			       const json_t *problem, struct ms_error *err)
{
	static const struct ms_look plain;
	struct ms_writer *writer = ms_alloc(sizeof(*writer));
	ms_status status;

	if (!writer)
		return ms_fail_memory(err);
	ms_writer_init(writer, add_to, text, &plain);
	ms_write_gate_problem(writer, document, problem);
	status = ms_writer_finish(writer, err);
	ms_free(writer);
	return status == MS_OK && text->failed ? ms_fail_memory(err) : status;
}

/* --- places
 * ----------------------------------------------------------------------------- */

static const char *below(const char *root, const char *file)
{
	size_t len = root ? strlen(root) : 0;

	while (len && root[len - 1] == '/')
		len--;
	if (!root || !file || strncmp(root, file, len) != 0 || file[len] != '/')
		return NULL;
	file += len;
	while (*file == '/')
		file++;
	return *file ? file : NULL;
}

/* The system's libraries have relative names of files, too, which are no project's. */
static bool is_of_system(const json_t *frame)
{
	const char *module = ms_json_string(frame, "module");

	return module && (!strncmp(module, "/lib", 4) || !strncmp(module, "/usr/lib", 8));
}

void ms_gate_frame_place(struct ms_gate_place *place, const json_t *document,
			 const json_t *frame)
{
	const char *file = ms_json_string(frame, "file");
	const char *relative = below(ms_json_string(document, "source_root"), file);

	*place = (struct ms_gate_place){
		.file = relative ? relative : file,
		.line = ms_json_u64(frame, "line"),
		.relative = relative || (file && *file != '/' && !is_of_system(frame)),
	};
}

static bool find_below(struct ms_gate_place *place, const json_t *document,
		       const json_t *stack)
{
	const json_t *frame;
	size_t i;

	json_array_foreach (stack, i, frame) {
		ms_gate_frame_place(place, document, frame);
		if (place->file && place->relative)
			return true;
	}
	return false;
}

void ms_gate_place(struct ms_gate_place *place, const json_t *document,
		   const json_t *problem)
{
	static const char *const lists[] = { "stacks", "sites" };

	ms_gate_frame_place(place, document, problem);
	if (place->file && place->relative)
		return;
	for (size_t l = 0; l < 2; l++) {
		const json_t *first =
			json_array_get(json_object_get(problem, lists[l]), 0);

		if (find_below(place, document, json_object_get(first, "stack")))
			return;
	}
	ms_gate_frame_place(place, document, problem);
}

/* --- XML
 * -------------------------------------------------------------------------------- */

/* U+FFFE and U+FFFF are UTF-8, and no characters of XML. */
static bool is_outside(const char *text, size_t len, uint32_t code)
{
	(void)text;
	return len == 3 && (code == 0xfffe || code == 0xffff);
}

static void write_entity(struct ms_writer *writer, const char *text, size_t len)
{
	static const struct {
		char c;
		const char *entity;
	} entities[] = { { '&', "&amp;" },
			 { '<', "&lt;" },
			 { '>', "&gt;" },
			 { '"', "&quot;" },
			 { '\'', "&#39;" } };

	for (size_t i = 0; len == 1 && i < sizeof(entities) / sizeof(entities[0]); i++) {
		if (entities[i].c == *text) {
			ms_write_text(writer, entities[i].entity);
			return;
		}
	}
	ms_write(writer, text, len);
}

void ms_write_xml(struct ms_writer *writer, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		uint32_t code;
		size_t len = ms_utf8_next(text, left, &code);
		char escaped[16];

		if (*text == '\n' || *text == '\t') {
			ms_write(writer, text, 1);
		} else if (is_outside(text, len, code)) {
			ms_write_text(writer, "?");
		} else {
			ms_escape(escaped, sizeof(escaped), text, len);
			if (len == 1 && !escaped[1])
				write_entity(writer, escaped, 1);
			else
				ms_write_text(writer, escaped);
		}
		text += len;
		left -= len;
	}
}
