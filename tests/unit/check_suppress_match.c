/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_suppress_match.c - patterns against names, and suppressions against stacks; both
 * beside slow and obvious models.
 */
#include "analyzer/facade/suppress_rules.h"
#include "common/event.h"

#include <check.h>
#include <stdio.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- patterns --------------------------------------------------------------------------
 */

START_TEST(lsan_patterns)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} cases[] = {
		{ "foo", "a foo b", true }, { "foo", "fo", false },
		{ "^foo", "foobar", true }, { "^foo", "a foo", false },
		{ "foo$", "a foo", true },  { "foo$", "foo b", false },
		{ "^foo$", "foo", true },   { "^foo$", "foofoo", false },
		{ "a*c", "xabbbcx", true }, { "a*c", "xcbbbax", false },
		{ "^a*c$", "abc", true },   { "^*b", "ab", true },
		{ "a*$", "abc", true },	    { "*", "x", true },
		{ "*", "", false },	    { "a*b*c", "a1b2c3", true },
		{ "a$b", "a", true },	    { "std::", "std::vector<int>", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ck_assert_msg(ms_lsan_match(cases[i].pattern, cases[i].text) ==
				      cases[i].matches,
			      "'%s' and '%s'", cases[i].pattern, cases[i].text);
	ck_assert(!ms_lsan_match("a", NULL));
}
END_TEST

static bool glob_model(const char *pattern, const char *text)
{
	if (!*pattern)
		return !*text;
	if (*pattern == '*')
		return glob_model(pattern + 1, text) ||
		       (*text && glob_model(pattern, text + 1));
	return *text && (*pattern == '?' || *pattern == *text) &&
	       glob_model(pattern + 1, text + 1);
}

/* Without '$', what is to be found anywhere is a glob between two stars. */
static bool lsan_model(const char *pattern, const char *text)
{
	char glob[64];

	snprintf(glob, sizeof(glob), "%s%s*", *pattern == '^' ? "" : "*",
		 pattern + (*pattern == '^'));
	return *text && glob_model(glob, text);
}

static void make_text(char *out, size_t most, const char *letters)
{
	size_t len = (size_t)rand() % most;

	for (size_t i = 0; i < len; i++)
		out[i] = letters[(size_t)rand() % strlen(letters)];
	out[len] = '\0';
}

START_TEST(patterns_as_the_model)
{
	unsigned seed = (unsigned)getpid(), matched = 0;

	srand(seed);
	for (unsigned i = 0; i < 20000; i++) {
		char pattern[10], text[10], begin[12];
		bool wanted;

		make_text(pattern, 9, "ab*?");
		make_text(text, 9, "ab");
		wanted = glob_model(pattern, text);
		ck_assert_msg(ms_name_match(pattern, text) == wanted,
			      "seed %u: glob '%s' and '%s'", seed, pattern, text);
		matched += wanted;
		make_text(pattern, 9, "ab*");
		snprintf(begin, sizeof(begin), "%s%s", rand() % 2 ? "^" : "", pattern);
		/* a literal that must begin the text is not looked for further on */
		ck_assert_msg(ms_lsan_match(begin, text) == lsan_model(begin, text),
			      "seed %u: '%s' and '%s'", seed, begin, text);
	}
	ck_assert_uint_gt(matched, 1000);
}
END_TEST

START_TEST(plain_names)
{
	ck_assert_uint_eq(ms_plain_name("foo"), 3);
	ck_assert_uint_eq(ms_plain_name("foo.part.0"), 3);
	ck_assert_uint_eq(ms_plain_name("foo(int) [clone .constprop.0]"), 8);
	ck_assert_uint_eq(ms_plain_name("foo.isra.0.cold"), 3);
	ck_assert_uint_eq(ms_plain_name("foo@@V_1"), 3);
	ck_assert_uint_eq(ms_plain_name(".cold"), 5);
}
END_TEST

/* --- stacks ----------------------------------------------------------------------------
 */

static struct ms_rules rules;
static struct ms_frame frames[16];
static const struct ms_frame *pointers[16];
static struct ms_stack_frames stack = { .items = pointers };

/* "function@module", leaf first; '+' before it: inlined; NULL at the end. */
static void make_stack(uint8_t event, ...)
{
	static char texts[16][128];
	const char *text;
	va_list args;

	stack.count = 0;
	stack.event = event;
	va_start(args, event);
	while ((text = va_arg(args, const char *)) != NULL) {
		struct ms_frame *frame = &frames[stack.count];
		char *copy = texts[stack.count], *at;

		snprintf(copy, sizeof(texts[0]), "%s", text + (*text == '+'));
		at = strchr(copy, '@');
		if (at)
			*at = '\0';
		*frame = (struct ms_frame){ .function = *copy ? copy : NULL,
					    .module = at ? at + 1 : "/bin/app",
					    .file = "/src/dir/file.c",
					    .line = (uint32_t)stack.count + 1,
					    .inlined = *text == '+' };
		pointers[stack.count++] = frame;
	}
	va_end(args);
}

static bool matches(const char *lines)
{
	char text[512];
	struct ms_error err;

	ms_rules_release(&rules);
	ms_rules_init(&rules);
	if (*lines == 'f' || *lines == '.' || *lines == 'o' || *lines == 's')
		snprintf(text, sizeof(text), "{\nx\nMemcheck:Leak\n%s\n}\n", lines);
	else
		snprintf(text, sizeof(text), "%s\n", lines);
	ck_assert_int_eq(ms_rules_parse(&rules, text, strlen(text), "f", 0, &err), MS_OK);
	ck_assert_uint_eq(rules.count, 1);
	return ms_rule_matches(rules.items[0], &stack);
}

START_TEST(frames_of_valgrind)
{
	make_stack(MS_EVENT_MALLOC, "leaf", "+in", "middle@/lib/libm.so", "a::b(int)",
		   "main", NULL);
	ck_assert(matches("fun:malloc\nfun:leaf"));
	ck_assert(!matches("fun:calloc\nfun:leaf"));
	ck_assert(!matches("fun:leaf"));
	ck_assert(matches("fun:malloc"));
	ck_assert(matches("fun:*alloc\nfun:le?f\nfun:in\nfun:middle"));
	ck_assert(matches("fun:malloc\nfun:leaf\nfun:middle"));
	ck_assert(!matches("fun:malloc\nfun:leaf\nfun:main"));
	ck_assert(matches("fun:malloc\n...\nfun:main"));
	ck_assert(matches("...\nfun:middle\n...\nfun:main\n..."));
	ck_assert(!matches("...\nfun:main\nfun:middle"));
	ck_assert(!matches("...\nfun:nobody"));
	ck_assert(matches("...\nobj:*/libm.so\nfun:_ZN1a1bEi"));
	ck_assert(matches("...\nfun:_ZN1a*\nfun:main"));
	ck_assert(!matches("...\nfun:_ZN1a1cEi"));
	ck_assert(matches("fun:malloc\nsrc:file.c:1"));
	ck_assert(!matches("fun:malloc\nsrc:file.c:2"));
	ck_assert(matches("fun:malloc\nsrc:/src/*"));
	ck_assert(matches("obj:*/vgpreload_memcheck*\nfun:leaf"));
	ck_assert(matches("...\n..."));
	/* more frames than there are */
	ck_assert(!matches("fun:malloc\n...\nfun:main\nfun:main"));
	ck_assert(matches("fun:malloc\n...\nfun:main\n..."));
}
END_TEST

START_TEST(calls_of_the_allocator)
{
	make_stack(MS_EVENT_NEW_ARRAY, "operator new(unsigned long)@/lib/libstdc++.so.6",
		   "make", NULL);
	ck_assert(matches("fun:_Znam\nfun:make"));
	ck_assert(matches("fun:_Zna*\nfun:make"));
	ck_assert(matches("fun:operator new[](unsigned long)\nfun:make"));
	ck_assert(!matches("fun:make"));
	make_stack(MS_EVENT_REALLOC_NULL, "make", NULL);
	ck_assert(matches("fun:realloc\nfun:make"));
	ck_assert(matches("fun:malloc\nfun:realloc\nfun:make"));
	make_stack(MS_EVENT_POSIX_MEMALIGN, "make", NULL);
	ck_assert(matches("fun:memalign\nfun:posix_memalign\nfun:make"));
	make_stack(0, "make", NULL);
	ck_assert(matches("fun:calloc\nfun:make"));
	ck_assert(!matches("fun:strdup\nfun:make"));
	make_stack(MS_EVENT_FREE, "", "x.part.0", NULL);
	ck_assert(matches("fun:free\nfun:*\nfun:x"));
	ck_assert(matches("fun:free\nobj:/bin/app\nfun:x.part.1"));
	make_stack(MS_EVENT_MALLOC, NULL);
	ck_assert(matches("fun:malloc"));
	ck_assert(!matches("fun:malloc\nfun:*"));
}
END_TEST

START_TEST(frames_of_lsan)
{
	make_stack(MS_EVENT_MALLOC, "leaf", "+in", "a::b(int)@/lib/libm.so", NULL);
	ck_assert(matches("leak:^leaf$"));
	ck_assert(matches("leak:a::b"));
	ck_assert(matches("leak:libm.so"));
	ck_assert(matches("leak:file.c"));
	ck_assert(matches("leak:^in$"));
	ck_assert(!matches("leak:malloc"));
	ck_assert(!matches("leak:^file.c"));
}
END_TEST

/* Every way to lay lines over frames. */
static bool stack_model(const char *lines, const char *calls)
{
	if (!*lines)
		return true;
	if (*lines == '.')
		return stack_model(lines + 1, calls) ||
		       (*calls && stack_model(lines, calls + 1));
	return *calls && *lines == *calls && stack_model(lines + 1, calls + 1);
}

START_TEST(stacks_as_the_model)
{
	unsigned seed = (unsigned)getpid(), matched = 0;

	srand(seed);
	for (unsigned i = 0; i < 5000; i++) {
		char lines[9], calls[9];
		struct ms_rule_line made[9];
		static const char *const names[] = { "a", "b" };
		bool wanted;

		make_text(lines, 8, "ab.");
		make_text(calls, 8, "ab");
		for (size_t n = 0; lines[n]; n++)
			made[n + 1] =
				lines[n] == '.'
					? (struct ms_rule_line){ .place = MS_PLACE_ANY }
					: (struct ms_rule_line){
						  .pattern = names[lines[n] - 'a']
					  };
		made[0] = (struct ms_rule_line){ .pattern = "malloc" };
		for (stack.count = 0; calls[stack.count]; stack.count++) {
			frames[stack.count] = (struct ms_frame){
				.function = names[calls[stack.count] - 'a']
			};
			pointers[stack.count] = &frames[stack.count];
		}
		stack.event = MS_EVENT_MALLOC;
		wanted = stack_model(lines, calls);
		ck_assert_msg(ms_valgrind_match(made, strlen(lines) + 1, &stack) ==
				      wanted,
			      "seed %u: '%s' and '%s'", seed, lines, calls);
		matched += wanted;
	}
	ck_assert_uint_gt(matched, 500);
}
END_TEST

/* --- the libraries' own ----------------------------------------------------------------
 */

#define LIBC "@/lib/x86_64-linux-gnu/libc.so.6"
#define LD   "@/lib64/ld-linux-x86-64.so.2"

/* The built-in one that takes the stack, or "". */
static const char *taker(void)
{
	struct ms_error err;

	ms_rules_release(&rules);
	ms_rules_init(&rules);
	ck_assert_int_eq(ms_rules_add_built_in(&rules, &err), MS_OK);
	for (size_t i = 0; i < rules.count; i++)
		if (ms_rule_matches(rules.items[i], &stack))
			return rules.items[i]->shown.name;
	return "";
}

START_TEST(built_in)
{
	make_stack(0, "_IO_file_doallocate" LIBC, "_IO_doallocbuf" LIBC, "puts" LIBC,
		   "main", NULL);
	ck_assert_str_eq(taker(), "stdio-buffers");
	make_stack(0, LD, "_dl_allocate_tls" LD, "pthread_create" LIBC, "main", NULL);
	ck_assert_str_eq(taker(), "threads");
	make_stack(0, LD, "dlopen" LIBC, "main", NULL);
	ck_assert_str_eq(taker(), "dlopen");
	make_stack(0, LD, LD, NULL);
	ck_assert_str_eq(taker(), "dynamic-loader");
	make_stack(0, "@/lib/libstdc++.so.6", LD, LD, NULL);
	ck_assert_str_eq(taker(), "libstdc++-start");
	make_stack(0, LIBC, "setlocale" LIBC, "main", NULL);
	ck_assert_str_eq(taker(), "locale");
	make_stack(0, "gconv_init@/usr/lib/gconv/UTF-16.so", LIBC, "__gconv_open" LIBC,
		   "main", NULL);
	ck_assert_str_eq(taker(), "gconv");
}
END_TEST

START_TEST(not_built_in)
{
	/* a program's function of such a name, alone or below the library */
	make_stack(0, "setlocale", "main", NULL);
	ck_assert_str_eq(taker(), "");
	make_stack(0, "strdup" LIBC, "setlocale", "main", NULL);
	ck_assert_str_eq(taker(), "");
	/* what a library's constructor keeps, which dlopen ran */
	make_stack(0, "start@/lib/libuser.so", LD, "dlopen" LIBC, "main", NULL);
	ck_assert_str_eq(taker(), "");
	make_stack(0, "strdup" LIBC, "start@/lib/libuser.so", LD, "dlopen" LIBC, NULL);
	ck_assert_str_eq(taker(), "");
	/* what is the caller's */
	make_stack(0, "fopen" LIBC, "main", NULL);
	ck_assert_str_eq(taker(), "");
	make_stack(0, "__gconv_open" LIBC, "iconv_open" LIBC, "main", NULL);
	ck_assert_str_eq(taker(), "");
	make_stack(0, "+alloc" LIBC, "newlocale" LIBC, "main", NULL);
	ck_assert_str_eq(taker(), "");
	make_stack(0, LIBC, "getaddrinfo" LIBC, "main", NULL);
	ck_assert_str_eq(taker(), "");
	make_stack(0, "@/lib/libstdc++.so.6", "main", NULL);
	ck_assert_str_eq(taker(), "");
	make_stack(0, NULL);
	ck_assert_str_eq(taker(), "");
	/* a module is told by its file, not by any name */
	make_stack(0, "setlocale@libc.so.6", NULL);
	ck_assert_str_eq(taker(), "");
}
END_TEST

static void release(void)
{
	ms_rules_release(&rules);
}

int main(void)
{
	TCase *tests = tcase_create("suppress_match");
	Suite *suite = suite_create("suppress_match");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, NULL, release);
	tcase_add_test(tests, lsan_patterns);
	tcase_add_test(tests, patterns_as_the_model);
	tcase_add_test(tests, plain_names);
	tcase_add_test(tests, frames_of_valgrind);
	tcase_add_test(tests, calls_of_the_allocator);
	tcase_add_test(tests, frames_of_lsan);
	tcase_add_test(tests, stacks_as_the_model);
	tcase_add_test(tests, built_in);
	tcase_add_test(tests, not_built_in);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
