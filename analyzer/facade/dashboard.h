/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dashboard.h - what the dashboard shows, from all engines (private to the facade).
 *
 * Each trace is read three times: for the heap at the end, for what is lost, and for all
 * that is told over time.
 */
#ifndef MS_FACADE_DASHBOARD_H
#define MS_FACADE_DASHBOARD_H

#include "analyzer/base/arena.h"
#include "analyzer/facade/leaks.h"
#include "analyzer/facade/profile.h"
#include "analyzer/render/report.h"
#include "analyzer/timeline/timeline.h"

/* So many processes are shown by themselves, the heaviest; the others are summed. */
#define MS_DASHBOARD_PROCESSES 8

struct ms_dashboard {
	struct memscope *m;
	const struct memscope_render_options *options;
	struct ms_profile_ask ask;
	struct ms_profile_fill fill; /* its views are of the end */
	struct ms_trace_leaks *leaks;
	struct ms_suppressions *suppressions; /* of the leaks */
	struct ms_flows *flows;
	size_t *process_of; /* of each trace: its process in report */
	uint32_t **nodes;   /* of each trace: of each stack of its view, in the profile */
	struct ms_arena texts;
	struct ms_report report;
};

/* Write the page.  As memscope_render(). */
MS_MUST_CHECK ms_status ms_facade_dashboard(struct memscope *m,
					    const struct memscope_render_options *options,
					    const struct memscope_output *output,
					    struct ms_error *err);

/* --- the parts of it: MS_OK, MS_ENOMEM, or what the engines returned -------------------
 */

/* dashboard_stacks.c: rows of all stacks, folded. */
MS_MUST_CHECK ms_status ms_dashboard_stacks(struct ms_dashboard *d, struct ms_error *err);
/*
 * dashboard_time.c: each process over time, and who freed whose blocks.  run() reads the
 * logs; without a filter it asks no metadata anything, so that others may meanwhile: of
 * what is in d it writes flows and slices alone.  silent: it tells no progress.  take()
 * puts the rest into the report.  free() what new() gave, also when that has failed.
 */
struct ms_dashboard_times;
MS_MUST_CHECK ms_status ms_dashboard_times_new(struct ms_dashboard_times **out,
					       struct ms_dashboard *d,
					       struct ms_error *err);
MS_MUST_CHECK ms_status ms_dashboard_times_run(struct ms_dashboard_times *times,
					       bool silent, struct ms_error *err);
MS_MUST_CHECK ms_status ms_dashboard_times_take(struct ms_dashboard_times *times,
						struct ms_error *err);
void ms_dashboard_times_free(struct ms_dashboard_times *times);
/* dashboard_sources.c: lines around the sites of the summary, where they are there. */
MS_MUST_CHECK ms_status ms_dashboard_sources(struct ms_dashboard *d,
					     struct ms_error *err);

#endif
