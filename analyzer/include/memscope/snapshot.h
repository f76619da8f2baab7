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
	MEMSCOPE_GROUP_SIZE,
	MEMSCOPE_GROUP_NONE /* every live block; JSON and CSV: not in any order */
};

struct memscope_snapshot_options {
	struct memscope_time at;
	enum memscope_group by;
	unsigned top;	/* rows; 0: 20 in text, all in JSON and CSV */
	unsigned depth; /* frames of a stack, as in the summary */
};

/* The heap at one instant. */
int memscope_snapshot(struct memscope *m, const struct memscope_snapshot_options *options,
		      const struct memscope_output *output, struct memscope_error *err);

#ifdef __cplusplus
}
#endif

#endif
