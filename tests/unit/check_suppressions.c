/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_suppressions.c - who takes which finding, and what reports say of it.
 */
#include "analyzer/facade/suppressions.h"
#include "analyzer/base/alloc.h"
#include "analyzer/facade/facade.h"
#include "tests/unit/map_builder.h"
#include "tests/unit/taken_text.h"

#include <check.h>
#include <jansson.h>

#define AT(ns)	     (LB_START_TICKS + (ns))
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char log_path[64], lsan_path[64], valgrind_path[64];
static uint32_t one, two; /* stacks */

static void write_file(char *path, const char *contents)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(contents, f);
	ck_assert_int_eq(fclose(f), 0);
}

/* 0x2000 of libone and 0x3000, which hangs on it; 0x4000 of libtwo; all lost. */
static void build_log(void)
{
	struct log_builder lb;
	struct map_builder m;

	lb_init(&lb);
	lb_module(&lb, 1, AT(1), 0x400000, 0x400000, 0x500000, "\x01\x02\x03", 3,
		  "/none/libone.so");
	lb_module(&lb, 2, AT(1), 0x600000, 0x600000, 0x700000, "\x01\x02\x04", 3,
		  "/none/libtwo.so");
	one = lb_node(&lb, 1, 0x1000, 0);
	two = lb_node(&lb, 2, 0x2000, 0);
	lb_event(&lb, 1, AT(100), MS_EVENT_MALLOC, 0x2000, 64, one);
	lb_event(&lb, 1, AT(101), MS_EVENT_MALLOC, 0x3000, 32, two);
	lb_event(&lb, 1, AT(102), MS_EVENT_CALLOC, 0x4000, 16, two);
	mb_begin(&m);
	mb_region(&m, MS_REGION_BREAK, 0x1000, 0x10000, 0);
	mb_point(&m, 0x2008, 0x3000);
	mb_end(&m);
	mb_told(&lb, 1, AT(950), MS_NOMAP_BEGUN);
	mb_add(&lb, &m, 1);
	lb_end(&lb, AT(1000));
	lb_save(&lb, log_path);
	lb_release(&lb);
}

static void build(void)
{
	snprintf(log_path, sizeof(log_path), "suppressed.%d.bin", (int)getpid());
	snprintf(lsan_path, sizeof(lsan_path), "suppressed.%d.lsan", (int)getpid());
	snprintf(valgrind_path, sizeof(valgrind_path), "suppressed.%d.supp",
		 (int)getpid());
	build_log();
	write_file(lsan_path, "leak:libone.so\nleak:nowhere\n");
	write_file(valgrind_path, "{\n  both\n  Memcheck:Leak\n  match-leak-kinds: "
				  "definite\n  fun:calloc\n  obj:*\n}\n");
}

static void unbuild(void)
{
	unlink(log_path);
	unlink(lsan_path);
	unlink(valgrind_path);
}

static struct memscope *opened(void)
{
	const char *paths[] = { log_path };
	struct memscope_error err = { "" };
	struct memscope *m;

	ck_assert_int_eq(memscope_open(&m, paths, 1, NULL, &err), MEMSCOPE_OK);
	return m;
}

/* --- asking ----------------------------------------------------------------------------
 */

static const char *taker(struct ms_suppressions *s, const char *detector,
			 const char *kind, uint32_t stack, uint8_t event)
{
	const struct ms_suppressible what = { .detector = detector,
					      .kind = kind,
					      .stack = stack,
					      .event = event,
					      .blocks = 2,
					      .bytes = 10 };
	const struct ms_suppression *by;
	struct ms_error err;

	ck_assert_int_eq(ms_suppressed(s, &what, &by, &err), MS_OK);
	return by ? by->name : "";
}

START_TEST(who_takes_what)
{
	const char *files[] = { valgrind_path, lsan_path };
	const struct memscope_suppress options = { .files = files, .file_count = 2 };
	struct memscope *m = opened();
	struct ms_suppressions *s;
	struct ms_error err;

	ck_assert_int_eq(ms_suppressions_new(&s, m, &options, &err), MS_OK);
	ck_assert_str_eq(taker(s, "leak", "definite", one, MS_EVENT_MALLOC), "libone.so");
	ck_assert_str_eq(taker(s, "leak", "possible", one, MS_EVENT_CALLOC), "libone.so");
	/* the first in order; which call it was is not known */
	ck_assert_str_eq(taker(s, "growth", "site", one, 0), "both");
	ck_assert_str_eq(taker(s, "leak", "definite", two, MS_EVENT_CALLOC), "both");
	ck_assert_str_eq(taker(s, "leak", "possible", two, MS_EVENT_CALLOC), "");
	ck_assert_str_eq(taker(s, "double_free", "", one, MS_EVENT_FREE), "");
	ck_assert_str_eq(taker(s, "leak", "definite", 0, MS_EVENT_MALLOC), "");
	/* asked again it is counted again, and one finding */
	ck_assert_str_eq(taker(s, "leak", "definite", one, MS_EVENT_MALLOC), "libone.so");
	ck_assert_str_eq(ms_suppressions_item(s, 0)->name, "both");
	ck_assert_uint_eq(ms_suppressions_item(s, 0)->blocks, 4);
	ck_assert_uint_eq(ms_suppressions_item(s, 1)->findings, 2);
	ck_assert_uint_eq(ms_suppressions_item(s, 1)->bytes, 30);
	ck_assert_uint_eq(ms_suppressions_item(s, 2)->findings, 0);
	ck_assert_ptr_null(ms_suppressions_note(s, 0));
	ms_suppressions_free(s);
	memscope_close(m);
}
END_TEST

