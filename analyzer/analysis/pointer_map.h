/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pointer_map.h - a pointer map in memory, and which of its words are roots (private).
 */
#ifndef MS_ANALYSIS_POINTER_MAP_H
#define MS_ANALYSIS_POINTER_MAP_H

#include "analyzer/analysis/reach.h"
#include "analyzer/base/map.h"

struct ms_stretch {
	uint64_t start, end;
	bool held; /* a block lay there once */
};

struct ms_stretches { /* sorted, apart */
	struct ms_stretch *items;
	size_t count, capacity;
	size_t hit; /* the last that was asked for */
};

struct ms_map_words {
	struct ms_words pointers, tables, numbers, registers;
	/* never roots; always; where no block ever lay */
	struct ms_stretches holes, sure, soft;
	/* of soft: pages / 64 to the bits of those where a block lay; where large ones
	 * lay */
	struct ms_map held;
	struct ms_stretches large;
	bool foreign; /* another allocator than libc's: held stretches are its own */
	uint64_t unscanned_bytes, whole_stacks, registerless;
	bool whole;
	uint64_t last_page; /* that was held last */
};

/* MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_map_words_read(struct ms_map_words *words,
					  const struct ms_log *log, uint32_t number,
					  struct ms_error *err);
void ms_map_words_release(struct ms_map_words *words);
/* A block lay there.  0, or -1 without memory. */
int ms_map_words_hold(struct ms_map_words *words, uint64_t address, uint64_t size);
/* All blocks are told: before roots are asked for. */
void ms_map_words_held(struct ms_map_words *words);
/* Is a word there a root?  mapped: in memory that the program mapped itself. */
bool ms_map_words_root(struct ms_map_words *words, uint64_t address, bool mapped);

#endif
