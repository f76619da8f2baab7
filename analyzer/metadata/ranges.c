/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ranges.c - the innermost of many address ranges that holds an address.
 */
#include "analyzer/metadata/ranges.h"

#include "analyzer/base/alloc.h"

#include <stdlib.h>

/*
 * Ranges nest a few deep in real files.  A hostile one could make every search look at
 * every range: that many are looked at, and then there is no answer.
 */
#define TRIES 1024

void ms_ranges_release(struct ms_ranges *ranges)
{
	ms_free(ranges->items);
	*ranges = (struct ms_ranges){ 0 };
}

int ms_ranges_add(struct ms_ranges *ranges, uint64_t start, uint64_t end, uint64_t value)
{
	if (start >= end)
		return 0;
	if (ms_grow((void **)&ranges->items, &ranges->room, ranges->count,
		    sizeof(*ranges->items)) < 0)
		return -1;
	ranges->items[ranges->count++] = (struct ms_range){ start, end, 0, value };
	return 0;
}

/* Outer ranges before inner ones, the preferred of equals last. */
static int outer_first(const void *a, const void *b)
{
	const struct ms_range *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	return (x->value < y->value) - (x->value > y->value);
}

void ms_ranges_sort(struct ms_ranges *ranges)
{
	uint64_t reach = 0;

	if (ranges->count)
		qsort(ranges->items, ranges->count, sizeof(*ranges->items), outer_first);
	for (size_t i = 0; i < ranges->count; i++) {
		if (ranges->items[i].end > reach)
			reach = ranges->items[i].end;
		ranges->items[i].reach = reach;
	}
}

/* How many ranges start at address or before it. */
static size_t started(const struct ms_ranges *ranges, uint64_t address)
{
	size_t low = 0, high = ranges->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ranges->items[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const uint64_t *ms_ranges_find(const struct ms_ranges *ranges, uint64_t address)
{
	size_t i = started(ranges, address);

	for (unsigned tries = 0; i > 0 && tries < TRIES; tries++) {
		const struct ms_range *range = &ranges->items[--i];

		if (range->reach <= address)
			return NULL;
		if (address < range->end)
			return &range->value;
	}
	return NULL;
}
