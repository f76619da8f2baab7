/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heap.c - the live-heap state machine: which event begins and ends which block.
 *
 * Snapshot, timeline and every detector replay through here, so this file alone
 * decides what "live" means.  Anomalies are counted, never repaired.
 *
 * Blocks lie in a table keyed by address.  A realloc's old block waits in transit between
 * the two halves: out of the table, because another thread may be handed its address
 * before the second half is stamped, but live in every figure, because the call has not
 * ended yet.  The table keeps room for the blocks in transit, so putting one back cannot
 * fail.
 */
#include "analyzer/snapshot/heap.h"
#include "analyzer/base/alloc.h"

/* Events between the hint that a slot will be needed and its use: a miss takes ~100 ns.
 */
#define AHEAD 16

static inline struct ms_block block_of(const struct ms_heap *heap,
				       const struct ms_slot *slot)
{
	const struct ms_maker *maker = &heap->makers[slot->maker];

	return (struct ms_block){ slot->address,    slot->size,	   slot->at_ns,
				  slot->stack,	    maker->thread, maker->kind,
				  maker->align_log2 };
}

/*
 * Room for one more block beside those in the table and in transit; -1 without memory.
 */
static inline int reserve(struct ms_heap *heap)
{
	return ms_block_table_reserve(&heap->table, heap->in_transit);
}

/* --- who made a block, and how --------------------------------------------------------
 */

static __attribute__((noinline)) int new_maker(struct ms_heap *heap, uint64_t key,
					       const struct ms_maker *maker,
					       uint32_t *index)
{
	const uint64_t *known = ms_map_find(&heap->maker_index, key);

	if (known) {
		*index = (uint32_t)*known;
		return 0;
	}
	if (heap->maker_count >= UINT32_MAX ||
	    ms_grow((void **)&heap->makers, &heap->maker_capacity, heap->maker_count,
		    sizeof(*heap->makers)) < 0 ||
	    ms_map_put(&heap->maker_index, key, heap->maker_count) < 0)
		return -1;
	*index = (uint32_t)heap->maker_count;
	heap->makers[heap->maker_count++] = *maker;
	return 0;
}

static inline int maker_of(struct ms_heap *heap, uint32_t thread, uint8_t kind,
			   uint8_t align_log2, uint32_t *index)
{
	/* Never 0, which is an empty place of recent[]. */
	uint64_t key = (UINT64_C(1) << 63) | (uint64_t)thread << 16 |
		       (uint64_t)kind << 8 | align_log2;
	size_t i = (thread * 5 + kind + align_log2) % MS_RECENT_MAKERS;

	if (__builtin_expect(heap->recent[i].key != key, 0)) {
		struct ms_maker maker = { thread, kind, align_log2 };

		if (new_maker(heap, key, &maker, &heap->recent[i].maker) < 0)
			return -1;
		heap->recent[i].key = key;
	}
	*index = heap->recent[i].maker;
	return 0;
}

/* --- what events do -------------------------------------------------------------------
 */

static inline void note_end(struct ms_matched *matched, uint8_t *found, unsigned what,
			    const struct ms_block *block)
{
	matched->ended[matched->ended_count++] = *block;
	*found = (uint8_t)(*found | what);
}

/* Put a block into the table, over one with its address.  reserve() has made room. */
static inline void put(struct ms_heap *heap, const struct ms_slot *block,
		       struct ms_matched *matched, uint8_t *found)
{
	struct ms_slot *slot = ms_block_table_find(&heap->table, block->address);

	if (__builtin_expect(slot != NULL, 0)) {
		struct ms_block there = block_of(heap, slot);

		note_end(matched, found, MS_FOUND_THERE, &there);
		*slot = *block;
	} else {
		ms_block_table_add(&heap->table, block);
	}
}

/* What making the event's block may need.  0, or -1 without memory. */
static inline int prepare(struct ms_heap *heap, const struct ms_event *event,
			  struct ms_slot *slot)
{
	*slot = (struct ms_slot){ event->address, event->size, event->at_ns, event->stack,
				  0 };
	if (maker_of(heap, event->thread, event->kind, event->align_log2, &slot->maker) <
	    0)
		return -1;
	return reserve(heap);
}

