/* SPDX-License-Identifier: Apache-2.0 */
/*
 * perfetto.c - a Perfetto trace: a heap profile of each process, as heapprofd writes
 * them, and the heap over time as counters, beside threads and marks.
 *
 * Field numbers are those of Perfetto's protos (trace_packet, profile_packet,
 * profile_common, interned_data, track_descriptor, track_event).  A trace is a run of
 * packets, so that one is in memory at a time.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/render/formats.h"
#include "analyzer/render/protobuf.h"
#include "analyzer/render/text_table.h"

#include <string.h>

enum { TRACE_PACKET = 1 };
enum { /* fields of TracePacket */
       PACKET_TIMESTAMP = 8,
       PACKET_SEQUENCE = 10,
       PACKET_TRACK_EVENT = 11,
       PACKET_INTERNED = 12,
       PACKET_FLAGS = 13,
       PACKET_PROFILE = 37,
       PACKET_TRACK = 60,
};
enum { /* of InternedData */
       INTERNED_FUNCTION = 5,
       INTERNED_FRAME = 6,
       INTERNED_STACK = 7,
       INTERNED_BUILD_ID = 16,
       INTERNED_PATH = 17,
       INTERNED_SOURCE = 18,
       INTERNED_MAPPING = 19,
};
enum { EVENT_TYPE = 9, EVENT_TRACK = 11, EVENT_NAME = 23, EVENT_VALUE = 30 };
enum { SLICE_BEGIN = 1, SLICE_END = 2, INSTANT = 3, COUNTER = 4 };
enum { TRACK_UUID = 1, TRACK_NAME = 2, TRACK_PROCESS = 3, TRACK_THREAD = 4 };
enum { TRACK_PARENT = 5, TRACK_COUNTER = 8 };
enum { UNIT_COUNT = 2, UNIT_BYTES = 3 };

#define SEQUENCE	 1
#define SEQUENCE_CLEARED 1    /* what was interned before is gone: the first packet's */
#define SEQUENCE_NEEDS	 2    /* ... is used */
#define MANY		 2000 /* stacks, or samples, of one packet */

struct trace {
	struct ms_writer *writer;
	const struct ms_profile *profile;
	struct ms_text_table texts; /* functions: numbers from 1 */
	struct ms_strbuf packet, body, inner, list;
	bool begun;	 /* a packet was written */
	uint64_t index;	 /* of profile packets */
	uint64_t tracks; /* numbers given so far */
	struct ms_node_path path;
	bool failed; /* no memory */
};

/* --- packets
 * ---------------------------------------------------------------------------- */

/* Write the packet, with what every one has, and empty it. */
static void put(struct trace *t)
{
	struct ms_strbuf head;

	ms_pb_number(&t->packet, PACKET_SEQUENCE, SEQUENCE);
	ms_pb_number(&t->packet, PACKET_FLAGS,
		     t->begun ? SEQUENCE_NEEDS : SEQUENCE_CLEARED);
	t->begun = true;
	ms_strbuf_init(&head);
	ms_pb_varint(&head, TRACE_PACKET << 3 | 2);
	ms_pb_varint(&head, t->packet.len);
	ms_write(t->writer, ms_strbuf_text(&head), head.len);
	ms_write(t->writer, ms_strbuf_text(&t->packet), t->packet.len);
	t->failed |= head.failed || t->packet.failed;
	ms_strbuf_release(&head);
	ms_strbuf_clear(&t->packet);
}

/* body as a field of the packet, and empty it. */
static void put_body(struct trace *t, unsigned field)
{
	ms_pb_message(&t->packet, field, &t->body);
	ms_strbuf_clear(&t->body);
	put(t);
}

/* inner as a field of body, and empty it. */
static void add_inner(struct trace *t, unsigned field)
{
	ms_pb_message(&t->body, field, &t->inner);
	ms_strbuf_clear(&t->inner);
}

/* --- tracks and events
 * ------------------------------------------------------------------ */

