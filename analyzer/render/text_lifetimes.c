/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_lifetimes.c - lifetimes and sizes as text and as CSV.
 */
#include "analyzer/render/parts.h"
#include "analyzer/base/strbuf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BAR_COLUMNS  30

static const struct {
	const char *blocks, *bytes, *title;
} lifetimes[] = {
	{ "below_1ms", "below_1ms_bytes", "below 1 ms" },
	{ "below_10ms", "below_10ms_bytes", "1 to 10 ms" },
	{ "below_100ms", "below_100ms_bytes", "10 to 100 ms" },
	{ "below_1s", "below_1s_bytes", "100 ms to 1 s" },
	{ "below_10s", "below_10s_bytes", "1 to 10 s" },
	{ "longer", "longer_bytes", "10 s and more" },
	{ "live", "live_bytes", "not freed" },
	{ "unknown", "unknown_bytes", "not known" },
};

static ms_status write_histogram(struct ms_writer *writer, const json_t *all,
				 struct ms_error *err)
{
	char blocks[MS_FIGURE_BYTES], bytes[MS_FIGURE_BYTES], share[MS_HUMAN_BYTES];
	uint64_t whole = ms_json_u64(all, "blocks"), largest = 0;
	struct ms_strbuf bar;
	bool failed = false;

	ms_strbuf_init(&bar);
	for (size_t i = 0; i < COUNT(lifetimes); i++) {
		uint64_t n = ms_json_u64(all, lifetimes[i].blocks);

		largest = n > largest ? n : largest;
	}
	ms_write_bold(writer);
	ms_writef(writer, "%-14s  %12s  %7s  %10s\n", "lived", "blocks", "share",
		  "bytes");
	ms_write_plain(writer);
	for (size_t i = 0; i < COUNT(lifetimes); i++) {
		uint64_t n = ms_json_u64(all, lifetimes[i].blocks);

		/* What cannot be is not worth a line. */
		if (!n && i + 1 == COUNT(lifetimes))
			continue;
		ms_bar(&bar, &writer->look, n, largest, BAR_COLUMNS);
		failed |= bar.failed;
		ms_writef(writer, "%-14s  %12s  %7s  %10s  %s\n", lifetimes[i].title,
			  ms_figure_count(blocks, all, lifetimes[i].blocks),
			  ms_figure_known(all, lifetimes[i].blocks)
				  ? ms_share_text(share, n, whole)
				  : "-",
			  ms_figure_size(bytes, all, lifetimes[i].bytes),
			  ms_strbuf_text(&bar));
	}
	ms_strbuf_release(&bar);
	return failed ? ms_fail_memory(err) : MS_OK;
}

static void write_name(struct ms_writer *writer, const char *by, const json_t *row,
		       unsigned indent)
{
	unsigned width = writer->look.width;
	size_t room = width > indent + 20 ? width - indent : width ? 20 : 0;
	char low[MS_HUMAN_BYTES], high[MS_HUMAN_BYTES];
	const char *name = ms_json_string(row, "name");

	if (strcmp(by, "thread") == 0) {
		ms_writef(writer, "%" PRIu64 " ", ms_json_u64(row, "tid"));
		ms_write_escaped(writer, name ? name : "", room > 10 ? room - 10 : room);
	} else if (strcmp(by, "size") == 0) {
		uint64_t to = ms_json_u64(row, "size_to");

		ms_write_text(writer, ms_human_size(low, ms_json_u64(row, "size_from")));
		if (to > 1)
			ms_writef(writer, " to below %s", ms_human_size(high, to + 1));
	} else {
		ms_write_frame(writer, row, room);
	}
}

static void write_groups(struct ms_writer *writer, const json_t *document)
{
	static const char *const titles[] = { "<1 ms", "<10 ms", "<100 ms", "<1 s",
					      "<10 s", "longer", "live" };
	const char *by = ms_json_string(document, "by");
	const json_t *rows = json_object_get(document, "rows");
	uint64_t groups = ms_json_u64(document, "groups");
	char text[MS_FIGURE_BYTES];
	size_t index;
	json_t *row;

	if (!json_array_size(rows))
		return;
	ms_write_text(writer, "\n");
	ms_write_bold(writer);
	ms_writef(writer, "%9s  %9s", "blocks", "bytes");
	for (size_t i = 0; i < COUNT(titles); i++)
		ms_writef(writer, "  %8s", titles[i]);
	ms_writef(writer, "  %s\n", by);
	ms_write_plain(writer);
	json_array_foreach (rows, index, row) {
		ms_writef(writer, "%9s", ms_figure_count(text, row, "blocks"));
		ms_writef(writer, "  %9s", ms_figure_size(text, row, "bytes"));
		for (size_t i = 0; i < COUNT(titles); i++)
			ms_writef(writer, "  %8s",
				  ms_figure_count(text, row, lifetimes[i].blocks));
		ms_write_text(writer, "  ");
		write_name(writer, by, row, 92);
		ms_write_text(writer, "\n");
	}
	if (groups > json_array_size(rows))
		ms_writef(writer, "and %" PRIu64 " more\n",
			  groups - json_array_size(rows));
}

