/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pprof.c - pprof's profile.proto, compressed: a sample for each stack and thread, with
 * a value for each metric.
 *
 * Functions inlined into one another are lines of one location, innermost first.
 */
#include "analyzer/base/map.h"
#include "analyzer/render/chains.h"
#include "analyzer/render/formats.h"
#include "analyzer/render/gzip.h"
#include "analyzer/render/protobuf.h"
#include "analyzer/render/text_table.h"

#include <string.h>

enum { /* fields of Profile */
       SAMPLE_TYPE = 1,
       SAMPLE = 2,
       MAPPING = 3,
       LOCATION = 4,
       FUNCTION = 5,
       STRING_TABLE = 6,
       TIME_NANOS = 9,
       DURATION_NANOS = 10,
       PERIOD_TYPE = 11,
       PERIOD = 12,
       COMMENT = 13,
       DEFAULT_SAMPLE_TYPE = 14,
};

/* As Go's heap profiles have them, and ours behind. */
static const struct sample_type {
	enum ms_metric metric;
	const char *type, *unit;
} types[] = {
	{ MS_METRIC_ALLOCATIONS, "alloc_objects", "count" },
	{ MS_METRIC_ALLOCATED, "alloc_space", "bytes" },
	{ MS_METRIC_LIVE_BLOCKS, "inuse_objects", "count" },
	{ MS_METRIC_LIVE_BYTES, "inuse_space", "bytes" },
	{ MS_METRIC_PEAK_BLOCKS, "peak_objects", "count" },
	{ MS_METRIC_PEAK_BYTES, "peak_space", "bytes" },
	{ MS_METRIC_TEMPORARY, "temporary_objects", "count" },
	{ MS_METRIC_LEAKED_BLOCKS, "leaked_objects", "count" },
	{ MS_METRIC_LEAKED_BYTES, "leaked_space", "bytes" },
};
#define TYPES (sizeof(types) / sizeof(types[0]))

struct encoder {
	const struct ms_profile *profile;
	struct ms_writer *writer;
	struct ms_text_table texts;
	struct ms_chains chains;
	struct ms_map functions; /* of names: name << 32 | file to id */
	struct ms_strbuf text;	 /* of a name */
	struct ms_strbuf message, inner, packed;
	bool failed; /* no memory */
};

static uint64_t text(struct encoder *e, const char *value)
{
	int64_t id = ms_text_table_add(&e->texts, value ? value : "");

	e->failed |= id < 0;
	return id < 0 ? 0 : (uint64_t)id;
}

/* Write e->message as a field of the profile, and empty it. */
static void put(struct encoder *e, unsigned field)
{
	struct ms_strbuf head;

	ms_strbuf_init(&head);
	ms_pb_varint(&head, (uint64_t)field << 3 | 2);
	ms_pb_varint(&head, e->message.len);
	ms_write(e->writer, ms_strbuf_text(&head), head.len);
	ms_write(e->writer, ms_strbuf_text(&e->message), e->message.len);
	e->failed |= head.failed || e->message.failed;
	ms_strbuf_release(&head);
	ms_strbuf_clear(&e->message);
}

static void put_number(struct encoder *e, unsigned field, uint64_t number)
{
	struct ms_strbuf out;

	ms_strbuf_init(&out);
	ms_pb_number(&out, field, number);
	ms_write(e->writer, ms_strbuf_text(&out), out.len);
	e->failed |= out.failed;
	ms_strbuf_release(&out);
}

static void put_value_type(struct encoder *e, unsigned field, const char *type,
			   const char *unit)
{
	ms_pb_number(&e->message, 1, text(e, type));
	ms_pb_number(&e->message, 2, text(e, unit));
	put(e, field);
}