static void put_event(struct trace *t, uint64_t at_ns, unsigned type, uint64_t track,
		      const char *name, uint64_t value)
{
	ms_pb_number(&t->packet, PACKET_TIMESTAMP, at_ns);
	ms_pb_number(&t->body, EVENT_TYPE, type);
	ms_pb_number(&t->body, EVENT_TRACK, track);
	if (name)
		ms_pb_text(&t->body, EVENT_NAME, name);
	if (type == COUNTER)
		ms_pb_number(&t->body, EVENT_VALUE, value);
	put_body(t, PACKET_TRACK_EVENT);
}

static uint64_t put_process_track(struct trace *t,
				  const struct ms_profile_process *process)
{
	ms_pb_number(&t->inner, 1, process->pid);
	ms_pb_text(&t->inner, 6, process->command);
	ms_pb_number(&t->body, TRACK_UUID, ++t->tracks);
	add_inner(t, TRACK_PROCESS);
	put_body(t, PACKET_TRACK);
	return t->tracks;
}

static uint64_t put_counter_track(struct trace *t, uint64_t process, const char *name,
				  unsigned unit)
{
	ms_pb_number(&t->inner, 3, unit);
	ms_pb_number(&t->body, TRACK_UUID, ++t->tracks);
	ms_pb_text(&t->body, TRACK_NAME, name);
	ms_pb_number(&t->body, TRACK_PARENT, process);
	add_inner(t, TRACK_COUNTER);
	put_body(t, PACKET_TRACK);
	return t->tracks;
}

static uint64_t put_thread_track(struct trace *t, uint64_t process, uint64_t pid,
				 const struct ms_profile_thread *thread)
{
	ms_pb_number(&t->inner, 1, pid);
	ms_pb_number(&t->inner, 2, thread->tid);
	ms_pb_text(&t->inner, 5, thread->name);
	ms_pb_number(&t->body, TRACK_UUID, ++t->tracks);
	ms_pb_number(&t->body, TRACK_PARENT, process);
	add_inner(t, TRACK_THREAD);
	put_body(t, PACKET_TRACK);
	return t->tracks;
}

static void put_threads(struct trace *t, const struct ms_profile_process *process,
			uint64_t track)
{
	for (uint32_t i = 0; i < process->thread_count; i++) {
		const struct ms_profile_thread *thread =
			&t->profile->threads[process->first_thread + i];
		uint64_t end = thread->end_ns == UINT64_MAX ? process->duration_ns
							    : thread->end_ns;
		uint64_t own;

		if (!thread->tid)
			continue;
		own = put_thread_track(t, track, process->pid, thread);
		put_event(t, thread->begin_ns, SLICE_BEGIN, own, "alive", 0);
		put_event(t, end > thread->begin_ns ? end : thread->begin_ns, SLICE_END,
			  own, NULL, 0);
	}
}

static void put_points(struct trace *t, const struct ms_profile_process *process,
		       uint64_t track)
{
	uint64_t live = put_counter_track(t, track, "live bytes", UNIT_BYTES);
	uint64_t blocks = put_counter_track(t, track, "live blocks", UNIT_COUNT);
	uint64_t resident = put_counter_track(t, track, "resident bytes", UNIT_BYTES);

	for (size_t i = 0; i < process->point_count && !t->failed; i++) {
		const struct ms_profile_point *p = &process->points[i];

		/* The highest point between two is shown where it was. */
		if (p->peak_bytes > p->live_bytes && p->peak_at_ns < p->at_ns)
			put_event(t, p->peak_at_ns, COUNTER, live, NULL, p->peak_bytes);
		put_event(t, p->at_ns, COUNTER, live, NULL, p->live_bytes);
		put_event(t, p->at_ns, COUNTER, blocks, NULL, p->live_blocks);
		if (p->has_resident)
			put_event(t, p->at_ns, COUNTER, resident, NULL,
				  p->resident_bytes);
	}
	for (size_t i = 0; i < process->mark_count; i++)
		put_event(t, process->marks[i].at_ns, INSTANT, track,
			  process->marks[i].name, 0);
}

