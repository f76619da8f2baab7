/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map.h - a hash map from 64-bit keys to 64-bit values that grows.
 *
 * Open addressing with linear probing in a power of two of 16-byte slots, at most five
 * eighths full; removal shifts the run back, so that no tombstones pile up (Knuth, The
 * Art of Computer Programming 3, 6.4, algorithm R).
 */
#ifndef MS_BASE_MAP_H
#define MS_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ms_map_slot {
	uint64_t key; /* 0: the slot is free; key 0 itself lives in zero */
	uint64_t value;
};

struct ms_map {
	struct ms_map_slot *slots;
	size_t count; /* keys, key 0 too */
	size_t mask;  /* slots - 1; 0 while there are none */
	unsigned shift;
	bool has_zero;
	struct ms_map_slot zero;
};

void ms_map_init(struct ms_map *map);
void ms_map_release(struct ms_map *map);

/* The value of key, or NULL.  Valid until the map changes. */
uint64_t *ms_map_find(const struct ms_map *map, uint64_t key);
/*
 * The value of key, which is put in with value 0 when it is new (*is_new, may be NULL,
 * then is true).  NULL: no memory, the map is as it was.
 */
uint64_t *ms_map_at(struct ms_map *map, uint64_t key, bool *is_new);
/* Set key's value: 0, or -1 when there is no memory. */
int ms_map_put(struct ms_map *map, uint64_t key, uint64_t value);
/* Remove key; false when it was not there.  value may be NULL. */
bool ms_map_remove(struct ms_map *map, uint64_t key, uint64_t *value);
/* Visit all in no order: *position is 0 to begin; false at the end. */
bool ms_map_next(const struct ms_map *map, size_t *position, uint64_t *key,
		 uint64_t *value);

#endif
