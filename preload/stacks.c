/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stacks.c - stacks as nodes of a trie, each written to the log once.
 *
 * A node's 16 bytes lie in a NODES window of the log; the table here finds its id by
 * (parent, frame).  Tables are lock-free and only filled: when one is getting full a
 * larger one is put before it, and a search goes from the newest to the oldest.
 */
#include "preload/stacks.h"

#include "preload/config.h"
#include "preload/judge.h"
#include "preload/memo.h"
#include "preload/modules.h"
#include "preload/pool.h"
#include "preload/walk.h"
#include "preload/window.h"

struct ms_chunk { /* nodes first .. limit - 1 lie in one window */
	uint32_t first, limit;
	_Atomic uint32_t next;
	struct ms_wire_node *nodes;
};

struct slot {
	_Atomic uint64_t ids; /* parent << 32 | node; 0: empty */
	_Atomic uint64_t where;
};
#define NODE_BUSY 0xffffffffU /* the slot is claimed, its node not yet written */

struct ms_node_table {
	unsigned bits;
	_Atomic uint32_t used;
	struct ms_node_table *older;
	struct slot slots[];
};

#define TABLE_BITS_FIRST 13
#define PROBES_MAX	 64
#define CHUNK_FIRST	 (8 * 1024)

/* --- ids and their place in the log
 * ------------------------------------------------------ */

static struct ms_chunk *make_chunk(struct ms_chunk *old)
{
	uint32_t first = old ? old->limit : 1;
	size_t bytes = old ? (size_t)first * 16 : CHUNK_FIRST;
	struct ms_chunk *c = ms_small(sizeof *c);
	struct ms_window *w;

	bytes = (bytes + MS_WIRE_PAGE - 1) & ~(size_t)(MS_WIRE_PAGE - 1);
	if (bytes > MS_WINDOW_LARGEST)
		bytes = MS_WINDOW_LARGEST;
	w = c ? ms_window_new(MS_WINDOW_NODES, bytes, first, 0) : NULL;
	if (!w)
		return NULL;
	c->nodes = (struct ms_wire_node *)(void *)ms_window_body(w->header);
	c->first = first;
	c->limit = first + w->body_bytes / (uint32_t)sizeof *c->nodes;
	atomic_store_explicit(&c->next, first, memory_order_relaxed);
	/* release: pairs with the acquire in node_new, publishes the fields */
	if (atomic_compare_exchange_strong_explicit(&ms_session->chunk, &old, c,
						    memory_order_acq_rel,
						    memory_order_acquire))
		return c;
	/* another was faster: the window becomes a place for records */
	ms_window_assign(w, MS_WINDOW_META, 0, 0);
	MS_POOL_PUSH(&ms_session->meta_pool, w);
	return old;
}

/* In one piece: a window of nodes that never came to use has ids that the next one has.
 */
static struct ms_chunk *chunk_new(struct ms_chunk *old)
{
	uint64_t held = ms_sys_hold_signals();
	struct ms_chunk *c = make_chunk(old);

	ms_sys_release_signals(held);
	return c;
}

/* Write a new node to the log and return its id, or 0. */
static uint32_t node_new(uint64_t frame, uint32_t parent)
{
	struct ms_chunk *c =
		atomic_load_explicit(&ms_session->chunk, memory_order_acquire);
	uint64_t flag = frame & MS_WHERE_EXACT, address = frame & MS_FRAME_ADDRESS;
	uint32_t module = (uint32_t)(frame >> MS_FRAME_MODULE_SHIFT), id = 0;
	struct ms_wire_node *n;

	while (!c || (id = atomic_fetch_add_explicit(&c->next, 1,
						     memory_order_relaxed)) >= c->limit) {
		c = chunk_new(c);
		if (!c)
			return 0;
	}
	if (module && module != MS_MODULE_CUT)
		address -= ms_modules_base(module);
	ms_judge_node(id, frame, parent);
	n = &c->nodes[id - c->first];
	n->where = (uint64_t)module << MS_WHERE_MODULE_SHIFT | flag |
		   (address & MS_WHERE_OFFSET);
	n->parent = parent;
	/* release: the check makes the node valid, for readers of the file */
	__atomic_store_n(&n->check, ms_wire_node_check(id, n->where, parent),
			 __ATOMIC_RELEASE);
	return id;
}

/* --- the table
 * ------------------------------------------------------------------------------ */

static uint64_t mix(uint64_t frame, uint32_t parent)
{
	uint64_t h = (frame ^ ((uint64_t)parent << 31 | parent)) * 0x9e3779b97f4a7c15ULL;

	return h ^ h >> 29;
}

static struct ms_node_table *table_new(struct ms_node_table *older)
{
	unsigned bits = older ? older->bits + 2 : TABLE_BITS_FIRST;
	struct ms_node_table *t =
		bits > 30 ? NULL
			  : ms_map(sizeof *t + (sizeof(struct slot) << bits), true);

	if (!t)
		return NULL;
	t->bits = bits;
	t->older = older;
	/* release: pairs with the acquire in find; the loser's memory goes back */
	if (atomic_compare_exchange_strong_explicit(&ms_session->nodes, &older, t,
						    memory_order_acq_rel,
						    memory_order_acquire))
		return t;
	ms_unmap(t, sizeof *t + (sizeof(struct slot) << bits));
	return older;
}

/* The node, or 0 and the slot where it belongs (NULL: no room), in one table. */
static uint32_t probe(struct ms_node_table *t, uint64_t frame, uint32_t parent,
		      struct slot **free_slot)
{
	size_t mask = ((size_t)1 << t->bits) - 1, at = mix(frame, parent) >> 16;

