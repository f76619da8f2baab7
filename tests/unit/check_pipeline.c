/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_pipeline.c - every batch through every stage, once, in order, one at a time.
 */
#include "analyzer/snapshot/pipeline.h"

#include <check.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#define BATCHES 500
#define MOST	8

struct line {
	uint64_t next[3]; /* of each stage; no lock: a stage sees its earlier calls */
	atomic_uint inside[3]; /* only looked at: any order will do */
	uint64_t place[MOST];  /* the batch that is there */
	uint64_t state[MOST];  /* stages that it has been through */
	unsigned places;
	uint64_t batches;
	int failing_stage;
	uint64_t failing_batch;
	bool wrong;
};

static ms_status step(struct line *l, unsigned stage, unsigned place, bool *last,
		      struct ms_error *err)
{
	uint64_t batch = l->next[stage]++;

	if (atomic_fetch_add_explicit(&l->inside[stage], 1, memory_order_relaxed))
		l->wrong = true;
	if (place != batch % l->places)
		l->wrong = true;
	if (stage == 0) {
		l->place[place] = batch;
		l->state[place] = 0;
		*last = batch + 1 == l->batches;
	} else if (l->place[place] != batch || l->state[place] != stage) {
		l->wrong = true;
	}
	for (volatile unsigned i = 0; i < (batch * 7919 + stage * 104729) % 3000; i++)
		;
	l->state[place] = stage + 1;
	atomic_fetch_sub_explicit(&l->inside[stage], 1, memory_order_relaxed);
	if ((int)stage == l->failing_stage && batch == l->failing_batch)
		return ms_fail(err, MS_EIO, "stage %u", stage);
	return MS_OK;
}

static ms_status first(void *context, unsigned place, bool *last, struct ms_error *err)
{
	return step(context, 0, place, last, err);
}

static ms_status second(void *context, unsigned place, bool *last, struct ms_error *err)
{
	return step(context, 1, place, last, err);
}

static ms_status third(void *context, unsigned place, bool *last, struct ms_error *err)
{
	return step(context, 2, place, last, err);
}

static ms_status run(struct line *l, unsigned threads, struct ms_error *err)
{
	struct ms_pipeline pipeline = { .stages = { first, second, third },
					.stage_count = 3,
					.places = l->places,
					.context = l };

	return ms_pipeline_run(&pipeline, threads, err);
}

START_TEST(every_batch_goes_through_once_in_order)
{
	for (unsigned threads = 1; threads <= 5; threads++) {
		for (unsigned places = 1; places <= MOST; places++) {
			struct line l = { .places = places,
					  .batches = places == 1 ? 1 : BATCHES,
					  .failing_stage = -1 };

			ck_assert_int_eq(run(&l, threads, NULL), MS_OK);
			ck_assert(!l.wrong);
			for (unsigned stage = 0; stage < 3; stage++)
				ck_assert_uint_eq(l.next[stage], l.batches);
		}
	}
}
END_TEST

START_TEST(a_failure_ends_it)
{
	for (unsigned i = 0; i < 30; i++) {
		struct line l = { .places = 1 + i % 5,
				  .batches = BATCHES,
				  .failing_stage = (int)i % 3,
				  .failing_batch = i * 13 };
		struct ms_error err = { "" };

		ck_assert_int_eq(run(&l, 1 + i % 4, &err), MS_EIO);
		ck_assert(!l.wrong);
		ck_assert_uint_eq(l.next[i % 3], l.failing_batch + 1);
		ck_assert_int_eq(err.text[6], (int)('0' + i % 3));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pipeline");
	TCase *tcase = tcase_create("stages");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, every_batch_goes_through_once_in_order);
	tcase_add_test(tcase, a_failure_ends_it);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
