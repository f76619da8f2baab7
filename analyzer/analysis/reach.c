/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reach.c - from the roots along the pointers: which blocks are reachable, which
 * possibly.
 *
 * Two passes over sorted arrays make the graph, two searches over it colour it: first
 * along pointers to starts from the roots, then along all from what is left.  Memory is
 * four bytes an edge and eight a block beside the words themselves.
 */
#include "analyzer/analysis/reach.h"
#include "analyzer/base/alloc.h"
#include "common/wire.h"

#include <stdlib.h>

struct run {
	struct ms_reach *reach;
	struct ms_edges edges, roots; /* of roots: targets only */
	uint32_t *stack;	      /* room for every block */
	size_t depth;
	uint8_t *seen; /* enum seen */
	/* where blocks begin, and where every GROUP-th does: these stay in a cache */
	uint64_t *starts, *groups;
};

#define GROUP 64

enum seen { SEEN = 1, BY_START = 2 };

/* The first of the count sorted numbers that is above value. */
static size_t first_above(const uint64_t *numbers, size_t count, uint64_t value)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (numbers[middle] <= value)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The block that value lies in, or the number of blocks. */
static size_t find_block(const struct run *run, uint64_t value)
{
	size_t count = run->reach->count, group, low, high;
	const struct ms_block *block;

	group = first_above(run->groups, (count + GROUP - 1) / GROUP, value);
	if (!group)
		return count;
	low = (group - 1) * GROUP;
	high = count - low < GROUP ? count - low : GROUP;
	low += first_above(run->starts + low, high, value) - 1;
	if (run->starts[low] == value)
		return low; /* as most do: the block itself is in no cache */
	block = &run->reach->blocks[low].block;
	return value - block->address < (block->size ? block->size : 1) ? low : count;
}

/* --- words -----------------------------------------------------------------------------
 */

int ms_words_add(struct ms_words *words, uint64_t address, uint64_t value)
{
	if (ms_grow((void **)&words->items, &words->capacity, words->count,
		    sizeof(*words->items)) < 0)
		return -1;
	words->items[words->count++] = (struct ms_word){ address, value };
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct ms_word *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->value < y->value ? -1 : x->value > y->value;
}

/* A recorder writes them sorted: then only a look is needed. */
void ms_words_sort(struct ms_words *words)
{
	for (size_t i = 1; i < words->count; i++) {
		if (by_address(&words->items[i - 1], &words->items[i]) > 0) {
			qsort(words->items, words->count, sizeof(*words->items),
			      by_address);
			return;
		}
	}
}

void ms_words_release(struct ms_words *words)
{
	ms_free(words->items);
	*words = (struct ms_words){ 0 };
}

/* --- heuristics ------------------------------------------------------------------------
 */

/* The word at address; false when it is not among them. */
static bool word_at(const struct ms_words *words, uint64_t address, uint64_t *value)
{
	size_t low = 0, high = words->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (words->items[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == words->count || words->items[low].address != address)
		return false;
	*value = words->items[low].value;
	return true;
}

/* Length, capacity, count of users, characters: a std::string before C++11. */
static bool is_string(const struct ms_reach *r, const struct ms_block *b, uint64_t at)
{
	uint64_t length, capacity;

	return at == 24 && word_at(&r->numbers, b->address, &length) &&
	       word_at(&r->numbers, b->address + 8, &capacity) && length <= capacity &&
	       capacity < b->size && 24 + capacity + 1 == b->size;
}

/* How many elements, or how many bytes, before them. */
static bool is_array(const struct ms_reach *r, const struct ms_block *b, uint64_t at)
{
	uint64_t n;

	return at == 8 && b->size >= 8 && word_at(&r->numbers, b->address, &n) && n &&
	       (b->size - 8) % n == 0;
}

/* A base class's part of an object: both begin with tables of functions. */
static bool is_base(const struct ms_reach *r, const struct ms_block *b, uint64_t at)
{
	uint64_t table;

	return at % 8 == 0 && word_at(&r->tables, b->address, &table) &&
	       word_at(&r->tables, b->address + at, &table);
}

/* Does C++ explain a pointer into this block's middle? As memcheck's heuristics do. */
static bool is_explained(const struct ms_reach *r, size_t block, uint64_t value)
{
	const struct ms_block *b = &r->blocks[block].block;
	uint64_t at = value - b->address;

	return is_string(r, b, at) || is_array(r, b, at) || is_base(r, b, at);
}

/* --- the graph -------------------------------------------------------------------------
 */

/* To the block that value lies in, if it lies in one.  0, or -1 without memory. */
static int add_edge(const struct run *run, struct ms_edges *edges, uint64_t value)
{
	const struct ms_reach *r = run->reach;
	size_t block = find_block(run, value);
	unsigned kind = MS_EDGE_START;

	if (block == r->count)
		return 0;
	if (value != run->starts[block] && !r->interior)
		kind = is_explained(r, block, value) ? MS_EDGE_EXPLAINED : MS_EDGE_MIDDLE;
	if (ms_grow((void **)&edges->targets, &edges->capacity, edges->count,
		    sizeof(*edges->targets)) < 0)
		return -1;
	edges->targets[edges->count++] = (uint32_t)block << MS_EDGE_BITS | kind;
	return 0;
}

static int add_word(struct run *run, const struct ms_block *b, const struct ms_word *w)
{
	struct ms_reach *r = run->reach;

	if (!b || w->address - b->address >= b->size)
		return r->is_root(r->context, w->address)
			       ? add_edge(run, &run->roots, w->value)
			       : 0;
	if (b->size - (w->address - b->address) < sizeof(uint64_t))
		return 0;
	return add_edge(run, &run->edges, w->value);
}

/* Words are sorted, and so are blocks: one walk finds the block of each word. */
static int add_words(struct run *run)
{
	struct ms_reach *r = run->reach;
	size_t next = 0; /* the first block that begins after the word */

	for (size_t i = 0; i < r->pointers.count; i++) {
		const struct ms_word *w = &r->pointers.items[i];

		while (next < r->count && r->blocks[next].block.address <= w->address)
			run->edges.first[next++] = run->edges.count;
		if (add_word(run, next ? &r->blocks[next - 1].block : NULL, w) < 0)
			return -1;
	}
	while (next <= r->count)
		run->edges.first[next++] = run->edges.count;
	for (size_t i = 0; i < r->roots.count; i++)
		if (add_edge(run, &run->roots, r->roots.items[i].value) < 0)
			return -1;
	return 0;
}

/* --- searches --------------------------------------------------------------------------
 */

static void visit(struct run *run, uint32_t block, enum ms_leak_kind kind)
{
	if (run->seen[block] & SEEN)
		return;
	run->seen[block] |= SEEN;
	run->reach->blocks[block].kind = (uint8_t)kind;
	run->stack[run->depth++] = block;
}

static void visit_reachable(struct run *run, const uint32_t *targets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t block = targets[i] >> MS_EDGE_BITS;
		unsigned kind = targets[i] & MS_EDGE_KIND;

		if (kind == MS_EDGE_MIDDLE)
			continue;
		if (kind == MS_EDGE_START)
			run->seen[block] |= BY_START;
		visit(run, block, MS_LEAK_REACHABLE);
	}
}

