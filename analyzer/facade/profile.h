/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile.h - traces as the tables that exports are made of (private to the facade).
 *
 * Figures are those of a view, so that filters and instants mean what they mean to a
 * snapshot.
 */
#ifndef MS_FACADE_PROFILE_H
#define MS_FACADE_PROFILE_H

#include "analyzer/facade/frames.h"
#include "analyzer/facade/normal.h"
#include "analyzer/facade/view.h"
#include "analyzer/render/export.h"

/* --- profile_tree.c: stacks of all traces in one call tree
 * ------------------------------------- */

/* Nodes are told apart by what their frames say, see frames.h, and by being inlined. */
struct ms_profile_tree {
	struct memscope *m;
	struct ms_profile *profile; /* whose modules, frames and nodes it fills */
	struct ms_normal *normal;   /* frames as in every run and build; NULL: as is */
	struct ms_frames_seen seen;
	struct ms_map by_frame; /* twice the id in seen, + 1 when inlined, to frame + 1 */
	struct ms_map by_child; /* parent << 32 | frame to node */
	struct ms_map by_module; /* the address of a path's text to module + 1 */
	struct ms_map *by_stack; /* of each trace: a node of the log to one of the tree */
	struct ms_map by_row; /* node << 32 | thread to row + 1, of the trace at hand */
	uint32_t *chain;      /* nodes of the log that wait */
	size_t chain_capacity;
	size_t module_capacity, frame_capacity, node_capacity;
};

/* MS_OK or MS_ENOMEM; release it in each case.  The profile keeps what it was given. */
MS_MUST_CHECK ms_status ms_profile_tree_init(struct ms_profile_tree *tree,
					     struct memscope *m,
					     struct ms_profile *profile,
					     struct ms_error *err);
void ms_profile_tree_release(struct ms_profile_tree *tree);
/* The node of a stack of a trace.  Stack 0, and one that the log lacks, has a frame that
 * says so.  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_profile_tree_node(struct ms_profile_tree *tree, size_t trace,
					     uint32_t stack, uint32_t *node,
					     struct ms_error *err);

/* The number of a frame in the profile, MS_PROFILE_NONE: no memory. */
uint32_t ms_profile_tree_frame(struct ms_profile_tree *tree, size_t trace,
			       const struct ms_frame *frame);

/* --- profile.c: all of it
 * ------------------------------------------------------------------ */

struct ms_profile_ask {
	struct memscope_time at; /* the instant */
	bool at_end;		 /* it is the end, so that leaks can be told */
	struct memscope_filter filter;
	unsigned needs; /* bits of enum ms_export_need */
	enum ms_metric metric;
	struct ms_normal *normal; /* outlives the profile; NULL: frames as they are */
};

/*
 * MS_OK; MS_ENOMEM; MS_EUSAGE as filters and times have it.  Texts belong to m.
 */
MS_MUST_CHECK ms_status ms_profile_new(struct ms_profile **out, struct memscope *m,
				       const struct ms_profile_ask *ask,
				       struct ms_error *err);
void ms_profile_free(struct ms_profile *profile); /* NULL is fine */
/*
 * render_report.c: of a metric (NULL: peak) at an instant (NULL: the filter's "to", or
 * the end).  MS_OK, or MS_EUSAGE where there is no such metric.
 */
MS_MUST_CHECK ms_status ms_profile_ask_init(struct ms_profile_ask *ask,
					    const char *metric,
					    const struct memscope_time *at,
					    const struct memscope_filter *filter,
					    struct ms_error *err);
/* MS_OK, or MS_EUSAGE where the recordings cannot tell what a format
 * with these needs shows. */
MS_MUST_CHECK ms_status ms_profile_check(const struct ms_profile *profile, unsigned needs,
					 struct ms_error *err);

/* --- profile_threads.c: which thread made what with a stack
 * ------------------------------------ */

struct ms_thread_pairs {
	struct ms_pair_figures *items; /* by stack, then in order of appearance */
	size_t count;
};

/* Of trace i of views.  MS_OK, or nothing to release. */
MS_MUST_CHECK ms_status ms_thread_pairs_init(struct ms_thread_pairs *pairs,
					     const struct ms_views *views, size_t i,
					     struct ms_error *err);
void ms_thread_pairs_release(struct ms_thread_pairs *pairs);
/* Those of a stack. */
const struct ms_pair_figures *ms_thread_pairs_of(const struct ms_thread_pairs *pairs,
						 uint32_t stack, size_t *count);

/* --- profile_rows.c, profile_leaks.c: parts of it
 * ---------------------------------------------- */

/* Its processes and threads, of all traces.  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_profile_describe(struct ms_profile *profile,
					    const struct memscope *m,
					    struct ms_error *err);

struct ms_trace_leaks;
struct ms_profile_fill {
	struct memscope *m;
	const struct ms_profile_ask *ask;
	struct ms_profile *profile;
	struct ms_profile_tree tree;
	struct ms_views views;
	struct ms_trace_leaks *leaks; /* one a trace; NULL: not asked for */
	size_t row_capacity;
};

/* Rows of what a trace's stacks made: one of each node and thread. */
MS_MUST_CHECK ms_status ms_profile_rows(struct ms_profile_fill *fill, size_t trace,
					struct ms_error *err);
/* What is lost of a trace, after its rows; NULL: it is not known. */
MS_MUST_CHECK ms_status ms_profile_trace_leaks(struct ms_profile_fill *fill, size_t trace,
					       const struct ms_trace_leaks *of,
					       struct ms_error *err);
/* profile_lives.c: maxima and lifetimes of the rows. */
MS_MUST_CHECK ms_status ms_profile_lives(struct ms_profile_fill *fill, size_t trace,
					 struct ms_error *err);
/* profile_moments.c: what lived at some of the points. */
MS_MUST_CHECK ms_status ms_profile_moments(struct ms_profile_fill *fill, size_t trace,
					   struct ms_error *err);
/* profile_events.c: the first trace's events, for later.  MS_EUSAGE when it has not all.
 */
MS_MUST_CHECK ms_status ms_profile_events(struct ms_profile_fill *fill,
					  struct ms_error *err);
void ms_profile_events_free(void *replayed); /* NULL is fine */
/* profile_points.c: the heap over time, and marks. */
MS_MUST_CHECK ms_status ms_profile_points(struct ms_profile_fill *fill, size_t trace,
					  struct ms_error *err);
/* The row of a node and a thread (index, or MS_PROFILE_NONE), zeroed when it is new;
 * NULL: no memory.  Valid until the next. */
struct ms_profile_row *ms_profile_row(struct ms_profile_fill *fill, size_t trace,
				      uint32_t node, uint32_t thread);
/* The index of a log's thread, MS_PROFILE_NONE too when threads are not told apart. */
uint32_t ms_profile_thread(const struct ms_profile_fill *fill, size_t trace, uint32_t id);

#endif
