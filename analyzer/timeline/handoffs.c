/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handoffs.c - blocks that another thread ended than made them, by pairs of threads.
 *
 * Programs with very many threads have too many pairs: when there are twice as many rows
 * as are kept, the lighter half is summed up as the rest.  So memory is bounded, and what
 * is heavy stays; up to that number of pairs all of it is exact.
 */
#include "analyzer/timeline/pass.h"
#include "analyzer/base/alloc.h"

#include <stdlib.h>

static struct ms_keyed rows_of(struct ms_handoffs *h)
{
	return (struct ms_keyed){ (void **)&h->rows, &h->count, &h->capacity,
				  sizeof(*h->rows), &h->by_pair };
}

static uint64_t key_of(const struct ms_handoff *handoff)
{
	return (uint64_t)handoff->maker << 32 | handoff->ender;
}

static int compare(const void *a, const void *b)
{
	const struct ms_handoff *one = a, *other = b;

	if (one->blocks != other->blocks)
		return one->blocks < other->blocks ? 1 : -1;
	if (one->bytes != other->bytes)
		return one->bytes < other->bytes ? 1 : -1;
	return key_of(one) < key_of(other) ? -1 : key_of(one) > key_of(other);
}

void ms_handoffs_init(struct ms_handoffs *h, size_t most)
{
	*h = (struct ms_handoffs){ .most = most };
	ms_map_init(&h->by_pair);
}

void ms_handoffs_release(struct ms_handoffs *h)
{
	ms_free(h->rows);
	ms_map_release(&h->by_pair);
	*h = (struct ms_handoffs){ 0 };
}

void ms_handoffs_sort(struct ms_handoffs *h)
{
	if (h->count)
		qsort(h->rows, h->count, sizeof(*h->rows), compare);
	while (h->count > h->most) {
		const struct ms_handoff *row = &h->rows[--h->count];

		h->rest.blocks += row->blocks;
		h->rest.bytes += row->bytes;
	}
}

/* Keep the heavier half.  0, or -1 without memory. */
static int prune(struct ms_handoffs *h)
{
	ms_handoffs_sort(h);
	ms_map_release(&h->by_pair);
	ms_map_init(&h->by_pair);
	for (size_t i = 0; i < h->count; i++) {
		if (ms_map_put(&h->by_pair, key_of(&h->rows[i]), i) < 0)
			return -1;
	}
	return 0;
}

int ms_handoffs_add(struct ms_handoffs *h, const struct ms_handoff *handoff)
{
	struct ms_keyed rows = rows_of(h);
	struct ms_handoff *row;
	bool is_new;

	if (h->count >= 2 * h->most && prune(h) < 0)
		return -1;
	row = ms_keyed_at(&rows, key_of(handoff), &is_new);
	if (!row)
		return -1;
	row->maker = handoff->maker;
	row->ender = handoff->ender;
	row->blocks += handoff->blocks;
	row->bytes += handoff->bytes;
	return 0;
}
