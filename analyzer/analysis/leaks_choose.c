/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leaks_choose.c - some of the blocks of a map's instant.
 *
 * What reaches a block is found among all of them; who asks for some gets figures of
 * these.
 */
#include "analyzer/analysis/analysis.h"
#include "analyzer/base/alloc.h"

#include <string.h>

static void add(struct ms_leak_totals *totals, const struct ms_leak_block *block)
{
	totals->bytes += block->block.size;
	totals->blocks++;
}

static void sum_up(struct ms_leaks *leaks)
{
	memset(leaks->kinds, 0, sizeof(leaks->kinds));
	leaks->heuristic = leaks->cycles = (struct ms_leak_totals){ 0 };
	for (size_t i = 0; i < leaks->count; i++) {
		const struct ms_leak_block *b = &leaks->blocks[i];

		/* those of a log without a map are of no kind */
		if (b->kind < MS_LEAK_KINDS)
			add(&leaks->kinds[b->kind], b);
		if (b->heuristic)
			add(&leaks->heuristic, b);
		if (b->cycle)
			add(&leaks->cycles, b);
	}
}

/* Put each block at its new place. */
static ms_status move(struct ms_leaks *leaks, const uint32_t *places,
		      struct ms_error *err)
{
	struct ms_leak_block *moved = ms_alloc_zero(leaks->count, sizeof(*moved));

	if (!moved)
		return ms_fail_memory(err);
	for (size_t i = 0; i < leaks->count; i++) {
		struct ms_leak_block *to = &moved[places[i]];

		*to = leaks->blocks[i];
		if (to->root != MS_LEAK_NO_ROOT)
			to->root = places[to->root];
	}
	ms_free(leaks->blocks);
	leaks->blocks = moved;
	return MS_OK;
}

ms_status ms_leaks_choose(struct ms_leaks *leaks,
			  ms_status (*passes)(void *context, const struct ms_block *block,
					      bool *passes, struct ms_error *err),
			  void *context, struct ms_error *err)
{
	uint32_t *places, chosen = 0, left_out = 0;
	ms_status status = MS_OK;

	if (!leaks->count)
		return MS_OK;
	places = ms_alloc_zero(leaks->count, sizeof(*places));
	if (!places)
		return ms_fail_memory(err);
	for (size_t i = 0; status == MS_OK && i < leaks->count; i++) {
		bool wanted;

		status = passes(context, &leaks->blocks[i].block, &wanted, err);
		/* from the end, for now: how many are chosen is not known yet */
		places[i] = wanted ? chosen++ : UINT32_MAX - left_out++;
	}
	for (size_t i = 0; i < leaks->count; i++)
		if (places[i] >= chosen)
			places[i] = chosen + (UINT32_MAX - places[i]);
	if (status == MS_OK)
		status = move(leaks, places, err);
	ms_free(places);
	if (status != MS_OK)
		return status;
	leaks->count = chosen;
	sum_up(leaks);
	return MS_OK;
}

const struct ms_leak_block *ms_leaks_find(const struct ms_leaks *leaks,
					  const struct ms_block *block)
{
	size_t low = 0, high = leaks->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct ms_block *b = &leaks->blocks[middle].block;

		if (b->address < block->address ||
		    (b->address == block->address && b->at_ns < block->at_ns))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == leaks->count || leaks->blocks[low].block.address != block->address ||
	    leaks->blocks[low].block.at_ns != block->at_ns)
		return NULL;
	return &leaks->blocks[low];
}
