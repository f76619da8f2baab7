/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_suppress_text.c - suppressions of both forms as they are read: what counts, what
 * is passed over, and which line is to blame.
 */
#include "analyzer/analysis/analysis.h"
#include "analyzer/base/alloc.h"
#include "analyzer/facade/suppress_rules.h"

#include <check.h>
#include <string.h>

static struct ms_rules rules;
static struct ms_error err;

static ms_status parse(const char *text)
{
	ms_rules_release(&rules);
	ms_rules_init(&rules);
	err.text[0] = '\0';
	return ms_rules_parse(&rules, text, strlen(text), "file", 0, &err);
}

static const struct ms_rule *rule(size_t i)
{
	ck_assert_uint_lt(i, rules.count);
	return rules.items[i];
}

static void fails(const char *text, const char *why)
{
	ck_assert_int_eq(parse(text), MS_EFORMAT);
	ck_assert_str_eq(err.text, why);
}

START_TEST(lines)
{
	ck_assert_int_eq(parse("# a comment\n\n  leak:foo \r\n\tleak:^bar$\nleak:a b:c"),
			 MS_OK);
	ck_assert_uint_eq(rules.count, 3);
	ck_assert_str_eq(rule(0)->pattern, "foo");
	ck_assert_uint_eq(rule(0)->shown.line, 3);
	ck_assert_str_eq(rule(0)->shown.origin, "file");
	ck_assert(rule(0)->shown.from_user && !rule(0)->shown.built_in);
	ck_assert_str_eq(rule(0)->faults, "leak");
	ck_assert_str_eq(rule(1)->pattern, "^bar$");
	ck_assert_str_eq(rule(2)->pattern, "a b:c");
	ck_assert_int_eq(parse(""), MS_OK);
	ck_assert_int_eq(parse("\n # nothing\n"), MS_OK);
	ck_assert_uint_eq(rules.count, 0);
}
END_TEST

START_TEST(lines_of_others)
{
	ck_assert_int_eq(parse("race:foo\nleak:bar\nodr_violation:x\n"), MS_OK);
	ck_assert_uint_eq(rules.count, 1);
	fails("leak:a\nleek:b\n", "file:2: neither leak:PATTERN, nor another detector's "
				  "name, ':' and a pattern");
	fails("leak",
	      "file:1: neither leak:PATTERN, nor another detector's name, ':' and "
	      "a pattern");
	fails("leak:  ", "file:1: a pattern is missing after ':'");
}
END_TEST

START_TEST(no_text)
{
	struct ms_rules none;

	ms_rules_init(&none);
	ck_assert_int_eq(ms_rules_parse(&none, "leak:a\0b", 8, "f", 0, &err), MS_EFORMAT);
	ck_assert_str_eq(err.text, "f: not a text of suppressions");
	ck_assert_int_eq(
		ms_rules_parse(&none, "", MS_SUPPRESS_FILE_BYTES + 1, "f", 0, &err),
		MS_EFORMAT);
	ms_rules_release(&none);
}
END_TEST

START_TEST(blocks)
{
	const struct ms_rule *r;

	ck_assert_int_eq(
		parse("# mine\n{\n  a name\n  Memcheck:Leak\n"
		      "  match-leak-kinds: definite,possible\n  fun:malloc\n"
		      "  obj:*/libx.so\n  ...\n  src:a.c:12\n  fun:_ZN1a1bEi\n}\n"
		      "{\n  other\n  Drd,Memcheck:Free\n  fun:free\n}\n"),
		MS_OK);
	ck_assert_uint_eq(rules.count, 2);
	r = rule(0);
	ck_assert_str_eq(r->shown.name, "a name");
	ck_assert_uint_eq(r->shown.line, 3);
	ck_assert_str_eq(r->faults, "leak");
	ck_assert_uint_eq(r->kinds, 1u << MS_LEAK_DEFINITE | 1u << MS_LEAK_POSSIBLE);
	ck_assert_uint_eq(r->line_count, 5);
	ck_assert_int_eq(r->lines[0].place, MS_PLACE_FUNCTION);
	ck_assert(!r->lines[0].wild && !r->lines[0].readable);
	ck_assert_int_eq(r->lines[1].place, MS_PLACE_OBJECT);
	ck_assert(r->lines[1].wild);
	ck_assert_int_eq(r->lines[2].place, MS_PLACE_ANY);
	ck_assert_int_eq(r->lines[3].place, MS_PLACE_SOURCE);
	ck_assert_str_eq(r->lines[3].pattern, "a.c");
	ck_assert_uint_eq(r->lines[3].line, 12);
	ck_assert_str_eq(r->lines[4].readable, "a::b(int)");
	r = rule(1);
	ck_assert_str_eq(r->faults, "free");
	ck_assert_uint_eq(r->kinds, MS_RULE_ALL_KINDS);
}
END_TEST

