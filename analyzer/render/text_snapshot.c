/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_snapshot.c - a snapshot as text, and as CSV.
 */
#include "analyzer/render/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define INDENT	  42 /* where names begin, right of the figures */
#define INCLUSIVE 22 /* more, when there are those of called functions */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- text
 * --------------------------------------------------------------------------------- */

static void write_live(struct ms_writer *writer, const json_t *totals)
{
	const json_t *error = ms_figure_error(totals, "current_memory");
	uint64_t blocks = ms_json_u64(totals, "active_allocations");
	char text[MS_FIGURE_BYTES];

	if (!ms_figure_known(totals, "current_memory")) {
		ms_write_text(writer, ": what was live is not known");
		return;
	}
	ms_writef(writer, ": %s", ms_figure_size(text, totals, "current_memory"));
	if (error)
		ms_writef(writer, " (standard error %s)",
			  ms_human_size(text, ms_json_as_u64(error)));
	else
		ms_writef(writer, " (%s bytes)",
			  ms_human_count(text, ms_json_u64(totals, "current_memory")));
	ms_writef(writer, " live in %s block%s",
		  ms_figure_count(text, totals, "active_allocations"),
		  blocks == 1 ? "" : "s");
}

static void write_head(struct ms_writer *writer, const json_t *document)
{
	const json_t *totals = json_object_get(document, "totals");
	const json_t *processes = json_object_get(document, "processes");
	const char *command = ms_json_string(json_array_get(processes, 0), "command");
	const json_t *at_ns = json_object_get(document, "at_ns");
	char human[MS_FIGURE_BYTES];

	ms_write_bold(writer);
	ms_write_escaped(writer, command && *command ? command : "(unknown command)",
			 writer->look.width);
	ms_write_plain(writer);
	if (json_array_size(processes) > 1)
		ms_writef(writer, " and %zu more, each at its own time",
			  json_array_size(processes) - 1);
	ms_write_text(writer, "\nat the ");
	ms_write_at(writer, document);
	if (json_is_number(at_ns))
		ms_writef(writer, " (%s after the start)",
			  ms_human_time(human, ms_json_as_u64(at_ns)));
	write_live(writer, totals);
	for (size_t i = 0; i < json_array_size(processes) && i < 1; i++)
		ms_write_mode(writer, json_array_get(processes, i));
	ms_write_text(writer, "\n");
	ms_write_filter(writer, json_object_get(document, "filter"));
	ms_write_text(writer, "\n");
}

static bool has_inclusive(const char *by)
{
	return strcmp(by, "function") == 0;
}

static unsigned indent_of(const char *by)
{
	return has_inclusive(by) ? INDENT + INCLUSIVE : INDENT;
}

static void write_inclusive(struct ms_writer *writer, const json_t *figures,
			    uint64_t whole)
{
	bool known = ms_figure_known(figures, "live_bytes");
	char buffer[MS_FIGURE_BYTES];

	ms_writef(writer, "%10s", ms_figure_size(buffer, figures, "live_bytes"));
	ms_writef(writer, " %s%7s  ", ms_figure_error(figures, "live_bytes") ? "~" : " ",
		  known ? ms_share_text(buffer, ms_json_u64(figures, "live_bytes"), whole)
			: "-");
}

static void write_row(struct ms_writer *writer, const char *by, const json_t *row,
		      uint64_t whole)
{
	bool known = ms_figure_known(row, "live_bytes");
	char buffer[MS_FIGURE_BYTES];

	if (has_inclusive(by))
		write_inclusive(writer, json_object_get(row, "inclusive"), whole);
	ms_writef(writer, "%10s", ms_figure_size(buffer, row, "live_bytes"));
	ms_writef(writer, " %s%7s", ms_figure_error(row, "live_bytes") ? "~" : " ",
		  known ? ms_share_text(buffer, ms_json_u64(row, "live_bytes"), whole)
			: "-");
	ms_writef(writer, "  %9s", ms_figure_count(buffer, row, "live_blocks"));
	ms_writef(writer, "  %8s  ", ms_figure_count(buffer, row, "allocations"));
	ms_write_group(writer, by, row, indent_of(by));
	ms_write_text(writer, "\n");
}

static ms_status write_text(struct ms_writer *writer, const json_t *document,
			    struct ms_error *err)
{
	uint64_t whole =
		ms_json_u64(json_object_get(document, "totals"), "current_memory");
	const char *by = ms_json_string(document, "by");
	size_t top = ms_json_u64(document, "top"), index;
	json_t *row, *rows = json_object_get(document, "rows");

	/* Sizes read best from small to large; the others come sorted, but for threads.
	 */
	if (strcmp(by, "thread") == 0)
		rows = ms_json_heaviest(rows, ms_json_string(document, "sorted_by"),
					top ? top : SIZE_MAX);
	else
		json_incref(rows);
	if (!rows)
		return ms_fail_memory(err);
	write_head(writer, document);
	ms_write_bold(writer);
	if (has_inclusive(by))
		ms_writef(writer, "%10s  %7s  ", "inclusive", "share");
	ms_writef(writer, "%10s  %7s  %9s  %8s  %s\n", "live", "share", "blocks", "calls",
		  by);
	ms_write_plain(writer);
	json_array_foreach (rows, index, row)
		write_row(writer, by, row, whole);
	json_decref(rows);
	return MS_OK;
}

