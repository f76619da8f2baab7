/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_lifetimes.c - how long blocks lived, against a list of all blocks.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/timeline/timeline.h"
#include "tests/unit/timeline_fixture.h"

static unsigned lived_class(const struct tm_block *block)
{
	static const uint64_t limits[] = { 1000000, 10000000, 100000000, 1000000000,
					   10000000000 };
	unsigned c = 0;

	if (block->fate == TM_LIVES)
		return MS_LIVED_STILL;
	if (block->fate == TM_OVERWRITTEN)
		return MS_LIVED_UNKNOWN;
	while (c < 5 && block->ended.at_ns - block->made.at_ns >= limits[c])
		c++;
	return c;
}

static uint32_t lived_key(enum ms_lived_by by, const struct ms_event *made)
{
	uint32_t bits = 0;

	if (by == MS_LIVED_BY_STACK)
		return made->stack;
	if (by == MS_LIVED_BY_THREAD)
		return made->thread;
	for (uint64_t size = made->size; size; size >>= 1)
		bits++;
	return bits;
}

static void check_lived(const struct timeline_model *m, const struct ms_lived *lived,
			enum ms_lived_by by, uint32_t key)
{
	for (unsigned c = 0; c < MS_LIVED_CLASSES; c++) {
		uint64_t blocks = 0, bytes = 0;

		for (size_t i = 0; i < m->block_count; i++) {
			if (lived_class(&m->blocks[i]) != c ||
			    (by && lived_key(by, &m->blocks[i].made) != key))
				continue;
			blocks++;
			bytes += m->blocks[i].made.size;
		}
		SAME(lived->blocks[c], blocks, "blocks of a lifetime");
		SAME(lived->bytes[c], bytes, "bytes of a lifetime");
	}
}

START_TEST(lifetimes_equal_the_model)
{
	for (uint64_t i = 0; i < RUNS; i++) {
		struct fixture *f = fixture_new(seed + 1);
		struct ms_pass pass = { .store = f->store, .to_ns = UINT64_MAX };

		for (int by = MS_LIVED_BY_NONE; by <= MS_LIVED_BY_SIZE; by++) {
			struct ms_lifetimes lifetimes;
			struct ms_lived sum = { 0 };

			ck_assert_int_eq(ms_lifetimes_init(&lifetimes, &pass,
							   (enum ms_lived_by)by, NULL, 0,
							   NULL),
					 MS_OK);
			check_lived(&f->model, &lifetimes.all, MS_LIVED_BY_NONE, 0);
			for (size_t r = 0; r < lifetimes.count; r++) {
				check_lived(&f->model, &lifetimes.rows[r].lived,
					    (enum ms_lived_by)by, lifetimes.rows[r].key);
				ms_lived_add(&sum, &lifetimes.rows[r].lived);
			}
			if (by)
				check_lived(&f->model, &sum, MS_LIVED_BY_NONE, 0);
			ms_lifetimes_release(&lifetimes);
		}
		fixture_free(f);
	}
}
END_TEST

START_TEST(folded_pairs_have_lifetimes)
{
	const struct ms_folded folded[] = {
		{ .stack = 1, .blocks = 3, .bytes = 30, .lifetimes = { 3 } },
		{ .stack = 9, .blocks = 5, .bytes = 70, .lifetimes = { 4, 1 } },
	};
	struct fixture *f = fixture_new(seed + 1);
	struct ms_pass pass = { .store = f->store, .to_ns = UINT64_MAX };
	struct ms_lifetimes plain, with, threads;

	ck_assert_int_eq(
		ms_lifetimes_init(&plain, &pass, MS_LIVED_BY_STACK, NULL, 0, NULL),
		MS_OK);
	ck_assert_int_eq(
		ms_lifetimes_init(&with, &pass, MS_LIVED_BY_STACK, folded, 2, NULL),
		MS_OK);
	ck_assert_int_eq(
		ms_lifetimes_init(&threads, &pass, MS_LIVED_BY_THREAD, folded, 2, NULL),
		MS_OK);
	ck_assert_uint_eq(with.all.blocks[0], plain.all.blocks[0] + 7);
	ck_assert_uint_eq(with.all.blocks[1], plain.all.blocks[1] + 1);
	ck_assert_uint_eq(with.all.culled_bytes, 100);
	ck_assert_uint_eq(with.all.bytes[0], plain.all.bytes[0] + 30);
	ck_assert_uint_eq(with.all.no_bytes, 3);
	ck_assert_uint_eq(with.all.no_blocks, 0);
	ck_assert_uint_eq(with.rows[with.count - 1].key, 9);
	ck_assert_uint_eq(with.rows[with.count - 1].lived.blocks[1], 1);
	ck_assert_uint_eq(threads.rows[0].lived.no_blocks, 3);
	ms_lifetimes_release(&plain);
	ms_lifetimes_release(&with);
	ms_lifetimes_release(&threads);
	fixture_free(f);
}
END_TEST

static ms_status make_lifetimes(struct fixture *f)
{
	struct ms_pass pass = { .store = f->store, .to_ns = UINT64_MAX };
	const struct ms_folded folded = { .stack = 99, .blocks = 1, .lifetimes = { 1 } };
	struct ms_lifetimes lifetimes;
	ms_status status =
		ms_lifetimes_init(&lifetimes, &pass, MS_LIVED_BY_STACK, &folded, 1, NULL);

	ms_lifetimes_release(&lifetimes);
	return status;
}

START_TEST(every_failing_allocation_is_told)
{
	struct fixture *f = fixture_new(seed + 1);
	ms_status status = MS_ENOMEM;
	unsigned long n;

	for (n = 1; status != MS_OK; n++) {
		ms_alloc_fail_at(n);
		status = make_lifetimes(f);
		ms_alloc_fail_at(0);
		ck_assert(status == MS_OK || status == MS_ENOMEM);
	}
	ck_assert_uint_gt(n, 5);
	fixture_free(f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lifetimes");
	TCase *tcase = tcase_create("lifetimes");
	SRunner *runner = srunner_create(suite);
	int failed;

	seed_from_environment("check_lifetimes");
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, lifetimes_equal_the_model);
	tcase_add_test(tcase, folded_pairs_have_lifetimes);
	tcase_add_test(tcase, every_failing_allocation_is_told);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
