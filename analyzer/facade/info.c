/* SPDX-License-Identifier: Apache-2.0 */
/*
 * info.c - what a log is made of: head, process, modules, threads, windows, damage.
 */
#include "analyzer/base/strbuf.h"
#include "analyzer/facade/compose.h"

#include <stdio.h>

static const char *clock_name(unsigned clock)
{
	switch (clock) {
	case MS_CLOCK_TSC:
		return "tsc";
	case MS_CLOCK_MONOTONIC:
		return "monotonic";
	default:
		return "unknown";
	}
}

static void add_head(struct ms_doc *doc, json_t *object, const struct ms_trace *trace)
{
	const struct ms_wire_head *head = ms_log_head(trace->log);
	uint64_t mult = ms_log_scale(trace->log)->mult;
	char version[32];

	snprintf(version, sizeof(version), "%u.%u", head->major, head->minor);
	ms_doc_text(doc, object, "format", version);
	ms_doc_u64(doc, object, "file_bytes", ms_log_file_bytes(trace->log));
	ms_doc_u64(doc, object, "machine", head->machine);
	ms_doc_u64(doc, object, "pointer_bytes", head->pointer_bytes);
	ms_doc_u64(doc, object, "page_bytes", head->page_bytes);
	ms_doc_u64(doc, object, "cpus", head->cpus);
	ms_doc_text(doc, object, "clock", clock_name(head->clock));
	ms_doc_u64(doc, object, "start_ticks", head->start_ticks);
	ms_doc_u64(doc, object, "start_mono_ns", head->start_mono_ns);
	/* As every tick of this log is converted: mult is in 2^-32 nanoseconds. */
	ms_doc_value(doc, object, "ticks_per_second",
		     mult ? json_real(1e9 * 4294967296.0 / (double)mult) : json_null());
}

static void add_facts(struct ms_doc *doc, json_t *array, const struct ms_trace *trace)
{
	size_t count;
	const struct ms_fact *facts = ms_metadata_facts(trace->meta, &count);

	for (size_t i = 0; i < count; i++) {
		json_t *row = ms_doc_append(doc, array);

		ms_doc_text(doc, row, "key", facts[i].key);
		ms_doc_text(doc, row, "value", facts[i].value);
	}
}

static void add_build_id(struct ms_doc *doc, json_t *row, const struct ms_module *module)
{
	struct ms_strbuf text;

	ms_strbuf_init(&text);
	for (size_t i = 0; i < module->build_id_bytes; i++)
		ms_strbuf_appendf(&text, "%02x", module->build_id[i]);
	doc->failed |= text.failed;
	ms_doc_text(doc, row, "build_id",
		    module->build_id_bytes ? ms_strbuf_text(&text) : NULL);
	ms_strbuf_release(&text);
}

void ms_doc_module(struct ms_doc *doc, json_t *object, const struct ms_trace *trace,
		   const struct ms_module *module)
{
	ms_doc_text(doc, object, "path", module->path);
	ms_doc_hex(doc, object, "base", module->base);
	ms_doc_hex(doc, object, "start", module->start);
	ms_doc_hex(doc, object, "end", module->end);
	ms_doc_u64(doc, object, "seen_ns", module->seen_ns);
	ms_doc_value(doc, object, "gone_ns",
		     module->gone_ns == UINT64_MAX ? json_null()
						   : ms_json_number(module->gone_ns));
	add_build_id(doc, object, module);
	ms_doc_bool(doc, object, "file_differs",
		    ms_metadata_module_file_differs(trace->meta, module->id));
}

static void add_modules(struct ms_doc *doc, json_t *array, const struct ms_trace *trace)
{
	size_t count;
	const struct ms_module *modules = ms_metadata_modules(trace->meta, &count);

	for (size_t i = 0; i < count; i++)
		ms_doc_module(doc, ms_doc_append(doc, array), trace, &modules[i]);
}

