/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_trend.c - tests of trend: against all permutations, and on series whose course is
 * known.
 */
#include "analyzer/analysis/trend.h"
#include "analyzer/base/alloc.h"

#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LENGTH 89
#define RUNS   300 /* of each course */

/* --- against all orders of few values -------------------------------------------------
 */

#define MOST 28 /* s of eight values */

struct orders {
	double values[8];
	size_t count;
	double n, sum, squares;
	double with[2 * MOST + 1]; /* by s + MOST */
};

static long slow_s(const double *values, size_t count)
{
	long s = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			s += values[i] > values[j] ? 1 : values[i] < values[j] ? -1 : 0;
	return s;
}

static void visit_orders(struct orders *o, size_t from)
{
	if (from == o->count) {
		long s = slow_s(o->values, o->count);

		o->n++;
		o->sum += (double)s;
		o->squares += (double)(s * s);
		o->with[s + MOST]++;
	}
	for (size_t i = from; i < o->count; i++) {
		double kept = o->values[from];

		o->values[from] = o->values[i];
		o->values[i] = kept;
		visit_orders(o, from + 1);
		o->values[i] = o->values[from];
		o->values[from] = kept;
	}
}

static struct orders all_orders(const double *values, size_t count)
{
	struct orders o = { .count = count };

	for (size_t i = 0; i < count; i++)
		o.values[i] = values[i];
	visit_orders(&o, 0);
	return o;
}

START_TEST(variance_is_that_of_all_orders)
{
	static const double series[][8] = {
		{ 1, 2, 3, 4, 5, 6, 7, 8 }, { 1, 1, 3, 4, 5, 6, 7, 8 },
		{ 1, 1, 1, 4, 4, 6, 6, 8 }, { 2, 2, 2, 2, 2, 2, 9, 9 },
		{ 5, 5, 5, 5, 5, 5, 5, 5 }, { 3, 8, 1, 1, 4, 8, 8, 2 },
	};

	for (size_t i = 0; i < sizeof(series) / sizeof(*series); i++) {
		for (size_t n = 2; n <= 8; n++) {
			struct orders o = all_orders(series[i], n);
			struct ms_kendall k;

			ms_kendall(&k, series[i], n);
			ck_assert_int_eq(k.s, slow_s(series[i], n));
			ck_assert_double_eq_tol(o.sum, 0, 1e-9);
			ck_assert_double_eq_tol(o.squares / o.n, k.variance, 1e-9);
		}
	}
}
END_TEST

