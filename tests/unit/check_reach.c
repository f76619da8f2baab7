/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_reach.c - reachability against a model that is slow and obvious.
 *
 * Random heaps and words, the seed printed: the model goes over all words until nothing
 * changes any more, and asks a table of who reaches whom.
 */
#include "analyzer/analysis/reach.h"
#include "analyzer/base/alloc.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BLOCKS 24
#define WORDS  80
#define ROOTS  0x90000 /* words from here on are roots, but for every eighth */

struct sample {
	struct ms_leak_block blocks[BLOCKS];
	size_t count;
	struct ms_reach reach;
	struct ms_leaks leaks;
};

static uint64_t state;

static uint64_t draw(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

static bool is_root(void *context, uint64_t address)
{
	(void)context;
	return address >= ROOTS && address / 8 % 8;
}

/* --- a sample ---------------------------------------------------------------------- */

static uint64_t draw_value(const struct sample *s)
{
	const struct ms_block *b = &s->blocks[draw(s->count)].block;

	switch (draw(8)) {
	case 0:
		return b->address + draw(b->size + 4);
	case 1:
		return b->address + 8;
	case 2:
		return b->address + 24;
	case 3:
		return draw(0x20000);
	default:
		return b->address;
	}
}

static uint64_t draw_address(const struct sample *s)
{
	const struct ms_block *b = &s->blocks[draw(s->count)].block;

	if (draw(12) == 0)
		return ROOTS + draw(200) * 8;
	return (b->address + draw(b->size + 16)) & ~7ULL;
}

static void make(struct sample *s)
{
	uint64_t at = 0x10000;

	memset(s, 0, sizeof(*s));
	s->count = 1 + draw(BLOCKS);
	for (size_t i = 0; i < s->count; i++) {
		s->blocks[i].block.address = at;
		s->blocks[i].block.size = draw(6) ? draw(64) : 33 + draw(8);
		at += (s->blocks[i].block.size + 23) / 16 * 16;
	}
	for (uint64_t i = 0, n = draw(WORDS); i < n; i++)
		ck_assert_int_eq(
			ms_words_add(&s->reach.pointers, draw_address(s), draw_value(s)),
			0);
	for (size_t i = 0; i < s->count; i++) {
		uint64_t base = s->blocks[i].block.address;

		if (draw(3) == 0)
			ms_words_add(&s->reach.numbers, base, 1 + draw(12));
		if (draw(3) == 0)
			ms_words_add(&s->reach.numbers, base + 8,
				     s->blocks[i].block.size - 25);
		if (draw(3) == 0)
			ms_words_add(&s->reach.tables, base, 0x4000);
		if (draw(3) == 0)
			ms_words_add(&s->reach.tables, base + 8 * draw(4), 0x4000);
	}
	for (uint64_t i = draw(3); i-- > 0;)
		ms_words_add(&s->reach.roots, 0, draw_value(s));
	ms_words_sort(&s->reach.pointers);
	ms_words_sort(&s->reach.numbers);
	ms_words_sort(&s->reach.tables);
	s->reach.blocks = s->blocks;
	s->reach.count = s->count;
	s->reach.is_root = is_root;
	s->reach.interior = draw(5) == 0;
}

static void release(struct sample *s)
{
	ms_words_release(&s->reach.pointers);
	ms_words_release(&s->reach.numbers);
	ms_words_release(&s->reach.tables);
	ms_words_release(&s->reach.roots);
}

/* --- the model ---------------------------------------------------------------------- */

struct model {
	const struct sample *s;
	int kind[BLOCKS]; /* -1: not reached */
	bool direct[BLOCKS];
	bool reaches[BLOCKS][BLOCKS]; /* along one pointer or more */
};

static int block_of(const struct sample *s, uint64_t value)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct ms_block *b = &s->blocks[i].block;

		if (value >= b->address &&
		    (value < b->address + b->size || value == b->address))
			return (int)i;
	}
	return -1;
}

static bool has(const struct ms_words *words, uint64_t address, uint64_t *value)
{
	for (size_t i = 0; i < words->count; i++) {
		if (words->items[i].address == address) {
			*value = words->items[i].value;
			return true;
		}
	}
	return false;
}

