/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_log_salvage.c - logs that are wrong in every way.
 */
#define _GNU_SOURCE
#include "tests/unit/log_reading.h"

/* --- what is damaged
 * -------------------------------------------------------------------- */

/* A log that is cut off, or of which a bit is wrong, is refused or has damage. */
static void check_detected(const char *change, size_t at)
{
	struct reading r;

	read_file(&r, path);
	if (r.status == MS_OK) {
		ck_assert_msg(damage(&r) > 0, "%s at %zu was not seen", change, at);
		replay(&r);
	} else {
		ck_assert_msg(r.status == MS_EFORMAT, "%s at %zu: %s", change, at,
			      r.err.text);
	}
	release(&r);
}

/*
 * A sanitizer makes each opening slow; a step without a common factor still meets every
 * place of a bit.
 */
#if defined(__SANITIZE_THREAD__)
#define STEP 37
#elif defined(__SANITIZE_ADDRESS__)
#define STEP 3
#else
#define STEP 1
#endif

START_TEST(every_truncation_is_seen)
{
	struct log_builder lb;

	build(&lb);
	if (_i)
		lb_end(&lb, 9500);
	put(&lb);
	for (size_t len = lb.len; len >= STEP;) {
		len -= STEP;
		ck_assert_int_eq(ftruncate(fd, (off_t)len), 0);
		check_detected("a cut", len);
	}
	lb_release(&lb);
}
END_TEST

START_TEST(every_flipped_bit_is_seen)
{
	struct log_builder lb;

	build(&lb);
	lb_end(&lb, 9500);
	put(&lb);
	for (size_t bit = 0; bit < lb.len * 8; bit += STEP) {
		uint8_t byte = lb.data[bit / 8] ^ (uint8_t)(1 << bit % 8);

		/* the version's second number is outside of the checksum */
		ck_assert_int_eq(pwrite(fd, &byte, 1, (off_t)(bit / 8)), 1);
		check_detected("a flip", bit / 8);
		ck_assert_int_eq(pwrite(fd, &lb.data[bit / 8], 1, (off_t)(bit / 8)), 1);
	}
	lb_release(&lb);
}
END_TEST

/* Without checksums: whatever the bits say, it is read without harm. */
START_TEST(flipped_bits_of_a_running_log_do_no_harm)
{
	struct log_builder lb;
	struct reading r;

	build(&lb);
	put(&lb);
	for (size_t at = 0; at < lb.len; at += STEP) {
		uint8_t byte = lb.data[at] ^ (uint8_t)(1 << at % 8);

		ck_assert_int_eq(pwrite(fd, &byte, 1, (off_t)at), 1);
		read_file(&r, path);
		if (r.status == MS_OK)
			replay(&r);
		release(&r);
		ck_assert_int_eq(pwrite(fd, &lb.data[at], 1, (off_t)at), 1);
	}
	lb_release(&lb);
}
END_TEST

