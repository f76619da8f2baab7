/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_intervals.c - sets of intervals against a slow model: a byte an address.
 */
#include "analyzer/snapshot/intervals.h"
#include "analyzer/base/alloc.h"

#include <check.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SPACE 6000

static unsigned char model[SPACE];
static uint64_t random_state;

static uint64_t below(uint64_t n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (random_state * 0x2545f4914f6cdd1dULL >> 16) % n;
}

/* The set holds just what the model does, in order, and no two intervals meet. */
static void same(const struct ms_intervals *set)
{
	static unsigned char seen[SPACE];
	const struct ms_interval *i;
	size_t chunk = 0, index = 0;
	uint64_t last = 0, bytes = 0;
	bool first = true;

	memset(seen, 0, sizeof(seen));
	while ((i = ms_intervals_next(set, &chunk, &index))) {
		ck_assert_uint_lt(i->start, i->end);
		ck_assert(first || i->start > last);
		ck_assert_uint_le(i->end, SPACE);
		memset(seen + i->start, 1, i->end - i->start);
		bytes += i->end - i->start;
		last = i->end;
		first = false;
	}
	ck_assert_uint_eq(bytes, set->bytes);
	ck_assert_int_eq(memcmp(seen, model, SPACE), 0);
}

static void change(struct ms_intervals *set, bool add, uint64_t start, uint64_t end)
{
	if (start < end)
		memset(model + start, add, end - start);
	ck_assert_int_eq(add ? ms_intervals_add(set, start, end)
			     : ms_intervals_remove(set, start, end),
			 0);
}

/* Short intervals make thousands of them, long ones sweep many away. */
START_TEST(as_byte_by_byte)
{
	static const uint64_t longest[] = { 2, 3, 10, 100, 3000 };
	struct ms_intervals set;

	random_state = 88172645463325252ULL + (uint64_t)_i;
	memset(model, 0, sizeof(model));
	ms_intervals_init(&set);
	for (int i = 0; i < 6000; i++) {
		int which = _i % 5 == 4 && i % 500 ? (int)below(3) : _i % 5;
		uint64_t most = longest[which];
		uint64_t start = below(SPACE), end = start + below(most + 1);

		change(&set, below(100) < 55, start, end < SPACE ? end : SPACE);
		if (i % 50 == 0)
			same(&set);
	}
	same(&set);
	change(&set, false, 0, SPACE);
	ck_assert_uint_eq(set.bytes, 0);
	ck_assert_uint_eq(set.count, 0);
	ms_intervals_release(&set);
}
END_TEST

/* Every other address, upwards, downwards and from the middle; then the gaps are filled.
 */
START_TEST(combs)
{
	struct ms_intervals set;

	for (int way = 0; way < 3; way++) {
		memset(model, 0, sizeof(model));
		ms_intervals_init(&set);
		for (uint64_t i = 0; i < SPACE / 2; i++) {
			uint64_t at = way == 0	 ? i
				      : way == 1 ? SPACE / 2 - 1 - i
						 : (i * 1237) % (SPACE / 2);

			change(&set, true, 2 * at, 2 * at + 1);
		}
		ck_assert_uint_eq(set.bytes, SPACE / 2);
		ck_assert_uint_gt(set.count, 10);
		same(&set);
		for (uint64_t i = 0; i < SPACE / 2; i += 3)
			change(&set, true, 2 * i + 1, 2 * i + 2);
		same(&set);
		change(&set, true, 10, SPACE - 10);
		same(&set);
		for (uint64_t i = 5; i < SPACE; i += 7) /* holes split it again */
			change(&set, false, i, i + 3 < SPACE ? i + 3 : SPACE);
		same(&set);
		ms_intervals_release(&set);
	}
}
END_TEST

START_TEST(the_ends_of_the_space)
{
	struct ms_intervals set;

	ms_intervals_init(&set);
	ck_assert_int_eq(ms_intervals_remove(&set, 0, UINT64_MAX), 0);
	ck_assert_int_eq(ms_intervals_add(&set, 0, UINT64_MAX), 0);
	ck_assert_uint_eq(set.bytes, UINT64_MAX);
	ck_assert_int_eq(ms_intervals_add(&set, UINT64_MAX - 1, UINT64_MAX), 0);
	ck_assert_int_eq(ms_intervals_add(&set, UINT64_MAX, 0), 0); /* empty */
	ck_assert_uint_eq(set.bytes, UINT64_MAX);
	ck_assert_int_eq(ms_intervals_remove(&set, 1, UINT64_MAX - 1), 0);
	ck_assert_uint_eq(set.bytes, 2);
	ck_assert_int_eq(ms_intervals_remove(&set, UINT64_MAX - 1, UINT64_MAX), 0);
	ck_assert_int_eq(ms_intervals_remove(&set, 0, 1), 0);
	ck_assert_uint_eq(set.bytes, 0);
	ms_intervals_release(&set);
}
END_TEST

/* Each allocation that a long run makes fails once: the set is as before, then goes on.
 */
START_TEST(without_memory)
{
	for (unsigned long n = 1; n < 60; n++) {
		struct ms_intervals set;

		memset(model, 0, sizeof(model));
		ms_intervals_init(&set);
		ms_alloc_fail_at(n);
		for (uint64_t i = 0; i < SPACE / 4; i++) {
			uint64_t at = 4 * ((i * 1237) % (SPACE / 4));
			bool hole = i % 5 == 4;
			uint64_t start = hole ? at / 2 : at, end = start + 1 + hole;
			int failed = hole ? ms_intervals_remove(&set, start, end)
					  : ms_intervals_add(&set, start, end);

			if (failed)
				same(&set);
			change(&set, !hole, start, end);
		}
		ms_alloc_fail_at(0);
		same(&set);
		ms_intervals_release(&set);
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("intervals");
	Suite *suite = suite_create("intervals");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tests, as_byte_by_byte, 0, 20);
	tcase_add_test(tests, combs);
	tcase_add_test(tests, the_ends_of_the_space);
	tcase_add_test(tests, without_memory);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
