/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_snapshot.c - snapshots at every kind of instant, over logs built byte by byte.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/capture/capture.h"
#include "analyzer/snapshot/snapshot.h"
#include "tests/unit/log_builder.h"

#include <check.h>

#define AT(ns) (LB_START_TICKS + (ns))

struct fixture {
	struct log_builder lb;
	struct ms_store *store;
	struct ms_metadata *meta;
	struct ms_log *log;
};

/*
 * Thread 1: 100 bytes at 0x1000 (stack 1), 50 at 0x2000 (stack 2); thread 2 frees the
 * first and makes 200 at 0x1000 (stack 2), the peak of 250; then a realloc of the 50 to
 * 10, and the 200 go.  At the end 10 are left.
 */
static void add_events(struct log_builder *lb)
{
	uint32_t outer = lb_node(lb, MS_MODULE_NONE, 0x401000, 0);
	uint32_t inner = lb_node(lb, MS_MODULE_NONE, 0x402000, outer);

	lb_event(lb, 1, AT(100), MS_EVENT_MALLOC, 0x1000, 100, outer);
	lb_event(lb, 1, AT(200), MS_EVENT_CALLOC, 0x2000, 50, inner);
	lb_event(lb, 2, AT(300), MS_EVENT_FREE, 0x1000, 0, 0);
	lb_event(lb, 2, AT(400), MS_EVENT_MALLOC, 0x1000, 200, inner);
	lb_event(lb, 1, AT(500), MS_EVENT_REALLOC_BEGIN, 0x2000, 0, 0);
	lb_event(lb, 1, AT(600), MS_EVENT_REALLOC_END, 0x3000, 10, outer);
	lb_event(lb, 2, AT(700), MS_EVENT_FREE, 0x1000, 0, 0);
}

static void fixture_open(struct fixture *f)
{
	struct ms_error err = { "" };
	char path[64];

	ck_assert_int_eq(ms_store_new(&f->store, &err), MS_OK);
	ck_assert_int_eq(ms_metadata_new(&f->meta, &err), MS_OK);
	lb_end(&f->lb, AT(1000));
	lb_save(&f->lb, path);
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

static struct ms_snapshot *snapshot_at(struct fixture *f, enum ms_instant instant,
				       uint64_t ns)
{
	struct ms_instant_at at = { .instant = instant, .at_ns = ns };
	struct ms_snapshot *snapshot;
	struct ms_error err;

	ck_assert_int_eq(ms_snapshot_new(&snapshot, f->store, &at, NULL, &err), MS_OK);
	return snapshot;
}

static void check_live(struct fixture *f, enum ms_instant instant, uint64_t ns,
		       uint64_t bytes, uint64_t blocks, uint64_t events)
{
	struct ms_snapshot *s = snapshot_at(f, instant, ns);
	const struct ms_totals *t = ms_snapshot_totals(s);

	ck_assert_uint_eq(t->current_memory, bytes);
	ck_assert_uint_eq(t->active_allocations, blocks);
	ck_assert_uint_eq(t->events, events);
	ms_snapshot_free(s);
}

START_TEST(every_kind_of_instant)
{
	struct fixture f;

	lb_init(&f.lb);
	add_events(&f.lb);
	fixture_open(&f);
	check_live(&f, MS_AT_START, 0, 0, 0, 0);
	check_live(&f, MS_AT_NS, 99, 0, 0, 0);
	check_live(&f, MS_AT_NS, 100, 100, 1, 1);
	check_live(&f, MS_AT_PEAK, 0, 250, 2, 4);
	/* In transit: still live. */
	check_live(&f, MS_AT_NS, 550, 250, 2, 5);
	check_live(&f, MS_AT_NS, 600, 210, 2, 6);
	check_live(&f, MS_AT_END, 0, 10, 1, 7);
	fixture_release(&f);
}
END_TEST

static const struct ms_figures *stack_figures(const struct ms_snapshot *s, uint32_t stack)
{
	size_t count;
	const struct ms_stack_figures *stacks = ms_snapshot_stacks(s, &count);

	for (size_t i = 0; i < count; i++) {
		if (stacks[i].stack == stack)
			return &stacks[i].f;
	}
	ck_abort_msg("no figures of stack %u", stack);
	return NULL;
}

START_TEST(figures_at_the_peak_in_a_snapshot_of_the_end)
{
	struct ms_snapshot *s;
	const struct ms_figures *outer, *inner, *classes;
	const struct ms_thread_figures *threads;
	struct fixture f;
	size_t count;

	lb_init(&f.lb);
	add_events(&f.lb);
	fixture_open(&f);
	s = snapshot_at(&f, MS_AT_END, 0);
	outer = stack_figures(s, 1);
	inner = stack_figures(s, 2);
	ck_assert_uint_eq(outer->peak_bytes, 0);
	ck_assert_uint_eq(inner->peak_bytes, 250);
	ck_assert_uint_eq(inner->peak_blocks, 2);
	ck_assert_uint_eq(outer->live_bytes, 10);
	ck_assert_uint_eq(inner->live_bytes, 0);
	ck_assert_uint_eq(outer->allocations, 2);
	/* The 200 went before thread 2 made another block. */
	ck_assert_uint_eq(inner->temporary, 1);
	ck_assert_uint_eq(outer->temporary, 0);
	threads = ms_snapshot_threads(s, &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(threads[0].f.allocations + threads[1].f.allocations, 4);
	classes = ms_snapshot_size_classes(s);
	ck_assert_uint_eq(classes[8].peak_bytes, 200); /* 128 to 255 */
	ck_assert_uint_eq(classes[4].live_bytes, 10);  /* 8 to 15 */
	ck_assert_uint_eq(ms_snapshot_totals(s)->peak_at_ns, 400);
	ms_snapshot_free(s);
	fixture_release(&f);
}
END_TEST

START_TEST(an_empty_log_has_every_instant)
{
	struct fixture f;

	lb_init(&f.lb);
	fixture_open(&f);
	for (int instant = MS_AT_END; instant <= MS_AT_NS; instant++)
		check_live(&f, (enum ms_instant)instant, 5, 0, 0, 0);
	fixture_release(&f);
}
END_TEST

START_TEST(every_failing_allocation_is_told)
{
	struct ms_instant_at at = { .instant = MS_AT_PEAK, .at_ns = 0 };
	struct ms_snapshot *snapshot = NULL;
	ms_status status = MS_ENOMEM;
	struct fixture f;
	unsigned long n;

	lb_init(&f.lb);
	add_events(&f.lb);
	fixture_open(&f);
	for (n = 1; status != MS_OK; n++) {
		struct ms_error err = { "" };

		ms_alloc_fail_at(n);
		status = ms_snapshot_new(&snapshot, f.store, &at, NULL, &err);
		ms_alloc_fail_at(0);
		ck_assert(status == MS_OK || status == MS_ENOMEM);
		ck_assert(status == MS_OK || !snapshot);
	}
	ck_assert_uint_gt(n, 8);
	ms_snapshot_free(snapshot);
	fixture_release(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("snapshot");
	TCase *tcase = tcase_create("snapshot");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, every_kind_of_instant);
	tcase_add_test(tcase, figures_at_the_peak_in_a_snapshot_of_the_end);
	tcase_add_test(tcase, an_empty_log_has_every_instant);
	tcase_add_test(tcase, every_failing_allocation_is_told);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
