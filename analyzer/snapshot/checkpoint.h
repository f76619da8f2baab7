/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint.h - the state of a replay as bytes (private to snapshot).
 *
 * Prefix varints throughout.  Part one, which the thread that matches writes: version,
 * blocks in the table, halves in transit.  Part two, which the thread that counts
 * appends: totals, mappings, figures.  So no thread waits for another.
 */
#ifndef MS_CHECKPOINT_H
#define MS_CHECKPOINT_H

#include "analyzer/snapshot/heap.h"

struct ms_draft { /* bytes that grow; all zero: empty */
	uint8_t *bytes;
	size_t len_bytes, capacity;
	bool failed; /* for want of memory */
};

void ms_draft_release(struct ms_draft *draft);

/* Part one, of a heap whose last event was at last_ns. */
void ms_checkpoint_put_heap(struct ms_draft *draft, const struct ms_heap *heap,
			    uint64_t last_ns);
/* Part two.  Settles the heap's aggregate. */
void ms_checkpoint_put_figures(struct ms_draft *draft, const struct ms_heap *heap,
			       const struct ms_mappings *mappings, uint64_t last_ns);
/* How many bytes a checkpoint of so many blocks and groups hardly exceeds. */
uint64_t ms_checkpoint_estimate(uint64_t blocks, uint64_t groups);

/*
 * Both parts, hostile bytes, into a heap (with its aggregate) and mappings that are new.
 * False, with both to be thrown away, when the bytes are no state at this place, or
 * without memory.
 */
bool ms_checkpoint_load(struct ms_heap *heap, struct ms_mappings *mappings,
			const struct ms_checkpoint_place *place, const void *bytes,
			size_t len_bytes);

#endif
