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

#endif
