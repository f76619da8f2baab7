/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map.c - a hash map from 64-bit keys to 64-bit values that grows.
 */
#include "analyzer/base/map.h"
#include "analyzer/base/alloc.h"

#define LEAST_BITS 4

/* Fibonacci hashing: the upper bits of the product, which all key bits reach. */
static size_t home(const struct ms_map *map, uint64_t key)
{
	return (size_t)((key ^ key >> 32) * 0x9e3779b97f4a7c15ULL >> map->shift);
}

void ms_map_init(struct ms_map *map)
{
	*map = (struct ms_map){ 0 };
}

void ms_map_release(struct ms_map *map)
{
	ms_free(map->slots);
	ms_map_init(map);
}

/* key's slot, or the free one where it would go.  There are slots, and key is not 0. */
static struct ms_map_slot *probe(const struct ms_map *map, uint64_t key)
{
	size_t i = home(map, key);

	while (map->slots[i].key && map->slots[i].key != key)
		i = (i + 1) & map->mask;
	return &map->slots[i];
}

uint64_t *ms_map_find(const struct ms_map *map, uint64_t key)
{
	struct ms_map_slot *slot;

	if (!key)
		return map->has_zero ? (uint64_t *)&map->zero.value : NULL;
	if (!map->slots)
		return NULL;
	slot = probe(map, key);
	return slot->key ? &slot->value : NULL;
}

static int grow(struct ms_map *map)
{
	struct ms_map old = *map;
	unsigned bits = old.slots ? 65 - old.shift : LEAST_BITS;
	struct ms_map_slot *slots = ms_alloc_zero((size_t)1 << bits, sizeof(*slots));

	if (!slots)
		return -1;
	map->slots = slots;
	map->shift = 64 - bits;
	map->mask = ((size_t)1 << bits) - 1;
	for (size_t i = 0; old.slots && i <= old.mask; i++) {
		if (old.slots[i].key)
			*probe(map, old.slots[i].key) = old.slots[i];
	}
	ms_free(old.slots);
	return 0;
}

static bool is_full(const struct ms_map *map)
{
	return !map->slots || map->count + 1 > (map->mask + 1) / 8 * 5;
}

uint64_t *ms_map_at(struct ms_map *map, uint64_t key, bool *is_new)
{
	uint64_t *value = ms_map_find(map, key);
	struct ms_map_slot *slot;

	if (is_new)
		*is_new = !value;
	if (value)
		return value;
	if (key && is_full(map) && grow(map) < 0)
		return NULL;
	slot = key ? probe(map, key) : &map->zero;
	slot->key = key;
	slot->value = 0;
	map->has_zero = map->has_zero || !key;
	map->count++;
	return &slot->value;
}

int ms_map_put(struct ms_map *map, uint64_t key, uint64_t value)
{
	uint64_t *at = ms_map_at(map, key, NULL);

	if (!at)
		return -1;
	*at = value;
	return 0;
}

/* Close the gap at i: pull back each later slot of the run whose home lies at or before
 * i. */
static void close_gap(struct ms_map *map, size_t i)
{
	for (size_t j = (i + 1) & map->mask; map->slots[j].key; j = (j + 1) & map->mask) {
		size_t h = home(map, map->slots[j].key);

		if (((j - h) & map->mask) >= ((j - i) & map->mask)) {
			map->slots[i] = map->slots[j];
			i = j;
		}
	}
	map->slots[i].key = 0;
}

bool ms_map_remove(struct ms_map *map, uint64_t key, uint64_t *value)
{
	uint64_t *at = ms_map_find(map, key);

	if (!at)
		return false;
	if (value)
		*value = *at;
	map->count--;
	if (key)
		close_gap(map, (size_t)(probe(map, key) - map->slots));
	else
		map->has_zero = false;
	return true;
}

bool ms_map_next(const struct ms_map *map, size_t *position, uint64_t *key,
		 uint64_t *value)
{
	size_t slots = map->slots ? map->mask + 1 : 0;
	const struct ms_map_slot *slot = NULL;

	while (!slot && *position <= slots) {
		size_t i = (*position)++;

		if (i == slots)
			slot = map->has_zero ? &map->zero : NULL;
		else if (map->slots[i].key)
			slot = &map->slots[i];
	}
	if (!slot)
		return false;
	*key = slot->key;
	*value = slot->value;
	return true;
}
