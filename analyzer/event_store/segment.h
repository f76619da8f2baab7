/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment.h - what the store knows of its events: where runs of them lie.
 */
#ifndef MS_SEGMENT_H
#define MS_SEGMENT_H

#include "analyzer/event_store/event_store.h"

/* Events of one thread that follow each other in one window, so their times never go
 * back. */
struct ms_segment {
	const uint8_t *begin; /* where a decoder starts, with address 0 and base_ticks */
	size_t len_bytes;
	uint64_t base_ticks;
	uint64_t first_ticks, last_ticks;
	uint64_t sequence; /* of its window */
	uint64_t events;   /* at least one */
	uint32_t position; /* of its window's segments */
	uint32_t thread;
};

struct ms_store {
	struct ms_segment *segments; /* in the order of adding */
	size_t count, capacity;
	uint64_t events;
	struct ms_tick_scale scale;
};

#endif
