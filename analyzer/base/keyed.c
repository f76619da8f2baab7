/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyed.c - rows in a vector, found by a key.
 */
#include "analyzer/base/keyed.h"
#include "analyzer/base/alloc.h"

#include <string.h>

void *ms_keyed_find(const struct ms_keyed *rows, uint64_t key)
{
	const uint64_t *index = ms_map_find(rows->index, key);

	return index ? (char *)*rows->items + *index * rows->item_bytes : NULL;
}

void *ms_keyed_at(const struct ms_keyed *rows, uint64_t key, bool *is_new)
{
	uint64_t *index;
	char *row;

	if (ms_grow(rows->items, rows->capacity, *rows->count, rows->item_bytes) < 0)
		return NULL;
	index = ms_map_at(rows->index, key, is_new);
	if (!index)
		return NULL;
	if (*is_new)
		*index = *rows->count;
	row = (char *)*rows->items + *index * rows->item_bytes;
	if (*is_new) {
		memset(row, 0, rows->item_bytes);
		++*rows->count;
	}
	return row;
}
