/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_log_counters.c - exact counts, folded pairs and pending blocks of a log, and what
 * becomes of those that make no sense.
 */
#define _GNU_SOURCE
#include "analyzer/base/alloc.h"
#include "tests/unit/log_reading.h"

static void put_mode(struct log_builder *lb, unsigned mode, uint64_t parameter,
		     uint64_t ticks)
{
	lb_record_of(lb, MS_RECORD_MODE, LB_NUMBERS(mode, parameter, ticks), NULL);
}

static void put_pending(struct log_builder *lb, size_t window, size_t place,
			uint64_t ticks, uint64_t address, unsigned kind,
			enum ms_pending state)
{
	struct ms_wire_pending *p = lb_body(lb, window);

	p[place] = (struct ms_wire_pending){ .ticks = ticks,
					     .size = 100 + place,
					     .address = address << 16 | kind << 8,
					     .state = state };
}

/* Threads 1 and 2, two entries of thread 1; two of one stack; a ring of thread 2. */
static void counted(struct log_builder *lb)
{
	struct ms_wire_totals *totals;
	struct ms_wire_folded *folded;
	struct ms_wire_sizes *sizes;
	size_t window;

	lb_init(lb);
	put_mode(lb, MS_MODE_COUNTERS, 0, 3000);
	put_mode(lb, MS_MODE_CULL, 5000, LB_START_TICKS);
	window = lb_open(lb, MS_WINDOW_COUNTERS, MS_COUNTERS_TOTALS, 0);
	totals = lb_body(lb, window);
	totals[1] = (struct ms_wire_totals){ 1, 0, 10, 2, 8, 1, 1000, { 0 } };
	totals[2] = (struct ms_wire_totals){ 2, 0, 5, 0, 5, 0, 50, { 0 } };
	totals[4] = (struct ms_wire_totals){ 1, 0, 100, 0, 0, 0, 400, { 0 } };
	window = lb_open(lb, MS_WINDOW_COUNTERS, MS_COUNTERS_SIZES, 0);
	sizes = lb_body(lb, window);
	sizes[0].classes[3].blocks = 7;
	sizes[1].classes[3].blocks = 1;
	sizes[2].classes[64].bytes = 9;
	window = lb_open(lb, MS_WINDOW_COUNTERS, MS_COUNTERS_FOLDED, 0);
	folded = lb_body(lb, window);
	folded[0] = (struct ms_wire_folded){ 7, 0, 3, 30, 12, { 2, 1 } };
	folded[2] = (struct ms_wire_folded){ 7, 0, 1, 40, 40, { 0, 0, 0, 0, 0, 1 } };
	lb_event(lb, 2, 2000, MS_EVENT_MALLOC, 0x1000, 64, 0);
	window = lb_open(lb, MS_WINDOW_COUNTERS, MS_COUNTERS_PENDING, 0);
	((struct ms_wire_pending *)lb_body(lb, window))[0].stack = 2;
	put_pending(lb, window, 1, 2500, 0x5008, MS_EVENT_NEW, MS_PENDING_WAITS);
	put_pending(lb, window, 2, 2600, 0x6000, MS_EVENT_MALLOC, MS_PENDING_NONE);
	put_pending(lb, window, 5, 2000, 0x1000, MS_EVENT_MALLOC, MS_PENDING_WRITTEN);
	put_pending(lb, window, 6, 2400, 0x7000, MS_EVENT_CALLOC, MS_PENDING_WRITTEN);
}

