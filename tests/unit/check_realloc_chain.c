/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_realloc_chain.c - chains of reallocs that are told of, and that are not.
 */
#define _GNU_SOURCE
#include "tests/unit/waste_fixture.h"

/* A block of 1000 bytes that is reallocated n times; moves: to somewhere else. */
static uint64_t chain(unsigned n, uint64_t (*next)(uint64_t size), bool moves,
		      uint32_t stack)
{
	uint64_t size = 1000, p = waste_make(&w, 1, size, stack), to;

	for (unsigned i = 0; i < n; i++) {
		size = next(size);
		w.next += 1 << 20;
		to = moves ? w.next : p;
		waste_resize(&w, p, to, size, stack);
		p = to;
	}
	return p;
}

static uint64_t by_200(uint64_t size)
{
	return size + 200;
}

static uint64_t by_a_tenth(uint64_t size)
{
	return size + size / 10;
}

static uint64_t nearly_200(uint64_t size)
{
	return size + (size % 3 ? 200 : 219);
}

static uint64_t no_more(uint64_t size)
{
	return size;
}

static uint64_t to_and_fro(uint64_t size)
{
	return size > 1000 ? 1000 : 1200;
}

START_TEST(equal_steps)
{
	waste_init(&w);
	chain(7, by_200, true, w.stack[0]);
	chain(40, by_a_tenth, true, w.stack[0]);
	chain(100, no_more, true, w.stack[0]);
	chain(100, to_and_fro, true, w.stack[0]);
	waste_check(&w, "realloc_chain");
	FINDS(0);
	waste_release(&w);
	waste_init(&w);
	chain(8, by_200, true, w.stack[0]);
	chain(20, nearly_200, false, w.stack[0]);
	waste_free(&w, 1, chain(9, by_200, false, w.stack[1]));
	chain(7, by_200, false, w.stack[1]);
	waste_check(&w, "realloc_chain");
	FINDS(2);
	/* 1000 + 1200 + ... + 2400 */
	FINDING(0, "constant_steps", MS_SEVERITY_INFO, 28, 13600);
	ck_assert_uint_eq(SITE(0), w.stack[0]);
	ck_assert_uint_eq(NUMBER("chains"), 2);
	ck_assert_uint_eq(NUMBER("steps"), 28);
	ck_assert_uint_eq(NUMBER("longest_chain"), 20);
	ck_assert_uint_eq(NUMBER("step_bytes"), 200);
	ck_assert_uint_eq(NUMBER("moved_bytes"), 13600);
	FINDING(1, "constant_steps", MS_SEVERITY_INFO, 9, 0);
	waste_starve(&w, "realloc_chain");
	FINDS(2);
	waste_release(&w);
}
END_TEST

/* An address that is handed out anew has nothing of the chain that ended there. */
START_TEST(a_chain_ends_with_its_block)
{
	uint64_t p;

	waste_init(&w);
	p = waste_make(&w, 1, 1000, w.stack[0]);
	for (unsigned i = 1; i <= 20; i++) {
		waste_resize(&w, p, p, 1000 + 200 * i, w.stack[0]);
		if (i % 6)
			continue;
		waste_free(&w, 1, p);
		waste_make_at(&w, 1, p, 1000 + 200 * i, w.stack[0]);
	}
	waste_check(&w, "realloc_chain");
	FINDS(0);
	waste_release(&w);
}
END_TEST

START_TEST(chains_need_every_event)
{
	struct ms_check_input input = { 0 };
	int index = ms_detector_index("realloc_chain", 13);

	waste_init(&w);
	waste_mode(&w, MS_MODE_CULL, 1000);
	chain(100, by_200, true, w.stack[0]);
	waste_check(&w, "realloc_chain");
	FINDS(0);
	input.log = w.reading.log;
	input.meta = w.reading.meta;
	ck_assert_ptr_nonnull(ms_detector_unable(ms_detectors[index], &input));
	waste_release(&w);
}
END_TEST