static void put_head(struct encoder *e)
{
	const struct ms_profile *p = e->profile;
	const struct ms_profile_process *process = &p->processes[0];

	text(e, ""); /* number 0 */
	for (size_t i = 0; i < TYPES; i++) {
		if (!(p->absent & 1u << types[i].metric))
			put_value_type(e, SAMPLE_TYPE, types[i].type, types[i].unit);
	}
	put_value_type(e, PERIOD_TYPE, "space", "bytes");
	put_number(e, PERIOD, 1);
	put_number(e, TIME_NANOS, process->start_unix_ns);
	put_number(e, DURATION_NANOS, process->duration_ns);
	for (size_t i = 0; i < p->process_count; i++)
		put_number(e, COMMENT, text(e, p->processes[i].command));
	if (p->estimated)
		put_number(e, COMMENT, text(e, "figures are estimates from samples"));
	put_number(e, DEFAULT_SAMPLE_TYPE,
		   text(e, p->absent & 1u << MS_METRIC_LIVE_BYTES ? "alloc_space"
								  : "inuse_space"));
}

/* --- mappings
 * --------------------------------------------------------------------------- */

static void put_mapping(struct encoder *e, size_t i)
{
	static const char digits[] = "0123456789abcdef";
	const struct ms_profile_module *m = &e->profile->modules[i];
	struct ms_strbuf id;

	ms_strbuf_init(&id);
	for (size_t b = 0; b < m->build_id_bytes; b++) {
		ms_strbuf_addc(&id, digits[m->build_id[b] >> 4]);
		ms_strbuf_addc(&id, digits[m->build_id[b] & 15]);
	}
	e->failed |= id.failed;
	ms_pb_number(&e->message, 1, i + 1);
	ms_pb_nonzero(&e->message, 2, m->start);
	ms_pb_nonzero(&e->message, 3, m->end);
	ms_pb_number(&e->message, 5, text(e, m->path));
	ms_pb_number(&e->message, 6, text(e, ms_strbuf_text(&id)));
	for (unsigned has = 7; has <= 10; has++) /* functions, files, lines, inlines */
		ms_pb_number(&e->message, has, 1);
	put(e, MAPPING);
	ms_strbuf_release(&id);
}

/* The program's own comes first: readers take that for the name of the profile. */
static void put_mappings(struct encoder *e)
{
	const char *exe = e->profile->processes[0].exe;
	size_t first = 0;

	for (size_t i = 0; exe && i < e->profile->module_count; i++) {
		if (strcmp(e->profile->modules[i].path, exe) == 0) {
			first = i;
			break;
		}
	}
	if (e->profile->module_count)
		put_mapping(e, first);
	for (size_t i = 0; i < e->profile->module_count; i++) {
		if (i != first)
			put_mapping(e, i);
	}
}

/* --- locations and functions
 * ----------------------------------------------------------------- */

/* The number of a frame's function, written when it is new. */
static uint64_t function_of(struct encoder *e, uint32_t frame)
{
	const struct ms_profile_frame *f = &e->profile->frames[frame];
	uint64_t name, file, *id;

	ms_strbuf_clear(&e->text);
	ms_profile_name(&e->text, e->profile, frame);
	e->failed |= e->text.failed;
	name = text(e, ms_strbuf_text(&e->text));
	file = text(e, f->file);
	id = ms_map_at(&e->functions, name << 32 | file, NULL);
	if (!id) {
		e->failed = true;
		return 0;
	}
	if (!*id) {
		*id = e->functions.count;
		ms_pb_number(&e->message, 1, *id);
		ms_pb_number(&e->message, 2, name);
		ms_pb_number(&e->message, 3, name);
		ms_pb_nonzero(&e->message, 4, file);
		put(e, FUNCTION);
	}
	return *id;
}

/* Where the call was, not where it returns to. */
static uint64_t address_of(const struct encoder *e, const struct ms_profile_frame *f)
{
	uint64_t base =
		f->module == MS_PROFILE_NONE ? 0 : e->profile->modules[f->module].base;

	return f->address ? base + f->address - 1 : 0;
}

