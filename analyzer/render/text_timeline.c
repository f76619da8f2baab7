/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_timeline.c - a timeline, and the life of an address, as text and as CSV.
 */
#include "analyzer/render/parts.h"
#include "analyzer/base/escape.h"
#include "analyzer/base/strbuf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BAR_COLUMNS  24
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- bars -----------------------------------------------------------------------------
 */

void ms_bar(struct ms_strbuf *text, const struct ms_look *look, uint64_t part,
	    uint64_t whole, unsigned columns)
{
	static const char *const eighths[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };
	uint64_t units = (uint64_t)columns * (look->unicode ? 8 : 1), filled = 0;

	ms_strbuf_clear(text);
	if (whole)
		filled =
			(uint64_t)(((unsigned __int128)part * units + whole / 2) / whole);
	/* A little is not nothing; and no part is more than the whole. */
	if (part && !filled)
		filled = 1;
	filled = filled < units ? filled : units;
	for (; look->unicode && filled >= 8; filled -= 8)
		ms_strbuf_adds(text, "█");
	if (look->unicode)
		ms_strbuf_adds(text, eighths[filled]);
	else
		ms_strbuf_pad(text, '#', (size_t)filled);
}

void ms_write_bar(struct ms_writer *writer, struct ms_strbuf *text, uint64_t part,
		  uint64_t whole, unsigned columns)
{
	size_t taken;

	ms_bar(text, &writer->look, part, whole, columns);
	ms_write(writer, ms_strbuf_text(text), text->len);
	taken = ms_utf8_columns(ms_strbuf_text(text), text->len);
	ms_write_pad(writer, ' ', taken < columns ? columns - taken : 0);
}

/* --- heads ----------------------------------------------------------------------------
 */

void ms_write_command(struct ms_writer *writer, const json_t *processes)
{
	const json_t *first = json_array_get(processes, 0);
	const char *command = ms_json_string(first, "command");

	ms_write_bold(writer);
	ms_write_escaped(writer, command && *command ? command : "(unknown command)",
			 writer->look.width);
	ms_write_plain(writer);
	if (json_array_size(processes) > 1)
		ms_writef(writer, " and %zu more", json_array_size(processes) - 1);
	ms_write_mode(writer, first);
	ms_write_text(writer, "\n");
}

static void write_peak(struct ms_writer *writer, const json_t *process)
{
	char text[MS_FIGURE_BYTES], from[MS_HUMAN_BYTES], to[MS_HUMAN_BYTES];

	if (!ms_figure_known(process, "peak_bytes"))
		ms_write_text(writer, "what was live is not known");
	else
		ms_writef(writer, "at most %s live, after %s",
			  ms_figure_size(text, process, "peak_bytes"),
			  ms_human_time(from, ms_json_u64(process, "peak_at_ns")));
	ms_writef(writer, "; from %s to ",
		  ms_human_time(from, ms_json_u64(process, "from_ns")));
	ms_writef(writer, "%s\n", ms_human_time(to, ms_json_u64(process, "to_ns")));
}

/* --- a timeline -----------------------------------------------------------------------
 */

enum { PID, END, LIVE, BLOCKS, PEAK, CALLS, FREES, RATE, RESIDENT, BAR, COLUMNS };

static const struct ms_column columns[COLUMNS] = {
	[PID] = { "pid", "pid", MS_TYPE_ID, 0, "the process" },
	[END] = { "end_ns", "until, s", MS_TYPE_INSTANT, 0, "the last instant" },
	[LIVE] = { "live_bytes", "live", MS_TYPE_BYTES, 0, "then" },
	[BLOCKS] = { "live_blocks", "blocks", MS_TYPE_COUNT, 0, "then" },
	[PEAK] = { "peak_bytes", "peak", MS_TYPE_BYTES, 0, "most that was live" },
	[CALLS] = { "allocations", "allocated", MS_TYPE_COUNT, 0, "blocks" },
	[FREES] = { "frees", "freed", MS_TYPE_COUNT, 0, "blocks" },
	[RATE] = { "allocations_per_s", "a second", MS_TYPE_COUNT, 0, "allocations" },
	[RESIDENT] = { "resident_bytes", "resident", MS_TYPE_BYTES, 0,
		       "memory of the process" },
	[BAR] = { "", "peak", MS_TYPE_TEXT, BAR_COLUMNS, "as a bar" },
};

struct bars {
	struct ms_array_rows from; /* all columns but the last */
	struct ms_strbuf bar;
	const struct ms_look *look;
	uint64_t largest;
};

static ms_status next_bar(struct ms_rows *rows, struct ms_value *values, bool *more,
			  struct ms_error *err)
{
	struct bars *bars = rows->context;
	size_t last = rows->column_count - 1;
	const json_t *row = json_array_get(bars->from.array, bars->from.index);
	ms_status status = bars->from.rows.next(&bars->from.rows, values, more, err);

	if (status != MS_OK || !*more)
		return status;
	ms_bar(&bars->bar, bars->look, ms_json_u64(row, "peak_bytes"), bars->largest,
	       BAR_COLUMNS);
	values[last] = (struct ms_value){ .text = ms_strbuf_text(&bars->bar) };
	return bars->bar.failed ? ms_fail_memory(err) : MS_OK;
}

