/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_record_log.c - which logs a recorded program and its children wrote.
 */
#define _GNU_SOURCE
#include "analyzer/base/alloc.h"
#include "analyzer/capture/capture.h"
#include "analyzer/capture/record.h"
#include "common/checks.h"
#include "common/wire.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/check_record_log.XXXXXX";
static struct ms_error err;

static void begin(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
}

static void finish(void)
{
	char command[64];

	ck_assert_int_eq(chdir("/"), 0);
	snprintf(command, sizeof command, "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static void write_file(const char *name, const void *bytes, size_t len)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

START_TEST(expands_patterns)
{
	static const struct {
		const char *output, *plain, *numbered;
	} rows[] = {
		{ "memscope.%p.bin", "memscope.42.bin", "memscope.42.[0-9]*.bin" },
		{ "/a.b/log", "/a.b/log", "/a.b/log.[0-9]*" },
		{ "%e-%t.x", "*-*.x", "*-*.[0-9]*.x" },
		{ "100%%%", "100%%", "100%%.[0-9]*" },
		{ "a*[b]?.bin", "a\\*\\[b\\]\\?.bin", "a\\*\\[b\\]\\?.[0-9]*.bin" },
		{ "dir/.hidden", "dir/.hidden", "dir/.hidden.[0-9]*" },
	};
	char plain[MS_RECORD_PATH], numbered[MS_RECORD_PATH];
	char longest[MS_RECORD_PATH + 8];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ck_assert_int_eq(
			ms_record_patterns(plain, numbered, rows[i].output, 42, &err),
			MS_OK);
		ck_assert_str_eq(plain, rows[i].plain);
		ck_assert_str_eq(numbered, rows[i].numbered);
	}
	memset(longest, 'x', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	ck_assert_int_eq(ms_record_patterns(plain, numbered, longest, 42, &err),
			 MS_EUSAGE);
}
END_TEST

static void write_child(const char *name, uint64_t pid, uint64_t parent,
			uint64_t start_unix_ns)
{
	struct ms_wire_head head = { .major = MS_WIRE_MAJOR,
				     .head_bytes = MS_WIRE_PAGE,
				     .pid = pid,
				     .parent_pid = parent,
				     .start_unix_ns = start_unix_ns };

	memcpy(head.magic, MS_WIRE_MAGIC, 8);
	head.head_crc = ms_head_check(&head);
	write_file(name, &head, sizeof head);
}

static void write_head(const char *name, uint64_t pid, uint64_t start_unix_ns)
{
	write_child(name, pid, 1, start_unix_ns);
}

START_TEST(finds_the_newest_log_of_a_process)
{
	char path[MS_RECORD_PATH];

	ck_assert_int_eq(ms_record_log(path, "m.%p.bin", 42, 0, &err), MS_OK);
	ck_assert_str_eq(path, "");
	write_head("m.42.bin", 42, 1000);
	ck_assert_int_eq(ms_record_log(path, "m.%p.bin", 42, 0, &err), MS_OK);
	ck_assert_str_eq(path, "m.42.bin");
	ck_assert_int_eq(ms_record_log(path, "m.%p.bin", 42, 1001, &err), MS_OK);
	ck_assert_str_eq(path, "");
	write_head("m.42.1.bin", 42, 3000);
	write_head("m.42.2.bin", 42, 2000);
	write_head("m.42.3.bin", 43, 9000);
	write_file("m.42.4.bin", "no log", 6);
	ck_assert_int_eq(ms_record_log(path, "m.%p.bin", 42, 0, &err), MS_OK);
	ck_assert_str_eq(path, "m.42.1.bin");
	write_head("all.prog.77.bin", 42, 5000);
	ck_assert_int_eq(ms_record_log(path, "all.%e.%t.bin", 42, 0, &err), MS_OK);
	ck_assert_str_eq(path, "all.prog.77.bin");
}
END_TEST

/* The family's logs as one text. */
static const char *family(const char *output, uint64_t pid, uint64_t since)
{
	static char all[4096];
	char **paths;
	size_t count;

	ck_assert_int_eq(ms_record_family(&paths, &count, output, pid, since, &err),
			 MS_OK);
	all[0] = '\0';
	for (size_t i = 0; i < count; i++)
		sprintf(all + strlen(all), "%s%s", i ? " " : "", paths[i]);
	ms_record_family_free(paths, count);
	return all;
}

START_TEST(finds_the_logs_of_a_family)
{
	ck_assert_str_eq(family("f.%p.bin", 42, 0), "");
	write_child("f.50.bin", 50, 42, 3000); /* a child, and its children */
	write_child("f.51.bin", 51, 50, 4000);
	write_child("f.52.bin", 52, 51, 3500); /* the clock was set */
	write_child("f.42.bin", 42, 7, 2000);
	write_child("f.42.1.bin", 42, 7, 2500);
	write_child("f.60.bin", 60, 7, 3000);  /* a sibling's */
	write_child("f.61.bin", 61, 60, 3000); /* whose child's */
	write_child("f.53.bin", 53, 42, 1000); /* of an earlier run */
	write_child("f.62.bin", 62, 62, 3000); /* forged: its own parent */
	write_file("f.99.bin", "no log", 6);
	ck_assert_str_eq(family("f.%p.bin", 42, 2000),
			 "f.42.bin f.42.1.bin f.50.bin f.52.bin f.51.bin");
	ck_assert_str_eq(family("f.%p.bin", 51, 0), "f.52.bin f.51.bin");
	ck_assert_str_eq(family("f.60.bin", 60, 0), "f.60.bin");
	ck_assert_str_eq(
		family("f.%p.bin", 7, 0),
		"f.53.bin f.42.bin f.42.1.bin f.50.bin f.60.bin f.61.bin f.52.bin f.51.bin");
	ck_assert_str_eq(family("f.%p.bin", 1234, 0), "");
}
END_TEST

START_TEST(a_family_survives_want_of_memory)
{
	ms_status status = MS_ENOMEM;
	char **paths = NULL;
	size_t count = 0;
	unsigned long n;

	write_child("w.42.bin", 42, 7, 2000);
	write_child("w.43.bin", 43, 42, 2500);
	for (n = 1; status; n++) {
		ms_alloc_fail_at(n);
		status = ms_record_family(&paths, &count, "w.%p.bin", 42, 0, &err);
		ms_alloc_fail_at(0);
		ck_assert(status == MS_OK || (status == MS_ENOMEM && !paths && !count));
	}
	ck_assert_uint_gt(n, 4);
	ck_assert_uint_eq(count, 2);
	ms_record_family_free(paths, count);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		expands_patterns,
		finds_the_newest_log_of_a_process,
		finds_the_logs_of_a_family,
		a_family_survives_want_of_memory,
	};
	Suite *suite = suite_create("record_log");
	TCase *tcase = tcase_create("record_log");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, begin, finish);
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
