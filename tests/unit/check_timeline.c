/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_timeline.c - every figure of the timeline against a list of all blocks.
 *
 * MS_TEST_SEED=N runs the sequences of seed N again.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/timeline/timeline.h"
#include "tests/unit/timeline_fixture.h"

#include <math.h>

/* --- choosing -------------------------------------------------------------------------
 */

struct choice { /* 0: any */
	uint32_t thread, stack;
};

static unsigned prepared; /* calls of prepare() */

static ms_status prepare(void *context, const struct ms_event *event,
			 struct ms_error *err)
{
	(void)context;
	(void)event;
	(void)err;
	prepared++;
	return MS_OK;
}

static bool chooses(const struct choice *choice, uint32_t thread, uint32_t stack)
{
	return (!choice->thread || choice->thread == thread) &&
	       (!choice->stack || choice->stack == stack);
}

static bool wants(void *context, const struct ms_block *block)
{
	return chooses(context, block->thread, block->stack);
}

static bool model_wants(const struct choice *choice, const struct ms_event *made)
{
	return chooses(choice, made->thread, made->stack);
}

/* --- series ---------------------------------------------------------------------------
 */

/* The first event after ns, or the number of them. */
static size_t events_until(const struct timeline_model *m, uint64_t ns)
{
	size_t n = 0;

	while (n < m->event_count && m->events[n].at_ns <= ns)
		n++;
	return n;
}

static uint64_t live_after(const struct timeline_model *m, const struct choice *choice,
			   size_t events, uint64_t *blocks)
{
	uint64_t bytes = 0;

	*blocks = 0;
	for (size_t i = 0; events && i < m->block_count; i++) {
		if (!tm_lives(&m->blocks[i], events - 1) ||
		    !model_wants(choice, &m->blocks[i].made))
			continue;
		bytes += m->blocks[i].made.size;
		++*blocks;
	}
	return bytes;
}

static void model_calls(const struct timeline_model *m, const struct choice *choice,
			size_t first, size_t end, struct ms_sums *s)
{
	bool all = !choice->thread && !choice->stack;

	for (size_t i = first; i < end; i++) {
		s->failed += m->failed[i] && model_wants(choice, &m->events[i]);
		s->unmatched += all && m->unmatched[i];
		s->frees += all && m->unmatched[i] &&
			    m->events[i].class != MS_CLASS_REALLOC_END;
	}
	for (size_t i = 0; i < m->block_count; i++) {
		const struct tm_block *b = &m->blocks[i];
		bool made = b->made_by >= first && b->made_by < end;
		bool ended =
			b->fate != TM_LIVES && b->ended_by >= first && b->ended_by < end;

		if (!model_wants(choice, &b->made))
			continue;
		s->allocations += made && b->made.class == MS_CLASS_ALLOC;
		s->reallocations += made && b->made.class == MS_CLASS_REALLOC_END;
		s->allocated += made ? b->made.size : 0;
		s->frees += ended && b->fate == TM_FREED;
		s->freed += ended && b->fate != TM_OVERWRITTEN ? b->made.size : 0;
		s->overwritten_blocks += ended && b->fate == TM_OVERWRITTEN;
	}
}

static void check_bucket(const struct timeline_model *m, const struct choice *choice,
			 const struct ms_bucket *bucket)
{
	size_t first = bucket->start_ns ? events_until(m, bucket->start_ns - 1) : 0;
	size_t end = events_until(m, bucket->end_ns);
	uint64_t blocks, peak, at = bucket->start_ns;
	struct ms_sums wanted = { 0 };

	peak = live_after(m, choice, first, &blocks);
	for (size_t n = first + 1; n <= end; n++) {
		uint64_t bytes = live_after(m, choice, n, &blocks);

		if (bytes > peak) {
			peak = bytes;
			at = m->events[n - 1].at_ns;
		}
	}
	SAME(bucket->peak_bytes, peak, "the peak of a bucket");
	SAME(bucket->peak_at_ns, at, "its time");
	SAME(bucket->sums.live_bytes, live_after(m, choice, end, &blocks), "live bytes");
	SAME(bucket->sums.live_blocks, blocks, "live blocks");
	model_calls(m, choice, first, end, &wanted);
	SAME(bucket->sums.allocations, wanted.allocations, "allocations");
	SAME(bucket->sums.reallocations, wanted.reallocations, "reallocations");
	SAME(bucket->sums.frees, wanted.frees, "frees");
	SAME(bucket->sums.failed, wanted.failed, "failed");
	SAME(bucket->sums.unmatched, wanted.unmatched, "unmatched");
	SAME(bucket->sums.allocated, wanted.allocated, "allocated");
	SAME(bucket->sums.freed, wanted.freed, "freed");
	SAME(bucket->sums.overwritten_blocks, wanted.overwritten_blocks, "overwritten");
}

