/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyed.h - rows in a vector, found by a key: what counts things by thread, stack, size.
 */
#ifndef MS_BASE_KEYED_H
#define MS_BASE_KEYED_H

#include "analyzer/base/map.h"

/* Rows of item_bytes each, told apart by a key, in order of their first appearance. */
struct ms_keyed {
	void **items;
	size_t *count, *capacity, item_bytes;
	struct ms_map *index;
};

/* The row of key, made when need be, zeroed then; NULL without memory. */
void *ms_keyed_at(const struct ms_keyed *rows, uint64_t key, bool *is_new);
/* The row of key, or NULL. */
void *ms_keyed_find(const struct ms_keyed *rows, uint64_t key);

#endif
