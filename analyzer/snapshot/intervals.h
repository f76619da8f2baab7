/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intervals.h - a set of addresses, as intervals that neither meet nor overlap.
 */
#ifndef MS_INTERVALS_H
#define MS_INTERVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ms_interval {
	uint64_t start, end; /* [start, end), never empty */
};

struct ms_interval_chunk;

struct ms_intervals {
	struct ms_interval_chunk **chunks; /* sorted, none empty */
	size_t count, capacity;
	uint64_t bytes; /* in the set */
};

void ms_intervals_init(struct ms_intervals *set);
void ms_intervals_release(struct ms_intervals *set);

/*
 * Add [start, end), or take it away, whatever of it was in the set before; nothing when
 * it is empty.  0, or -1 without memory, with the set as it was.
 */
int ms_intervals_add(struct ms_intervals *set, uint64_t start, uint64_t end);
int ms_intervals_remove(struct ms_intervals *set, uint64_t start, uint64_t end);

bool ms_intervals_has(const struct ms_intervals *set, uint64_t address);

/* The interval at *chunk, *index (both 0 to begin), which go on; NULL at the end. */
const struct ms_interval *ms_intervals_next(const struct ms_intervals *set, size_t *chunk,
					    size_t *index);

#endif
