/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline.h - the heap over time: series, lifetimes, sizes, threads, modules, the life
 * of an address, and every event with what it did.
 *
 * Filters choose blocks by how they were made; live, freed and lifetime are not for these
 * reports (MEMSCOPE_USAGE).  What a recording cannot tell is null, as in the summary.
 */
#ifndef MEMSCOPE_TIMELINE_H
#define MEMSCOPE_TIMELINE_H

#include <memscope/render.h>

#ifdef __cplusplus
extern "C" {
#endif

struct memscope_timeline_options {
	unsigned buckets; /* equal parts of the time; 0: 60 */
	/* from and to: that time, and all blocks; the rest chooses blocks */
	struct memscope_filter filter;
};

/* Figures in equal parts of a time, one row each; of several traces one after the other.
 */
int memscope_timeline(struct memscope *m, const struct memscope_timeline_options *options,
		      const struct memscope_output *output, struct memscope_error *err);

struct memscope_pointer_options {
	uint64_t address;
	/* not 0: blocks and mappings that contain it, too; reads all of the log */
	int inside;
};

/*
 * Who had an address, one row each.  When no block begins there, those that contain it
 * are looked for even if inside is 0.
 */
int memscope_pointer(struct memscope *m, const struct memscope_pointer_options *options,
		     const struct memscope_output *output, struct memscope_error *err);

enum memscope_lifetimes_by {
	MEMSCOPE_LIFETIMES_SITE,
	MEMSCOPE_LIFETIMES_STACK,
	MEMSCOPE_LIFETIMES_THREAD,
	MEMSCOPE_LIFETIMES_SIZE, /* classes: powers of two */
	MEMSCOPE_LIFETIMES_NONE	 /* of all blocks alone */
};

enum memscope_lifetimes_sort {
	MEMSCOPE_LIFETIMES_BLOCKS, /* blocks made */
	MEMSCOPE_LIFETIMES_BYTES,  /* of them */
	MEMSCOPE_LIFETIMES_SHORT,  /* blocks that lived for less than 1 ms */
	MEMSCOPE_LIFETIMES_LIVE	   /* bytes that live at the end */
};

struct memscope_lifetimes_options {
	enum memscope_lifetimes_by by;
	enum memscope_lifetimes_sort sort;
	unsigned top; /* rows; 0: 20 in text, all in JSON and CSV */
	struct memscope_filter filter;
};

/* How long blocks lived: below 1, 10, 100 ms, 1 s, 10 s, longer, and still. */
int memscope_lifetimes(struct memscope *m,
		       const struct memscope_lifetimes_options *options,
		       const struct memscope_output *output, struct memscope_error *err);

struct memscope_sizes_options {
	unsigned top; /* exact sizes; 0: 20 in text, all in JSON and CSV */
	struct memscope_filter filter;
};

/* The sizes that were asked for: classes, and the most frequent ones exactly. */
int memscope_sizes(struct memscope *m, const struct memscope_sizes_options *options,
		   const struct memscope_output *output, struct memscope_error *err);

/* Threads: what they made, and whose blocks they freed. */
int memscope_threads(struct memscope *m, const struct memscope_output *output,
		     struct memscope_error *err);

/* Modules: where they were, whether their symbols were found, figures of their sites. */
int memscope_modules(struct memscope *m, const struct memscope_output *output,
		     struct memscope_error *err);

/* --- replay
 * ------------------------------------------------------------------------------- */

/*
 * As it stands when a function is called.  Of a log of samples these are estimates; of
 * one of the mode cull, only the blocks that were not folded count.
 */
struct memscope_replay_totals {
	uint64_t live_bytes, live_blocks;
	uint64_t allocations, reallocations, frees, failed; /* calls */
	uint64_t allocated, freed;			    /* bytes */
};

struct memscope_replay_event {
	uint64_t at_ns;
	uint64_t thread;  /* the kernel's id; 0: not known */
	const char *kind; /* the function that was called, as dump names it */
	uint64_t address; /* 0: the call failed */
	uint64_t size;	  /* asked for; 0 of a free */
	uint32_t stack;	  /* the node of its stack; 0: none */
	int begins;	  /* not 0: the first half of a realloc or mremap */
};

struct memscope_replay_block {
	uint64_t address, size;
	uint64_t at_ns;	 /* when it was made */
	uint64_t thread; /* that made it */
	const char *kind;
	uint32_t stack;
};

enum memscope_replay_change { MEMSCOPE_BLOCK_BEGAN, MEMSCOPE_BLOCK_ENDED };

struct memscope_replay_options {
	size_t trace; /* which of them */
	int use_from, use_to;
	struct memscope_time from, to; /* functions are called for events in that time */
	uint64_t thread;	       /* and by that thread; 0: by all */
	/* Each may be NULL.  Not 0: stop, memscope_replay() returns MEMSCOPE_STOPPED. */
	/* Before the event did what it does. */
	int (*event)(void *context, const struct memscope_replay_event *event,
		     const struct memscope_replay_totals *totals);
	/* A realloc ends its old block first.  event is what made or ended the block. */
	int (*block)(void *context, enum memscope_replay_change change,
		     const struct memscope_replay_block *block,
		     const struct memscope_replay_event *event,
		     const struct memscope_replay_totals *totals);
	void *context;
};

/*
 * Every event of a trace in order, and every block that begins or ends.  Totals are those
 * of the process, from its beginning on.
 */
int memscope_replay(struct memscope *m, const struct memscope_replay_options *options,
		    struct memscope_error *err);

#ifdef __cplusplus
}
#endif

#endif