static inline int match_alloc(struct ms_heap *heap, struct ms_matched *matched,
			      const struct ms_event *event, uint8_t *found)
{
	struct ms_slot slot;

	if (!event->address)
		return 0;
	if (prepare(heap, event, &slot) < 0)
		return -1;
	put(heap, &slot, matched, found);
	return 0;
}

static inline void match_free(struct ms_heap *heap, struct ms_matched *matched,
			      const struct ms_event *event, uint8_t *found)
{
	struct ms_slot *there = ms_block_table_find(&heap->table, event->address);
	struct ms_block old;

	if (!there)
		return;
	old = block_of(heap, there);
	ms_block_table_remove(&heap->table, there);
	note_end(matched, found, MS_FOUND_OLD, &old);
}

static int begin_realloc(struct ms_heap *heap, const struct ms_event *event)
{
	struct ms_slot *there = ms_block_table_find(&heap->table, event->address);
	struct ms_block old = { 0 };

	if (there)
		old = block_of(heap, there);
	if (ms_pairs_push(&heap->transits, event->thread, &old) < 0)
		return -1;
	if (there) {
		ms_block_table_remove(&heap->table, there);
		heap->in_transit++;
	}
	return 0;
}

/* End the thread's innermost transit.  Its old block has address 0 when there is none. */
static struct ms_block end_transit(struct ms_heap *heap, uint32_t thread)
{
	struct ms_block old = { 0 };

	if (ms_pairs_pop(&heap->transits, thread, &old) && old.address)
		heap->in_transit--;
	return old;
}

static struct ms_slot slot_from(const struct ms_block *block, uint32_t maker)
{
	return (struct ms_slot){ block->address, block->size, block->at_ns, block->stack,
				 maker };
}

/* The call failed: the old block lives on, unless its address has a new owner by now. */
static int put_back(struct ms_heap *heap, struct ms_matched *matched,
		    const struct ms_event *event, uint8_t *found)
{
	struct ms_block old = end_transit(heap, event->thread);
	struct ms_slot slot;
	uint32_t maker;

	if (!old.address)
		return 0;
	if (ms_block_table_find(&heap->table, old.address)) {
		note_end(matched, found, MS_FOUND_THERE, &old);
		return 0;
	}
	/* Its maker is known, and so found without memory. */
	if (maker_of(heap, old.thread, old.kind, old.align_log2, &maker) < 0)
		return -1;
	slot = slot_from(&old, maker);
	put(heap, &slot, matched, found);
	return 0;
}

static int match_realloc_end(struct ms_heap *heap, struct ms_matched *matched,
			     const struct ms_event *event, uint8_t *found)
{
	struct ms_block old;
	struct ms_slot slot;

	if (!event->address)
		return put_back(heap, matched, event, found);
	if (prepare(heap, event, &slot) < 0)
		return -1;
	old = end_transit(heap, event->thread);
	if (old.address)
		note_end(matched, found, MS_FOUND_OLD, &old);
	put(heap, &slot, matched, found);
	return 0;
}

static void match_realloc_freed(struct ms_heap *heap, struct ms_matched *matched,
				const struct ms_event *event, uint8_t *found)
{
	struct ms_block old = end_transit(heap, event->thread);

	if (old.address)
		note_end(matched, found, MS_FOUND_OLD, &old);
}

static inline int match(struct ms_heap *heap, struct ms_matched *matched,
			const struct ms_event *event, uint8_t *found)
{
	*found = 0;
	switch (event->class) {
	case MS_CLASS_ALLOC:
		return match_alloc(heap, matched, event, found);
	case MS_CLASS_FREE:
		match_free(heap, matched, event, found);
		return 0;
	case MS_CLASS_REALLOC_BEGIN:
		return begin_realloc(heap, event);
	case MS_CLASS_REALLOC_END:
		return match_realloc_end(heap, matched, event, found);
	case MS_CLASS_REALLOC_FREED:
		match_realloc_freed(heap, matched, event, found);
		return 0;
	default:
		return 0;
	}
}

