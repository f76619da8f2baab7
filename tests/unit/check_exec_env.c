/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_exec_env.c - environments of programs that are about to be executed.
 *
 * The recorder is no part of the analyzer's library, so its source is compiled in here.
 */
#include "preload/exec_env.c"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define LIBRARY "/opt/ms/libmemscope.so"

static char *settings[] = { "MEMSCOPE_FOLLOW=exec", "MEMSCOPE_OUTPUT=/x/%p.bin", NULL };

static struct ms_exec_rule rule_of(enum ms_exec_how how)
{
	return (struct ms_exec_rule){ how, LIBRARY, settings };
}

/* The changed environment, its entries joined by '|'; "=" when nothing is to be changed.
 */
static const char *changed(enum ms_exec_how how, char *const *envp)
{
	static char text[8192];
	struct ms_exec_rule rule = rule_of(how);
	size_t bytes = ms_exec_env_bytes(&rule, envp), n = 0;
	void *memory;
	char **made;

	if (!bytes)
		return "=";
	memory = malloc(bytes); /* exactly: the sanitizer watches its end */
	made = ms_exec_env_make(&rule, envp, memory, bytes);
	ck_assert_ptr_nonnull(made);
	text[0] = '\0';
	for (size_t i = 0; made[i]; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", i ? "|" : "",
				      made[i]);
	free(memory);
	return text;
}

#define ENV(...) ((char *[]){ __VA_ARGS__, NULL })
#define ADDED	 "MEMSCOPE_FOLLOW=exec|MEMSCOPE_OUTPUT=/x/%p.bin"
#define OURS	 "LD_PRELOAD=" LIBRARY

START_TEST(left_alone)
{
	ck_assert_str_eq(changed(MS_EXEC_LEAVE, NULL), "=");
	ck_assert_str_eq(changed(MS_EXEC_LEAVE, ENV("LD_PRELOAD=x", "A=1")), "=");
	ck_assert_str_eq(changed(MS_EXEC_ADD, ENV("A=1", OURS, settings[0], settings[1])),
			 "=");
	ck_assert_str_eq(changed(MS_EXEC_REMOVE, NULL), "=");
	ck_assert_str_eq(changed(MS_EXEC_REMOVE, ENV("A=1", "LD_PRELOAD=libc.so")), "=");
	ck_assert_str_eq(changed(MS_EXEC_REMOVE, ENV("LD_PRELOAD=", "LD_PRELOAD")), "=");
}
END_TEST

START_TEST(added)
{
	char *empty[] = { NULL };

	ck_assert_str_eq(changed(MS_EXEC_ADD, NULL), OURS "|" ADDED);
	ck_assert_str_eq(changed(MS_EXEC_ADD, empty), OURS "|" ADDED);
	ck_assert_str_eq(changed(MS_EXEC_ADD, ENV("A=1")), "A=1|" OURS "|" ADDED);
	ck_assert_str_eq(changed(MS_EXEC_ADD, ENV("LD_PRELOAD=a.so b.so:c.so", "A=1")),
			 OURS ":a.so b.so:c.so|A=1|" ADDED);
	ck_assert_str_eq(changed(MS_EXEC_ADD, ENV("LD_PRELOAD=")), OURS "|" ADDED);
	ck_assert_str_eq(changed(MS_EXEC_ADD, ENV(OURS, "MEMSCOPE_FOLLOW=none")),
			 OURS "|MEMSCOPE_FOLLOW=none|MEMSCOPE_OUTPUT=/x/%p.bin");
}
END_TEST