static void check_series(const struct fixture *f, struct choice choice)
{
	struct ms_chosen chosen = { prepare, wants, &choice };
	uint64_t end = ms_series_end_ns(f->store, f->log),
		 from = rnd(3) ? 0 : rnd(end + 1);
	struct ms_series_options options = {
		.pass = { .store = f->store,
			  .chosen = choice.thread || choice.stack ? &chosen : NULL },
		.from_ns = from,
		.to_ns = rnd(3) ? end : from + rnd(end - from + 1),
		.buckets = (size_t)(1 + rnd(40)),
	};
	struct ms_series series;
	uint64_t next = from;

	ck_assert_int_eq(ms_series_init(&series, &options, NULL), MS_OK);
	for (size_t i = 0; i < series.count; i++) {
		SAME(series.buckets[i].start_ns, next, "where a bucket begins");
		ck_assert_uint_le(next, series.buckets[i].end_ns);
		check_bucket(&f->model, &choice, &series.buckets[i]);
		next = series.buckets[i].end_ns + 1;
	}
	SAME(next - 1, options.to_ns, "the end of the last bucket");
	ms_series_release(&series);
}

START_TEST(series_equal_the_model)
{
	for (uint64_t i = 0; i < RUNS; i++) {
		struct fixture *f = fixture_new(seed + 1);

		check_series(f, (struct choice){ 0 });
		check_series(f, (struct choice){ .thread = 1 + (uint32_t)rnd(THREADS) });
		check_series(f, (struct choice){ .stack = 1 + (uint32_t)rnd(STACKS) });
		fixture_free(f);
	}
	ck_assert_uint_gt(prepared, 0);
}
END_TEST

/* What buckets sum up to is what a snapshot of the end says. */
START_TEST(buckets_sum_up_to_the_totals)
{
	struct ms_instant_at at = { .instant = MS_AT_END };

	for (uint64_t i = 0; i < RUNS; i++) {
		struct fixture *f = fixture_new(seed + 1);
		struct ms_series_options options = {
			.pass = { .store = f->store },
			.to_ns = ms_series_end_ns(f->store, f->log),
			.buckets = (size_t)(1 + rnd(100)),
		};
		struct ms_sums sum = { 0 };
		struct ms_snapshot *snapshot;
		const struct ms_totals *t;
		struct ms_series series;
		uint64_t peak = 0, peak_at = 0;

		ck_assert_int_eq(ms_snapshot_new(&snapshot, f->store, &at, NULL, NULL),
				 MS_OK);
		t = ms_snapshot_totals(snapshot);
		ck_assert_int_eq(ms_series_init(&series, &options, NULL), MS_OK);
		for (size_t b = 0; b < series.count; b++) {
			const struct ms_bucket *bucket = &series.buckets[b];

			sum.allocations += bucket->sums.allocations;
			sum.reallocations += bucket->sums.reallocations;
			sum.frees += bucket->sums.frees;
			sum.failed += bucket->sums.failed;
			sum.unmatched += bucket->sums.unmatched;
			sum.allocated += bucket->sums.allocated;
			sum.freed += bucket->sums.freed;
			sum.overwritten_bytes += bucket->sums.overwritten_bytes;
			if (bucket->peak_bytes > peak) {
				peak = bucket->peak_bytes;
				peak_at = bucket->peak_at_ns;
			}
		}
		SAME(sum.allocations, t->total_allocations, "allocations");
		SAME(sum.reallocations, t->total_reallocations, "reallocations");
		SAME(sum.frees, t->total_deallocations, "deallocations");
		SAME(sum.failed, t->failed_allocations, "failed");
		SAME(sum.unmatched, t->unmatched_deallocations, "unmatched");
		SAME(sum.allocated, t->total_allocated, "allocated");
		SAME(sum.freed, t->total_deallocated, "deallocated");
		SAME(sum.overwritten_bytes, t->overwritten_bytes, "overwritten");
		SAME(peak, t->peak_memory, "the peak");
		SAME(peak_at, t->peak_at_ns, "its time");
		ms_series_release(&series);
		ms_snapshot_free(snapshot);
		fixture_free(f);
	}
}
END_TEST

