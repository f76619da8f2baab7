/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources_process.c - tables of what a trace says of itself: processes, threads, modules,
 * samples of memory, notes, losses.
 */
#include "analyzer/facade/sources.h"
#include "common/lost.h"

#include <stdio.h>

static void small(const struct ms_source *source, unsigned needs, double *rows,
		  double *reads)
{
	(void)needs;
	ms_made_estimate(source, false, rows, reads);
}

static void with_figures(const struct ms_source *source, unsigned needs, double *rows,
			 double *reads)
{
	(void)needs;
	ms_made_estimate(source, true, rows, reads);
}

/* --- processes ------------------------------------------------------------------------
 */

#define FIGURE(name, type, doc)       \
	{                             \
		name, type, 0, 0, doc \
	}

static const struct ms_source_column process_columns[] = {
	MS_TRACE_COLUMN,
	MS_PROCESS_COLUMN,
	FIGURE("path", MS_TYPE_TEXT, "of the trace"),
	FIGURE("command", MS_TYPE_TEXT, "the program's arguments"),
	FIGURE("parent_pid", MS_TYPE_ID, "pid of the parent"),
	FIGURE("forked", MS_TYPE_ID, "1: recorded since a fork"),
	FIGURE("became", MS_TYPE_TEXT, "what it executed at its end"),
	FIGURE("start_unix_ns", MS_TYPE_ID, "when recording began, since 1970"),
	FIGURE("duration_ns", MS_TYPE_NS, "of the recording"),
	FIGURE("ending", MS_TYPE_TEXT, "exited, or open: killed, or it still runs"),
	FIGURE("mode", MS_TYPE_TEXT, "how it was recorded: full, cull, sample, counters"),
	FIGURE("events", MS_TYPE_COUNT, "in the log"),
	FIGURE("total_allocations", MS_TYPE_COUNT, "calls that made a block"),
	FIGURE("total_reallocations", MS_TYPE_COUNT, "calls that changed one"),
	FIGURE("total_deallocations", MS_TYPE_COUNT, "calls that ended one"),
	FIGURE("unmatched_deallocations", MS_TYPE_COUNT,
	       "of blocks that the log does not know"),
	FIGURE("active_allocations", MS_TYPE_COUNT, "blocks live at the end"),
	FIGURE("total_allocated", MS_TYPE_BYTES, "bytes of all blocks"),
	FIGURE("total_deallocated", MS_TYPE_BYTES, "bytes of ended blocks"),
	FIGURE("current_memory", MS_TYPE_BYTES, "bytes live at the end"),
	FIGURE("peak_memory", MS_TYPE_BYTES, "most bytes live at once"),
	FIGURE("peak_at_ns", MS_TYPE_INSTANT, "when that was first so"),
	FIGURE("failed_allocations", MS_TYPE_COUNT, "calls that found no memory"),
	FIGURE("overwritten_blocks", MS_TYPE_COUNT,
	       "blocks whose address was handed out again, their free was not seen"),
	FIGURE("overwritten_bytes", MS_TYPE_BYTES, "bytes of them"),
};

static ms_status make_processes(struct ms_tables *tables, const char *const *arguments,
				struct ms_doc *doc, json_t *rows, struct ms_error *err)
{
	const struct ms_views *views;
	ms_status status = ms_tables_end(tables, &views, err);

	(void)arguments;
	for (size_t i = 0; status == MS_OK && i < tables->m->count; i++) {
		const struct ms_trace *trace = &tables->m->traces[i];
		json_t *row = ms_made_row(tables, doc, rows, i);
		struct ms_known known;

		ms_view_known(views, i, &known);
		ms_doc_text(doc, row, "path", trace->path);
		ms_doc_process(doc, row, trace);
		/* END is a word of SQL. */
		ms_doc_text(doc, row, "ending", ms_json_string(row, "end"));
		ms_doc_totals(doc, row, &known);
		ms_doc_value(doc, row, "peak_at_ns",
			     known.absent & 1u << MS_KNOWN_PEAK_MEMORY
				     ? json_null()
				     : ms_json_number(known.peak_at_ns));
		ms_doc_u64(doc, row, "events", ms_store_event_count(trace->store));
	}
	return status;
}

