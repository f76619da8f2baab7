/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waste_fixture.h - logs that waste something, and one detector that looks at them.
 *
 *	struct waste w;
 *
 *	waste_init(&w);
 *	for (...)
 *		waste_make(&w, 1, 100, w.stack[0]);
 *	waste_check(&w, "churn");
 *	... w.findings, evidence(&w, 0, "calls")
 *	waste_release(&w);
 */
#ifndef MS_TEST_WASTE_FIXTURE_H
#define MS_TEST_WASTE_FIXTURE_H

#include "analyzer/analysis/detectors.h"
#include "analyzer/base/alloc.h"
#include "tests/unit/log_reading.h"

#include <stdlib.h>
#include <time.h>

#define WASTE_STACKS 4
#define WASTE_MS     UINT64_C(1000000)

struct waste {
	struct log_builder lb;
	uint64_t now;		      /* ticks, which are nanoseconds */
	uint64_t next;		      /* address */
	uint32_t stack[WASTE_STACKS]; /* each with a frame of its own */
	bool ended;
	uint64_t sample_bytes;
	const struct ms_chosen *chosen;
	struct reading reading;
	struct ms_findings findings;
};

static inline void waste_init_with(struct waste *w, const char *allocator)
{
	*w = (struct waste){ .now = LB_START_TICKS, .next = 0x100000 };
	lb_init(&w->lb);
	w->lb.window_bytes = 1 << 20;
	if (allocator)
		lb_fact(&w->lb, "allocator", allocator);
	for (uint32_t i = 0; i < WASTE_STACKS; i++) {
		lb_thread(&w->lb, i + 1, LB_START_TICKS, 1000 + i, NULL);
		w->stack[i] = lb_node(&w->lb, MS_MODULE_NONE, 0x401000 + 16 * i, 0);
	}
}

static inline void waste_init(struct waste *w)
{
	waste_init_with(w, "/lib/x86_64-linux-gnu/libc.so.6");
}

/* Each a nanosecond after the one before. */
static inline uint64_t waste_make_at(struct waste *w, uint32_t thread, uint64_t address,
				     uint64_t size, uint32_t stack)
{
	lb_event(&w->lb, thread, ++w->now, MS_EVENT_MALLOC, address, size, stack);
	return address;
}

/* The new block's address, which no other has. */
static inline uint64_t waste_make(struct waste *w, uint32_t thread, uint64_t size,
				  uint32_t stack)
{
	w->next += (size + 32) / 16 * 16;
	return waste_make_at(w, thread, w->next, size, stack);
}

static inline void waste_free(struct waste *w, uint32_t thread, uint64_t address)
{
	lb_event(&w->lb, thread, ++w->now, MS_EVENT_FREE, address, 0, 0);
}

static inline void waste_resize(struct waste *w, uint64_t from, uint64_t to,
				uint64_t size, uint32_t stack)
{
	lb_event(&w->lb, 1, ++w->now, MS_EVENT_REALLOC_BEGIN, from, 0, 0);
	lb_event(&w->lb, 1, ++w->now, MS_EVENT_REALLOC_END, to, size, stack);
}

static inline void waste_mode(struct waste *w, unsigned mode, uint64_t parameter)
{
	lb_record_of(&w->lb, MS_RECORD_MODE, LB_NUMBERS(mode, parameter, LB_START_TICKS),
		     NULL);
	w->sample_bytes = mode == MS_MODE_SAMPLE ? parameter : 0;
}

static inline void waste_sample(struct waste *w, uint64_t resident)
{
	lb_record_of(&w->lb, MS_RECORD_SAMPLE, LB_NUMBERS(w->now, resident, 0, 0), NULL);
}

static inline ms_status waste_try(struct waste *w, const char *name)
{
	struct ms_check_input input = { .store = w->reading.store,
					.log = w->reading.log,
					.meta = w->reading.meta,
					.sample_bytes = w->sample_bytes,
					.chosen = w->chosen };
	int index = ms_detector_index(name, strlen(name));

	ck_assert_int_ge(index, 0);
	ms_findings_release(&w->findings);
	return ms_check(&w->findings, UINT64_C(1) << index, &input, NULL);
}