static double weight_of(uint64_t mean, uint64_t size)
{
	double n = size ? (double)size : 1;

	return 1 / (1 - exp(-n / (double)mean));
}

START_TEST(a_series_of_samples_is_estimated)
{
	struct fixture *f = fixture_new(seed + 1);
	const struct timeline_model *m = &f->model;
	struct ms_series_options options = {
		.pass = { .store = f->store, .sample_bytes = 100 },
		.to_ns = ms_series_end_ns(f->store, f->log),
		.buckets = 1,
	};
	double bytes = 0, blocks = 0, variance = 0;
	struct ms_series series;

	ck_assert_int_eq(ms_series_init(&series, &options, NULL), MS_OK);
	for (size_t i = 0; i < m->block_count; i++) {
		double w = weight_of(100, m->blocks[i].made.size);

		if (m->blocks[i].fate != TM_LIVES)
			continue;
		blocks += w;
		bytes += w * (double)m->blocks[i].made.size;
		variance += w * (w - 1);
	}
	ck_assert_double_eq_tol((double)series.buckets[0].sums.live_bytes, bytes, 1);
	ck_assert_double_eq_tol((double)series.buckets[0].sums.live_blocks, blocks, 1);
	ck_assert_double_eq_tol(series.buckets[0].sums.live_blocks_variance, variance,
				1e-6 * variance + 1e-3);
	ms_series_release(&series);
	fixture_free(f);
}
END_TEST

START_TEST(a_series_takes_the_last_sample_of_resident_memory)
{
	struct ms_sample samples[] = { { .at_ns = 20, .resident_bytes = 3 },
				       { .at_ns = 0, .resident_bytes = 1 },
				       { .at_ns = 9, .resident_bytes = 2 },
				       { .at_ns = 500, .resident_bytes = 4 } };
	struct fixture *f = fixture_new(seed + 1);
	struct ms_series_options options = {
		.pass = { .store = f->store }, .meta = f->meta, .to_ns = 29, .buckets = 3
	};
	struct ms_series series;

	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(ms_metadata_add_sample(f->meta, &samples[i]), MS_OK);
	ck_assert_int_eq(ms_series_init(&series, &options, NULL), MS_OK);
	ck_assert_uint_eq(series.count, 3);
	ck_assert_uint_eq(series.buckets[0].resident_bytes, 2);
	ck_assert(!series.buckets[1].has_resident);
	ck_assert_uint_eq(series.buckets[2].resident_bytes, 3);
	ms_series_release(&series);
	fixture_free(f);
}
END_TEST

START_TEST(a_series_says_what_makes_no_sense)
{
	struct fixture *f = fixture_new(seed + 1);
	struct ms_series_options options = {
		.pass = { .store = f->store }, .from_ns = 10, .to_ns = 9, .buckets = 3
	};
	struct ms_error err = { "" };
	struct ms_series series;

	ck_assert_int_eq(ms_series_init(&series, &options, &err), MS_EUSAGE);
	ck_assert_str_ne(err.text, "");
	options.to_ns = 11;
	options.buckets = 0;
	ck_assert_int_eq(ms_series_init(&series, &options, &err), MS_EUSAGE);
	options.buckets = 1000;
	ck_assert_int_eq(ms_series_init(&series, &options, &err), MS_OK);
	ck_assert_uint_eq(series.count, 2);
	ms_series_release(&series);
	options.from_ns = 0;
	options.to_ns = UINT64_MAX;
	ck_assert_int_eq(ms_series_init(&series, &options, &err), MS_OK);
	ck_assert_uint_eq(series.count, 1000);
	ck_assert_uint_eq(series.buckets[999].end_ns, UINT64_MAX);
	ms_series_release(&series);
	fixture_free(f);
}
END_TEST

/* --- sizes, flows ----------------------------------------------------------
 */

