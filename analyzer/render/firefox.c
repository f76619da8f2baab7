/* SPDX-License-Identifier: Apache-2.0 */
/*
 * firefox.c - a processed profile for profiler.firefox.com: one metric as native
 * allocations, and the heap over time as a counter.
 *
 * Every table is an object of columns.  The version is one that all later readers
 * upgrade.  Metrics of bytes are native allocations, others weights of samples.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/render/formats.h"
#include "analyzer/render/frame_functions.h"
#include "analyzer/render/parts.h"
#include "analyzer/render/text_table.h"

#include <inttypes.h>

#define VERSION 48

struct tables {
	struct ms_writer *writer;
	const struct ms_profile *profile;
	struct ms_frame_functions functions;
	struct ms_text_table texts;
	uint32_t *names, *files; /* of functions: texts */
	uint32_t *marker_names;	 /* of all processes: the recording, and marks */
	size_t first_marker;	 /* of the process */
	uint32_t process;
	struct ms_error *err;
};

/* A row's cell of a column. */
typedef void cell_fn(struct tables *t, size_t i);

static void number(struct tables *t, uint64_t value)
{
	ms_writef(t->writer, "%" PRIu64, value);
}

static void column(struct tables *t, const char *name, size_t count, cell_fn *cell)
{
	ms_writef(t->writer, ",\n\"%s\":[", name);
	for (size_t i = 0; i < count && !t->writer->failure; i++) {
		if (i)
			ms_write(t->writer, ",", 1);
		cell(t, i);
	}
	ms_write_text(t->writer, "]");
}

static void open_table(struct tables *t, const char *name, size_t count)
{
	ms_writef(t->writer, ",\n\"%s\":{\"length\":%zu", name, count);
}

static void close_table(struct tables *t)
{
	ms_write_text(t->writer, "}");
}

static void null_cell(struct tables *t, size_t i)
{
	(void)i;
	ms_write_text(t->writer, "null");
}

static void zero_cell(struct tables *t, size_t i)
{
	(void)i;
	ms_write_text(t->writer, "0");
}

static void none_cell(struct tables *t, size_t i)
{
	(void)i;
	ms_write_text(t->writer, "-1");
}

static void false_cell(struct tables *t, size_t i)
{
	(void)i;
	ms_write_text(t->writer, "false");
}

/* --- frames, functions and stacks
 * ------------------------------------------------------------ */

static void func_cell(struct tables *t, size_t i)
{
	number(t, t->functions.of[i]);
}

static void line_cell(struct tables *t, size_t i)
{
	if (t->profile->frames[i].line)
		number(t, t->profile->frames[i].line);
	else
		null_cell(t, i);
}

static void name_cell(struct tables *t, size_t i)
{
	number(t, t->names[i]);
}

static void file_cell(struct tables *t, size_t i)
{
	if (t->files[i] == MS_PROFILE_NONE)
		null_cell(t, i);
	else
		number(t, t->files[i]);
}

/* Node 0 is no stack: the numbers are one less. */
static void stack_frame_cell(struct tables *t, size_t i)
{
	number(t, t->profile->nodes[i + 1].frame);
}

static void prefix_cell(struct tables *t, size_t i)
{
	uint32_t parent = t->profile->nodes[i + 1].parent;

	if (parent)
		number(t, parent - 1);
	else
		null_cell(t, i);
}

static void write_frames(struct tables *t)
{
	size_t n = t->profile->frame_count;

	open_table(t, "frameTable", n);
	column(t, "address", n, none_cell);
	column(t, "inlineDepth", n, zero_cell);
	column(t, "category", n, null_cell);
	column(t, "subcategory", n, null_cell);
	column(t, "func", n, func_cell);
	column(t, "nativeSymbol", n, null_cell);
	column(t, "innerWindowID", n, null_cell);
	column(t, "implementation", n, null_cell);
	column(t, "line", n, line_cell);
	column(t, "column", n, null_cell);
	close_table(t);
	n = t->functions.count;
	open_table(t, "funcTable", n);
	column(t, "isJS", n, false_cell);
	column(t, "relevantForJS", n, false_cell);
	column(t, "name", n, name_cell);
	column(t, "resource", n, none_cell);
	column(t, "fileName", n, file_cell);
	column(t, "lineNumber", n, null_cell);
	column(t, "columnNumber", n, null_cell);
	close_table(t);
	n = t->profile->node_count - 1;
	open_table(t, "stackTable", n);
	column(t, "frame", n, stack_frame_cell);
	column(t, "prefix", n, prefix_cell);
	column(t, "category", n, zero_cell);
	column(t, "subcategory", n, zero_cell);
	close_table(t);
}

/* --- allocations
 * ------------------------------------------------------------------------ */

/* Rows of other processes have no weight in this one. */
static uint64_t weight(const struct tables *t, size_t i)
{
	const struct ms_profile_row *row = &t->profile->rows[i];

	return row->process == t->process ? row->value[t->profile->metric] : 0;
}

static void write_time(struct tables *t, uint64_t ns)
{
	ms_writef(t->writer, "%" PRIu64 ".%06u", ns / 1000000, (unsigned)(ns % 1000000));
}

