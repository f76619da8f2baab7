/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_waste.c - what detectors of waste tell of, and what they do not: churn, oversize.
 */
#define _GNU_SOURCE
#include "tests/unit/waste_fixture.h"

/* --- churn ----------------------------------------------------------------------------
 */

START_TEST(temporary_blocks)
{
	waste_init(&w);
	make_and_free(12000, w.stack[0], 0);
	make_and_keep(400000, w.stack[1]);
	waste_check(&w, "churn");
	FINDS(1);
	FINDING(0, "temporary", MS_SEVERITY_INFO, 12000, 1200000);
	ck_assert_uint_eq(SITE(0), w.stack[0]);
	ck_assert_uint_eq(NUMBER("calls"), 12000);
	ck_assert_uint_eq(NUMBER("temporary"), 12000);
	ck_assert_double_eq(REAL("share"), 1);
	ck_assert_double_eq_tol(REAL("share_of_all"), 12000.0 / 412000, 1e-9);
	ck_assert_str_eq(TEXT("median_lifetime"), "below 1 ms");
	waste_release(&w);
}
END_TEST

START_TEST(a_share_of_few_calls)
{
	waste_init(&w);
	make_and_free(1000, w.stack[0], 20 * WASTE_MS);
	make_and_free(999, w.stack[1], 0);
	make_and_keep(10000, w.stack[2]);
	waste_check(&w, "churn");
	FINDS(1);
	FINDING(0, "temporary", MS_SEVERITY_INFO, 1000, 100000);
	ck_assert_str_eq(TEXT("median_lifetime"), "10 ms to 100 ms");
	waste_release(&w);
}
END_TEST

/* A site that mostly makes what stays; what a realloc ends; other threads' calls. */
START_TEST(no_churn)
{
	uint64_t p;

	waste_init(&w);
	make_and_free(15000, w.stack[0], 0);
	make_and_keep(15001, w.stack[0]);
	p = waste_make(&w, 1, 50, w.stack[1]);
	for (unsigned i = 0; i < 15000; i++)
		waste_resize(&w, p, p, 50 + i % 2, w.stack[1]);
	waste_check(&w, "churn");
	FINDS(0);
	waste_release(&w);
}
END_TEST

START_TEST(another_thread_between_is_no_matter)
{
	waste_init(&w);
	for (unsigned i = 0; i < 10000; i++) {
		uint64_t p = waste_make(&w, 1, 100, w.stack[0]);

		waste_make(&w, 2, 100, w.stack[1]);
		waste_free(&w, 1, p);
	}
	waste_check(&w, "churn");
	FINDS(1);
	FINDING(0, "temporary", MS_SEVERITY_LOW, 10000, 1000000);
	w.chosen = &chosen; /* without these there is nothing */
	waste_check(&w, "churn");
	FINDS(0);
	waste_release(&w);
}
END_TEST

static void short_lived(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t p = waste_make(&w, 1, 100, w.stack[0]);

		waste_make(&w, 1, 100, w.stack[1]);
		waste_free(&w, 1, p);
	}
}

START_TEST(short_lived_blocks)
{
	waste_init(&w);
	short_lived(9999);
	waste_check(&w, "churn");
	FINDS(0);
	waste_release(&w);
	waste_init(&w);
	short_lived(10000);
	waste_check(&w, "churn");
	FINDS(1);
	FINDING(0, "short_lived", MS_SEVERITY_INFO, 10000, 1000000);
	ck_assert_uint_eq(NUMBER("short_lived"), 10000);
	waste_starve(&w, "churn");
	FINDS(1);
	waste_release(&w);
}
END_TEST

/* Of a sample it is not known what came next, but how long a block lived. */
START_TEST(a_sample_has_lifetimes)
{
	waste_init(&w);
	waste_mode(&w, MS_MODE_SAMPLE, 10000);
	make_and_free(1000, w.stack[0], 0);
	waste_check(&w, "churn");
	FINDS(1);
	ck_assert_str_eq(w.findings.items[0].kind, "short_lived");
	ck_assert_uint_gt(w.findings.items[0].count, 90000);
	ck_assert_uint_lt(w.findings.items[0].count, 110000);
	waste_release(&w);
}
END_TEST

/* --- oversize -------------------------------------------------------------------------
 */

static void oversized(const char *allocator, unsigned n, uint64_t size)
{
	waste_init_with(&w, allocator);
	for (unsigned i = 0; i < n; i++)
		waste_make(&w, 1, size, w.stack[0]);
	waste_check(&w, "oversize");
}

