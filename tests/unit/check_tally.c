/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_tally.c - figures of chosen blocks: those of all are the snapshot's, and those of
 * some are a slow model's.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/capture/capture.h"
#include "analyzer/snapshot/aggregate.h"
#include "analyzer/snapshot/snapshot.h"
#include "tests/unit/random_log.h"

#include <check.h>

#define SEEDS  24
#define EVENTS 600

static struct random_log model;

struct fixture {
	struct log_builder lb;
	struct ms_store *store;
	struct ms_metadata *meta;
	struct ms_log *log;
};

static void fixture_open(struct fixture *f, uint64_t seed)
{
	struct ms_error err = { "" };
	uint32_t parent = 0;
	char path[64];

	lb_init(&f->lb);
	for (uint32_t i = 0; i < RL_STACKS; i++)
		parent = lb_node(&f->lb, MS_MODULE_NONE, 0x401000 + i * 16, parent / 2);
	rl_fill(&model, &f->lb, seed, RL_STACKS, EVENTS);
	lb_end(&f->lb, LB_START_TICKS + model.now + 5000);
	lb_save(&f->lb, path);
	ck_assert_int_eq(ms_store_new(&f->store, &err), MS_OK);
	ck_assert_int_eq(ms_metadata_new(&f->meta, &err), MS_OK);
	ck_assert_msg(ms_log_open(&f->log, path, f->store, f->meta, &err) == MS_OK, "%s",
		      err.text);
	unlink(path);
}

static void fixture_release(struct fixture *f)
{
	ms_store_free(f->store);
	ms_metadata_free(f->meta);
	ms_log_close(f->log);
	lb_release(&f->lb);
}

static struct ms_snapshot *snapshot_of(struct fixture *f, struct ms_instant_at at)
{
	struct ms_snapshot *snapshot;

	ck_assert_int_eq(ms_snapshot_new(&snapshot, f->store, &at, NULL, NULL), MS_OK);
	return snapshot;
}

static struct ms_tally
tally_of(struct fixture *f, const struct ms_snapshot *snapshot, uint64_t sample_bytes,
	 ms_status (*choose)(void *context, const struct ms_life *life, bool *chosen,
			     struct ms_error *err),
	 void *context)
{
	struct ms_tally_options options = { .store = f->store,
					    .snapshot = snapshot,
					    .sample_bytes = sample_bytes,
					    .choose = choose,
					    .context = context };
	struct ms_tally tally;

	ck_assert_int_eq(ms_tally_init(&tally, &options, NULL), MS_OK);
	return tally;
}

/* The instants of a test: the start, the peak, three times, the end. */
static struct ms_instant_at instant_of(int i, uint64_t sample_bytes)
{
	const struct {
		enum ms_instant instant;
		uint64_t at_ns;
	} instants[] = {
		{ MS_AT_START, 0 },
		{ MS_AT_PEAK, 0 },
		{ MS_AT_NS, model.now / 4 },
		{ MS_AT_NS, model.now / 2 },
		{ MS_AT_NS, model.times[model.event_count / 3] },
		{ MS_AT_END, 0 },
	};

	return (struct ms_instant_at){ .instant = instants[i].instant,
				       .at_ns = instants[i].at_ns,
				       .sample_bytes = sample_bytes };
}
#define INSTANTS 6

static void assert_near(double a, double b)
{
	double larger = a > b ? a : b;

	ck_assert_double_le(a > b ? a - b : b - a, 1e-6 * larger + 1e-6);
}

static void assert_equal(const struct ms_figures *a, const struct ms_figures *b)
{
	ck_assert_uint_eq(a->allocations, b->allocations);
	ck_assert_uint_eq(a->allocated, b->allocated);
	ck_assert_uint_eq(a->frees, b->frees);
	ck_assert_uint_eq(a->freed, b->freed);
	ck_assert_uint_eq(a->live_blocks, b->live_blocks);
	ck_assert_uint_eq(a->live_bytes, b->live_bytes);
	ck_assert_uint_eq(a->peak_blocks, b->peak_blocks);
	ck_assert_uint_eq(a->peak_bytes, b->peak_bytes);
	if (!(a->absent & 1u << MS_FIGURE_TEMPORARY))
		ck_assert_uint_eq(a->temporary, b->temporary);
	ck_assert_uint_eq(a->absent, b->absent);
	ck_assert_uint_eq(a->estimated, b->estimated);
	for (size_t i = 0; i < MS_FIGURES; i++)
		assert_near(a->variance[i], b->variance[i]);
}

