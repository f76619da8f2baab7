/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heap.c - the live-heap state machine.
 *
 * Snapshot, timeline and every detector replay through here, so this file alone
 * decides what "live" means.  Anomalies are counted, never repaired.
 *
 * Blocks lie in an open-addressing table keyed by address (0: an empty slot); deletion
 * shifts the followers back, so there are no tombstones and a lookup ends at the first
 * empty slot.  A realloc's old block waits in transit between the two halves: out of the
 * table, because another thread may be handed its address before the second half is
 * stamped, but live in every figure, because the call has not ended yet.  The table
 * keeps room for the blocks in transit, so putting one back cannot fail.
 */
#include "analyzer/snapshot/snapshot.h"
#include "analyzer/base/alloc.h"
#include "analyzer/snapshot/weight.h"

#include <assert.h>

#define FIRST_BITS 10
struct ms_heap {
	struct ms_block *slots; /* 1 << bits of them */
	unsigned bits;
	size_t in_table;
	size_t in_transit; /* known blocks that wait in transit */

	struct ms_pairs transits; /* address 0: the log does not know the old block */

	struct ms_totals totals;
	struct ms_observer observer;
	uint64_t sample_bytes;
};

/* --- the table ------------------------------------------------------------------------
 */

static size_t mask(const struct ms_heap *heap)
{
	return ((size_t)1 << heap->bits) - 1;
}

static size_t home(const struct ms_heap *heap, uint64_t address)
{
	/* Blocks are 16 bytes apart: the low bits say nothing. */
	return (size_t)((address >> 4) * 0x9e3779b97f4a7c15ULL >> (64 - heap->bits));
}

/* The slot that holds address, or the empty one where it belongs. */
static struct ms_block *slot_of(const struct ms_heap *heap, uint64_t address)
{
	size_t i = home(heap, address);

	while (heap->slots[i].address && heap->slots[i].address != address)
		i = (i + 1) & mask(heap);
	return &heap->slots[i];
}

static struct ms_block *find(const struct ms_heap *heap, uint64_t address)
{
	struct ms_block *slot = address ? slot_of(heap, address) : NULL;

	return slot && slot->address ? slot : NULL;
}

/* Take a block out of the table (not out of the totals) and return it. */
static struct ms_block take(struct ms_heap *heap, struct ms_block *slot)
{
	struct ms_block taken = *slot;
	size_t hole = (size_t)(slot - heap->slots);

	for (size_t i = (hole + 1) & mask(heap); heap->slots[i].address;
	     i = (i + 1) & mask(heap)) {
		size_t from_home = (i - home(heap, heap->slots[i].address)) & mask(heap);

		/* It may move into the hole unless that lies before its home. */
		if (from_home >= ((i - hole) & mask(heap))) {
			heap->slots[hole] = heap->slots[i];
			hole = i;
		}
	}
	heap->slots[hole].address = 0;
	heap->in_table--;
	return taken;
}

static void put(struct ms_heap *heap, const struct ms_block *block)
{
	struct ms_block *slot = slot_of(heap, block->address);

	assert(!slot->address);
	*slot = *block;
	heap->in_table++;
}

/* Room for one more block beside those in the table and in transit; -1 without memory. */
static int reserve(struct ms_heap *heap)
{
	struct ms_block *old = heap->slots, *slots;
	size_t need = heap->in_table + heap->in_transit + 1, old_count = mask(heap) + 1;

	if (need <= old_count / 2)
		return 0;
	slots = ms_alloc_zero(2 * old_count, sizeof(*slots));
	if (!slots)
		return -1;
	heap->slots = slots;
	heap->bits++;
	heap->in_table = 0;
	for (size_t i = 0; i < old_count; i++) {
		if (old[i].address)
			put(heap, &old[i]);
	}
	ms_free(old);
	return 0;
}

/* --- reallocs in transit --------------------------------------------------------------
 */

static ms_status begin_realloc(struct ms_heap *heap, const struct ms_event *event,
			       struct ms_error *err)
{
	struct ms_block *old = find(heap, event->address);
	struct ms_block unknown = { 0 };