START_TEST(none)
{
	const struct memscope_suppress options = { .no_built_in = 1 };
	struct memscope *m = opened();
	struct ms_suppressions *s;
	struct ms_error err;

	ck_assert_int_eq(ms_suppressions_new(&s, m, &options, &err), MS_OK);
	ck_assert_ptr_null(ms_suppressions_item(s, 0));
	ck_assert_str_eq(taker(s, "leak", "definite", one, 0), "");
	ck_assert_str_eq(taker(NULL, "leak", "definite", one, 0), "");
	ms_suppressions_free(s);
	ms_suppressions_free(NULL);
	memscope_close(m);
}
END_TEST

START_TEST(files_that_are_none)
{
	const char *files[] = { "/none/at/all" };
	const struct memscope_suppress options = { .files = files, .file_count = 1 };
	struct ms_suppressions *s;
	struct ms_error err;

	ck_assert_int_eq(ms_suppressions_new(&s, NULL, &options, &err), MS_EIO);
	ck_assert_str_eq(err.text, "/none/at/all: No such file or directory");
	files[0] = "/";
	ck_assert_int_eq(ms_suppressions_new(&s, NULL, &options, &err), MS_EIO);
	ck_assert_str_eq(err.text, "/: Is a directory");
	files[0] = log_path;
	ck_assert_int_eq(ms_suppressions_new(&s, NULL, &options, &err), MS_EFORMAT);
	ck_assert_ptr_null(s);
}
END_TEST

/* --- the report ------------------------------------------------------------------------
 */

static int leaks(struct memscope *m, enum memscope_format format, int blocks)
{
	const char *files[] = { lsan_path };
	const struct memscope_leaks_options options = { .all = 1,
							.blocks = blocks,
							.suppress = { .files = files,
								      .file_count = 1 } };
	const struct memscope_output output = { .write = take, .format = format };
	struct memscope_error err = { "" };

	text_len = 0;
	text[0] = '\0';
	return memscope_leaks(m, &options, &output, &err);
}

static json_int_t number(const json_t *document, const char *path)
{
	const json_t *at = document;
	char copy[128], *state, *part;

	snprintf(copy, sizeof(copy), "%s", path);
	for (part = strtok_r(copy, ".", &state); part; part = strtok_r(NULL, ".", &state))
		at = part[0] == '0' ? json_array_get(at, 0) : json_object_get(at, part);
	ck_assert_msg(json_is_integer(at), "%s", path);
	return json_integer_value(at);
}

START_TEST(leaks_leave_them_aside)
{
	struct memscope *m = opened();
	json_t *document;

	ck_assert_int_eq(leaks(m, MEMSCOPE_JSON, 0), MEMSCOPE_OK);
	document = json_loads(text, 0, NULL);
	ck_assert_ptr_nonnull(document);
	/* the totals are whole; what hangs on a suppressed block goes with it */
	ck_assert_int_eq(number(document, "definite.bytes"), 80);
	ck_assert_int_eq(number(document, "indirect.bytes"), 32);
	ck_assert_int_eq(number(document, "suppressed.bytes"), 96);
	ck_assert_int_eq(number(document, "suppressed.blocks"), 2);
	ck_assert_int_eq(number(document, "suppressed.findings"), 1);
	ck_assert_int_eq(number(document, "suppressed.by.0.line"), 1);
	ck_assert_uint_eq(json_array_size(json_object_get(document, "sites")), 1);
	ck_assert_int_eq(number(document, "sites.0.bytes"), 16);
	ck_assert_int_eq(number(document, "unused_suppressions.0.line"), 2);
	json_decref(document);
	ck_assert_int_eq(leaks(m, MEMSCOPE_TEXT, 0), MEMSCOPE_OK);
	ck_assert_ptr_nonnull(
		strstr(text, "suppressed: 96 bytes in 2 blocks (libone.so)"));
	ck_assert_ptr_nonnull(strstr(text, "unused suppression: nowhere"));
	ck_assert_int_eq(leaks(m, MEMSCOPE_CSV, 1), MEMSCOPE_OK);
	ck_assert_ptr_nonnull(strstr(text, ",0x4000,"));
	ck_assert_ptr_null(strstr(text, ",0x2000,"));
	ck_assert_ptr_null(strstr(text, ",0x3000,"));
	memscope_close(m);
}
END_TEST

START_TEST(the_list)
{
	const struct memscope_output output = { .write = take, .format = MEMSCOPE_CSV };
	struct memscope_error err;

	text_len = 0;
	ck_assert_int_eq(memscope_suppressions(&output, &err), MEMSCOPE_OK);
	ck_assert_ptr_nonnull(strstr(text, "\nstdio-buffers,"));
}
END_TEST

START_TEST(every_allocation_fails_in_turn)
{
	const enum memscope_format format = _i ? MEMSCOPE_TEXT : MEMSCOPE_JSON;
	int status = MEMSCOPE_NO_MEMORY;
	unsigned long n = 0;

	while (status != MEMSCOPE_OK) {
		struct memscope *m = opened();

		ms_alloc_fail_at(++n);
		status = leaks(m, format, 0);
		ms_alloc_fail_at(0);
		ck_assert(status == MEMSCOPE_OK || status == MEMSCOPE_NO_MEMORY);
		memscope_close(m);
	}
	ck_assert_uint_gt(n, 30);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("suppressions");
	Suite *suite = suite_create("suppressions");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_unchecked_fixture(tests, build, unbuild);
	tcase_add_test(tests, who_takes_what);
	tcase_add_test(tests, none);
	tcase_add_test(tests, files_that_are_none);
	tcase_add_test(tests, leaks_leave_them_aside);
	tcase_add_test(tests, the_list);
	tcase_add_loop_test(tests, every_allocation_fails_in_turn, 0, 2);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
