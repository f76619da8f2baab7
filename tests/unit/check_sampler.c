/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_sampler.c - samples are Poisson by bytes, and what is estimated from them has no
 * bias and the error that it says.  Seeds are fixed: what holds once holds always.
 */
#include "analyzer/snapshot/weight.h"
#include "preload/sampler.h"

#include <check.h>
#include <stdlib.h>

static double square(double x)
{
	return x * x;
}

START_TEST(logarithms)
{
	static const uint64_t values[] = { 1,	       2,	   3,	      1000,
					   UINT32_MAX, 1ULL << 63, UINT64_MAX };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		double got = (double)ms_sampler_minus_log2(values[i]) / 0x1p32;

		ck_assert_double_eq_tol(got, 64 - log2((double)values[i]), 1e-9);
	}
	ck_assert_double_eq_tol((double)ms_sampler_minus_log2(0) / 0x1p32, 64, 1e-9);
}
END_TEST

/* Mean and variance of an exponential distribution. */
START_TEST(gaps)
{
	const uint64_t mean = 100000;
	const int draws = 200000;
	double sum = 0, squares = 0;
	struct ms_sampler s;

	ms_sampler_begin(&s, 1, mean);
	for (int i = 0; i < draws; i++) {
		ms_sampler_draw(&s, mean);
		sum += (double)s.left;
		squares += square((double)s.left);
	}
	sum /= draws;
	ck_assert_double_eq_tol(sum, (double)mean, 5 * (double)mean / sqrt(draws));
	ck_assert_double_eq_tol(sqrt(squares / draws - square(sum)), (double)mean, 1500);
}
END_TEST

/* The share of blocks of one size that are samples is 1 - exp(-size / mean). */
START_TEST(shares)
{
	static const uint64_t sizes[] = { 0, 1, 16, 700, 1000, 5000, 100000 };
	const uint64_t mean = 1000;
	const int blocks = 100000;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		double n = sizes[i] ? (double)sizes[i] : 1;
		double p = -expm1(-n / (double)mean);
		struct ms_sampler s;
		int hits = 0;

		ms_sampler_begin(&s, 7 + i, mean);
		for (int b = 0; b < blocks; b++)
			hits += ms_sampler_hit(&s, sizes[i], mean);
		ck_assert_double_eq_tol(hits, p * blocks,
					5 * sqrt(blocks * p * (1 - p)) + 1);
		ck_assert_double_eq_tol((double)ms_weigh(mean, sizes[i]).blocks / 65536,
					1 / p, 1e-4 / p);
	}
}
END_TEST

/* Over many seeds: estimates are right on average, and spread as their errors say. */
START_TEST(no_bias)
{
	static const uint64_t sizes[] = { 0, 8, 24, 24, 100, 3000, 40000, 512, 64, 1 };
	const uint64_t mean = 2000, rounds = 300, seeds = 3000;
	double bytes = 0, blocks = 0, byte_squares = 0, said = 0;
	double all_bytes = 43733.0 * (double)rounds, all_blocks = 10.0 * (double)rounds;

	for (uint64_t seed = 0; seed < seeds; seed++) {
		struct ms_sampler s;
		double sum = 0;

		ms_sampler_begin(&s, seed, mean);
		for (uint64_t i = 0; i < rounds * 10; i++) {
			struct ms_weight w = ms_weigh(mean, sizes[i % 10]);

			if (!ms_sampler_hit(&s, sizes[i % 10], mean))
				continue;
			sum += (double)w.bytes / 65536;
			blocks += (double)w.blocks / 65536;
			said += w.byte_variance;
		}
		bytes += sum;
		byte_squares += square(sum - all_bytes);
	}
	said /= (double)seeds;
	ck_assert_double_eq_tol(bytes / (double)seeds, all_bytes,
				5 * sqrt(said / (double)seeds));
	ck_assert_double_eq_tol(blocks / (double)seeds / all_blocks, 1, 0.02);
	ck_assert_double_eq_tol(byte_squares / (double)seeds / said, 1, 0.15);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sampler");
	TCase *tcase = tcase_create("sampler");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, logarithms);
	tcase_add_test(tcase, gaps);
	tcase_add_test(tcase, shares);
	tcase_add_test(tcase, no_bias);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