	if (ms_pairs_push(&heap->transits, event->thread, old ? old : &unknown) < 0)
		return ms_fail_memory(err);
	if (old) {
		take(heap, old);
		heap->in_transit++;
	}
	return MS_OK;
}

/* End the thread's innermost transit.  Its old block has address 0 when there is none. */
static struct ms_block end_transit(struct ms_heap *heap, uint32_t thread)
{
	struct ms_block old = { 0 };

	if (ms_pairs_pop(&heap->transits, thread, &old) && old.address)
		heap->in_transit--;
	return old;
}

/* --- what events do -------------------------------------------------------------------
 */

static void tell(struct ms_heap *heap, enum ms_change change,
		 const struct ms_block *block, const struct ms_event *event)
{
	if (heap->observer.block)
		heap->observer.block(heap->observer.context, change, block, event,
				     &heap->totals);
}

static struct ms_weight weigh(const struct ms_heap *heap, const struct ms_block *block)
{
	return ms_weigh(heap->sample_bytes, block->size);
}

/* A block that left the table is no longer live. */
static void ended(struct ms_heap *heap, const struct ms_block *block,
		  const struct ms_event *event)
{
	struct ms_weight w = weigh(heap, block);

	heap->totals.active_allocations -= w.blocks;
	heap->totals.current_memory -= w.bytes;
	tell(heap, MS_CHANGE_END, block, event);
}

static void overwrite(struct ms_heap *heap, const struct ms_block *block,
		      const struct ms_event *event)
{
	struct ms_weight w = weigh(heap, block);

	heap->totals.overwritten_blocks += w.blocks;
	heap->totals.overwritten_bytes += w.bytes;
	ended(heap, block, event);
}

static void end_block(struct ms_heap *heap, const struct ms_block *block,
		      const struct ms_event *event)
{
	struct ms_weight w = weigh(heap, block);

	heap->totals.total_deallocations += w.blocks;
	heap->totals.total_deallocated += w.bytes;
	ended(heap, block, event);
}

/* The event made a block; reserve() has made room for it. */
static void begin_block(struct ms_heap *heap, const struct ms_event *event)
{
	struct ms_totals *totals = &heap->totals;
	struct ms_block *there = find(heap, event->address);
	struct ms_block block = { event->address,   event->size,   event->at_ns,
				  event->stack,	    event->thread, event->kind,
				  event->align_log2 };
	struct ms_weight w = weigh(heap, &block);

	if (there) {
		struct ms_block old = take(heap, there);

		overwrite(heap, &old, event);
	}
	put(heap, &block);
	totals->active_allocations += w.blocks;
	totals->total_allocated += w.bytes;
	totals->current_memory += w.bytes;
	if (totals->current_memory > totals->peak_memory) {
		totals->peak_memory = totals->current_memory;
		totals->peak_at_ns = event->at_ns;
		totals->peak_event = totals->events + 1;
	}
	tell(heap, MS_CHANGE_BEGIN, &block, event);
}

static ms_status apply_alloc(struct ms_heap *heap, const struct ms_event *event,
			     struct ms_error *err)
{
	if (!event->address) {
		heap->totals.failed_allocations++;
		return MS_OK;
	}
	if (reserve(heap) < 0)
		return ms_fail_memory(err);
	heap->totals.total_allocations +=
		ms_weigh(heap->sample_bytes, event->size).blocks;
	begin_block(heap, event);
	return MS_OK;
}

/* A block from before the recording, of a forked child's parent, or none at all. */
static void end_unknown(struct ms_heap *heap)
{
	heap->totals.total_deallocations++;
	heap->totals.unmatched_deallocations++;
}

static ms_status apply_free(struct ms_heap *heap, const struct ms_event *event,
			    struct ms_error *err)
{
	struct ms_block *there = find(heap, event->address);

	(void)err;
	if (there) {
		struct ms_block old = take(heap, there);

		end_block(heap, &old, event);
	} else {
		end_unknown(heap);
	}
	return MS_OK;
}

/* The call failed: the old block lives on, unless its address has a new owner by now. */
static void put_back(struct ms_heap *heap, const struct ms_event *event)
{
	struct ms_block old = end_transit(heap, event->thread);

	heap->totals.failed_allocations++;
	if (!old.address)
		return;
	if (find(heap, old.address))
		overwrite(heap, &old, event);
	else
		put(heap, &old);
}

