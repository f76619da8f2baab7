/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sites.c - the stacks of one or more snapshots, grouped by site, stack or module.
 */
#define _GNU_SOURCE /* qsort_r */
#include "analyzer/facade/sites.h"
#include "analyzer/base/alloc.h"

#include <stdlib.h>
#include <string.h>

uint64_t ms_figure(const struct ms_figures *figures, enum memscope_sort sort)
{
	switch (sort) {
	case MEMSCOPE_BY_LIVE:
		return figures->live_bytes;
	case MEMSCOPE_BY_ALLOCATED:
		return figures->allocated;
	case MEMSCOPE_BY_CALLS:
		return figures->allocations;
	case MEMSCOPE_BY_TEMPORARY:
		return figures->temporary;
	default:
		return figures->peak_bytes;
	}
}

/* What a stack is filed under, as a frame's id and a key. */
static ms_status group_of(struct ms_sites *sites, uint32_t trace, uint32_t stack,
			  enum memscope_group by, uint32_t *frame_id, uint64_t *key,
			  struct ms_error *err)
{
	const struct ms_frame *frame;
	ms_status status =
		ms_metadata_site(sites->m->traces[trace].meta, stack, &frame, err);

	if (status != MS_OK)
		return status;
	*frame_id = ms_frames_id(&sites->seen, frame);
	if (*frame_id == MS_FRAME_NONE)
		return ms_fail_memory(err);
	if (by == MEMSCOPE_GROUP_MODULE || by == MEMSCOPE_GROUP_FILE) {
		struct ms_frame part = { .function = "" };

		if (frame && by == MEMSCOPE_GROUP_FILE)
			part.file = frame->file;
		/* What has no file is told apart by module. */
		if (frame && !part.file)
			part.module = frame->module;
		*frame_id = ms_frames_add(&sites->seen, &part);
		if (*frame_id == MS_FRAME_NONE)
			return ms_fail_memory(err);
	}
	*key = by == MEMSCOPE_GROUP_STACK ? (uint64_t)trace << 32 | stack : *frame_id;
	return MS_OK;
}

/* The site of key, new when need be; NULL without memory. */
static struct ms_site *site_of(struct ms_sites *sites, uint64_t key, uint32_t frame)
{
	uint64_t *index = ms_map_at(&sites->by_key, key, NULL);

	if (!index)
		return NULL;
	if (*index)
		return &sites->items[*index - 1];
	if (ms_grow((void **)&sites->items, &sites->capacity, sites->count,
		    sizeof(*sites->items)) < 0)
		return NULL;
	sites->items[sites->count] =
		(struct ms_site){ .frame = frame, .first = MS_FRAME_NONE };
	*index = ++sites->count;
	return &sites->items[sites->count - 1];
}

static ms_status add_stack(struct ms_sites *sites, uint32_t trace,
			   const struct ms_stack_figures *figures, enum memscope_group by,
			   struct ms_error *err)
{
	struct ms_site *site;
	uint32_t frame = 0;
	uint64_t key = 0;
	ms_status status = group_of(sites, trace, figures->stack, by, &frame, &key, err);

	if (status != MS_OK)
		return status;
	site = site_of(sites, key, frame);
	if (!site || sites->member_count == MS_FRAME_NONE ||
	    ms_grow((void **)&sites->members, &sites->member_capacity,
		    sites->member_count, sizeof(*sites->members)) < 0)
		return ms_fail_memory(err);
	sites->members[sites->member_count] =
		(struct ms_member){ trace, figures->stack, &figures->f, site->first };
	site->first = (uint32_t)sites->member_count++;
	ms_figures_add(&site->f, &figures->f);
	return MS_OK;
}

static ms_status add_all(struct ms_sites *sites, const struct ms_views *views,
			 enum memscope_group by, struct ms_error *err)
{
	const struct ms_progress *progress =
		ms_facade_progress(sites->m, "looking up functions and lines");
	ms_status status = MS_OK;

	for (size_t t = 0; status == MS_OK && t < sites->m->count; t++) {
		struct ms_meter meter;
		size_t count;
		const struct ms_stack_figures *stacks = ms_view_stacks(views, t, &count);

		ms_meter_init(&meter, progress, count);
		for (size_t i = 0; status == MS_OK && i < count; i++) {
			status = add_stack(sites, (uint32_t)t, &stacks[i], by, err);
			ms_meter_at(&meter, i);
		}
	}
	return status;
}

ms_status ms_sites_init(struct ms_sites *sites, const struct ms_views *views,
			enum memscope_group by, struct ms_error *err)
{
	ms_status status;

	*sites = (struct ms_sites){ .m = views->m };
	ms_frames_init(&sites->seen);
	ms_map_init(&sites->by_key);
	status = ms_names_of_views(views, MS_RESOLVE_SITES, err);
	if (status == MS_OK)
		status = add_all(sites, views, by, err);
	if (status != MS_OK)
		ms_sites_release(sites);
	return status;
}

void ms_sites_release(struct ms_sites *sites)
{
	ms_frames_release(&sites->seen);
	ms_map_release(&sites->by_key);
	ms_free(sites->items);
	ms_free(sites->members);
	*sites = (struct ms_sites){ 0 };
}

/* --- sorting --------------------------------------------------------------------------
 */

static int by_figure(const void *a, const void *b, void *context)
{
	const struct ms_site *x = a, *y = b;
	enum memscope_sort sort = *(const enum memscope_sort *)context;
	uint64_t fx = ms_figure(&x->f, sort), fy = ms_figure(&y->f, sort);

	if (fx != fy)
		return fx < fy ? 1 : -1;
	if (x->f.allocated != y->f.allocated)
		return x->f.allocated < y->f.allocated ? 1 : -1;
	/* Ids follow the order of first appearance, which a log always gives alike. */
	return x->frame != y->frame ? (x->frame < y->frame ? -1 : 1)
				    : (x->first < y->first ? -1 : 1);
}

static uint32_t heaviest_of(const struct ms_sites *sites, const struct ms_site *site,
			    enum memscope_sort sort)
{
	uint32_t best = site->first;

	for (uint32_t i = best; i != MS_FRAME_NONE; i = sites->members[i].next) {
		const struct ms_figures *f = sites->members[i].f,
					*g = sites->members[best].f;
		uint64_t x = ms_figure(f, sort), y = ms_figure(g, sort);

		if (x > y || (x == y && f->allocated > g->allocated))
			best = i;
	}
	return best;
}

void ms_sites_sort(struct ms_sites *sites, enum memscope_sort sort)
{
	for (size_t i = 0; i < sites->count; i++)
		sites->items[i].heaviest = heaviest_of(sites, &sites->items[i], sort);
	if (sites->count)
		qsort_r(sites->items, sites->count, sizeof(*sites->items), by_figure,
			&sort);
}