#define BLOCKS_AND_BYTES(key)                          \
	{ key, "", MS_TYPE_COUNT, 0, "" },             \
	{                                              \
		key "_bytes", "", MS_TYPE_BYTES, 0, "" \
	}
#define ERRORS(key)                                              \
	{ "errors." key, "", MS_TYPE_COUNT, 0, "" },             \
	{                                                        \
		"errors." key "_bytes", "", MS_TYPE_BYTES, 0, "" \
	}

ms_status ms_render_lifetimes(struct ms_writer *writer, const json_t *document,
			      enum ms_format format, struct ms_error *err)
{
	/* What a group is called takes as many columns as it needs; the rest are empty.
	 */
	static const struct ms_column csv[] = {
		{ "pid", "", MS_TYPE_ID, 0, "" },
		{ "stack_id", "", MS_TYPE_ID, 0, "" },
		{ "tid", "", MS_TYPE_ID, 0, "" },
		{ "name", "", MS_TYPE_TEXT, 0, "" },
		{ "size_from", "", MS_TYPE_BYTES, 0, "" },
		{ "size_to", "", MS_TYPE_BYTES, 0, "" },
		{ "function", "", MS_TYPE_TEXT, 0, "" },
		{ "file", "", MS_TYPE_TEXT, 0, "" },
		{ "line", "", MS_TYPE_ID, 0, "" },
		{ "module", "", MS_TYPE_TEXT, 0, "" },
		{ "address", "", MS_TYPE_TEXT, 0, "" },
		{ "blocks", "", MS_TYPE_COUNT, 0, "" },
		{ "bytes", "", MS_TYPE_BYTES, 0, "" },
		BLOCKS_AND_BYTES("below_1ms"),
		BLOCKS_AND_BYTES("below_10ms"),
		BLOCKS_AND_BYTES("below_100ms"),
		BLOCKS_AND_BYTES("below_1s"),
		BLOCKS_AND_BYTES("below_10s"),
		BLOCKS_AND_BYTES("longer"),
		BLOCKS_AND_BYTES("live"),
		BLOCKS_AND_BYTES("unknown"),
		{ "culled_blocks", "", MS_TYPE_COUNT, 0, "" },
		{ "culled_bytes", "", MS_TYPE_BYTES, 0, "" },
		{ "errors.blocks", "", MS_TYPE_COUNT, 0, "" },
		{ "errors.bytes", "", MS_TYPE_BYTES, 0, "" },
		ERRORS("below_1ms"),
		ERRORS("below_10ms"),
		ERRORS("below_100ms"),
		ERRORS("below_1s"),
		ERRORS("below_10s"),
		ERRORS("longer"),
		ERRORS("live"),
		ERRORS("unknown"),
	};
	const json_t *rows = json_object_get(document, "rows");
	const char *by = ms_json_string(document, "by");
	struct ms_array_rows array;
	json_t *alone = NULL;
	ms_status status;

	if (format == MS_FORMAT_JSON)
		return ms_render_json(writer, document, err);
	if (format == MS_FORMAT_TEXT) {
		ms_write_command(writer, json_object_get(document, "processes"));
		ms_write_text(writer, "\n");
		status = write_histogram(writer, json_object_get(document, "all"), err);
		write_groups(writer, document);
		return status;
	}
	if (strcmp(by, "none") == 0) {
		alone = json_pack("[O]", json_object_get(document, "all"));
		if (!alone)
			return ms_fail_memory(err);
		rows = alone;
	}
	ms_array_rows_init(&array, rows, 0, csv, COUNT(csv));
	status = ms_render_rows(writer, &array.rows, format, err);
	json_decref(alone);
	return status;
}

/* --- sizes ----------------------------------------------------------------------------
 */

