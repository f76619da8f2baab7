/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_window.c - walking a log's windows and checking their bodies.
 *
 * Events whose checksum differs are left out: their times and addresses build on each
 * other, so that one wrong bit makes the rest of the window untrue.  Records stand for
 * themselves and are kept.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/capture/log.h"
#include "common/crc32c.h"
#include "common/lost.h"

#include <inttypes.h>
#include <stdlib.h>

/* One window while it is visited. */
struct visit {
	struct ms_wire_window header;
	uint64_t offset;
	uint64_t body;	  /* offset in the file */
	uint64_t room;	  /* body bytes that the header promises */
	uint64_t present; /* of them in the file */
	uint32_t commit, sealed, crc;
	bool crc_ok;
};

/*
 * What the writer changes while it runs is read again and in this order: the seal first,
 * then commit (acquire: pairs with the writer's release), so that sealed <= commit holds.
 */
static void read_progress(const struct ms_log *log, struct visit *v)
{
	const struct ms_wire_window *live =
		(const struct ms_wire_window *)(const void *)(log->bytes + v->offset);
	uint64_t seal = __atomic_load_n((const uint64_t *)(const void *)&live->sealed,
					__ATOMIC_ACQUIRE);

	v->sealed = (uint32_t)seal;
	v->crc = (uint32_t)(seal >> 32);
	v->commit = __atomic_load_n(&live->commit, __ATOMIC_ACQUIRE);
}

static void begin_visit(const struct ms_log *log, struct visit *v, uint64_t offset)
{
	uint64_t left;

	v->offset = offset;
	v->body = offset + v->header.header_bytes;
	v->room = v->header.length - v->header.header_bytes;
	left = v->body < log->size ? log->size - v->body : 0;
	v->present = left < v->room ? left : v->room;
	read_progress(log, v);
}

static void check_reserved(struct ms_log *log, const struct visit *v)
{
	if (log->known_minor &&
	    (v->header.reserved || v->header.spare || v->header.spare2))
		ms_log_damaged(log, v->offset, sizeof(v->header),
			       "bytes of a window's header that should be zero");
}

/* Make commit and seal agree with each other and with the window. */
static void check_progress(struct ms_log *log, struct visit *v)
{
	if (v->commit > v->room) {
		ms_log_damaged(log, v->offset, sizeof(v->header),
			       "window %" PRIu64 " is filled beyond its end",
			       v->header.sequence);
		v->commit = (uint32_t)v->room;
	}
	if (v->sealed > v->commit) {
		ms_log_damaged(log, v->offset, sizeof(v->header),
			       "window %" PRIu64 " is sealed beyond what it holds",
			       v->header.sequence);
		v->sealed = v->commit;
	}
}

static void check_seal(struct ms_log *log, struct visit *v)
{
	/* a window that is cut off has lost what its checksum needs */
	v->crc_ok = v->present < v->sealed ||
		    ms_crc32c(0, log->bytes + v->body, v->sealed) == v->crc;
	if (!v->crc_ok)
		ms_log_damaged(
			log, v->body, v->sealed,
			"window %" PRIu64 ": its checksum differs%s", v->header.sequence,
			v->header.kind == MS_WINDOW_EVENTS ? ", its events are left out"
							   : "");
}

/* What holds of windows after exit(): all are sealed but a known number, slack is zero.
 */
static void check_ended(struct ms_log *log, const struct visit *v)
{
	uint64_t from = v->body + v->commit, to = v->body + v->present, at;

	if (v->sealed != v->commit) {
		if (!log->unsealed++)
			log->unsealed_at = v->offset;
		return;
	}
	/* an event that was begun in a hook and never ended by it stays behind commit */
	if (log->status.lost[MS_LOST_ABANDONED_HOOKS])
		return;
	at = from < to ? ms_log_nonzero(log, from, to) : to;
	if (at < to)
		ms_log_damaged(log, at, to - at,
			       "bytes behind the end of window %" PRIu64
			       " that should be zero",
			       v->header.sequence);
}

