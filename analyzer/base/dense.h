/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dense.h - from a log's ids to rows, for ids that count up from zero.
 *
 * An array as far as ids are near, a map for the few that a forged log puts far away.
 */
#ifndef MS_DENSE_H
#define MS_DENSE_H

#include "analyzer/base/map.h"

#define MS_DENSE_IDS (UINT32_C(1) << 24) /* pages that no id touches cost nothing */

struct ms_dense {
	uint32_t *rows; /* the row and one; 0: none */
	size_t capacity;
	struct ms_map far;
};

void ms_dense_init(struct ms_dense *dense);
void ms_dense_release(struct ms_dense *dense);
/* Set the row, below UINT32_MAX, of an id that has none.  0, or -1 without memory. */
int ms_dense_put(struct ms_dense *dense, uint32_t id, uint32_t row);
bool ms_dense_find_far(const struct ms_dense *dense, uint32_t id, uint32_t *row);

/* False when the id has no row. */
static inline bool ms_dense_find(const struct ms_dense *dense, uint32_t id, uint32_t *row)
{
	if (__builtin_expect(id >= dense->capacity, 0))
		return ms_dense_find_far(dense, id, row);
	*row = dense->rows[id] - 1;
	return dense->rows[id] != 0;
}

/* Rows of item_bytes each, of one id each, in order of their first appearance. */
struct ms_dense_rows {
	void **items;
	size_t *count, *capacity, item_bytes;
	struct ms_dense *index;
};

/* A new row, zeroed, of an id that has none; NULL without memory. */
void *ms_dense_rows_add(const struct ms_dense_rows *rows, uint32_t id);

/* The row of id, or NULL. */
static inline void *ms_dense_rows_find(const struct ms_dense_rows *rows, uint32_t id)
{
	uint32_t row;

	return ms_dense_find(rows->index, id, &row)
		       ? (char *)*rows->items + row * rows->item_bytes
		       : NULL;
}

/* The row of id, made when need be, zeroed then; NULL without memory. */
static inline void *ms_dense_rows_at(const struct ms_dense_rows *rows, uint32_t id,
				     bool *is_new)
{
	void *row = ms_dense_rows_find(rows, id);

	*is_new = !row;
	return __builtin_expect(row != NULL, 1) ? row : ms_dense_rows_add(rows, id);
}

#endif
