/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heaptrack.c - every allocation and free as heaptrack's own files have them, version 3.
 *
 * One line each, told by its first letter; numbers are hexadecimal, from 1: strings (s),
 * places in code (i), stacks (t: a place and the stack that called it), pairs of size and
 * stack (a, from 0), then + and - of such pairs in order, with the time (c) and the
 * resident pages (R) in between.
 *
 * heaptrack calls an allocation temporary when no other line comes between its + and its
 * -.  Ours is that its thread made no other block: so a thread's newest block is held
 * back until the thread makes another, until it ends (then both lines come together),
 * until the peak, which must be right, or, where it is large, until the time is written.
 * A - that is none of a temporary block takes a twin of its pair, so that it never looks
 * like one.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/base/map.h"
#include "analyzer/render/chains.h"
#include "analyzer/render/formats.h"
#include "analyzer/render/text_table.h"

#include <inttypes.h>
#include <string.h>

#define MS_NS	UINT64_C(1000000)
#define STEP_MS 10   /* from one time to the next */
#define SMALL	1000 /* held back over a time: less than one part in that many of all */
#define NOTHING 0    /* the pair that no event has */

struct pair { /* of size and stack */
	uint64_t size;
	uint32_t trace;
	uint32_t twin; /* another number for the same; 0: none yet */
};

struct held { /* the newest block of a thread */
	uint64_t block;
	uint32_t pair;
	bool waits; /* its + has not been written */
};

struct stream {
	struct ms_writer *writer;
	const struct ms_profile *profile;
	struct ms_chains chains;
	struct ms_text_table texts;
	uint32_t *trace_of; /* of each node; 0: it has none */
	uint32_t traces;
	struct pair *pairs; /* the first is no pair */
	size_t pair_count, pair_capacity;
	struct ms_map known;   /* a hash of size and stack to pair */
	struct ms_map threads; /* to held */
	struct held *held;
	size_t held_capacity;
	uint32_t last; /* pair of the line before, when that was a + */
	uint64_t live, next_ms;
	size_t point;
	bool failed; /* no memory */
};

/* --- what stacks are
 * -------------------------------------------------------------------- */

/* The number of a text, written when it is new; 0: none. */
static uint64_t text(struct stream *s, const char *value)
{
	size_t count = s->texts.count;
	struct ms_strbuf clean;
	int64_t id = 0;

	if (!value)
		return 0;
	ms_strbuf_init(&clean);
	ms_strbuf_escape(&clean, value, strlen(value));
	id = clean.failed ? -1 : ms_text_table_add(&s->texts, ms_strbuf_text(&clean));
	s->failed |= id < 0;
	if (id >= 0 && (size_t)id == count)
		ms_writef(s->writer, "s %zx ", clean.len);
	if (id >= 0 && (size_t)id == count) {
		ms_write(s->writer, ms_strbuf_text(&clean), clean.len);
		ms_write(s->writer, "\n", 1);
	}
	ms_strbuf_release(&clean);
	return (uint64_t)(id + 1);
}

/* A place in code: its functions, innermost first.  Texts come before it. */
static void write_place(struct stream *s, size_t i)
{
	const struct ms_profile *p = s->profile;
	const struct ms_profile_frame *f = &p->frames[s->chains.items[i].frame];
	uint64_t base = f->module == MS_PROFILE_NONE ? 0 : p->modules[f->module].base;
	uint64_t module = text(s, ms_profile_module_path(p, f));
	struct ms_strbuf line;

	ms_strbuf_init(&line);
	ms_strbuf_appendf(&line, "i %" PRIx64 " %" PRIx64, base + f->address, module);
	for (size_t c = i + 1; c; c = s->chains.items[c - 1].owner) {
		f = &p->frames[s->chains.items[c - 1].frame];
		if (!f->function)
			break;
		ms_strbuf_appendf(&line, " %" PRIx64, text(s, f->function));
		ms_strbuf_appendf(&line, " %" PRIx64 " %" PRIx32, text(s, f->file),
				  f->line);
	}
	ms_strbuf_addc(&line, '\n');
	ms_write(s->writer, ms_strbuf_text(&line), line.len);
	s->failed |= line.failed;
	ms_strbuf_release(&line);
}