/* --- CSV
 * ------------------------------------------------------------------------------------ */

#define FIGURES                                              \
	{ "live_blocks", "", MS_TYPE_COUNT, 0, "" },         \
		{ "live_bytes", "", MS_TYPE_BYTES, 0, "" },  \
		{ "allocations", "", MS_TYPE_COUNT, 0, "" }, \
		{ "allocated", "", MS_TYPE_BYTES, 0, "" },   \
		{ "peak_blocks", "", MS_TYPE_COUNT, 0, "" }, \
		{ "peak_bytes", "", MS_TYPE_BYTES, 0, "" },  \
		{ "temporary", "", MS_TYPE_COUNT, 0, "" }, MS_ERROR_COLUMNS
#define FRAME                                                                         \
	{ "function", "", MS_TYPE_TEXT, 0, "" }, { "file", "", MS_TYPE_TEXT, 0, "" }, \
		{ "line", "", MS_TYPE_ID, 0, "" },                                    \
		{ "module", "", MS_TYPE_TEXT, 0, "" },                                \
	{                                                                             \
		"address", "", MS_TYPE_TEXT, 0, ""                                    \
	}

static const struct ms_column by_site[] = { FRAME, FIGURES };
static const struct ms_column by_stack[] = { { "pid", "", MS_TYPE_ID, 0, "" },
					     { "stack_id", "", MS_TYPE_ID, 0, "" },
					     FRAME,
					     FIGURES };
static const struct ms_column by_thread[] = { { "pid", "", MS_TYPE_ID, 0, "" },
					      { "tid", "", MS_TYPE_ID, 0, "" },
					      { "name", "", MS_TYPE_TEXT, 0, "" },
					      FIGURES };
static const struct ms_column by_module[] = { { "module", "", MS_TYPE_TEXT, 0, "" },
					      FIGURES };
static const struct ms_column by_file[] = { { "file", "", MS_TYPE_TEXT, 0, "" },
					    { "module", "", MS_TYPE_TEXT, 0, "" },
					    FIGURES };
static const struct ms_column by_function[] = {
	{ "function", "", MS_TYPE_TEXT, 0, "" },
	{ "file", "", MS_TYPE_TEXT, 0, "" },
	{ "module", "", MS_TYPE_TEXT, 0, "" },
	FIGURES,
	{ "inclusive.live_blocks", "", MS_TYPE_COUNT, 0, "" },
	{ "inclusive.live_bytes", "", MS_TYPE_BYTES, 0, "" },
	{ "inclusive.allocations", "", MS_TYPE_COUNT, 0, "" },
	{ "inclusive.allocated", "", MS_TYPE_BYTES, 0, "" },
	{ "inclusive.peak_blocks", "", MS_TYPE_COUNT, 0, "" },
	{ "inclusive.peak_bytes", "", MS_TYPE_BYTES, 0, "" },
	{ "inclusive.temporary", "", MS_TYPE_COUNT, 0, "" },
};
static const struct ms_column by_kind[] = { { "kind", "", MS_TYPE_TEXT, 0, "" },
					    FIGURES };
static const struct ms_column by_age[] = { { "age_from_ns", "", MS_TYPE_NS, 0, "" },
					   { "age_to_ns", "", MS_TYPE_NS, 0, "" },
					   FIGURES };
static const struct ms_column by_size[] = { { "size_from", "", MS_TYPE_BYTES, 0, "" },
					    { "size_to", "", MS_TYPE_BYTES, 0, "" },
					    FIGURES };

static const struct {
	const char *by;
	const struct ms_column *columns;
	size_t count;
} groupings[] = {
	{ "site", by_site, COUNT(by_site) },
	{ "stack", by_stack, COUNT(by_stack) },
	{ "thread", by_thread, COUNT(by_thread) },
	{ "module", by_module, COUNT(by_module) },
	{ "size", by_size, COUNT(by_size) },
	{ "function", by_function, COUNT(by_function) },
	{ "file", by_file, COUNT(by_file) },
	{ "kind", by_kind, COUNT(by_kind) },
	{ "age", by_age, COUNT(by_age) },
};

static ms_status write_csv(struct ms_writer *writer, const json_t *document,
			   struct ms_error *err)
{
	const char *by = ms_json_string(document, "by");
	struct ms_array_rows rows;
	size_t i = 0;

	while (i + 1 < COUNT(groupings) && strcmp(groupings[i].by, by) != 0)
		i++;
	ms_array_rows_init(&rows, json_object_get(document, "rows"), 0,
			   groupings[i].columns, groupings[i].count);
	return ms_render_rows(writer, &rows.rows, MS_FORMAT_CSV, err);
}

ms_status ms_render_snapshot(struct ms_writer *writer, const json_t *document,
			     enum ms_format format, struct ms_error *err)
{
	if (format == MS_FORMAT_JSON)
		return ms_render_json(writer, document, err);
	if (format == MS_FORMAT_CSV)
		return write_csv(writer, document, err);
	return write_text(writer, document, err);
}
