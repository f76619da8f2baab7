/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot.h - the totals of recordings, and the heap at one instant.
 */
#ifndef MEMSCOPE_SNAPSHOT_H
#define MEMSCOPE_SNAPSHOT_H

#include <memscope/render.h>

#ifdef __cplusplus
extern "C" {
#endif

enum memscope_sort {
	MEMSCOPE_BY_DEFAULT,   /* a summary's peak, a snapshot's live */
	MEMSCOPE_BY_PEAK,      /* bytes live at the process's peak */
	MEMSCOPE_BY_LIVE,      /* bytes live at the end, or at the instant asked for */
	MEMSCOPE_BY_ALLOCATED, /* bytes ever allocated */
	MEMSCOPE_BY_CALLS,     /* allocations made */
	MEMSCOPE_BY_TEMPORARY  /* blocks freed before the thread made another */
};

struct memscope_summary_options {
	enum memscope_sort sort;
	unsigned top;	/* sites shown in text; 0: 10 */
	unsigned depth; /* frames of a stack; 0: 8 a branch in text, 128 in JSON */
	struct memscope_filter filter; /* of the blocks that are counted */
};

/*
 * Totals, peak, sites, threads, losses.  JSON has the keys of memscope-analyze(1); CSV is
 * the table of sites.  Several traces are summed.
 */
int memscope_summary(struct memscope *m, const struct memscope_summary_options *options,
		     const struct memscope_output *output, struct memscope_error *err);

enum memscope_group {
	MEMSCOPE_GROUP_SITE,
	MEMSCOPE_GROUP_STACK,
	MEMSCOPE_GROUP_THREAD,
	MEMSCOPE_GROUP_MODULE,
	MEMSCOPE_GROUP_SIZE,	 /* classes: powers of two */
	MEMSCOPE_GROUP_FUNCTION, /* by itself, and with all that it calls */
	MEMSCOPE_GROUP_FILE,	 /* source file of the site */
	MEMSCOPE_GROUP_KIND,	 /* the function that made the block: malloc, new ... */
	MEMSCOPE_GROUP_AGE,	 /* time since the block was made */
	MEMSCOPE_GROUP_NONE	 /* every live block, the largest first */
};

struct memscope_snapshot_options {
	struct memscope_time at;
	enum memscope_group by;
	unsigned top;	/* rows; 0: 20 in text, all in JSON and CSV */
	unsigned depth; /* frames of a stack, as in the summary */
	enum memscope_sort sort;
	struct memscope_filter filter;
};

/*
 * The heap at one instant.  Rows are the groups that have something of what they are
 * sorted by; the figures are those of the blocks that the filter lets through, up to the
 * instant.
 */
int memscope_snapshot(struct memscope *m, const struct memscope_snapshot_options *options,
		      const struct memscope_output *output, struct memscope_error *err);

/* The same by site, text as one short line each with a bar; by and depth do not count. */
int memscope_top(struct memscope *m, const struct memscope_snapshot_options *options,
		 const struct memscope_output *output, struct memscope_error *err);

/*
 * What is compared: two instants of all traces; or, when not 0, the first trace with the
 * second, of which there must be two.
 */
struct memscope_diff_options {
	int two_traces;
	int use_from;		   /* not 0: from holds; else it is the start */
	struct memscope_time from; /* the instant before */
	struct memscope_time to;   /* the instant after; of two traces each one's */
	enum memscope_group by;	   /* all but AGE and NONE */
	int lines;		   /* not 0: a function's lines are told apart */
	int all;		   /* not 0: rows that did not change, too */
	unsigned top;		   /* as in a snapshot */
	unsigned depth;
	struct memscope_filter filter;
};

/*
 * What is live before and after, by group: new, gone, grown, shrunk.  Groups of two
 * traces are told by functions, the names of their source files and modules, so that
 * neither addresses, nor process ids, nor where a program was built matter.
 */
int memscope_diff(struct memscope *m, const struct memscope_diff_options *options,
		  const struct memscope_output *output, struct memscope_error *err);

#ifdef __cplusplus
}
#endif

#endif
