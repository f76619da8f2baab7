/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chains.c - frames that were inlined into one another, as one place each.
 */
#include "analyzer/render/chains.h"
#include "analyzer/base/alloc.h"
#include "analyzer/base/map.h"

static bool is_inlined(const struct ms_profile *profile, uint32_t node)
{
	const struct ms_profile_node *n = &profile->nodes[node];

	return profile->frames[n->frame].inlined && n->parent;
}

uint32_t ms_chains_caller(const struct ms_profile *profile, uint32_t node)
{
	while (is_inlined(profile, node))
		node = profile->nodes[node].parent;
	return profile->nodes[node].parent;
}

/* The number of a chain, a new one when need be.  0, or -1 without memory. */
static int number(struct ms_chains *chains, struct ms_map *known, struct ms_chain chain,
		  uint32_t *out)
{
	uint64_t *id = ms_map_at(known, (uint64_t)chain.owner << 32 | chain.frame, NULL);

	if (!id)
		return -1;
	if (!*id) {
		if (ms_grow((void **)&chains->items, &chains->capacity, chains->count,
			    sizeof(*chains->items)) < 0)
			return -1;
		chains->items[chains->count] = chain;
		*id = ++chains->count;
	}
	*out = (uint32_t)(*id - 1);
	return 0;
}

ms_status ms_chains_init(struct ms_chains *chains, const struct ms_profile *profile,
			 struct ms_error *err)
{
	struct ms_map known;
	int failed;

	*chains = (struct ms_chains){ 0 };
	ms_map_init(&known);
	chains->of = ms_alloc_zero(profile->node_count, sizeof(*chains->of));
	failed = !chains->of;
	/* Parents come first, so that an owner's chain is known. */
	for (uint32_t i = 1; !failed && i < profile->node_count; i++) {
		const struct ms_profile_node *node = &profile->nodes[i];
		struct ms_chain chain = { 0, node->frame };

		if (is_inlined(profile, i))
			chain.owner = chains->of[node->parent] + 1;
		failed = number(chains, &known, chain, &chains->of[i]) < 0;
	}
	ms_map_release(&known);
	return failed ? ms_fail_memory(err) : MS_OK;
}

void ms_chains_release(struct ms_chains *chains)
{
	ms_free(chains->items);
	ms_free(chains->of);
}