START_TEST(small_blocks)
{
	oversized("/lib/libc.so.6", 4400, 9);
	FINDS(1);
	FINDING(0, "at_peak", MS_SEVERITY_LOW, 4400, 66000);
	ck_assert_uint_eq(NUMBER("waste_at_peak"), 66000);
	ck_assert_uint_eq(NUMBER("waste_in_all"), 66000);
	ck_assert_uint_eq(NUMBER("block_bytes"), 9);
	ck_assert_uint_eq(NUMBER("usable_bytes"), 24);
	ck_assert_double_eq_tol(REAL("share"), 15.0 / 24, 1e-9);
	ck_assert_str_eq(TEXT("basis"), "glibc");
	waste_starve(&w, "oversize");
	FINDS(1);
	w.chosen = &chosen;
	waste_check(&w, "oversize");
	FINDS(0);
	waste_release(&w);
	/* too little in all, too small a share, none at all */
	oversized("libc.so.6", 4300, 9);
	FINDS(0);
	waste_release(&w);
	oversized("libc.so.6", 100000, 25);
	FINDS(1);
	waste_release(&w);
	oversized("libc.so.6", 100000, 32);
	FINDS(0);
	waste_release(&w);
	oversized("libc.so.6", 100000, 24);
	FINDS(0);
	waste_release(&w);
}
END_TEST

START_TEST(allocators_that_are_known)
{
	oversized("/usr/lib/libjemalloc.so.2", 10000, 9);
	FINDS(1);
	FINDING(0, "at_peak", MS_SEVERITY_LOW, 10000, 70000);
	ck_assert_str_eq(TEXT("basis"), "jemalloc");
	waste_release(&w);
	oversized("/usr/lib/libtcmalloc_minimal.so.4", 10000, 9);
	FINDS(0);
	waste_release(&w);
	oversized(NULL, 10000, 9);
	FINDS(0);
	waste_release(&w);
}
END_TEST

/* What lives at the peak counts, not what comes after it. */
START_TEST(waste_at_the_peak)
{
	uint64_t blocks[5000], large;

	waste_init(&w);
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < 5000; i++)
			blocks[i] = waste_make(&w, 1, 9, w.stack[0]);
		for (unsigned i = 0; i < 5000; i++)
			waste_free(&w, 1, blocks[i]);
	}
	large = waste_make(&w, 1, 1 << 20, w.stack[1]);
	waste_free(&w, 1, large);
	waste_check(&w, "oversize");
	FINDS(1);
	FINDING(0, "in_all", MS_SEVERITY_INFO, 100000, 1500000);
	ck_assert_uint_eq(NUMBER("waste_at_peak"), 0);
	/* at the peak of what is chosen and what is not */
	w.chosen = &chosen;
	waste_check(&w, "oversize");
	FINDS(0);
	waste_release(&w);
}
END_TEST

/* --- all ------------------------------------------------------------------------------
 */

/* Blocks at the end of the address space, of all sizes there are. */
START_TEST(hostile_figures)
{
	static const char *const names[] = { "churn",	     "realloc_chain",
					     "oversize",     "cross_thread_free",
					     "burst",	     "unbalanced_threads",
					     "fragmentation" };

	waste_init(&w);
	waste_sample(&w, UINT64_MAX);
	for (unsigned i = 0; i < 64; i++) {
		uint64_t p = UINT64_MAX - 16 * i - 15;

		waste_make_at(&w, 1 + i % 4, p, UINT64_MAX >> i, w.stack[0]);
		w.now += 100 * WASTE_MS;
		waste_sample(&w, i % 2 ? UINT64_MAX : 0);
		waste_make_at(&w, 2, p, i, w.stack[1]);
		waste_resize(&w, p, p, UINT64_MAX - i, w.stack[2]);
		if (i % 3)
			waste_free(&w, 3, p);
	}
	w.now = UINT64_MAX / 2;
	waste_free(&w, 3, 77);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		waste_check(&w, names[i]);
	waste_release(&w);
}
END_TEST

static void add(TCase *tcase)
{
	tcase_add_test(tcase, temporary_blocks);
	tcase_add_test(tcase, a_share_of_few_calls);
	tcase_add_test(tcase, no_churn);
	tcase_add_test(tcase, another_thread_between_is_no_matter);
	tcase_add_test(tcase, short_lived_blocks);
	tcase_add_test(tcase, a_sample_has_lifetimes);
	tcase_add_test(tcase, small_blocks);
	tcase_add_test(tcase, allocators_that_are_known);
	tcase_add_test(tcase, waste_at_the_peak);
	tcase_add_test(tcase, hostile_figures);
}

int main(void)
{
	return waste_main("waste", add);
}