static void visit_possible(struct run *run, const uint32_t *targets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		visit(run, targets[i] >> MS_EDGE_BITS, MS_LEAK_POSSIBLE);
}

typedef void visit_fn(struct run *run, const uint32_t *targets, size_t count);

static void search(struct run *run, visit_fn *along)
{
	while (run->depth) {
		uint32_t block = run->stack[--run->depth];
		size_t first = run->edges.first[block];

		along(run, run->edges.targets + first,
		      run->edges.first[block + 1] - first);
	}
}

/* Whatever a reachable block or a root points at and did not reach is possible. */
static void colour(struct run *run)
{
	struct ms_reach *r = run->reach;

	for (size_t i = 0; i < r->count; i++)
		r->blocks[i].kind = MS_LEAK_DEFINITE;
	visit_reachable(run, run->roots.targets, run->roots.count);
	search(run, visit_reachable);
	visit_possible(run, run->roots.targets, run->roots.count);
	for (size_t i = 0; i < r->count; i++) {
		size_t first = run->edges.first[i];

		if (r->blocks[i].kind != MS_LEAK_REACHABLE)
			continue;
		r->blocks[i].heuristic = !(run->seen[i] & BY_START);
		visit_possible(run, run->edges.targets + first,
			       run->edges.first[i + 1] - first);
	}
	search(run, visit_possible);
}

static int begin(struct run *run)
{
	size_t count = run->reach->count;

	run->edges.first = ms_alloc_zero(count + 1, sizeof(*run->edges.first));
	run->stack = ms_alloc_zero(count + 1, sizeof(*run->stack));
	run->seen = ms_alloc_zero(count + 1, 1);
	run->starts = ms_alloc_zero(count + 1, sizeof(*run->starts));
	run->groups = ms_alloc_zero(count / GROUP + 1, sizeof(*run->groups));
	if (!run->edges.first || !run->stack || !run->seen || !run->starts ||
	    !run->groups)
		return -1;
	for (size_t i = 0; i < count; i++) {
		run->starts[i] = run->reach->blocks[i].block.address;
		if (i % GROUP == 0)
			run->groups[i / GROUP] = run->starts[i];
	}
	return 0;
}

ms_status ms_reach_run(struct ms_reach *reach, struct ms_leaks *leaks,
		       struct ms_error *err)
{
	struct run run = { .reach = reach };
	ms_status status = MS_OK;

	if (reach->count >= MS_REACH_MAX)
		return ms_fail_memory(err);
	if (begin(&run) < 0 || add_words(&run) < 0)
		status = ms_fail_memory(err);
	if (status == MS_OK) {
		colour(&run);
		status = ms_reach_lost(reach, &run.edges, leaks, err);
	}
	ms_free(run.edges.first);
	ms_free(run.edges.targets);
	ms_free(run.roots.targets);
	ms_free(run.stack);
	ms_free(run.seen);
	ms_free(run.starts);
	ms_free(run.groups);
	return status;
}
