/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_threads.c - threads and modules as text and as CSV.
 */
#include "analyzer/render/parts.h"

#include <inttypes.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static ms_status write_table(struct ms_writer *writer, const json_t *document,
			     const struct ms_column *columns, size_t count,
			     enum ms_format format, struct ms_error *err)
{
	struct ms_array_rows rows;

	if (format == MS_FORMAT_TEXT) {
		ms_write_command(writer, json_object_get(document, "processes"));
		ms_write_text(writer, "\n");
	}
	ms_array_rows_init(&rows, json_object_get(document, "rows"), 0, columns, count);
	return ms_render_rows(writer, &rows.rows, format, err);
}

#define PAIRS_SHOWN 10

/* The heaviest pairs of threads. */
static ms_status write_matrix(struct ms_writer *writer, const json_t *matrix,
			      struct ms_error *err)
{
	static const struct ms_column columns[] = {
		{ "pid", "pid", MS_TYPE_ID, 0, "the process" },
		{ "maker", "made by", MS_TYPE_ID, 0, "the thread that made them" },
		{ "freer", "freed by", MS_TYPE_ID, 0, "the thread that freed them" },
		{ "blocks", "blocks", MS_TYPE_COUNT, 0, "how many" },
		{ "bytes", "bytes", MS_TYPE_BYTES, 0, "of them" },
	};
	size_t count = json_array_size(matrix);
	struct ms_array_rows rows;
	json_t *heaviest;
	ms_status status;

	if (!count)
		return MS_OK;
	heaviest = ms_json_heaviest(matrix, "blocks", PAIRS_SHOWN);
	if (!heaviest)
		return ms_fail_memory(err);
	ms_write_heading(writer, "Freed by another thread");
	ms_array_rows_init(&rows, heaviest, 0, columns, COUNT(columns));
	status = ms_render_rows(writer, &rows.rows, MS_FORMAT_TEXT, err);
	if (count > PAIRS_SHOWN)
		ms_writef(writer, "and %zu more pairs of threads\n", count - PAIRS_SHOWN);
	json_decref(heaviest);
	return status;
}

ms_status ms_render_threads(struct ms_writer *writer, const json_t *document,
			    enum ms_format format, struct ms_error *err)
{
	static const struct ms_column text[] = {
		{ "pid", "pid", MS_TYPE_ID, 0, "the process" },
		{ "tid", "thread", MS_TYPE_ID, 0, "the kernel's id" },
		{ "begin_ns", "begin, s", MS_TYPE_INSTANT, 0, "first seen" },
		{ "end_ns", "end, s", MS_TYPE_INSTANT, 0, "gone" },
		{ "allocations", "calls", MS_TYPE_COUNT, 0, "blocks that it made" },
		{ "allocated", "allocated", MS_TYPE_BYTES, 0, "of them" },
		{ "own_peak_bytes", "peak", MS_TYPE_BYTES, 0, "live at once" },
		{ "live_bytes", "live", MS_TYPE_BYTES, 0, "at the end" },
		{ "freed_own", "freed", MS_TYPE_COUNT, 0, "of its own" },
		{ "freed_of_others", "of others", MS_TYPE_COUNT, 0, "freed by it" },
		{ "freed_by_others", "by others", MS_TYPE_COUNT, 0, "freed for it" },
		{ "name", "name", MS_TYPE_TEXT, 0, "the last one" },
	};
	static const struct ms_column csv[] = {
		{ "pid", "", MS_TYPE_ID, 0, "" },
		{ "tid", "", MS_TYPE_ID, 0, "" },
		{ "name", "", MS_TYPE_TEXT, 0, "" },
		{ "begin_ns", "", MS_TYPE_NS, 0, "" },
		{ "end_ns", "", MS_TYPE_NS, 0, "" },
		{ "allocations", "", MS_TYPE_COUNT, 0, "" },
		{ "allocated", "", MS_TYPE_BYTES, 0, "" },
		{ "live_blocks", "", MS_TYPE_COUNT, 0, "" },
		{ "live_bytes", "", MS_TYPE_BYTES, 0, "" },
		{ "peak_blocks", "", MS_TYPE_COUNT, 0, "" },
		{ "peak_bytes", "", MS_TYPE_BYTES, 0, "" },
		{ "temporary", "", MS_TYPE_COUNT, 0, "" },
		{ "own_peak_bytes", "", MS_TYPE_BYTES, 0, "" },
		{ "own_peak_at_ns", "", MS_TYPE_NS, 0, "" },
		{ "freed_own", "", MS_TYPE_COUNT, 0, "" },
		{ "freed_own_bytes", "", MS_TYPE_BYTES, 0, "" },
		{ "freed_of_others", "", MS_TYPE_COUNT, 0, "" },
		{ "freed_of_others_bytes", "", MS_TYPE_BYTES, 0, "" },
		{ "freed_by_others", "", MS_TYPE_COUNT, 0, "" },
		{ "freed_by_others_bytes", "", MS_TYPE_BYTES, 0, "" },
		{ "unmatched", "", MS_TYPE_COUNT, 0, "" },
		MS_ERROR_COLUMNS,
	};
	bool is_text = format == MS_FORMAT_TEXT;
	ms_status status;

