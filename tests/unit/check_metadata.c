/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_metadata.c - facts, threads, modules, samples and notes of a log.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/metadata/metadata.h"
#include "analyzer/metadata/source_path.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ms_metadata *meta;

static void begin(void)
{
	struct ms_error err;

	ck_assert_int_eq(ms_metadata_new(&meta, &err), MS_OK);
}

static void end(void)
{
	ms_metadata_free(meta);
}

static ms_status add_fact(const char *key, const char *value)
{
	return ms_metadata_add_fact(meta, key, strlen(key), value, strlen(value));
}

START_TEST(facts_keep_their_order)
{
	size_t count;
	const struct ms_fact *facts;

	ck_assert_int_eq(add_fact("argv", "perl"), MS_OK);
	ck_assert_int_eq(add_fact("env", "MEMSCOPE_DEPTH=3"), MS_OK);
	ck_assert_int_eq(add_fact("argv", "-e"), MS_OK);
	ck_assert_int_eq(add_fact("argv", ""), MS_OK);
	ck_assert_int_eq(add_fact("never heard of", "1"), MS_OK);
	facts = ms_metadata_facts(meta, &count);
	ck_assert_uint_eq(count, 5);
	ck_assert_str_eq(facts[1].key, "env");
	ck_assert_str_eq(facts[4].value, "1");
	ck_assert_str_eq(ms_metadata_fact(meta, "argv", 0), "perl");
	ck_assert_str_eq(ms_metadata_fact(meta, "argv", 1), "-e");
	ck_assert_str_eq(ms_metadata_fact(meta, "argv", 2), "");
	ck_assert_ptr_null(ms_metadata_fact(meta, "argv", 3));
	ck_assert_ptr_null(ms_metadata_fact(meta, "cwd", 0));
}
END_TEST

/* Texts need not be terminated, and are not those of the log. */
START_TEST(texts_are_copies)
{
	char key[] = { 'c', 'w', 'd', 'x' }, value[] = { '/', 'a', 'x' };
	struct ms_module module = { .id = 1, .path = value };

	ck_assert_int_eq(ms_metadata_add_fact(meta, key, 3, value, 2), MS_OK);
	ck_assert_int_eq(ms_metadata_add_module(meta, &module, 2), MS_OK);
	ck_assert_int_eq(ms_metadata_name_thread(meta, 1, value, 2), MS_OK);
	ck_assert_int_eq(ms_metadata_add_note(meta, 0, -1, value, 2), MS_OK);
	memset(key, '#', sizeof(key));
	memset(value, '#', sizeof(value));
	ck_assert_str_eq(ms_metadata_fact(meta, "cwd", 0), "/a");
	ck_assert_str_eq(ms_metadata_module(meta, 1)->path, "/a");
	ck_assert_str_eq(ms_metadata_thread(meta, 1)->name, "/a");
	ck_assert_str_eq(ms_metadata_notes(meta, &(size_t){ 0 })->text, "/a");
}
END_TEST

/* The command is read back by the judge: a shell. */
START_TEST(command_as_a_shell_reads_it)
{
	static const char *const words[] = {
		"./app", "plain-1.0_x=y,z:@%+/", "two words", "it's",
		"",	 "$HOME `id`",		 "a\"b\\c",   "new\nline",
		"*?[~]", "caf\xc3\xa9",		 "'",	      "--"
	};
	size_t count = sizeof(words) / sizeof(*words);
	char script[4096], got[256];
	FILE *shell;

	ck_assert_str_eq(ms_metadata_command(meta), "");
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(add_fact("argv", words[i]), MS_OK);
	ck_assert_int_eq(strncmp(ms_metadata_command(meta),
				 "./app plain-1.0_x=y,z:@%+/ 'two words' ", 39),
			 0);
	setenv("COMMAND", ms_metadata_command(meta), 1);
	snprintf(script, sizeof(script), "eval \"printf '%%s\\\\0' $COMMAND\"");
	shell = popen(script, "r");
	ck_assert_ptr_nonnull(shell);
	for (size_t i = 0; i < count; i++) {
		size_t len = 0;
		int c;

		while ((c = fgetc(shell)) > 0 && len + 1 < sizeof(got))
			got[len++] = (char)c;
		got[len] = '\0';
		ck_assert_int_eq(c, 0);
		ck_assert_str_eq(got, words[i]);
	}
	ck_assert_int_eq(fgetc(shell), EOF);
	ck_assert_int_eq(pclose(shell), 0);
}
END_TEST

