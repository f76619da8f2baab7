/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_embedded.c - suppressions that programs bring along: read as compilers made them,
 * and left alone where they are more than a text.
 */
#include "analyzer/base/alloc.h"
#include "tests/unit/symbol_fixture.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "__lsan_default_suppressions(void)"
#define TEXT "leak:one\nleak:two\n"

static void build(void)
{
	fixture_begin();
}

static void unbuild(void)
{
	fixture_end();
}

/* Write x.c, and compile it to "x" with flags; as C++ where these say so. */
static void compile(const char *flags, const char *source)
{
	FILE *f = fopen(at("x.c"), "w");

	ck_assert_ptr_nonnull(f);
	fputs("#ifdef __cplusplus\n"
	      "extern \"C\" {\n"
	      "#endif\n",
	      f);
	fputs(source, f);
	fputs("\n#ifdef __cplusplus\n"
	      "}\n"
	      "#endif\n"
	      "int main(void) { return 0; }\n",
	      f);
	fclose(f);
	shell("gcc -Wl,--build-id -w %s x.c -o x", flags);
}

static enum ms_embedded ask(const char *id, char **text)
{
	struct addresses none = { NULL, 0 };
	struct program program = program_new(at("x"), id, &none);
	enum ms_embedded what;
	struct ms_error err;

	ck_assert_int_eq(ms_metadata_embedded(program.meta, 1, &what, text, &err), MS_OK);
	program_free(&program);
	ck_assert((what == MS_EMBEDDED_READ) == (*text != NULL));
	return what;
}

/* As it is read of every way to compile. */
static void is_read(const char *source)
{
	static const char *const flags[] = {
		"-O0",
		"-O2",
		"-Os -no-pie -fno-pie",
		"-O0 -no-pie -fno-pie",
		"-O2 -fPIC -shared",
		"-O0 -fPIC -shared -x c++",
		"-O2 -fcf-protection=full -s -rdynamic",
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		char *text;

		compile(flags[i], source);
		ck_assert_msg(ask(build_id_of(at("x")), &text) == MS_EMBEDDED_READ,
			      "%s: %s", flags[i], source);
		ck_assert_str_eq(text, TEXT);
		ms_free(text);
	}
}

START_TEST(constants)
{
	is_read("const char *" NAME " { return \"leak:one\\nleak:two\\n\"; }");
	is_read("static const char *t = \"leak:one\\nleak:two\\n\";\n"
		"const char *" NAME " { return t; }");
	is_read("const char *t = \"leak:one\\nleak:two\\n\";\n"
		"const char *" NAME " { return t; }");
	is_read("extern const char t[];\n"
		"const char t[] = \"leak:one\\nleak:two\\n\";\n"
		"const char *" NAME " { return t; }");
	is_read("char t[] = \"leak:one\\nleak:two\\n\";\n"
		"const char *" NAME " { return t; }");
}
END_TEST

START_TEST(more_than_constants)
{
	static const char *const sources[] = {
		"char *getenv(const char *);\n"
		"const char *" NAME " { return getenv(\"X\"); }",
		"extern int n;\nint n;\n"
		"const char *" NAME " { return n ? \"leak:a\" : \"leak:b\"; }",
		"const char *" NAME " { return 0; }",
		"const char *" NAME " { return (const char *)0x123456789; }",
		"static char t[16];\nconst char *" NAME " { t[0] = 0; return t; }",
		"const char *" NAME " { for (;;); }",
	};
	char *text;

	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		compile(i % 2 ? "-O2" : "-O0", sources[i]);
		ck_assert_msg(ask(build_id_of(at("x")), &text) == MS_EMBEDDED_UNREADABLE,
			      "%s", sources[i]);
	}
}
END_TEST

START_TEST(no_such_function)
{
	char *text;

	compile("-O1", "int __lsan_default_suppressions;");
	ck_assert_int_eq(ask(build_id_of(at("x")), &text), MS_EMBEDDED_NONE);
	compile("-O1", "const char *" NAME ";");
	ck_assert_int_eq(ask(build_id_of(at("x")), &text), MS_EMBEDDED_NONE);
}
END_TEST

START_TEST(another_file)
{
	char *text;

	compile("-O1", "const char *" NAME " { return \"leak:a\"; }");
	ck_assert_int_eq(ask("0102030405060708090a0b0c0d0e0f1011121314", &text),
			 MS_EMBEDDED_NONE);
	/* without a build-id nothing tells that it is the file */
	ck_assert_int_eq(ask(NULL, &text), MS_EMBEDDED_NONE);
}
END_TEST

/* Whatever bytes are in the file: an answer, and no harm. */
START_TEST(damaged_files)
{
	unsigned seed = (unsigned)getpid();
	const char *id;
	char *text;
	FILE *f;
	long len;

	fprintf(stderr, "seed %u\n", seed);
	srand(seed);
	compile("-O2 -s -rdynamic", "const char *t = \"leak:a\";\n"
				    "const char *" NAME " { return t; }");
	id = build_id_of(at("x"));
	shell("cp x whole");
	f = fopen(at("x"), "r+");
	ck_assert_ptr_nonnull(f);
	fseek(f, 0, SEEK_END);
	len = ftell(f);
	for (unsigned i = 0; i < 300; i++) {
		/* the headers and tables, more often than the rest */
		long place = rand() % (rand() % 2 ? len : 4096);

		fseek(f, place, SEEK_SET);
		fputc(rand(), f);
		fflush(f);
		ask(id, &text);
		ms_free(text);
		if (i % 10 == 9)
			shell("cat whole >x");
	}
	fclose(f);
}
END_TEST

START_TEST(without_memory)
{
	struct addresses none = { NULL, 0 };
	struct program program;
	enum ms_embedded what;
	struct ms_error err;
	ms_status status;
	unsigned long n = 0;
	char *text;

	compile("-O2", "const char *" NAME " { return \"leak:a\"; }");
	program = program_new(at("x"), build_id_of(at("x")), &none);
	do {
		ms_alloc_fail_at(++n);
		status = ms_metadata_embedded(program.meta, 1, &what, &text, &err);
		ms_alloc_fail_at(0);
		ck_assert(status == MS_OK || (status == MS_ENOMEM && !text));
	} while (status != MS_OK);
	ck_assert_uint_gt(n, 2);
	ck_assert_str_eq(text, "leak:a");
	ms_free(text);
	program_free(&program);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("embedded");
	Suite *suite = suite_create("embedded");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_unchecked_fixture(tests, build, unbuild);
	tcase_add_test(tests, constants);
	tcase_add_test(tests, more_than_constants);
	tcase_add_test(tests, no_such_function);
	tcase_add_test(tests, another_file);
	tcase_add_test(tests, damaged_files);
	tcase_add_test(tests, without_memory);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
