/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owners.h - gathering the owners of an address (private to timeline).
 */
#ifndef MS_TIMELINE_OWNERS_H
#define MS_TIMELINE_OWNERS_H

#include "analyzer/timeline/pass.h"

struct ms_owner_watch {
	struct ms_owners *out;
	uint64_t address;
	bool inside;	      /* what contains the address counts, mappings too */
	struct ms_map open;   /* a hash of a block to 1 + the index of its owner */
	uint64_t overwritten; /* as the heap had it last */
	uint64_t old_address; /* of the realloc that is applied */
	bool follows;	      /* it is told of both halves of every realloc: pair them */
	struct ms_pairs pairs;
	bool frees, ended; /* the event frees the address; it did end a block */
	size_t mapped;	   /* 1 + the index of the mapping there is; 0: none */
	size_t remapped;   /* the same of one that an mremap may move */
	uint32_t remapper; /* the thread that does */
};

void ms_owner_watch_init(struct ms_owner_watch *watch, struct ms_owners *out,
			 uint64_t address, bool inside);
void ms_owner_watch_release(struct ms_owner_watch *watch);
/* The functions of a struct ms_observer. */
MS_MUST_CHECK ms_status ms_owner_event(void *watch, const struct ms_event *event,
				       struct ms_error *err);
void ms_owner_block(void *watch, enum ms_change change, const struct ms_block *block,
		    const struct ms_event *event, const struct ms_totals *totals);
/* After the last event, or before one that ms_owner_event() is not told of. */
void ms_owner_settle(struct ms_owner_watch *watch);

#endif
