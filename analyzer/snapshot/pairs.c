/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pairs.c - first halves of reallocs that wait for their second.
 *
 * A chain per thread through one vector, so that neither many threads nor halves that
 * never end (a forged log) make a lookup slow.
 */
#include "analyzer/snapshot/snapshot.h"
#include "analyzer/base/alloc.h"

#define NONE UINT32_MAX

struct ms_pair {
	struct ms_block old;
	uint32_t outer; /* the one that this one interrupted, or NONE */
	bool waits;	/* false: in the free list */
};

void ms_pairs_init(struct ms_pairs *pairs)
{
	*pairs = (struct ms_pairs){ .free = NONE };
	ms_map_init(&pairs->threads);
}

void ms_pairs_release(struct ms_pairs *pairs)
{
	ms_free(pairs->items);
	ms_free(pairs->newest);
	ms_map_release(&pairs->threads);
	ms_pairs_init(pairs);
}

/* The thread's innermost; NULL when the thread never had one. */
static uint32_t *chain_of(const struct ms_pairs *pairs, uint32_t thread)
{
	const uint64_t *index = ms_map_find(&pairs->threads, thread);

	return index ? &pairs->newest[*index] : NULL;
}

static uint32_t *make_chain(struct ms_pairs *pairs, uint32_t thread)
{
	size_t count = pairs->threads.count;
	uint32_t *chain = chain_of(pairs, thread);

	if (chain)
		return chain;
	if (ms_grow((void **)&pairs->newest, &pairs->newest_capacity, count,
		    sizeof(*pairs->newest)) < 0 ||
	    ms_map_put(&pairs->threads, thread, count) < 0)
		return NULL;
	pairs->newest[count] = NONE;
	return &pairs->newest[count];
}

/* An item of no chain, or NONE without memory. */
static uint32_t new_item(struct ms_pairs *pairs)
{
	uint32_t i = pairs->free;

	if (i != NONE) {
		pairs->free = pairs->items[i].outer;
		return i;
	}
	if (pairs->count == NONE || ms_grow((void **)&pairs->items, &pairs->capacity,
					    pairs->count, sizeof(*pairs->items)) < 0)
		return NONE;
	return (uint32_t)pairs->count++;
}

int ms_pairs_push(struct ms_pairs *pairs, uint32_t thread, const struct ms_block *old)
{
	uint32_t *chain = make_chain(pairs, thread);
	uint32_t i = chain ? new_item(pairs) : NONE;

	if (i == NONE)
		return -1;
	pairs->items[i] = (struct ms_pair){ *old, *chain, true };
	pairs->waiting++;
	*chain = i;
	return 0;
}

bool ms_pairs_pop(struct ms_pairs *pairs, uint32_t thread, struct ms_block *old)
{
	uint32_t *chain = chain_of(pairs, thread);
	uint32_t i = chain ? *chain : NONE;

	if (i == NONE)
		return false;
	*old = pairs->items[i].old;
	*chain = pairs->items[i].outer;
	pairs->items[i].waits = false;
	pairs->items[i].outer = pairs->free;
	pairs->free = i;
	pairs->waiting--;
	return true;
}

const struct ms_block *ms_pairs_next(const struct ms_pairs *pairs, size_t *position)
{
	while (*position < pairs->count) {
		const struct ms_pair *pair = &pairs->items[(*position)++];

		if (pair->waits)
			return &pair->old;
	}
	return NULL;
}

void ms_pairs_each(const struct ms_pairs *pairs,
		   void (*visit)(void *context, uint32_t thread,
				 const struct ms_block *old),
		   void *context)
{
	uint64_t thread, chain;
	size_t position = 0;

	while (ms_map_next(&pairs->threads, &position, &thread, &chain)) {
		for (uint32_t i = pairs->newest[chain]; i != NONE;
		     i = pairs->items[i].outer)
			visit(context, (uint32_t)thread, &pairs->items[i].old);
	}
}
