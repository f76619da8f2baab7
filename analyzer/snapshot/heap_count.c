/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heap_count.c - what matched events change in the totals, and who is told.
 */
#include "analyzer/snapshot/heap.h"
#include "analyzer/snapshot/weight.h"

static inline void tell(struct ms_heap *heap, enum ms_change change,
			const struct ms_block *block, const struct ms_event *event,
			const struct ms_weight *w)
{
	if (heap->aggregate)
		ms_aggregate_change(heap->aggregate, change, block, event, w,
				    heap->totals.peak_memory);
	if (__builtin_expect(heap->observer.block != NULL, 0))
		heap->observer.block(heap->observer.context, change, block, event,
				     &heap->totals);
}

static inline struct ms_weight weigh(const struct ms_heap *heap, uint64_t size)
{
	return ms_weigh(heap->sample_bytes, size);
}

/* A block is no longer live. */
static inline void ended(struct ms_heap *heap, const struct ms_block *block,
			 const struct ms_event *event, const struct ms_weight *w)
{
	heap->totals.active_allocations -= w->blocks;
	heap->totals.current_memory -= w->bytes;
	tell(heap, MS_CHANGE_END, block, event, w);
}

static inline void count_overwritten(struct ms_heap *heap, const struct ms_block *block,
				     const struct ms_event *event)
{
	struct ms_weight w = weigh(heap, block->size);

	heap->totals.overwritten_blocks += w.blocks;
	heap->totals.overwritten_bytes += w.bytes;
	ended(heap, block, event, &w);
}

/* The event made a block; there: over this one that the log has live, or NULL. */
static inline void count_begun(struct ms_heap *heap, const struct ms_event *event,
			       const struct ms_weight *w, const struct ms_block *there)
{
	struct ms_totals *totals = &heap->totals;
	struct ms_block block = { event->address,   event->size,   event->at_ns,
				  event->stack,	    event->thread, event->kind,
				  event->align_log2 };

	if (__builtin_expect(there != NULL, 0))
		count_overwritten(heap, there, event);
	totals->active_allocations += w->blocks;
	totals->total_allocated += w->bytes;
	totals->current_memory += w->bytes;
	if (totals->current_memory > totals->peak_memory) {
		totals->peak_memory = totals->current_memory;
		totals->peak_at_ns = event->at_ns;
		totals->peak_event = totals->events + 1;
	}
	tell(heap, MS_CHANGE_BEGIN, &block, event, w);
}

/* old: NULL for a block from before the recording, of a forked child's parent, or none.
 */
static inline void count_free(struct ms_heap *heap, const struct ms_event *event,
			      const struct ms_block *old)
{
	struct ms_weight w;

	if (__builtin_expect(!old, 0)) {
		heap->totals.total_deallocations++;
		heap->totals.unmatched_deallocations++;
		return;
	}
	w = weigh(heap, old->size);
	heap->totals.total_deallocations += w.blocks;
	heap->totals.total_deallocated += w.bytes;
	ended(heap, old, event, &w);
}

static inline void count_alloc(struct ms_heap *heap, const struct ms_event *event,
			       const struct ms_block *there)
{
	struct ms_weight w;

	if (__builtin_expect(!event->address, 0)) {
		heap->totals.failed_allocations++;
		return;
	}
	w = weigh(heap, event->size);
	heap->totals.total_allocations += w.blocks;
	count_begun(heap, event, &w, there);
}

static void count_realloc_end(struct ms_heap *heap, const struct ms_event *event,
			      const struct ms_block *old, const struct ms_block *there)
{
	struct ms_weight w, old_w;

	if (!event->address) {
		heap->totals.failed_allocations++;
		if (there)
			count_overwritten(heap, there, event);
		return;
	}
	w = weigh(heap, event->size);
	heap->totals.total_reallocations += w.blocks;
	if (old) {
		old_w = weigh(heap, old->size);
		heap->totals.total_deallocated += old_w.bytes;
		/* The old one first: the two never count at once, so they make no false
		 * peak. */
		ended(heap, old, event, &old_w);
	} else {
		heap->totals.unmatched_deallocations++;
	}
	count_begun(heap, event, &w, there);
}

static inline void count(struct ms_heap *heap, const struct ms_event *event,
			 const struct ms_block *old, const struct ms_block *there)
{
	switch (event->class) {
	case MS_CLASS_ALLOC:
		count_alloc(heap, event, there);
		break;
	case MS_CLASS_FREE:
	case MS_CLASS_REALLOC_FREED:
		count_free(heap, event, old);
		break;
	case MS_CLASS_REALLOC_END:
		count_realloc_end(heap, event, old, there);
		break;
	default:
		break;
	}
	heap->totals.events++;
}

ms_status ms_heap_count(struct ms_heap *heap, const struct ms_matched *matched,
			const struct ms_event *events, size_t n, struct ms_error *err)
{
	const struct ms_block *next = matched->ended;

	for (size_t i = 0; i < n; i++) {
		const struct ms_block *old = NULL, *there = NULL;
		ms_status status = MS_OK;

		if (matched->found[i] & MS_FOUND_OLD)
			old = next++;
		if (__builtin_expect(matched->found[i] & MS_FOUND_THERE, 0))
			there = next++;
		if (heap->observer.event)
			status = heap->observer.event(heap->observer.context, &events[i],
						      err);
		if (__builtin_expect(status != MS_OK, 0))
			return status;
		if (heap->aggregate &&
		    ms_aggregate_reserve(heap->aggregate, &events[i]) < 0)
			return ms_fail_memory(err);
		count(heap, &events[i], old, there);
	}
	return MS_OK;
}

void ms_heap_sampled(struct ms_heap *heap, uint64_t sample_bytes)
{
	heap->sample_bytes = sample_bytes;
}

const struct ms_totals *ms_heap_totals(const struct ms_heap *heap)
{
	return &heap->totals;
}
