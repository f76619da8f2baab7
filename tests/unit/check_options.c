/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_options.c - the command line's parsing.
 *
 * The command line is no part of the library: its source is compiled into this test.
 */
#include "analyzer/cli/detector_options.c"
#include "analyzer/cli/filter_options.c"
#include "analyzer/cli/gate_options.c"
#include "analyzer/cli/option_values.c"
#include "analyzer/cli/options.c"
#include "analyzer/cli/query_options.c"
#include "analyzer/cli/symbol_options.c"
#include "analyzer/cli/leaks_options.c"
#include "analyzer/cli/record_options.c"
#include "analyzer/cli/render_options.c"
#include "analyzer/cli/suppress_options.c"
#include "analyzer/cli/timeline_options.c"

#include <check.h>

#define ARGS(...)                 \
	(char *[])                \
	{                         \
		__VA_ARGS__, NULL \
	}

static struct cli_options options;

static bool parse(enum cli_command_id command, char **args)
{
	int count = 0;

	while (args[count])
		count++;
	cli_options_release(&options);
	return cli_parse(&options, command, count, args);
}

START_TEST(options_and_traces_mix)
{
	ck_assert(parse(CLI_SUMMARY, ARGS("a", "--sort", "live", "b", "--top=3", "-d",
					  "5", "-fjson")));
	ck_assert_uint_eq(options.arg_count, 2);
	ck_assert_str_eq(options.args[0], "a");
	ck_assert_str_eq(options.args[1], "b");
	ck_assert_int_eq(options.sort, MEMSCOPE_BY_LIVE);
	ck_assert_uint_eq(options.top, 3);
	ck_assert_uint_eq(options.depth, 5);
	ck_assert_int_eq(options.format, MEMSCOPE_JSON);
}
END_TEST

START_TEST(questions_and_what_needs_no_trace)
{
	ck_assert(parse(CLI_QUERY, ARGS("a", "-e", "SELECT 1", "--format", "csv")));
	ck_assert_str_eq(options.query.sql, "SELECT 1");
	ck_assert_uint_eq(options.arg_count, 1);
	ck_assert(parse(CLI_QUERY, ARGS("--schema")));
	ck_assert(parse(CLI_QUERY, ARGS("--show", "memory_leaks")));
	ck_assert(!parse(CLI_QUERY, ARGS("--preset", "memory_leaks")));
	ck_assert(!parse(CLI_SUMMARY, ARGS("--schema")));
}
END_TEST

START_TEST(two_dashes_end_the_options)
{
	ck_assert(parse(CLI_SUMMARY, ARGS("--", "--top")));
	ck_assert_str_eq(options.args[0], "--top");
	ck_assert(parse(CLI_RECORD, ARGS("-o", "x.bin", "--", "ls", "-o")));
	ck_assert_str_eq(options.output, "x.bin");
	ck_assert_uint_eq(options.arg_count, 2);
	ck_assert_str_eq(options.args[1], "-o");
	ck_assert_ptr_null(options.args[2]);
}
END_TEST

START_TEST(the_programs_options_are_its_own)
{
	ck_assert(parse(CLI_RECORD, ARGS("-q", "ls", "--quiet", "--", "-o")));
	ck_assert_uint_eq(options.arg_count, 4);
	ck_assert_str_eq(options.args[2], "--");
	ck_assert_uint_eq(options.setting_count, 1);
}
END_TEST

START_TEST(places_of_symbols_add_up)
{
	ck_assert(parse(CLI_SUMMARY, ARGS("--symbols", "a:b", "--symbols=c", "x")));
	ck_assert_str_eq(options.symbols, "a:b:c");
	ck_assert(!options.no_symbol_cache);
	ck_assert(parse(CLI_SYMBOLS, ARGS("pack", "x", "-o", "p", "--no-symbol-cache")));
	ck_assert_ptr_null(options.symbols);
	ck_assert_str_eq(options.output, "p");
	ck_assert(options.no_symbol_cache);
	ck_assert_uint_eq(options.arg_count, 2);
	ck_assert(!parse(CLI_SUMMARY, ARGS("--symbols", "", "x")));
}
END_TEST

START_TEST(settings_of_the_recorder)
{
	ck_assert(parse(CLI_RECORD, ARGS("--stacks", "fp", "--depth=9",
					 "--no-free-stacks", "--max-size", "10MiB",
					 "--start-off", "--signal", "USR1", "x")));
	ck_assert_uint_eq(options.setting_count, 6);
	ck_assert_str_eq(options.settings[0], "MEMSCOPE_STACKS=fp");
	ck_assert_str_eq(options.settings[1], "MEMSCOPE_DEPTH=9");
	ck_assert_str_eq(options.settings[2], "MEMSCOPE_FREE_STACKS=0");
	ck_assert_str_eq(options.settings[3], "MEMSCOPE_MAX_SIZE=10MiB");
	ck_assert_str_eq(options.settings[4], "MEMSCOPE_START=off");
	ck_assert_str_eq(options.settings[5], "MEMSCOPE_SIGNAL=USR1");
	ck_assert_ptr_null(options.settings[6]);
}
END_TEST

