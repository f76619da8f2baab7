/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_mappings.c - what a program holds of pages, against a slow model, and logs of
 * mappings as the readers see them.
 */
#define _GNU_SOURCE
#include "analyzer/snapshot/snapshot.h"
#include "analyzer/base/alloc.h"
#include "tests/unit/log_builder.h"
#include "tests/unit/log_reading.h"

#define PAGES 400
#define PAGE  4096ULL
#define BASE  0x7f0000000000ULL

static uint64_t random_state;

static uint64_t below(uint64_t n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (random_state * 0x2545f4914f6cdd1dULL >> 16) % n;
}

static void apply(struct ms_mappings *m, unsigned kind, uint64_t address, uint64_t size,
		  unsigned detail, uint32_t flags)
{
	struct ms_event event = { .kind = (uint8_t)kind,
				  .class = (uint8_t)ms_event_kind_info(kind)->class,
				  .address = address,
				  .size = size,
				  .detail = (uint8_t)detail,
				  .flags = flags };

	ck_assert_int_eq(ms_mappings_apply(m, &event, NULL), MS_OK);
}

START_TEST(as_page_by_page)
{
	unsigned char model[PAGES] = { 0 };
	struct ms_mappings *m;
	const struct ms_mapping_totals *t;
	uint64_t peak = 0, maps = 0, unmaps = 0, remaps = 0;

	random_state = 1181783497276652981ULL + (uint64_t)_i;
	ck_assert_int_eq(ms_mappings_new(&m, NULL), MS_OK);
	t = ms_mappings_totals(m);
	for (int i = 0; i < 5000; i++) {
		uint64_t at = below(PAGES), most = PAGES - at,
			 n = 1 + below(most < 9 ? most : 9);
		uint64_t size = n * PAGE - below(PAGE), now = 0;

		switch (below(4)) {
		case 0: /* over whatever is there */
			apply(m, MS_EVENT_MMAP, BASE + at * PAGE, size, 3, 0x32);
			memset(model + at, 1, n);
			maps++;
			break;
		case 1:
			apply(m, MS_EVENT_MUNMAP, BASE + at * PAGE, size, 0, 0);
			memset(model + at, 0, n);
			unmaps++;
			break;
		case 2:
			apply(m, MS_EVENT_MREMAP_BEGIN, BASE + at * PAGE, size, 0, 0);
			memset(model + at, 0, n);
			at = below(PAGES - n + 1);
			apply(m, MS_EVENT_MREMAP, BASE + at * PAGE, size, 0, 1);
			memset(model + at, 1, n);
			remaps++;
			break;
		default: /* failed, or none of these */
			apply(m, MS_EVENT_MMAP, 0, size, 3, 0x22);
			apply(m, MS_EVENT_MREMAP_BEGIN, BASE + at * PAGE, 0, 0, 0);
			apply(m, MS_EVENT_MREMAP, 0, size, 0, 0);
			apply(m, MS_EVENT_MALLOC, BASE + at * PAGE, size, 0, 0);
			apply(m, MS_EVENT_FREE, BASE + at * PAGE, 0, 0, 0);
		}
		for (size_t p = 0; p < PAGES; p++)
			now += model[p] * PAGE;
		peak = now > peak ? now : peak;
		ck_assert_uint_eq(t->current_bytes, now);
	}
	ck_assert_uint_eq(t->peak_bytes, peak);
	ck_assert_uint_eq(t->maps, maps);
	ck_assert_uint_eq(t->unmaps, unmaps);
	ck_assert_uint_eq(t->remaps, remaps);
	ck_assert_uint_gt(t->failed, 0);
	ms_mappings_free(m);
}
END_TEST

