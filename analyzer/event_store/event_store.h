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

static inline uint64_t ms_ticks_to_ns(const struct ms_tick_scale *scale, uint64_t ticks)
{
	unsigned __int128 ns;

	if (ticks <= scale->start_ticks)
		return 0;
	ns = (unsigned __int128)(ticks - scale->start_ticks) * scale->mult >> 32;
	return ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}

struct ms_store;

/* An empty store.  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_store_new(struct ms_store **out, struct ms_error *err);
void ms_store_free(struct ms_store *store);
void ms_store_set_scale(struct ms_store *store, struct ms_tick_scale scale);
/* How many threads may look for an address where no index helps; 0: one a processor. */
void ms_store_set_threads(struct ms_store *store, unsigned threads);

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
 * Decode a window once, check it, and index its events.  A fault is no failure: what lies
 * before it is kept.  MS_OK or MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_store_add_window(struct ms_store *store,
					    const struct ms_store_window *window,
					    struct ms_store_fault *fault,
					    struct ms_error *err);

/*
 * The same in two steps: any thread reads a window, and one then adds them in order.  The
 * addresses of its events go to writer (NULL: nowhere) as those of window number.
 */
struct ms_store_part {
	struct ms_chunk *chunks;
	size_t count, capacity;
	uint64_t events;
	struct ms_store_fault fault;
};
struct ms_index_writer;
MS_MUST_CHECK ms_status ms_store_read_window(struct ms_store_part *out,
					     const struct ms_store_window *window,
					     struct ms_index_writer *writer,
					     uint32_t number, struct ms_error *err);
/* Takes what part has, also when it fails.  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_store_add_part(struct ms_store *store,
					  const struct ms_store_window *window,
					  struct ms_store_part *part,
					  struct ms_error *err);
void ms_store_part_release(struct ms_store_part *part);

/* Write what the store knows of its windows to an index; false: no memory. */
bool ms_store_save(const struct ms_store *store, struct ms_index_writer *writer);
/*
 * Fill an empty store with what an index, which stays open, knows of these windows, the
 * same that it was made from, without looking at their bodies.  MS_OK, or MS_ENOMEM;
 * *used is false, and the store empty, when the index does not fit them.
 */
struct ms_index;
MS_MUST_CHECK ms_status ms_store_load(struct ms_store *store,
				      const struct ms_index *index,
				      const struct ms_store_window *windows, size_t count,
				      bool *used, struct ms_error *err);

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
/* The next events, at most n, as that many calls of it; how many: 0 at the end. */
size_t ms_cursor_batch(struct ms_cursor *cursor, struct ms_event *events, size_t n);
/* The ticks of the event delivered last; 0 before the first. */
uint64_t ms_cursor_ticks(const struct ms_cursor *cursor);
void ms_cursor_close(struct ms_cursor *cursor);

/* --- index_file.c, index_write.c: what was found out about a log, kept beside it
 * -------------
 *
 * LOG.idx is never needed: whoever finds none, or one that is not of this log, works it
 * out again.  It is made of parts, told apart by kind and number.
 */

/* Of the log that an index was made from; an index of another one is none. */
struct ms_index_identity {
	uint64_t bytes;	   /* of the file */
	uint64_t mtime_ns; /* of the file */
	uint64_t windows;  /* a hash of all window headers, commit words included */
	uint64_t head;	   /* a hash of the head and the status */
};

enum ms_index_kind {
	MS_INDEX_CHUNKS = 1,	 /* event_store's: entry points to the events */
	MS_INDEX_BLOOMS = 2,	 /* event_store's: addresses, one part a window */
	MS_INDEX_CHECKPOINT = 3, /* snapshot's */
	MS_INDEX_FIGURES = 4,	 /* snapshot's: of the whole log */
};

struct ms_index; /* a mapped index: its bytes are hostile, whatever their checksum says */

/*
 * The index of the log at log_path.  MS_OK, with *out NULL when there is none, or it is
 * of another log or another version, or broken; MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_index_open(struct ms_index **out, const char *log_path,
				      const struct ms_index_identity *identity,
				      struct ms_error *err);
void ms_index_close(struct ms_index *index); /* NULL is fine */
/*
 * The bytes of a part, 64-byte aligned, valid while the index is open; false: it has no
 * such part, or its checksum, looked at when it is asked for first, differs.  Any thread.
 */
bool ms_index_part(const struct ms_index *index, unsigned kind, uint32_t number,
		   const uint8_t **bytes, size_t *len_bytes);
/* How many parts of a kind it has.  Their numbers need not be dense. */
size_t ms_index_part_count(const struct ms_index *index, unsigned kind);
uint64_t ms_index_file_bytes(const struct ms_index *index);

/*
 * A new index.  It has no name until it is whole; whatever goes wrong (no memory, no
 * room, a directory that cannot be written) only means that there will be none.
 */
struct ms_index_writer;

/* NULL: there cannot be one. */
struct ms_index_writer *ms_index_begin(const char *log_path);
/* Write a part, which no other has the kind and number of, to the file.  Any thread. */
void ms_index_add(struct ms_index_writer *writer, unsigned kind, uint32_t number,
		  const void *bytes, size_t len_bytes);
/* Add all sound parts of a kind of another index. */
void ms_index_copy(struct ms_index_writer *writer, const struct ms_index *from,
		   unsigned kind);
/* How many parts of a kind were added, and how large the file would be now. */
size_t ms_index_added(struct ms_index_writer *writer, unsigned kind, uint64_t *bytes);
/*
 * Put it in place of the one that may be there; true: done.  Frees writer.  What is there
 * and is no index of ours stays.
 */
bool ms_index_commit(struct ms_index_writer *writer,
		     const struct ms_index_identity *identity);
void ms_index_abandon(struct ms_index_writer *writer); /* NULL is fine */

#endif
