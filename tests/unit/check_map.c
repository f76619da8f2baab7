/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_map.c - the hash map against an array that is searched.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/base/map.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define KEYS 600

struct model {
	bool there[KEYS];
	uint64_t value[KEYS];
	size_t count;
};

/* Keys as addresses are: multiples of 16, then some that collide, then 0. */
static uint64_t key_of(size_t i)
{
	if (i < KEYS / 2)
		return i * 16;
	return i % 2 ? (uint64_t)i << 48 : UINT64_MAX - i;
}

static void check_equal(const struct ms_map *map, const struct model *m, uint64_t seed)
{
	size_t position = 0, seen = 0;
	uint64_t key, value;

	ck_assert_uint_eq(map->count, m->count);
	for (size_t i = 0; i < KEYS; i++) {
		uint64_t *at = ms_map_find(map, key_of(i));

		ck_assert_msg((at != NULL) == m->there[i] && (!at || *at == m->value[i]),
			      "key %zu, seed %llu", i, (unsigned long long)seed);
	}
	for (; ms_map_next(map, &position, &key, &value); seen++) {
		size_t i = 0;

		while (i < KEYS && key_of(i) != key)
			i++;
		ck_assert_uint_lt(i, KEYS);
		ck_assert(m->there[i] && m->value[i] == value);
	}
	ck_assert_uint_eq(seen, m->count);
}

static void run(uint64_t seed)
{
	struct model m = { 0 };
	struct ms_map map;
	uint64_t x = seed;

	ms_map_init(&map);
	for (unsigned step = 0; step < 20000; step++) {
		size_t i;
		uint64_t value, removed = 0;
		bool is_new, put;

		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		i = (size_t)(x >> 40) % KEYS;
		value = x >> 20;
		put = (x >> 33) % 100 < (step / 4000 % 2 ? 30 : 70);
		if (put) {
			uint64_t *at = ms_map_at(&map, key_of(i), &is_new);

			ck_assert_ptr_nonnull(at);
			ck_assert_int_eq(is_new, !m.there[i]);
			ck_assert_uint_eq(*at, is_new ? 0 : m.value[i]);
			*at = value;
		} else {
			ck_assert_int_eq(ms_map_remove(&map, key_of(i), &removed),
					 m.there[i]);
			ck_assert_uint_eq(removed, m.there[i] ? m.value[i] : 0);
		}
		m.count += (size_t)put - (size_t)m.there[i];
		m.there[i] = put;
		m.value[i] = value;
		if (step % 500 == 0)
			check_equal(&map, &m, seed);
	}
	check_equal(&map, &m, seed);
	ms_map_release(&map);
}

START_TEST(the_map_equals_the_model)
{
	const char *given = getenv("MS_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);

	printf("check_map: MS_TEST_SEED=%llu\n", (unsigned long long)seed);
	for (uint64_t i = 0; i < 10; i++)
		run(seed + i);
}
END_TEST

START_TEST(an_empty_map_is_empty)
{
	struct ms_map map;
	size_t position = 0;
	uint64_t key, value;

	ms_map_init(&map);
	ck_assert_ptr_null(ms_map_find(&map, 0));
	ck_assert_ptr_null(ms_map_find(&map, 5));
	ck_assert(!ms_map_remove(&map, 0, NULL));
	ck_assert(!ms_map_remove(&map, 5, NULL));
	ck_assert(!ms_map_next(&map, &position, &key, &value));
	ms_map_release(&map);
}
END_TEST

START_TEST(without_memory_it_stays_as_it_was)
{
	struct ms_map map;
	uint64_t n = 1;

	ms_map_init(&map);
	ms_alloc_fail_at(1);
	ck_assert_int_eq(ms_map_put(&map, 1, 1), -1);
	ck_assert_uint_eq(map.count, 0);
	ck_assert_int_eq(ms_map_put(&map, 0, 7), 0); /* needs none */
	ms_alloc_fail_at(3);
	while (ms_map_put(&map, n, n) == 0)
		n++;
	ms_alloc_fail_at(0);
	ck_assert_uint_gt(n, 10);
	ck_assert_uint_eq(map.count, n);
	ck_assert_uint_eq(*ms_map_find(&map, 0), 7);
	for (uint64_t i = 1; i < n; i++)
		ck_assert_uint_eq(*ms_map_find(&map, i), i);
	ck_assert_ptr_null(ms_map_find(&map, n));
	ms_map_release(&map);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("map");
	TCase *tests = tcase_create("map");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, the_map_equals_the_model);
	tcase_add_test(tests, an_empty_map_is_empty);
	tcase_add_test(tests, without_memory_it_stays_as_it_was);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