static bool explained(const struct sample *s, int block, uint64_t value)
{
	const struct ms_block *b = &s->blocks[block].block;
	uint64_t x, y;

	if (value == b->address + 24 && has(&s->reach.numbers, b->address, &x) &&
	    has(&s->reach.numbers, b->address + 8, &y) && x <= y && y + 25 == b->size)
		return true;
	if (value == b->address + 8 && has(&s->reach.numbers, b->address, &x) && x &&
	    b->size >= 8 && (b->size - 8) % x == 0)
		return true;
	return value % 8 == 0 && has(&s->reach.tables, b->address, &x) &&
	       has(&s->reach.tables, value, &x);
}

/* Who holds the word: a block, -1: a root, -2: nobody. */
static int holder(const struct sample *s, uint64_t address)
{
	int block = block_of(s, address);

	if (block < 0 || s->blocks[block].block.size == 0)
		return is_root(NULL, address) ? -1 : -2;
	return address + 8 <= s->blocks[block].block.address + s->blocks[block].block.size
		       ? block
		       : -2;
}

static bool raise_kind(struct model *m, int block, int kind)
{
	if (m->kind[block] >= kind)
		return false;
	m->kind[block] = kind;
	return true;
}

/* One word of somebody who is reached; true: it changed something. */
static bool apply(struct model *m, int from, uint64_t value)
{
	int to = block_of(m->s, value),
	    kind = from < 0 ? MS_LEAK_REACHABLE : m->kind[from];
	bool start = to >= 0 && value == m->s->blocks[to].block.address;

	if (to < 0 || kind < 0)
		return false;
	if (kind != MS_LEAK_REACHABLE)
		return raise_kind(m, to, MS_LEAK_POSSIBLE);
	if (start || m->s->reach.interior)
		m->direct[to] = true;
	if (start || m->s->reach.interior || explained(m->s, to, value))
		return raise_kind(m, to, MS_LEAK_REACHABLE);
	return raise_kind(m, to, MS_LEAK_POSSIBLE);
}

static void reach_all(struct model *m, const struct ms_words *roots, size_t root_count)
{
	bool changed = true;

	for (size_t i = 0; i < BLOCKS; i++)
		m->kind[i] = -1;
	while (changed) {
		changed = false;
		for (size_t i = 0; i < m->s->reach.pointers.count; i++) {
			const struct ms_word *w = &m->s->reach.pointers.items[i];
			int from = holder(m->s, w->address);

			if (from != -2)
				changed |= apply(m, from, w->value);
		}
		for (size_t i = 0; i < root_count; i++)
			changed |= apply(m, -1, roots->items[i].value);
	}
}

static void close_lost(struct model *m)
{
	for (size_t i = 0; i < m->s->reach.pointers.count; i++) {
		const struct ms_word *w = &m->s->reach.pointers.items[i];
		int from = holder(m->s, w->address), to = block_of(m->s, w->value);

		if (from >= 0 && to >= 0 && m->kind[from] < 0 && m->kind[to] < 0)
			m->reaches[from][to] = true;
	}
	for (size_t k = 0; k < m->s->count; k++)
		for (size_t i = 0; i < m->s->count; i++)
			for (size_t j = 0; j < m->s->count; j++)
				m->reaches[i][j] |= m->reaches[i][k] && m->reaches[k][j];
}

/* Nobody who is not of its own ring reaches it, and none of the ring is lower. */
static bool is_definite(const struct model *m, size_t b)
{
	for (size_t i = 0; i < m->s->count; i++) {
		if (i == b || !m->reaches[i][b])
			continue;
		if (!m->reaches[b][i] || i < b)
			return false;
	}
	return true;
}

