/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_log_open.c - logs that are right, and files that are no logs.
 */
#define _GNU_SOURCE
#include "analyzer/base/alloc.h"
#include "tests/unit/log_reading.h"

#include <sys/stat.h>

START_TEST(a_right_log_is_read)
{
	struct log_builder lb;
	struct reading r;
	const struct ms_log_window *windows;
	size_t count;

	build(&lb);
	lb_end(&lb, 9500);
	put(&lb);
	read_right(&r);
	ck_assert_uint_eq(replay(&r), 42);
	ck_assert_uint_eq(ms_log_duration_ns(r.log), NS_AT(9500));
	ck_assert_uint_eq(ms_log_file_bytes(r.log), lb.len);
	ck_assert_uint_eq(ms_log_status(r.log)->end, MS_END_EXITED);
	ck_assert_uint_eq(ms_log_head(r.log)->pid, LB_PID);
	windows = ms_log_windows(r.log, &count);
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(windows[2].kind, MS_WINDOW_EVENTS);
	ck_assert_uint_eq(windows[2].sequence, 3);
	ck_assert_uint_eq(windows[2].owner, 1);
	ck_assert(windows[2].sealed);
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(descriptions_reach_metadata)
{
	struct log_builder lb;
	struct reading r;
	const struct ms_thread *thread;
	const struct ms_module *module;
	const struct ms_sample *samples;
	const struct ms_note *notes;
	uint32_t module_id, parent;
	uint64_t offset;
	size_t count;

	build(&lb);
	lb_end(&lb, 9500);
	put(&lb);
	read_right(&r);
	ck_assert_uint_eq(ms_metadata_process(r.meta)->pid, LB_PID);
	ck_assert_uint_eq(ms_metadata_process(r.meta)->start_unix_ns, LB_START_UNIX);
	ck_assert_str_eq(ms_metadata_fact(r.meta, "argv", 1), "two words");
	thread = ms_metadata_thread(r.meta, 1);
	ck_assert_ptr_nonnull(thread);
	ck_assert_str_eq(thread->name, "main");
	ck_assert_uint_eq(thread->tid, 4242);
	ck_assert_uint_eq(thread->begin_ns, NS_AT(1100));
	ck_assert_uint_eq(ms_metadata_thread(r.meta, 2)->end_ns, NS_AT(7000));
	module = ms_metadata_module(r.meta, 1);
	ck_assert_ptr_nonnull(module);
	ck_assert_str_eq(module->path, "/bin/app");
	ck_assert_uint_eq(module->end, 0x401000);
	ck_assert_uint_eq(module->gone_ns, NS_AT(8000));
	ck_assert_uint_eq(module->build_id_bytes, 4);
	ck_assert_mem_eq(module->build_id, "\1\2\3\4", 4);
	samples = ms_metadata_samples(r.meta, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(samples[0].at_ns, NS_AT(3000));
	ck_assert_uint_eq(samples[0].resident_bytes, 65536);
	ck_assert_uint_eq(samples[0].major_faults, 1);
	notes = ms_metadata_notes(r.meta, &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(notes[0].on, 0);
	ck_assert_str_eq(notes[1].text, "something was said");
	ck_assert(ms_metadata_node(r.meta, 2, &module_id, &offset, &parent));
	ck_assert_uint_eq(module_id, 1);
	ck_assert_uint_eq(offset, 0x123);
	ck_assert_uint_eq(parent, 1);
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(the_name_last_given_stands)
{
	struct log_builder lb;
	struct reading r;

	lb_init(&lb);
	lb_thread(&lb, 1, 1100, 7, "first");
	lb_record_of(&lb, MS_RECORD_THREAD_NAME, LB_NUMBERS(1, 1900), "last");
	lb_record_of(&lb, MS_RECORD_THREAD_NAME, LB_NUMBERS(1, 1500), "middle");
	lb_end(&lb, 2000);
	put(&lb);
	read_right(&r);
	ck_assert_str_eq(ms_metadata_thread(r.meta, 1)->name, "last");
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(the_last_cost_of_a_thread_counts)
{
	struct log_builder lb;
	struct reading r;
	uint64_t cost[MS_COST_COUNT];

	build(&lb); /* thread 1 until 6000: 5 hooks, 900 ticks; process: 77 rules */
	lb_record_of(&lb, MS_RECORD_COST, LB_NUMBERS(1, 7000, 0, 8, 1, 1000, 3, 4), NULL);
	lb_record_of(&lb, MS_RECORD_COST, LB_NUMBERS(1, 5000, 0, 2), NULL);
	lb_record_of(&lb, MS_RECORD_COST, LB_NUMBERS(2, 5000, 0, 1, 1000, 5), NULL);
	lb_end(&lb, 9000);
	put(&lb);
	read_right(&r);
	ck_assert(ms_metadata_cost(r.meta, cost));
	ck_assert_uint_eq(cost[MS_COST_TIMED_HOOKS], 9);
	ck_assert_uint_eq(cost[MS_COST_TIMED_TICKS], 1000);
	ck_assert_uint_eq(cost[MS_COST_KNOWN_STACKS], 4);
	ck_assert_uint_eq(cost[MS_COST_RULE_MISSES], 77);
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(marks_reach_metadata)
{
	static const char *const names[] = { "first", "two\nlines", "", "late" };
	struct log_builder lb;
	struct reading r;
	const struct ms_mark *marks;
	uint64_t at_ns;
	size_t count;

	lb_init(&lb);
	lb_mark(&lb, 7, 3000, "late");
	lb_mark(&lb, 1, 1500, "first");
	lb_mark(&lb, 0, 2000, "");
	lb_mark(&lb, UINT32_MAX, 1700, "two\nlines");
	lb_record_of(&lb, MS_RECORD_ANNOTATION, LB_NUMBERS(2), "of a later version");
	lb_record_of(&lb, MS_RECORD_ANNOTATION, LB_NUMBERS(UINT64_MAX), NULL);
	lb_end(&lb, 2500);
	put(&lb);
	read_right(&r);
	marks = ms_metadata_marks(r.meta, &count);
	ck_assert_uint_eq(count, 4);
	for (size_t i = 0; i < count; i++)
		ck_assert_str_eq(marks[i].name, names[i]);
	ck_assert_uint_eq(marks[0].thread, 1);
	ck_assert_uint_eq(marks[1].thread, UINT32_MAX);
	ck_assert_uint_eq(marks[2].thread, 0);
	ck_assert(ms_metadata_find_mark(r.meta, "late", &at_ns));
	ck_assert_uint_eq(at_ns, NS_AT(3000));
	ck_assert(!ms_metadata_find_mark(r.meta, "of a later version", &at_ns));
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(a_mark_cut_short_is_damage)
{
	static const struct {
		uint64_t numbers[3];
		size_t count;
	} wrong[] = { { { 0 }, 0 },
		      { { MS_ANNOTATION_MARK }, 1 },
		      { { MS_ANNOTATION_MARK, 1500 }, 2 },
		      { { MS_ANNOTATION_MARK, 1500, UINT64_C(1) << 32 }, 3 } };
	struct log_builder lb;
	struct reading r;
	size_t count;

	lb_init(&lb);
	lb_record_of(&lb, MS_RECORD_ANNOTATION, wrong[_i].numbers, wrong[_i].count, NULL);
	lb_mark(&lb, 1, 1600, "sound");
	lb_end(&lb, 2500);
	put(&lb);
	read_damaged(&r, "a record of type 20 is malformed");
	ck_assert_str_eq(ms_metadata_marks(r.meta, &count)[0].name, "sound");
	ck_assert_uint_eq(count, 1);
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(a_cost_without_a_value_is_damage)
{
	struct log_builder lb;
	struct reading r;
	uint64_t cost[MS_COST_COUNT];

	lb_init(&lb);
	lb_record_of(&lb, MS_RECORD_COST, LB_NUMBERS(1, 7000, 0), NULL);
	lb_end(&lb, 9000);
	put(&lb);
	read_damaged(&r, "a record of type 22 is malformed");
	ck_assert(!ms_metadata_cost(r.meta, cost));
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(a_tsc_is_scaled_by_its_readings)
{
	struct log_builder lb;
	struct reading r;
	const struct ms_note *notes;
	size_t count;

	build(&lb); /* the CLOCK record: 8000 ticks after start, 8000 ns after start */
	lb_head(&lb)->clock = MS_CLOCK_TSC;
	lb_fix_head(&lb);
	lb_record_of(&lb, MS_RECORD_CLOCK, LB_NUMBERS(17000, LB_START_MONO + 4000), NULL);
	lb_end(&lb, 9000);
	put(&lb);
	read_right(&r);
	ck_assert_uint_eq(ms_log_duration_ns(r.log), 2000);
	ck_assert_uint_eq(ms_metadata_thread(r.meta, 2)->begin_ns, 50);
	notes = ms_metadata_notes(r.meta, &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(notes[1].text, "something was said");
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(a_tsc_without_readings_is_noted)
{
	struct log_builder lb;
	struct reading r;
	const struct ms_note *notes;
	size_t count;

	lb_init(&lb);
	lb_head(&lb)->clock = MS_CLOCK_TSC;
	lb_fix_head(&lb);
	lb_end(&lb, LB_START_TICKS + 77);
	put(&lb);
	read_right(&r);
	ck_assert_uint_eq(ms_log_duration_ns(r.log), 77);
	notes = ms_metadata_notes(r.meta, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert(strstr(notes[0].text, "clock") != NULL);
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(a_running_log_is_read)
{
	struct log_builder lb;
	struct reading r;

	build(&lb);
	lb_open(&lb, MS_WINDOW_EVENTS, 9, 0); /* handed out, nothing in it yet */
	lb_reserve(&lb, lb.len + 5 * MS_WIRE_PAGE);
	lb_status(&lb)->extent = lb.len;
	/* half an event behind commit */
	memset((uint8_t *)lb_wire(&lb, 2) + 64 + lb_wire(&lb, 2)->commit, 0x55, 7);
	put(&lb);
	read_right(&r);
	ck_assert_uint_eq(replay(&r), 42);
	ck_assert_uint_eq(ms_log_duration_ns(r.log), NS_AT(8000));
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(a_header_torn_by_a_kill_is_passed)
{
	struct log_builder lb;
	struct reading r;
	size_t torn;

	build(&lb);
	torn = lb_open(&lb, MS_WINDOW_EVENTS, 9, 0);
	lb_wire(&lb, torn)->magic = 0;
	lb_event(&lb, 3, 5000, MS_EVENT_MALLOC, 0x5550, 1, 0);
	put(&lb);
	read_right(&r);
	ck_assert_uint_eq(replay(&r), 43);
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(windows_may_stay_open_if_counted)
{
	struct log_builder lb;
	struct reading r;

	build(&lb);
	lb_end(&lb, 9500);
	lb_wire(&lb, 2)->sealed = 0;
	lb_wire(&lb, 2)->body_crc = 0;
	put(&lb);
	read_damaged(&r, "1 windows without a checksum, 0 should be");
	ck_assert_uint_eq(replay(&r), 42);
	release(&r);
	lb_status(&lb)->open_windows = 1;
	lb_fix_status(&lb);
	put(&lb);
	read_right(&r);
	release(&r);
	lb_release(&lb);
}
END_TEST

/* --- what is no log
 * --------------------------------------------------------------------- */

static void check_refused(const char *name, ms_status status, const char *text)
{
	struct reading r;

	read_file(&r, name);
	ck_assert_int_eq(r.status, status);
	ck_assert_msg(strstr(r.err.text, text) != NULL, "%s", r.err.text);
	ck_assert_msg(strstr(r.err.text, name) == r.err.text, "%s", r.err.text);
	ck_assert_ptr_null(strchr(r.err.text, '\n'));
	release(&r);
}

START_TEST(what_is_no_log_is_refused)
{
	struct log_builder lb;
	char name[64];
	uint8_t *page = calloc(1, 8192);

	put_bytes("", 0);
	check_refused(path, MS_EFORMAT, "is empty");
	put_bytes("#!/bin/sh\necho this is a text\n", 30);
	check_refused(path, MS_EFORMAT, "is not a memscope log");
	put_bytes("\x89MSC", 4);
	check_refused(path, MS_EFORMAT, "is not a memscope log");
	put_bytes(page, 8192);
	check_refused(path, MS_EFORMAT, "is not a memscope log");
	put_bytes(MS_WIRE_MAGIC, 8);
	check_refused(path, MS_EFORMAT, "is cut off after 8 bytes");
	check_refused("/", MS_EIO, "is a directory");
	check_refused("/dev/zero", MS_EFORMAT, "is not a memscope log");
	check_refused("/nonexistent/x.bin", MS_EIO, "No such file");
	lb_init(&lb);
	lb_save(&lb, name);
	ck_assert_int_eq(chmod(name, 0), 0);
	if (geteuid() != 0)
		check_refused(name, MS_EIO, "Permission denied");
	unlink(name);
	lb_release(&lb);
	free(page);
}
END_TEST

START_TEST(other_majors_are_refused)
{
	struct log_builder lb;

	build(&lb);
	lb_end(&lb, 9500);
	lb_head(&lb)->major = 7;
	lb_head(&lb)->minor = 3;
	put(&lb);
	check_refused(path, MS_EFORMAT,
		      "log format 7.3 cannot be read: this program reads 1.");
	check_refused(path, MS_EFORMAT, "newer memscope-analyze");
	lb_head(&lb)->major = 0;
	put(&lb);
	check_refused(path, MS_EFORMAT, "log format 0.3 cannot be read");
	lb_release(&lb);
}
END_TEST

START_TEST(a_name_with_escapes_is_shown_escaped)
{
	struct reading r;

	read_file(&r, "/nonexistent/\033[2J\xff");
	ck_assert_int_eq(r.status, MS_EIO);
	ck_assert_msg(strstr(r.err.text, "/nonexistent/\\x1b[2J\\xff: ") == r.err.text,
		      "%s", r.err.text);
	release(&r);
}
END_TEST

START_TEST(a_later_minor_is_read)
{
	struct log_builder lb;
	struct reading r;
	size_t w;

	build(&lb);
	lb_head(&lb)->minor = 9;
	lb_fix_head(&lb);
	w = lb_open(&lb, 77, 0, 0);
	memset((uint8_t *)lb_wire(&lb, w) + 64, 0xab, 100);
	lb_wire(&lb, w)->spare = 5;
	lb_end(&lb, 9500);
	lb.data[500] = 1;
	lb.data[2000] = 1;
	put(&lb);
	read_right(&r);
	ck_assert_uint_eq(replay(&r), 42);
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(a_pipe_is_read)
{
	struct log_builder lb;
	struct reading r;
	char name[64];
	int ends[2];

	build(&lb);
	lb_end(&lb, 9500);
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_uint_lt(lb.len, 65536);
	ck_assert_int_eq(write(ends[1], lb.data, lb.len), (ssize_t)lb.len);
	close(ends[1]);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", ends[0]);
	read_file(&r, name);
	ck_assert_int_eq(r.status, MS_OK);
	ck_assert_uint_eq(damage(&r), 0);
	ck_assert_uint_eq(replay(&r), 42);
	release(&r);
	close(ends[0]);
	lb_release(&lb);
}
END_TEST

/* A sparse file of a terabyte is no work. */
START_TEST(holes_cost_nothing)
{
	struct log_builder lb;
	struct reading r;

	build(&lb);
	put(&lb);
	ck_assert_int_eq(ftruncate(fd, (off_t)1 << 40), 0);
	read_right(&r);
	ck_assert_uint_eq(replay(&r), 42);
	release(&r);
	lb_release(&lb);
}
END_TEST

static void count_tick(void *context, uint64_t done, uint64_t total)
{
	uint64_t *last = context;

	ck_assert_uint_le(*last, done);
	ck_assert_uint_le(done, total);
	*last = done;
}

START_TEST(progress_is_told)
{
	uint64_t last = 0;
	struct ms_progress progress = { count_tick, &last };
	struct ms_log_options options = { .progress = &progress };
	struct log_builder lb;
	struct reading r = { 0 };

	build(&lb);
	put(&lb);
	ck_assert_int_eq(ms_store_new(&r.store, NULL), MS_OK);
	ck_assert_int_eq(ms_metadata_new(&r.meta, NULL), MS_OK);
	ck_assert_int_eq(ms_log_open_with(&r.log, path, r.store, r.meta, &options, NULL),
			 MS_OK);
	ck_assert_uint_eq(last, lb.len);
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(every_allocation_fails)
{
	struct log_builder lb;
	struct reading r;
	unsigned long total;

	build(&lb);
	lb_record(&lb, MS_RECORD_STATE, "", 0); /* damage allocates too */
	lb_end(&lb, 9500);
	put(&lb);
	ms_alloc_fail_at(0);
	read_file(&r, path);
	total = ms_alloc_count();
	ck_assert_int_eq(r.status, MS_OK);
	release(&r);
	ck_assert_uint_gt(total, 10);
	for (unsigned long n = 1; n <= total; n++) {
		ms_alloc_fail_at(n);
		read_file(&r, path);
		ck_assert_msg(r.status == MS_ENOMEM, "allocation %lu of %lu", n, total);
		ck_assert_str_eq(r.err.text, "out of memory");
		release(&r);
	}
	ms_alloc_fail_at(0);
	lb_release(&lb);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("log_open");
	TCase *tests = tcase_create("log_open");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 600);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_right_log_is_read);
	tcase_add_test(tests, descriptions_reach_metadata);
	tcase_add_test(tests, the_name_last_given_stands);
	tcase_add_test(tests, the_last_cost_of_a_thread_counts);
	tcase_add_test(tests, a_cost_without_a_value_is_damage);
	tcase_add_test(tests, marks_reach_metadata);
	tcase_add_loop_test(tests, a_mark_cut_short_is_damage, 0, 4);
	tcase_add_test(tests, a_tsc_is_scaled_by_its_readings);
	tcase_add_test(tests, a_tsc_without_readings_is_noted);
	tcase_add_test(tests, a_running_log_is_read);
	tcase_add_test(tests, a_header_torn_by_a_kill_is_passed);
	tcase_add_test(tests, windows_may_stay_open_if_counted);
	tcase_add_test(tests, what_is_no_log_is_refused);
	tcase_add_test(tests, other_majors_are_refused);
	tcase_add_test(tests, a_name_with_escapes_is_shown_escaped);
	tcase_add_test(tests, a_later_minor_is_read);
	tcase_add_test(tests, a_pipe_is_read);
	tcase_add_test(tests, holes_cost_nothing);
	tcase_add_test(tests, progress_is_told);
	tcase_add_test(tests, every_allocation_fails);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