static void time_value(struct tables *t, size_t i)
{
	(void)i;
	write_time(t, t->profile->processes[t->process].at_ns);
}

static void weight_value(struct tables *t, size_t i)
{
	number(t, weight(t, i));
}

static void stack_value(struct tables *t, size_t i)
{
	number(t, t->profile->rows[i].node - 1);
}

/* A column of the rows that have some of the metric. */
static void row_column(struct tables *t, const char *name, cell_fn *cell)
{
	const char *before = "";

	ms_writef(t->writer, ",\n\"%s\":[", name);
	for (size_t i = 0; i < t->profile->row_count && !t->writer->failure; i++) {
		if (!weight(t, i))
			continue;
		ms_write_text(t->writer, before);
		cell(t, i);
		before = ",";
	}
	ms_write_text(t->writer, "]");
}

static void write_rows(struct tables *t, const char *table, const char *type)
{
	size_t count = 0;

	for (size_t i = 0; i < t->profile->row_count; i++)
		count += weight(t, i) != 0;
	open_table(t, table, count);
	ms_writef(t->writer, ",\"weightType\":\"%s\"", type);
	row_column(t, "time", time_value);
	row_column(t, "stack", stack_value);
	row_column(t, "weight", weight_value);
	close_table(t);
}

static void write_allocations(struct tables *t)
{
	if (ms_metrics[t->profile->metric].bytes) {
		write_rows(t, "nativeAllocations", "bytes");
		ms_write_text(t->writer,
			      ",\n\"samples\":{\"length\":0,\"weightType\":\"samples\","
			      "\"weight\":null,\"stack\":[],\"time\":[]}");
	} else {
		write_rows(t, "samples", "samples");
	}
}

/* --- markers: the recording, and the program's marks
 * ----------------------------------------- */

static const struct ms_profile_mark *mark_at(const struct tables *t, size_t i)
{
	return &t->profile->processes[t->process].marks[i - 1];
}

static void marker_name(struct tables *t, size_t i)
{
	number(t, t->marker_names[t->first_marker + i]);
}

static void marker_start(struct tables *t, size_t i)
{
	write_time(t, i ? mark_at(t, i)->at_ns : 0);
}

static void marker_end(struct tables *t, size_t i)
{
	if (i)
		null_cell(t, i);
	else
		write_time(t, t->profile->processes[t->process].duration_ns);
}

/* An interval, then instants. */
static void marker_phase(struct tables *t, size_t i)
{
	number(t, i == 0);
}

static void write_markers(struct tables *t)
{
	size_t n = t->profile->processes[t->process].mark_count + 1;

	open_table(t, "markers", n);
	column(t, "data", n, null_cell);
	column(t, "name", n, marker_name);
	column(t, "startTime", n, marker_start);
	column(t, "endTime", n, marker_end);
	column(t, "phase", n, marker_phase);
	column(t, "category", n, zero_cell);
	close_table(t);
	t->first_marker += n;
}

/* --- the rest of a thread
 * --------------------------------------------------------------- */

static ms_status write_texts(struct tables *t)
{
	ms_status status = MS_OK;

	ms_write_text(t->writer, ",\n\"stringArray\":[");
	for (size_t i = 0; status == MS_OK && i < t->texts.count; i++) {
		ms_write_text(t->writer, i ? ",\n" : "\n");
		status = ms_write_json_text(t->writer, t->texts.items[i], t->err);
	}
	ms_write_text(t->writer, "]");
	return status;
}

/* One of a process stands for all its threads. */
static ms_status write_thread(struct tables *t)
{
	static const char *const empty =
		",\n\"resourceTable\":{\"length\":0,\"lib\":[],\"name\":[],\"host\":[],"
		"\"type\":[]},\n\"nativeSymbols\":{\"length\":0,\"libIndex\":[],"
		"\"address\":[],\"name\":[],\"functionSize\":[]}";
	const struct ms_profile_process *process = &t->profile->processes[t->process];
	ms_status status;

	ms_writef(t->writer,
		  "{\"processType\":\"default\",\"processStartupTime\":0,"
		  "\"processShutdownTime\":null,\"registerTime\":0,"
		  "\"unregisterTime\":null,\"pausedRanges\":[],\"isMainThread\":true,"
		  "\"pid\":\"%" PRIu64 "\",\"tid\":%" PRIu64 ",\"name\":\"heap: %s\","
		  "\n\"processName\":",
		  process->pid, process->pid, ms_metrics[t->profile->metric].title);
	status = ms_write_json_text(t->writer, process->command, t->err);
	write_allocations(t);
	write_frames(t);
	ms_write_text(t->writer, empty);
	write_markers(t);
	if (status == MS_OK)
		status = write_texts(t);
	ms_write_text(t->writer, "}");
	return status;
}

static void point_time(struct tables *t, size_t i)
{
	write_time(t, t->profile->processes[t->process].points[i].at_ns);
}

/* Counters of memory are sums of differences. */
static void point_change(struct tables *t, size_t i)
{
	const struct ms_profile_point *p = t->profile->processes[t->process].points;
	int64_t before = i ? (int64_t)p[i - 1].live_bytes : 0;

	ms_writef(t->writer, "%" PRId64, (int64_t)p[i].live_bytes - before);
}