static void compare(struct model *m)
{
	bool claimed[BLOCKS] = { false };

	for (size_t b = 0; b < m->s->count; b++) {
		const struct ms_leak_block *got = &m->s->blocks[b];
		int kind = m->kind[b];

		if (kind < 0)
			kind = is_definite(m, b) ? MS_LEAK_DEFINITE : MS_LEAK_INDIRECT;
		ck_assert_msg(got->kind == kind, "block %zu: %d, should be %d", b,
			      got->kind, kind);
		ck_assert_int_eq(got->cycle, m->kind[b] < 0 && m->reaches[b][b]);
		ck_assert_int_eq(got->heuristic,
				 kind == MS_LEAK_REACHABLE && !m->direct[b]);
	}
	for (size_t b = 0; b < m->s->count; b++) {
		uint64_t hanging = 0, bytes = 0;

		if (m->s->blocks[b].kind != MS_LEAK_DEFINITE)
			continue;
		for (size_t i = 0; i < m->s->count; i++) {
			if (i == b || !m->reaches[b][i] || claimed[i])
				continue;
			claimed[i] = true;
			hanging++;
			bytes += m->s->blocks[i].block.size;
			ck_assert_uint_eq(m->s->blocks[i].root, b);
		}
		ck_assert_uint_eq(m->s->blocks[b].hanging_blocks, hanging);
		ck_assert_uint_eq(m->s->blocks[b].hanging_bytes, bytes);
	}
}

static void check_totals(const struct sample *s)
{
	struct ms_leak_totals kinds[MS_LEAK_KINDS] = { 0 };

	for (size_t i = 0; i < s->count; i++) {
		kinds[s->blocks[i].kind].blocks++;
		kinds[s->blocks[i].kind].bytes += s->blocks[i].block.size;
	}
	ck_assert_mem_eq(kinds, s->leaks.kinds, sizeof(kinds));
}

START_TEST(as_the_model)
{
	uint64_t seed = (uint64_t)time(NULL) * 1000003 + 1;
	struct model m;
	struct sample s;

	printf("# seed %llu\n", (unsigned long long)seed);
	for (int i = 0; i < 20000; i++) {
		state = seed + (uint64_t)i * 0x9e3779b97f4a7c15ULL;
		state |= 1;
		make(&s);
		ck_assert_int_eq(ms_reach_run(&s.reach, &s.leaks, NULL), MS_OK);
		memset(&m, 0, sizeof(m));
		m.s = &s;
		reach_all(&m, &s.reach.roots, s.reach.roots.count);
		close_lost(&m);
		compare(&m);
		check_totals(&s);
		release(&s);
	}
}
END_TEST

/* A chain of a million: no recursion, and each hangs on the first. */
START_TEST(long_chain)
{
	enum { LENGTH = 1000000 };
	struct ms_leak_block *blocks = calloc(LENGTH, sizeof(*blocks));
	struct ms_reach reach = { .blocks = blocks, .count = LENGTH, .is_root = is_root };
	struct ms_leaks leaks = { 0 };

	ck_assert_ptr_nonnull(blocks);
	for (size_t i = 0; i < LENGTH; i++) {
		uint64_t at = 0x100000 + i * 32;

		blocks[i].block.address = at;
		blocks[i].block.size = 24;
		ms_words_add(&reach.pointers, at, i + 1 < LENGTH ? at + 32 : 0x100000);
	}
	ck_assert_int_eq(ms_reach_run(&reach, &leaks, NULL), MS_OK);
	ck_assert_uint_eq(leaks.kinds[MS_LEAK_DEFINITE].blocks, 1);
	ck_assert_uint_eq(leaks.kinds[MS_LEAK_INDIRECT].blocks, LENGTH - 1);
	ck_assert_uint_eq(blocks[0].hanging_blocks, LENGTH - 1);
	ck_assert_uint_eq(leaks.rings, 1);
	ck_assert_uint_eq(leaks.cycles.blocks, LENGTH);
	ms_words_release(&reach.pointers);
	free(blocks);
}
END_TEST

START_TEST(without_memory)
{
	struct sample s;
	ms_status status;

	state = 4711;
	make(&s);
	for (unsigned long n = 1;; n++) {
		struct ms_leaks leaks = { 0 };

		ms_alloc_fail_at(n);
		status = ms_reach_run(&s.reach, &leaks, NULL);
		if (ms_alloc_count() < n)
			break;
		ck_assert_int_eq(status, MS_ENOMEM);
	}
	ms_alloc_fail_at(0);
	ck_assert_int_eq(status, MS_OK);
	release(&s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reach");
	TCase *tests = tcase_create("reach");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 300);
	tcase_add_test(tests, as_the_model);
	tcase_add_test(tests, long_chain);
	tcase_add_test(tests, without_memory);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