#define MODEL_BLOCKS 4
#define MODEL_STEPS  4000

struct grown { /* a block's sizes since it was made, and which of its reallocs moved it */
	uint64_t address, sizes[MODEL_STEPS + 1];
	bool moved[MODEL_STEPS + 1];
	size_t count;
};

/* How many steps up to the last are like the first of them, found from the beginning. */
static size_t run_of(const struct grown *g)
{
	size_t first = 0;

	for (size_t i = 1; i < g->count; i++) {
		double step = (double)g->sizes[i] - (double)g->sizes[i - 1];
		double base =
			first ? (double)g->sizes[first] - (double)g->sizes[first - 1] : 0;

		if (step <= 0)
			first = 0;
		else if (!first || step < base - (double)(uint64_t)(base / 10) ||
			 step > base + (double)(uint64_t)(base / 10))
			first = i;
	}
	return first ? g->count - first : 0;
}

static uint64_t moved_bytes(const struct grown *g, size_t steps)
{
	uint64_t bytes = 0;

	for (size_t i = g->count - steps; i < g->count; i++)
		bytes += g->moved[i] ? g->sizes[i - 1] : 0;
	return bytes;
}

struct sums {
	uint64_t chains, steps, moved, longest;
};

/* The block grows by one of few steps, now and then shrinks, stays, or is made anew. */
static void step_one(struct grown *g, struct sums *sums)
{
	static const uint64_t steps[] = { 100, 100, 100, 100, 100, 105, 110, 112, 300 };
	uint64_t choice = below(40), size, to = g->address;
	size_t run;

	if (!g->count || choice == 0) {
		if (g->count)
			waste_free(&w, 1, g->address);
		g->count = 0;
		g->sizes[g->count++] = 1000 + below(100);
		g->address = waste_make(&w, 1, g->sizes[0], w.stack[0]);
		return;
	}
	size = g->sizes[g->count - 1];
	if (choice > 2)
		size += steps[below(sizeof(steps) / sizeof(steps[0]))];
	else
		size = choice == 1 ? size : 500;
	if (below(2))
		to = w.next += 1 << 20;
	waste_resize(&w, g->address, to, size, w.stack[0]);
	g->moved[g->count] = to != g->address;
	g->sizes[g->count++] = size;
	g->address = to;
	run = run_of(g);
	if (run >= 8) {
		sums->chains += run == 8;
		sums->steps += run == 8 ? 8 : 1;
		sums->moved += moved_bytes(g, run == 8 ? 8 : 1);
		sums->longest = run > sums->longest ? run : sums->longest;
	}
}

START_TEST(chains_equal_the_model)
{
	static struct grown blocks[MODEL_BLOCKS];
	struct sums sums = { 0 };

	begin_sequence(_i);
	waste_init(&w);
	memset(blocks, 0, sizeof(blocks));
	for (unsigned i = 0; i < MODEL_STEPS; i++)
		step_one(&blocks[below(MODEL_BLOCKS)], &sums);
	waste_check(&w, "realloc_chain");
	ck_assert_uint_gt(sums.chains, 0);
	FINDS(1);
	ck_assert_uint_eq(NUMBER("chains"), sums.chains);
	ck_assert_uint_eq(NUMBER("steps"), sums.steps);
	ck_assert_uint_eq(NUMBER("moved_bytes"), sums.moved);
	ck_assert_uint_eq(NUMBER("longest_chain"), sums.longest);
	waste_release(&w);
}
END_TEST

static void add(TCase *tcase)
{
	tcase_add_test(tcase, equal_steps);
	tcase_add_test(tcase, a_chain_ends_with_its_block);
	tcase_add_test(tcase, chains_need_every_event);
	tcase_add_loop_test(tcase, chains_equal_the_model, 0, RANDOM_RUNS);
}

int main(void)
{
	return waste_main("realloc_chain", add);
}
