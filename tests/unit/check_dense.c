/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_dense.c - rows by id against a list that is searched, with ids near and far.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/base/dense.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define IDS 400

struct item {
	uint32_t id, seen;
};

struct table {
	struct item *items;
	size_t count, capacity;
	struct ms_dense index;
};

/* Ids as a log has them, at the border of what an array holds, and as a forger's. */
static uint32_t id_of(size_t i)
{
	if (i < IDS / 2)
		return (uint32_t)i * 11;
	return i % 2 ? MS_DENSE_IDS - IDS / 2 + (uint32_t)i : UINT32_MAX - (uint32_t)i;
}

static struct ms_dense_rows rows_of(struct table *t)
{
	return (struct ms_dense_rows){ (void **)&t->items, &t->count, &t->capacity,
				       sizeof(*t->items), &t->index };
}

static void release(struct table *t)
{
	ms_free(t->items);
	ms_dense_release(&t->index);
}

START_TEST(as_a_list)
{
	uint64_t seed = (uint64_t)time(NULL);
	struct table t = { 0 };
	uint32_t seen[IDS] = { 0 };
	size_t order[IDS], known = 0;
	const struct ms_dense_rows rows = rows_of(&t);

	printf("seed %llu\n", (unsigned long long)seed);
	srand((unsigned)seed);
	ms_dense_init(&t.index);
	for (size_t step = 0; step < 5 * IDS; step++) {
		size_t i = (size_t)rand() % IDS;
		struct item *item = ms_dense_rows_find(&rows, id_of(i));
		bool is_new;

		ck_assert_int_eq(item != NULL, seen[i] > 0);
		item = ms_dense_rows_at(&rows, id_of(i), &is_new);
		ck_assert_int_eq(is_new, !seen[i]);
		ck_assert_uint_eq(item->seen, seen[i]);
		if (is_new) {
			order[known++] = i;
			item->id = id_of(i);
		}
		item->seen = ++seen[i];
	}
	ck_assert_uint_eq(t.count, known);
	for (size_t r = 0; r < known; r++) {
		ck_assert_uint_eq(t.items[r].id, id_of(order[r]));
		ck_assert_uint_eq(t.items[r].seen, seen[order[r]]);
	}
	release(&t);
}
END_TEST

/* A row that could not be made is not there, and can be made later. */
START_TEST(without_memory)
{
	for (unsigned long n = 1; n <= 2; n++) {
		struct table t = { 0 };
		const struct ms_dense_rows rows = rows_of(&t);
		uint32_t id = id_of((size_t)_i * (IDS / 3));
		bool is_new;

		ms_dense_init(&t.index);
		ms_alloc_fail_at(n);
		ck_assert_ptr_null(ms_dense_rows_at(&rows, id, &is_new));
		ms_alloc_fail_at(0);
		ck_assert_uint_eq(t.count, 0);
		ck_assert_ptr_null(ms_dense_rows_find(&rows, id));
		ck_assert_ptr_nonnull(ms_dense_rows_at(&rows, id, &is_new));
		ck_assert(is_new);
		ck_assert_uint_eq(t.count, 1);
		release(&t);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dense");
	TCase *tcase = tcase_create("dense");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, as_a_list);
	tcase_add_loop_test(tcase, without_memory, 0, 4);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
