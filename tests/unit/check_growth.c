/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_growth.c - servers that leak, and those that do not, as logs of a simulation.
 */
#define _GNU_SOURCE
#include "analyzer/analysis/detectors.h"
#include "analyzer/base/alloc.h"
#include "analyzer/capture/capture.h"
#include "tests/unit/log_builder.h"

#include <check.h>
#include <string.h>

#define ROUNDS	2000
#define ENTRIES 100 /* of the cache */
#define LOST	512 /* bytes of a lost block */

enum { LEAK, OTHER_LEAK, CACHE, BUFFER, CONFIG, STACKS };

struct server {
	uint64_t round_ns;  /* how long one takes */
	unsigned lose_each; /* rounds; 0: it does not */
	unsigned fill_each; /* rounds for an entry of the cache */
	bool tidies;	    /* frees what it has lost, at the end */
	uint64_t paused_at;
	struct log_builder lb;
	uint32_t stacks[STACKS];
	uint64_t at, next_address, lost[ROUNDS], entries[ENTRIES];
	unsigned lost_count, entry;
};

struct reading {
	struct ms_store *store;
	struct ms_metadata *meta;
	struct ms_log *log;
	struct ms_findings found;
};

static struct server *server_new(const struct server *like)
{
	struct server *s = malloc(sizeof(*s));

	ck_assert_ptr_nonnull(s);
	*s = *like;
	s->next_address = 0x100000;
	s->at = LB_START_TICKS;
	lb_init(&s->lb);
	/* one place that two requests lead to, and others */
	for (uint32_t i = 0; i < STACKS; i++)
		s->stacks[i] = lb_node(&s->lb, MS_MODULE_NONE,
				       i == OTHER_LEAK ? 0x400000 : 0x400000 + i,
				       lb_node(&s->lb, MS_MODULE_NONE, 0x500000 + i, 0));
	return s;
}

static uint64_t made(struct server *s, unsigned stack, uint64_t size)
{
	uint64_t address = s->next_address;

	s->next_address += (size + 31) & ~UINT64_C(15);
	lb_event(&s->lb, 1, ++s->at, MS_EVENT_MALLOC, address, size, s->stacks[stack]);
	return address;
}

static void freed(struct server *s, uint64_t address)
{
	if (address)
		lb_event(&s->lb, 1, ++s->at, MS_EVENT_FREE, address, 0, 0);
}

static void run_round(struct server *s, unsigned n)
{
	uint64_t buffer = made(s, BUFFER, 100 + n * 7919 % 5000);

	if (s->fill_each && n % s->fill_each == 0) {
		uint64_t *entry = &s->entries[s->entry++ % ENTRIES];

		freed(s, *entry);
		*entry = made(s, CACHE, 1000 + n * 104729 % 1000);
	}
	if (s->lose_each && n % s->lose_each == 0)
		s->lost[s->lost_count++] = made(s, n % 3 ? LEAK : OTHER_LEAK, LOST);
	freed(s, buffer);
}

static struct reading *read_log(struct log_builder *lb)
{
	struct reading *r = calloc(1, sizeof(*r));
	char path[64];

	ck_assert_int_eq(ms_store_new(&r->store, NULL), MS_OK);
	ck_assert_int_eq(ms_metadata_new(&r->meta, NULL), MS_OK);
	lb_save(lb, path);
	ck_assert_int_eq(ms_log_open(&r->log, path, r->store, r->meta, NULL), MS_OK);
	unlink(path);
	lb_release(lb);
	return r;
}

static struct reading *served(const struct server *like)
{
	struct server *s = server_new(like);
	uint64_t last = LB_START_TICKS + ROUNDS * s->round_ns;
	struct reading *r;

	made(s, CONFIG, 40000);
	if (s->paused_at)
		lb_record_of(&s->lb, MS_RECORD_STATE,
			     LB_NUMBERS(LB_START_TICKS + s->paused_at, 0), NULL);
	for (unsigned n = 0; n < ROUNDS; n++) {
		s->at = LB_START_TICKS + 10 + n * s->round_ns;
		run_round(s, n);
	}
	s->at = last - 5000;
	for (unsigned i = 0; s->tidies && i < s->lost_count; i++)
		freed(s, s->lost[i]);
	lb_end(&s->lb, last);
	r = read_log(&s->lb);
	free(s);
	return r;
}

static struct ms_check_input input_of(const struct reading *r)
{
	return (struct ms_check_input){
		.store = r->store, .log = r->log, .meta = r->meta, .threads = 1
	};
}

