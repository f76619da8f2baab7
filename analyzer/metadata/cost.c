/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cost.c - what recording cost, thread by thread.
 *
 * A record holds totals since its thread began, so the last one by time stands; a log
 * that was cut off may lack it and then has an earlier one.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/metadata/inside.h"

#include <string.h>

struct ms_thread_cost {
	uint64_t ticks, values[MS_COST_COUNT];
};

ms_status ms_metadata_add_cost(struct ms_metadata *meta, uint32_t thread, uint64_t ticks,
			       const uint64_t values[MS_COST_COUNT])
{
	struct ms_thread_cost *cost;
	uint64_t *place;
	bool is_new;

	if (MS_GROW(meta->costs, meta->cost_room, meta->cost_count) < 0)
		return MS_ENOMEM;
	place = ms_map_at(&meta->cost_index, (uint64_t)thread + 1, &is_new);
	if (!place)
		return MS_ENOMEM;
	if (is_new) {
		*place = meta->cost_count++;
		meta->costs[*place] = (struct ms_thread_cost){ 0 };
	}
	cost = &meta->costs[*place];
	if (ticks < cost->ticks)
		return MS_OK;
	cost->ticks = ticks;
	memcpy(cost->values, values, sizeof(cost->values));
	return MS_OK;
}

bool ms_metadata_cost(const struct ms_metadata *meta, uint64_t values[MS_COST_COUNT])
{
	memset(values, 0, MS_COST_COUNT * sizeof(*values));
	for (size_t i = 0; i < meta->cost_count; i++)
		for (size_t key = 0; key < MS_COST_COUNT; key++)
			values[key] += meta->costs[i].values[key];
	return meta->cost_count != 0;
}
