/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trie.h - finding a node of the stack trie in the windows of a log.
 *
 * Nodes are read where they are mapped.  Windows come in any order, may overlap and may
 * claim ids that they do not hold: a node counts when its own check is right.
 */
#ifndef MS_METADATA_TRIE_H
#define MS_METADATA_TRIE_H

#include "analyzer/base/error.h"
#include "common/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ms_trie_range {
	uint64_t first, end; /* ids [first, end) */
	uint64_t reach;	     /* largest end of this range and those before it */
	size_t order;	     /* of coming: the earlier one is asked first */
	const struct ms_wire_node *nodes;
};

struct ms_trie { /* all zero: an empty trie */
	struct ms_trie_range *ranges;
	size_t count, room;
	bool sorted;
};

void ms_trie_release(struct ms_trie *trie);
/* nodes stay mapped while the trie lives.  Ids past 32 bits are left out.  MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_trie_add(struct ms_trie *trie, uint32_t first_id,
				    const struct ms_wire_node *nodes, size_t count);
/* false: no window holds a valid node of that id. */
bool ms_trie_find(struct ms_trie *trie, uint32_t id, struct ms_wire_node *node);
/* Visit every valid node, in no order; position is all zero to begin.  false: the end. */
struct ms_trie_position {
	size_t range, node;
};
bool ms_trie_next(const struct ms_trie *trie, struct ms_trie_position *position,
		  struct ms_wire_node *node);
/* One past the largest id that a window covers, at most UINT32_MAX. */
uint32_t ms_trie_limit(const struct ms_trie *trie);

#endif