static uint64_t growth_bit(void)
{
	return UINT64_C(1) << ms_detector_index("growth", 6);
}

static void look(struct reading *r, const struct ms_check_input *input)
{
	ms_findings_release(&r->found);
	ck_assert_int_eq(ms_check(&r->found, growth_bit(), input, NULL), MS_OK);
}

static struct reading *looked(const struct server *like)
{
	struct reading *r = served(like);
	struct ms_check_input input = input_of(r);

	look(r, &input);
	return r;
}

static void reading_free(struct reading *r)
{
	ms_findings_release(&r->found);
	ms_store_free(r->store);
	ms_metadata_free(r->meta);
	ms_log_close(r->log);
	free(r);
}

static const struct ms_evidence *evidence(const struct ms_finding *f, const char *name)
{
	for (unsigned i = 0; i < f->evidence_count; i++)
		if (!strcmp(f->evidence[i].name, name))
			return &f->evidence[i];
	return NULL;
}

static const struct ms_finding *of_kind(const struct reading *r, const char *kind)
{
	const struct ms_finding *found = NULL;

	for (size_t i = 0; i < r->found.count; i++) {
		if (strcmp(r->found.items[i].kind, kind) != 0)
			continue;
		ck_assert_msg(!found, "%s is found twice", kind);
		found = &r->found.items[i];
	}
	return found;
}

#define MS UINT64_C(1000000)

static const struct server leaky = { .round_ns = 10 * MS,
				     .lose_each = 10,
				     .fill_each = 2 };

/* 200 of its blocks are lost in 20 s, by two ways that meet in one place. */
START_TEST(a_leak_is_named_and_a_cache_is_not)
{
	struct reading *r = looked(&leaky);
	const struct ms_finding *f = of_kind(r, "site"), *p = of_kind(r, "process");
	double rate = 10.0 * LOST * 3600;

	ck_assert_ptr_nonnull(f);
	/* from 10 to 98 parts of a hundred */
	ck_assert_uint_ge(f->count, 175);
	ck_assert_uint_le(f->count, 177);
	ck_assert_uint_eq(f->bytes, f->count * LOST);
	ck_assert_uint_eq(f->point_count, 1);
	ck_assert_str_eq(f->points[0].what, "allocated");
	ck_assert_uint_ne(f->points[0].stack, 0);
	ck_assert_double_le(evidence(f, "p_value")->real, 0.01);
	ck_assert_double_eq_tol((double)evidence(f, "bytes_per_hour")->number, rate,
				rate / 100);
	ck_assert_uint_le(evidence(f, "bytes_per_hour_low")->number,
			  evidence(f, "bytes_per_hour")->number);
	ck_assert_uint_eq(evidence(f, "to_bytes")->number -
				  evidence(f, "from_bytes")->number,
			  f->bytes);
	ck_assert_double_eq_tol((double)evidence(f, "median_age_ns")->number, 1e10, 2e8);
	ck_assert_double_eq_tol((double)evidence(f, "gib_in_ns")->number,
				0x1p30 / (10.0 * LOST) * 1e9, 5e12);
	ck_assert_int_eq(f->severity, MS_SEVERITY_HIGH);
	/* the process says the same, and no more */
	if (p)
		ck_assert_int_eq(p->severity, MS_SEVERITY_INFO);
	reading_free(r);
}
END_TEST

START_TEST(without_a_leak_there_is_nothing)
{
	struct server tight = leaky;
	struct reading *r;

	tight.lose_each = 0;
	r = looked(&tight);
	ck_assert_uint_eq(r->found.count, 0);
	reading_free(r);
	tight.fill_each = 14; /* full after 1400 of 2000 rounds */
	r = looked(&tight);
	ck_assert_uint_eq(r->found.count, 0);
	reading_free(r);
}
END_TEST

/* One that fills as long as the log lasts may be one or the other: it is told. */
START_TEST(what_never_levels_off_is_named)
{
	struct server filling = { .round_ns = 10 * MS, .fill_each = 20 };
	struct reading *r = looked(&filling);

	ck_assert_ptr_nonnull(of_kind(r, "site"));
	reading_free(r);
}
END_TEST

