/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_demangle.c - names as their programmers wrote them, and names made to do harm.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/metadata/demangle.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The readable form, "" for none. */
static const char *readable(const char *name)
{
	static char kept[MS_DEMANGLE_OUTPUT_BYTES + 1];
	char *text;

	ck_assert_int_eq(ms_demangle(&text, name), MS_OK);
	snprintf(kept, sizeof(kept), "%s", text ? text : "");
	ms_free(text);
	return kept;
}

START_TEST(known_names)
{
	static const char *const rows[][2] = {
		{ "_Znwm", "operator new(unsigned long)" },
		{ "_ZdaPvm", "operator delete[](void*, unsigned long)" },
		{ "_ZN3foo3barEv", "foo::bar()" },
		{ "_ZNSt6vectorIiSaIiEE9push_backEOi",
		  "std::vector<int, std::allocator<int> >::push_back(int&&)" },
		{ "_ZN12_GLOBAL__N_13runEi", "(anonymous namespace)::run(int)" },
		{ "_ZZ4mainENKUlvE_clEv", "main::{lambda()#1}::operator()() const" },
		{ "_ZN3FooC2Ev", "Foo::Foo()" },
		{ "_ZN3fooEi.constprop.0", "foo(int) [clone .constprop.0]" },
		{ "_ZN4core3fmt9Arguments6new_v117h0123456789abcdefE",
		  "core::fmt::Arguments::new_v1" },
		{ "_ZN66_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$core..ops..drop..Drop$GT$"
		  "4drop17h0123456789abcdefE",
		  "<alloc::vec::Vec<T> as core::ops::drop::Drop>::drop" },
		{ "_RNvCskwGfYPst2Cb_7mycrate3foo", "mycrate::foo" },
		{ "_D3std5stdio7writelnFAyaZv", "std.stdio.writeln(immutable(char)[])" },
		{ "_Dmain", "D main" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		ck_assert_str_eq(readable(rows[i][0]), rows[i][1]);
}
END_TEST

START_TEST(names_that_are_not_mangled)
{
	static const char *const names[] = { "",	 "_",	   "__",       "main",
					     "_init",	 "_Z",	   "_R",       "_D",
					     "_DYNAMIC", "_Zzzz",  "_ZN",      "_Real",
					     "operator", "Z3foov", "_ZN3fooE!" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		ck_assert_str_eq(readable(names[i]), "");
}
END_TEST

/* The judge: c++filt, for every C++ symbol of the C++ library. */
START_TEST(as_cxxfilt_has_it)
{
	static const char list[] =
		"nm -D --defined-only $(g++ -print-file-name=libstdc++.so) | "
		"awk '$3 ~ /^_Z/ { sub(/@.*/, \"\", $3); print $3 }'";
	FILE *names = popen(list, "r"), *filt;
	char name[8192], expected[MS_DEMANGLE_OUTPUT_BYTES], command[512];
	size_t count = 0;

	snprintf(command, sizeof(command), "%s | c++filt -i", list);
	filt = popen(command, "r");
	while (fgets(name, sizeof(name), names)) {
		ck_assert_ptr_nonnull(fgets(expected, sizeof(expected), filt));
		name[strcspn(name, "\n")] = '\0';
		expected[strcspn(expected, "\n")] = '\0';
		if (strcmp(readable(name), expected) != 0)
			ck_abort_msg("%s is %s, c++filt has %s", name, readable(name),
				     expected);
		count++;
	}
	pclose(names);
	pclose(filt);
	ck_assert_uint_gt(count, 1000);
}
END_TEST

/*
 * Names of a few hundred bytes that stand for more text than there is memory: each type
 * is made of two of the one before.
 */
static void grow_cxx(char *name, unsigned levels)
{
	static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	name += sprintf(name, "_Z1fSt4pairIiiE");
	for (unsigned i = 0; i < levels; i++)
		name += sprintf(name, "S_IS%c_S%c_E", digits[i], digits[i]);
}

/* A back reference of Rust to the type at offset. */
static char *refer(char *p, size_t offset)
{
	static const char digits[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	offset--;
	*p++ = 'B';
	if (offset >= 62)
		*p++ = digits[offset / 62];
	*p++ = digits[offset % 62];
	*p++ = '_';
	return p;
}

static void grow_rust(char *name, unsigned levels)
{
	char *p = name + sprintf(name, "_RINvC1a1f"), *before = p;

	p += sprintf(p, "TjjE");
	for (unsigned i = 0; i < levels; i++) {
		char *tuple = p;

		*p++ = 'T';
		p = refer(p, (size_t)(before - name - 2));
		p = refer(p, (size_t)(before - name - 2));
		*p++ = 'E';
		before = tuple;
	}
	strcpy(p, "E");
}

static void grow_d(char *name, unsigned levels)
{
	name += sprintf(name, "_D1fFHiiHQeQg");
	for (unsigned i = 1; i < levels; i++)
		name += sprintf(name, "HQgQi");
	strcpy(name, "Zv");
}

START_TEST(names_that_grow_without_limit)
{
	static void (*const grow[])(char *, unsigned) = { grow_cxx, grow_rust, grow_d };
	char name[4096];
	size_t lengths[2];

	for (unsigned levels = 4; levels <= 5; levels++) {
		grow[_i](name, levels);
		lengths[levels - 4] = strlen(readable(name));
	}
	ck_assert_uint_gt(lengths[0], 60);
	ck_assert_uint_gt(lengths[1], 2 * lengths[0] - 60);
	grow[_i](name, 35);
	ck_assert_uint_lt(strlen(name), 500);
	ck_assert_str_eq(readable(name), "");
}
END_TEST

static void expect_end(const char *begin, char repeated, size_t count, const char *rest)
{
	char *name = malloc(strlen(begin) + count + strlen(rest) + 1), *text;

	strcpy(name, begin);
	memset(name + strlen(begin), repeated, count);
	strcpy(name + strlen(begin) + count, rest);
	ck_assert_int_eq(ms_demangle(&text, name), MS_OK);
	ms_free(text);
	free(name);
}

/* As deep as the input may be, and deeper. */
START_TEST(names_that_nest_without_limit)
{
	static const size_t counts[] = {
		500, 1000, 1020, 4000, MS_DEMANGLE_INPUT_BYTES - 8, 20000, 1000000
	};

	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		expect_end("_Z1f", 'P', counts[i], "i");
		expect_end("_Z1f", 'N', counts[i], "i");
		expect_end("_ZN", 'I', counts[i], "");
		expect_end("_Z1fIX", 'n', counts[i], "E");
		expect_end("_RINvC1a1f", 'R', counts[i], "jE");
		expect_end("_RINvC1a1f", 'T', counts[i], "E");
		expect_end("_D1aF", 'P', counts[i], "iZv");
		expect_end("_D1aF", 'A', counts[i], "iZv");
		expect_end("_GLOBAL__I_", '_', counts[i], "");
	}
}
END_TEST

/* Every known name with any byte changed: nothing but an answer. */
START_TEST(damaged_names)
{
	static const char *const names[] = {
		"_ZNSt6vectorIiSaIiEE17_M_realloc_insertIJiEEEvN9__gnu_cxx17__normal_"
		"iteratorIPiS1_EEDpOT_",
		"_RNvXs5_NtC7mycrate3fooINtB5_3BarpEINtNtC4core3ops4DropTmjE4dropB5_",
		"_D3std9algorithm9iteration__T3mapVAyaa4_615b305dZ__TQBcTAiZQBjMFNaNbNiNfQrZSQ"
		"CuQCtQCn__TQCc",
	};
	char name[512];

	for (size_t n = 0; n < sizeof(names) / sizeof(*names); n++) {
		for (size_t at = 0; names[n][at]; at++) {
			for (int c = 1; c < 256; c += 3) {
				strcpy(name, names[n]);
				name[at] = (char)c;
				(void)readable(name);
			}
			strcpy(name, names[n]);
			name[at] = '\0';
			(void)readable(name);
		}
	}
}
END_TEST

START_TEST(every_allocation_fails)
{
	static const char *const names[] = { "_ZN3foo3barEv", "_RNvC1a1f", "_Dmain",
					     "_ZN1a1f17h0123456789abcdefE" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		ms_status status = MS_ENOMEM;
		unsigned long n = 0;
		char *text;

		while (status == MS_ENOMEM) {
			ms_alloc_fail_at(++n);
			status = ms_demangle(&text, names[i]);
			ms_alloc_fail_at(0);
			ck_assert_int_eq(status == MS_OK, text != NULL);
			ms_free(text);
		}
		ck_assert_int_eq(status, MS_OK);
		ck_assert_uint_gt(n, 1);
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("demangle");
	Suite *suite = suite_create("demangle");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, known_names);
	tcase_add_test(tests, names_that_are_not_mangled);
	tcase_add_test(tests, as_cxxfilt_has_it);
	tcase_add_loop_test(tests, names_that_grow_without_limit, 0, 3);
	tcase_add_test(tests, names_that_nest_without_limit);
	tcase_add_test(tests, damaged_names);
	tcase_add_test(tests, every_allocation_fails);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
