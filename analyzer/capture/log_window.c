/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_window.c - walking a log's windows and checking their bodies.
 *
 * Events whose checksum differs are left out: their times and addresses build on each
 * other, so that one wrong bit makes the rest of the window untrue.  Records stand for
 * themselves and are kept.  Bodies are checked on several threads, a round of windows at
 * a time; what was found is used by one, in the order of the file.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/base/parallel.h"
#include "analyzer/capture/log.h"

#include <inttypes.h>
#include <stdlib.h>

/* So many are checked at a time: they are small, and a log may have any number of them.
 */
#define ROUND 512

/* Below this a second thread costs more than it does. */
#define PARALLEL_LEAST (4u << 20)

struct walk {
	struct ms_log *log;
	struct ms_store *store;
	struct ms_meter meter;
	struct ms_visit *visits; /* ROUND of them */
	size_t count;
	uint32_t events;      /* windows of events so far */
	uint64_t offset, end; /* of what was not visited yet */
	unsigned threads;
};

/* --- what is wrong with a window -------------------------------------------------------
 */

static void list_progress(struct ms_log *log, const struct ms_visit *v)
{
	if (log->known_minor &&
	    (v->header.reserved || v->header.spare || v->header.spare2))
		ms_log_damaged(log, v->offset, sizeof(v->header),
			       "bytes of a window's header that should be zero");
	if (v->overfilled)
		ms_log_damaged(log, v->offset, sizeof(v->header),
			       "window %" PRIu64 " is filled beyond its end",
			       v->header.sequence);
	if (v->oversealed)
		ms_log_damaged(log, v->offset, sizeof(v->header),
			       "window %" PRIu64 " is sealed beyond what it holds",
			       v->header.sequence);
}

static void list_body(struct ms_log *log, const struct ms_visit *v)
{
	bool in_place = ms_log_in_place(v->header.kind);

	if (!v->crc_ok)
		ms_log_damaged(
			log, v->body, v->sealed,
			"window %" PRIu64 ": its checksum differs%s", v->header.sequence,
			v->header.kind == MS_WINDOW_EVENTS ? ", its events are left out"
							   : "");
	if (v->slack < v->slack_end)
		ms_log_damaged(log, v->slack, v->slack_end - v->slack,
			       "bytes behind the end of window %" PRIu64
			       " that should be zero",
			       v->header.sequence);
	if (in_place && log->known_minor && (v->commit || v->crc))
		ms_log_damaged(log, v->offset, sizeof(v->header),
			       "a window of %s that counts bytes",
			       v->header.kind == MS_WINDOW_NODES ? "stack nodes"
								 : "counters");
}

/* Of an ended log all are sealed but a known number. */
static void count_unsealed(struct ms_log *log, const struct ms_visit *v)
{
	if (log->ended && !ms_log_in_place(v->header.kind) && v->sealed != v->commit &&
	    !log->unsealed++)
		log->unsealed_at = v->offset;
}

static ms_status add_events(struct ms_log *log, struct ms_visit *v,
			    struct ms_store *store, struct ms_error *err)
{
	struct ms_store_window window = ms_log_events_of(log, v);

	if (!v->crc_ok || log->index)
		return MS_OK;
	if (v->part.fault.what)
		ms_log_damaged(log, v->body + v->part.fault.offset,
			       window.body_bytes - v->part.fault.offset,
			       "window %" PRIu64 ": %s", v->header.sequence,
			       v->part.fault.what);
	return ms_store_add_part(store, &window, &v->part, err);
}

static ms_status list_window(struct ms_log *log, const struct ms_visit *v,
			     struct ms_error *err)
{
	struct ms_log_window *w;

	if (ms_grow((void **)&log->windows, &log->window_room, log->window_count,
		    sizeof(*log->windows)))
		return ms_fail_memory(err);
	w = &log->windows[log->window_count++];
	*w = (struct ms_log_window){
		.offset = v->offset,
		.length = v->header.length,
		.sequence = v->header.sequence,
		.base_ticks = v->header.base_ticks,
		.commit = v->commit,
		.owner = v->header.owner,
		.kind = v->header.kind,
		.header_bytes = v->header.header_bytes,
		.sealed = v->crc_ok && v->sealed && v->sealed == v->commit,
	};
	return MS_OK;
}

/* A window that was checked: list what is wrong with it, and take its events. */
static ms_status take_window(struct walk *walk, struct ms_visit *v, struct ms_error *err)
{
	ms_status status = v->status;

	if (v->is_twice) {
		ms_log_damaged(walk->log, v->offset, v->header.length,
			       "window %" PRIu64
			       " is there twice, the second is left out",
			       v->header.sequence);
		return MS_OK;
	}
	if (status != MS_OK)
		return ms_fail_memory(err);
	list_progress(walk->log, v);
	if (v->is_known) {
		count_unsealed(walk->log, v);
		list_body(walk->log, v);
		if (v->header.kind == MS_WINDOW_EVENTS)
			status = add_events(walk->log, v, walk->store, err);
	}
	return status == MS_OK ? list_window(walk->log, v, err) : status;
}

/* --- rounds ----------------------------------------------------------------------------
 */