START_TEST(a_bad_header_is_skipped_to_the_next)
{
	struct log_builder lb;
	struct reading r;
	const struct ms_damage *list;
	size_t count;

	build(&lb);
	lb_event(&lb, 3, 5000, MS_EVENT_MALLOC, 0x5550, 1, 0);
	lb_end(&lb, 9500);
	lb_wire(&lb, 2)->owner ^= 1;
	put(&lb);
	read_damaged(&r, "no window where one should be");
	ck_assert_uint_eq(replay(&r), 1);
	list = ms_log_damage(r.log, &count);
	ck_assert_uint_eq(list[0].offset, lb.windows[2].offset);
	ck_assert_uint_eq(list[0].length, MS_WIRE_PAGE);
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(events_with_a_wrong_checksum_are_left_out)
{
	struct log_builder lb;
	struct reading r;

	build(&lb);
	lb_event(&lb, 3, 5000, MS_EVENT_MALLOC, 0x5550, 1, 0);
	lb_end(&lb, 9500);
	((uint8_t *)lb_wire(&lb, 2))[64 + 30] ^= 4;
	put(&lb);
	read_damaged(&r, "checksum differs, its events are left out");
	ck_assert_uint_eq(replay(&r), 1);
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(what_lies_before_a_fault_is_used)
{
	struct log_builder lb;
	struct reading r;
	struct ms_wire_window *w;

	build(&lb);
	w = lb_wire(&lb, 2);
	w->commit += 5; /* zeros: no event begins so */
	put(&lb);
	read_damaged(&r, "a zero byte where an event or record begins");
	ck_assert_uint_eq(replay(&r), 42);
	release(&r);
	w->commit = UINT32_MAX;
	put(&lb);
	read_file(&r, path);
	ck_assert_int_eq(r.status, MS_OK);
	ck_assert_uint_eq(damage(&r), 2);
	ck_assert(strstr(what(&r, 0), "filled beyond its end") != NULL);
	ck_assert_uint_eq(replay(&r), 42);
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(a_window_that_is_there_twice_counts_once)
{
	struct log_builder lb;
	struct reading r;
	size_t copy;

	build(&lb);
	copy = lb_open(&lb, MS_WINDOW_EVENTS, 1, 0);
	memcpy(lb_wire(&lb, copy), lb_wire(&lb, 2), MS_WIRE_PAGE);
	put(&lb);
	read_damaged(&r, "window 3 is there twice");
	ck_assert_uint_eq(replay(&r), 42);
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(node_windows_may_not_overlap)
{
	struct log_builder lb;
	struct reading r;
	uint32_t module, parent;
	uint64_t offset;

	size_t window;

	build(&lb);
	window = lb_open(&lb, MS_WINDOW_NODES, 2, 0);
	put(&lb);
	read_right(&r); /* one without a node claims nothing */
	release(&r);
	memset((uint8_t *)lb_wire(&lb, window) + 64, 0xab, 16);
	put(&lb);
	read_damaged(&r, "stack nodes of another window");
	ck_assert(ms_metadata_node(r.meta, 2, &module, &offset, &parent));
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(malformed_records_are_listed_and_passed)
{
	static const uint64_t huge = UINT64_MAX;
	struct log_builder lb;
	struct reading r;
	size_t count;

	lb_init(&lb);
	lb_record(&lb, MS_RECORD_FACT, "no value", 8);
	lb_record(&lb, MS_RECORD_MODULE, "\x02", 1);
	lb_record_of(&lb, MS_RECORD_THREAD_BEGIN, LB_NUMBERS(0, 5, 5), NULL);
	lb_record_of(&lb, MS_RECORD_THREAD_END, LB_NUMBERS(huge, 5), NULL);
	lb_record_of(&lb, MS_RECORD_STATE, LB_NUMBERS(5, 2), NULL);
	lb_record_of(&lb, MS_RECORD_SAMPLE, LB_NUMBERS(5, 2), NULL);
	lb_record_of(&lb, MS_RECORD_CLOCK, LB_NUMBERS(5), NULL);
	lb_record_of(&lb, MS_RECORD_MODULE, LB_NUMBERS(1, 2, 3, 9, 5, 0), NULL);
	lb_record_of(&lb, MS_RECORD_MODULE, LB_NUMBERS(1, 2, 3, 4, 5, huge), NULL);
	lb_fact(&lb, "exe", "/bin/app");
	lb_end(&lb, 9500);
	put(&lb);
	read_file(&r, path);
	ck_assert_int_eq(r.status, MS_OK);
	ck_assert_uint_eq(damage(&r), 8); /* two of one type follow each other */
	ck_assert_str_eq(what(&r, 0), "a record of type 2 is malformed");
	ck_assert_str_eq(ms_metadata_fact(r.meta, "exe", 0), "/bin/app");
	ms_metadata_modules(r.meta, &count);
	ck_assert_uint_eq(count, 0);
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(the_list_of_damage_is_bounded)
{
	struct log_builder lb;
	struct reading r;
	const struct ms_damage *list;
	size_t count;

	lb_init(&lb);
	lb.window_bytes = 16 * MS_WIRE_PAGE;
	for (unsigned i = 0; i < 3000; i++) {
		lb_record(&lb, MS_RECORD_STATE, "", 0);
		lb_fact(&lb, "k", "v");
	}
	lb_end(&lb, 9500);
	put(&lb);
	read_file(&r, path);
	ck_assert_int_eq(r.status, MS_OK);
	list = ms_log_damage(r.log, &count);
	ck_assert_uint_eq(count, MS_DAMAGE_MAX);
	ck_assert_str_eq(list[count - 1].what, "2001 more pieces, not listed");
	release(&r);
	lb_release(&lb);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log_salvage");
	TCase *tests = tcase_create("log_salvage");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 600);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, every_truncation_is_seen, 0, 2);
	tcase_add_test(tests, every_flipped_bit_is_seen);
	tcase_add_test(tests, flipped_bits_of_a_running_log_do_no_harm);
	tcase_add_test(tests, a_bad_header_is_skipped_to_the_next);
	tcase_add_test(tests, events_with_a_wrong_checksum_are_left_out);
	tcase_add_test(tests, what_lies_before_a_fault_is_used);
	tcase_add_test(tests, a_window_that_is_there_twice_counts_once);
	tcase_add_test(tests, node_windows_may_not_overlap);
	tcase_add_test(tests, malformed_records_are_listed_and_passed);
	tcase_add_test(tests, the_list_of_damage_is_bounded);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