static ms_status list_window(struct ms_log *log, const struct visit *v,
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

static ms_status add_events(struct ms_log *log, const struct visit *v,
			    struct ms_store *store, struct ms_error *err)
{
	struct ms_store_window window = {
		.body = log->bytes + v->body,
		.body_bytes = v->present < v->commit ? v->present : v->commit,
		.sequence = v->header.sequence,
		.base_ticks = v->header.base_ticks,
		.thread = v->header.owner,
	};
	struct ms_store_fault fault;
	ms_status status;

	if (!v->crc_ok)
		return MS_OK;
	status = ms_store_add_window(store, &window, &fault, err);
	if (status == MS_OK && fault.what)
		ms_log_damaged(log, v->body + fault.offset,
			       window.body_bytes - fault.offset, "window %" PRIu64 ": %s",
			       v->header.sequence, fault.what);
	return status;
}

/* What lies there is valid by itself: the window commits and seals nothing. */
static bool in_place(unsigned kind)
{
	return kind == MS_WINDOW_NODES || kind == MS_WINDOW_COUNTERS;
}

/* A window whose sequence was not seen before. */
static ms_status visit_window(struct ms_log *log, struct visit *v, struct ms_store *store,
			      struct ms_error *err)
{
	ms_status status = MS_OK;

	check_reserved(log, v);
	if (v->header.kind < MS_WINDOW_EVENTS || v->header.kind > MS_WINDOW_COUNTERS)
		return list_window(log, v, err);
	check_progress(log, v);
	check_seal(log, v);
	if (log->ended && !in_place(v->header.kind))
		check_ended(log, v);
	if (in_place(v->header.kind) && log->known_minor && (v->commit || v->crc))
		ms_log_damaged(log, v->offset, sizeof(v->header),
			       "a window of %s that counts bytes",
			       v->header.kind == MS_WINDOW_NODES ? "stack nodes"
								 : "counters");
	if (v->header.kind == MS_WINDOW_EVENTS)
		status = add_events(log, v, store, err);
	return status == MS_OK ? list_window(log, v, err) : status;
}

static ms_status visit_once(struct ms_log *log, struct visit *v, struct ms_store *store,
			    struct ms_error *err)
{
	bool is_new;

	if (!ms_map_at(&log->sequences, v->header.sequence, &is_new))
		return ms_fail_memory(err);
	if (is_new)
		return visit_window(log, v, store, err);
	ms_log_damaged(log, v->offset, v->header.length,
		       "window %" PRIu64 " is there twice, the second is left out",
		       v->header.sequence);
	return MS_OK;
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

/* After exit the extent can be trusted, and what follows is not of this log. */
static uint64_t walk_end(const struct ms_log *log)
{
	return log->ended && log->status.extent < log->size ? log->status.extent
							    : log->size;
}

ms_status ms_log_walk(struct ms_log *log, struct ms_store *store,
		      const struct ms_progress *progress, struct ms_error *err)
{
	uint64_t end = walk_end(log), offset = log->head_bytes;
	ms_status status = MS_OK;
	struct ms_meter meter;
	struct visit v;

	ms_meter_init(&meter, progress, log->size);
	while (status == MS_OK && offset < end) {
		ms_meter_at(&meter, offset);
		if (ms_log_header_at(log, offset, &v.header)) {
			begin_visit(log, &v, offset);
			status = visit_once(log, &v, store, err);
			offset += v.header.length;
		} else {
			offset = ms_log_skip_gap(log, offset, end);
		}
	}
	if (status == MS_OK)
		check_extent(log, offset);
	ms_meter_tick(&meter, log->size);
	return status;
}

const uint8_t *ms_log_body(const struct ms_log *log, const struct ms_log_window *window,
			   uint64_t *bytes)
{
	uint64_t from = window->offset + window->header_bytes;
	uint64_t room = in_place(window->kind) ? window->length - window->header_bytes
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
