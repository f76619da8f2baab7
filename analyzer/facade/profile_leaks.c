/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_leaks.c - what is lost, as rows of a profile: definitely and indirectly, by the
 * last pointer map of each trace.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/facade/leaks.h"
#include "analyzer/facade/profile.h"

#define LEAKED (1u << MS_METRIC_LEAKED_BYTES | 1u << MS_METRIC_LEAKED_BLOCKS)

static bool is_lost(const struct ms_leak_block *b)
{
	return b->kind == MS_LEAK_DEFINITE || b->kind == MS_LEAK_INDIRECT;
}

/* Every lost block lives at the map's instant. */
static ms_status passes(const struct ms_profile_fill *fill, size_t trace,
			const struct ms_pointer_map *map, const struct ms_block *block,
			bool *pass, struct ms_error *err)
{
	struct ms_filter *filter = fill->views.items[trace].filter;
	struct ms_life life = { .block = block, .end_ns = map->at_ns };

	*pass = true;
	return filter ? ms_filter_life(filter, &life, pass, err) : MS_OK;
}

static ms_status add_block(struct ms_profile_fill *fill, size_t trace,
			   const struct ms_block *block, struct ms_error *err)
{
	struct ms_profile_row *row;
	uint32_t node;
	ms_status status =
		ms_profile_tree_node(&fill->tree, trace, block->stack, &node, err);

	if (status != MS_OK)
		return status;
	row = ms_profile_row(fill, trace, node,
			     ms_profile_thread(fill, trace, block->thread));
	if (!row)
		return ms_fail_memory(err);
	row->value[MS_METRIC_LEAKED_BYTES] += block->size;
	row->value[MS_METRIC_LEAKED_BLOCKS]++;
	return MS_OK;
}

ms_status ms_profile_trace_leaks(struct ms_profile_fill *fill, size_t trace,
				 const struct ms_trace_leaks *of, struct ms_error *err)
{
	ms_status status = MS_OK;

	if (!of || !of->map || !of->leaks) {
		fill->profile->absent |= LEAKED;
		return MS_OK;
	}
	for (size_t i = 0; status == MS_OK && i < of->leaks->count; i++) {
		const struct ms_leak_block *b = &of->leaks->blocks[i];
		bool pass;

		if (!is_lost(b))
			continue;
		status = passes(fill, trace, of->map, &b->block, &pass, err);
		if (status == MS_OK && pass)
			status = add_block(fill, trace, &b->block, err);
	}
	return status;
}