START_TEST(breaks)
{
	struct ms_mappings *m;
	const struct ms_mapping_totals *t;

	ck_assert_int_eq(ms_mappings_new(&m, NULL), MS_OK);
	t = ms_mappings_totals(m);
	apply(m, MS_EVENT_BRK, 0x11000, 0x1000, 0, 0);
	apply(m, MS_EVENT_BRK, 0x11064, 100, 0, 0);
	ck_assert_uint_eq(t->current_bytes, 0x1000 + 100);
	apply(m, MS_EVENT_BRK, 0x10ff0, 116, 1, 0);
	ck_assert_uint_eq(t->current_bytes, 0xff0);
	apply(m, MS_EVENT_BRK, 0x1000, 0x100000, 1,
	      0); /* below where it was seen first */
	ck_assert_uint_eq(t->current_bytes, 0);
	apply(m, MS_EVENT_BRK, 0, 5, 0, 0);
	ck_assert_uint_eq(t->failed, 1);
	ck_assert_uint_eq(t->breaks, 4);
	ms_mappings_free(m);
}
END_TEST

START_TEST(huge_pages_and_the_ends_of_the_space)
{
	struct ms_mappings *m;
	const struct ms_mapping_totals *t;

	ck_assert_int_eq(ms_mappings_new(&m, NULL), MS_OK);
	t = ms_mappings_totals(m);
	apply(m, MS_EVENT_MMAP, 1 << 30, 1, 3, 0x40022);
	ck_assert_uint_eq(t->current_bytes, 2 << 20);
	apply(m, MS_EVENT_MUNMAP, 1 << 30, 2 << 20, 0, 0);
	apply(m, MS_EVENT_MMAP, 1 << 30, 1, 3, 0x40022 | 30U << 26);
	ck_assert_uint_eq(t->current_bytes, 1 << 30);
	apply(m, MS_EVENT_MUNMAP, 1, UINT64_MAX, 0, 0);
	ck_assert_uint_eq(t->current_bytes, 0);
	apply(m, MS_EVENT_MMAP, UINT64_MAX, UINT64_MAX, 3, 0x40022 | 63U << 26);
	apply(m, MS_EVENT_MMAP, 1, UINT64_MAX, 255, UINT32_MAX);
	apply(m, MS_EVENT_BRK, UINT64_MAX, UINT64_MAX, 1, 0);
	apply(m, MS_EVENT_BRK, UINT64_MAX, UINT64_MAX, 0, 0);
	ck_assert_uint_eq(t->current_bytes, UINT64_MAX);
	ms_mappings_free(m);
}
END_TEST

