/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_check.c - what is found out about one window by itself, on any thread.
 */
#include "analyzer/capture/log.h"
#include "common/crc32c.h"
#include "common/lost.h"

bool ms_log_in_place(unsigned kind)
{
	return kind == MS_WINDOW_NODES || kind == MS_WINDOW_COUNTERS;
}

/*
 * What the writer changes while it runs is read again and in this order: the seal first,
 * then commit (acquire: pairs with the writer's release), so that sealed <= commit holds.
 */
static void read_progress(const struct ms_log *log, struct ms_visit *v)
{
	const struct ms_wire_window *live =
		(const struct ms_wire_window *)(const void *)(log->bytes + v->offset);
	uint64_t seal = __atomic_load_n((const uint64_t *)(const void *)&live->sealed,
					__ATOMIC_ACQUIRE);

	v->sealed = (uint32_t)seal;
	v->crc = (uint32_t)(seal >> 32);
	v->commit = __atomic_load_n(&live->commit, __ATOMIC_ACQUIRE);
}

/* Make commit and seal agree with each other and with the window. */
static void fit_progress(struct ms_visit *v)
{
	v->overfilled = v->commit > v->room;
	if (v->overfilled)
		v->commit = (uint32_t)v->room;
	v->oversealed = v->sealed > v->commit;
	if (v->oversealed)
		v->sealed = v->commit;
}

void ms_log_begin_visit(const struct ms_log *log, struct ms_visit *v)
{
	uint64_t left;

	v->body = v->offset + v->header.header_bytes;
	v->room = v->header.length - v->header.header_bytes;
	left = v->body < log->size ? log->size - v->body : 0;
	v->present = left < v->room ? left : v->room;
	v->is_known = v->header.kind >= MS_WINDOW_EVENTS &&
		      v->header.kind <= MS_WINDOW_POINTERS;
	read_progress(log, v);
	if (v->is_known)
		fit_progress(v);
}

struct ms_store_window ms_log_events_of(const struct ms_log *log,
					const struct ms_visit *v)
{
	return (struct ms_store_window){
		.body = log->bytes + v->body,
		.body_bytes = v->present < v->commit ? v->present : v->commit,
		.sequence = v->header.sequence,
		.base_ticks = v->header.base_ticks,
		.thread = v->header.owner,
	};
}

/* Slack of windows is zero after exit(). */
static void check_slack(const struct ms_log *log, struct ms_visit *v)
{
	uint64_t from = v->body + v->commit;

	v->slack = v->slack_end = v->body + v->present;
	/* an event that was begun in a hook and never ended by it stays behind commit */
	if (log->ended && !ms_log_in_place(v->header.kind) && v->sealed == v->commit &&
	    !log->status.lost[MS_LOST_ABANDONED_HOOKS] && from < v->slack_end)
		v->slack = ms_log_nonzero(log, from, v->slack_end);
}

void ms_log_check_visit(const struct ms_log *log, struct ms_visit *v)
{
	struct ms_store_window window = ms_log_events_of(log, v);
	bool is_events = v->header.kind == MS_WINDOW_EVENTS;

	/* an index is made of windows that were found to be right */
	v->crc_ok = is_events && log->index;
	if (v->crc_ok)
		return;
	/* a window that is cut off has lost what its checksum needs */
	v->crc_ok = v->present < v->sealed ||
		    ms_crc32c(0, log->bytes + v->body, v->sealed) == v->crc;
	check_slack(log, v);
	if (is_events && v->crc_ok)
		v->status = ms_store_read_window(&v->part, &window, log->index_writer,
						 v->number, NULL);
}
