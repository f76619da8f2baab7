/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_points.c - the heap over time as a profile has it: what the filter lets
 * through, from the range's beginning to the instant.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/facade/choose.h"
#include "analyzer/facade/profile.h"

#define POINTS	   400
#define POINTS_FEW 80 /* of formats that show each at length */

static ms_status find_range(struct ms_profile_fill *fill, const struct ms_trace *trace,
			    struct ms_series_options *series, struct ms_error *err)
{
	const struct memscope_filter *filter = &fill->ask->filter;
	uint64_t end = ms_series_end_ns(trace->store, trace->log);
	ms_status status =
		ms_facade_time_ns(fill->m, trace, &fill->ask->at, &series->to_ns, err);

	if (status == MS_OK && filter->use_from)
		status = ms_facade_time_ns(fill->m, trace, &filter->from,
					   &series->from_ns, err);
	series->to_ns = series->to_ns < end ? series->to_ns : end;
	if (series->from_ns > series->to_ns)
		series->from_ns = series->to_ns;
	return status;
}

static void take_bucket(struct ms_profile_point *out, const struct ms_bucket *b)
{
	*out = (struct ms_profile_point){
		.at_ns = b->end_ns,
		.live_bytes = b->sums.live_bytes,
		.live_blocks = b->sums.live_blocks,
		.peak_bytes = b->peak_bytes,
		.peak_at_ns = b->peak_at_ns,
		.allocations = b->sums.allocations,
		.frees = b->sums.frees,
		.resident_bytes = b->resident_bytes,
		.has_resident = b->has_resident,
	};
}

static ms_status take_series(struct ms_profile_process *process,
			     const struct ms_series *series, struct ms_error *err)
{
	process->points = ms_alloc_zero(series->count + 1, sizeof(*process->points));
	if (!process->points)
		return ms_fail_memory(err);
	for (size_t i = 0; i < series->count; i++)
		take_bucket(&process->points[i], &series->buckets[i]);
	process->point_count = series->count;
	return MS_OK;
}

/* Those of the range. */
static ms_status take_marks(struct ms_profile_fill *fill, size_t trace, uint64_t from_ns,
			    uint64_t to_ns, struct ms_error *err)
{
	struct ms_profile_process *process = &fill->profile->processes[trace];
	size_t count;
	const struct ms_mark *marks =
		ms_metadata_marks(fill->m->traces[trace].meta, &count);

	process->marks = ms_alloc_zero(count + 1, sizeof(*process->marks));
	if (!process->marks)
		return ms_fail_memory(err);
	for (size_t i = 0; i < count; i++) {
		if (marks[i].at_ns < from_ns || marks[i].at_ns > to_ns)
			continue;
		process->marks[process->mark_count++] = (struct ms_profile_mark){
			marks[i].at_ns, ms_profile_thread(fill, trace, marks[i].thread),
			marks[i].name
		};
	}
	return MS_OK;
}

ms_status ms_profile_points(struct ms_profile_fill *fill, size_t trace,
			    struct ms_error *err)
{
	const struct ms_trace *of = &fill->m->traces[trace];
	struct ms_series_options options = { .meta = of->meta, .buckets = POINTS };
	struct ms_series series = { 0 };
	struct ms_choice choice;
	ms_status status = ms_choice_init(&choice, fill->m, of, &fill->ask->filter,
					  "following the heap", err);

	options.pass = choice.pass;
	if (fill->ask->needs & MS_EXPORT_MOMENTS)
		options.buckets = POINTS_FEW;
	if (status == MS_OK)
		status = find_range(fill, of, &options, err);
	if (status == MS_OK && !ms_unknown_at(of, options.to_ns).events)
		status = ms_series_init(&series, &options, err);
	if (status == MS_OK)
		status = take_series(&fill->profile->processes[trace], &series, err);
	if (status == MS_OK)
		status = take_marks(fill, trace, options.from_ns, options.to_ns, err);
	ms_series_release(&series);
	ms_choice_release(&choice);
	return status;
}
