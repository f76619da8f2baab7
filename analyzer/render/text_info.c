/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_info.c - what a log is made of, as text.
 */
#include "analyzer/render/parts.h"

#include <inttypes.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void write_pair(struct ms_writer *writer, const char *key, const char *value)
{
	ms_writef(writer, "  %-18s  ", key);
	ms_write_escaped(writer, value ? value : "not known", 0);
	ms_write_text(writer, "\n");
}

static void write_number(struct ms_writer *writer, const char *key, uint64_t value)
{
	char human[MS_HUMAN_BYTES];

	write_pair(writer, key, ms_human_count(human, value));
}

static void write_size(struct ms_writer *writer, const char *key, uint64_t bytes)
{
	char human[MS_HUMAN_BYTES];

	ms_writef(writer, "  %-18s  %s", key, ms_human_size(human, bytes));
	ms_writef(writer, " (%s bytes)\n", ms_human_count(human, bytes));
}

static void write_head(struct ms_writer *writer, const json_t *trace)
{
	const json_t *head = json_object_get(trace, "head");
	const json_t *process = json_object_get(trace, "process");
	const char *command = ms_json_string(process, "command");
	double ticks = json_number_value(json_object_get(head, "ticks_per_second"));
	char human[MS_HUMAN_BYTES];

	ms_write_bold(writer);
	ms_write_escaped(writer, ms_json_string(trace, "path"), 0);
	ms_write_plain(writer);
	ms_write_text(writer, "\n");
	write_pair(writer, "format", ms_json_string(head, "format"));
	write_size(writer, "file", ms_json_u64(head, "file_bytes"));
	write_pair(writer, "command", command && *command ? command : NULL);
	write_pair(writer, "mode", ms_json_string(process, "mode"));
	ms_writef(writer, "  %-18s  %" PRIu64 " (parent %" PRIu64 "%s)\n", "process",
		  ms_json_u64(process, "pid"), ms_json_u64(process, "parent_pid"),
		  json_is_true(json_object_get(process, "forked")) ? ", forked from it"
								   : "");
	ms_writef(writer, "  %-18s  ", "began");
	ms_write_date(writer, ms_json_u64(process, "start_unix_ns"));
	ms_writef(writer, ", ran %s",
		  ms_human_time(human, ms_json_u64(process, "duration_ns")));
	ms_write_end(writer, process);
	ms_write_mode(writer, process);
	ms_writef(writer, "\n  %-18s  %s, %.6g ticks a second\n", "clock",
		  ms_json_string(head, "clock"), ticks);
	ms_writef(writer, "  %-18s  %" PRIu64 " CPUs, pages of %" PRIu64 " bytes\n",
		  "machine", ms_json_u64(head, "cpus"), ms_json_u64(head, "page_bytes"));
}

