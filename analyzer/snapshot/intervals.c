/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intervals.c - a set of addresses, as intervals that neither meet nor overlap.
 *
 * A sorted vector in chunks: a change moves at most one chunk and now and then the list
 * of them, so that a log (which may be forged) of millions of scattered mappings is no
 * problem, and nothing recurses.
 */
#include "analyzer/snapshot/intervals.h"
#include "analyzer/base/alloc.h"

#include <string.h>

#define CHUNK_ITEMS 256

struct ms_interval_chunk {
	size_t count;
	struct ms_interval items[CHUNK_ITEMS];
};

struct place { /* of an interval, or where one would be put */
	size_t chunk, index;
};

void ms_intervals_init(struct ms_intervals *set)
{
	*set = (struct ms_intervals){ 0 };
}

void ms_intervals_release(struct ms_intervals *set)
{
	for (size_t i = 0; i < set->count; i++)
		ms_free(set->chunks[i]);
	ms_free(set->chunks);
	ms_intervals_init(set);
}

const struct ms_interval *ms_intervals_next(const struct ms_intervals *set, size_t *chunk,
					    size_t *index)
{
	if (*chunk < set->count && *index == set->chunks[*chunk]->count) {
		++*chunk;
		*index = 0;
	}
	return *chunk < set->count ? &set->chunks[*chunk]->items[(*index)++] : NULL;
}

/* --- finding --------------------------------------------------------------------------
 */

/* The first chunk that ends at or after address, or the number of them. */
static size_t find_chunk(const struct ms_intervals *set, uint64_t address)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ms_interval_chunk *c = set->chunks[middle];

		if (c->items[c->count - 1].end < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The first interval that ends at or after address; past the end: {count, 0}. */
static struct place find(const struct ms_intervals *set, uint64_t address)
{
	struct place at = { find_chunk(set, address), 0 };
	size_t low = 0, high;

	if (at.chunk == set->count)
		return at;
	high = set->chunks[at.chunk]->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (set->chunks[at.chunk]->items[middle].end < address)
			low = middle + 1;
		else
			high = middle;
	}
	at.index = low;
	return at;
}

static struct ms_interval *item_at(const struct ms_intervals *set, struct place at)
{
	return at.chunk < set->count ? &set->chunks[at.chunk]->items[at.index] : NULL;
}

bool ms_intervals_has(const struct ms_intervals *set, uint64_t address)
{
	const struct ms_interval *i =
		address == UINT64_MAX ? NULL : item_at(set, find(set, address + 1));

	return i && i->start <= address;
}

/* --- changing -------------------------------------------------------------------------
 */

static void drop_chunk(struct ms_intervals *set, size_t chunk)
{
	ms_free(set->chunks[chunk]);
	set->count--;
	memmove(&set->chunks[chunk], &set->chunks[chunk + 1],
		(set->count - chunk) * sizeof(struct ms_interval_chunk *));
}

/* Take out the interval at a place, which then is that of the next one. */
static struct place drop(struct ms_intervals *set, struct place at)
{
	struct ms_interval_chunk *c = set->chunks[at.chunk];

	set->bytes -= c->items[at.index].end - c->items[at.index].start;
	c->count--;
	memmove(&c->items[at.index], &c->items[at.index + 1],
		(c->count - at.index) * sizeof(*c->items));
	if (!c->count)
		drop_chunk(set, at.chunk);
	else if (at.index == c->count)
		return (struct place){ at.chunk + 1, 0 };
	return at;
}

/* A new chunk before chunk.  0, or -1 without memory. */
static int make_chunk(struct ms_intervals *set, size_t chunk)
{
	struct ms_interval_chunk *made;

	if (ms_grow((void **)&set->chunks, &set->capacity, set->count,
		    sizeof(struct ms_interval_chunk *)) < 0)
		return -1;
	made = ms_alloc(sizeof(*made));
	if (!made)
		return -1;
	made->count = 0;
	memmove(&set->chunks[chunk + 1], &set->chunks[chunk],
		(set->count - chunk) * sizeof(struct ms_interval_chunk *));
	set->chunks[chunk] = made;
	set->count++;
	return 0;
}