/* --- what frames and stacks are
 * --------------------------------------------------------- */

static uint64_t intern_function(struct trace *t, const char *text)
{
	size_t count = t->texts.count;
	int64_t id = ms_text_table_add(&t->texts, text);

	t->failed |= id < 0;
	if (id >= 0 && (size_t)id == count) {
		ms_pb_number(&t->inner, 1, (uint64_t)id + 1);
		ms_pb_text(&t->inner, 2, text);
		add_inner(t, INTERNED_FUNCTION);
	}
	return (uint64_t)(id + 1);
}

static void intern_module(struct trace *t, size_t i)
{
	const struct ms_profile_module *m = &t->profile->modules[i];

	ms_pb_number(&t->inner, 1, i + 1);
	ms_pb_text(&t->inner, 2, m->path);
	add_inner(t, INTERNED_PATH);
	ms_pb_number(&t->inner, 1, i + 1);
	ms_pb_bytes(&t->inner, 2, m->build_id, m->build_id_bytes);
	add_inner(t, INTERNED_BUILD_ID);
	ms_pb_number(&t->inner, 1, i + 1);
	ms_pb_number(&t->inner, 2, i + 1);
	ms_pb_nonzero(&t->inner, 4, m->start);
	ms_pb_nonzero(&t->inner, 5, m->end);
	ms_pb_number(&t->inner, 7, i + 1);
	add_inner(t, INTERNED_MAPPING);
}

static void intern_frame(struct trace *t, uint32_t i)
{
	const struct ms_profile_frame *f = &t->profile->frames[i];
	uint64_t name, source = 0;

	ms_strbuf_clear(&t->list);
	ms_profile_name(&t->list, t->profile, i);
	t->failed |= t->list.failed;
	name = intern_function(t, ms_strbuf_text(&t->list));
	if (f->file) {
		source = (uint64_t)i + 1;
		ms_pb_number(&t->inner, 1, source);
		ms_pb_text(&t->inner, 2, f->file);
		add_inner(t, INTERNED_SOURCE);
	}
	ms_pb_number(&t->inner, 1, (uint64_t)i + 1);
	ms_pb_number(&t->inner, 2, name);
	if (f->module != MS_PROFILE_NONE) {
		ms_pb_number(&t->inner, 3, (uint64_t)f->module + 1);
		ms_pb_number(&t->inner, 4, f->address);
	}
	ms_pb_nonzero(&t->inner, 5, source);
	ms_pb_nonzero(&t->inner, 6, f->line);
	add_inner(t, INTERNED_FRAME);
}

/* The stack of a row has the number of its node. */
static void intern_stack(struct trace *t, uint32_t node)
{
	if (ms_profile_path(&t->path, t->profile, node) < 0) {
		t->failed = true;
		return;
	}
	ms_pb_number(&t->inner, 1, node);
	for (size_t i = 0; i < t->path.count; i++)
		ms_pb_number(&t->inner, 2,
			     (uint64_t)t->profile->nodes[t->path.nodes[i]].frame + 1);
	add_inner(t, INTERNED_STACK);
}

static void put_interned(struct trace *t)
{
	const struct ms_profile *p = t->profile;
	bool *seen = ms_alloc_zero(p->node_count, sizeof(*seen));

	if (!seen) {
		t->failed = true;
		return;
	}
	for (size_t i = 0; i < p->module_count; i++)
		intern_module(t, i);
	for (uint32_t i = 0; i < p->frame_count && !t->failed; i++)
		intern_frame(t, i);
	put_body(t, PACKET_INTERNED);
	for (size_t i = 0; i < p->row_count && !t->failed; i++) {
		if (!seen[p->rows[i].node])
			intern_stack(t, p->rows[i].node);
		seen[p->rows[i].node] = true;
		if (i % MANY == MANY - 1 || i + 1 == p->row_count)
			put_body(t, PACKET_INTERNED);
	}
	ms_free(seen);
}

