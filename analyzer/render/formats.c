/* SPDX-License-Identifier: Apache-2.0 */
/*
 * formats.c - the table of formats: what render --format takes and --list-formats shows.
 */
#include "analyzer/render/formats.h"
#include "analyzer/render/parts.h"

#include <string.h>

const struct ms_export ms_exports[] = {
	{ "html", "html", "the dashboard: all of it in one page", "a web browser", false,
	  MS_EXPORT_ALL, NULL },
	{ "svg", "svg", "a flame graph to click and search, or one of changes",
	  "a web browser, Inkscape", false, MS_EXPORT_METRIC | MS_EXPORT_FLAME, NULL },
	{ "folded", "folded", "stacks on one line each, with a figure",
	  "flamegraph.pl, speedscope, inferno", false, MS_EXPORT_METRIC,
	  ms_export_folded },
	{ "pprof", "pb.gz", "stacks by thread with every figure, files, lines, modules",
	  "pprof, go tool pprof, Grafana Pyroscope, speedscope", true,
	  MS_EXPORT_THREADS | MS_EXPORT_LEAKS, ms_export_pprof },
	{ "speedscope", "speedscope.json", "stacks with every figure, one profile each",
	  "speedscope.app", false, MS_EXPORT_LEAKS, ms_export_speedscope },
	{ "firefox", "firefox.json", "stacks as native allocations, bytes live over time",
	  "profiler.firefox.com", false, MS_EXPORT_METRIC | MS_EXPORT_POINTS,
	  ms_export_firefox },
	{ "perfetto", "pftrace", "heap profiles, counters over time, threads, marks",
	  "ui.perfetto.dev, trace_processor", true, MS_EXPORT_POINTS,
	  ms_export_perfetto },
	{ "chrome", "trace.json", "counters over time, threads, marks",
	  "ui.perfetto.dev, chrome://tracing", false, MS_EXPORT_POINTS,
	  ms_export_chrome },
	{ "dhat", "dhat.json", "sums, lifetimes and maxima of stacks",
	  "Valgrind's dh_view.html", false, MS_EXPORT_LIVES | MS_EXPORT_ONE,
	  ms_export_dhat },
	{ "massif", "massif", "the heap over time, with trees of what lived",
	  "ms_print, massif-visualizer", false,
	  MS_EXPORT_POINTS | MS_EXPORT_MOMENTS | MS_EXPORT_ONE, ms_export_massif },
	{ "heaptrack", "heaptrack", "every allocation and free, with stacks",
	  "heaptrack_print, heaptrack_gui", false,
	  MS_EXPORT_EVENTS | MS_EXPORT_POINTS | MS_EXPORT_ONE, ms_export_heaptrack },
	{ "callgrind", "callgrind", "costs of functions, lines and calls",
	  "callgrind_annotate, KCachegrind, QCachegrind", false, MS_EXPORT_LEAKS,
	  ms_export_callgrind },
	{ "dot", "dot", "the call graph of what matters", "Graphviz, xdot", false,
	  MS_EXPORT_METRIC, ms_export_dot },
	{ "csv", "csv", "a row a stack and thread, with every figure",
	  "spreadsheets, pandas, R", false, MS_EXPORT_THREADS | MS_EXPORT_LEAKS,
	  ms_export_csv },
};
const size_t ms_export_count = sizeof(ms_exports) / sizeof(ms_exports[0]);

const struct ms_export *ms_export_find(const char *name)
{
	for (size_t i = 0; i < ms_export_count; i++) {
		if (strcmp(ms_exports[i].name, name) == 0)
			return &ms_exports[i];
	}
	return NULL;
}

static int add_format(json_t *array, const struct ms_export *format)
{
	json_t *row =
		json_pack("{s:s, s:s, s:b, s:b, s:s, s:s}", "name", format->name,
			  "extension", format->extension, "binary", (int)format->binary,
			  "metric", (format->needs & MS_EXPORT_METRIC) != 0, "what",
			  format->what, "readers", format->readers);

	return row ? json_array_append_new(array, row) : -1;
}

json_t *ms_export_list(void)
{
	json_t *array = json_array(), *document;

	for (size_t i = 0; array && i < ms_export_count; i++) {
		if (add_format(array, &ms_exports[i]) == 0)
			continue;
		json_decref(array);
		array = NULL;
	}
	document = array ? json_object() : NULL;
	if (document && json_object_set_new(document, "formats", array) == 0)
		return document;
	/* A member that could not be set is gone already. */
	if (!document)
		json_decref(array);
	json_decref(document);
	return NULL;
}

ms_status ms_render_formats(struct ms_writer *writer, const json_t *document,
			    enum ms_format format, struct ms_error *err)
{
	static const struct ms_column columns[] = {
		{ "name", "format", MS_TYPE_TEXT, 0, "as --format takes it" },
		{ "extension", "file", MS_TYPE_TEXT, 0, "extension that is usual" },
		{ "what", "what", MS_TYPE_TEXT, 0, "what it holds" },
		{ "readers", "who opens it", MS_TYPE_TEXT, 0, "programs that read it" },
	};
	struct ms_array_rows rows;

	if (format == MS_FORMAT_JSON)
		return ms_render_json(writer, document, err);
	ms_array_rows_init(&rows, json_object_get(document, "formats"), 0, columns,
			   sizeof(columns) / sizeof(columns[0]));
	return ms_render_rows(writer, &rows.rows, format, err);
}