START_TEST(sizes_equal_the_model)
{
	for (uint64_t i = 0; i < RUNS; i++) {
		struct fixture *f = fixture_new(seed + 1);
		const struct timeline_model *m = &f->model;
		struct choice choice = { .thread = (uint32_t)rnd(THREADS + 1) };
		struct ms_chosen chosen = { prepare, wants, &choice };
		struct ms_pass pass = { .store = f->store,
					.to_ns = UINT64_MAX,
					.chosen = choice.thread ? &chosen : NULL };
		struct ms_sizes sizes;
		uint64_t sum = 0, wanted = 0;

		ck_assert_int_eq(ms_sizes_init(&sizes, &pass, NULL), MS_OK);
		for (size_t r = 0; r < sizes.count; r++) {
			uint64_t blocks = 0, live = 0;

			for (size_t b = 0; b < m->block_count; b++) {
				bool is = m->blocks[b].made.size == sizes.rows[r].size &&
					  model_wants(&choice, &m->blocks[b].made);

				blocks += is;
				live += is && m->blocks[b].fate == TM_LIVES;
			}
			SAME(sizes.rows[r].blocks, blocks, "blocks of a size");
			SAME(sizes.rows[r].live_blocks, live, "live blocks of a size");
			ck_assert(r == 0 ||
				  sizes.rows[r].blocks <= sizes.rows[r - 1].blocks);
			sum += blocks;
		}
		for (size_t b = 0; b < m->block_count; b++)
			wanted += model_wants(&choice, &m->blocks[b].made);
		SAME(sum, wanted, "blocks of all sizes");
		ms_sizes_release(&sizes);
		fixture_free(f);
	}
}
END_TEST

static void check_flow(const struct timeline_model *m, const struct ms_flow *flow)
{
	struct choice choice = { .thread = flow->thread };
	uint64_t own = 0, of_others = 0, by_others = 0, unmatched = 0, peak = 0, at = 0;
	uint64_t blocks;

	for (size_t i = 0; i < m->block_count; i++) {
		const struct tm_block *b = &m->blocks[i];
		bool made = b->made.thread == flow->thread;
		bool ended = b->ended.thread == flow->thread;

		if (b->fate == TM_LIVES || b->fate == TM_OVERWRITTEN)
			continue;
		own += made && ended;
		of_others += !made && ended;
		by_others += made && !ended;
	}
	for (size_t i = 0; i < m->event_count; i++) {
		uint64_t live = live_after(m, &choice, i + 1, &blocks);

		unmatched += m->unmatched[i] && m->events[i].thread == flow->thread;
		if (live > peak) {
			peak = live;
			at = m->events[i].at_ns;
		}
	}
	SAME(flow->own, own, "blocks that a thread freed for itself");
	SAME(flow->of_others, of_others, "for others");
	SAME(flow->by_others, by_others, "that others freed for it");
	SAME(flow->unmatched, unmatched, "unknown ones");
	SAME(flow->live_bytes, live_after(m, &choice, m->event_count, &blocks), "live");
	SAME(flow->live_blocks, blocks, "live blocks");
	SAME(flow->peak_bytes, peak, "a thread's peak");
	SAME(flow->peak_at_ns, at, "its time");
}

/* Each pair of threads, and no pair twice. */
static void check_pairs(const struct timeline_model *m, const struct ms_flows *flows)
{
	uint64_t handed = 0, found = 0;

	for (size_t i = 0; i < m->block_count; i++) {
		const struct tm_block *b = &m->blocks[i];

		handed += b->fate != TM_LIVES && b->fate != TM_OVERWRITTEN &&
			  b->made.thread != b->ended.thread;
	}
	for (size_t r = 0; r < flows->pairs.count; r++) {
		const struct ms_handoff *pair = &flows->pairs.rows[r];
		uint64_t blocks = 0, bytes = 0;

		for (size_t i = 0; i < m->block_count; i++) {
			const struct tm_block *b = &m->blocks[i];
			bool is = b->fate != TM_LIVES && b->fate != TM_OVERWRITTEN &&
				  b->made.thread == pair->maker &&
				  b->ended.thread == pair->ender;

			blocks += is;
			bytes += is ? b->made.size : 0;
		}
		ck_assert_uint_ne(pair->maker, pair->ender);
		SAME(pair->blocks, blocks, "blocks of a pair of threads");
		SAME(pair->bytes, bytes, "their bytes");
		ck_assert(r == 0 || pair->blocks <= flows->pairs.rows[r - 1].blocks);
		found += blocks;
	}
	SAME(found, handed, "blocks of all pairs");
	SAME(flows->pairs.rest.blocks, 0, "none without a row");
}