static void write_counter(struct tables *t)
{
	const struct ms_profile_process *process = &t->profile->processes[t->process];

	ms_writef(t->writer,
		  "%s{\"name\":\"malloc\",\"category\":\"Memory\","
		  "\"description\":\"bytes live\",\"pid\":\"%" PRIu64
		  "\",\"mainThreadIndex\":%" PRIu32 ",\"samples\":{\"length\":%zu",
		  t->process ? ",\n" : "\n", process->pid, t->process,
		  process->point_count);
	column(t, "time", process->point_count, point_time);
	column(t, "count", process->point_count, point_change);
	ms_write_text(t->writer, "}}");
}

/* --- all of it
 * ---------------------------------------------------------------------------- */

/* Names and files of functions in the table of texts; 0, or -1 without memory. */
static int find_texts(struct tables *t)
{
	struct ms_strbuf name;
	int64_t id = 0;

	ms_strbuf_init(&name);
	for (size_t i = 0; id >= 0 && i < t->functions.count; i++) {
		uint32_t frame = t->functions.first[i];
		const char *file = t->profile->frames[frame].file;

		ms_strbuf_clear(&name);
		ms_profile_name(&name, t->profile, frame);
		id = name.failed ? -1
				 : ms_text_table_add(&t->texts, ms_strbuf_text(&name));
		t->names[i] = (uint32_t)id;
		t->files[i] = MS_PROFILE_NONE;
		if (id >= 0 && file) {
			id = ms_text_table_add(&t->texts, file);
			t->files[i] = (uint32_t)id;
		}
	}
	ms_strbuf_release(&name);
	return id < 0 ? -1 : 0;
}

static int find_marker_names(struct tables *t)
{
	const struct ms_profile *p = t->profile;
	size_t count = 0;

	for (size_t i = 0; i < p->process_count; i++)
		count += p->processes[i].mark_count + 1;
	t->marker_names = ms_alloc_zero(count, sizeof(*t->marker_names));
	count = 0;
	for (size_t i = 0; t->marker_names && i < p->process_count; i++) {
		for (size_t m = 0; m <= p->processes[i].mark_count; m++) {
			int64_t id = ms_text_table_add(
				&t->texts,
				m ? p->processes[i].marks[m - 1].name : "recording");

			if (id < 0)
				return -1;
			t->marker_names[count++] = (uint32_t)id;
		}
	}
	return t->marker_names ? 0 : -1;
}

static ms_status write_all(struct tables *t)
{
	const struct ms_profile *p = t->profile;
	ms_status status = MS_OK;

	ms_writef(t->writer,
		  "{\"meta\":{\"preprocessedProfileVersion\":%d,\"version\":27,"
		  "\"interval\":1,\"startTime\":%" PRIu64 ",\"processType\":0,"
		  "\"stackwalk\":1,\"symbolicated\":true,\"debug\":false,"
		  "\"product\":\"memscope\",\"importedFrom\":\"memscope " MS_VERSION "\","
		  "\"platform\":\"Linux\",\"oscpu\":\"\",\"misc\":\"\",\"toolkit\":\"\","
		  "\"abi\":\"\",\"markerSchema\":[],\"extensions\":{\"length\":0,"
		  "\"id\":[],\"name\":[],\"baseURL\":[]},\n",
		  VERSION, p->processes[0].start_unix_ns / 1000000);
	ms_write_text(t->writer, "\"categories\":[{\"name\":\"Other\",\"color\":\"grey\","
				 "\"subcategories\":[\"Other\"]}]},\n\"libs\":[],"
				 "\"pages\":[],\n\"counters\":[");
	for (t->process = 0; t->process < p->process_count; t->process++)
		write_counter(t);
	ms_write_text(t->writer, "],\n\"threads\":[");
	for (t->process = 0; status == MS_OK && t->process < p->process_count;
	     t->process++) {
		ms_write_text(t->writer, t->process ? ",\n" : "\n");
		status = write_thread(t);
	}
	ms_write_text(t->writer, "]}\n");
	return status;
}

ms_status ms_export_firefox(struct ms_writer *writer, const struct ms_profile *profile,
			    struct ms_error *err)
{
	struct tables t = { .writer = writer, .profile = profile, .err = err };
	ms_status status = ms_frame_functions_init(&t.functions, profile, err);

	ms_text_table_init(&t.texts);
	t.names = ms_alloc_zero(t.functions.count + 1, sizeof(*t.names));
	t.files = ms_alloc_zero(t.functions.count + 1, sizeof(*t.files));
	if (status == MS_OK &&
	    (!t.names || !t.files || find_texts(&t) < 0 || find_marker_names(&t) < 0))
		status = ms_fail_memory(err);
	if (status == MS_OK)
		status = write_all(&t);
	ms_free(t.names);
	ms_free(t.files);
	ms_free(t.marker_names);
	ms_frame_functions_release(&t.functions);
	ms_text_table_release(&t.texts);
	return status;
}
