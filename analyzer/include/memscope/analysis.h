/* SPDX-License-Identifier: Apache-2.0 */
/*
 * analysis.h - findings: what of the heap is lost.
 */
#ifndef MEMSCOPE_ANALYSIS_H
#define MEMSCOPE_ANALYSIS_H

#include <memscope/render.h>

#ifdef __cplusplus
extern "C" {
#endif

struct memscope_leaks_options {
	unsigned map; /* which pointer map of each trace, from 1; 0: the last */
	int interior; /* not 0: pointers into a block's middle count as those to its start
		       */
	int all;      /* not 0: text shows indirect and reachable blocks' sites too */
	int blocks;   /* not 0: every block that is not reachable, instead of sites */
	unsigned top; /* rows; 0: 20 in text, all in JSON and CSV */
	unsigned depth; /* frames of a stack; 0: 8 in text, 128 in JSON */
};

/*
 * The live blocks of a pointer map's instant by how they are reached: definite, indirect,
 * possible, reachable, as memcheck defines them.  A trace without a map has its live
 * blocks listed as unclassified, and says why.  JSON has the keys of memscope-analyze(1);
 * CSV is the table of sites, or of blocks.
 */
int memscope_leaks(struct memscope *m, const struct memscope_leaks_options *options,
		   const struct memscope_output *output, struct memscope_error *err);

#ifdef __cplusplus
}
#endif

#endif
