/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block_table.c - blocks by their addresses.
 */
#include "analyzer/snapshot/block_table.h"
#include "analyzer/base/alloc.h"

#include <string.h>

#define FIRST_BITS 6

static size_t chunk_bytes(const struct ms_block_table *t)
{
	return ((size_t)1 << t->bits) * sizeof(*t->chunks);
}

static size_t slot_bytes(const struct ms_block_table *t)
{
	return ((size_t)1 << t->bits) * MS_CHUNK_SLOTS * sizeof(*t->slots);
}

static int make(struct ms_block_table *t, unsigned bits)
{
	*t = (struct ms_block_table){ .bits = bits };
	t->chunks = ms_alloc_table(chunk_bytes(t));
	t->slots = t->chunks ? ms_alloc_table(slot_bytes(t)) : NULL;
	if (t->slots)
		return 0;
	ms_block_table_release(t);
	return -1;
}

int ms_block_table_init(struct ms_block_table *table)
{
	return make(table, FIRST_BITS);
}

void ms_block_table_release(struct ms_block_table *t)
{
	ms_free_table(t->chunks, chunk_bytes(t));
	ms_free_table(t->slots, slot_bytes(t));
	*t = (struct ms_block_table){ 0 };
}

int ms_block_table_grow(struct ms_block_table *t)
{
	struct ms_block_table larger;
	const struct ms_slot *slot;
	size_t position = 0;

	if (make(&larger, t->bits + 1) < 0)
		return -1;
	while ((slot = ms_block_table_next(t, &position)))
		ms_block_table_add(&larger, slot);
	ms_block_table_release(t);
	*t = larger;
	return 0;
}

int ms_block_table_expand(struct ms_block_table *t, size_t count)
{
	struct ms_block_table larger;
	unsigned bits = t->bits;

	while (((size_t)1 << bits) * MS_CHUNK_FILL <= count)
		bits++;
	if (make(&larger, bits) < 0)
		return -1;
	ms_block_table_release(t);
	*t = larger;
	return 0;
}

void ms_block_table_add(struct ms_block_table *t, const struct ms_slot *block)
{
	uint64_t hash = ms_block_hash(block->address);
	size_t chunk = ms_block_chunk(t, hash);
	unsigned empty;

	while (__builtin_expect(!(empty = ms_chunk_match(&t->chunks[chunk], 0)), 0)) {
		if (t->chunks[chunk].passed < UINT8_MAX)
			t->chunks[chunk].passed++;
		chunk = ms_block_after(t, chunk);
	}
	empty = (unsigned)__builtin_ctz(empty);
	t->chunks[chunk].tags[empty] = ms_block_tag(hash);
	t->slots[chunk * MS_CHUNK_SLOTS + empty] = *block;
	t->count++;
}

const struct ms_slot *ms_block_table_next(const struct ms_block_table *t,
					  size_t *position)
{
	size_t slots = ((size_t)1 << t->bits) * MS_CHUNK_SLOTS;

	while (*position < slots) {
		size_t i = (*position)++;

		if (t->chunks[i / MS_CHUNK_SLOTS].tags[i % MS_CHUNK_SLOTS])
			return &t->slots[i];
	}
	return NULL;
}