START_TEST(counts_are_summed)
{
	const struct ms_thread_counts *threads;
	const struct ms_folded *folded;
	struct log_builder lb;
	struct reading r;
	size_t count;

	counted(&lb);
	put(&lb);
	read_file(&r, path);
	ck_assert_int_eq(r.status, MS_OK);
	ck_assert_uint_eq(damage(&r), 0);
	ck_assert_uint_eq(ms_log_mode(r.log)->mode, MS_MODE_CULL);
	ck_assert_uint_eq(ms_log_mode(r.log)->parameter, 5000);
	ck_assert(ms_log_mode(r.log)->counted && !ms_log_mode(r.log)->fell_back);
	ck_assert_uint_eq(ms_log_counts(r.log)->allocations, 115);
	ck_assert_uint_eq(ms_log_counts(r.log)->allocated, 1450);
	ck_assert_uint_eq(ms_log_counts(r.log)->deallocations, 13);
	threads = ms_log_thread_counts(r.log, &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(threads[0].thread, 1);
	ck_assert_uint_eq(threads[0].c.allocations, 110);
	ck_assert_uint_eq(threads[1].c.allocated, 50);
	ck_assert_uint_eq(ms_log_size_counts(r.log)->classes[3].blocks, 8);
	ck_assert_uint_eq(ms_log_size_counts(r.log)->classes[64].bytes, 9);
	folded = ms_log_folded(r.log, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(folded[0].stack, 7);
	ck_assert_uint_eq(folded[0].blocks, 4);
	ck_assert_uint_eq(folded[0].bytes, 70);
	ck_assert_uint_eq(folded[0].largest, 40);
	ck_assert_uint_eq(folded[0].lifetimes[0], 2);
	ck_assert_uint_eq(folded[0].lifetimes[5], 1);
	release(&r);
	lb_release(&lb);
}
END_TEST

/* In order of time; the one that had just been written is there once. */
START_TEST(pending_blocks_are_events)
{
	static const struct {
		uint64_t ticks, address, size;
		unsigned kind;
	} wanted[] = { { 2000, 0x1000, 64, MS_EVENT_MALLOC },
		       { 2400, 0x7000, 106, MS_EVENT_CALLOC },
		       { 2500, 0x5008, 101, MS_EVENT_NEW } };
	struct log_builder lb;
	struct ms_cursor *cursor;
	struct ms_event event;
	struct reading r;

	counted(&lb);
	put(&lb);
	read_file(&r, path);
	ck_assert_int_eq(r.status, MS_OK);
	ck_assert_int_eq(ms_cursor_open(&cursor, r.store, &r.err), MS_OK);
	for (size_t i = 0; i < 3; i++) {
		ck_assert(ms_cursor_next(cursor, &event));
		ck_assert_uint_eq(event.at_ns, NS_AT(wanted[i].ticks));
		ck_assert_uint_eq(event.address, wanted[i].address);
		ck_assert_uint_eq(event.size, wanted[i].size);
		ck_assert_uint_eq(event.kind, wanted[i].kind);
		ck_assert_uint_eq(event.thread, 2);
	}
	ck_assert(!ms_cursor_next(cursor, &event));
	ms_cursor_close(cursor);
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(nonsense_is_damage)
{
	struct log_builder lb;
	struct reading r;
	size_t window;

	counted(&lb);
	window = lb.window_count - 1;
	put_pending(&lb, window, 10, 2700, 0x8000, MS_EVENT_FREE, MS_PENDING_WAITS);
	put_pending(&lb, window, 20, 2700, 0, MS_EVENT_MALLOC, MS_PENDING_WAITS);
	put_pending(&lb, window, 30, 2700, 0x8000, 200, MS_PENDING_WAITS);
	put(&lb);
	read_file(&r, path);
	ck_assert_int_eq(r.status, MS_OK);
	ck_assert_uint_eq(damage(&r), 3);
	ck_assert_uint_eq(ms_store_event_count(r.store), 3);
	release(&r);
	lb_release(&lb);
}
END_TEST

/* Any bytes at all in any of the windows: read, with damage or without. */
START_TEST(garbage_is_survived)
{
	struct log_builder lb;
	struct reading r;

	srandom((unsigned)_i);
	counted(&lb);
	for (size_t w = 0; w < lb.window_count; w++) {
		uint8_t *body = lb_body(&lb, w);

		if (lb.windows[w].kind != MS_WINDOW_COUNTERS)
			continue;
		for (size_t i = 0; i < lb.window_bytes - sizeof(struct ms_wire_window);
		     i++)
			if (random() % 4)
				body[i] = (uint8_t)random();
	}
	put(&lb);
	read_file(&r, path);
	ck_assert_int_eq(r.status, MS_OK);
	release(&r);
	put_bytes(lb.data, lb.len - (size_t)random() % 5000);
	read_file(&r, path);
	ck_assert_int_eq(r.status, MS_OK);
	release(&r);
	lb_release(&lb);
}
END_TEST

/* The size limit: counts go on where the events end. */
START_TEST(falling_back_is_told)
{
	struct log_builder lb;
	struct reading r;

	lb_init(&lb);
	put_mode(&lb, MS_MODE_FULL, 0, LB_START_TICKS);
	lb_open(&lb, MS_WINDOW_COUNTERS, MS_COUNTERS_TOTALS, 0);
	lb_status(&lb)->stop = MS_STOP_SIZE;
	lb_status(&lb)->stop_ticks = 4000;
	put(&lb);
	read_file(&r, path);
	ck_assert_int_eq(r.status, MS_OK);
	ck_assert_uint_eq(ms_log_mode(r.log)->mode, MS_MODE_FULL);
	ck_assert(ms_log_mode(r.log)->fell_back);
	ck_assert_uint_eq(ms_log_mode(r.log)->fell_back_ns, NS_AT(4000));
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(every_allocation_fails)
{
	struct log_builder lb;
	struct reading r;

	counted(&lb);
	put(&lb);
	for (unsigned long n = 1;; n++) {
		ms_alloc_fail_at(n);
		read_file(&r, path);
		ms_alloc_fail_at(0);
		if (r.status == MS_OK)
			break;
		ck_assert_int_eq(r.status, MS_ENOMEM);
		release(&r);
		ck_assert_uint_lt(n, 1000);
	}
	release(&r);
	lb_release(&lb);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log_counters");
	TCase *tests = tcase_create("log_counters");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, counts_are_summed);
	tcase_add_test(tests, pending_blocks_are_events);
	tcase_add_test(tests, nonsense_is_damage);
	tcase_add_loop_test(tests, garbage_is_survived, 0, 100);
	tcase_add_test(tests, falling_back_is_told);
	tcase_add_test(tests, every_allocation_fails);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