START_TEST(options_of_the_timeline)
{
	ck_assert(parse(CLI_TIMELINE,
			ARGS("--buckets", "7", "--pointer", "0x7fAb", "--inside", "x")));
	ck_assert_uint_eq(options.buckets, 7);
	ck_assert_uint_eq(options.pointer, 0x7fab);
	ck_assert(options.has_pointer && options.inside && !options.events);
	ck_assert(parse(CLI_TIMELINE, ARGS("-e", "-p", "4096", "x")));
	ck_assert(options.events);
	ck_assert_uint_eq(options.pointer, 4096);
	ck_assert(!parse(CLI_TIMELINE, ARGS("--buckets", "0", "x")));
	ck_assert(!parse(CLI_TIMELINE, ARGS("--pointer", "0x", "x")));
	ck_assert(!parse(CLI_TIMELINE, ARGS("--pointer", "-1", "x")));
	ck_assert(!parse(CLI_TIMELINE, ARGS("--pointer", "12fz", "x")));
	ck_assert(!parse(CLI_TIMELINE, ARGS("--pointer", "0x1ffffffffffffffff", "x")));
	ck_assert(!parse(CLI_TIMELINE, ARGS("--lifetime", "1ms..", "x")));
	ck_assert(parse(CLI_LIFETIMES, ARGS("--by", "none", "--sort", "short", "x")));
	ck_assert_int_eq(options.lifetimes_by, MEMSCOPE_LIFETIMES_NONE);
	ck_assert_int_eq(options.lifetimes_sort, MEMSCOPE_LIFETIMES_SHORT);
	ck_assert(!parse(CLI_LIFETIMES, ARGS("--by", "module", "x")));
}
END_TEST

START_TEST(options_of_the_gate)
{
	ck_assert(parse(CLI_GATE, ARGS("--max-peak", "1M", "--max-live=2K@peak", "a",
				       "--tolerance", "1%", "--depth", "3")));
	ck_assert_uint_eq(options.gate.budget_count, 2);
	ck_assert_int_eq(options.gate.budgets[1].metric, MEMSCOPE_GATE_LIVE);
	ck_assert_int_eq(options.gate.budgets[1].at.kind, MEMSCOPE_AT_PEAK);
	ck_assert_uint_eq(options.gate.tolerance.share, 1000);
	ck_assert(parse(CLI_RECORD, ARGS("--gate", "--max-peak", "1M", "ls")));
	ck_assert(parse(CLI_RECORD, ARGS("-g", "ls", "--max-peak", "1M")));
	ck_assert_uint_eq(options.gate.budget_count, 0);
	ck_assert(!parse(CLI_RECORD, ARGS("--max-peak", "1M", "ls")));
	ck_assert(!parse(CLI_RECORD, ARGS("--no-built-in-suppressions", "ls")));
	ck_assert(!parse(CLI_GATE, ARGS("--max-peak", "large", "a")));
	ck_assert(!parse(CLI_GATE, ARGS("--gate", "a")));
}
END_TEST

START_TEST(times)
{
	ck_assert(parse(CLI_SNAPSHOT, ARGS("--at", "40%", "x")));
	ck_assert_int_eq(options.at.kind, MEMSCOPE_AT_PERCENT);
	ck_assert_uint_eq(options.at.value, 40000);
	ck_assert(parse(CLI_SNAPSHOT, ARGS("--at", "12.5s", "x")));
	ck_assert_int_eq(options.at.kind, MEMSCOPE_AT_NS);
	ck_assert_uint_eq(options.at.value, 12500000000);
	ck_assert(parse(CLI_SNAPSHOT, ARGS("--at", "peak", "--blocks", "x")));
	ck_assert_int_eq(options.at.kind, MEMSCOPE_AT_PEAK);
	ck_assert_int_eq(options.by, MEMSCOPE_GROUP_NONE);
	ck_assert(parse(CLI_DUMP, ARGS("--from", "0.001%", "--to", "100%", "x")));
	ck_assert(options.has_from && options.has_to);
	ck_assert_uint_eq(options.from.value, 1);
	ck_assert_uint_eq(options.to.value, 100000);
}
END_TEST