/* Rows of a process are together, and each has as many. */
static void write_plots(struct ms_writer *writer, const json_t *processes,
			const json_t *rows)
{
	size_t processes_count = json_array_size(processes), index;
	size_t each = processes_count ? json_array_size(rows) / processes_count : 0;
	json_t *process;

	json_array_foreach (processes, index, process) {
		if (processes_count > 1)
			ms_writef(writer, "pid %" PRIu64 ": ",
				  ms_json_u64(process, "pid"));
		write_peak(writer, process);
		ms_write_plot(writer, process, rows, index * each, each);
	}
}

static ms_status write_timeline(struct ms_writer *writer, const json_t *document,
				struct ms_error *err)
{
	const json_t *processes = json_object_get(document, "processes");
	const json_t *array = json_object_get(document, "rows");
	unsigned first = json_array_size(processes) > 1 ? PID : END;
	struct bars bars = { .look = &writer->look };
	struct ms_rows rows = { &columns[first], COLUMNS - first, next_bar, &bars };
	ms_status status;
	size_t index;
	json_t *row;

	ms_write_command(writer, processes);
	if (writer->look.plot) {
		write_plots(writer, processes, array);
		return MS_OK;
	}
	json_array_foreach (processes, index, row) {
		if (json_array_size(processes) > 1)
			ms_writef(writer, "pid %" PRIu64 ": ", ms_json_u64(row, "pid"));
		write_peak(writer, row);
	}
	ms_write_text(writer, "\n");
	json_array_foreach (array, index, row) {
		uint64_t peak = ms_json_u64(row, "peak_bytes");

		bars.largest = peak > bars.largest ? peak : bars.largest;
	}
	ms_strbuf_init(&bars.bar);
	ms_array_rows_init(&bars.from, array, 0, &columns[first], BAR - first);
	status = ms_render_table(writer, &rows, err);
	ms_strbuf_release(&bars.bar);
	return status;
}

ms_status ms_render_timeline(struct ms_writer *writer, const json_t *document,
			     enum ms_format format, struct ms_error *err)
{
	static const struct ms_column csv[] = {
		{ "pid", "", MS_TYPE_ID, 0, "" },
		{ "start_ns", "", MS_TYPE_NS, 0, "" },
		{ "end_ns", "", MS_TYPE_NS, 0, "" },
		{ "live_bytes", "", MS_TYPE_BYTES, 0, "" },
		{ "live_blocks", "", MS_TYPE_COUNT, 0, "" },
		{ "peak_bytes", "", MS_TYPE_BYTES, 0, "" },
		{ "peak_at_ns", "", MS_TYPE_NS, 0, "" },
		{ "allocations", "", MS_TYPE_COUNT, 0, "" },
		{ "reallocations", "", MS_TYPE_COUNT, 0, "" },
		{ "frees", "", MS_TYPE_COUNT, 0, "" },
		{ "failed", "", MS_TYPE_COUNT, 0, "" },
		{ "allocated", "", MS_TYPE_BYTES, 0, "" },
		{ "freed", "", MS_TYPE_BYTES, 0, "" },
		{ "allocations_per_s", "", MS_TYPE_COUNT, 0, "" },
		{ "frees_per_s", "", MS_TYPE_COUNT, 0, "" },
		{ "allocated_per_s", "", MS_TYPE_BYTES, 0, "" },
		{ "resident_bytes", "", MS_TYPE_BYTES, 0, "" },
		{ "errors.live_bytes", "", MS_TYPE_BYTES, 0, "" },
		{ "errors.live_blocks", "", MS_TYPE_COUNT, 0, "" },
		{ "errors.peak_bytes", "", MS_TYPE_BYTES, 0, "" },
		{ "errors.allocations", "", MS_TYPE_COUNT, 0, "" },
		{ "errors.allocated", "", MS_TYPE_BYTES, 0, "" },
	};

	if (format == MS_FORMAT_JSON)
		return ms_render_json(writer, document, err);
	if (format == MS_FORMAT_TEXT)
		return write_timeline(writer, document, err);
	return ms_render_csv_array(writer, json_object_get(document, "rows"), csv,
				   COUNT(csv), err);
}

/* --- the life of an address -----------------------------------------------------------
 */

static void write_who(struct ms_writer *writer, const json_t *row, const char *thread,
		      const char *site)
{
	const char *text = ms_json_string(row, site);

	if (json_is_number(json_object_get(row, thread)))
		ms_writef(writer, " by thread %" PRIu64, ms_json_u64(row, thread));
	ms_write_text(writer, "\n    ");
	ms_write_dim(writer);
	ms_write_escaped(writer, text ? text : "(no stack was recorded)",
			 writer->look.width > 8 ? writer->look.width - 4 : 0);
	ms_write_plain(writer);
	ms_write_text(writer, "\n");
}

