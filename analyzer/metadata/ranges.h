/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ranges.h - the innermost of many address ranges that holds an address.
 */
#ifndef MS_METADATA_RANGES_H
#define MS_METADATA_RANGES_H

#include <stddef.h>
#include <stdint.h>

struct ms_range {
	uint64_t start, end;
	uint64_t reach; /* largest end of this range and those before it */
	uint64_t value;
};

struct ms_ranges { /* all zero: none */
	struct ms_range *items;
	size_t count, room;
};

void ms_ranges_release(struct ms_ranges *ranges);
/* An empty range is left out.  0, or -1 without memory. */
int ms_ranges_add(struct ms_ranges *ranges, uint64_t start, uint64_t end, uint64_t value);
/* Once, after the last one was added. */
void ms_ranges_sort(struct ms_ranges *ranges);
/* The value of the range that starts last and holds address, of equals the shortest, then
 * the smallest value; NULL: none. */
const uint64_t *ms_ranges_find(const struct ms_ranges *ranges, uint64_t address);

#endif
