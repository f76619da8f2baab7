/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline_fixture.h - random logs, and the model of each, for tests of the timeline.
 */
#ifndef MS_TEST_TIMELINE_FIXTURE_H
#define MS_TEST_TIMELINE_FIXTURE_H

#include "analyzer/capture/capture.h"
#include "tests/unit/log_builder.h"
#include "tests/unit/timeline_model.h"

#include <check.h>
#include <time.h>

#define AT(ns)	  (LB_START_TICKS + (ns))
#define POOL	  24 /* addresses */
#define POOL_BASE 0x10000
#define STEP	  64
#define STACKS	  5
#define THREADS	  4
#define RUNS	  25

static uint64_t random_state, seed;

__attribute__((unused)) static uint64_t rnd(uint64_t below)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dULL % below;
}

#define SAME(got, wanted, what)                                                  \
	ck_assert_msg((uint64_t)(got) == (uint64_t)(wanted),                     \
		      "seed %llu: %s is %llu, the model has %llu",               \
		      (unsigned long long)seed, what, (unsigned long long)(got), \
		      (unsigned long long)(wanted))

/* --- random logs ----------------------------------------------------------------------
 */

struct fixture {
	struct ms_store *store;
	struct ms_metadata *meta;
	struct ms_log *log;
	struct timeline_model model;
};

static uint64_t some_address(void)
{
	return POOL_BASE + STEP * rnd(POOL);
}

/* Steps of time: none, small ones, and some that lead into the next lifetime class. */
static uint64_t some_time(void)
{
	static const uint64_t jumps[] = { 1000,	    1000000,   9000000,
					  90000000, 900000000, 9000000000 };

	return rnd(12) ? rnd(4) : jumps[rnd(6)];
}

struct making {
	struct log_builder lb;
	uint64_t now;
	uint64_t last[THREADS + 1]; /* a thread makes one event in a nanosecond */
	unsigned depth[THREADS + 1];
};

static void make_event(struct making *making, uint32_t stacks[STACKS])
{
	uint32_t thread = 1 + (uint32_t)rnd(THREADS), stack = rnd(6) ? stacks[rnd(5)] : 0;
	uint64_t size = rnd(10) ? rnd(200) : rnd(1 << 20);
	unsigned what = (unsigned)rnd(20);

	making->now += some_time();
	making->now += making->now == making->last[thread];
	making->last[thread] = making->now;
	if (what < 9) {
		lb_event(&making->lb, thread, AT(making->now),
			 what < 5 ? MS_EVENT_MALLOC : MS_EVENT_NEW,
			 rnd(30) ? some_address() : 0, size, stack);
	} else if (what < 15) {
		lb_event(&making->lb, thread, AT(making->now), MS_EVENT_FREE,
			 some_address(), 0, stack);
	} else if (what < 17 && making->depth[thread] < 3) {
		lb_event(&making->lb, thread, AT(making->now), MS_EVENT_REALLOC_BEGIN,
			 some_address(), 0, 0);
		making->depth[thread]++;
	} else if (making->depth[thread]) {
		making->depth[thread]--;
		lb_event(&making->lb, thread, AT(making->now), MS_EVENT_REALLOC_END,
			 rnd(8) ? some_address() : 0, size, stack);
	}
}

static void fixture_open(struct fixture *f, struct log_builder *lb)
{
	struct ms_error err = { "" };
	char path[64];

	ck_assert_int_eq(ms_store_new(&f->store, &err), MS_OK);
	ck_assert_int_eq(ms_metadata_new(&f->meta, &err), MS_OK);
	lb_save(lb, path);
	ck_assert_msg(ms_log_open(&f->log, path, f->store, f->meta, &err) == MS_OK, "%s",
		      err.text);
	unlink(path);
	lb_release(lb);
}

/* A random log; the model takes its events in the order in which the store has them. */
__attribute__((unused)) static struct fixture *fixture_new(uint64_t with)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct making *making = calloc(1, sizeof(*making));
	uint32_t stacks[STACKS];
	struct ms_cursor *cursor;
	struct ms_event event;

	ck_assert(f && making);
	seed = with;
	random_state = seed * 0x9e3779b97f4a7c15ULL | 1;
	lb_init(&making->lb);
	for (uint32_t i = 0; i < STACKS; i++)
		stacks[i] = lb_node(&making->lb, MS_MODULE_NONE, 0x400000 + i, 0);
	for (size_t n = 50 + rnd(900); n > 0; n--)
		make_event(making, stacks);
	lb_end(&making->lb, AT(making->now + rnd(100)));
	fixture_open(f, &making->lb);
	free(making);
	ck_assert_int_eq(ms_cursor_open(&cursor, f->store, NULL), MS_OK);
	while (ms_cursor_next(cursor, &event))
		tm_apply(&f->model, &event);
	ms_cursor_close(cursor);
	return f;
}

static void fixture_free(struct fixture *f)
{
	ms_store_free(f->store);
	ms_metadata_free(f->meta);
	ms_log_close(f->log);
	free(f);
}

/* MS_TEST_SEED, or one of now; printed. */
static void seed_from_environment(const char *test)
{
	const char *given = getenv("MS_TEST_SEED");

	seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	printf("%s: MS_TEST_SEED=%llu\n", test, (unsigned long long)seed);
}

#endif