START_TEST(threads_by_any_id)
{
	static const uint32_t ids[] = { 1, 7, UINT32_MAX, 2, 1000000 };
	size_t count;
	const struct ms_thread *threads;

	for (size_t i = 0; i < 5; i++)
		ck_assert_int_eq(ms_metadata_add_thread(meta, ids[i], 100 + i, 10 * i),
				 MS_OK);
	/* Again: the first stays. */
	ck_assert_int_eq(ms_metadata_add_thread(meta, 7, 999, 999), MS_OK);
	ck_assert_int_eq(ms_metadata_add_thread(meta, 0, 999, 999), MS_OK);
	ck_assert_int_eq(ms_metadata_name_thread(meta, 7, "one", 3), MS_OK);
	ck_assert_int_eq(ms_metadata_name_thread(meta, 7, "two", 3), MS_OK);
	ck_assert_int_eq(ms_metadata_end_thread(meta, 7, 555), MS_OK);
	threads = ms_metadata_threads(meta, &count);
	ck_assert_uint_eq(count, 5);
	for (size_t i = 0; i < 5; i++) {
		ck_assert_uint_eq(threads[i].id, ids[i]);
		ck_assert_uint_eq(threads[i].tid, 100 + i);
		ck_assert_uint_eq(threads[i].begin_ns, 10 * i);
		ck_assert_ptr_eq(ms_metadata_thread(meta, ids[i]), &threads[i]);
		ck_assert_uint_eq(threads[i].end_ns, i == 1 ? 555 : UINT64_MAX);
		ck_assert_str_eq(threads[i].name, i == 1 ? "two" : "");
	}
	ck_assert_ptr_null(ms_metadata_thread(meta, 0));
	ck_assert_ptr_null(ms_metadata_thread(meta, 3));
}
END_TEST

/* The window with its beginning may be lost, or come later. */
START_TEST(threads_out_of_order)
{
	ck_assert_int_eq(ms_metadata_end_thread(meta, 5, 70), MS_OK);
	ck_assert_int_eq(ms_metadata_name_thread(meta, 6, "late", 4), MS_OK);
	ck_assert_uint_eq(ms_metadata_thread(meta, 5)->tid, 0);
	ck_assert_int_eq(ms_metadata_add_thread(meta, 6, 66, 60), MS_OK);
	ck_assert_uint_eq(ms_metadata_thread(meta, 6)->tid, 66);
	ck_assert_uint_eq(ms_metadata_thread(meta, 6)->begin_ns, 60);
	ck_assert_str_eq(ms_metadata_thread(meta, 6)->name, "late");
	ck_assert_uint_eq(ms_metadata_thread(meta, 5)->end_ns, 70);
}
END_TEST

START_TEST(modules_over_time)
{
	uint8_t id[] = { 1, 2, 3 };
	struct ms_module module = { .base = 0x1000,
				    .start = 0x1000,
				    .end = 0x9000,
				    .seen_ns = 5,
				    .gone_ns = UINT64_MAX,
				    .build_id = id,
				    .build_id_bytes = 3,
				    .path = "/lib/a.so" };
	static const uint32_t ids[] = { 3, 0xfffe, 1 };
	const struct ms_module *modules;
	size_t count;

	for (size_t i = 0; i < 3; i++) {
		module.id = ids[i];
		ck_assert_int_eq(ms_metadata_add_module(meta, &module, 9), MS_OK);
	}
	/* Known already, and no ids of modules. */
	module.path = "/lib/b.so";
	for (uint32_t wrong = 0xffff; wrong <= 0x10001; wrong++) {
		module.id = wrong == 0x10001 ? 3 : wrong;
		ck_assert_int_eq(ms_metadata_add_module(meta, &module, 9), MS_OK);
	}
	module.id = 0;
	ck_assert_int_eq(ms_metadata_add_module(meta, &module, 9), MS_OK);
	modules = ms_metadata_modules(meta, &count);
	ck_assert_uint_eq(count, 3);
	memset(id, 0, sizeof(id));
	for (size_t i = 0; i < 3; i++) {
		ck_assert_uint_eq(modules[i].id, ids[i]);
		ck_assert_str_eq(modules[i].path, "/lib/a.so");
		ck_assert_uint_eq(modules[i].build_id_bytes, 3);
		ck_assert_int_eq(memcmp(modules[i].build_id, "\1\2\3", 3), 0);
	}
	ms_metadata_module_gone(meta, 3, 77);
	ms_metadata_module_gone(meta, 4, 78);
	ck_assert_uint_eq(ms_metadata_module(meta, 3)->gone_ns, 77);
	ck_assert_uint_eq(ms_metadata_module(meta, 1)->gone_ns, UINT64_MAX);
	ck_assert_ptr_null(ms_metadata_module(meta, 0));
	ck_assert_ptr_null(ms_metadata_module(meta, 0xffff));
	ck_assert_ptr_null(ms_metadata_module(meta, UINT32_MAX));
	/* Nobody asked for its symbols: nothing is known of its file. */
	ck_assert(!ms_metadata_module_file_differs(meta, 3));
}
END_TEST