static ms_status apply_realloc_end(struct ms_heap *heap, const struct ms_event *event,
				   struct ms_error *err)
{
	struct ms_block old;

	if (!event->address) {
		put_back(heap, event);
		return MS_OK;
	}
	if (reserve(heap) < 0)
		return ms_fail_memory(err);
	old = end_transit(heap, event->thread);
	heap->totals.total_reallocations +=
		ms_weigh(heap->sample_bytes, event->size).blocks;
	if (old.address) {
		heap->totals.total_deallocated += weigh(heap, &old).bytes;
		/* The old one first: the two never count at once, so they make no false
		 * peak. */
		ended(heap, &old, event);
	} else {
		heap->totals.unmatched_deallocations++;
	}
	begin_block(heap, event);
	return MS_OK;
}

static ms_status apply_realloc_freed(struct ms_heap *heap, const struct ms_event *event,
				     struct ms_error *err)
{
	struct ms_block old = end_transit(heap, event->thread);

	(void)err;
	if (old.address)
		end_block(heap, &old, event);
	else
		end_unknown(heap);
	return MS_OK;
}

static ms_status apply_unknown(struct ms_heap *heap, const struct ms_event *event,
			       struct ms_error *err)
{
	(void)heap;
	(void)event;
	(void)err;
	return MS_OK;
}

typedef ms_status apply_fn(struct ms_heap *heap, const struct ms_event *event,
			   struct ms_error *err);

static apply_fn *const by_class[] = {
	[MS_CLASS_UNKNOWN] = apply_unknown,
	[MS_CLASS_ALLOC] = apply_alloc,
	[MS_CLASS_FREE] = apply_free,
	[MS_CLASS_REALLOC_BEGIN] = begin_realloc,
	[MS_CLASS_REALLOC_END] = apply_realloc_end,
	[MS_CLASS_REALLOC_FREED] = apply_realloc_freed,
};

/* --- the door -------------------------------------------------------------------------
 */

ms_status ms_heap_new(struct ms_heap **out, const struct ms_observer *observer,
		      struct ms_error *err)
{
	struct ms_heap *heap = ms_alloc_zero(1, sizeof(*heap));

	*out = NULL;
	if (!heap)
		return ms_fail_memory(err);
	heap->bits = FIRST_BITS;
	heap->slots = ms_alloc_zero((size_t)1 << heap->bits, sizeof(*heap->slots));
	if (!heap->slots) {
		ms_free(heap);
		return ms_fail_memory(err);
	}
	ms_pairs_init(&heap->transits);
	if (observer)
		heap->observer = *observer;
	*out = heap;
	return MS_OK;
}

void ms_heap_free(struct ms_heap *heap)
{
	if (!heap)
		return;
	ms_free(heap->slots);
	ms_pairs_release(&heap->transits);
	ms_free(heap);
}

ms_status ms_heap_apply(struct ms_heap *heap, const struct ms_event *event,
			struct ms_error *err)
{
	size_t known = sizeof(by_class) / sizeof(by_class[0]);
	apply_fn *apply = event->class < known ? by_class[event->class] : apply_unknown;
	ms_status status = apply(heap, event, err);

	if (status == MS_OK)
		heap->totals.events++;
	return status;
}

void ms_heap_sampled(struct ms_heap *heap, uint64_t sample_bytes)
{
	heap->sample_bytes = sample_bytes;
}

void ms_heap_prefetch(const struct ms_heap *heap, uint64_t address)
{
	__builtin_prefetch(&heap->slots[home(heap, address)], 1);
}

const struct ms_totals *ms_heap_totals(const struct ms_heap *heap)
{
	return &heap->totals;
}

void ms_heap_each(const struct ms_heap *heap,
		  bool (*visit)(void *context, const struct ms_block *block),
		  void *context)
{
	const struct ms_block *block;
	size_t position = 0;

	for (size_t i = 0; i <= mask(heap); i++) {
		if (heap->slots[i].address && !visit(context, &heap->slots[i]))
			return;
	}
	while ((block = ms_pairs_next(&heap->transits, &position))) {
		if (block->address && !visit(context, block))
			return;
	}
}