START_TEST(tidying_up_hides_nothing)
{
	struct server tidy = leaky;
	struct reading *r;

	tidy.tidies = true;
	r = looked(&tidy);
	ck_assert_ptr_nonnull(of_kind(r, "site"));
	ck_assert_ptr_null(evidence(of_kind(r, "site"), "median_age_ns"));
	ck_assert_uint_ne(of_kind(r, "site")->points[0].stack, 0);
	reading_free(r);
}
END_TEST

START_TEST(time_makes_it_worse)
{
	struct server server = leaky;
	struct reading *r;

	server.round_ns = MS / 10 * 4; /* 0.8 s */
	r = looked(&server);
	ck_assert_uint_eq(r->found.count, 0);
	reading_free(r);
	server.round_ns = 4 * MS; /* 8 s: it may be starting up */
	r = looked(&server);
	ck_assert_int_eq(of_kind(r, "site")->severity, MS_SEVERITY_LOW);
	reading_free(r);
	server.round_ns = 10000 * MS; /* hours: it doubles in days */
	r = looked(&server);
	ck_assert_int_eq(of_kind(r, "site")->severity, MS_SEVERITY_MEDIUM);
	reading_free(r);
}
END_TEST

/* While recording is off, frees are not seen. */
START_TEST(a_pause_ends_what_is_looked_at)
{
	struct server server = leaky;
	struct reading *r;

	server.paused_at = 900 * MS;
	r = looked(&server);
	ck_assert_uint_eq(r->found.count, 0);
	reading_free(r);
	server.paused_at = 12000 * MS;
	r = looked(&server);
	ck_assert_ptr_nonnull(of_kind(r, "site"));
	ck_assert_uint_lt(of_kind(r, "site")->count, 120);
	reading_free(r);
}
END_TEST

static bool wants_large(void *context, const struct ms_block *block)
{
	(void)context;
	return block->size > LOST;
}

START_TEST(only_chosen_blocks_count)
{
	const struct ms_chosen large = { NULL, wants_large, NULL };
	struct reading *r = looked(&leaky);
	struct ms_check_input input = input_of(r);

	input.chosen = &large;
	look(r, &input);
	ck_assert_uint_eq(r->found.count, 0);
	reading_free(r);
}
END_TEST

/* Each block of 512 bytes stands for 1 / (1 - exp(-512 / 4096)) such. */
START_TEST(samples_are_weighed)
{
	struct reading *r = looked(&leaky);
	struct ms_check_input input = input_of(r);
	const struct ms_finding *f = of_kind(r, "site");
	double wanted = (double)f->bytes / (1 - exp(-512.0 / 4096));

	input.sample_bytes = 4096;
	look(r, &input);
	f = of_kind(r, "site");
	ck_assert_ptr_nonnull(f);
	ck_assert_double_eq_tol((double)f->bytes, wanted, wanted / 1000);
	ck_assert_uint_gt(evidence(f, "standard_error")->number, 0);
	/* of so few samples nothing is known */
	input.sample_bytes = UINT64_C(1) << 40;
	look(r, &input);
	ck_assert(!of_kind(r, "site") ||
		  evidence(of_kind(r, "site"), "standard_error")->number * 2 <=
			  of_kind(r, "site")->bytes);
	reading_free(r);
}
END_TEST

START_TEST(every_failing_allocation_is_told)
{
	struct reading *r = served(&leaky);
	struct ms_check_input input = input_of(r);
	ms_status status = MS_ENOMEM;
	unsigned long n = 0;

	while (status != MS_OK) {
		struct ms_error err = { "" };

		ms_findings_release(&r->found);
		ms_alloc_fail_at(++n);
		status = ms_check(&r->found, growth_bit(), &input, &err);
		ms_alloc_fail_at(0);
		ck_assert(status == MS_OK || (status == MS_ENOMEM && err.text[0]));
		ck_assert_uint_lt(n, 10000);
	}
	ck_assert_uint_gt(n, 30);
	ck_assert_ptr_nonnull(of_kind(r, "site"));
	reading_free(r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("growth");
	TCase *tests = tcase_create("growth");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, a_leak_is_named_and_a_cache_is_not);
	tcase_add_test(tests, without_a_leak_there_is_nothing);
	tcase_add_test(tests, what_never_levels_off_is_named);
	tcase_add_test(tests, tidying_up_hides_nothing);
	tcase_add_test(tests, time_makes_it_worse);
	tcase_add_test(tests, a_pause_ends_what_is_looked_at);
	tcase_add_test(tests, only_chosen_blocks_count);
	tcase_add_test(tests, samples_are_weighed);
	tcase_add_test(tests, every_failing_allocation_is_told);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