/* The normal tail is near the exact one from few values on. */
START_TEST(p_value_is_near_the_exact_one)
{
	static const double values[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct orders o = all_orders(values, 8);
	double as_large = 0;
	struct ms_kendall k;

	ms_kendall(&k, values, 8);
	for (k.s = MOST; k.s >= -MOST; k.s--) {
		as_large += o.with[k.s + MOST];
		if (o.with[k.s + MOST])
			ck_assert_double_eq_tol(ms_kendall_p(&k), as_large / o.n,
						k.s > 0 ? 0.008 : 0.1);
	}
}
END_TEST

/* --- the test of rises ----------------------------------------------------------------
 */

START_TEST(drift_counts_signs)
{
	double values[121];

	for (size_t i = 0; i < 121; i++)
		values[i] = (double)i;
	ck_assert_double_eq(ms_drift_p(values, 121), 1.0 / 4096);
	/* seven steps of one, each in the middle of a part, and five parts without any */
	for (size_t i = 0; i < 121; i++)
		values[i] = (double)((i + 5) / 10 < 7 ? (i + 5) / 10 : 7);
	ck_assert_double_eq(ms_drift_p(values, 121), 1.0 / 128);
	for (size_t i = 0; i < 121; i++)
		values[i] = 3;
	ck_assert_double_eq(ms_drift_p(values, 121), 1);
	ck_assert_double_eq(ms_drift_p(values, 12), 1);
}
END_TEST

/* --- series whose course is known -----------------------------------------------------
 */

static uint64_t state;

static double uniform(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (double)(state * 0x2545f4914f6cdd1dULL >> 11) / 0x1p53;
}

static double normal(void)
{
	return sqrt(-2 * log(1 - uniform())) * cos(6.283185307179586 * uniform());
}

/* Of the log's time from 10 % to 98 %: x from 0.1 to 0.98. */
typedef double course_fn(double x, double before);

static double constant(double x, double before)
{
	(void)x, (void)before;
	return 100;
}

static double noise(double x, double before)
{
	(void)x, (void)before;
	return 100 + normal();
}

static double slow_noise(double x, double before)
{
	(void)x;
	return x < 0.101 ? 10 * normal() : 0.9 * before + normal();
}

static double walk(double x, double before)
{
	(void)x;
	return before + normal();
}

static double falling(double x, double before)
{
	(void)before;
	return 1000 - 500 * x + normal();
}

static double full_early(double x, double before)
{
	(void)before;
	return 1000 * (1 - exp(-x / 0.1)) + normal();
}

static double full_late(double x, double before)
{
	(void)before;
	return 1000 * fmin(x, 0.7) + normal();
}

static double full_very_late(double x, double before)
{
	(void)before;
	return 1000 * fmin(x, 0.8);
}

static double saw(double x, double before)
{
	(void)before;
	return 1000 * fmod(5 * x, 1) + normal();
}

static double line(double x, double before)
{
	(void)before;
	return 1000 * x;
}

static double noisy_line(double x, double before)
{
	(void)before;
	return 1000 * x + 60 * normal();
}

static double steps(double x, double before)
{
	(void)before;
	return 1000 * floor(10 * x);
}

/* About 300 events that are independent: what a leak of some requests does. */
static double arrivals(double x, double before)
{
	(void)x;
	for (int i = 0; i < 30; i++)
		before += uniform() < 0.11;
	return before;
}

static double slow_noisy_line(double x, double before)
{
	static double around;

	(void)before;
	around = 0.8 * around + 20 * normal();
	return 1000 * x + around;
}

static unsigned named_of(course_fn *course, unsigned runs)
{
	unsigned named = 0;

	for (unsigned run = 0; run < runs; run++) {
		double values[LENGTH];
		struct ms_trend trend;

		for (size_t i = 0; i < LENGTH; i++)
			values[i] = course(0.1 + 0.01 * (double)i, i ? values[i - 1] : 0);
		ck_assert_int_eq(ms_trend_find(&trend, values, LENGTH, NULL), MS_OK);
		ck_assert(!(trend.slope_low > trend.slope));
		named += trend.rising;
	}
	return named;
}

START_TEST(courses_are_told_apart)
{
	static const struct {
		course_fn *course;
		const char *name;
		unsigned least, most; /* of RUNS */
	} courses[] = {
		{ constant, "constant", 0, 0 },
		{ noise, "noise", 0, 5 },
		{ slow_noise, "slow noise", 0, 8 },
		{ walk, "a random walk", 0, 15 },
		{ falling, "falling", 0, 0 },
		{ full_early, "a cache that is full early", 0, 1 },
		{ full_late, "one that is full at 70 %", 0, 0 },
		{ full_very_late, "one that is full at 80 %", 0, 0 },
		{ saw, "a saw", 0, 0 },
		{ line, "a line", RUNS, RUNS },
		{ noisy_line, "a line with noise", RUNS * 9 / 10, RUNS },
		{ steps, "steps", RUNS, RUNS },
		{ arrivals, "arrivals", RUNS * 95 / 100, RUNS },
		{ slow_noisy_line, "a line with slow noise", RUNS * 9 / 10, RUNS },
	};
	const char *given = getenv("MS_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);

	printf("courses: MS_TEST_SEED=%llu\n", (unsigned long long)seed);
	state = seed * 0x9e3779b97f4a7c15ULL | 1;
	for (size_t i = 0; i < sizeof(courses) / sizeof(*courses); i++) {
		unsigned named = named_of(courses[i].course, RUNS);

		if (getenv("MS_TEST_TELL"))
			printf("%-30s %u\n", courses[i].name, named);
		ck_assert_msg(named >= courses[i].least && named <= courses[i].most,
			      "%s is named %u times in %d, wanted %u to %u",
			      courses[i].name, named, RUNS, courses[i].least,
			      courses[i].most);
	}
}
END_TEST

START_TEST(few_values_are_no_trend)
{
	static const double values[] = { 1, 2, 3, 4, 5, 6 };
	struct ms_trend trend;

	for (size_t n = 0; n <= 6; n++) {
		ck_assert_int_eq(ms_trend_find(&trend, values, n, NULL), MS_OK);
		ck_assert(!trend.rising);
	}
}
END_TEST

START_TEST(memory_may_run_out)
{
	double values[LENGTH];
	struct ms_trend trend;
	struct ms_error err;
	unsigned long n = 0;
	ms_status status;

	for (size_t i = 0; i < LENGTH; i++)
		values[i] = (double)i;
	do {
		ms_alloc_fail_at(++n);
		status = ms_trend_find(&trend, values, LENGTH, &err);
		ms_alloc_fail_at(0);
	} while (status == MS_ENOMEM);
	ck_assert_int_eq(status, MS_OK);
	ck_assert_uint_gt(n, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trend");
	TCase *tests = tcase_create("trend");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, variance_is_that_of_all_orders);
	tcase_add_test(tests, p_value_is_near_the_exact_one);
	tcase_add_test(tests, drift_counts_signs);
	tcase_add_test(tests, courses_are_told_apart);
	tcase_add_test(tests, few_values_are_no_trend);
	tcase_add_test(tests, memory_may_run_out);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