static void write_begin(struct ms_writer *writer, const json_t *row, size_t number)
{
	const char *from = ms_json_string(row, "moved_from");
	uint64_t offset = ms_json_u64(row, "offset");
	char human[MS_HUMAN_BYTES];

	ms_writef(writer, "\n%zu. ", number);
	ms_write_bold(writer);
	ms_writef(writer, "%s", ms_human_size(human, ms_json_u64(row, "size")));
	ms_write_plain(writer);
	ms_writef(writer, " by %s", ms_json_string(row, "kind"));
	if (offset)
		ms_writef(writer, " at %s, %" PRIu64 " bytes before",
			  ms_json_string(row, "address"), offset);
	if (from)
		ms_writef(writer, ", moved from %s", from);
	ms_writef(writer, ", after %s", ms_human_time(human, ms_json_u64(row, "at_ns")));
	write_who(writer, row, "thread", "site");
}

static void write_end(struct ms_writer *writer, const json_t *row)
{
	const char *end = ms_json_string(row, "end"),
		   *to = ms_json_string(row, "moved_to");
	char human[MS_HUMAN_BYTES];

	if (strcmp(end, "live") == 0) {
		ms_write_text(writer, "   not freed\n");
		return;
	}
	if (strcmp(end, "not seen") == 0) {
		ms_writef(writer,
			  "   its end was not recorded: the address was handed out again "
			  "after %s\n",
			  ms_human_time(human, ms_json_u64(row, "end_ns")));
		return;
	}
	ms_writef(writer, "   %s", end);
	if (to)
		ms_writef(writer, " to %s", to);
	ms_writef(writer, " by %s", ms_json_string(row, "end_kind"));
	ms_writef(writer, " %s later",
		  ms_human_time(human, ms_json_u64(row, "lifetime_ns")));
	write_who(writer, row, "end_thread", "end_site");
}

/* Those of a process are together, from first on: two may have one pid. */
static void write_owners(struct ms_writer *writer, const json_t *document,
			 const json_t *process, size_t first)
{
	const char *address = ms_json_string(document, "address");
	uint64_t pid = ms_json_u64(process, "pid"),
		 owners = ms_json_u64(process, "owners");
	uint64_t unmatched = ms_json_u64(process, "unmatched_frees");
	bool inside = json_is_true(json_object_get(process, "inside"));

	ms_writef(writer, "\npid %" PRIu64 ": ", pid);
	if (owners)
		ms_writef(writer, "%" PRIu64 " block%s or mapping%s %s %s\n", owners,
			  owners == 1 ? "" : "s", owners == 1 ? "" : "s",
			  inside ? "had in them" : "began at", address);
	else
		ms_writef(writer, "no block and no mapping had %s\n", address);
	if (unmatched)
		ms_writef(writer,
			  "freed %" PRIu64 " time%s while the log has no block there\n",
			  unmatched, unmatched == 1 ? "" : "s");
	for (size_t i = 0; i < owners; i++) {
		const json_t *row =
			json_array_get(json_object_get(document, "owners"), first + i);

		write_begin(writer, row, i + 1);
		write_end(writer, row);
	}
}

ms_status ms_render_pointer(struct ms_writer *writer, const json_t *document,
			    enum ms_format format, struct ms_error *err)
{
	static const struct ms_column csv[] = {
		{ "pid", "", MS_TYPE_ID, 0, "" },
		{ "at_ns", "", MS_TYPE_NS, 0, "" },
		{ "kind", "", MS_TYPE_TEXT, 0, "" },
		{ "address", "", MS_TYPE_TEXT, 0, "" },
		{ "offset", "", MS_TYPE_BYTES, 0, "" },
		{ "size", "", MS_TYPE_BYTES, 0, "" },
		{ "moved_from", "", MS_TYPE_TEXT, 0, "" },
		{ "thread", "", MS_TYPE_ID, 0, "" },
		{ "stack", "", MS_TYPE_ID, 0, "" },
		{ "site", "", MS_TYPE_TEXT, 0, "" },
		{ "end", "", MS_TYPE_TEXT, 0, "" },
		{ "end_ns", "", MS_TYPE_NS, 0, "" },
		{ "lifetime_ns", "", MS_TYPE_NS, 0, "" },
		{ "end_kind", "", MS_TYPE_TEXT, 0, "" },
		{ "moved_to", "", MS_TYPE_TEXT, 0, "" },
		{ "end_thread", "", MS_TYPE_ID, 0, "" },
		{ "end_stack", "", MS_TYPE_ID, 0, "" },
		{ "end_site", "", MS_TYPE_TEXT, 0, "" },
	};
	const json_t *processes = json_object_get(document, "processes");
	size_t index, first = 0;
	json_t *process;

	if (format == MS_FORMAT_JSON)
		return ms_render_json(writer, document, err);
	if (format == MS_FORMAT_CSV)
		return ms_render_csv_array(writer, json_object_get(document, "owners"),
					   csv, COUNT(csv), err);
	ms_write_command(writer, processes);
	json_array_foreach (processes, index, process) {
		write_owners(writer, document, process, first);
		first += ms_json_u64(process, "owners");
	}
	return MS_OK;
}
