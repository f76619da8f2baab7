/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_burst.c - what happens in a short time, or after the peak: burst, fragmentation.
 */
#define _GNU_SOURCE
#include "tests/unit/waste_fixture.h"

/* --- burst ----------------------------------------------------------------------------
 */

/* 100 steps of 20 ms; in those from first on, as many as last, burst blocks. */
static void steps(unsigned first, unsigned last, unsigned burst, bool kept)
{
	uint64_t p;

	waste_init(&w);
	for (unsigned step = 0; step < 100; step++) {
		bool fast = step >= first && step < first + last;

		w.now = LB_START_TICKS + (step * 20 + 8) * WASTE_MS;
		for (unsigned i = 0; i < (fast ? burst : 20); i++) {
			p = waste_make(&w, 1, 1000, w.stack[fast]);
			if (!fast || !kept)
				waste_free(&w, 1, p);
		}
	}
	w.now = LB_START_TICKS + 2000 * WASTE_MS;
	waste_check(&w, "burst");
}

START_TEST(a_burst_of_calls)
{
	steps(50, 1, 12000, false);
	FINDS(1);
	FINDING(0, "calls", MS_SEVERITY_INFO, 12000, 12000000);
	ck_assert_uint_eq(SITE(0), w.stack[1]);
	ck_assert_uint_ge(NUMBER("from_ns"), 979 * WASTE_MS);
	ck_assert_uint_le(NUMBER("from_ns"), 1008 * WASTE_MS);
	ck_assert_uint_ge(NUMBER("to_ns"), 1008 * WASTE_MS);
	ck_assert_uint_ge(NUMBER("calls_per_s"), 590000);
	ck_assert_uint_le(NUMBER("median_calls_per_s"), 1010);
	ck_assert_double_ge(REAL("share"), 0.85);
	ck_assert_double_ge(REAL("site_share"), 0.99);
	waste_starve(&w, "burst");
	FINDS(1);
	waste_release(&w);
}
END_TEST

START_TEST(a_burst_of_growth)
{
	steps(50, 2, 5000, true);
	FINDS(1);
	FINDING(0, "growth", MS_SEVERITY_INFO, 10000, 10000000);
	ck_assert_uint_eq(NUMBER("median_bytes_per_s"), 0);
	waste_release(&w);
}
END_TEST

/* A start, a phase, too few, and always the same. */
START_TEST(no_burst)
{
	static const unsigned cases[][3] = {
		{ 0, 1, 12000 }, { 50, 20, 4000 }, { 50, 1, 9000 }, { 50, 1, 20 }
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		steps(cases[i][0], cases[i][1], cases[i][2], false);
		ck_assert_msg(!w.findings.count, "case %zu", i);
		waste_release(&w);
	}
	/* a short run */
	waste_init(&w);
	make_and_free(10, w.stack[0], 10 * WASTE_MS);
	make_and_keep(20000, w.stack[1]);
	waste_check(&w, "burst");
	FINDS(0);
	waste_release(&w);
}
END_TEST

/* --- fragmentation --------------------------------------------------------------------
 */

#define MIB (UINT64_C(1) << 20)

/* 40 MiB, of which every 64th of 640 blocks stays, then resident as it is told. */
static void rise_and_fall(uint64_t resident, unsigned samples, uint64_t mapped)
{
	uint64_t blocks[640];

	waste_init(&w);
	waste_sample(&w, 2 * MIB);
	for (unsigned i = 0; i < 640; i++) {
		w.next += 65536 + 4096;
		blocks[i] = waste_make_at(&w, 1, w.next, i % 64 ? 65536 : 200,
					  w.stack[i % 64 == 0]);
	}
	w.now += 10 * WASTE_MS;
	waste_sample(&w, 42 * MIB);
	w.now += WASTE_MS;
	for (unsigned i = 0; i < 640; i++)
		if (i % 64)
			waste_free(&w, 1, blocks[i]);
	if (mapped) {
		const uint64_t fields[] = { 0, 0x70000000000, mapped, 3, 0x22 };

		lb_mapping(&w.lb, 1, w.now, MS_EVENT_MMAP, 1, fields, 5);
	}
	for (unsigned i = 0; i < samples; i++) {
		w.now += 10 * WASTE_MS;
		waste_sample(&w, resident);
		waste_free(&w, 1, waste_make(&w, 1, 10, w.stack[2]));
	}
	waste_check(&w, "fragmentation");
}

START_TEST(memory_that_is_not_given_back)
{
	rise_and_fall(40 * MIB, 10, 0);
	FINDS(1);
	ck_assert_str_eq(w.findings.items[0].kind, "retained");
	ck_assert_int_eq(w.findings.items[0].severity, MS_SEVERITY_LOW);
	ck_assert_uint_ge(w.findings.items[0].bytes, 36 * MIB);
	ck_assert_uint_le(w.findings.items[0].bytes, 40 * MIB);
	ck_assert_uint_eq(SITE(0), w.stack[1]);
	ck_assert_uint_eq(NUMBER("live_bytes"), 2000);
	ck_assert_uint_eq(NUMBER("resident_bytes"), 40 * MIB);
	ck_assert_uint_eq(NUMBER("peak_live_bytes"), 630 * 65536 + 2000);
	ck_assert_uint_eq(NUMBER("sparse_pages_at_end"), 10);
	ck_assert_uint_eq(NUMBER("sparse_live_bytes"), 2000);
	waste_starve(&w, "fragmentation");
	FINDS(1);
	w.chosen = &chosen;
	waste_check(&w, "fragmentation");
	FINDS(0);
	waste_release(&w);
}
END_TEST

/* Given back, for an instant only, or mapped by the program itself. */
START_TEST(memory_that_is)
{
	rise_and_fall(6 * MIB, 10, 0);
	FINDS(0);
	waste_release(&w);
	rise_and_fall(40 * MIB, 1, 0);
	FINDS(0);
	waste_release(&w);
	rise_and_fall(40 * MIB, 10, 30 * MIB);
	FINDS(0);
	waste_release(&w);
	rise_and_fall(40 * MIB, 10, 10 * MIB);
	FINDS(1);
	waste_release(&w);
}
END_TEST

static void add(TCase *tcase)
{
	tcase_add_test(tcase, a_burst_of_calls);
	tcase_add_test(tcase, a_burst_of_growth);
	tcase_add_test(tcase, no_burst);
	tcase_add_test(tcase, memory_that_is_not_given_back);
	tcase_add_test(tcase, memory_that_is);
}

int main(void)
{
	return waste_main("burst", add);
}
