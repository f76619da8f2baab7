/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compose.h - the documents of reports, for those that are made of several (private to
 * the facade).
 *
 * Each is what the command of its name prints as JSON.  *out is NULL on failure: MS_OK,
 * MS_ENOMEM, or what the engines returned.
 */
#ifndef MS_FACADE_COMPOSE_H
#define MS_FACADE_COMPOSE_H

#include "analyzer/facade/leaks.h"
#include "analyzer/facade/view.h"
#include "analyzer/timeline/timeline.h"

#include <memscope/analysis.h>

/*
 * sites: of each order so many of the heaviest ones, and "site_count" tells how many
 * there are; 0: all.  views are of the end, with the filter of options, whose defaults
 * are set.
 */
MS_MUST_CHECK ms_status ms_compose_summary(json_t **out, struct memscope *m,
					   const struct ms_views *views,
					   const struct memscope_summary_options *options,
					   size_t sites, struct ms_error *err);
MS_MUST_CHECK ms_status ms_compose_info(json_t **out, struct memscope *m, bool windows,
					struct ms_error *err);
/*
 * options->all is not 0, or the sites are those of the text alone.  suppressions are
 * those that took of traces; NULL: none were asked.
 */
MS_MUST_CHECK ms_status ms_compose_leaks(json_t **out, struct memscope *m,
					 const struct memscope_leaks_options *options,
					 struct ms_trace_leaks *traces,
					 const struct ms_suppressions *suppressions,
					 struct ms_error *err);
/* flows: of each trace. */
MS_MUST_CHECK ms_status ms_compose_threads(json_t **out, struct memscope *m,
					   const struct ms_views *views,
					   const struct ms_flows *flows,
					   struct ms_error *err);

/* Options with their defaults set; *failing: findings of options->fail_on. */
MS_MUST_CHECK ms_status ms_compose_check(json_t **out, size_t *failing,
					 struct memscope *m,
					 const struct memscope_check_options *options,
					 struct ms_error *err);

#endif