static double real_of(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

/* What recording itself cost, where the log has it. */
static void write_own_cost(struct ms_writer *writer, const json_t *cost)
{
	char human[MS_HUMAN_BYTES];

	if (!json_object_get(cost, "timed_hooks"))
		return;
	if (json_object_get(cost, "ns_per_event")) {
		ms_writef(writer, "  %-18s  %.0f ns an event (%s timed), ", "recording",
			  real_of(cost, "ns_per_event"),
			  ms_human_count(human, ms_json_u64(cost, "timed_hooks")));
		ms_writef(writer, "%s in all",
			  ms_human_time(human, ms_json_u64(cost, "recording_ns")));
		if (json_is_real(json_object_get(cost, "cpu_share")))
			ms_writef(writer, ", %.1f %% of the processor time",
				  100 * real_of(cost, "cpu_share"));
		ms_write_text(writer, "\n");
	}
	if (json_is_real(json_object_get(cost, "known_stack_share")))
		ms_writef(writer, "  %-18s  %.2f %%, %s walked\n", "stacks seen before",
			  100 * real_of(cost, "known_stack_share"),
			  ms_human_count(human, ms_json_u64(cost, "walked_stacks")));
	ms_writef(writer, "  %-18s  %s walked", "frames",
		  ms_human_count(human, ms_json_u64(cost, "walked_frames")));
	ms_writef(writer, ", %s verified",
		  ms_human_count(human, ms_json_u64(cost, "verified_frames")));
	ms_writef(writer, ", %s rules worked out\n",
		  ms_human_count(human, ms_json_u64(cost, "rule_misses")));
	write_size(writer, "recorder's tables", ms_json_u64(cost, "table_bytes"));
}

static void write_index(struct ms_writer *writer, const json_t *index)
{
	char human[MS_HUMAN_BYTES];

	if (!json_is_object(index)) {
		write_pair(writer, "index", "none");
		return;
	}
	ms_writef(writer, "  %-18s  %s", "index",
		  ms_human_size(human, ms_json_u64(index, "bytes")));
	ms_writef(writer, ", %s checkpoints\n",
		  ms_human_count(human, ms_json_u64(index, "checkpoints")));
}

static void write_cost(struct ms_writer *writer, const json_t *trace)
{
	const json_t *cost = json_object_get(trace, "cost");
	const json_t *samples = json_object_get(trace, "samples");

	write_number(writer, "events", ms_json_u64(cost, "events"));
	if (json_is_real(json_object_get(cost, "bytes_per_event")))
		ms_writef(writer, "  %-18s  %.2f\n", "bytes an event",
			  json_real_value(json_object_get(cost, "bytes_per_event")));
	write_own_cost(writer, cost);
	write_index(writer, json_object_get(trace, "index"));
	write_number(writer, "stack nodes", ms_json_u64(trace, "stack_nodes"));
	write_number(writer, "memory samples", ms_json_u64(samples, "count"));
	if (ms_json_u64(samples, "count"))
		write_size(writer, "largest resident",
			   ms_json_u64(samples, "largest_resident_bytes"));
}

static void write_facts(struct ms_writer *writer, const json_t *trace)
{
	const json_t *facts = json_object_get(trace, "facts");
	size_t index;
	json_t *row;

	if (json_array_size(facts) == 0)
		return;
	ms_write_heading(writer, "Facts");
	json_array_foreach (facts, index, row) {
		ms_write_text(writer, "  ");
		ms_write_escaped(writer, ms_json_string(row, "key"), 0);
		ms_write_text(writer, ": ");
		ms_write_escaped(writer, ms_json_string(row, "value"), 0);
		ms_write_text(writer, "\n");
	}
}

static void write_modules(struct ms_writer *writer, const json_t *trace)
{
	char human[MS_HUMAN_BYTES];
	size_t index;
	json_t *row;

	ms_write_heading(writer, "Modules");
	json_array_foreach (json_object_get(trace, "modules"), index, row) {
		const json_t *gone = json_object_get(row, "gone_ns");
		const char *build_id = ms_json_string(row, "build_id");

		ms_write_text(writer, "  ");
		ms_write_escaped(writer, ms_json_string(row, "path"), 0);
		ms_writef(writer, "\n    %s-%s", ms_json_string(row, "start"),
			  ms_json_string(row, "end"));
		ms_writef(writer, ", seen after %s",
			  ms_human_time(human, ms_json_u64(row, "seen_ns")));
		if (json_is_number(gone))
			ms_writef(writer, ", gone after %s",
				  ms_human_time(human, ms_json_as_u64(gone)));
		ms_writef(writer, "\n    build-id %s", build_id ? build_id : "none");
		if (json_is_true(json_object_get(row, "file_differs")))
			ms_write_text(writer, ", the file here is missing or another");
		ms_write_text(writer, "\n");
	}
}

static ms_status write_table(struct ms_writer *writer, const char *heading,
			     const json_t *array, const struct ms_column *columns,
			     size_t count, struct ms_error *err)
{
	struct ms_array_rows rows;

	if (json_array_size(array) == 0)
		return MS_OK;
	ms_write_heading(writer, heading);
	ms_array_rows_init(&rows, array, 0, columns, count);
	return ms_render_table(writer, &rows.rows, err);
}

static ms_status write_tables(struct ms_writer *writer, const json_t *trace,
			      struct ms_error *err)
{
	static const struct ms_column threads[] = {
		{ "tid", "tid", MS_TYPE_ID, 10, "the kernel's id" },
		{ "begin_ns", "begin, s", MS_TYPE_INSTANT, 0, "first seen" },
		{ "end_ns", "end, s", MS_TYPE_INSTANT, 0, "gone" },
		{ "name", "name", MS_TYPE_TEXT, 0, "the last one" },
	};
	static const struct ms_column marks[] = {
		{ "tid", "tid", MS_TYPE_ID, 10, "the kernel's id of the thread" },
		{ "at_ns", "time, s", MS_TYPE_INSTANT, 0, "when" },
		{ "name", "name", MS_TYPE_TEXT, 0, "what the program said" },
	};
	static const struct ms_column windows[] = {
		{ "windows", "windows", MS_TYPE_COUNT, 10, "how many" },
		{ "open", "not sealed", MS_TYPE_COUNT, 0,
		  "still written when the log ended" },
		{ "bytes", "bytes", MS_TYPE_COUNT, 0, "of the file" },
		{ "used_bytes", "used", MS_TYPE_COUNT, 0, "committed" },
		{ "kind", "kind", MS_TYPE_TEXT, 0, "what is in them" },
	};
	static const struct ms_column list[] = {
		{ "offset", "offset", MS_TYPE_ID, 10, "in the file" },
		{ "length", "length", MS_TYPE_ID, 0, "bytes" },
		{ "sequence", "sequence", MS_TYPE_ID, 0, "order of handing out" },
		{ "owner", "owner", MS_TYPE_ID, 0, "thread, or first node" },
		{ "used_bytes", "used", MS_TYPE_ID, 0, "committed bytes" },
		{ "kind", "kind", MS_TYPE_TEXT, 0, "what is in it" },
	};
	static const struct ms_column maps[] = {
		{ "number", "number", MS_TYPE_ID, 10, "from 1" },
		{ "why", "taken at", MS_TYPE_TEXT, 0,
		  "exit, _exit, quick_exit, signal, api" },
		{ "at_ns", "at, s", MS_TYPE_INSTANT, 0, "when" },
		{ "pause_ns", "pause", MS_TYPE_NS, 0, "how long the program waited" },
		{ "resident_bytes", "resident", MS_TYPE_BYTES, 0, "memory then" },
		{ "threads", "threads", MS_TYPE_COUNT, 0, "running then" },
		{ "missing", "missing, since", MS_TYPE_TEXT, 0, "why there is none" },
	};
	ms_status status =
		write_table(writer, "Threads", json_object_get(trace, "threads"), threads,
			    COUNT(threads), err);

	if (status == MS_OK)
		status = write_table(writer, "Marks", json_object_get(trace, "marks"),
				     marks, COUNT(marks), err);
	if (status == MS_OK)
		status = write_table(writer, "Pointer maps",
				     json_object_get(trace, "pointer_maps"), maps,
				     COUNT(maps), err);
	if (status == MS_OK)
		status = write_table(writer, "Windows", json_object_get(trace, "windows"),
				     windows, COUNT(windows), err);
	if (status == MS_OK)
		status = write_table(writer, "Every window",
				     json_object_get(trace, "window_list"), list,
				     COUNT(list), err);
	return status;
}

static void write_notes(struct ms_writer *writer, const json_t *trace)
{
	const json_t *notes = json_object_get(trace, "notes");
	char human[MS_HUMAN_BYTES];
	size_t index;
	json_t *row;

	if (json_array_size(notes) == 0)
		return;
	ms_write_heading(writer, "Notes");
	json_array_foreach (notes, index, row) {
		const json_t *at = json_object_get(row, "at_ns");

		ms_write_text(writer, "  ");
		if (json_is_number(at))
			ms_writef(writer,
				  "after %s: ", ms_human_time(human, ms_json_as_u64(at)));
		ms_write_escaped(writer, ms_json_string(row, "text"), 0);
		ms_write_text(writer, "\n");
	}
}

static void write_damage(struct ms_writer *writer, const json_t *trace)
{
	const json_t *damage = json_object_get(trace, "damage");
	size_t index;
	json_t *row;

	ms_write_heading(writer, "Damage");
	if (json_array_size(damage) == 0)
		ms_write_text(writer, "  None.\n");
	json_array_foreach (damage, index, row) {
		ms_writef(writer, "  at byte %" PRIu64 " (%" PRIu64 " bytes): ",
			  ms_json_u64(row, "offset"), ms_json_u64(row, "length"));
		ms_write_escaped(writer, ms_json_string(row, "what"), 0);
		ms_write_text(writer, "\n");
	}
}

ms_status ms_render_info(struct ms_writer *writer, const json_t *document,
			 enum ms_format format, struct ms_error *err)
{
	ms_status status = MS_OK;
	size_t index;
	json_t *trace;

	if (format == MS_FORMAT_JSON)
		return ms_render_json(writer, document, err);
	if (format == MS_FORMAT_CSV)
		return ms_render_flat_csv(writer, document, err);
	json_array_foreach (json_object_get(document, "traces"), index, trace) {
		if (index)
			ms_write_text(writer, "\n");
		write_head(writer, trace);
		write_cost(writer, trace);
		write_facts(writer, trace);
		write_modules(writer, trace);
		status = write_tables(writer, trace, err);
		if (status != MS_OK)
			return status;
		write_notes(writer, trace);
		ms_write_losses(writer, json_object_get(trace, "lost"));
		write_damage(writer, trace);
	}
	return status;
}