START_TEST(flows_equal_the_model)
{
	for (uint64_t i = 0; i < RUNS; i++) {
		struct fixture *f = fixture_new(seed + 1);
		struct ms_pass pass = { .store = f->store, .to_ns = UINT64_MAX };
		struct ms_flows flows;

		ck_assert_int_eq(ms_flows_init(&flows, &pass, NULL), MS_OK);
		ck_assert_uint_gt(flows.count, 0);
		for (size_t r = 0; r < flows.count; r++) {
			check_flow(&f->model, &flows.rows[r]);
			ck_assert_ptr_eq(ms_flows_of(&flows, flows.rows[r].thread),
					 &flows.rows[r]);
		}
		ck_assert_ptr_null(ms_flows_of(&flows, 77));
		check_pairs(&f->model, &flows);
		ms_flows_release(&flows);
		fixture_free(f);
	}
}
END_TEST

/* Of many pairs the heavy ones stay, exact, and nothing is lost in the sum. */
START_TEST(pairs_are_bounded)
{
	struct ms_handoffs h;
	uint64_t blocks, bytes;

	ms_handoffs_init(&h, 10);
	for (uint32_t i = 1; i <= 1000; i++) {
		struct ms_handoff light = { i, i + 1, 1, 3 };
		struct ms_handoff heavy = { 2000 + i % 5, 7, 4, 64 };

		ck_assert_int_eq(ms_handoffs_add(&h, &light), 0);
		ck_assert_int_eq(ms_handoffs_add(&h, &heavy), 0);
		ck_assert_uint_le(h.count, 20);
	}
	ms_handoffs_sort(&h);
	ck_assert_uint_eq(h.count, 10);
	blocks = h.rest.blocks;
	bytes = h.rest.bytes;
	for (size_t i = 0; i < h.count; i++) {
		blocks += h.rows[i].blocks;
		bytes += h.rows[i].bytes;
		ck_assert_uint_eq(h.rows[i].blocks, i < 5 ? 800 : 1);
	}
	ck_assert_uint_eq(blocks, 5000);
	ck_assert_uint_eq(bytes, 67000);
	ms_handoffs_release(&h);
}
END_TEST

/* --- memory ---------------------------------------------------------------------------
 */

static ms_status make_series(struct fixture *f)
{
	struct ms_series_options options = { .pass = { .store = f->store },
					     .meta = f->meta,
					     .to_ns = 1000,
					     .buckets = 10 };
	struct ms_series series;
	ms_status status = ms_series_init(&series, &options, NULL);

	ms_series_release(&series);
	return status;
}

static ms_status make_sizes(struct fixture *f)
{
	struct ms_pass pass = { .store = f->store, .to_ns = UINT64_MAX };
	struct ms_sizes sizes;
	ms_status status = ms_sizes_init(&sizes, &pass, NULL);

	ms_sizes_release(&sizes);
	return status;
}

static ms_status make_flows(struct fixture *f)
{
	struct ms_pass pass = { .store = f->store, .to_ns = UINT64_MAX };
	struct ms_flows flows;
	ms_status status = ms_flows_init(&flows, &pass, NULL);

	ms_flows_release(&flows);
	return status;
}

typedef ms_status make_fn(struct fixture *f);

static make_fn *const makers[] = { make_series, make_sizes, make_flows };

START_TEST(every_failing_allocation_is_told)
{
	struct fixture *f = fixture_new(seed + 1);
	ms_status status = MS_ENOMEM;
	unsigned long n;

	for (n = 1; status != MS_OK; n++) {
		ms_alloc_fail_at(n);
		status = makers[_i](f);
		ms_alloc_fail_at(0);
		ck_assert(status == MS_OK || status == MS_ENOMEM);
	}
	ck_assert_uint_gt(n, 5);
	fixture_free(f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("timeline");
	TCase *tcase = tcase_create("timeline");
	SRunner *runner = srunner_create(suite);
	int failed;

	seed_from_environment("check_timeline");
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, series_equal_the_model);
	tcase_add_test(tcase, buckets_sum_up_to_the_totals);
	tcase_add_test(tcase, a_series_of_samples_is_estimated);
	tcase_add_test(tcase, a_series_takes_the_last_sample_of_resident_memory);
	tcase_add_test(tcase, a_series_says_what_makes_no_sense);
	tcase_add_test(tcase, sizes_equal_the_model);
	tcase_add_test(tcase, flows_equal_the_model);
	tcase_add_test(tcase, pairs_are_bounded);
	tcase_add_loop_test(tcase, every_failing_allocation_is_told, 0,
			    (int)(sizeof(makers) / sizeof(makers[0])));
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
