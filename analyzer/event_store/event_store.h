/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event_store.h - engine 1: every event in one total order, straight from the mapped log.
 *
 * The store owns no event: it holds an index of segments (runs of one thread's events in
 * one window, ordered in time) and merges them on the way out.
 */
#ifndef MS_EVENT_STORE_H
#define MS_EVENT_STORE_H

#include "analyzer/base/error.h"
#include "common/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ms_event {
	uint64_t at_ns;	    /* since the recording began */
	uint64_t address;   /* 0: the call failed (classes ALLOC, REALLOC_END, MAP,
			       REMAP_END, BREAK); BREAK: the new break */
	uint64_t size;	    /* bytes asked for (classes ALLOC, REALLOC_END), of the range
			       (MAP ... REMAP_END), that the break moved by (BREAK) */
	uint32_t stack;	    /* node of the stack trie; 0: none was taken */
	uint32_t thread;    /* the log's thread id, from 1 */
	uint8_t kind;	    /* enum ms_event_kind */
	uint8_t class;	    /* enum ms_event_class of kind */
	uint8_t align_log2; /* alignment asked for; 0: the default */
	uint8_t detail;	    /* MAP: the protection; BREAK: 1 when the break went down */
	uint32_t flags;	    /* of MAP and REMAP_END, as the call had them */
};

/* Ticks of the log to nanoseconds since the start: (ticks - start) * mult >> 32. */
struct ms_tick_scale {
	uint64_t start_ticks;
	uint64_t mult; /* nanoseconds a tick, 32.32 fixed point */
};

uint64_t ms_ticks_to_ns(const struct ms_tick_scale *scale, uint64_t ticks);

struct ms_store;

/* An empty store.  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_store_new(struct ms_store **out, struct ms_error *err);
void ms_store_free(struct ms_store *store);
void ms_store_set_scale(struct ms_store *store, struct ms_tick_scale scale);

/* The body of an EVENTS window, as its header describes it. */
struct ms_store_window {
	const uint8_t *body; /* stays mapped while the store lives */
	size_t body_bytes;   /* committed bytes */
	uint64_t sequence;
	uint64_t base_ticks;
	uint32_t thread;
};

/* Why a window's decoding ended early. */
struct ms_store_fault {
	size_t offset;	  /* in the body, of the event or record that is wrong */
	const char *what; /* static text; NULL: no fault */
};

/*
 * Decode a window once, check it, and index its segments.  A fault is no failure: what
 * lies before it is kept.  MS_OK or MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_store_add_window(struct ms_store *store,
					    const struct ms_store_window *window,
					    struct ms_store_fault *fault,
					    struct ms_error *err);

uint64_t ms_store_event_count(const struct ms_store *store);
/* Does a run of events of this thread end at that very tick? */
bool ms_store_run_ends(const struct ms_store *store, uint32_t thread, uint64_t ticks);
/* Ticks of the first and the last event; false when there are none. */
bool ms_store_tick_range(const struct ms_store *store, uint64_t *first, uint64_t *last);

/* What of the events a cursor delivers.  Zero: all of them. */
struct ms_want {
	uint64_t from_ns;     /* at or after */
	uint64_t to_ns;	      /* at or before; 0: no limit */
	uint64_t after_ticks; /* of the log, later than; 0: no limit */
	uint32_t thread;      /* the log's id; 0: of all */
	uint64_t address;     /* that the event itself bears; 0: any */
};

/* One pass over events in log order: time, then window sequence, then position. */
struct ms_cursor;

MS_MUST_CHECK ms_status ms_cursor_open(struct ms_cursor **out,
				       const struct ms_store *store,
				       struct ms_error *err);
/* The same for a part of them; only the windows concerned are read. */
MS_MUST_CHECK ms_status ms_cursor_open_want(struct ms_cursor **out,
					    const struct ms_store *store,
					    const struct ms_want *want,
					    struct ms_error *err);
/* The next event, or false at the end.  Allocates nothing and cannot fail. */
bool ms_cursor_next(struct ms_cursor *cursor, struct ms_event *event);
/* The ticks of the event delivered last; 0 before the first. */
uint64_t ms_cursor_ticks(const struct ms_cursor *cursor);
void ms_cursor_close(struct ms_cursor *cursor);

#endif
