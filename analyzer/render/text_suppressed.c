/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_suppressed.c - what suppressions took, as text: a line, and a table of those that
 * somebody wrote.
 */
#include "analyzer/render/parts.h"

#include <inttypes.h>
#include <string.h>

static void write_count(struct ms_writer *writer, uint64_t count, const char *what)
{
	char text[MS_HUMAN_BYTES];

	ms_writef(writer, "%s %s%s", ms_human_count(text, count), what,
		  count == 1 ? "" : "s");
}

#define MOST_NAMES 8

static bool is_named(const json_t *by, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(ms_json_string(json_array_get(by, i), "name"), name) == 0)
			return true;
	return false;
}

/* Each once: those that Valgrind writes have all the same. */
static void write_names(struct ms_writer *writer, const json_t *by)
{
	size_t names = 0;

	for (size_t i = 0; i < json_array_size(by) && names <= MOST_NAMES; i++) {
		const char *name = ms_json_string(json_array_get(by, i), "name");

		if (is_named(by, i, name))
			continue;
		ms_write_text(writer, names ? ", " : "");
		if (names++ < MOST_NAMES)
			ms_write_escaped(writer, name, 0);
		else
			ms_write_text(writer, "...");
	}
}

/* "suppressed: 1,024 bytes in 1 block (stdio-buffers)". */
static void write_line(struct ms_writer *writer, const json_t *suppressed)
{
	uint64_t blocks = ms_json_u64(suppressed, "blocks");

	ms_write_text(writer, "\nsuppressed: ");
	if (blocks) {
		write_count(writer, ms_json_u64(suppressed, "bytes"), "byte");
		ms_write_text(writer, " in ");
		write_count(writer, blocks, "block");
	} else {
		write_count(writer, ms_json_u64(suppressed, "findings"), "finding");
	}
	ms_write_text(writer, " (");
	write_names(writer, json_object_get(suppressed, "by"));
	ms_write_text(writer, ")\n");
}

/* What somebody wrote, with the place where. */
static void write_place(struct ms_writer *writer, const json_t *row)
{
	uint64_t line = ms_json_u64(row, "line");

	ms_write_escaped(writer, ms_json_string(row, "name"), 0);
	ms_write_text(writer, "  [");
	ms_write_escaped(writer, ms_json_string(row, "origin"), 0);
	if (line)
		ms_writef(writer, ":%" PRIu64, line);
	ms_write_text(writer, "]\n");
}

static void write_used(struct ms_writer *writer, const json_t *by)
{
	char blocks[MS_HUMAN_BYTES], bytes[MS_HUMAN_BYTES];
	bool is_first = true;
	const json_t *row;
	size_t i;

	json_array_foreach (by, i, row) {
		if (json_is_true(json_object_get(row, "built_in")))
			continue;
		if (is_first)
			ms_writef(writer, "\nSuppressions used\n  %10s %12s %15s  %s\n",
				  "findings", "blocks", "bytes", "suppression");
		is_first = false;
		ms_writef(writer, "  %10" PRIu64 " %12s %15s  ",
			  ms_json_u64(row, "findings"),
			  ms_human_count(blocks, ms_json_u64(row, "blocks")),
			  ms_human_count(bytes, ms_json_u64(row, "bytes")));
		write_place(writer, row);
	}
}

void ms_write_suppressed(struct ms_writer *writer, const json_t *document)
{
	const json_t *suppressed = json_object_get(document, "suppressed");
	const json_t *by = json_object_get(suppressed, "by"), *row;
	size_t i;

	if (json_array_size(by))
		write_line(writer, suppressed);
	write_used(writer, by);
	json_array_foreach (json_object_get(document, "unused_suppressions"), i, row) {
		ms_write_text(writer, i ? "" : "\n");
		ms_write_text(writer, "unused suppression: ");
		write_place(writer, row);
	}
	json_array_foreach (json_object_get(document, "suppression_notes"), i, row) {
		ms_write_text(writer, i ? "" : "\n");
		ms_write_escaped(writer, json_string_value(row), 0);
		ms_write_text(writer, "\n");
	}
}