static ms_status write_classes(struct ms_writer *writer, const json_t *rows,
			       const char *title, bool classes, struct ms_error *err)
{
	char calls[MS_FIGURE_BYTES], bytes[MS_FIGURE_BYTES], live[MS_FIGURE_BYTES];
	char low[MS_HUMAN_BYTES], high[MS_HUMAN_BYTES], range[2 * MS_HUMAN_BYTES + 16];
	uint64_t largest = 0;
	struct ms_strbuf bar;
	bool failed = false;
	size_t index;
	json_t *row;

	ms_strbuf_init(&bar);
	json_array_foreach (rows, index, row) {
		uint64_t n = ms_json_u64(row, "allocations");

		largest = n > largest ? n : largest;
	}
	ms_write_text(writer, "\n");
	ms_write_bold(writer);
	ms_writef(writer, "%-26s  %12s  %10s  %10s\n", title, "calls", "bytes", "live");
	ms_write_plain(writer);
	json_array_foreach (rows, index, row) {
		uint64_t from = ms_json_u64(row, "size_from");
		uint64_t to = ms_json_u64(row, "size_to");

		if (!classes)
			snprintf(range, sizeof(range), "%s", ms_human_count(low, from));
		else if (to > 1)
			snprintf(range, sizeof(range), "%s to below %s",
				 ms_human_size(low, from), ms_human_size(high, to + 1));
		else
			snprintf(range, sizeof(range), "%s", ms_human_size(low, from));
		ms_bar(&bar, &writer->look, ms_json_u64(row, "allocations"), largest,
		       BAR_COLUMNS);
		failed |= bar.failed;
		ms_writef(writer, "%-26s  %12s  %10s  %10s  %s\n", range,
			  ms_figure_count(calls, row, "allocations"),
			  ms_figure_size(bytes, row, "allocated"),
			  ms_figure_size(live, row, "live_bytes"), ms_strbuf_text(&bar));
	}
	ms_strbuf_release(&bar);
	return failed ? ms_fail_memory(err) : MS_OK;
}

static ms_status write_sizes(struct ms_writer *writer, const json_t *document,
			     struct ms_error *err)
{
	const json_t *sizes = json_object_get(document, "sizes");
	const json_t *distinct = json_object_get(document, "distinct_sizes");
	ms_status status;

	ms_write_command(writer, json_object_get(document, "processes"));
	status = write_classes(writer, json_object_get(document, "classes"), "size", true,
			       err);
	if (status != MS_OK || !json_array_size(sizes))
		return status;
	status = write_classes(writer, sizes, "most frequent, in bytes", false, err);
	if (json_is_number(distinct) && ms_json_as_u64(distinct) > json_array_size(sizes))
		ms_writef(writer, "and %" PRIu64 " more\n",
			  ms_json_as_u64(distinct) - json_array_size(sizes));
	return status;
}

ms_status ms_render_sizes(struct ms_writer *writer, const json_t *document,
			  enum ms_format format, struct ms_error *err)
{
	static const struct ms_column csv[] = {
		{ "row", "", MS_TYPE_TEXT, 0, "" },
		{ "size_from", "", MS_TYPE_BYTES, 0, "" },
		{ "size_to", "", MS_TYPE_BYTES, 0, "" },
		{ "allocations", "", MS_TYPE_COUNT, 0, "" },
		{ "allocated", "", MS_TYPE_BYTES, 0, "" },
		{ "live_blocks", "", MS_TYPE_COUNT, 0, "" },
		{ "live_bytes", "", MS_TYPE_BYTES, 0, "" },
		{ "errors.allocations", "", MS_TYPE_COUNT, 0, "" },
		{ "errors.allocated", "", MS_TYPE_BYTES, 0, "" },
		{ "errors.live_blocks", "", MS_TYPE_COUNT, 0, "" },
		{ "errors.live_bytes", "", MS_TYPE_BYTES, 0, "" },
	};
	struct ms_array_rows array;
	ms_status status;
	json_t *rows;

	if (format == MS_FORMAT_JSON)
		return ms_render_json(writer, document, err);
	if (format == MS_FORMAT_TEXT)
		return write_sizes(writer, document, err);
	rows = json_array();
	if (!rows || json_array_extend(rows, json_object_get(document, "classes")) < 0 ||
	    json_array_extend(rows, json_object_get(document, "sizes")) < 0) {
		json_decref(rows);
		return ms_fail_memory(err);
	}
	ms_array_rows_init(&array, rows, 0, csv, COUNT(csv));
	status = ms_render_rows(writer, &array.rows, format, err);
	json_decref(rows);
	return status;
}
