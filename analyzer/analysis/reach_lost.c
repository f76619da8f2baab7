/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reach_lost.c - telling the lost blocks apart: which hang on which, and which are rings.
 *
 * A block is definitely lost when no other lost block points to it; of a ring that no
 * other points into, the one with the lowest address is, as memcheck has it.  Blocks that
 * hang on several are counted with the first.
 */
#include "analyzer/analysis/reach.h"
#include "analyzer/base/alloc.h"

struct node {		     /* of a lost block */
	uint32_t order, low; /* Tarjan's; order 0: not visited */
	uint32_t ring;	     /* the lowest block of its strongly connected component */
	bool open;	     /* its component is not closed */
	bool pointed; /* of a component's lowest: another lost one points into it */
	bool ringed;  /* of a component's lowest: it is a ring */
};

struct frame {
	uint32_t block;
	size_t edge; /* the next to follow */
};

struct lost {
	struct ms_reach *reach;
	const struct ms_edges *edges;
	struct node *nodes;
	/* lost; from tell_apart() on, indirectly and not yet counted with a root: looked
	 * at for every edge, so it has to fit a cache */
	bool *is_lost;
	struct frame *frames; /* of the search */
	uint32_t *open;	      /* blocks whose components are not closed */
	size_t depth, open_count;
	uint32_t orders;
};

static void enter(struct lost *l, uint32_t block)
{
	struct node *n = &l->nodes[block];

	n->order = n->low = ++l->orders;
	n->open = true;
	l->open[l->open_count++] = block;
	l->frames[l->depth++] = (struct frame){ block, l->edges->first[block] };
}

/* The component that block was first met of is complete. */
static void close_component(struct lost *l, uint32_t block)
{
	size_t from = l->open_count;
	uint32_t lowest = block;

	while (l->open[--from] != block)
		lowest = l->open[from] < lowest ? l->open[from] : lowest;
	for (size_t i = from; i < l->open_count; i++) {
		l->nodes[l->open[i]].open = false;
		l->nodes[l->open[i]].ring = lowest;
	}
	l->nodes[lowest].ringed = l->open_count - from > 1;
	l->open_count = from;
}

static void leave(struct lost *l)
{
	uint32_t block = l->frames[--l->depth].block;
	uint32_t low = l->nodes[block].low, caller;

	if (low == l->nodes[block].order)
		close_component(l, block);
	if (!l->depth)
		return;
	caller = l->frames[l->depth - 1].block;
	if (low < l->nodes[caller].low)
		l->nodes[caller].low = low;
}

static void follow(struct lost *l, uint32_t from, uint32_t to)
{
	if (!l->is_lost[to])
		return;
	if (!l->nodes[to].order)
		enter(l, to);
	else if (l->nodes[to].open && l->nodes[to].order < l->nodes[from].low)
		l->nodes[from].low = l->nodes[to].order;
}

static void find_components(struct lost *l)
{
	for (size_t i = 0; i < l->reach->count; i++) {
		if (!l->is_lost[i] || l->nodes[i].order)
			continue;
		enter(l, (uint32_t)i);
		while (l->depth) {
			struct frame *f = &l->frames[l->depth - 1];

			if (f->edge == l->edges->first[f->block + 1])
				leave(l);
			else
				follow(l, f->block,
				       l->edges->targets[f->edge++] >> MS_EDGE_BITS);
		}
	}
}

/* Which components does another one point into? */
static void find_pointed(struct lost *l)
{
	for (size_t i = 0; i < l->reach->count; i++) {
		if (!l->is_lost[i])
			continue;
		for (size_t e = l->edges->first[i]; e < l->edges->first[i + 1]; e++) {
			uint32_t to = l->edges->targets[e] >> MS_EDGE_BITS;

			if (to == i)
				l->nodes[l->nodes[i].ring].ringed = true;
			else if (l->is_lost[to] && l->nodes[to].ring != l->nodes[i].ring)
				l->nodes[l->nodes[to].ring].pointed = true;
		}
	}
}

static void tell_apart(struct lost *l)
{
	for (size_t i = 0; i < l->reach->count; i++) {
		struct ms_leak_block *b = &l->reach->blocks[i];
		const struct node *n = &l->nodes[l->nodes[i].ring];

		b->root = MS_LEAK_NO_ROOT;
		if (!l->is_lost[i])
			continue;
		b->cycle = n->ringed;
		b->kind = l->nodes[i].ring == i && !n->pointed ? MS_LEAK_DEFINITE
							       : MS_LEAK_INDIRECT;
		l->is_lost[i] = b->kind == MS_LEAK_INDIRECT;
	}
}

/* All that hangs on root and on none before it; the stack is the search's. */
static void hang(struct lost *l, uint32_t root)
{
	struct ms_leak_block *blocks = l->reach->blocks;

	l->open[l->open_count++] = root;
	while (l->open_count) {
		uint32_t block = l->open[--l->open_count];

		for (size_t e = l->edges->first[block]; e < l->edges->first[block + 1];
		     e++) {
			uint32_t to = l->edges->targets[e] >> MS_EDGE_BITS;

			if (!l->is_lost[to])
				continue;
			l->is_lost[to] = false;
			blocks[to].root = root;
			blocks[root].hanging_bytes += blocks[to].block.size;
			blocks[root].hanging_blocks++;
			l->open[l->open_count++] = to;
		}
	}
}

static void add_totals(struct ms_leak_totals *totals, const struct ms_leak_block *b)
{
	totals->bytes += b->block.size;
	totals->blocks++;
}

static void sum_up(const struct lost *l, struct ms_leaks *leaks)
{
	for (size_t i = 0; i < l->reach->count; i++) {
		const struct ms_leak_block *b = &l->reach->blocks[i];

		add_totals(&leaks->kinds[b->kind], b);
		if (b->heuristic)
			add_totals(&leaks->heuristic, b);
		if (b->cycle)
			add_totals(&leaks->cycles, b);
		leaks->rings += b->cycle && l->nodes[i].ring == i;
	}
}

ms_status ms_reach_lost(struct ms_reach *reach, const struct ms_edges *edges,
			struct ms_leaks *leaks, struct ms_error *err)
{
	struct lost l = { .reach = reach, .edges = edges };
	ms_status status = MS_OK;

	l.nodes = ms_alloc_zero(reach->count + 1, sizeof(*l.nodes));
	l.frames = ms_alloc_zero(reach->count + 1, sizeof(*l.frames));
	l.open = ms_alloc_zero(reach->count + 1, sizeof(*l.open));
	l.is_lost = ms_alloc_zero(reach->count + 1, sizeof(*l.is_lost));
	if (!l.nodes || !l.frames || !l.open || !l.is_lost)
		status = ms_fail_memory(err);
	for (size_t i = 0; status == MS_OK && i < reach->count; i++)
		l.is_lost[i] = reach->blocks[i].kind <= MS_LEAK_INDIRECT;
	if (status == MS_OK) {
		find_components(&l);
		find_pointed(&l);
		tell_apart(&l);
		for (size_t i = 0; i < reach->count; i++)
			if (reach->blocks[i].kind == MS_LEAK_DEFINITE)
				hang(&l, (uint32_t)i);
		sum_up(&l, leaks);
	}
	ms_free(l.nodes);
	ms_free(l.frames);
	ms_free(l.open);
	ms_free(l.is_lost);
	return status;
}