/*
 * Make sure that one interval can be put at address without memory; places move.  An
 * interval that would be put past the end goes into the last chunk.  0, or -1.
 */
static int reserve(struct ms_intervals *set, uint64_t address)
{
	size_t chunk = find_chunk(set, address);
	struct ms_interval_chunk *c, *after;

	if (!set->count)
		return make_chunk(set, 0);
	if (chunk == set->count)
		chunk--;
	c = set->chunks[chunk];
	if (c->count < CHUNK_ITEMS)
		return 0;
	if (make_chunk(set, chunk + 1) < 0)
		return -1;
	after = set->chunks[chunk + 1];
	after->count = CHUNK_ITEMS / 2;
	c->count -= after->count;
	memcpy(after->items, &c->items[c->count], after->count * sizeof(*c->items));
	return 0;
}

/* Put an interval before the one at a place.  There is room: reserve() was called. */
static void put(struct ms_intervals *set, struct place at, uint64_t start, uint64_t end)
{
	struct ms_interval_chunk *c;

	if (at.chunk == set->count) {
		at.chunk--;
		at.index = set->chunks[at.chunk]->count;
	}
	c = set->chunks[at.chunk];
	memmove(&c->items[at.index + 1], &c->items[at.index],
		(c->count - at.index) * sizeof(*c->items));
	c->items[at.index] = (struct ms_interval){ start, end };
	c->count++;
	set->bytes += end - start;
}

/* Let the interval at a place reach to end at least, and take in those that it meets. */
static void extend(struct ms_intervals *set, struct place at, uint64_t end)
{
	struct ms_interval *item = item_at(set, at), *other;
	struct place next = { at.chunk, at.index + 1 };
	uint64_t before = item->end;

	if (next.index == set->chunks[at.chunk]->count)
		next = (struct place){ at.chunk + 1, 0 };
	end = end > before ? end : before;
	while ((other = item_at(set, next)) && other->start <= end) {
		end = other->end > end ? other->end : end;
		next = drop(set, next);
	}
	item->end = end;
	set->bytes += end - before;
}

int ms_intervals_add(struct ms_intervals *set, uint64_t start, uint64_t end)
{
	struct place at = find(set, start);
	struct ms_interval *item = item_at(set, at);

	if (start >= end)
		return 0;
	if (item && item->start <= end) {
		if (start < item->start) {
			set->bytes += item->start - start;
			item->start = start;
		}
		extend(set, at, end);
		return 0;
	}
	if (reserve(set, start) < 0)
		return -1;
	put(set, find(set, start), start, end);
	return 0;
}

/* Take [start, end) out of the middle of the interval that is found for start + 1. */
static int split(struct ms_intervals *set, uint64_t start, uint64_t end)
{
	struct ms_interval *item;
	struct place at;
	uint64_t last;

	if (reserve(set, start + 1) < 0)
		return -1;
	at = find(set, start + 1);
	item = item_at(set, at);
	last = item->end;
	set->bytes -= last - start;
	item->end = start;
	at.index++;
	put(set, at, end, last);
	return 0;
}

int ms_intervals_remove(struct ms_intervals *set, uint64_t start, uint64_t end)
{
	struct ms_interval *item;
	struct place at;

	if (start >= end)
		return 0;
	at = find(set, start + 1);
	item = item_at(set, at);
	if (item && item->start < start && item->end > end)
		return split(set, start, end);
	if (item && item->start < start) {
		set->bytes -= item->end - start;
		item->end = start;
		at = find(set, start + 1);
	}
	while ((item = item_at(set, at)) && item->end <= end)
		at = drop(set, at);
	if (item && item->start < end) {
		set->bytes -= end - item->start;
		item->start = end;
	}
	return 0;
}