ms_status ms_heap_match(struct ms_heap *heap, struct ms_matched *matched,
			const struct ms_event *events, size_t count, size_t *done,
			struct ms_error *err)
{
	matched->ended_count = 0;
	for (size_t i = 0; i < 2 * AHEAD && i < count; i++)
		ms_block_table_expect(&heap->table, events[i].address);
	for (*done = 0; *done < count; ++*done) {
		size_t i = *done;

		if (i + 2 * AHEAD < count) {
			ms_block_table_expect(&heap->table,
					      events[i + 2 * AHEAD].address);
			ms_block_table_expect_slot(&heap->table,
						   events[i + AHEAD].address);
		}
		if (__builtin_expect(
			    match(heap, matched, &events[i], &matched->found[i]) < 0, 0))
			return ms_fail_memory(err);
	}
	return MS_OK;
}

/* --- the door -------------------------------------------------------------------------
 */

ms_status ms_heap_new(struct ms_heap **out, const struct ms_observer *observer,
		      struct ms_error *err)
{
	struct ms_heap *heap = ms_alloc_zero(1, sizeof(*heap));

	*out = NULL;
	if (!heap)
		return ms_fail_memory(err);
	if (ms_block_table_init(&heap->table) < 0) {
		ms_free(heap);
		return ms_fail_memory(err);
	}
	ms_pairs_init(&heap->transits);
	ms_map_init(&heap->maker_index);
	if (observer)
		heap->observer = *observer;
	*out = heap;
	return MS_OK;
}

void ms_heap_free(struct ms_heap *heap)
{
	if (!heap)
		return;
	ms_block_table_release(&heap->table);
	ms_free(heap->makers);
	ms_map_release(&heap->maker_index);
	ms_pairs_release(&heap->transits);
	ms_free(heap);
}

ms_status ms_heap_apply(struct ms_heap *heap, const struct ms_event *event,
			struct ms_error *err)
{
	struct ms_block ended[MS_FOUND_MOST];
	uint8_t found;
	struct ms_matched matched = { .found = &found, .ended = ended };
	size_t done;
	ms_status status = ms_heap_match(heap, &matched, event, 1, &done, err);

	return status == MS_OK ? ms_heap_count(heap, &matched, event, 1, err) : status;
}

void ms_heap_each(const struct ms_heap *heap,
		  bool (*visit)(void *context, const struct ms_block *block),
		  void *context)
{
	const struct ms_block *waiting;
	const struct ms_slot *slot;
	size_t position = 0;

	while ((slot = ms_block_table_next(&heap->table, &position))) {
		struct ms_block block = block_of(heap, slot);

		if (!visit(context, &block))
			return;
	}
	position = 0;
	while ((waiting = ms_pairs_next(&heap->transits, &position))) {
		if (waiting->address && !visit(context, waiting))
			return;
	}
}

/* --- restoring ------------------------------------------------------------------------
 */

bool ms_heap_restore_room(struct ms_heap *heap, size_t blocks)
{
	return ms_block_table_expand(&heap->table, blocks) == 0;
}

bool ms_heap_restore_block(struct ms_heap *heap, const struct ms_block *block)
{
	struct ms_slot slot;
	uint32_t maker;

	if (!block->address || ms_block_table_find(&heap->table, block->address) ||
	    maker_of(heap, block->thread, block->kind, block->align_log2, &maker) < 0 ||
	    reserve(heap) < 0)
		return false;
	slot = slot_from(block, maker);
	ms_block_table_add(&heap->table, &slot);
	return true;
}

bool ms_heap_restore_transit(struct ms_heap *heap, uint32_t thread,
			     const struct ms_block *old)
{
	uint32_t maker;

	if (reserve(heap) < 0 ||
	    maker_of(heap, old->thread, old->kind, old->align_log2, &maker) < 0 ||
	    ms_pairs_push(&heap->transits, thread, old) < 0)
		return false;
	heap->in_transit += old->address != 0;
	return true;
}
