/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_figures.c - what the formats ask of a profile: names, sums, metrics.
 */
#include "analyzer/render/profile.h"
#include "analyzer/base/alloc.h"

#include <inttypes.h>
#include <string.h>

const struct ms_metric_info ms_metrics[MS_METRICS] = {
	[MS_METRIC_LIVE_BYTES] = { "live", "live_bytes", "bytes live", true },
	[MS_METRIC_LIVE_BLOCKS] = { "live-blocks", "live_blocks", "blocks live", false },
	[MS_METRIC_PEAK_BYTES] = { "peak", "peak_bytes", "bytes live at the peak", true },
	[MS_METRIC_PEAK_BLOCKS] = { "peak-blocks", "peak_blocks",
				    "blocks live at the peak", false },
	[MS_METRIC_ALLOCATED] = { "allocated", "allocated", "bytes allocated", true },
	[MS_METRIC_ALLOCATIONS] = { "calls", "allocations", "allocations", false },
	[MS_METRIC_TEMPORARY] = { "temporary", "temporary", "temporary allocations",
				  false },
	[MS_METRIC_LEAKED_BYTES] = { "leaked", "leaked_bytes", "bytes leaked", true },
	[MS_METRIC_LEAKED_BLOCKS] = { "leaked-blocks", "leaked_blocks", "blocks leaked",
				      false },
};

const enum ms_metric ms_metric_order[MS_METRICS] = {
	MS_METRIC_PEAK_BYTES,  MS_METRIC_LIVE_BYTES,  MS_METRIC_ALLOCATED,
	MS_METRIC_ALLOCATIONS, MS_METRIC_TEMPORARY,   MS_METRIC_LEAKED_BYTES,
	MS_METRIC_PEAK_BLOCKS, MS_METRIC_LIVE_BLOCKS, MS_METRIC_LEAKED_BLOCKS,
};

int ms_metric_find(const char *name)
{
	for (int i = 0; i < MS_METRICS; i++) {
		if (strcmp(ms_metrics[i].name, name) == 0)
			return i;
	}
	return -1;
}

uint64_t ms_profile_total(const struct ms_profile *profile, enum ms_metric metric)
{
	uint64_t total = 0;

	for (size_t i = 0; i < profile->row_count; i++)
		total += profile->rows[i].value[metric];
	return total;
}

uint64_t *ms_profile_sums(const struct ms_profile *profile, enum ms_metric metric,
			  bool self_only)
{
	uint64_t *sums = ms_alloc_zero(profile->node_count, sizeof(*sums));

	for (size_t i = 0; sums && i < profile->row_count; i++)
		sums[profile->rows[i].node] += profile->rows[i].value[metric];
	/* Parents come first, so that the last node is complete when it is added. */
	for (size_t i = profile->node_count; sums && !self_only && i-- > 1;)
		sums[profile->nodes[i].parent] += sums[i];
	return sums;
}

int ms_node_path_reserve(struct ms_node_path *path, size_t count)
{
	while (path->capacity < count) {
		if (ms_grow((void **)&path->nodes, &path->capacity, path->capacity,
			    sizeof(*path->nodes)) < 0)
			return -1;
	}
	return 0;
}

void ms_node_path_release(struct ms_node_path *path)
{
	ms_free(path->nodes);
	*path = (struct ms_node_path){ 0 };
}

int ms_profile_path(struct ms_node_path *path, const struct ms_profile *profile,
		    uint32_t node)
{
	size_t count = 0;

	for (uint32_t n = node; n; n = profile->nodes[n].parent)
		count++;
	if (ms_node_path_reserve(path, count) < 0)
		return -1;
	path->count = count;
	for (uint32_t n = node; n; n = profile->nodes[n].parent)
		path->nodes[--count] = n;
	return 0;
}

const char *ms_profile_module_path(const struct ms_profile *profile,
				   const struct ms_profile_frame *frame)
{
	return frame->module == MS_PROFILE_NONE ? NULL
						: profile->modules[frame->module].path;
}

void ms_profile_name(struct ms_strbuf *text, const struct ms_profile *profile,
		     uint32_t frame)
{
	const struct ms_profile_frame *f = &profile->frames[frame];
	const char *path = ms_profile_module_path(profile, f), *slash;

	if (f->function) {
		ms_strbuf_adds(text, f->function);
	} else if (f->cut) {
		ms_strbuf_appendf(text, "(cut: %s)", f->cut);
	} else if (!path && !f->address) {
		ms_strbuf_adds(text, "(no stack)");
	} else {
		ms_strbuf_appendf(text, "0x%" PRIx64, f->address);
		slash = path ? strrchr(path, '/') : NULL;
		if (path)
			ms_strbuf_adds(text, " in ");
		if (path)
			ms_strbuf_adds(text, slash && slash[1] ? slash + 1 : path);
	}
}