static ms_status open_processes(struct ms_scan **out, const struct ms_source *source,
				const struct ms_scan_plan *plan, struct ms_error *err)
{
	return ms_made_open(out, source, plan, make_processes, err);
}

/* --- threads --------------------------------------------------------------------------
 */

static const struct ms_source_column thread_columns[] = {
	MS_TRACE_COLUMN,
	MS_PROCESS_COLUMN,
	{ "thread", MS_TYPE_ID, MS_SOURCE_KEY, 0, "the kernel's id; NULL: not known" },
	{ "begin_ns", MS_TYPE_INSTANT, MS_SOURCE_KEY, 0, "first seen" },
	FIGURE("end_ns", MS_TYPE_INSTANT, "ended; NULL: was there at the end"),
	FIGURE("name", MS_TYPE_TEXT, "the last one that it had"),
	FIGURE("allocations", MS_TYPE_COUNT, "blocks that it made"),
	FIGURE("allocated", MS_TYPE_BYTES, "bytes of them"),
	FIGURE("live_blocks", MS_TYPE_COUNT, "of them live at the end"),
	FIGURE("live_bytes", MS_TYPE_BYTES, "bytes of those"),
	FIGURE("peak_blocks", MS_TYPE_COUNT, "of them live at the process's peak"),
	FIGURE("peak_bytes", MS_TYPE_BYTES, "bytes of those"),
	FIGURE("temporary", MS_TYPE_COUNT, "freed before it made another"),
};

static ms_status make_threads(struct ms_tables *tables, const char *const *arguments,
			      struct ms_doc *doc, json_t *rows, struct ms_error *err)
{
	const struct ms_views *views;
	ms_status status = ms_tables_end(tables, &views, err);
	size_t index, done = 0;
	json_t *row;

	(void)arguments;
	for (size_t i = 0; status == MS_OK && i < tables->m->count; i++) {
		const struct ms_trace *trace = &tables->m->traces[i];

		ms_view_threads(doc, rows, views, i);
		json_array_foreach (rows, index, row) {
			if (index < done)
				continue;
			ms_doc_u64(doc, row, "trace", i + 1);
			ms_doc_u64(doc, row, "process",
				   ms_metadata_process(trace->meta)->pid);
			ms_doc_value(doc, row, "thread",
				     json_incref(json_object_get(row, "tid")));
		}
		done = json_array_size(rows);
	}
	return status;
}

static ms_status open_threads(struct ms_scan **out, const struct ms_source *source,
			      const struct ms_scan_plan *plan, struct ms_error *err)
{
	return ms_made_open(out, source, plan, make_threads, err);
}

/* --- modules --------------------------------------------------------------------------
 */

static const struct ms_source_column module_columns[] = {
	MS_TRACE_COLUMN,
	MS_PROCESS_COLUMN,
	{ "id", MS_TYPE_ID, MS_SOURCE_KEY, 0, "in the log" },
	FIGURE("module", MS_TYPE_TEXT, "path of the file"),
	FIGURE("build_id", MS_TYPE_TEXT, "in hexadecimal; NULL: it has none"),
	FIGURE("base", MS_TYPE_ADDRESS, "load bias"),
	FIGURE("start_address", MS_TYPE_ADDRESS, "of the mapped range"),
	FIGURE("end_address", MS_TYPE_ADDRESS, "past the mapped range"),
	FIGURE("seen_ns", MS_TYPE_INSTANT, "first seen"),
	FIGURE("gone_ns", MS_TYPE_INSTANT, "unloaded; NULL: it was not"),
};

static void add_build_id(struct ms_doc *doc, json_t *row, const struct ms_module *module)
{
	char text[2 * 64 + 1] = "";

	for (size_t i = 0; i < module->build_id_bytes && i < 64; i++)
		snprintf(text + 2 * i, 3, "%02x", module->build_id[i]);
	ms_doc_text(doc, row, "build_id", *text ? text : NULL);
}