START_TEST(blocks_of_others)
{
	ck_assert_int_eq(parse("{\nx\nMemcheck:Param\nwrite(buf)\nfun:write\n}\n"
			       "{\ny\nHelgrind:Race\nfun:a\nwhatever it is\n}\n"
			       "{\nz\nMemcheck:Addr8\nfun:b\n}\n"
			       "{\nw\nMemcheck:Leak\nmatch-leak-kinds:none\nfun:c\n}\n"),
			 MS_OK);
	ck_assert_uint_eq(rules.count, 1);
	ck_assert_uint_eq(rule(0)->kinds, 0);
}
END_TEST

START_TEST(names_that_are_cut)
{
	static const struct {
		const char *pattern, *readable;
	} cases[] = { { "_ZN3foo3bar*", "foo::bar*" },
		      { "_Z3foo*", "foo*" },
		      { "_ZNK3foo3barE*", NULL },
		      { "_ZNSt3foo*", "std::foo*" },
		      { "_ZN3fo*", NULL },
		      { "_ZN3foo*Ei", NULL },
		      { "_ZN99999999999999999*", NULL },
		      { "_Z*", NULL },
		      { "_ZN0*", NULL } };
	char text[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *readable;

		snprintf(text, sizeof(text), "{\nx\nMemcheck:Leak\nfun:%s\n}\n",
			 cases[i].pattern);
		ck_assert_int_eq(parse(text), MS_OK);
		readable = rule(0)->lines[0].readable;
		if (cases[i].readable)
			ck_assert_pstr_eq(readable, cases[i].readable);
		else
			ck_assert_ptr_null(readable);
	}
	ck_assert_int_eq(parse("{\nx\nMemcheck:Leak\nfun:f.part.0\n}\n"), MS_OK);
	ck_assert_str_eq(rule(0)->lines[0].pattern, "f");
}
END_TEST

START_TEST(blocks_that_are_none)
{
	char text[4096] = "{\na\nMemcheck:Leak\n";

	fails("{\na\nMemcheck:Leak\nfun:x\n}\nfun:y\n", "file:6: '{' is missing");
	fails("{\n", "file:1: a name is missing after '{'");
	fails("{\n}\n", "file:2: a name is missing after '{'");
	fails("{\na\n", "file:2: TOOL:KIND is missing");
	fails("{\na\nLeak\nfun:x\n}\n", "file:3: TOOL:KIND is missing");
	fails("{\na\nMemcheck:Leak\n", "file:3: '}' is missing");
	fails("{\na\nMemcheck:Leak\nfun:x\n", "file:4: '}' is missing");
	fails("{\na\nMemcheck:Cond\nfun:x\n", "file:4: '}' is missing");
	fails("{\na\nMemcheck:Leak\n}\n", "file:4: a suppression without frames");
	fails("{\na\nMemcheck:Leak\nx\n}\n",
	      "file:4: neither fun:NAME, obj:FILE, src:FILE nor ...");
	fails("{\na\nMemcheck:Leak\nfun:\n}\n",
	      "file:4: neither fun:NAME, obj:FILE, src:FILE nor ...");
	fails("{\na\nMemcheck:Leak\nmatch-leak-kinds: some\nfun:a\n}\n",
	      "file:4: a kind of leak that there is not");
	for (unsigned i = 0; i < 257; i++)
		strcat(text, "fun:x\n");
	fails(text, "file:260: too many frames");
}
END_TEST

START_TEST(without_memory)
{
	static const char *const texts[] = {
		"leak:a\nleak:b\n",
		"{\na\nMemcheck:Leak\nfun:_ZN1a1bEi\nfun:_ZN1a*\n}\n",
	};

	for (size_t t = 0; t < 2; t++) {
		unsigned long n = 0;
		ms_status status;

		do {
			ms_rules_release(&rules);
			ms_rules_init(&rules);
			ms_alloc_fail_at(++n);
			status = ms_rules_parse(&rules, texts[t], strlen(texts[t]), "f",
						0, &err);
			ms_alloc_fail_at(0);
			ck_assert(status == MS_OK || status == MS_ENOMEM);
		} while (status != MS_OK);
		ck_assert_uint_gt(n, 2);
	}
}
END_TEST

static void release(void)
{
	ms_rules_release(&rules);
}

int main(void)
{
	TCase *tests = tcase_create("suppress_text");
	Suite *suite = suite_create("suppress_text");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, NULL, release);
	tcase_add_test(tests, lines);
	tcase_add_test(tests, lines_of_others);
	tcase_add_test(tests, no_text);
	tcase_add_test(tests, blocks);
	tcase_add_test(tests, blocks_of_others);
	tcase_add_test(tests, names_that_are_cut);
	tcase_add_test(tests, blocks_that_are_none);
	tcase_add_test(tests, without_memory);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
