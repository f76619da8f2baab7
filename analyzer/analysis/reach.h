/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reach.h - which blocks are reached from where: the graph behind leaks (private).
 */
#ifndef MS_ANALYSIS_REACH_H
#define MS_ANALYSIS_REACH_H

#include "analyzer/analysis/analysis.h"

struct ms_word {
	uint64_t address, value;
};

struct ms_words { /* by address; ms_words_sort() */
	struct ms_word *items;
	size_t count, capacity;
};

/* 0, or -1 without memory. */
int ms_words_add(struct ms_words *words, uint64_t address, uint64_t value);
void ms_words_sort(struct ms_words *words);
void ms_words_release(struct ms_words *words);

struct ms_reach {
	/* by address; only the block of each is looked at, the rest is filled */
	struct ms_leak_block *blocks;
	size_t count;
	struct ms_words pointers, tables, numbers; /* as the log's items are */
	struct ms_words roots;			   /* values of registers */
	/* Is the word at an address outside of all blocks a root? */
	bool (*is_root)(void *context, uint64_t address);
	void *context;
	bool interior;
};

/*
 * Find every block's kind, what hangs on the definite ones, and rings.  A word belongs to
 * the last block that begins at or before it, if it lies in it whole; a value points at
 * the last block that begins at or before it, if it lies in it (a block of no bytes has
 * its first).  MS_OK or MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_reach_run(struct ms_reach *reach, struct ms_leaks *leaks,
				     struct ms_error *err);

/* --- between the files of reach*.c ----------------------------------------------------
 */

enum ms_edge { /* the lowest bits of an edge; above them the block that it leads to */
	       MS_EDGE_START = 0,
	       MS_EDGE_MIDDLE = 1,
	       MS_EDGE_EXPLAINED = 2, /* into the middle, as C++ does */
	       MS_EDGE_BITS = 2,
};
#define MS_EDGE_KIND 3u
#define MS_REACH_MAX (1u << 30) /* blocks */

/* Which blocks point to which: those of block i are targets[first[i]] to [first[i+1]]. */
struct ms_edges {
	size_t *first;
	uint32_t *targets;
	size_t count, capacity;
};

/*
 * reach_lost.c: tell the lost apart, those whose kind is MS_LEAK_DEFINITE so far, and sum
 * them up.  Tarjan, Depth-First Search and Linear Graph Algorithms, 1972, with a stack of
 * its own in place of recursion.
 */
MS_MUST_CHECK ms_status ms_reach_lost(struct ms_reach *reach,
				      const struct ms_edges *edges,
				      struct ms_leaks *leaks, struct ms_error *err);

#endif
