/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chains.h - frames that were inlined into one another, as one place each (private to
 * render): pprof and heaptrack have one address for all of them.
 *
 * A chain is told by its owner's chain and its own frame, so that equal chains have one
 * number wherever they occur.
 */
#ifndef MS_RENDER_CHAINS_H
#define MS_RENDER_CHAINS_H

#include "analyzer/render/profile.h"

struct ms_chain {
	uint32_t owner; /* chain + 1 that this frame was inlined into; 0: none */
	uint32_t frame;
};

struct ms_chains {
	struct ms_chain *items;
	size_t count, capacity;
	uint32_t *of; /* of each node but the root: the chain that ends there */
};

/* MS_OK or MS_ENOMEM; release it in each case. */
MS_MUST_CHECK ms_status ms_chains_init(struct ms_chains *chains,
				       const struct ms_profile *profile,
				       struct ms_error *err);
void ms_chains_release(struct ms_chains *chains);
/* The node that called the place at node: the one above the owner of its chain. */
uint32_t ms_chains_caller(const struct ms_profile *profile, uint32_t node);

#endif