/* An event of a mapping, ticks after the last heap event of the window. */
START_TEST(in_a_log)
{
	static const uint64_t want[][3] = { { 1000, 0x10010, 64 },
					    { 1030, BASE, 8192 },
					    { 1030, 0x10050, 32 },
					    { 1070, BASE, 4096 } };
	struct ms_instant_at end = { .instant = MS_AT_END };
	struct ms_snapshot *snapshot;
	const struct ms_mapping_totals *t;
	struct log_builder lb;
	struct ms_cursor *cursor;
	struct ms_event event;
	struct reading r;

	lb_init(&lb);
	lb_event(&lb, 1, 2000, MS_EVENT_MALLOC, 0x10010, 64, 0);
	lb_mapping(&lb, 1, 2000, MS_EVENT_MMAP, 30, LB_NUMBERS(7, BASE, 8192, 3, 0x22));
	/* the clock went back: the event stays where it can be */
	lb_event(&lb, 1, 2020, MS_EVENT_MALLOC, 0x10050, 32, 0);
	lb_mapping(&lb, 1, 2000, MS_EVENT_MUNMAP, 50, LB_NUMBERS(0, BASE, 4096));
	lb_mapping(&lb, 1, 2000, 63, 5, LB_NUMBERS(1, 2, 3));
	lb_end(&lb, 3000);
	put(&lb);
	read_right(&r);
	ck_assert_uint_eq(replay(&r), 4);
	ck_assert_int_eq(ms_cursor_open(&cursor, r.store, NULL), MS_OK);
	for (size_t i = 0; i < 4; i++) {
		ck_assert(ms_cursor_next(cursor, &event));
		ck_assert_uint_eq(event.at_ns, want[i][0]);
		ck_assert_uint_eq(event.address, want[i][1]);
		ck_assert_uint_eq(event.size, want[i][2]);
		ck_assert_uint_eq(event.thread, 1);
		ck_assert_uint_eq(event.detail, i == 1 ? 3 : 0);
		ck_assert_uint_eq(event.flags, i == 1 ? 0x22 : 0);
		ck_assert_uint_eq(event.stack, i == 1 ? 7 : 0);
	}
	ms_cursor_close(cursor);
	ck_assert_int_eq(ms_snapshot_new(&snapshot, r.store, &end, NULL, NULL), MS_OK);
	t = ms_snapshot_mappings(snapshot);
	ck_assert_uint_eq(t->current_bytes, 4096);
	ck_assert_uint_eq(t->peak_bytes, 8192);
	ck_assert_uint_eq(ms_snapshot_totals(snapshot)->total_allocations, 2);
	ms_snapshot_free(snapshot);
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(in_a_wrong_log)
{
	static const struct {
		uint64_t fields[5];
		size_t count;
		uint64_t after;
		const char *what;
	} cases[] = {
		{ { 0, BASE, 4096, 3 }, 4, 1, "a mapping's event is too short" },
		{ { 0 }, 0, 1, "a mapping's event is too short" },
		{ { UINT64_MAX, BASE, 4096, 3, 2 }, 5, 1, "its stack id is too large" },
		{ { 0, BASE, 4096, 3, 2 }, 5, UINT64_MAX, "its time overflows" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct log_builder lb;
		struct reading r;

		lb_init(&lb);
		lb_event(&lb, 1, 2000, MS_EVENT_MALLOC, 0x10010, 64, 0);
		lb_mapping(&lb, 1, 2000, MS_EVENT_MMAP, cases[i].after, cases[i].fields,
			   cases[i].count);
		lb_end(&lb, 3000);
		put(&lb);
		read_damaged(&r, cases[i].what);
		ck_assert_uint_eq(ms_store_event_count(r.store), 1);
		release(&r);
		lb_release(&lb);
	}
}
END_TEST

/* What the program became: the last exec that was tried and did not fail. */
START_TEST(execs_in_a_log)
{
	struct log_builder lb;
	struct reading r;

	lb_init(&lb);
	lb_record_of(&lb, MS_RECORD_EXEC, LB_NUMBERS(5000, 0), "/bin/first");
	lb_record_of(&lb, MS_RECORD_EXEC, LB_NUMBERS(5100, 2), NULL);
	put(&lb);
	read_right(&r);
	ck_assert_ptr_null(ms_metadata_became(r.meta));
	release(&r);
	lb_record_of(&lb, MS_RECORD_EXEC, LB_NUMBERS(7000, 0), "/bin/last");
	lb_record_of(&lb, MS_RECORD_EXEC, LB_NUMBERS(6000, 0), "/bin/before");
	lb_record_of(&lb, MS_RECORD_EXEC, LB_NUMBERS(6500, 13), NULL);
	put(&lb);
	read_right(&r);
	ck_assert_str_eq(ms_metadata_became(r.meta), "/bin/last");
	ck_assert_uint_eq(ms_log_duration_ns(r.log), 6000);
	release(&r);
	lb_record_of(&lb, MS_RECORD_EXEC, LB_NUMBERS(8000, 0), NULL);
	put(&lb);
	read_right(&r);
	ck_assert_str_eq(ms_metadata_became(r.meta), "");
	release(&r);
	lb_record(&lb, MS_RECORD_EXEC, "\x01", 1);
	put(&lb);
	read_damaged(&r, "a record of type 12 is malformed");
	release(&r);
	lb_release(&lb);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("mappings");
	Suite *suite = suite_create("mappings");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, as_page_by_page, 0, 10);
	tcase_add_test(tests, breaks);
	tcase_add_test(tests, huge_pages_and_the_ends_of_the_space);
	tcase_add_test(tests, in_a_log);
	tcase_add_test(tests, in_a_wrong_log);
	tcase_add_test(tests, execs_in_a_log);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