	*free_slot = NULL;
	for (unsigned i = 0; i < PROBES_MAX; i++) {
		struct slot *s = &t->slots[(at + i) & mask];
		/* acquire: pairs with publish, so where is the node's */
		uint64_t ids = atomic_load_explicit(&s->ids, memory_order_acquire);

		if (!ids) {
			*free_slot = s;
			return 0;
		}
		if ((uint32_t)(ids >> 32) == parent && (uint32_t)ids != NODE_BUSY &&
		    atomic_load_explicit(&s->where, memory_order_relaxed) == frame)
			return (uint32_t)ids;
	}
	return 0;
}

/*
 * Claim, write, publish.  Who loses the race for the slot writes a node of its own that
 * nobody else will find: rare, and harmless, for two nodes may say the same.
 */
static uint32_t insert(struct ms_node_table *t, struct slot *s, uint64_t frame,
		       uint32_t parent)
{
	uint64_t empty = 0;
	bool claimed = s && atomic_compare_exchange_strong_explicit(
				    &s->ids, &empty, (uint64_t)parent << 32 | NODE_BUSY,
				    memory_order_relaxed, memory_order_relaxed);
	uint32_t id = node_new(frame, parent);

	if (!claimed || !id)
		return id;
	atomic_store_explicit(&s->where, frame, memory_order_relaxed);
	/* release: pairs with the acquire in probe */
	atomic_store_explicit(&s->ids, (uint64_t)parent << 32 | id, memory_order_release);
	if (atomic_fetch_add_explicit(&t->used, 1, memory_order_relaxed) ==
	    ((uint32_t)1 << t->bits) / 2)
		table_new(t);
	return id;
}

static uint32_t find_node(uint64_t frame, uint32_t parent)
{
	struct ms_node_table *newest =
		atomic_load_explicit(&ms_session->nodes, memory_order_acquire);
	struct slot *first_free = NULL, *s;
	uint32_t id;

	if (MS_UNLIKELY(!newest) && !(newest = table_new(NULL)))
		return 0;
	for (struct ms_node_table *t = newest; t; t = t->older) {
		id = probe(t, frame, parent, &s);
		if (id)
			return id;
		if (t == newest)
			first_free = s;
	}
	return insert(newest, first_free, frame, parent);
}

/* --- a thread's stack -----------------------------------------------------------------
 */

/* The walk's stack becomes the thread's levels; those that were kept have their nodes. */
static uint32_t intern(struct ms_thread *t, const struct ms_walk *walk)
{
	uint32_t at = (uint32_t)walk->kept;
	uint32_t same = t->level_count, node;

	for (size_t i = walk->count; i-- > 0; at++) {
		const struct ms_frame *f = &t->frames[i];
		struct ms_frame *l = &t->levels[at];

		node = at ? l[-1].node : 0;
		if (at < same && l->where == f->where) {
			node = l->node;
		} else {
			same = 0; /* what lies further in hangs on another node */
			node = find_node(f->where, node);
		}
		*l = *f;
		l->node = node;
		t->level_count = at + 1;
		if (!node) {
			t->level_count = 0;
			return 0;
		}
	}
	t->level_count = at;
	return at ? t->levels[at - 1].node : 0;
}

/* A frame of its own says that the stack goes on unseen, and why. */
static MS_COLD void mark_cut(struct ms_walk *walk, struct ms_thread *t)
{
	uint64_t where = (uint64_t)MS_MODULE_CUT << MS_FRAME_MODULE_SHIFT | walk->cut;

	t->frames[walk->count++] = (struct ms_frame){ .where = where };
	ms_lost(MS_LOST_CUT_STACKS, 1);
}

/* asked: the memo was, and by the same generation of the code. */
static uint32_t walk_and_intern(struct ms_thread *t, const uintptr_t *frame, bool asked)
{
	struct ms_walk walk;
	uint32_t node = 0;

	ms_walk_stack(&walk, t, frame);
	t->cost[MS_COST_WALKED_STACKS]++;
	t->cost[MS_COST_WALKED_FRAMES] += walk.count - walk.taken;
	t->cost[MS_COST_VERIFIED_FRAMES] += walk.kept + walk.taken;
	if (MS_UNLIKELY(walk.cut) && walk.count)
		mark_cut(&walk, t);
	if (walk.count + walk.kept)
		node = intern(t, &walk);
	if (MS_UNLIKELY(!node))
		ms_lost(MS_LOST_NO_STACKS, 1);
	else if (asked && walk.repeatable)
		ms_memo_put(t, frame, node);
	return node;
}

/* What a thread knows about its stacks holds for one generation of the loaded code. */
static void new_generation(struct ms_thread *t, uint32_t generation)
{
	t->generation = generation;
	t->level_count = 0;
	ms_memo_forget(&t->memo);
}

uint32_t ms_stack_walk(struct ms_thread *t, const uintptr_t *frame)
{
	uint32_t generation = ms_modules_generation();
	bool asked = generation && generation == t->generation;

#ifdef MS_NO_MEMO /* for the benchmark: a recorder that walks each time */
	asked = false;
#endif
	if (ms_config.stacks == MS_STACKS_NONE)
		return 0;
	if (MS_UNLIKELY(generation != t->generation || !generation))
		new_generation(t, generation);
	return walk_and_intern(t, frame, asked && ms_config.stacks == MS_STACKS_FULL);
}
