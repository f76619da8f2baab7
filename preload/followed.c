/* SPDX-License-Identifier: Apache-2.0 */
/*
 * followed.c - the blocks whose end matters: a set of addresses that any thread changes.
 *
 * Lock-free: a slot is claimed and emptied by compare-and-swap.  What was put in is seen
 * by whoever frees the block, since the program hands the block over with an order of its
 * own.
 */
#include "preload/followed.h"

#define SLOTS 7
struct ms_bucket {
	_Atomic uint64_t slots[SLOTS]; /* address / 8 << tag bits | tag; 0: empty */
	_Atomic uint64_t overflowed;   /* look into the next table, too */
};
_Static_assert(sizeof(struct ms_bucket) == 64, "a bucket is a cache line");

/* Tables of 32 KiB, 256 KiB, 2 MiB, 16 MiB and 128 MiB, made as they are needed. */
static unsigned bits_of(unsigned level)
{
	return 9 + 3 * level;
}

static struct ms_bucket *table_of(unsigned level, bool make)
{
	_Atomic(struct ms_bucket *) *place = &ms_session->followed[level];
	/* acquire: pairs with the release below */
	struct ms_bucket *table = atomic_load_explicit(place, memory_order_acquire),
			 *made;
	size_t bytes = sizeof *table << bits_of(level);

	if (table || !make)
		return table;
	made = ms_map(bytes, true);
	if (!made)
		return NULL;
	if (atomic_compare_exchange_strong_explicit(
		    place, &table, made, memory_order_acq_rel, memory_order_acquire))
		return made;
	ms_unmap(made, bytes);
	return table;
}

static struct ms_bucket *bucket_of(struct ms_bucket *table, unsigned level, uint64_t key)
{
	return &table[key * 0x9e3779b97f4a7c15ULL >> (64 - bits_of(level))];
}

bool ms_followed_begin(void)
{
	return table_of(0, true);
}

static bool put_into(struct ms_bucket *b, uint64_t value)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		uint64_t empty = 0;

		if (!atomic_load_explicit(&b->slots[i], memory_order_relaxed) &&
		    atomic_compare_exchange_strong_explicit(&b->slots[i], &empty, value,
							    memory_order_relaxed,
							    memory_order_relaxed))
			return true;
	}
	return false;
}

bool ms_followed_put(const void *p, unsigned tag)
{
	uint64_t key = (uintptr_t)p >> 3;

	if ((uintptr_t)p & 7 || key >> (64 - MS_FOLLOWED_TAG_BITS))
		return false;
	for (unsigned level = 0; level < MS_FOLLOWED_LEVELS; level++) {
		struct ms_bucket *table = table_of(level, true), *b;

		if (!table)
			return false;
		b = bucket_of(table, level, key);
		if (put_into(b, key << MS_FOLLOWED_TAG_BITS | tag))
			return true;
		atomic_store_explicit(&b->overflowed, 1, memory_order_relaxed);
	}
	return false;
}

#define ANY_TAG (1U << MS_FOLLOWED_TAG_BITS)

static bool take_from(struct ms_bucket *b, uint64_t key, unsigned *tag)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		uint64_t value = atomic_load_explicit(&b->slots[i], memory_order_relaxed);
		unsigned is = (unsigned)value & (ANY_TAG - 1);

		if (value >> MS_FOLLOWED_TAG_BITS == key &&
		    (*tag == ANY_TAG || *tag == is) &&
		    atomic_compare_exchange_strong_explicit(&b->slots[i], &value, 0,
							    memory_order_relaxed,
							    memory_order_relaxed)) {
			*tag = is;
			return true;
		}
	}
	return false;
}

static bool take(const void *p, unsigned *tag)
{
	uint64_t key = (uintptr_t)p >> 3;

	if ((uintptr_t)p & 7)
		return false;
	for (unsigned level = 0; level < MS_FOLLOWED_LEVELS; level++) {
		struct ms_bucket *table = table_of(level, false), *b;

		if (!table)
			return false;
		b = bucket_of(table, level, key);
		if (take_from(b, key, tag))
			return true;
		if (!atomic_load_explicit(&b->overflowed, memory_order_relaxed))
			return false;
	}
	return false;
}

bool ms_followed_take(const void *p, unsigned *tag)
{
	*tag = ANY_TAG;
	return take(p, tag);
}

bool ms_followed_drop(const void *p, unsigned tag)
{
	return take(p, &tag);
}
