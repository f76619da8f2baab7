/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block_chains.c - which block a realloc made of which.
 *
 * Follows the heap's own moves (heap.c) and keeps what the heap does not: the block
 * before.  What lives is the heap's to say; a link that no block has is never asked for.
 */
#include "analyzer/facade/block_scan.h"
#include "analyzer/base/alloc.h"

#define NONE 0

struct link {
	struct ms_chain_link l;
	uint64_t address;
};

struct ms_block_chains {
	struct link *links; /* from 1 */
	size_t count, capacity;
	size_t free;		/* the first of those not in use, linked by chain */
	struct ms_map at;	/* address to link */
	struct ms_pairs moving; /* old blocks of reallocs: size is the link, or NONE */
	struct link ended[2];	/* by the event that came last */
	size_t ended_count;
	uint64_t chains;
};

ms_status ms_block_chains_new(struct ms_block_chains **out, struct ms_error *err)
{
	struct ms_block_chains *chains = ms_alloc_zero(1, sizeof(*chains));

	*out = chains;
	if (!chains)
		return ms_fail_memory(err);
	chains->count = 1;
	ms_map_init(&chains->at);
	ms_pairs_init(&chains->moving);
	return MS_OK;
}

void ms_block_chains_free(struct ms_block_chains *chains)
{
	if (!chains)
		return;
	ms_map_release(&chains->at);
	ms_pairs_release(&chains->moving);
	ms_free(chains->links);
	ms_free(chains);
}

/* The block of a link is no more: it can be asked for until the next event. */
static void end(struct ms_block_chains *c, uint64_t link)
{
	if (link == NONE)
		return;
	c->ended[c->ended_count++] = c->links[link];
	c->links[link].l.chain = c->free;
	c->free = link;
}

static uint64_t at(const struct ms_block_chains *c, uint64_t address)
{
	const uint64_t *link = ms_map_find(&c->at, address);

	return link ? *link : NONE;
}

static uint64_t take(struct ms_block_chains *c, uint64_t address)
{
	uint64_t link = NONE;

	ms_map_remove(&c->at, address, &link);
	return link;
}

/* A link for the block that the event makes: 0, or -1 without memory. */
static int begin(struct ms_block_chains *c, const struct ms_event *event, uint64_t chain,
		 uint64_t previous)
{
	uint64_t link = c->free;

	end(c, take(c, event->address));
	if (link != NONE) {
		c->free = c->links[link].l.chain;
	} else {
		if (ms_grow((void **)&c->links, &c->capacity, c->count,
			    sizeof(*c->links)) < 0)
			return -1;
		link = c->count++;
	}
	c->links[link] =
		(struct link){ { event->at_ns, chain, previous }, event->address };
	return ms_map_put(&c->at, event->address, link);
}

static int realloc_end(struct ms_block_chains *c, const struct ms_event *event)
{
	struct ms_block old = { 0 };
	bool known = ms_pairs_pop(&c->moving, event->thread, &old);
	uint64_t link = old.size, chain;

	if (!event->address) {
		if (link == NONE || at(c, old.address) == NONE)
			return link == NONE ? 0 : ms_map_put(&c->at, old.address, link);
		end(c, link);
		return 0;
	}
	chain = link == NONE ? ++c->chains : c->links[link].l.chain;
	end(c, link);
	return begin(c, event, chain, known ? old.address : 0);
}

static int realloc_begin(struct ms_block_chains *c, const struct ms_event *event)
{
	struct ms_block old = { .address = event->address };

	old.size = take(c, event->address);
	return ms_pairs_push(&c->moving, event->thread, &old);
}

static int follow(struct ms_block_chains *c, const struct ms_event *event)
{
	struct ms_block old = { 0 };

	switch (event->class) {
	case MS_CLASS_ALLOC:
		return event->address ? begin(c, event, ++c->chains, 0) : 0;
	case MS_CLASS_FREE:
		end(c, take(c, event->address));
		return 0;
	case MS_CLASS_REALLOC_BEGIN:
		return realloc_begin(c, event);
	case MS_CLASS_REALLOC_END:
		return realloc_end(c, event);
	case MS_CLASS_REALLOC_FREED:
		if (ms_pairs_pop(&c->moving, event->thread, &old))
			end(c, old.size);
		return 0;
	default:
		return 0;
	}
}

ms_status ms_block_chains_event(struct ms_block_chains *chains,
				const struct ms_event *event, struct ms_error *err)
{
	chains->ended_count = 0;
	return follow(chains, event) < 0 ? ms_fail_memory(err) : MS_OK;
}

static bool is_of(const struct link *link, const struct ms_block *block)
{
	return link->address == block->address && link->l.at_ns == block->at_ns;
}

struct ms_chain_link ms_block_chains_find(const struct ms_block_chains *chains,
					  const struct ms_block *block)
{
	uint64_t link = at(chains, block->address);
	const struct ms_block *old;
	size_t position = 0;

	for (size_t i = 0; i < chains->ended_count; i++) {
		if (is_of(&chains->ended[i], block))
			return chains->ended[i].l;
	}
	if (link != NONE && is_of(&chains->links[link], block))
		return chains->links[link].l;
	while ((old = ms_pairs_next(&chains->moving, &position))) {
		if (old->size != NONE && is_of(&chains->links[old->size], block))
			return chains->links[old->size].l;
	}
	return (struct ms_chain_link){ 0 };
}