static void put_location(struct encoder *e, size_t i)
{
	const struct ms_profile_frame *f = &e->profile->frames[e->chains.items[i].frame];

	ms_strbuf_clear(&e->packed);
	for (size_t c = i + 1; c; c = e->chains.items[c - 1].owner) {
		uint32_t frame = e->chains.items[c - 1].frame;

		ms_strbuf_clear(&e->inner);
		ms_pb_number(&e->inner, 1, function_of(e, frame));
		ms_pb_nonzero(&e->inner, 2, e->profile->frames[frame].line);
		ms_pb_message(&e->packed, 4, &e->inner);
	}
	ms_pb_number(&e->message, 1, i + 1);
	if (f->module != MS_PROFILE_NONE)
		ms_pb_number(&e->message, 2, (uint64_t)f->module + 1);
	ms_pb_nonzero(&e->message, 3, address_of(e, f));
	ms_strbuf_add(&e->message, ms_strbuf_text(&e->packed), e->packed.len);
	e->failed |= e->packed.failed;
	put(e, LOCATION);
}

/* --- samples
 * ---------------------------------------------------------------------------- */

static void add_label(struct encoder *e, const char *key, const char *value,
		      uint64_t number)
{
	ms_strbuf_clear(&e->inner);
	ms_pb_number(&e->inner, 1, text(e, key));
	if (value)
		ms_pb_number(&e->inner, 2, text(e, value));
	else
		ms_pb_number(&e->inner, 3, number);
	ms_pb_message(&e->message, 3, &e->inner);
}

static void add_labels(struct encoder *e, const struct ms_profile_row *row)
{
	const struct ms_profile_thread *thread =
		row->thread == MS_PROFILE_NONE ? NULL : &e->profile->threads[row->thread];

	if (thread && *thread->name)
		add_label(e, "thread", thread->name, 0);
	if (thread && thread->tid)
		add_label(e, "thread_id", NULL, thread->tid);
	if (e->profile->process_count > 1)
		add_label(e, "process_id", NULL, e->profile->processes[row->process].pid);
}

static void put_sample(struct encoder *e, const struct ms_profile_row *row)
{
	const struct ms_profile *p = e->profile;

	ms_strbuf_clear(&e->packed);
	for (uint32_t n = row->node; n; n = ms_chains_caller(p, n))
		ms_pb_varint(&e->packed, (uint64_t)e->chains.of[n] + 1);
	ms_pb_message(&e->message, 1, &e->packed);
	ms_strbuf_clear(&e->packed);
	for (size_t i = 0; i < TYPES; i++) {
		if (!(p->absent & 1u << types[i].metric))
			ms_pb_varint(&e->packed, row->value[types[i].metric]);
	}
	ms_pb_message(&e->message, 2, &e->packed);
	add_labels(e, row);
	put(e, SAMPLE);
}

static void put_texts(struct encoder *e)
{
	for (size_t i = 0; i < e->texts.count; i++) {
		ms_pb_text(&e->message, STRING_TABLE, e->texts.items[i]);
		ms_write(e->writer, ms_strbuf_text(&e->message), e->message.len);
		e->failed |= e->message.failed;
		ms_strbuf_clear(&e->message);
	}
}

static void put_all(struct encoder *e)
{
	const struct ms_profile *p = e->profile;

	put_head(e);
	put_mappings(e);
	for (size_t i = 0; !e->failed && i < e->chains.count; i++)
		put_location(e, i);
	for (size_t i = 0; !e->failed && !e->writer->failure && i < p->row_count; i++)
		put_sample(e, &p->rows[i]);
	/* Last: by now all of them are known. */
	put_texts(e);
}

ms_status ms_export_pprof(struct ms_writer *writer, const struct ms_profile *profile,
			  struct ms_error *err)
{
	struct encoder e = { .profile = profile };
	struct ms_gzip *gzip;
	ms_status status = ms_gzip_new(&gzip, &e.writer, writer, err);

	if (status != MS_OK)
		return status;
	ms_text_table_init(&e.texts);
	ms_map_init(&e.functions);
	status = ms_chains_init(&e.chains, profile, err);
	if (status == MS_OK)
		put_all(&e);
	ms_gzip_finish(gzip);
	ms_text_table_release(&e.texts);
	ms_map_release(&e.functions);
	ms_chains_release(&e.chains);
	ms_strbuf_release(&e.text);
	ms_strbuf_release(&e.message);
	ms_strbuf_release(&e.inner);
	ms_strbuf_release(&e.packed);
	return e.failed ? ms_fail_memory(err) : status;
}
