/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_cross_thread_free.c - threads that free for others, and that make too much.
 */
#define _GNU_SOURCE
#include "tests/unit/waste_fixture.h"

static void hand_over(unsigned own, unsigned others)
{
	waste_init(&w);
	for (unsigned i = 0; i < own; i++)
		waste_free(&w, 2, waste_make(&w, 2, 10, w.stack[0]));
	for (unsigned i = 0; i < others; i++)
		waste_free(&w, i % 4 ? 3 : 1, waste_make(&w, 2, 100, w.stack[1]));
	waste_check(&w, "cross_thread_free");
}

START_TEST(frees_of_other_threads)
{
	hand_over(0, 999);
	FINDS(0);
	waste_release(&w);
	hand_over(4001, 1000);
	FINDS(0);
	waste_release(&w);
	hand_over(4000, 1000);
	FINDS(1);
	FINDING(0, "cross_thread", MS_SEVERITY_INFO, 1000, 100000);
	ck_assert_uint_eq(SITE(0), w.stack[1]);
	ck_assert_uint_eq(w.findings.items[0].point_count, 2);
	ck_assert_double_eq_tol(REAL("share"), 0.2, 1e-9);
	ck_assert_uint_eq(NUMBER("pairs"), 2);
	ck_assert_uint_eq(NUMBER("made_by"), 1001);
	ck_assert_uint_eq(NUMBER("freed_by"), 1002);
	ck_assert_uint_eq(NUMBER("pair_blocks"), 750);
	ck_assert_uint_eq(NUMBER("pair_bytes"), 75000);
	waste_starve(&w, "cross_thread_free");
	FINDS(1);
	waste_release(&w);
}
END_TEST

static void split(unsigned a, unsigned b, unsigned c, unsigned d)
{
	const unsigned blocks[] = { a, b, c, d };

	waste_init(&w);
	for (uint32_t t = 0; t < 4; t++)
		for (unsigned i = 0; i < blocks[t]; i++)
			waste_make(&w, t + 1, 10, w.stack[t]);
	waste_check(&w, "unbalanced_threads");
}

START_TEST(one_thread_of_several)
{
	static const struct {
		unsigned blocks[4];
		bool found;
	} cases[] = {
		{ { 20000, 0, 0, 0 }, false },
		{ { 20000, 99, 99, 99 }, false },
		{ { 20000, 1000, 0, 0 }, true },
		{ { 20000, 3000, 0, 0 }, false },
		{ { 100, 20000, 100, 0 }, true },
		{ { 5000, 5000, 5000, 5000 }, false },
		{ { 100, 100, 100, 20000 }, true },
		{ { 2000, 15500, 2000, 500 }, true },
		{ { 2000, 14500, 2500, 1000 }, false },
		{ { 9000, 100, 100, 100 }, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		split(cases[i].blocks[0], cases[i].blocks[1], cases[i].blocks[2],
		      cases[i].blocks[3]);
		ck_assert_msg(w.findings.count == cases[i].found, "case %zu", i);
		waste_release(&w);
	}
	split(2000, 15500, 2000, 500);
	FINDING(0, "one_thread", MS_SEVERITY_INFO, 15500, 155000);
	ck_assert_uint_eq(NUMBER("thread"), 1001);
	ck_assert_uint_eq(NUMBER("allocating_threads"), 4);
	ck_assert_double_eq_tol(REAL("share"), 0.775, 1e-9);
	ck_assert_double_eq_tol(REAL("even_share"), 0.25, 1e-9);
	waste_starve(&w, "unbalanced_threads");
	FINDS(1);
	waste_release(&w);
}
END_TEST

struct owned {
	uint64_t address, size;
	uint32_t maker;
};

START_TEST(handed_over_equals_the_model)
{
	struct owned blocks[64] = { 0 };
	uint64_t others = 0, bytes = 0, frees = 0, pairs[5][5] = { 0 }, heaviest = 0;

	begin_sequence(_i);
	waste_init(&w);
	for (unsigned i = 0; i < 8000; i++) {
		struct owned *block = &blocks[below(64)];
		uint32_t thread = 1 + (uint32_t)below(4);

		if (block->address) {
			waste_free(&w, thread, block->address);
			frees++;
			others += thread != block->maker;
			bytes += thread != block->maker ? block->size : 0;
			pairs[block->maker][thread] += thread != block->maker;
		}
		thread = 1 + (uint32_t)below(4);
		block->size = below(1000);
		block->maker = thread;
		block->address = waste_make(&w, thread, block->size, w.stack[below(4)]);
	}
	for (unsigned i = 0; i < 25; i++)
		if (pairs[i / 5][i % 5] > heaviest)
			heaviest = pairs[i / 5][i % 5];
	waste_check(&w, "cross_thread_free");
	FINDS(1);
	FINDING(0, "cross_thread", MS_SEVERITY_INFO, others, bytes);
	ck_assert_double_eq_tol(REAL("share"), (double)others / (double)frees, 1e-9);
	ck_assert_uint_eq(NUMBER("pairs"), 12);
	ck_assert_uint_eq(NUMBER("pair_blocks"), heaviest);
	waste_release(&w);
}
END_TEST

static void add(TCase *tcase)
{
	tcase_add_test(tcase, frees_of_other_threads);
	tcase_add_test(tcase, one_thread_of_several);
	tcase_add_loop_test(tcase, handed_over_equals_the_model, 0, RANDOM_RUNS);
}

int main(void)
{
	return waste_main("cross_thread_free", add);
}