static void all_are_the_snapshots(struct fixture *f, struct ms_instant_at at)
{
	struct ms_snapshot *snapshot = snapshot_of(f, at);
	struct ms_tally tally = tally_of(f, snapshot, at.sample_bytes, NULL, NULL);
	size_t count;
	const struct ms_stack_figures *stacks = ms_snapshot_stacks(snapshot, &count);
	const struct ms_thread_figures *threads;

	ck_assert_uint_eq(tally.stack_count, count);
	for (size_t i = 0; i < count; i++) {
		uint64_t *index = ms_map_find(&tally.stack_index, stacks[i].stack);

		ck_assert_ptr_nonnull(index);
		assert_equal(&stacks[i].f, &tally.stacks[*index].f);
	}
	threads = ms_snapshot_threads(snapshot, &count);
	ck_assert_uint_eq(tally.thread_count, count);
	for (size_t i = 0; i < count; i++) {
		uint64_t *index = ms_map_find(&tally.thread_index, threads[i].thread);

		ck_assert_ptr_nonnull(index);
		assert_equal(&threads[i].f, &tally.threads[*index].f);
	}
	for (size_t i = 0; i < MS_SIZE_CLASSES; i++)
		assert_equal(&ms_snapshot_size_classes(snapshot)[i], &tally.classes[i]);
	ms_tally_release(&tally);
	ms_snapshot_free(snapshot);
}

START_TEST(figures_of_all_blocks_are_the_snapshots)
{
	struct fixture f;

	fixture_open(&f, (uint64_t)_i + 1);
	for (int i = 0; i < INSTANTS; i++) {
		all_are_the_snapshots(&f, instant_of(i, 0));
		all_are_the_snapshots(&f, instant_of(i, 1000));
	}
	fixture_release(&f);
}
END_TEST

/* --- some of them
 * ---------------------------------------------------------------------- */

struct choice {
	uint64_t salt;
};

/* By everything that a choice may look at. */
static bool is_chosen(uint64_t salt, uint64_t address, uint64_t size, uint64_t made_ns,
		      uint32_t thread, uint32_t stack, bool live, uint64_t end_ns)
{
	switch (salt % 6) {
	case 0:
		return live;
	case 1:
		return !live && end_ns - made_ns < 3000000;
	case 2:
		return thread % 2 && size < 200;
	case 3:
		return stack % 3 == 0;
	case 4:
		return end_ns - made_ns >= 1000000;
	default:
		return (address * 31 + made_ns * 17 + stack) % 4 != 0;
	}
}

static ms_status choose(void *context, const struct ms_life *life, bool *chosen,
			struct ms_error *err)
{
	const struct choice *choice = context;
	const struct ms_block *b = life->block;

	(void)err;
	*chosen = is_chosen(choice->salt, b->address, b->size, b->at_ns, b->thread,
			    b->stack, !life->end, life->end_ns);
	return MS_OK;
}

static void add_life(struct ms_figures *sum, const struct rl_life *life, size_t events,
		     size_t peak)
{
	bool live = rl_lives(life, events);

	sum->allocations++;
	sum->allocated += life->size;
	sum->frees += !live;
	sum->freed += live ? 0 : life->size;
	sum->live_blocks += live;
	sum->live_bytes += live ? life->size : 0;
	if (peak && rl_lives(life, peak)) {
		sum->peak_blocks++;
		sum->peak_bytes += life->size;
	}
	sum->temporary += rl_is_temporary(&model, life, events);
}

struct expected {
	struct ms_figures stacks[RL_STACKS + 1], threads[RL_THREADS + 1];
	struct ms_figures classes[MS_SIZE_CLASSES], kinds[MS_EVENT_KIND_MAX];
	struct ms_figures ages[MS_AGES], all;
	uint64_t reallocated, freed_by_calls;
};

static unsigned age_of(uint64_t ns)
{
	return ns < 1000000	   ? 0
	       : ns < 10000000	   ? 1
	       : ns < 100000000	   ? 2
	       : ns < 1000000000   ? 3
	       : ns < 10000000000u ? 4
				   : 5;
}

static void expect(struct expected *e, uint64_t salt, size_t events, uint64_t at_ns)
{
	size_t peak = rl_peak(&model, events);

	memset(e, 0, sizeof(*e));
	for (size_t i = 0; i < model.life_count; i++) {
		const struct rl_life *l = &model.lives[i];
		bool live = rl_lives(l, events);

		if (l->made > events ||
		    !is_chosen(salt, l->address, l->size, l->made_ns, l->thread, l->stack,
			       live, live ? at_ns : l->end_ns))
			continue;
		add_life(&e->stacks[l->stack], l, events, peak);
		add_life(&e->threads[l->thread], l, events, peak);
		add_life(&e->classes[ms_size_class(l->size)], l, events, peak);
		add_life(&e->kinds[l->kind], l, events, peak);
		add_life(&e->ages[age_of(at_ns - l->made_ns)], l, events, peak);
		add_life(&e->all, l, events, peak);
		e->reallocated += l->kind == MS_EVENT_REALLOC_END;
		e->freed_by_calls += !live && l->freed;
	}
}

