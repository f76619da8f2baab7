/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dense.c - from a log's ids to rows, for ids that count up from zero.
 */
#include "analyzer/base/dense.h"
#include "analyzer/base/alloc.h"

#include <string.h>

#define LEAST_IDS 1024

void ms_dense_init(struct ms_dense *dense)
{
	*dense = (struct ms_dense){ 0 };
	ms_map_init(&dense->far);
}

void ms_dense_release(struct ms_dense *dense)
{
	ms_free(dense->rows);
	ms_map_release(&dense->far);
	ms_dense_init(dense);
}

bool ms_dense_find_far(const struct ms_dense *dense, uint32_t id, uint32_t *row)
{
	const uint64_t *found = ms_map_find(&dense->far, id);

	*row = found ? (uint32_t)*found : 0;
	return found != NULL;
}

/* Make the array reach id, which is below MS_DENSE_IDS. */
static int reach(struct ms_dense *dense, uint32_t id)
{
	size_t capacity = dense->capacity ? dense->capacity : LEAST_IDS;
	uint32_t *rows;

	while (capacity <= id)
		capacity *= 2;
	if (capacity == dense->capacity)
		return 0;
	rows = ms_alloc_zero(capacity, sizeof(*rows));
	if (!rows)
		return -1;
	if (dense->capacity)
		memcpy(rows, dense->rows, dense->capacity * sizeof(*rows));
	ms_free(dense->rows);
	dense->rows = rows;
	dense->capacity = capacity;
	return 0;
}

int ms_dense_put(struct ms_dense *dense, uint32_t id, uint32_t row)
{
	if (id >= MS_DENSE_IDS)
		return ms_map_put(&dense->far, id, row);
	if (reach(dense, id) < 0)
		return -1;
	dense->rows[id] = row + 1;
	return 0;
}

void *ms_dense_rows_add(const struct ms_dense_rows *rows, uint32_t id)
{
	size_t at = *rows->count;
	char *row;

	if (at >= UINT32_MAX ||
	    ms_grow(rows->items, rows->capacity, at, rows->item_bytes) < 0 ||
	    ms_dense_put(rows->index, id, (uint32_t)at) < 0)
		return NULL;
	row = (char *)*rows->items + at * rows->item_bytes;
	memset(row, 0, rows->item_bytes);
	++*rows->count;
	return row;
}
