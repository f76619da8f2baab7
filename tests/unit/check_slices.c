/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_slices.c - what each row did in each part of the time, against a list of all
 * blocks; and several passes in one replay.
 *
 * MS_TEST_SEED=N runs the sequences of seed N again.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/timeline/timeline.h"
#include "tests/unit/timeline_fixture.h"

#include <math.h>

#define ROWS 3 /* of stacks and of threads; some have none */

struct slicing {
	const struct fixture *f;
	struct ms_pass pass;
	struct ms_dense stacks, threads;
	uint32_t row_of_stack[STACKS + 1], row_of_thread[THREADS + 1]; /* ROWS: none */
	struct ms_series series;
	struct ms_flows flows;
	struct ms_slices slices;
};

static void map_rows(struct slicing *s)
{
	ms_dense_init(&s->stacks);
	ms_dense_init(&s->threads);
	for (uint32_t i = 0; i <= STACKS; i++) {
		s->row_of_stack[i] = (uint32_t)rnd(ROWS + 1);
		if (s->row_of_stack[i] < ROWS)
			ck_assert_int_eq(ms_dense_put(&s->stacks, i, s->row_of_stack[i]),
					 0);
	}
	for (uint32_t i = 1; i <= THREADS; i++) {
		s->row_of_thread[i] = (uint32_t)rnd(ROWS + 1);
		if (s->row_of_thread[i] < ROWS)
			ck_assert_int_eq(
				ms_dense_put(&s->threads, i, s->row_of_thread[i]), 0);
	}
}

/* Series, flows and slices of one replay. */
static ms_status watch_three(struct slicing *s, size_t buckets)
{
	struct ms_series_options series = { .pass = s->pass,
					    .to_ns = ms_series_end_ns(s->f->store,
								      s->f->log),
					    .buckets = buckets };
	struct ms_slices_options slices = { .pass = s->pass,
					    .row_of_stack = &s->stacks,
					    .row_of_thread = &s->threads,
					    .rows = ROWS,
					    .threads = ROWS };
	struct ms_watch watches[3];
	size_t count = 0;
	ms_status status = ms_series_watch(&watches[0], &s->series, &series, NULL);

	count += status == MS_OK;
	if (status == MS_OK)
		status = ms_flows_watch(&watches[1], &s->flows, &s->pass, NULL);
	count += status == MS_OK;
	slices.buckets = s->series.buckets;
	slices.bucket_count = s->series.count;
	if (status == MS_OK)
		status = ms_slices_watch(&watches[2], &s->slices, &slices, NULL);
	count += status == MS_OK;
	if (status == MS_OK)
		return ms_watch_all(&s->pass, watches, count, NULL);
	while (count-- > 0)
		watches[count].free(watches[count].observer.context);
	return status;
}

static void release(struct slicing *s)
{
	ms_series_release(&s->series);
	ms_flows_release(&s->flows);
	ms_slices_release(&s->slices);
	ms_dense_release(&s->stacks);
	ms_dense_release(&s->threads);
}

static struct slicing *slicing_new(const struct fixture *f)
{
	struct slicing *s = calloc(1, sizeof(*s));

	ck_assert(s != NULL);
	s->f = f;
	s->pass = (struct ms_pass){ .store = f->store, .to_ns = UINT64_MAX };
	map_rows(s);
	return s;
}

/* --- the model ------------------------------------------------------------------------
 */

static bool within(const struct ms_bucket *bucket, const struct ms_event *event)
{
	return event->at_ns >= bucket->start_ns && event->at_ns <= bucket->end_ns;
}

static struct ms_cell model_cell(const struct slicing *s, size_t b, uint32_t row)
{
	const struct timeline_model *m = &s->f->model;
	const struct ms_bucket *bucket = &s->series.buckets[b];
	struct ms_cell cell = { .row = row };

	for (size_t i = 0; i < m->block_count; i++) {
		const struct tm_block *block = &m->blocks[i];
		bool made = within(bucket, &block->made);
		bool ended = block->fate != TM_LIVES && within(bucket, &block->ended);

		if (s->row_of_stack[block->made.stack] != row)
			continue;
		cell.made += made;
		cell.made_bytes += made ? block->made.size : 0;
		cell.live_blocks += made - ended;
		cell.live_bytes += (made ? (int64_t)block->made.size : 0) -
				   (ended ? (int64_t)block->made.size : 0);
	}
	return cell;
}

/* The cell of a row in a bucket; an empty one where there is none. */
static struct ms_cell cell_of(const struct slicing *s, size_t b, uint32_t row)
{
	struct ms_cell found = { .row = row };

	for (size_t i = s->slices.start[b]; i < s->slices.start[b + 1]; i++) {
		if (s->slices.cells[i].row == row)
			found = s->slices.cells[i];
		ck_assert(i == s->slices.start[b] ||
			  s->slices.cells[i - 1].row < s->slices.cells[i].row);
	}
	return found;
}

static void check_threads(const struct slicing *s, size_t b, uint32_t row)
{
	const struct timeline_model *m = &s->f->model;
	const struct ms_made *made = &s->slices.threads[row * s->slices.buckets + b];
	uint64_t blocks = 0, bytes = 0;

	for (size_t i = 0; i < m->block_count; i++) {
		const struct ms_event *by = &m->blocks[i].made;

		if (s->row_of_thread[by->thread] != row ||
		    !within(&s->series.buckets[b], by))
			continue;
		blocks++;
		bytes += by->size;
	}
	SAME(made->blocks, blocks, "blocks that a thread made");
	SAME(made->bytes, bytes, "bytes that a thread made");
}