/* --- heap profiles
 * ---------------------------------------------------------------------- */

/* One of what was made and freed, another of what lived at the peak. */
static void add_sample(struct trace *t, const struct ms_profile_row *row, bool peak)
{
	const uint64_t *v = row->value;

	ms_pb_number(&t->inner, 1, row->node);
	if (peak) {
		ms_pb_number(&t->inner, 8, v[MS_METRIC_PEAK_BYTES]);
		ms_pb_number(&t->inner, 9, v[MS_METRIC_PEAK_BLOCKS]);
	} else {
		ms_pb_number(&t->inner, 2, v[MS_METRIC_ALLOCATED]);
		ms_pb_number(&t->inner, 3,
			     v[MS_METRIC_ALLOCATED] - v[MS_METRIC_LIVE_BYTES]);
		ms_pb_number(&t->inner, 5, v[MS_METRIC_ALLOCATIONS]);
		ms_pb_number(&t->inner, 6,
			     v[MS_METRIC_ALLOCATIONS] - v[MS_METRIC_LIVE_BLOCKS]);
	}
	add_inner(t, 2);
}

/* Samples of a dump, in body, as one packet. */
static void put_dump(struct trace *t, const struct ms_profile_process *process,
		     uint64_t at_ns, const char *heap, bool continued)
{
	ms_pb_number(&t->body, 1, process->pid);
	ms_pb_number(&t->body, 3, 1);
	ms_pb_number(&t->body, 9, at_ns);
	ms_pb_text(&t->body, 11, heap);
	ms_pb_number(&t->body, 12, 1);
	ms_pb_message(&t->inner, 5, &t->body);
	ms_strbuf_clear(&t->body);
	if (continued)
		ms_pb_number(&t->inner, 6, 1);
	ms_pb_number(&t->inner, 7, t->index++);
	ms_pb_number(&t->packet, PACKET_TIMESTAMP, at_ns);
	ms_pb_message(&t->packet, PACKET_PROFILE, &t->inner);
	ms_strbuf_clear(&t->inner);
	put(t);
}

static void put_profile(struct trace *t, uint32_t process, bool peak)
{
	const struct ms_profile *p = t->profile;
	const struct ms_profile_process *of = &p->processes[process];
	const char *heap = peak ? "at the peak" : "malloc";
	uint64_t at_ns = peak ? of->peak_at_ns : of->at_ns;
	size_t count = 0;

	for (size_t i = 0; i < p->row_count && !t->failed; i++) {
		const struct ms_profile_row *row = &p->rows[i];

		if (row->process != process ||
		    !row->value[peak ? MS_METRIC_PEAK_BLOCKS : MS_METRIC_ALLOCATIONS])
			continue;
		if (count && count % MANY == 0)
			put_dump(t, of, at_ns, heap, true);
		add_sample(t, row, peak);
		count++;
	}
	put_dump(t, of, at_ns, heap, false);
}

ms_status ms_export_perfetto(struct ms_writer *writer, const struct ms_profile *profile,
			     struct ms_error *err)
{
	struct trace t = { .writer = writer, .profile = profile };

	ms_text_table_init(&t.texts);
	put_interned(&t);
	for (uint32_t i = 0; i < profile->process_count && !t.failed; i++) {
		uint64_t track = put_process_track(&t, &profile->processes[i]);

		put_threads(&t, &profile->processes[i], track);
		put_points(&t, &profile->processes[i], track);
		if (!(profile->absent & 1u << MS_METRIC_PEAK_BYTES))
			put_profile(&t, i, true);
		put_profile(&t, i, false);
	}
	ms_text_table_release(&t.texts);
	ms_strbuf_release(&t.packet);
	ms_strbuf_release(&t.body);
	ms_strbuf_release(&t.inner);
	ms_strbuf_release(&t.list);
	ms_node_path_release(&t.path);
	return t.failed ? ms_fail_memory(err) : MS_OK;
}
