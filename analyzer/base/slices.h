/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slices.h - who made what in each part of a time: what the timeline fills and render
 * prints.
 */
#ifndef MS_BASE_SLICES_H
#define MS_BASE_SLICES_H

#include <stddef.h>
#include <stdint.h>

struct ms_cell { /* of a row, where something of it happened within a bucket */
	uint32_t row;
	uint64_t made, made_bytes;
	int64_t live_blocks, live_bytes; /* by how much they changed */
};

struct ms_made {
	uint64_t blocks, bytes;
};

struct ms_slices {
	struct ms_cell *cells; /* bucket after bucket, by row within each */
	size_t count, capacity;
	size_t *start; /* cells of bucket b: from start[b], before start[b + 1] */
	size_t buckets;
	struct ms_made *threads; /* of thread t in bucket b: threads[t * buckets + b] */
	size_t thread_count;
};

#endif