/* As its bits: addresses are no magnitudes. */
static void add_address(struct ms_doc *doc, json_t *row, const char *key,
			uint64_t address)
{
	ms_doc_value(doc, row, key, json_integer((json_int_t)address));
}

static ms_status make_modules(struct ms_tables *tables, const char *const *arguments,
			      struct ms_doc *doc, json_t *rows, struct ms_error *err)
{
	(void)arguments;
	(void)err;
	for (size_t i = 0; i < tables->m->count; i++) {
		size_t count;
		const struct ms_module *modules =
			ms_metadata_modules(tables->m->traces[i].meta, &count);

		for (size_t k = 0; k < count; k++) {
			json_t *row = ms_made_row(tables, doc, rows, i);

			ms_doc_u64(doc, row, "id", modules[k].id);
			ms_doc_text(doc, row, "module", modules[k].path);
			add_build_id(doc, row, &modules[k]);
			add_address(doc, row, "base", modules[k].base);
			add_address(doc, row, "start_address", modules[k].start);
			add_address(doc, row, "end_address", modules[k].end);
			ms_doc_u64(doc, row, "seen_ns", modules[k].seen_ns);
			if (modules[k].gone_ns != UINT64_MAX)
				ms_doc_u64(doc, row, "gone_ns", modules[k].gone_ns);
		}
	}
	return MS_OK;
}

static ms_status open_modules(struct ms_scan **out, const struct ms_source *source,
			      const struct ms_scan_plan *plan, struct ms_error *err)
{
	return ms_made_open(out, source, plan, make_modules, err);
}

/* --- samples of memory, notes, losses
 * ---------------------------------------------------
 */

static const struct ms_source_column sample_columns[] = {
	MS_TRACE_COLUMN,
	MS_PROCESS_COLUMN,
	{ "time_ns", MS_TYPE_INSTANT, MS_SOURCE_KEY, 0, "since the recording began" },
	FIGURE("resident_bytes", MS_TYPE_BYTES, "of the process, in memory (RSS)"),
	FIGURE("minor_faults", MS_TYPE_COUNT, "of pages, so far"),
	FIGURE("major_faults", MS_TYPE_COUNT, "of pages, from disk, so far"),
};

static ms_status make_samples(struct ms_tables *tables, const char *const *arguments,
			      struct ms_doc *doc, json_t *rows, struct ms_error *err)
{
	(void)arguments;
	(void)err;
	for (size_t i = 0; i < tables->m->count; i++) {
		size_t count;
		const struct ms_sample *samples =
			ms_metadata_samples(tables->m->traces[i].meta, &count);

		for (size_t k = 0; k < count; k++) {
			json_t *row = ms_made_row(tables, doc, rows, i);

			ms_doc_u64(doc, row, "time_ns", samples[k].at_ns);
			ms_doc_u64(doc, row, "resident_bytes", samples[k].resident_bytes);
			ms_doc_u64(doc, row, "minor_faults", samples[k].minor_faults);
			ms_doc_u64(doc, row, "major_faults", samples[k].major_faults);
		}
	}
	return MS_OK;
}

static ms_status open_samples(struct ms_scan **out, const struct ms_source *source,
			      const struct ms_scan_plan *plan, struct ms_error *err)
{
	return ms_made_open(out, source, plan, make_samples, err);
}

static const struct ms_source_column note_columns[] = {
	MS_TRACE_COLUMN,
	MS_PROCESS_COLUMN,
	{ "number", MS_TYPE_ID, MS_SOURCE_KEY, 0, "in the log, from 1" },
	FIGURE("time_ns", MS_TYPE_INSTANT, "of a switch; NULL for a text"),
	FIGURE("recording", MS_TYPE_ID, "1: switched on, 0: off; NULL for a text"),
	FIGURE("text", MS_TYPE_TEXT, "what the recorder said"),
};