START_TEST(removed)
{
	static const struct {
		const char *value, *left; /* NULL: no LD_PRELOAD at all */
	} cases[] = {
		{ LIBRARY, NULL },
		{ "  :" LIBRARY ": ", NULL },
		{ LIBRARY ":a.so", "a.so" },
		{ "a.so " LIBRARY, "a.so" },
		{ "a.so:" LIBRARY " b.so", "a.so:b.so" },
		{ "/elsewhere/libmemscope.so:a.so:libmemscope.so", "a.so" },
		{ "x/libmemscope.so/y.so:" LIBRARY, "x/libmemscope.so/y.so" },
		{ "notlibmemscope.so:" LIBRARY, "notlibmemscope.so" },
		{ "libmemscope.so.bak:" LIBRARY, "libmemscope.so.bak" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char entry[256], want[256];

		snprintf(entry, sizeof(entry), "LD_PRELOAD=%s", cases[i].value);
		snprintf(want, sizeof(want), "A=1|%s%s%sB=2",
			 cases[i].left ? "LD_PRELOAD=" : "",
			 cases[i].left ? cases[i].left : "", cases[i].left ? "|" : "");
		ck_assert_str_eq(changed(MS_EXEC_REMOVE, ENV("A=1", entry, "B=2")), want);
	}
}
END_TEST

/* What no program should hand on, but some do. */
START_TEST(hostile)
{
	char *none[] = { "",
			 "=",
			 "==",
			 "novalue",
			 "LD_PRELOAD",
			 "LD_PRELOADX=1",
			 " LD_PRELOAD=a",
			 "MEMSCOPE_",
			 NULL };
	char *twice[] = { "LD_PRELOAD=a.so", OURS,	  "LD_PRELOAD=b.so",
			  settings[0],	     settings[1], NULL };

	ck_assert_str_eq(
		changed(MS_EXEC_ADD, none),
		"|=|==|novalue|LD_PRELOAD|LD_PRELOADX=1| LD_PRELOAD=a|MEMSCOPE_|" OURS
		"|" ADDED);
	ck_assert_str_eq(changed(MS_EXEC_REMOVE, none), "=");
	ck_assert_str_eq(changed(MS_EXEC_ADD, twice),
			 OURS ":a.so|" OURS "|" OURS ":b.so|" ADDED);
	ck_assert_str_eq(changed(MS_EXEC_REMOVE, twice),
			 "LD_PRELOAD=a.so|LD_PRELOAD=b.so|" ADDED);
}
END_TEST

/* A recorder without a path of its own: its settings are handed on, no more. */
START_TEST(without_a_library)
{
	struct ms_exec_rule rule = { MS_EXEC_ADD, "", settings };
	char *env[] = { "LD_PRELOAD=a.so", NULL }, *memory[8], **made;

	ck_assert_uint_eq(ms_exec_env_bytes(&rule, env), 4 * sizeof(char *));
	made = ms_exec_env_make(&rule, env, memory, sizeof(memory));
	ck_assert_ptr_eq(made[0], env[0]);
	ck_assert_str_eq(made[1], settings[0]);
	ck_assert_ptr_null(made[3]);
	rule.how = MS_EXEC_REMOVE;
	ck_assert_uint_eq(ms_exec_env_bytes(&rule, env), 0);
	rule.how = MS_EXEC_ADD;
	rule.settings = NULL;
	ck_assert_uint_eq(ms_exec_env_bytes(&rule, env), 0);
}
END_TEST

/* Another thread has added to the environment meanwhile: no room is no overflow. */
START_TEST(too_little_memory)
{
	struct ms_exec_rule rule = rule_of(MS_EXEC_ADD);
	char *env[] = { "A=1", "LD_PRELOAD=x.so", "B=2", NULL };
	size_t bytes = ms_exec_env_bytes(&rule, env);

	for (size_t less = 0; less < bytes; less++) {
		void *memory = malloc(less ? less : 1);

		char **made = ms_exec_env_make(&rule, env, memory, less);

		/* a few bytes less than promised may do */
		ck_assert(!made || (less + 16 > bytes && !made[5]));
		free(memory);
	}
	env[0] = "LD_PRELOAD=" LIBRARY ".another.and.much.longer.one";
	ck_assert_uint_gt(ms_exec_env_bytes(&rule, env), bytes);
}
END_TEST

START_TEST(stripped_in_place)
{
	static const char *const cases[][2] = {
		{ "LD_PRELOAD=" LIBRARY, "LD_PRELOAD=" },
		{ "LD_PRELOAD= a.so  " LIBRARY "::b.so ", "LD_PRELOAD=a.so:b.so" },
		{ "LD_PRELOAD= a.so  b.so", "LD_PRELOAD= a.so  b.so" },
		{ "PRELOAD=" LIBRARY, "PRELOAD=" LIBRARY },
		{ "LD_PRELOAD=", "LD_PRELOAD=" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = strlen(cases[i][0]) + 1;
		char *entry = malloc(n);

		memcpy(entry, cases[i][0], n);
		ms_exec_env_strip(entry, LIBRARY);
		ck_assert_str_eq(entry, cases[i][1]);
		for (size_t j = strlen(entry); j < n; j++)
			ck_assert_int_eq(entry[j], 0);
		free(entry);
	}
}
END_TEST

START_TEST(own_piece)
{
	const char *entry = "LD_PRELOAD=a.so:./b/libmemscope.so c.so", *piece;
	size_t length = 0;

	piece = ms_exec_env_own(entry, LIBRARY, &length);
	ck_assert_ptr_nonnull(piece);
	ck_assert_int_eq(strncmp(piece, "./b/libmemscope.so", length), 0);
	ck_assert_uint_eq(length, 18);
	ck_assert_ptr_null(ms_exec_env_own("LD_PRELOAD=a.so", LIBRARY, &length));
	ck_assert_ptr_null(ms_exec_env_own("LD_PRELOAD=a.so", "", &length));
	ck_assert_ptr_null(ms_exec_env_own("", LIBRARY, &length));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("exec_env");
	Suite *suite = suite_create("exec_env");
	SRunner *runner;
	int failed;

	tcase_add_test(tests, left_alone);
	tcase_add_test(tests, added);
	tcase_add_test(tests, removed);
	tcase_add_test(tests, hostile);
	tcase_add_test(tests, without_a_library);
	tcase_add_test(tests, too_little_memory);
	tcase_add_test(tests, stripped_in_place);
	tcase_add_test(tests, own_piece);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
