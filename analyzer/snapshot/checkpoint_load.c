/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoint_load.c - the state of a replay, read back from hostile bytes.
 *
 * What a count drives is bounded by the bytes that are left: everything that is counted
 * takes at least one.  Wrong numbers inside a sound form give wrong figures and no harm:
 * the index's checksum is there to make them unlikely.
 */
#include "analyzer/snapshot/checkpoint.h"
#include "analyzer/base/alloc.h"
#include "analyzer/snapshot/checkpoint_form.h"
#include "analyzer/snapshot/mappings.h"
#include "common/bytes.h"

struct load {
	struct ms_bytes b;
	struct ms_heap *heap;
	struct ms_mappings *mappings;
	uint64_t last_ns;
	struct ms_maker *makers;
	size_t maker_count;
};

/* A number of things that have at least so many bytes each. */
static bool take_count(struct load *l, size_t least_bytes, uint64_t *count)
{
	*count = ms_bytes_varint(&l->b);
	return !l->b.bad && *count <= ms_bytes_left(&l->b) / least_bytes;
}

/* A varint of at most 32, or 8, bits. */
static uint32_t take_u32(struct load *l)
{
	uint64_t value = ms_bytes_varint(&l->b);

	l->b.bad = l->b.bad || value > UINT32_MAX;
	return (uint32_t)value;
}

static uint8_t take_u8(struct load *l)
{
	uint64_t value = ms_bytes_varint(&l->b);

	l->b.bad = l->b.bad || value > UINT8_MAX;
	return (uint8_t)value;
}

static bool load_makers(struct load *l)
{
	uint64_t count;

	if (!take_count(l, 3, &count))
		return false;
	l->makers = ms_alloc_zero((size_t)count, sizeof(*l->makers));
	if (!l->makers)
		return false;
	l->maker_count = (size_t)count;
	for (size_t i = 0; i < count; i++) {
		l->makers[i].thread = take_u32(l);
		l->makers[i].kind = take_u8(l);
		l->makers[i].align_log2 = take_u8(l);
	}
	return !l->b.bad;
}

static bool load_slots(struct load *l)
{
	uint64_t count, address = 0;

	if (!take_count(l, 5, &count) || !ms_heap_restore_room(l->heap, (size_t)count))
		return false;
	for (; count > 0 && !l->b.bad; count--) {
		struct ms_block block = { 0 };
		uint64_t maker;

		address = ms_unform_address(address, ms_bytes_varint(&l->b));
		block.address = address;
		block.size = ms_bytes_varint(&l->b);
		block.at_ns = l->last_ns - ms_bytes_varint(&l->b);
		block.stack = take_u32(l);
		maker = ms_bytes_varint(&l->b);
		if (l->b.bad || maker >= l->maker_count)
			return false;
		block.thread = l->makers[maker].thread;
		block.kind = l->makers[maker].kind;
		block.align_log2 = l->makers[maker].align_log2;
		if (!ms_heap_restore_block(l->heap, &block))
			return false;
	}
	return !l->b.bad;
}

struct transit {
	uint32_t thread;
	struct ms_block old;
};

static void take_transit(struct load *l, struct transit *t)
{
	t->thread = take_u32(l);
	t->old.address = ms_bytes_varint(&l->b);
	t->old.size = ms_bytes_varint(&l->b);
	t->old.at_ns = l->last_ns - ms_bytes_varint(&l->b);
	t->old.stack = take_u32(l);
	t->old.thread = take_u32(l);
	t->old.kind = take_u8(l);
	t->old.align_log2 = take_u8(l);
}

/* They were written innermost first. */
static bool load_transits(struct load *l)
{
	struct transit *all;
	uint64_t count;
	bool good;

	if (!take_count(l, 8, &count))
		return false;
	all = ms_alloc_zero((size_t)count, sizeof(*all));
	if (!all)
		return false;
	for (size_t i = 0; i < count; i++)
		take_transit(l, &all[i]);
	good = !l->b.bad;
	for (size_t i = (size_t)count; good && i > 0; i--)
		good = ms_heap_restore_transit(l->heap, all[i - 1].thread,
					       &all[i - 1].old);
	ms_free(all);
	return good;
}

