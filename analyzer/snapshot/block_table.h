/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block_table.h - blocks by their addresses (private to snapshot).
 *
 * Chunks of fourteen slots, with a byte of hash for each of them and a count of the keys
 * that found the chunk full and went on to the next: one comparison of sixteen bytes
 * finds a block or tells that there is none, nearly without a branch that cannot be
 * foretold, and nothing is left behind where one is removed.  (The scheme of Bronson and
 * Shi, "Open-sourcing F14", 2019.)
 */
#ifndef MS_BLOCK_TABLE_H
#define MS_BLOCK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct ms_slot { /* a block: half a cache line */
	uint64_t address;
	uint64_t size, at_ns;
	uint32_t stack;
	uint32_t maker; /* who made it and how; see heap.h */
};

#define MS_CHUNK_SLOTS 14
#define MS_CHUNK_FILL  12 /* on average at most */

struct ms_chunk_tags {
	uint8_t tags[MS_CHUNK_SLOTS]; /* 0: an empty slot */
	uint8_t passed;		      /* keys that went on from here; UINT8_MAX: many */
	uint8_t unused;
} __attribute__((aligned(16)));

struct ms_block_table {
	struct ms_chunk_tags *chunks; /* 1 << bits of them */
	struct ms_slot *slots;	      /* MS_CHUNK_SLOTS each */
	unsigned bits;
	size_t count;
};

/* 0, or -1 without memory. */
int ms_block_table_init(struct ms_block_table *table);
void ms_block_table_release(struct ms_block_table *table);
int ms_block_table_grow(struct ms_block_table *table);
/*
 * Make an empty table large enough for count blocks.  Those that come in the order of
 * another table would pile up in a small one.  0, or -1 without memory.
 */
int ms_block_table_expand(struct ms_block_table *table, size_t count);
/* Add a block whose address is not there; there must be room. */
void ms_block_table_add(struct ms_block_table *table, const struct ms_slot *block);
/* Visit all in no order: *position is 0 to begin; NULL at the end. */
const struct ms_slot *ms_block_table_next(const struct ms_block_table *table,
					  size_t *position);

/* Room for one more beside others that are yet to come.  0, or -1 without memory. */
static inline int ms_block_table_reserve(struct ms_block_table *t, size_t others)
{
	size_t most = ((size_t)1 << t->bits) * MS_CHUNK_FILL;

	return t->count + others < most ? 0 : ms_block_table_grow(t);
}

static inline uint64_t ms_block_hash(uint64_t address)
{
	/* Blocks are 16 bytes apart: the low bits say nothing. */
	return (address >> 4) * 0x9e3779b97f4a7c15ULL;
}

static inline size_t ms_block_chunk(const struct ms_block_table *t, uint64_t hash)
{
	return (size_t)(hash >> (64 - t->bits));
}

static inline uint8_t ms_block_tag(uint64_t hash)
{
	uint8_t tag = (uint8_t)(hash >> 24);

	return tag ? tag : 1;
}

static inline size_t ms_block_after(const struct ms_block_table *t, size_t chunk)
{
	return (chunk + 1) & (((size_t)1 << t->bits) - 1);
}

/* Bits of the slots of a chunk that have this tag. */
static inline unsigned ms_chunk_match(const struct ms_chunk_tags *chunk, uint8_t tag)
{
#ifdef __SSE2__
	__m128i tags = _mm_load_si128((const __m128i *)(const void *)chunk);
	__m128i same = _mm_cmpeq_epi8(tags, _mm_set1_epi8((char)tag));

	return (unsigned)_mm_movemask_epi8(same) & ((1u << MS_CHUNK_SLOTS) - 1);
#else
	unsigned found = 0;

	for (unsigned i = 0; i < MS_CHUNK_SLOTS; i++)
		found |= (unsigned)(chunk->tags[i] == tag) << i;
	return found;
#endif
}

/* The slot with this address, or NULL. */
static inline struct ms_slot *ms_block_table_find(const struct ms_block_table *t,
						  uint64_t address)
{
	uint64_t hash = ms_block_hash(address);
	size_t chunk = ms_block_chunk(t, hash), left = (size_t)1 << t->bits;
	uint8_t tag = ms_block_tag(hash);

	for (; left > 0; left--) {
		unsigned found = ms_chunk_match(&t->chunks[chunk], tag);

		for (; found; found &= found - 1) {
			struct ms_slot *slot = &t->slots[chunk * MS_CHUNK_SLOTS +
							 (unsigned)__builtin_ctz(found)];

			if (__builtin_expect(slot->address == address, 1))
				return slot;
		}
		if (__builtin_expect(!t->chunks[chunk].passed, 1))
			return NULL;
		chunk = ms_block_after(t, chunk);
	}
	return NULL;
}

static inline void ms_block_table_remove(struct ms_block_table *t, struct ms_slot *slot)
{
	size_t index = (size_t)(slot - t->slots), to = index / MS_CHUNK_SLOTS;
	size_t chunk = ms_block_chunk(t, ms_block_hash(slot->address));

	for (; __builtin_expect(chunk != to, 0); chunk = ms_block_after(t, chunk)) {
		/* A count that is full is never known again. */
		if (t->chunks[chunk].passed < UINT8_MAX)
			t->chunks[chunk].passed--;
	}
	t->chunks[to].tags[index % MS_CHUNK_SLOTS] = 0;
	t->count--;
}

/*
 * Hints that an address will be looked for soon, and very soon.  Inlined by force: gcc
 * takes a function that only hints for one that does nothing, and drops its calls.
 */
#define MS_HINT static inline __attribute__((always_inline)) void
MS_HINT ms_block_table_expect(const struct ms_block_table *t, uint64_t address)
{
	__builtin_prefetch(&t->chunks[ms_block_chunk(t, ms_block_hash(address))], 1);
}

MS_HINT ms_block_table_expect_slot(const struct ms_block_table *t, uint64_t address)
{
	uint64_t hash = ms_block_hash(address);
	size_t chunk = ms_block_chunk(t, hash);
	unsigned found = ms_chunk_match(&t->chunks[chunk], ms_block_tag(hash));

	if (!found)
		found = ms_chunk_match(&t->chunks[chunk], 0) | 1u << MS_CHUNK_SLOTS;
	__builtin_prefetch(
		&t->slots[chunk * MS_CHUNK_SLOTS + (unsigned)__builtin_ctz(found)], 1);
}

#endif