static void some_are_the_models(struct fixture *f, struct ms_instant_at at, uint64_t salt)
{
	struct ms_snapshot *snapshot = snapshot_of(f, at);
	struct choice choice = { salt };
	struct ms_tally tally = tally_of(f, snapshot, 0, choose, &choice);
	static struct expected e;

	expect(&e, salt, ms_snapshot_totals(snapshot)->events,
	       ms_snapshot_at_ns(snapshot));
	for (uint32_t i = 0; i <= RL_STACKS; i++) {
		uint64_t *index = ms_map_find(&tally.stack_index, i);

		ck_assert_int_eq(index != NULL, e.stacks[i].allocations != 0);
		if (index)
			assert_equal(&tally.stacks[*index].f, &e.stacks[i]);
	}
	for (uint32_t i = 1; i <= RL_THREADS; i++) {
		uint64_t *index = ms_map_find(&tally.thread_index, i);

		if (index)
			assert_equal(&tally.threads[*index].f, &e.threads[i]);
		else
			ck_assert_uint_eq(e.threads[i].allocations, 0);
	}
	for (size_t i = 0; i < MS_SIZE_CLASSES; i++)
		assert_equal(&tally.classes[i], &e.classes[i]);
	for (size_t i = 0; i < MS_EVENT_KIND_MAX; i++)
		assert_equal(&tally.kinds[i], &e.kinds[i]);
	for (size_t i = 0; i < MS_AGES; i++)
		assert_equal(&tally.ages[i], &e.ages[i]);
	assert_equal(&tally.all, &e.all);
	ck_assert_uint_eq(tally.reallocated, e.reallocated);
	ck_assert_uint_eq(tally.freed_by_calls, e.freed_by_calls);
	ms_tally_release(&tally);
	ms_snapshot_free(snapshot);
}

START_TEST(figures_of_some_blocks_are_the_models)
{
	struct fixture f;

	fprintf(stderr, "seed %d\n", _i + 1);
	fixture_open(&f, (uint64_t)_i + 1);
	for (int i = 0; i < INSTANTS; i++)
		some_are_the_models(&f, instant_of(i, 0), (uint64_t)(_i + i));
	fixture_release(&f);
}
END_TEST

/* --- failures
 * --------------------------------------------------------------------------- */

static ms_status refuse(void *context, const struct ms_life *life, bool *chosen,
			struct ms_error *err)
{
	unsigned *left = context;

	(void)life;
	*chosen = true;
	return (*left)-- ? MS_OK : ms_fail(err, MS_EIO, "enough");
}

START_TEST(what_choose_returns_ends_it)
{
	unsigned left = 20;
	struct ms_snapshot *snapshot;
	struct ms_tally_options options = { .choose = refuse, .context = &left };
	struct ms_error err = { "" };
	struct ms_tally tally;
	struct fixture f;

	fixture_open(&f, 99);
	snapshot = snapshot_of(&f, instant_of(INSTANTS - 1, 0));
	options.store = f.store;
	options.snapshot = snapshot;
	ck_assert_int_eq(ms_tally_init(&tally, &options, &err), MS_EIO);
	ck_assert_str_eq(err.text, "enough");
	ms_tally_release(&tally);
	ms_snapshot_free(snapshot);
	fixture_release(&f);
}
END_TEST

START_TEST(every_allocation_fails_in_turn)
{
	struct ms_tally_options options = { 0 };
	struct ms_snapshot *snapshot;
	struct ms_tally tally;
	ms_status status = MS_ENOMEM;
	struct fixture f;

	fixture_open(&f, 7);
	snapshot = snapshot_of(&f, instant_of(INSTANTS - 1, 0));
	options.store = f.store;
	options.snapshot = snapshot;
	for (unsigned long n = 1; status != MS_OK; n++) {
		ms_alloc_fail_at(n);
		status = ms_tally_init(&tally, &options, NULL);
		ms_alloc_fail_at(0);
		ms_tally_release(&tally);
		ck_assert(status == MS_OK || status == MS_ENOMEM);
		ck_assert_uint_lt(n, 10000);
	}
	ms_snapshot_free(snapshot);
	fixture_release(&f);
}
END_TEST

START_TEST(classes_of_ages)
{
	ck_assert_uint_eq(ms_age_class(0), 0);
	for (unsigned c = 1; c < MS_AGES; c++) {
		ck_assert_uint_eq(ms_age_class(ms_age_from_ns(c) - 1), c - 1);
		ck_assert_uint_eq(ms_age_class(ms_age_from_ns(c)), c);
	}
	ck_assert_uint_eq(ms_age_from_ns(1), 1000000);
	ck_assert_uint_eq(ms_age_class(UINT64_MAX), MS_AGES - 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tally");
	TCase *tests = tcase_create("tally");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, figures_of_all_blocks_are_the_snapshots, 0, SEEDS);
	tcase_add_loop_test(tests, figures_of_some_blocks_are_the_models, 0, SEEDS);
	tcase_add_test(tests, what_choose_returns_ends_it);
	tcase_add_test(tests, every_allocation_fails_in_turn);
	tcase_add_test(tests, classes_of_ages);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