/* The window or gap at walk->offset.  MS_OK or MS_ENOMEM. */
static ms_status visit_next(struct walk *walk, struct ms_visit *v, struct ms_error *err)
{
	bool is_new;

	*v = (struct ms_visit){ .offset = walk->offset };
	v->header_ok = ms_log_header_at(walk->log, v->offset, &v->header);
	if (!v->header_ok) {
		v->end = ms_log_gap_end(walk->log, v->offset, walk->end, &v->is_damage);
		return MS_OK;
	}
	v->end = v->offset + v->header.length;
	ms_log_begin_visit(walk->log, v);
	if (!ms_map_at(&walk->log->sequences, v->header.sequence, &is_new))
		return ms_fail_memory(err);
	v->is_twice = !is_new;
	if (is_new && v->header.kind == MS_WINDOW_EVENTS)
		v->number = walk->events++;
	return MS_OK;
}

static void check_one(void *context, unsigned worker, size_t i)
{
	struct walk *walk = context;
	struct ms_visit *v = &walk->visits[i];

	if (v->header_ok && v->is_known && !v->is_twice)
		ms_log_check_visit(walk->log, v);
	if (worker == 0)
		ms_meter_at(&walk->meter, v->offset);
}

/* One round; what was found out is used in the order of the file. */
static ms_status walk_round(struct walk *walk, struct ms_error *err)
{
	ms_status status = MS_OK;

	walk->count = 0;
	while (status == MS_OK && walk->count < ROUND && walk->offset < walk->end) {
		status = visit_next(walk, &walk->visits[walk->count], err);
		walk->offset = walk->visits[walk->count++].end;
	}
	if (status != MS_OK)
		return status;
	ms_parallel(walk->threads, walk->count, check_one, walk);
	for (size_t i = 0; i < walk->count; i++) {
		struct ms_visit *v = &walk->visits[i];

		if (status == MS_OK && v->header_ok)
			status = take_window(walk, v, err);
		else if (status == MS_OK && v->is_damage)
			ms_log_damaged(walk->log, v->offset, v->end - v->offset,
				       "no window where one should be");
		ms_store_part_release(&v->part);
	}
	return status;
}

/* What the whole file must look like, once the windows are known. */
static void check_extent(struct ms_log *log, uint64_t walked)
{
	uint64_t end = walked > log->status.extent ? walked : log->status.extent, at;

	if (end < log->head_bytes)
		end = log->head_bytes;
	if (log->size < end)
		ms_log_damaged(log, log->size, end - log->size,
			       "the file is cut off here");
	if (!log->ended)
		return;
	if (log->unsealed > log->status.open_windows)
		ms_log_damaged(log, log->unsealed_at, sizeof(struct ms_wire_window),
			       "%" PRIu64 " windows without a checksum, %u should be",
			       log->unsealed, log->status.open_windows);
	/* said only where nothing else explains it */
	if (!log->damage_count && log->window_count < log->status.windows)
		ms_log_damaged(log, log->head_bytes, end - log->head_bytes,
			       "%zu windows, %u should be", log->window_count,
			       log->status.windows);
	at = end < log->size ? ms_log_nonzero(log, end, log->size) : log->size;
	if (at < log->size)
		ms_log_damaged(log, at, log->size - at,
			       "bytes behind the end of the log");
}

uint64_t ms_log_walk_end(const struct ms_log *log)
{
	return log->ended && log->status.extent < log->size ? log->status.extent
							    : log->size;
}

ms_status ms_log_walk(struct ms_log *log, struct ms_store *store, struct ms_error *err)
{
	struct walk walk = { .log = log,
			     .store = store,
			     .visits = ms_alloc_zero(ROUND, sizeof(*walk.visits)),
			     .offset = log->head_bytes,
			     .end = ms_log_walk_end(log),
			     .threads = log->options.threads };
	ms_status status = walk.visits ? MS_OK : ms_fail_memory(err);

	if (!walk.threads && log->size < PARALLEL_LEAST)
		walk.threads = 1;
	ms_meter_init(&walk.meter, log->options.progress, log->size);
	while (status == MS_OK && walk.offset < walk.end)
		status = walk_round(&walk, err);
	if (status == MS_OK) {
		check_extent(log, walk.offset);
		ms_meter_tick(&walk.meter, log->size);
	}
	ms_free(walk.visits);
	return status;
}

const uint8_t *ms_log_body(const struct ms_log *log, const struct ms_log_window *window,
			   uint64_t *bytes)
{
	uint64_t from = window->offset + window->header_bytes;
	uint64_t room = ms_log_in_place(window->kind)
				? window->length - window->header_bytes
				: window->commit;
	uint64_t left = from < log->size ? log->size - from : 0;

	*bytes = left < room ? left : room;
	return log->bytes + (left ? from : 0);
}

static int by_sequence(const void *a, const void *b)
{
	const struct ms_log_window *x = *(const struct ms_log_window *const *)a;
	const struct ms_log_window *y = *(const struct ms_log_window *const *)b;

	return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

static int by_owner(const void *a, const void *b)
{
	const struct ms_log_window *x = *(const struct ms_log_window *const *)a;
	const struct ms_log_window *y = *(const struct ms_log_window *const *)b;

	return x->owner != y->owner ? (x->owner < y->owner ? -1 : 1) : by_sequence(a, b);
}

ms_status ms_log_sorted(const struct ms_log *log, unsigned kind,
			const struct ms_log_window ***out, size_t *count,
			struct ms_error *err)
{
	size_t n = 0;

	*count = 0;
	*out = ms_alloc_zero(log->window_count, sizeof(**out));
	if (!*out)
		return ms_fail_memory(err);
	for (size_t i = 0; i < log->window_count; i++) {
		if (log->windows[i].kind == kind)
			(*out)[n++] = &log->windows[i];
	}
	qsort(*out, n, sizeof(**out), kind == MS_WINDOW_NODES ? by_owner : by_sequence);
	*count = n;
	return MS_OK;
}
