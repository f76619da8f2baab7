/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chrome_trace.c - the heap over time as trace events: counters, marks and threads.
 *
 * The form is Chromium's "Trace Event Format", its JSON object: times are microseconds.
 */
#include "analyzer/render/formats.h"
#include "analyzer/render/parts.h"

#include <inttypes.h>

#define US(ns) (ns) / 1000, (unsigned)((ns) % 1000)

struct events {
	struct ms_writer *writer;
	const struct ms_profile *profile;
	uint64_t pid;
	const char *before;
	ms_status status;
	struct ms_error *err;
};

/* The beginning of an event. */
static void begin(struct events *e, const char *phase)
{
	ms_writef(e->writer, "%s{\"ph\":\"%s\",\"pid\":%" PRIu64, e->before, phase,
		  e->pid);
	e->before = ",\n";
}

static void text(struct events *e, const char *key, const char *value)
{
	ms_writef(e->writer, ",\"%s\":", key);
	if (e->status == MS_OK)
		e->status = ms_write_json_text(e->writer, value, e->err);
}

static void time_at(struct events *e, const char *key, uint64_t ns)
{
	ms_writef(e->writer, ",\"%s\":%" PRIu64 ".%03u", key, US(ns));
}

/* A name of the process (tid 0: none) or of a thread. */
static void name(struct events *e, const char *what, uint64_t tid, const char *value)
{
	begin(e, "M");
	ms_writef(e->writer, ",\"name\":\"%s\"", what);
	if (tid)
		ms_writef(e->writer, ",\"tid\":%" PRIu64, tid);
	ms_write_text(e->writer, ",\"args\":{\"name\":");
	if (e->status == MS_OK)
		e->status = ms_write_json_text(e->writer, value, e->err);
	ms_write_text(e->writer, "}}");
}

static void counter(struct events *e, const char *title, uint64_t ns, const char *key,
		    uint64_t value)
{
	begin(e, "C");
	ms_writef(e->writer, ",\"name\":\"%s\"", title);
	time_at(e, "ts", ns);
	ms_writef(e->writer, ",\"args\":{\"%s\":%" PRIu64 "}}", key, value);
}

static void add_threads(struct events *e, const struct ms_profile_process *process)
{
	for (uint32_t i = 0; i < process->thread_count; i++) {
		const struct ms_profile_thread *t =
			&e->profile->threads[process->first_thread + i];
		uint64_t end = t->end_ns == UINT64_MAX ? process->duration_ns : t->end_ns;

		if (!t->tid)
			continue;
		if (*t->name)
			name(e, "thread_name", t->tid, t->name);
		begin(e, "X");
		ms_writef(e->writer, ",\"tid\":%" PRIu64, t->tid);
		text(e, "name", *t->name ? t->name : "thread");
		time_at(e, "ts", t->begin_ns);
		time_at(e, "dur", end > t->begin_ns ? end - t->begin_ns : 0);
		ms_write_text(e->writer, "}");
	}
}

static void add_points(struct events *e, const struct ms_profile_process *process)
{
	for (size_t i = 0; i < process->point_count; i++) {
		const struct ms_profile_point *p = &process->points[i];

		/* The highest point between two is shown where it was. */
		if (p->peak_bytes > p->live_bytes && p->peak_at_ns < p->at_ns)
			counter(e, "live bytes", p->peak_at_ns, "bytes", p->peak_bytes);
		counter(e, "live bytes", p->at_ns, "bytes", p->live_bytes);
		counter(e, "live blocks", p->at_ns, "blocks", p->live_blocks);
		counter(e, "allocations", p->at_ns, "calls", p->allocations);
		if (p->has_resident)
			counter(e, "resident bytes", p->at_ns, "bytes",
				p->resident_bytes);
	}
}

static void add_marks(struct events *e, const struct ms_profile_process *process)
{
	for (size_t i = 0; i < process->mark_count; i++) {
		const struct ms_profile_mark *mark = &process->marks[i];
		bool known = mark->thread != MS_PROFILE_NONE;

		begin(e, "i");
		ms_writef(e->writer, ",\"s\":\"%s\"", known ? "t" : "p");
		if (known)
			ms_writef(e->writer, ",\"tid\":%" PRIu64,
				  e->profile->threads[mark->thread].tid);
		text(e, "name", mark->name);
		time_at(e, "ts", mark->at_ns);
		ms_write_text(e->writer, "}");
	}
}

ms_status ms_export_chrome(struct ms_writer *writer, const struct ms_profile *profile,
			   struct ms_error *err)
{
	struct events e = {
		.writer = writer, .profile = profile, .before = "\n", .err = err
	};

	ms_write_text(writer, "{\"displayTimeUnit\":\"ms\",\"otherData\":"
			      "{\"producer\":\"memscope " MS_VERSION "\"},\n"
			      "\"traceEvents\":[");
	for (size_t i = 0; e.status == MS_OK && i < profile->process_count; i++) {
		const struct ms_profile_process *process = &profile->processes[i];

		e.pid = process->pid;
		name(&e, "process_name", 0, process->command);
		add_threads(&e, process);
		add_points(&e, process);
		add_marks(&e, process);
	}
	ms_write_text(writer, "]}\n");
	return e.status;
}