	if (format == MS_FORMAT_JSON)
		return ms_render_json(writer, document, err);
	status = write_table(writer, document, is_text ? text : csv,
			     is_text ? COUNT(text) : COUNT(csv), format, err);
	if (status == MS_OK && is_text)
		status = write_matrix(writer, json_object_get(document, "matrix"), err);
	return status;
}

static void write_module(struct ms_writer *writer, const json_t *row)
{
	const char *path = ms_json_string(row, "path");
	const json_t *ranges = json_object_get(row, "ranges");
	const json_t *symbols = json_object_get(row, "symbols");
	char bytes[MS_FIGURE_BYTES], calls[MS_FIGURE_BYTES], human[MS_HUMAN_BYTES];
	size_t index;
	json_t *range;

	ms_write_text(writer, "\n");
	ms_write_bold(writer);
	ms_write_escaped(writer, path ? path : "(no module)", 0);
	ms_write_plain(writer);
	ms_writef(writer, "\n  %s in %s calls", ms_figure_size(bytes, row, "allocated"),
		  ms_figure_count(calls, row, "allocations"));
	ms_writef(writer, ", %s at the peak", ms_figure_size(bytes, row, "peak_bytes"));
	ms_writef(writer, ", %s live\n", ms_figure_size(bytes, row, "live_bytes"));
	if (json_is_boolean(symbols))
		ms_writef(writer, "  symbols: %s%s\n",
			  json_is_true(symbols) ? "found" : "none",
			  json_is_true(json_object_get(row, "file_differs"))
				  ? "; the file here is missing or another"
				  : "");
	if (ms_json_string(row, "build_id"))
		ms_writef(writer, "  build-id %s\n", ms_json_string(row, "build_id"));
	json_array_foreach (ranges, index, range) {
		const json_t *gone = json_object_get(range, "gone_ns");

		ms_writef(writer, "  pid %" PRIu64 ": %s-%s, seen after %s",
			  ms_json_u64(range, "pid"), ms_json_string(range, "start"),
			  ms_json_string(range, "end"),
			  ms_human_time(human, ms_json_u64(range, "seen_ns")));
		if (json_is_number(gone))
			ms_writef(writer, ", gone after %s",
				  ms_human_time(human, ms_json_as_u64(gone)));
		ms_write_text(writer, "\n");
	}
}

ms_status ms_render_modules(struct ms_writer *writer, const json_t *document,
			    enum ms_format format, struct ms_error *err)
{
	static const struct ms_column csv[] = {
		{ "path", "", MS_TYPE_TEXT, 0, "" },
		{ "build_id", "", MS_TYPE_TEXT, 0, "" },
		{ "start", "", MS_TYPE_TEXT, 0, "" },
		{ "end", "", MS_TYPE_TEXT, 0, "" },
		{ "seen_ns", "", MS_TYPE_NS, 0, "" },
		{ "gone_ns", "", MS_TYPE_NS, 0, "" },
		{ "allocations", "", MS_TYPE_COUNT, 0, "" },
		{ "allocated", "", MS_TYPE_BYTES, 0, "" },
		{ "live_blocks", "", MS_TYPE_COUNT, 0, "" },
		{ "live_bytes", "", MS_TYPE_BYTES, 0, "" },
		{ "peak_blocks", "", MS_TYPE_COUNT, 0, "" },
		{ "peak_bytes", "", MS_TYPE_BYTES, 0, "" },
		{ "temporary", "", MS_TYPE_COUNT, 0, "" },
		MS_ERROR_COLUMNS,
	};
	size_t index;
	json_t *row;

	if (format == MS_FORMAT_JSON)
		return ms_render_json(writer, document, err);
	if (format == MS_FORMAT_CSV)
		return write_table(writer, document, csv, COUNT(csv), format, err);
	ms_write_command(writer, json_object_get(document, "processes"));
	json_array_foreach (json_object_get(document, "rows"), index, row)
		write_module(writer, row);
	return MS_OK;
}