START_TEST(process_samples_and_notes)
{
	struct ms_process process = { .pid = 42, .start_unix_ns = 9, .cpus = 2 };
	struct ms_sample sample = { 1, 2, 3, 4 };
	size_t count;

	ck_assert_uint_eq(ms_metadata_process(meta)->pid, 0);
	ms_metadata_set_process(meta, &process);
	ck_assert_uint_eq(ms_metadata_process(meta)->pid, 42);
	for (uint64_t i = 0; i < 100; i++) {
		sample.at_ns = i;
		ck_assert_int_eq(ms_metadata_add_sample(meta, &sample), MS_OK);
	}
	ck_assert_uint_eq(ms_metadata_samples(meta, &count)[99].at_ns, 99);
	ck_assert_uint_eq(count, 100);
	ck_assert_int_eq(ms_metadata_add_note(meta, 5, 0, NULL, 0), MS_OK);
	ck_assert_int_eq(ms_metadata_add_note(meta, 0, -1, "disk full", 9), MS_OK);
	ck_assert_str_eq(ms_metadata_notes(meta, &count)[1].text, "disk full");
	ck_assert_str_eq(ms_metadata_notes(meta, &count)[0].text, "");
	ck_assert_int_eq(ms_metadata_notes(meta, &count)[0].on, 0);
	ck_assert_uint_eq(count, 2);
}
END_TEST

/* Against a list that is searched from end to end for each question. */
START_TEST(marks_by_time_and_name)
{
	static const char *const names[] = { "a", "b", "aa", "" };
	struct {
		uint64_t at_ns, name;
	} model[200];
	unsigned seed = (unsigned)_i + 1;
	size_t n = (size_t)_i * 7 % 200 + 1, count;
	const struct ms_mark *marks;
	uint64_t at_ns, first;

	for (size_t i = 0; i < n; i++) {
		model[i].at_ns = (unsigned)rand_r(&seed) % 100;
		model[i].name = (unsigned)rand_r(&seed) % 3;
		ck_assert_int_eq(ms_metadata_add_mark(meta, model[i].at_ns, (uint32_t)i,
						      names[model[i].name],
						      strlen(names[model[i].name])),
				 MS_OK);
		if (i % 50 == 0) /* in order, with more to come */
			ck_assert_uint_eq((ms_metadata_marks(meta, &count), count),
					  i + 1);
	}
	marks = ms_metadata_marks(meta, &count);
	ck_assert_msg(count == n, "seed %d", _i);
	for (size_t i = 0; i < n; i++) {
		ck_assert_msg(i == 0 || marks[i - 1].at_ns <= marks[i].at_ns, "seed %d",
			      _i);
		ck_assert_msg(marks[i].at_ns == model[marks[i].thread].at_ns, "seed %d",
			      _i);
		ck_assert_str_eq(marks[i].name, names[model[marks[i].thread].name]);
	}
	for (uint64_t name = 0; name < 4; name++) {
		first = UINT64_MAX;
		for (size_t i = 0; i < n; i++)
			if (model[i].name == name && model[i].at_ns < first)
				first = model[i].at_ns;
		ck_assert_msg(ms_metadata_find_mark(meta, names[name], &at_ns) ==
				      (first != UINT64_MAX),
			      "seed %d", _i);
		ck_assert_msg(first == UINT64_MAX || at_ns == first, "seed %d", _i);
	}
}
END_TEST

