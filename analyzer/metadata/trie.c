/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trie.c - the stack trie of a log, read where it is mapped.
 *
 * Ranges are sorted by their first id once, when the first node is asked for: a log may
 * hold hundreds of thousands of windows in the worst order.
 */
#include "analyzer/metadata/trie.h"

#include "analyzer/base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* Overlapping windows are damage; how many of them are tried for one id. */
#define TRIES 16

void ms_trie_release(struct ms_trie *trie)
{
	ms_free(trie->ranges);
	*trie = (struct ms_trie){ 0 };
}

ms_status ms_trie_add(struct ms_trie *trie, uint32_t first_id,
		      const struct ms_wire_node *nodes, size_t count)
{
	uint64_t room = (1ULL << 32) - first_id;
	struct ms_trie_range range = { .first = first_id, .order = trie->count };

	if (count == 0)
		return MS_OK;
	if (ms_grow((void **)&trie->ranges, &trie->room, trie->count, sizeof(range)) < 0)
		return MS_ENOMEM;
	range.end = first_id + (count < room ? count : room);
	range.nodes = nodes;
	trie->ranges[trie->count++] = range;
	trie->sorted = false;
	return MS_OK;
}

static int by_first(const void *a, const void *b)
{
	const struct ms_trie_range *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	/* The later one comes first, so that a search backwards meets the earlier. */
	return x->order < y->order ? 1 : -1;
}

static void sort(struct ms_trie *trie)
{
	uint64_t reach = 0;

	if (trie->count)
		qsort(trie->ranges, trie->count, sizeof(*trie->ranges), by_first);
	for (size_t i = 0; i < trie->count; i++) {
		if (trie->ranges[i].end > reach)
			reach = trie->ranges[i].end;
		trie->ranges[i].reach = reach;
	}
	trie->sorted = true;
}

/* How many ranges begin at id or before it. */
static size_t ranges_up_to(const struct ms_trie *trie, uint32_t id)
{
	size_t low = 0, high = trie->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (trie->ranges[middle].first <= id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool read_node(const struct ms_trie_range *range, uint32_t id,
		      struct ms_wire_node *node)
{
	memcpy(node, range->nodes + (id - range->first), sizeof(*node));
	return node->parent < id &&
	       node->check == ms_wire_node_check(id, node->where, node->parent);
}

bool ms_trie_find(struct ms_trie *trie, uint32_t id, struct ms_wire_node *node)
{
	size_t i;

	if (id == 0)
		return false;
	if (!trie->sorted)
		sort(trie);
	i = ranges_up_to(trie, id);
	for (unsigned tries = 0; i > 0 && tries < TRIES; i--) {
		const struct ms_trie_range *range = &trie->ranges[i - 1];

		if (range->reach <= id)
			return false;
		if (range->end <= id)
			continue;
		if (read_node(range, id, node))
			return true;
		tries++;
	}
	return false;
}

bool ms_trie_next(const struct ms_trie *trie, struct ms_trie_position *position,
		  struct ms_wire_node *node)
{
	for (; position->range < trie->count; position->range++, position->node = 0) {
		const struct ms_trie_range *range = &trie->ranges[position->range];

		while (position->node < range->end - range->first) {
			uint32_t id = (uint32_t)(range->first + position->node++);

			if (id != 0 && read_node(range, id, node))
				return true;
		}
	}
	return false;
}

uint32_t ms_trie_limit(const struct ms_trie *trie)
{
	uint64_t limit = 0;

	for (size_t i = 0; i < trie->count; i++)
		if (trie->ranges[i].end > limit)
			limit = trie->ranges[i].end;
	return limit > UINT32_MAX ? UINT32_MAX : (uint32_t)limit;
}
