/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_gate_budgets.c - budgets, tolerances and files of budgets, right and wrong ones.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/facade/gate.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct ms_gate_budgets budgets;
static struct ms_error err;

static ms_status parse(const char *text)
{
	ms_gate_budgets_release(&budgets);
	ms_gate_budgets_init(&budgets);
	err.text[0] = '\0';
	return ms_gate_budgets_parse(&budgets, "b.txt", text, strlen(text), &err);
}

static void setup(void)
{
	ms_gate_budgets_init(&budgets);
}

static void teardown(void)
{
	ms_gate_budgets_release(&budgets);
}

START_TEST(limits)
{
	static const struct {
		const char *metric, *limit;
		int good;
		uint64_t value;
		int share;
	} rows[] = {
		{ "leaked", "0", 1, 0, 0 },
		{ "peak", "1.5MiB", 1, 3 << 19, 0 },
		{ "allocations", "1000", 1, 1000, 0 },
		{ "allocations", "1K", 0, 0, 0 },
		{ "leaked-blocks", "7", 1, 7, 0 },
		{ "temporary", "12.5%", 1, 12500, 1 },
		{ "temporary", "100%", 1, 100000, 1 },
		{ "temporary", "100.001%", 0, 0, 0 },
		{ "temporary", "0.001%", 1, 1, 1 },
		{ "temporary", "0.0001%", 0, 0, 0 },
		{ "temporary", ".5%", 0, 0, 0 },
		{ "temporary", "5.%", 0, 0, 0 },
		{ "temporary", "%", 0, 0, 0 },
		{ "temporary", "5", 1, 5, 0 },
		{ "peak", "5%", 0, 0, 0 },
		{ "unfreed", "-1", 0, 0, 0 },
		{ "unfreed", "", 0, 0, 0 },
		{ "live", "4KiB@peak", 1, 4096, 0 },
		{ "live", "4KiB@noon", 0, 0, 0 },
		{ "live", "@peak", 0, 0, 0 },
		{ "speed", "1", 0, 0, 0 },
	};
	struct memscope_gate_budget b;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int good = memscope_gate_parse_budget(rows[i].metric, rows[i].limit,
						      &b) == 0;

		ck_assert_msg(good == rows[i].good, "%s %s", rows[i].metric,
			      rows[i].limit);
		if (!good)
			continue;
		ck_assert_uint_eq(b.limit, rows[i].value);
		ck_assert_int_eq(b.share, rows[i].share);
	}
	ck_assert_int_eq(memscope_gate_parse_budget("live", "1@mark:idle", &b), 0);
	ck_assert_int_eq(b.at.kind, MEMSCOPE_AT_MARK);
	ck_assert_str_eq(b.at.mark, "idle");
}
END_TEST

START_TEST(tolerances)
{
	struct memscope_gate_tolerance t;

	ck_assert_int_eq(memscope_gate_parse_tolerance("0%", &t), 0);
	ck_assert_uint_eq(t.share, 0);
	ck_assert_uint_eq(t.bytes, 64 << 10);
	ck_assert_uint_eq(t.calls, 100);
	ck_assert_int_eq(memscope_gate_parse_tolerance("250%,1MiB,7", &t), 0);
	ck_assert_uint_eq(t.share, 250000);
	ck_assert_uint_eq(t.bytes, 1 << 20);
	ck_assert_uint_eq(t.calls, 7);
	ck_assert_int_eq(memscope_gate_parse_tolerance("", &t), -1);
	ck_assert_int_eq(memscope_gate_parse_tolerance("5", &t), -1);
	ck_assert_int_eq(memscope_gate_parse_tolerance("5%,", &t), -1);
	ck_assert_int_eq(memscope_gate_parse_tolerance("5%,1,2,3", &t), -1);
	ck_assert_int_eq(memscope_gate_parse_tolerance("5%,1,x", &t), -1);
}
END_TEST

START_TEST(lines)
{
	ck_assert_int_eq(
		parse("# a comment\n\n"
		      "parser/  peak\t2MiB\r\n"
		      "\"operator new.*vector \\\"a\\\\b\" allocations 10 # why\n"
		      "  . temporary 50%"),
		MS_OK);
	ck_assert_uint_eq(budgets.count, 3);
	ck_assert_str_eq(budgets.items[0].pattern, "parser/");
	ck_assert_uint_eq(budgets.items[0].line, 3);
	ck_assert_int_eq(budgets.items[0].b.metric, MEMSCOPE_GATE_PEAK);
	ck_assert_uint_eq(budgets.items[0].b.limit, 2 << 20);
	ck_assert_str_eq(budgets.items[1].pattern, "operator new.*vector \"a\\b");
	ck_assert_str_eq(budgets.items[1].file, "b.txt");
	ck_assert_uint_eq(budgets.items[2].line, 5);
	ck_assert(budgets.items[2].b.share);
}
END_TEST

START_TEST(wrong_lines_are_named)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{ "a peak\n", "b.txt:1: a budget is SITE METRIC LIMIT" },
		{ "# x\na peak 1 2\n", "b.txt:2: more than" },
		{ "\"a peak 1\n", "b.txt:1: a budget is SITE METRIC LIMIT" },
		{ "a speed 1\n", "b.txt:1: no METRIC" },
		{ "a peak x\n", "b.txt:1: no METRIC" },
		{ "\n\n( peak 1\n", "b.txt:3: the site is no regular expression" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(parse(rows[i].text), MS_EFORMAT);
		ck_assert_msg(strncmp(err.text, rows[i].said, strlen(rows[i].said)) == 0,
			      "%s", err.text);
	}
	ck_assert_int_eq(ms_gate_budgets_parse(&budgets, "b", "a\0b peak 1", 10, &err),
			 MS_EFORMAT);
	ck_assert_int_eq(ms_gate_budgets_read(&budgets, "/none/b", &err), MS_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "/none/b"));
	ck_assert_int_eq(ms_gate_budgets_read(&budgets, "/", &err), MS_EIO);
}
END_TEST

/* Whatever the bytes: lines or the number of a wrong one. */
START_TEST(any_bytes)
{
	static const char letters[] = "a. \"\\\t\n#1%@peaklivetmorys,\r";
	uint64_t state = 0x6275646765747331;

	for (int round = 0; round < 3000; round++) {
		char text[200];
		size_t len;

		for (len = 0; len < 40 + (size_t)round % 120; len++) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			text[len] = letters[(state >> 33) % (sizeof(letters) - 1)];
		}
		text[len] = '\0';
		if (parse(text) != MS_OK)
			ck_assert_msg(strncmp(err.text, "b.txt:", 6) == 0, "%s",
				      err.text);
	}
}
END_TEST

START_TEST(every_failing_allocation_is_told)
{
	ms_status status = MS_ENOMEM;
	unsigned long n;

	for (n = 1; status != MS_OK; n++) {
		ms_alloc_fail_at(n);
		status = parse("a peak 1\n\"b c\" leaked 2\n");
		ms_alloc_fail_at(0);
		ck_assert(status == MS_OK || status == MS_ENOMEM);
	}
	ck_assert_uint_gt(n, 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gate_budgets");
	TCase *tests = tcase_create("gate_budgets");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, limits);
	tcase_add_test(tests, tolerances);
	tcase_add_test(tests, lines);
	tcase_add_test(tests, wrong_lines_are_named);
	tcase_add_test(tests, any_bytes);
	tcase_add_test(tests, every_failing_allocation_is_told);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
