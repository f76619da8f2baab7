/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_owners.c - who had an address, against a list of all blocks.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/timeline/timeline.h"
#include "tests/unit/timeline_fixture.h"

static bool model_has(const struct tm_block *block, uint64_t address, bool inside)
{
	uint64_t size = block->made.size ? block->made.size : 1;

	return inside ? address >= block->made.address &&
				address < block->made.address + size
		      : address == block->made.address;
}

static void check_owners(const struct fixture *f, uint64_t address, bool inside)
{
	static const enum ms_owner_end ends[] = { [TM_LIVES] = MS_OWNER_LIVES,
						  [TM_FREED] = MS_OWNER_FREED,
						  [TM_MOVED] = MS_OWNER_MOVED,
						  [TM_OVERWRITTEN] =
							  MS_OWNER_OVERWRITTEN };
	const struct timeline_model *m = &f->model;
	struct ms_owners owners;
	size_t n = 0;

	ck_assert_int_eq(ms_owners_init(&owners, f->store, address, inside, NULL, NULL),
			 MS_OK);
	for (size_t i = 0; i < m->block_count; i++) {
		const struct tm_block *b = &m->blocks[i];
		const struct ms_owner *owner = &owners.items[n];

		if (!model_has(b, address, inside))
			continue;
		ck_assert_msg(n++ < owners.count, "seed %llu: owners are missing",
			      (unsigned long long)seed);
		SAME(owner->block.at_ns, b->made.at_ns, "when an owner began");
		SAME(owner->block.address, b->made.address, "its address");
		SAME(owner->block.size, b->made.size, "its size");
		SAME(owner->block.thread, b->made.thread, "its thread");
		SAME(owner->end, ends[b->fate], "how it ended");
		SAME(owner->moved_from, b->moved_from, "where it came from");
		if (b->fate == TM_LIVES)
			continue;
		SAME(owner->ended.at_ns, b->ended.at_ns, "when it ended");
		SAME(owner->ended.thread, b->ended.thread, "who ended it");
		SAME(owner->moved_to, b->fate == TM_MOVED ? b->ended.address : 0,
		     "where it went");
	}
	SAME(owners.count, n, "the number of owners");
	n = 0;
	for (size_t i = 0; i < m->event_count; i++)
		n += m->unmatched[i] && m->events[i].class == MS_CLASS_FREE &&
		     m->events[i].address == address;
	SAME(owners.unmatched, n, "frees of nothing");
	ms_owners_release(&owners);
}

START_TEST(owners_equal_the_model)
{
	for (uint64_t i = 0; i < RUNS; i++) {
		struct fixture *f = fixture_new(seed + 1);

		for (unsigned a = 0; a < POOL; a++) {
			check_owners(f, POOL_BASE + a * STEP, false);
			check_owners(f, POOL_BASE + a * STEP, true);
			check_owners(f, POOL_BASE + a * STEP + rnd(STEP), true);
		}
		fixture_free(f);
	}
}
END_TEST

/* More reallocs of one address than are searched for one by one. */
START_TEST(an_address_that_is_reallocated_a_thousand_times)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct ms_owners owners;
	struct log_builder lb;

	ck_assert(f != NULL);
	lb_init(&lb);
	lb_event(&lb, 1, AT(1), MS_EVENT_MALLOC, 0x1000, 1, 0);
	for (uint64_t i = 1; i <= 1000; i++) {
		lb_event(&lb, 1, AT(10 * i), MS_EVENT_REALLOC_BEGIN, 0x1000, 0, 0);
		lb_event(&lb, 1, AT(10 * i + 5), MS_EVENT_REALLOC_END, 0x1000, i, 0);
	}
	lb_end(&lb, AT(20000));
	fixture_open(f, &lb);
	ck_assert_int_eq(ms_owners_init(&owners, f->store, 0x1000, false, NULL, NULL),
			 MS_OK);
	ck_assert_uint_eq(owners.count, 1001);
	ck_assert_uint_eq(owners.items[1000].block.size, 1000);
	ck_assert_uint_eq(owners.items[1000].moved_from, 0x1000);
	ck_assert_int_eq(owners.items[999].end, MS_OWNER_MOVED);
	ck_assert_int_eq(owners.items[1000].end, MS_OWNER_LIVES);
	ms_owners_release(&owners);
	fixture_free(f);
}
END_TEST

static ms_status make_owners(struct fixture *f)
{
	struct ms_owners owners;
	ms_status status =
		ms_owners_init(&owners, f->store, POOL_BASE + STEP, false, NULL, NULL);

	ms_owners_release(&owners);
	if (status == MS_OK)
		status = ms_owners_init(&owners, f->store, POOL_BASE + STEP, true, NULL,
					NULL);
	ms_owners_release(&owners);
	return status;
}

START_TEST(every_failing_allocation_is_told)
{
	struct fixture *f = fixture_new(seed + 1);
	ms_status status = MS_ENOMEM;
	unsigned long n;

	for (n = 1; status != MS_OK; n++) {
		ms_alloc_fail_at(n);
		status = make_owners(f);
		ms_alloc_fail_at(0);
		ck_assert(status == MS_OK || status == MS_ENOMEM);
	}
	ck_assert_uint_gt(n, 5);
	fixture_free(f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("owners");
	TCase *tcase = tcase_create("owners");
	SRunner *runner = srunner_create(suite);
	int failed;

	seed_from_environment("check_owners");
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, owners_equal_the_model);
	tcase_add_test(tcase, an_address_that_is_reallocated_a_thousand_times);
	tcase_add_test(tcase, every_failing_allocation_is_told);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