/* Stacks end at rows' nodes; a place that is part of a stack is a stack, too. */
static int write_traces(struct stream *s)
{
	const struct ms_profile *p = s->profile;

	s->trace_of = ms_alloc_zero(p->node_count, sizeof(*s->trace_of));
	if (!s->trace_of)
		return -1;
	/* First marked, then numbered: callers have smaller numbers. */
	for (size_t i = 0; i < p->row_count; i++) {
		for (uint32_t n = p->rows[i].node; n && !s->trace_of[n];
		     n = ms_chains_caller(p, n))
			s->trace_of[n] = 1;
	}
	for (uint32_t n = 1; n < p->node_count; n++) {
		if (!s->trace_of[n])
			continue;
		s->trace_of[n] = ++s->traces;
		ms_writef(s->writer, "t %" PRIx32 " %" PRIx32 "\n", s->chains.of[n] + 1,
			  s->trace_of[ms_chains_caller(p, n)]);
	}
	return 0;
}

/* --- events
 * ----------------------------------------------------------------------------- */

static uint32_t add_pair(struct stream *s, uint64_t size, uint32_t trace)
{
	if (ms_grow((void **)&s->pairs, &s->pair_capacity, s->pair_count,
		    sizeof(*s->pairs)) < 0) {
		s->failed = true;
		return NOTHING;
	}
	s->pairs[s->pair_count] = (struct pair){ .size = size, .trace = trace };
	ms_writef(s->writer, "a %" PRIx64 " %" PRIx32 "\n", size, trace);
	return (uint32_t)s->pair_count++;
}

/* The number of a size and a stack, written when it is new. */
static uint32_t pair_of(struct stream *s, uint64_t size, uint32_t trace)
{
	uint64_t key = (size ^ (uint64_t)trace << 40 ^ trace) * 0x9e3779b97f4a7c15ULL;

	for (;; key++) {
		uint64_t *index = ms_map_at(&s->known, key, NULL);

		if (!index) {
			s->failed = true;
			return NOTHING;
		}
		if (!*index)
			*index = add_pair(s, size, trace);
		if (s->failed ||
		    (s->pairs[*index].size == size && s->pairs[*index].trace == trace))
			return (uint32_t)*index;
	}
}

static void write_begin(struct stream *s, uint32_t pair)
{
	ms_writef(s->writer, "+ %" PRIx32 "\n", pair);
	s->last = pair;
}

static void write_end(struct stream *s, uint32_t pair, bool temporary)
{
	if (!temporary && s->last == pair) {
		if (!s->pairs[pair].twin) {
			uint32_t twin =
				add_pair(s, s->pairs[pair].size, s->pairs[pair].trace);

			s->pairs[pair].twin = twin;
		}
		pair = s->pairs[pair].twin;
	}
	ms_writef(s->writer, "- %" PRIx32 "\n", pair);
	s->last = NOTHING;
}

/* Write what is held back of blocks of at least that size. */
static void release(struct stream *s, uint64_t least)
{
	for (size_t i = 0; i < s->threads.count; i++) {
		struct held *h = &s->held[i];

		if (!h->waits || s->pairs[h->pair].size < least)
			continue;
		write_begin(s, h->pair);
		h->waits = false;
	}
}

static void write_resident(struct stream *s, uint64_t ms)
{
	const struct ms_profile_process *process = &s->profile->processes[0];
	uint64_t page = process->page_bytes ? process->page_bytes : 4096;
	const struct ms_profile_point *found = NULL;

	for (; s->point < process->point_count &&
	       process->points[s->point].at_ns / MS_NS <= ms;
	     s->point++) {
		if (process->points[s->point].has_resident)
			found = &process->points[s->point];
	}
	if (found)
		ms_writef(s->writer, "R %" PRIx64 "\n", found->resident_bytes / page);
}