static ms_status fill_all(void)
{
	struct ms_module module = { .id = 1, .path = "/x" };
	struct ms_sample sample = { 0 };
	ms_status status = MS_OK;

	for (uint32_t i = 1; i < 40 && status == MS_OK; i++) {
		module.id = i;
		status = add_fact("argv", "it's one");
		if (status == MS_OK)
			status = ms_metadata_add_thread(meta, i, i, i);
		if (status == MS_OK)
			status = ms_metadata_name_thread(meta, 100 + i, "x", 1);
		if (status == MS_OK)
			status = ms_metadata_end_thread(meta, 200 + i, 1);
		if (status == MS_OK)
			status = ms_metadata_add_module(meta, &module, 2);
		if (status == MS_OK)
			status = ms_metadata_add_sample(meta, &sample);
		if (status == MS_OK)
			status = ms_metadata_add_note(meta, i, 1, "n", 1);
		if (status == MS_OK)
			status = ms_metadata_add_mark(meta, i, 1, "m", 1);
	}
	return status;
}

START_TEST(every_allocation_fails)
{
	ms_status status = MS_ENOMEM;
	struct ms_error err;
	unsigned long n = 0;

	ms_alloc_fail_at(1);
	ms_metadata_free(meta);
	ck_assert_int_eq(ms_metadata_new(&meta, &err), MS_ENOMEM);
	ck_assert_ptr_null(meta);
	while (status == MS_ENOMEM) {
		size_t facts, words = 0;

		ck_assert_int_eq(ms_metadata_new(&meta, &err), MS_OK);
		ms_alloc_fail_at(++n);
		status = fill_all();
		ms_alloc_fail_at(0);
		/* The command is of whole words, as many as there are facts. */
		ms_metadata_facts(meta, &facts);
		for (const char *c = ms_metadata_command(meta); *c; c++)
			words += *c == 't';
		ck_assert_uint_eq(words, facts);
		ck_assert_int_eq(add_fact("argv", "more"), MS_OK);
		ms_metadata_free(meta);
	}
	ck_assert_int_eq(status, MS_OK);
	ck_assert_uint_gt(n, 20);
	meta = NULL;
}
END_TEST

START_TEST(source_paths)
{
	static const struct {
		const char *directory, *path, *expected;
	} rows[] = {
		{ "/src/app", "main.c", "/src/app/main.c" },
		{ "/src/app", "../lib/./x.c", "/src/lib/x.c" },
		{ "/src/app/", "/usr//include/../share/x.h", "/usr/share/x.h" },
		{ NULL, "/../../x.c", "/x.c" },
		{ NULL, "../x.c", "../x.c" },
		{ NULL, "../../a/../x.c", "../../x.c" },
		{ NULL, "a/../../x.c", "../x.c" },
		{ "rel", "a/b/../c", "rel/a/c" },
		{ "/a/b", "../../../../x", "/x" },
		{ "/", "x.c", "/x.c" },
		{ "/a", "b/..", "/a" },
		{ "/a", "..", "/" },
		{ "/rustc/hash", "library/core/src/x.rs",
		  "/rustc/hash/library/core/src/x.rs" },
		{ "/a", "..b/...", "/a/..b/..." },
		{ NULL, "", "" },
	};
	struct ms_strbuf out;

	ms_strbuf_init(&out);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		ms_source_path(&out, rows[i].directory, rows[i].path);
		ck_assert_str_eq(ms_strbuf_text(&out), rows[i].expected);
	}
	ms_strbuf_release(&out);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("metadata");
	Suite *suite = suite_create("metadata");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, facts_keep_their_order);
	tcase_add_test(tests, texts_are_copies);
	tcase_add_test(tests, command_as_a_shell_reads_it);
	tcase_add_test(tests, threads_by_any_id);
	tcase_add_test(tests, threads_out_of_order);
	tcase_add_test(tests, modules_over_time);
	tcase_add_test(tests, process_samples_and_notes);
	tcase_add_loop_test(tests, marks_by_time_and_name, 0, 40);
	tcase_add_test(tests, every_allocation_fails);
	tcase_add_test(tests, source_paths);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