static void add_threads(struct ms_doc *doc, json_t *array, const struct ms_trace *trace)
{
	size_t count;
	const struct ms_thread *threads = ms_metadata_threads(trace->meta, &count);

	for (size_t i = 0; i < count; i++) {
		json_t *row = ms_doc_append(doc, array);

		ms_doc_u64(doc, row, "tid", threads[i].tid);
		ms_doc_text(doc, row, "name", *threads[i].name ? threads[i].name : NULL);
		ms_doc_u64(doc, row, "begin_ns", threads[i].begin_ns);
		ms_doc_value(doc, row, "end_ns",
			     threads[i].end_ns == UINT64_MAX
				     ? json_null()
				     : ms_json_number(threads[i].end_ns));
	}
}

/* --- windows --------------------------------------------------------------------------
 */

static const char *window_name(unsigned kind)
{
	switch (kind) {
	case MS_WINDOW_EVENTS:
		return "events";
	case MS_WINDOW_META:
		return "records";
	case MS_WINDOW_NODES:
		return "stack nodes";
	case MS_WINDOW_COUNTERS:
		return "counters";
	case MS_WINDOW_POINTERS:
		return "pointers";
	default:
		return "unknown";
	}
}

static void add_window_kind(struct ms_doc *doc, json_t *array,
			    const struct ms_log_window *windows, size_t count,
			    unsigned kind)
{
	bool in_place = kind == MS_WINDOW_NODES || kind == MS_WINDOW_COUNTERS;
	uint64_t number = 0, open = 0, bytes = 0, used = 0;
	json_t *row;

	for (size_t i = 0; i < count; i++) {
		bool known = windows[i].kind >= MS_WINDOW_EVENTS &&
			     windows[i].kind <= MS_WINDOW_POINTERS;

		if (known ? windows[i].kind != kind : kind != 0)
			continue;
		number++;
		open += !windows[i].sealed;
		bytes += windows[i].length;
		used += windows[i].commit;
	}
	if (!number)
		return;
	row = ms_doc_append(doc, array);
	ms_doc_text(doc, row, "kind", window_name(kind));
	ms_doc_u64(doc, row, "windows", number);
	/* What lies there is valid by itself: the window commits and seals nothing. */
	ms_doc_value(doc, row, "open", in_place ? json_null() : ms_json_number(open));
	ms_doc_u64(doc, row, "bytes", bytes);
	ms_doc_value(doc, row, "used_bytes",
		     in_place ? json_null() : ms_json_number(used));
}

static void add_window_list(struct ms_doc *doc, json_t *array,
			    const struct ms_log_window *windows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		json_t *row = ms_doc_append(doc, array);

		ms_doc_u64(doc, row, "offset", windows[i].offset);
		ms_doc_u64(doc, row, "length", windows[i].length);
		ms_doc_u64(doc, row, "sequence", windows[i].sequence);
		ms_doc_text(doc, row, "kind", window_name(windows[i].kind));
		ms_doc_u64(doc, row, "owner", windows[i].owner);
		ms_doc_u64(doc, row, "used_bytes", windows[i].commit);
		ms_doc_bool(doc, row, "sealed", windows[i].sealed);
	}
}

static void add_windows(struct ms_doc *doc, json_t *object, const struct ms_trace *trace,
			bool list)
{
	size_t count;
	const struct ms_log_window *windows = ms_log_windows(trace->log, &count);
	json_t *array = ms_doc_array(doc, object, "windows");

	for (unsigned kind = MS_WINDOW_EVENTS; kind <= MS_WINDOW_POINTERS; kind++)
		add_window_kind(doc, array, windows, count, kind);
	add_window_kind(doc, array, windows, count, 0);
	if (list)
		add_window_list(doc, ms_doc_array(doc, object, "window_list"), windows,
				count);
}

static json_t *quotient(double part, double whole)
{
	return whole > 0 ? json_real(part / whole) : json_null();
}