static void write_time(struct stream *s, uint64_t ms)
{
	release(s, s->live / SMALL + 1);
	write_resident(s, ms);
	ms_writef(s->writer, "c %" PRIx64 "\n", ms);
	s->next_ms = ms - ms % STEP_MS + STEP_MS;
}

static struct held *held_by(struct stream *s, uint32_t thread)
{
	size_t count = s->threads.count;
	bool is_new;
	uint64_t *index = ms_map_at(&s->threads, thread, &is_new);

	if (!index || (is_new && ms_grow((void **)&s->held, &s->held_capacity, count,
					 sizeof(*s->held)) < 0)) {
		s->failed = true;
		return NULL;
	}
	if (is_new) {
		s->held[count] = (struct held){ 0 };
		*index = count;
	}
	return &s->held[*index];
}

static void see_begin(struct stream *s, const struct ms_profile_event *event,
		      struct held *held, uint32_t pair)
{
	if (held->waits)
		write_begin(s, held->pair);
	*held = (struct held){ event->block, pair, !event->peak };
	s->live += event->size;
	if (!event->peak)
		return;
	release(s, 0);
	write_begin(s, pair);
}

static void see_end(struct stream *s, const struct ms_profile_event *event,
		    struct held *held, uint32_t pair)
{
	s->live -= event->size;
	if (held->waits && held->block == event->block) {
		held->waits = false;
		write_begin(s, pair);
	}
	write_end(s, pair, event->temporary);
}

static ms_status see(void *context, const struct ms_profile_event *event,
		     struct ms_error *err)
{
	struct stream *s = context;
	struct held *held = held_by(s, event->thread);
	uint32_t pair;

	if (!held)
		return ms_fail_memory(err);
	if (event->at_ns / MS_NS >= s->next_ms)
		write_time(s, event->at_ns / MS_NS);
	pair = pair_of(s, event->size, s->trace_of[event->node]);
	if (s->failed)
		return ms_fail_memory(err);
	if (event->begins)
		see_begin(s, event, held, pair);
	else
		see_end(s, event, held, pair);
	/* The writer tells why, when it is finished. */
	if (s->writer->failure)
		return ms_fail(err, MS_ESTOP, "the output cannot be written");
	return s->failed ? ms_fail_memory(err) : MS_OK;
}

static ms_status write_all(struct stream *s, struct ms_error *err)
{
	const struct ms_profile_process *process = &s->profile->processes[0];
	ms_status status;

	ms_write_text(s->writer, "v 10400 3\nX ");
	ms_write_escaped(s->writer, process->command, 0);
	ms_writef(s->writer, "\nI %" PRIx32 " 0\n", process->page_bytes);
	for (size_t i = 0; i < s->chains.count; i++)
		write_place(s, i);
	if (s->failed || write_traces(s) < 0)
		return ms_fail_memory(err);
	add_pair(s, 0, s->traces ? 1 : 0);
	if (s->failed)
		return ms_fail_memory(err);
	status = s->profile->replay(s->profile, see, s, err);
	if (status == MS_OK) {
		release(s, 0);
		write_time(s, process->at_ns / MS_NS);
	}
	return status == MS_ESTOP ? MS_OK : status;
}

ms_status ms_export_heaptrack(struct ms_writer *writer, const struct ms_profile *profile,
			      struct ms_error *err)
{
	struct stream s = { .writer = writer, .profile = profile, .next_ms = STEP_MS };
	ms_status status = ms_chains_init(&s.chains, profile, err);

	ms_text_table_init(&s.texts);
	ms_map_init(&s.known);
	ms_map_init(&s.threads);
	if (status == MS_OK)
		status = write_all(&s, err);
	ms_chains_release(&s.chains);
	ms_text_table_release(&s.texts);
	ms_map_release(&s.known);
	ms_map_release(&s.threads);
	ms_free(s.trace_of);
	ms_free(s.pairs);
	ms_free(s.held);
	return status;
}
