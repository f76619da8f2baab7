/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_ranges.c - the innermost range of an address, against looking at all of them.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/metadata/ranges.h"

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>

#define RANGES 60
#define SPACE  100

static unsigned next(unsigned *state, unsigned below)
{
	*state = *state * 1103515245 + 12345;
	return (*state >> 8) % below;
}

/* Whether a is to be preferred to b, where both hold the address. */
static bool better(const struct ms_range *a, const struct ms_range *b)
{
	if (a->start != b->start)
		return a->start > b->start;
	if (a->end != b->end)
		return a->end < b->end;
	return a->value < b->value;
}

static const struct ms_range *best_of(const struct ms_range *all, uint64_t address)
{
	const struct ms_range *best = NULL;

	for (const struct ms_range *r = all; r < all + RANGES; r++)
		if (r->start <= address && address < r->end && (!best || better(r, best)))
			best = r;
	return best;
}

START_TEST(as_looking_at_all)
{
	struct ms_range all[RANGES];
	struct ms_ranges ranges = { 0 };
	unsigned state = (unsigned)_i + 1, widest = _i % 2 ? SPACE : 12;

	for (size_t i = 0; i < RANGES; i++) {
		all[i].start = next(&state, SPACE);
		all[i].end = all[i].start + next(&state, widest);
		all[i].value = next(&state, 1000);
		ck_assert_int_eq(
			ms_ranges_add(&ranges, all[i].start, all[i].end, all[i].value),
			0);
	}
	ms_ranges_sort(&ranges);
	for (uint64_t address = 0; address < 2 * SPACE + 2; address++) {
		const struct ms_range *best = best_of(all, address);
		const uint64_t *found = ms_ranges_find(&ranges, address);

		ck_assert_int_eq(found != NULL, best != NULL);
		if (found)
			ck_assert_uint_eq(*found, best->value);
	}
	ms_ranges_release(&ranges);
}
END_TEST

START_TEST(the_ends_of_the_space)
{
	struct ms_ranges ranges = { 0 };

	ms_ranges_sort(&ranges);
	ck_assert_ptr_null(ms_ranges_find(&ranges, 0));
	ck_assert_int_eq(ms_ranges_add(&ranges, 5, 5, 1), 0);
	ck_assert_int_eq(ms_ranges_add(&ranges, 9, 3, 2), 0);
	ck_assert_int_eq(ms_ranges_add(&ranges, UINT64_MAX - 1, UINT64_MAX, 3), 0);
	ck_assert_int_eq(ms_ranges_add(&ranges, 0, 1, 4), 0);
	ms_ranges_sort(&ranges);
	ck_assert_uint_eq(ranges.count, 2);
	ck_assert_uint_eq(*ms_ranges_find(&ranges, 0), 4);
	ck_assert_uint_eq(*ms_ranges_find(&ranges, UINT64_MAX - 1), 3);
	ck_assert_ptr_null(ms_ranges_find(&ranges, UINT64_MAX));
	ck_assert_ptr_null(ms_ranges_find(&ranges, 5));
	ms_ranges_release(&ranges);
}
END_TEST

START_TEST(without_memory)
{
	struct ms_ranges ranges = { 0 };

	ms_alloc_fail_at(1);
	ck_assert_int_eq(ms_ranges_add(&ranges, 1, 2, 3), -1);
	ms_alloc_fail_at(0);
	ck_assert_uint_eq(ranges.count, 0);
	ms_ranges_release(&ranges);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("ranges");
	Suite *suite = suite_create("ranges");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, as_looking_at_all, 0, 40);
	tcase_add_test(tests, the_ends_of_the_space);
	tcase_add_test(tests, without_memory);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