/*
 * What recording cost the program.  Some hooks were timed; the others are taken to have
 * cost as much, on average.
 */
static void add_own_cost(struct ms_doc *doc, json_t *object, const struct ms_trace *trace)
{
	static const char *const names[MS_COST_COUNT] = {
#define X(id, key, name, meaning) [key] = name,
		MS_COST_KINDS(X)
#undef X
	};
	double ns_a_tick = (double)ms_log_scale(trace->log)->mult / 4294967296.0;
	double an_event, all;
	uint64_t values[MS_COST_COUNT];

	if (!ms_metadata_cost(trace->meta, values))
		return;
	for (size_t key = 0; key < MS_COST_COUNT; key++)
		if (key != MS_COST_EVENT_BYTES) /* the windows tell that better */
			ms_doc_u64(doc, object, names[key], values[key]);
	if (!values[MS_COST_TIMED_HOOKS])
		return;
	an_event = (double)values[MS_COST_TIMED_TICKS] * ns_a_tick /
		   (double)values[MS_COST_TIMED_HOOKS];
	all = an_event * (double)ms_store_event_count(trace->store) +
	      (double)values[MS_COST_ROOM_TICKS] * ns_a_tick;
	ms_doc_value(doc, object, "ns_per_event", json_real(an_event));
	ms_doc_u64(doc, object, "recording_ns", (uint64_t)all);
	/* Making room is timed on the wall: a thread that waited there makes it no share.
	 */
	ms_doc_value(doc, object, "cpu_share",
		     all <= (double)values[MS_COST_CPU_NS]
			     ? quotient(all, (double)values[MS_COST_CPU_NS])
			     : json_null());
	ms_doc_value(doc, object, "known_stack_share",
		     quotient((double)values[MS_COST_KNOWN_STACKS],
			      (double)values[MS_COST_KNOWN_STACKS] +
				      (double)values[MS_COST_WALKED_STACKS]));
}

/* What an event cost in the file: its own bytes, and its share of everything. */
static void add_event_cost(struct ms_doc *doc, json_t *object,
			   const struct ms_trace *trace)
{
	uint64_t events = ms_store_event_count(trace->store), used = 0;
	size_t count;
	const struct ms_log_window *windows = ms_log_windows(trace->log, &count);

	for (size_t i = 0; i < count; i++)
		used += windows[i].kind == MS_WINDOW_EVENTS ? windows[i].commit : 0;
	ms_doc_u64(doc, object, "events", events);
	ms_doc_u64(doc, object, "event_bytes", used);
	ms_doc_value(doc, object, "bytes_per_event",
		     events ? json_real((double)used / (double)events) : json_null());
	add_own_cost(doc, object, trace);
}

/* --- samples and notes ----------------------------------------------------------------
 */

static void add_samples(struct ms_doc *doc, json_t *object, const struct ms_trace *trace)
{
	size_t count;
	const struct ms_sample *samples = ms_metadata_samples(trace->meta, &count);
	uint64_t resident = 0;

	for (size_t i = 0; i < count; i++) {
		if (samples[i].resident_bytes > resident)
			resident = samples[i].resident_bytes;
	}
	ms_doc_u64(doc, object, "count", count);
	if (count == 0)
		return;
	ms_doc_u64(doc, object, "largest_resident_bytes", resident);
	ms_doc_u64(doc, object, "last_resident_bytes", samples[count - 1].resident_bytes);
	ms_doc_u64(doc, object, "minor_faults", samples[count - 1].minor_faults);
	ms_doc_u64(doc, object, "major_faults", samples[count - 1].major_faults);
}