static void check_slices(const struct slicing *s)
{
	SAME(s->slices.buckets, s->series.count, "buckets");
	SAME(s->slices.start[s->slices.buckets], s->slices.count, "cells");
	for (size_t b = 0; b < s->slices.buckets; b++) {
		for (uint32_t row = 0; row < ROWS; row++) {
			struct ms_cell cell = cell_of(s, b, row);
			struct ms_cell wanted = model_cell(s, b, row);

			SAME(cell.made, wanted.made, "blocks made");
			SAME(cell.made_bytes, wanted.made_bytes, "bytes made");
			SAME(cell.live_blocks, wanted.live_blocks, "live blocks");
			SAME(cell.live_bytes, wanted.live_bytes, "live bytes");
			check_threads(s, b, row);
		}
	}
}

START_TEST(slices_equal_the_model)
{
	for (uint64_t i = 0; i < RUNS; i++) {
		struct fixture *f = fixture_new(seed + 1);
		struct slicing *s = slicing_new(f);

		ck_assert_int_eq(watch_three(s, (size_t)(1 + rnd(60))), MS_OK);
		check_slices(s);
		release(s);
		free(s);
		fixture_free(f);
	}
}
END_TEST

/* Those who watch together see what each sees alone. */
START_TEST(watched_together_and_alone)
{
	for (uint64_t i = 0; i < RUNS; i++) {
		struct fixture *f = fixture_new(seed + 1);
		struct slicing *s = slicing_new(f);
		struct ms_series_options options = { .pass = s->pass,
						     .to_ns = ms_series_end_ns(f->store,
									       f->log),
						     .buckets = (size_t)(1 + rnd(60)) };
		struct ms_series series;
		struct ms_flows flows;

		ck_assert_int_eq(watch_three(s, options.buckets), MS_OK);
		ck_assert_int_eq(ms_series_init(&series, &options, NULL), MS_OK);
		ck_assert_int_eq(ms_flows_init(&flows, &s->pass, NULL), MS_OK);
		SAME(s->series.count, series.count, "buckets");
		ck_assert_mem_eq(s->series.buckets, series.buckets,
				 series.count * sizeof(*series.buckets));
		SAME(s->flows.count, flows.count, "threads");
		ck_assert_mem_eq(s->flows.rows, flows.rows,
				 flows.count * sizeof(*flows.rows));
		ms_series_release(&series);
		ms_flows_release(&flows);
		release(s);
		free(s);
		fixture_free(f);
	}
}
END_TEST

static bool wants_first(void *context, const struct ms_block *block)
{
	(void)context;
	return block->thread == 1;
}

START_TEST(chosen_blocks_alone)
{
	struct ms_chosen chosen = { NULL, wants_first, NULL };

	for (uint64_t i = 0; i < RUNS; i++) {
		struct fixture *f = fixture_new(seed + 1);
		struct slicing *s = slicing_new(f);
		uint64_t made = 0, wanted = 0;

		s->pass.chosen = &chosen;
		ck_assert_int_eq(watch_three(s, 7), MS_OK);
		for (size_t c = 0; c < s->slices.count; c++)
			made += s->slices.cells[c].made;
		for (size_t b = 0; b < f->model.block_count; b++) {
			const struct ms_event *by = &f->model.blocks[b].made;

			wanted += by->thread == 1 && s->row_of_stack[by->stack] < ROWS;
		}
		SAME(made, wanted, "blocks of chosen ones");
		release(s);
		free(s);
		fixture_free(f);
	}
}
END_TEST

/* Sums of cells are the rounded sums, not the sums of rounded cells. */
START_TEST(estimates_add_up)
{
	for (uint64_t i = 0; i < RUNS; i++) {
		struct fixture *f = fixture_new(seed + 1);
		struct slicing *s = slicing_new(f);

		s->pass.sample_bytes = 100;
		ck_assert_int_eq(watch_three(s, (size_t)(1 + rnd(60))), MS_OK);
		for (uint32_t row = 0; row < ROWS; row++) {
			double wanted = 0;
			int64_t live = 0;

			for (size_t b = 0; b < f->model.block_count; b++) {
				const struct tm_block *block = &f->model.blocks[b];
				double size = (double)block->made.size;
				double n = size > 0 ? size : 1;

				if (block->fate == TM_LIVES &&
				    s->row_of_stack[block->made.stack] == row)
					wanted += size / (1 - exp(-n / 100));
			}
			for (size_t c = 0; c < s->slices.count; c++)
				live += s->slices.cells[c].row == row
						? s->slices.cells[c].live_bytes
						: 0;
			ck_assert_double_eq_tol((double)live, wanted, 1);
		}
		release(s);
		free(s);
		fixture_free(f);
	}
}
END_TEST

START_TEST(without_memory)
{
	struct fixture *f = fixture_new(seed + 1);
	ms_status status = MS_ENOMEM;
	unsigned long n = 0;

	while (status == MS_ENOMEM) {
		struct slicing *s = slicing_new(f);

		ms_alloc_fail_at(++n);
		status = watch_three(s, 20);
		ms_alloc_fail_at(0);
		ck_assert(status == MS_OK || status == MS_ENOMEM);
		release(s);
		free(s);
	}
	ck_assert_uint_gt(n, 10);
	fixture_free(f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("slices");
	TCase *tcase = tcase_create("slices");
	SRunner *runner = srunner_create(suite);
	int failed;

	seed_from_environment("check_slices");
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, slices_equal_the_model);
	tcase_add_test(tcase, watched_together_and_alone);
	tcase_add_test(tcase, chosen_blocks_alone);
	tcase_add_test(tcase, estimates_add_up);
	tcase_add_test(tcase, without_memory);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
