/* SPDX-License-Identifier: Apache-2.0 */
/*
 * analysis.h - engine 6: findings.
 *
 * Which live blocks nothing points to any more: the heap of a pointer map's instant and
 * the words of that map.
 */
#ifndef MS_ANALYSIS_H
#define MS_ANALYSIS_H

#include "analyzer/base/progress.h"
#include "analyzer/capture/capture.h"
#include "analyzer/event_store/event_store.h"
#include "analyzer/snapshot/snapshot.h"

/*
 * As memcheck defines them (its manual, 4.2.8).  Roots are registers, stacks in use,
 * data of modules, thread-local storage and mappings that are no allocator's; a pointer
 * is a word at a multiple of eight whose value lies in a block.
 */
enum ms_leak_kind {
	MS_LEAK_DEFINITE,  /* nothing points to it but blocks that hang on it */
	MS_LEAK_INDIRECT,  /* only lost blocks point to it */
	MS_LEAK_POSSIBLE,  /* every chain from a root has a pointer into a block's middle
			    */
	MS_LEAK_REACHABLE, /* a chain of pointers to blocks' starts leads there */
	MS_LEAK_KINDS
};
extern const char *const ms_leak_names[MS_LEAK_KINDS];

#define MS_LEAK_NO_ROOT UINT32_MAX

struct ms_leak_block {
	struct ms_block block;
	uint8_t kind;	/* enum ms_leak_kind */
	bool cycle;	/* lost, and one of a ring of blocks that point to each other */
	bool heuristic; /* REACHABLE by a pointer into its middle that C++ explains */
	uint32_t root;	/* INDIRECT: index of the definite block that it hangs on */
	uint64_t hanging_bytes, hanging_blocks; /* DEFINITE: the indirect ones */
};

struct ms_leak_totals {
	uint64_t bytes, blocks;
};

struct ms_leaks {
	struct ms_leak_block *blocks; /* by address */
	size_t count;
	struct ms_leak_totals kinds[MS_LEAK_KINDS];
	struct ms_leak_totals heuristic; /* of the reachable */
	struct ms_leak_totals cycles;	 /* of the lost, those in rings */
	uint64_t rings;
	uint64_t unscanned_bytes; /* memory that could be no root */
	uint64_t whole_stacks;	  /* threads whose stacks were taken whole */
	uint64_t registerless;	  /* threads some of whose registers are not known */
	bool whole; /* the map; else what it lacks may make blocks look lost */
};

struct ms_leaks_options {
	const struct ms_store *store;
	const struct ms_log *log;
	const struct ms_pointer_map *map;
	bool interior; /* a pointer into a block's middle is as good as one to its start
			*/
	const struct ms_progress *progress; /* or NULL */
};

/* MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_leaks_new(struct ms_leaks **out,
				     const struct ms_leaks_options *options,
				     struct ms_error *err);
void ms_leaks_free(struct ms_leaks *leaks);

#endif
