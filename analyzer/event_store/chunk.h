/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunk.h - what the store knows of its events: where runs of them lie, and entry points.
 *
 * A run is what one thread wrote into one window without a break: its times never go
 * back.  It is cut into chunks, at each of which a decoder can begin.
 */
#ifndef MS_CHUNK_H
#define MS_CHUNK_H

#include "analyzer/base/alloc.h"
#include "analyzer/event_store/bloom.h"
#include "analyzer/event_store/decode.h"

/* Events of a chunk: with fewer a lookup decodes less for nothing, with more the table
 * and its filters are smaller. */
#define MS_CHUNK_EVENTS 4096

#define MS_NO_BLOOM 0xff

struct ms_chunk {
	const uint8_t *begin;
	uint64_t ticks, address, floor; /* a decoder's state there */
	uint64_t first_ticks, last_ticks;
	uint32_t len_bytes;
	uint32_t events; /* at least one */
	uint32_t window; /* of the store */
	uint32_t thread;
	uint32_t bloom_at;  /* in the window's part of the index, in words */
	uint8_t bloom_log2; /* of its words; MS_NO_BLOOM: it has none */
	bool ends_run;	    /* what follows in the window does not continue it */
};

struct ms_store {
	struct ms_chunk *chunks; /* by window, in its order */
	size_t count, capacity;
	struct ms_store_window *windows; /* in the order of adding */
	size_t window_count, window_capacity;
	uint64_t events;
	struct ms_tick_scale scale;
	const struct ms_index *index; /* of the filters; NULL: there are none */
	unsigned threads;	      /* that may work; 0: one a processor */
};

/* A decoder of count chunks from first on, which continue each other. */
static inline struct ms_decoder ms_chunk_decoder(const struct ms_chunk *first,
						 size_t count)
{
	const struct ms_chunk *last = first + count - 1;

	return (struct ms_decoder){ .p = first->begin,
				    .end = last->begin + last->len_bytes,
				    .ticks = first->ticks,
				    .address = first->address,
				    .floor = first->floor };
}

/* Room for one more window: 0, or -1 without memory. */
static inline int ms_store_room(struct ms_store *store)
{
	return ms_grow((void **)&store->windows, &store->window_capacity,
		       store->window_count, sizeof(*store->windows));
}

/* --- span.c: what a cursor has to read
 * -------------------------------------------------- */

/* Chunks that continue each other, read by one decoder. */
struct ms_span {
	uint32_t first, count;
};

/* What of the store a cursor delivers, in ticks. */
struct ms_choice {
	uint64_t from_ticks, to_ticks; /* both included */
	uint64_t address;	       /* 0: any */
	uint32_t thread;	       /* 0: any */
};

struct ms_spans {
	struct ms_span *items; /* by the time of their first events, then place */
	size_t count, capacity;
	size_t most_open; /* that have begun and not ended at any one time, at most */
};

/* Find the chunks that may hold what is wanted.  0, or -1 without memory. */
int ms_spans_init(struct ms_spans *spans, const struct ms_store *store,
		  const struct ms_choice *choice);
void ms_spans_release(struct ms_spans *spans);

/* Of two chunks whose next events bear the same time: which is first? */
static inline bool ms_chunk_before(const struct ms_store *store, uint32_t a, uint32_t b)
{
	uint64_t x = store->windows[store->chunks[a].window].sequence;
	uint64_t y = store->windows[store->chunks[b].window].sequence;

	return x != y ? x < y : a < b;
}

#endif
