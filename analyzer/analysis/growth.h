/* SPDX-License-Identifier: Apache-2.0 */
/*
 * growth.h - live bytes by stack at equal instants, and the sites that grow (private).
 */
#ifndef MS_ANALYSIS_GROWTH_H
#define MS_ANALYSIS_GROWTH_H

#include "analyzer/analysis/analysis.h"
#include "analyzer/base/dense.h"

#define MS_GROWTH_PARTS 100
#define MS_GROWTH_FIRST 9  /* whose end is after start-up */
#define MS_GROWTH_LAST	97 /* whose end is before a program tidies up */
#define MS_GROWTH_COUNT (MS_GROWTH_LAST - MS_GROWTH_FIRST + 1)

struct ms_growth_live { /* of a log of samples in 2^-16ths, as weight.h has them */
	uint64_t bytes, blocks;
	double variance; /* of bytes */
};

struct ms_growth_stack {
	uint32_t stack;
	bool changed;			   /* in this part */
	struct ms_growth_live live, at[2]; /* now; at the end of FIRST and of LAST */
};

struct ms_growth_point { /* from the end of part on */
	uint32_t stack;	 /* its place in stacks */
	uint32_t part;
	uint64_t bytes;
};

struct ms_growth { /* as much memory as stacks, and as parts in which each changed */
	struct ms_check_input input;
	uint64_t span_ns;
	unsigned part; /* that is being filled; MS_GROWTH_PARTS: beyond the last */
	uint64_t part_end_ns;
	struct ms_growth_stack *stacks;
	size_t stack_count, stack_capacity;
	struct ms_dense by_stack;
	struct ms_growth_point *points; /* by part */
	size_t point_count, point_capacity;
	uint32_t *changed; /* places in stacks */
	size_t changed_count, changed_capacity;
	struct ms_growth_live live, at[2], process[MS_GROWTH_PARTS];
	bool failed; /* no memory */
};

/* growth_sites.c: all parts have ended.  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_growth_find(struct ms_growth *growth,
				       const struct ms_replayed *replayed,
				       struct ms_findings *findings,
				       struct ms_error *err);

#endif
