/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view.h - traces at one instant, as far as a filter lets their blocks through (private
 * to the facade).
 *
 * Without a filter a view's figures are the snapshot's own; with one they come from a
 * tally, and reports need not know which.
 */
#ifndef MS_FACADE_VIEW_H
#define MS_FACADE_VIEW_H

#include "analyzer/facade/filter.h"

struct ms_view { /* of one trace */
	struct ms_snapshot *snapshot;
	struct ms_filter *filter; /* NULL: none */
	struct ms_tally tally;
	bool tallied;  /* the figures are the tally's */
	bool detailed; /* its kinds and ages are there */
};

struct ms_views {
	struct memscope *m;
	struct ms_view *items; /* one a trace */
	bool whole;	       /* the instant is the end, so that counts apply */
};

/*
 * filter may be NULL.  detailed: kinds and ages will be asked for.  MS_OK, or nothing to
 * release.
 */
MS_MUST_CHECK ms_status ms_views_init(struct ms_views *views, struct memscope *m,
				      const struct memscope_time *at,
				      const struct memscope_filter *filter, bool detailed,
				      struct ms_error *err);
void ms_views_release(struct ms_views *views);

/* Figures of trace i. */
const struct ms_stack_figures *ms_view_stacks(const struct ms_views *views, size_t i,
					      size_t *count);
const struct ms_thread_figures *ms_view_thread_figures(const struct ms_views *views,
						       size_t i, size_t *count);
struct ms_figures ms_view_size_class(const struct ms_views *views, size_t i, unsigned c);
void ms_view_known(const struct ms_views *views, size_t i, struct ms_known *known);
/* The threads' facts and figures, each an object at the end of array. */
void ms_view_threads(struct ms_doc *doc, json_t *array, const struct ms_views *views,
		     size_t i);
/* The instant: of the last event, or of the recording's end where calls were counted
 * without one. */
uint64_t ms_view_at_ns(const struct ms_views *views, size_t i);

#endif