static void load_words(struct load *l, uint64_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		words[i] = ms_bytes_varint(&l->b);
}

static bool load_mappings(struct load *l)
{
	uint64_t count, start, end = 0;

	load_words(l, (uint64_t *)(void *)&l->mappings->totals, MS_MAPPING_WORDS);
	if (!take_count(l, 2, &count))
		return false;
	for (; count > 0; count--) {
		if (__builtin_add_overflow(end, ms_bytes_varint(&l->b), &start) ||
		    __builtin_add_overflow(start, ms_bytes_varint(&l->b), &end) ||
		    l->b.bad || ms_intervals_add(&l->mappings->set, start, end) < 0)
			return false;
	}
	return true;
}

static void load_group(struct load *l, struct ms_group *g, struct ms_group_variance *v)
{
	struct ms_aggregate *a = l->heap->aggregate;
	const uint8_t *p;

	g->allocations = ms_bytes_varint(&l->b);
	g->allocated = ms_bytes_varint(&l->b);
	g->frees = g->allocations - ms_bytes_varint(&l->b);
	g->freed = g->allocated - ms_bytes_varint(&l->b);
	g->peak_blocks = ms_bytes_varint(&l->b);
	g->peak_bytes = ms_bytes_varint(&l->b);
	g->temporary = ms_bytes_varint(&l->b);
	g->peak_serial = a->peak_serial;
	p = v ? ms_bytes_take(&l->b, sizeof(*v)) : NULL;
	if (p)
		memcpy(v, p, sizeof(*v));
}

typedef int make_row(struct ms_aggregate *a, uint32_t id, uint32_t *row);

static bool load_groups(struct load *l, struct ms_groups *groups, make_row *make)
{
	uint64_t count;

	if (!take_count(l, 8, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		uint32_t row = 0, id = take_u32(l);

		if (l->b.bad || make(l->heap->aggregate, id, &row) < 0 || row != i)
			return false;
		load_group(l, &groups->items[row],
			   groups->variances ? &groups->variances[row] : NULL);
		if (!groups->newest)
			continue;
		groups->newest[row].address = ms_bytes_varint(&l->b);
		groups->newest[row].at_ns = l->last_ns - ms_bytes_varint(&l->b);
	}
	return !l->b.bad;
}

/* Every block's stack and thread must have a row: frees look them up. */
static bool has_rows(void *context, const struct ms_block *block)
{
	struct load *l = context;
	const struct ms_aggregate *a = l->heap->aggregate;
	uint32_t row;

	l->b.bad = !ms_dense_find(&a->stacks.rows, block->stack, &row) ||
		   !ms_dense_find(&a->threads.rows, block->thread, &row);
	return !l->b.bad;
}

static bool load_figures(struct load *l)
{
	struct ms_aggregate *a = l->heap->aggregate;

	a->peak_memory = ms_bytes_varint(&l->b);
	a->peak_serial = 1;
	if (!load_groups(l, &a->stacks, ms_aggregate_stack) ||
	    !load_groups(l, &a->threads, ms_aggregate_thread))
		return false;
	for (unsigned c = 0; c < MS_SIZE_CLASSES; c++)
		load_group(l, &a->classes[c],
			   a->sample_bytes ? &a->class_variances[c] : NULL);
	if (!l->b.bad)
		ms_heap_each(l->heap, has_rows, l);
	return !l->b.bad;
}

bool ms_checkpoint_load(struct ms_heap *heap, struct ms_mappings *mappings,
			const struct ms_checkpoint_place *place, const void *bytes,
			size_t len_bytes)
{
	struct load l = { .b = ms_bytes(bytes, len_bytes),
			  .heap = heap,
			  .mappings = mappings,
			  .last_ns = place->last_ns };
	bool good = ms_bytes_varint(&l.b) == MS_CHECKPOINT_VERSION &&
		    ms_bytes_varint(&l.b) == heap->sample_bytes && load_makers(&l) &&
		    load_slots(&l) && load_transits(&l);

	ms_free(l.makers);
	if (!good)
		return false;
	load_words(&l, (uint64_t *)(void *)&heap->totals, MS_TOTALS_WORDS);
	return heap->totals.events == place->events && load_mappings(&l) &&
	       (!heap->aggregate || load_figures(&l));
}
