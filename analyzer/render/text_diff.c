/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_diff.c - what is live before and after, as text and as CSV.
 */
#include "analyzer/render/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define INDENT 59 /* where names begin, right of the figures */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- text
 * --------------------------------------------------------------------------------- */

/* "+1.5 KiB", "-3", "0", "-" where it is not known; "~" before an estimate. */
static const char *change_text(char buffer[MS_FIGURE_BYTES + 1], const json_t *object,
			       const char *key,
			       const char *(*human)(char *buffer, uint64_t number))
{
	const json_t *value = json_object_get(object, key);
	json_int_t change = json_integer_value(value);
	char text[MS_HUMAN_BYTES];

	if (!json_is_integer(value))
		snprintf(buffer, MS_FIGURE_BYTES + 1, "-");
	else
		snprintf(buffer, MS_FIGURE_BYTES + 1, "%s%s%s",
			 ms_figure_error(object, key) ? "~" : "",
			 change > 0   ? "+"
			 : change < 0 ? "-"
				      : "",
			 human(text,
			       change < 0 ? 0 - (uint64_t)change : (uint64_t)change));
	return buffer;
}

static void write_side(struct ms_writer *writer, const json_t *document, const char *key,
		       const char *bytes, const char *blocks)
{
	const json_t *side = json_object_get(document, key);
	const json_t *change = json_object_get(document, "change");
	const json_t *processes = json_object_get(side, "processes");
	const json_t *process = json_array_get(processes, 0);
	const char *command = ms_json_string(process, "command");
	char text[MS_FIGURE_BYTES];

	ms_writef(writer, "%-7s %10s live in ", key, ms_figure_size(text, change, bytes));
	ms_writef(writer, "%s blocks, at the ", ms_figure_count(text, change, blocks));
	ms_write_at(writer, side);
	if (json_array_size(processes) == 1)
		ms_writef(writer, " (%s)",
			  ms_human_time(text, ms_json_u64(process, "at_ns")));
	ms_write_text(writer, " of ");
	ms_write_escaped(writer, command && *command ? command : "(unknown command)",
			 writer->look.width);
	if (json_array_size(processes) > 1)
		ms_writef(writer, " and %zu more, each at its own time",
			  json_array_size(processes) - 1);
	ms_write_mode(writer, process);
	ms_write_text(writer, "\n");
}

static void write_head(struct ms_writer *writer, const json_t *document)
{
	const json_t *change = json_object_get(document, "change");
	const json_t *groups = json_object_get(document, "groups");
	char bytes[MS_FIGURE_BYTES + 1], blocks[MS_FIGURE_BYTES + 1];
	const char *class;
	json_t *count;
	bool first = true;

	write_side(writer, document, "before", "before_bytes", "before_blocks");
	write_side(writer, document, "after", "after_bytes", "after_blocks");
	ms_write_filter(writer, json_object_get(document, "filter"));
	ms_write_bold(writer);
	ms_writef(writer, "%-7s %10s in %s blocks", "change",
		  change_text(bytes, change, "change_bytes", ms_human_size),
		  change_text(blocks, change, "change_blocks", ms_human_count));
	ms_write_plain(writer);
	json_object_foreach ((json_t *)groups, class, count) {
		ms_writef(writer, "%s%s %s", first ? "; groups: " : ", ",
			  ms_human_count(bytes, ms_json_as_u64(count)), class);
		first = false;
	}
	ms_write_text(writer, "\n");
}

static void write_row(struct ms_writer *writer, const char *by, const json_t *row)
{
	char buffer[MS_FIGURE_BYTES + 1];

	ms_writef(writer, "%11s",
		  change_text(buffer, row, "change_bytes", ms_human_size));
	ms_writef(writer, "  %9s",
		  change_text(buffer, row, "change_blocks", ms_human_count));
	ms_writef(writer, "  %10s", ms_figure_size(buffer, row, "before_bytes"));
	ms_writef(writer, "  %10s", ms_figure_size(buffer, row, "after_bytes"));
	ms_writef(writer, "  %-9s", ms_json_string(row, "class"));
	ms_write_group(writer, by, row, INDENT);
	ms_write_text(writer, "\n");
}

static void write_text(struct ms_writer *writer, const json_t *document)
{
	const json_t *rows = json_object_get(document, "rows");
	const char *by = ms_json_string(document, "by");

	write_head(writer, document);
	if (!json_array_size(rows))
		return;
	ms_write_bold(writer);
	ms_writef(writer, "\n%11s  %9s  %10s  %10s  %-9s%s\n", "change", "blocks",
		  "before", "after", "", by);
	ms_write_plain(writer);
	for (size_t i = 0; i < json_array_size(rows); i++)
		write_row(writer, by, json_array_get(rows, i));
}

/* --- CSV
 * ---------------------------------------------------------------------------------- */

/* Every grouping has the same columns: what a row has not is empty. */
static ms_status write_csv(struct ms_writer *writer, const json_t *document,
			   struct ms_error *err)
{
	static const struct ms_column columns[] = {
		{ "class", "", MS_TYPE_TEXT, 0, "" },
		{ "change_bytes", "", MS_TYPE_SIGNED, 0, "" },
		{ "change_blocks", "", MS_TYPE_SIGNED, 0, "" },
		{ "before_bytes", "", MS_TYPE_BYTES, 0, "" },
		{ "before_blocks", "", MS_TYPE_COUNT, 0, "" },
		{ "after_bytes", "", MS_TYPE_BYTES, 0, "" },
		{ "after_blocks", "", MS_TYPE_COUNT, 0, "" },
		{ "function", "", MS_TYPE_TEXT, 0, "" },
		{ "file", "", MS_TYPE_TEXT, 0, "" },
		{ "line", "", MS_TYPE_ID, 0, "" },
		{ "module", "", MS_TYPE_TEXT, 0, "" },
		{ "address", "", MS_TYPE_TEXT, 0, "" },
		{ "pid", "", MS_TYPE_ID, 0, "" },
		{ "tid", "", MS_TYPE_ID, 0, "" },
		{ "name", "", MS_TYPE_TEXT, 0, "" },
		{ "size_from", "", MS_TYPE_BYTES, 0, "" },
		{ "size_to", "", MS_TYPE_BYTES, 0, "" },
		{ "kind", "", MS_TYPE_TEXT, 0, "" },
		{ "errors.change_bytes", "", MS_TYPE_BYTES, 0, "" },
		{ "errors.change_blocks", "", MS_TYPE_COUNT, 0, "" },
	};

	return ms_render_csv_array(writer, json_object_get(document, "rows"), columns,
				   COUNT(columns), err);
}

ms_status ms_render_diff(struct ms_writer *writer, const json_t *document,
			 enum ms_format format, struct ms_error *err)
{
	if (format == MS_FORMAT_JSON)
		return ms_render_json(writer, document, err);
	if (format == MS_FORMAT_CSV)
		return write_csv(writer, document, err);
	write_text(writer, document);
	return MS_OK;
}