START_TEST(leaks_options)
{
	ck_assert(parse(CLI_LEAKS, ARGS("--map", "3", "--since", "2", "x")));
	ck_assert_uint_eq(options.map, 3);
	ck_assert_uint_eq(options.since, 2);
	ck_assert(!parse(CLI_LEAKS, ARGS("--since", "0", "x")));
	ck_assert(parse(CLI_LEAKS, ARGS("--size", "1..2", "--from", "1s", "x")));
	ck_assert(options.filter.use_size && options.has_from);
	ck_assert(parse(CLI_LEAKS, ARGS("--lifetime", "1s..", "--site", "a", "x")));
	ck_assert(options.filter.use_lifetime);
	ck_assert(!parse(CLI_LEAKS, ARGS("--freed", "x")));
}
END_TEST

START_TEST(zero_means_all)
{
	ck_assert(parse(CLI_SUMMARY, ARGS("-n", "0", "-d0", "x")));
	ck_assert_uint_eq(options.top, UINT_MAX);
	ck_assert_uint_eq(options.depth, UINT_MAX);
	ck_assert(parse(CLI_SUMMARY, ARGS("--width", "0", "x")));
	ck_assert(options.has_width && options.width == 0);
}
END_TEST

struct bad {
	enum cli_command_id command;
	char *args[4];
	const char *says;
};

static struct bad bad[] = {
	{ CLI_SUMMARY, { "--frob", "x" }, "--frob" },
	{ CLI_SUMMARY, { "--sort", "size", "x" }, "size" },
	{ CLI_SUMMARY, { "--sort" }, "needs ORDER" },
	{ CLI_SUMMARY, { "-n", "-1", "x" }, "-1" },
	{ CLI_SUMMARY, { "-n", "99999999999", "x" }, "99999999999" },
	{ CLI_SUMMARY, { "-n", "", "x" }, "''" },
	{ CLI_SUMMARY, { "--format=xml", "x" }, "xml" },
	{ CLI_SUMMARY, { "--at", "peak", "x" }, "--at" },
	{ CLI_SUMMARY, { "-x" }, "-x" },
	{ CLI_SUMMARY, { NULL }, "no trace" },
	{ CLI_INFO, { "--windows=1", "x" }, "takes no value" },
	{ CLI_SNAPSHOT, { "--at", "101%", "x" }, "101%" },
	{ CLI_SNAPSHOT, { "--at", "1.2345%", "x" }, "1.2345%" },
	{ CLI_SNAPSHOT, { "--at", "%", "x" }, "'%'" },
	{ CLI_SNAPSHOT, { "--at", "12", "x" }, "'12'" },
	{ CLI_SNAPSHOT, { "--by", "colour", "x" }, "colour" },
	{ CLI_RECORD, { "--max-size", "much", "x" }, "much" },
	{ CLI_RECORD, { "--stacks", "some", "x" }, "some" },
	{ CLI_RECORD, { "-o", "x" }, "no program" },
};

START_TEST(wrong_usage_is_named)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		ck_assert_msg(!parse(bad[i].command, bad[i].args), "case %zu", i);
		ck_assert_msg(strstr(cli_parse_message(), bad[i].says) != NULL,
			      "case %zu: %s", i, cli_parse_message());
	}
	cli_options_release(&options);
}
END_TEST

/* Every command's --help names each of its options once, and no letter means two things.
 */
START_TEST(the_table_is_sound)
{
	for (size_t i = 0; i < COUNT(table); i++) {
		ck_assert_uint_ne(table[i].commands, 0);
		for (size_t j = i + 1; j < COUNT(table); j++) {
			unsigned both = table[i].commands & table[j].commands;

			ck_assert(!both || strcmp(table[i].name, table[j].name) != 0);
			ck_assert(!both || !table[i].letter ||
				  table[i].letter != table[j].letter);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("options");
	TCase *tcase = tcase_create("options");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, options_and_traces_mix);
	tcase_add_test(tcase, questions_and_what_needs_no_trace);
	tcase_add_test(tcase, two_dashes_end_the_options);
	tcase_add_test(tcase, the_programs_options_are_its_own);
	tcase_add_test(tcase, places_of_symbols_add_up);
	tcase_add_test(tcase, settings_of_the_recorder);
	tcase_add_test(tcase, options_of_the_timeline);
	tcase_add_test(tcase, options_of_the_gate);
	tcase_add_test(tcase, times);
	tcase_add_test(tcase, leaks_options);
	tcase_add_test(tcase, zero_means_all);
	tcase_add_test(tcase, wrong_usage_is_named);
	tcase_add_test(tcase, the_table_is_sound);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