static void add_notes(struct ms_doc *doc, json_t *array, const struct ms_trace *trace)
{
	size_t count;
	const struct ms_note *notes = ms_metadata_notes(trace->meta, &count);

	for (size_t i = 0; i < count; i++) {
		json_t *row = ms_doc_append(doc, array);

		if (notes[i].on >= 0)
			ms_doc_u64(doc, row, "at_ns", notes[i].at_ns);
		ms_doc_text(doc, row, "text",
			    notes[i].on < 0 ? notes[i].text
			    : notes[i].on   ? "recording was switched on"
					    : "recording was switched off");
	}
}

static void add_marks(struct ms_doc *doc, json_t *array, const struct ms_trace *trace)
{
	size_t count;
	const struct ms_mark *marks = ms_metadata_marks(trace->meta, &count);

	for (size_t i = 0; i < count; i++) {
		const struct ms_thread *thread =
			ms_metadata_thread(trace->meta, marks[i].thread);
		json_t *row = ms_doc_append(doc, array);

		ms_doc_u64(doc, row, "at_ns", marks[i].at_ns);
		ms_doc_value(doc, row, "tid",
			     thread ? ms_json_number(thread->tid) : json_null());
		ms_doc_text(doc, row, "name", marks[i].name);
	}
}

/* The index beside the log that opening found; null when there was none. */
static void add_index(struct ms_doc *doc, json_t *row, const struct ms_trace *trace)
{
	struct ms_log_index_facts facts;
	json_t *object;

	ms_log_index_facts(trace->log, &facts);
	if (!facts.bytes || facts.is_new) {
		ms_doc_value(doc, row, "index", json_null());
		return;
	}
	object = ms_doc_object(doc, row, "index");
	ms_doc_u64(doc, object, "bytes", facts.bytes);
	ms_doc_u64(doc, object, "checkpoints", facts.checkpoints);
}

static void add_trace(struct ms_doc *doc, json_t *row, const struct ms_trace *trace,
		      bool windows)
{
	ms_doc_text(doc, row, "path", trace->path);
	add_head(doc, ms_doc_object(doc, row, "head"), trace);
	ms_doc_process(doc, ms_doc_object(doc, row, "process"), trace);
	add_facts(doc, ms_doc_array(doc, row, "facts"), trace);
	add_threads(doc, ms_doc_array(doc, row, "threads"), trace);
	add_modules(doc, ms_doc_array(doc, row, "modules"), trace);
	add_windows(doc, row, trace, windows);
	add_event_cost(doc, ms_doc_object(doc, row, "cost"), trace);
	add_index(doc, row, trace);
	ms_doc_u64(doc, row, "stack_nodes", ms_metadata_node_limit(trace->meta));
	add_samples(doc, ms_doc_object(doc, row, "samples"), trace);
	add_marks(doc, ms_doc_array(doc, row, "marks"), trace);
	ms_doc_maps(doc, ms_doc_array(doc, row, "pointer_maps"), trace);
	add_notes(doc, ms_doc_array(doc, row, "notes"), trace);
	ms_doc_lost(doc, ms_doc_object(doc, row, "lost"), trace, 1);
	ms_doc_damage(doc, ms_doc_array(doc, row, "damage"), trace);
}

ms_status ms_compose_info(json_t **out, struct memscope *m, bool windows,
			  struct ms_error *err)
{
	struct ms_doc doc;
	json_t *array;

	ms_doc_init(&doc);
	ms_doc_u64(&doc, doc.root, "version", 1);
	array = ms_doc_array(&doc, doc.root, "traces");
	for (size_t i = 0; i < m->count; i++)
		add_trace(&doc, ms_doc_append(&doc, array), &m->traces[i], windows);
	return ms_doc_end(&doc, out, MS_OK, err);
}

int memscope_info(struct memscope *m, const struct memscope_info_options *options,
		  const struct memscope_output *output, struct memscope_error *err)
{
	json_t *document;
	ms_status status = ms_compose_info(&document, m, options && options->windows,
					   ms_own_error(err));

	if (status != MS_OK)
		return status;
	return ms_facade_print(document, ms_render_info, output, ms_own_error(err));
}