static ms_status make_notes(struct ms_tables *tables, const char *const *arguments,
			    struct ms_doc *doc, json_t *rows, struct ms_error *err)
{
	(void)arguments;
	(void)err;
	for (size_t i = 0; i < tables->m->count; i++) {
		size_t count;
		const struct ms_note *notes =
			ms_metadata_notes(tables->m->traces[i].meta, &count);

		for (size_t k = 0; k < count; k++) {
			json_t *row = ms_made_row(tables, doc, rows, i);

			ms_doc_u64(doc, row, "number", k + 1);
			ms_doc_text(doc, row, "text", notes[k].text);
			if (notes[k].on < 0)
				continue;
			ms_doc_u64(doc, row, "time_ns", notes[k].at_ns);
			ms_doc_u64(doc, row, "recording", notes[k].on > 0);
		}
	}
	return MS_OK;
}

static ms_status open_notes(struct ms_scan **out, const struct ms_source *source,
			    const struct ms_scan_plan *plan, struct ms_error *err)
{
	return ms_made_open(out, source, plan, make_notes, err);
}

static const struct ms_source_column lost_columns[] = {
	MS_TRACE_COLUMN,
	MS_PROCESS_COLUMN,
	{ "name", MS_TYPE_TEXT, MS_SOURCE_KEY, 0,
	  "of the counter, as in memscope-log(5)" },
	FIGURE("count", MS_TYPE_COUNT, "how many; 0: none was lost"),
	FIGURE("meaning", MS_TYPE_TEXT, "what is counted"),
};

static ms_status make_lost(struct ms_tables *tables, const char *const *arguments,
			   struct ms_doc *doc, json_t *rows, struct ms_error *err)
{
	static const char *const texts[MS_LOST_COUNT][2] = {
#define X(id, index, name, meaning) [index] = { name, meaning },
		MS_LOST_KINDS(X)
#undef X
	};

	(void)arguments;
	(void)err;
	for (size_t i = 0; i < tables->m->count; i++) {
		const struct ms_wire_status *status =
			ms_log_status(tables->m->traces[i].log);

		for (size_t k = 0; k < MS_LOST_COUNT; k++) {
			json_t *row = ms_made_row(tables, doc, rows, i);

			ms_doc_text(doc, row, "name", texts[k][0]);
			ms_doc_u64(doc, row, "count", status->lost[k]);
			ms_doc_text(doc, row, "meaning", texts[k][1]);
		}
	}
	return MS_OK;
}

static ms_status open_lost(struct ms_scan **out, const struct ms_source *source,
			   const struct ms_scan_plan *plan, struct ms_error *err)
{
	return ms_made_open(out, source, plan, make_lost, err);
}

/* --- the sources
 * ------------------------------------------------------------------------
 */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct ms_source ms_source_processes = {
	.name = "processes",
	.doc = "One row a trace, with the totals of the summary.",
	.columns = process_columns,
	.column_count = COUNT(process_columns),
	.estimate = with_figures,
	.open = open_processes,
};

const struct ms_source ms_source_threads = {
	.name = "threads",
	.doc = "Threads, with figures of the blocks that they made, whoever freed them.",
	.columns = thread_columns,
	.column_count = COUNT(thread_columns),
	.estimate = with_figures,
	.open = open_threads,
};

const struct ms_source ms_source_modules = {
	.name = "modules",
	.doc = "The program and its libraries, with the time that they were there.",
	.columns = module_columns,
	.column_count = COUNT(module_columns),
	.estimate = small,
	.open = open_modules,
};

const struct ms_source ms_source_samples = {
	.name = "samples",
	.doc = "The process's memory as the kernel saw it, now and then.",
	.columns = sample_columns,
	.column_count = COUNT(sample_columns),
	.estimate = small,
	.open = open_samples,
};

const struct ms_source ms_source_notes = {
	.name = "notes",
	.doc = "When recording was switched on and off, and what the recorder said.",
	.columns = note_columns,
	.column_count = COUNT(note_columns),
	.estimate = small,
	.open = open_notes,
};

const struct ms_source ms_source_lost = {
	.name = "lost",
	.doc = "What was not recorded, a row a counter.",
	.columns = lost_columns,
	.column_count = COUNT(lost_columns),
	.estimate = small,
	.open = open_lost,
};
