/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_moments.c - what lived at a few instants, stack by stack: the trees in massif's
 * form.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/facade/profile.h"

#define MOMENTS 8 /* spread over the points, beside the peak and the end */

static ms_status take(struct ms_profile_fill *fill, size_t trace,
		      struct ms_profile_moment *moment, const struct ms_views *views,
		      struct ms_error *err)
{
	size_t count;
	const struct ms_stack_figures *stacks = ms_view_stacks(views, trace, &count);
	ms_status status = MS_OK;

	moment->items = ms_alloc_zero(count + 1, sizeof(*moment->items));
	if (!moment->items)
		return ms_fail_memory(err);
	for (size_t i = 0; status == MS_OK && i < count; i++) {
		struct ms_profile_live *live = &moment->items[moment->count];

		live->bytes = stacks[i].f.live_bytes;
		if (!live->bytes)
			continue;
		status = ms_profile_tree_node(&fill->tree, trace, stacks[i].stack,
					      &live->node, err);
		moment->count++;
	}
	return status;
}

/* As a snapshot at that time has it. */
static ms_status look_at(struct ms_profile_fill *fill, size_t trace, size_t point,
			 struct ms_error *err)
{
	struct ms_profile_process *process = &fill->profile->processes[trace];
	struct ms_profile_moment *moment = &process->moments[process->moment_count];
	struct memscope_time at = { .kind = MEMSCOPE_AT_NS,
				    .value = process->points[point].at_ns };
	struct ms_views views;
	ms_status status =
		ms_views_init(&views, fill->m, &at, &fill->ask->filter, false, err);

	if (status != MS_OK)
		return status;
	process->moment_count++;
	moment->point = point;
	status = take(fill, trace, moment, &views, err);
	ms_views_release(&views);
	return status;
}

ms_status ms_profile_moments(struct ms_profile_fill *fill, size_t trace,
			     struct ms_error *err)
{
	struct ms_profile_process *process = &fill->profile->processes[trace];
	size_t count = process->point_count;
	size_t step = count / MOMENTS ? count / MOMENTS : 1;
	ms_status status = MS_OK;

	process->moments = ms_alloc_zero(MOMENTS + 2, sizeof(*process->moments));
	if (!process->moments)
		return ms_fail_memory(err);
	/* Backwards, so that the end is one of them. */
	for (size_t i = 0; status == MS_OK && i < MOMENTS && i * step < count; i++)
		status = look_at(fill, trace, count - 1 - i * step, err);
	return status;
}