static inline void waste_open(struct waste *w)
{
	if (w->ended)
		return;
	w->ended = true;
	lb_end(&w->lb, w->now + 1);
	put(&w->lb);
	read_right(&w->reading);
}

/* What the detector finds, and that it finds no more when memory is short. */
static inline void waste_check(struct waste *w, const char *name)
{
	waste_open(w);
	ck_assert_int_eq(waste_try(w, name), MS_OK);
}

/* Whatever allocation fails: MS_ENOMEM, and no leak (a sanitizer looks). */
static inline void waste_starve(struct waste *w, const char *name)
{
	ms_status status = MS_ENOMEM;

	for (unsigned long n = 1; status != MS_OK; n++) {
		/* what is kept between two calls would make this one succeed earlier */
		release(&w->reading);
		read_right(&w->reading);
		ms_alloc_fail_at(n);
		status = waste_try(w, name);
		ms_alloc_fail_at(0);
		ck_assert(status == MS_OK || status == MS_ENOMEM);
	}
}

static inline void waste_release(struct waste *w)
{
	ms_findings_release(&w->findings);
	release(&w->reading);
	lb_release(&w->lb);
}

/* A figure of a finding; it must be there. */
static inline const struct ms_evidence *evidence(const struct waste *w, size_t i,
						 const char *name)
{
	const struct ms_finding *f = &w->findings.items[i];

	ck_assert_uint_lt(i, w->findings.count);
	for (unsigned e = 0; e < f->evidence_count; e++)
		if (!strcmp(f->evidence[e].name, name))
			return &f->evidence[e];
	ck_abort_msg("there is no %s", name);
}

/* --- what a file of tests has ---------------------------------------------------------
 */

static struct waste w;

#define FINDS(n) ck_assert_uint_eq(w.findings.count, n)
#define FINDING(i, what, level, number, size)                       \
	do {                                                        \
		const struct ms_finding *f_ = &w.findings.items[i]; \
                                                                    \
		ck_assert_uint_lt(i, w.findings.count);             \
		ck_assert_str_eq(f_->kind, what);                   \
		ck_assert_int_eq(f_->severity, level);              \
		ck_assert_uint_eq(f_->count, number);               \
		ck_assert_uint_eq(f_->bytes, size);                 \
		ck_assert_ptr_nonnull(f_->suggestion);              \
	} while (0)
#define NUMBER(name) (evidence(&w, 0, name)->number)
#define REAL(name)   (evidence(&w, 0, name)->real)
#define TEXT(name)   (evidence(&w, 0, name)->text)
#define SITE(i)	     (w.findings.items[i].points[0].stack)

static inline bool not_the_first(void *context, const struct ms_block *block)
{
	(void)context;
	return block->stack != w.stack[0];
}

static const struct ms_chosen chosen = { .wants = not_the_first };

static inline void make_and_free(unsigned n, uint32_t stack, uint64_t after)
{
	for (unsigned i = 0; i < n; i++) {
		uint64_t p = waste_make(&w, 1, 100, stack);

		w.now += after;
		waste_free(&w, 1, p);
	}
}

static inline void make_and_keep(unsigned n, uint32_t stack)
{
	for (unsigned i = 0; i < n; i++)
		waste_make(&w, 1, 10, stack);
}

/* Random numbers of a test that runs RANDOM_RUNS times: MS_TEST_SEED=N repeats them. */
#define RANDOM_RUNS 5

static uint64_t given_seed, seed;

static inline void begin_sequence(int i)
{
	seed = (given_seed + (uint64_t)i) * 0x9e3779b97f4a7c15ULL | 1;
}

static inline uint64_t below(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

static inline int waste_main(const char *name, void (*add)(TCase *tcase))
{
	const char *given = getenv("MS_TEST_SEED");
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create("core");
	SRunner *runner = srunner_create(suite);
	int failed;

	given_seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	printf("check_%s: MS_TEST_SEED=%llu\n", name, (unsigned long long)given_seed);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 300);
	add(tcase);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}

#endif
