/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heap.h - the two halves of the heap (private to snapshot).
 *
 * Matching finds what an event does to which block; counting turns that into totals and
 * tells who listens.  They touch different members, so that one thread may count a batch
 * of events while another matches the next one.
 */
#ifndef MS_HEAP_H
#define MS_HEAP_H

#include "analyzer/snapshot/aggregate.h"
#include "analyzer/snapshot/block_table.h"
#include "analyzer/snapshot/snapshot.h"

struct ms_maker {
	uint32_t thread;
	uint8_t kind, align_log2;
};

#define MS_RECENT_MAKERS 64

struct ms_heap {
	/* of matching */
	struct ms_block_table table;
	size_t in_transit;	  /* known blocks that wait in transit */
	struct ms_pairs transits; /* address 0: the log does not know the old block */
	struct ms_maker *makers;
	size_t maker_count, maker_capacity;
	struct ms_map maker_index;
	struct {
		uint64_t key;
		uint32_t maker;
	} recent[MS_RECENT_MAKERS]; /* by thread and kind, to save the map's lookup */

	/* of counting */
	struct ms_totals totals __attribute__((aligned(64)));
	struct ms_observer observer;
	struct ms_aggregate *aggregate; /* told before the observer; may be NULL */
	uint64_t sample_bytes;
};

/* What an event was found to do; the blocks that it ended follow each other. */
#define MS_FOUND_OLD   1 /* it ended, or moved, the block that it names */
#define MS_FOUND_THERE 2 /* its new block lies where the log has a live one */
#define MS_FOUND_MOST  2 /* blocks that an event can end */

struct ms_matched {		/* of a batch of events */
	uint8_t *found;		/* room for as many as there are events */
	struct ms_block *ended; /* and MS_FOUND_MOST times as many */
	size_t ended_count;
};

/*
 * Match count events, in log order, each as ms_heap_apply() tells it.  *done is how many
 * were: all of them, unless memory is short, and the heap is then as after these.
 */
MS_MUST_CHECK ms_status ms_heap_match(struct ms_heap *heap, struct ms_matched *matched,
				      const struct ms_event *events, size_t count,
				      size_t *done, struct ms_error *err);
/*
 * Count events that were matched, telling aggregate and observer.  MS_OK, MS_ENOMEM from
 * the aggregate, or what the observer returned.
 */
MS_MUST_CHECK ms_status ms_heap_count(struct ms_heap *heap,
				      const struct ms_matched *matched,
				      const struct ms_event *events, size_t count,
				      struct ms_error *err);

/* Room for so many blocks that will be put in.  False without memory. */
bool ms_heap_restore_room(struct ms_heap *heap, size_t blocks);
/*
 * Put in a block that was live, or a half that waited, in a heap that was saved.  False
 * without memory, or when there cannot be one.
 */
bool ms_heap_restore_block(struct ms_heap *heap, const struct ms_block *block);
bool ms_heap_restore_transit(struct ms_heap *heap, uint32_t thread,
			     const struct ms_block *old);

#endif
