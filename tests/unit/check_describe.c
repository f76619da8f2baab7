/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_describe.c - <memscope/metadata.h> from outside: what a log was built with is
 * what comes out.
 */
#include "tests/unit/log_builder.h"

#include <memscope/metadata.h>

#include <check.h>

#define AT(ns) (LB_START_TICKS + (ns))

static char path[64], pack_path[80];
static uint32_t leaf;

static void build_log(void)
{
	struct log_builder lb;
	uint32_t root;

	snprintf(path, sizeof(path), "/tmp/check_describe.%ld.bin", (long)getpid());
	snprintf(pack_path, sizeof(pack_path), "%s.mspack", path);
	lb_init(&lb);
	lb_module(&lb, 1, AT(1), 0x400000, 0x400000, 0x500000, "\x01\x02\x03", 3,
		  "/none/program");
	lb_module(&lb, 2, AT(5), 0x7f0000, 0x7f0000, 0x7f9000, "", 0, "linux-vdso.so.1");
	lb_fact(&lb, "argv", "./app");
	lb_fact(&lb, "argv", "two words");
	lb_fact(&lb, "cwd", "/home");
	lb_thread(&lb, 1, AT(1), 5001, "main");
	lb_thread(&lb, 2, AT(2), 5002, "worker");
	root = lb_node(&lb, 1, 0x1000, 0);
	leaf = lb_node(&lb, 2, 0x20, root);
	leaf = lb_node(&lb, MS_MODULE_NONE, 0x7f1234, leaf);
	lb_event(&lb, 1, AT(100), MS_EVENT_MALLOC, 0x1000, 1000, leaf);
	lb_end(&lb, AT(1000));
	lb_save(&lb, path);
	lb_release(&lb);
}

static struct memscope *open_log(void)
{
	const char *paths[] = { path };
	struct memscope *m;

	ck_assert_int_eq(memscope_open(&m, paths, 1, NULL, NULL), MEMSCOPE_OK);
	return m;
}

START_TEST(process_and_facts)
{
	struct memscope *m = open_log();
	struct memscope_process process;
	struct memscope_fact fact;

	ck_assert_int_eq(memscope_process_of(m, 0, &process), MEMSCOPE_OK);
	ck_assert_str_eq(process.command, "./app 'two words'");
	ck_assert_uint_eq(process.duration_ns, 1000);
	ck_assert_uint_gt(process.pid, 0);
	ck_assert_int_eq(memscope_process_of(m, 1, &process), MEMSCOPE_USAGE);
	ck_assert_uint_eq(memscope_fact_count(m, 0), 3);
	ck_assert_int_eq(memscope_fact_at(m, 0, 2, &fact), MEMSCOPE_OK);
	ck_assert_str_eq(fact.key, "cwd");
	ck_assert_str_eq(fact.value, "/home");
	ck_assert_int_eq(memscope_fact_at(m, 0, 3, &fact), MEMSCOPE_USAGE);
	ck_assert_int_eq(memscope_fact_at(m, 1, 0, &fact), MEMSCOPE_USAGE);
	memscope_close(m);
}
END_TEST

START_TEST(threads_and_modules)
{
	struct memscope *m = open_log();
	struct memscope_thread thread;
	struct memscope_module module;

	ck_assert_uint_eq(memscope_thread_count(m, 0), 2);
	ck_assert_int_eq(memscope_thread_at(m, 0, 1, &thread), MEMSCOPE_OK);
	ck_assert_str_eq(thread.name, "worker");
	ck_assert_uint_eq(thread.tid, 5002);
	ck_assert_uint_eq(thread.begin_ns, 2);
	ck_assert_int_eq(memscope_thread_at(m, 0, 2, &thread), MEMSCOPE_USAGE);
	ck_assert_uint_eq(memscope_thread_count(m, 1), 0);

	ck_assert_uint_eq(memscope_module_count(m, 0), 2);
	ck_assert_int_eq(memscope_module_at(m, 0, 0, &module), MEMSCOPE_OK);
	ck_assert_str_eq(module.path, "/none/program");
	ck_assert_uint_eq(module.build_id_bytes, 3);
	ck_assert_int_eq(memcmp(module.build_id, "\x01\x02\x03", 3), 0);
	ck_assert_uint_eq(module.start, 0x400000);
	ck_assert_uint_eq(module.end, 0x500000);
	ck_assert_uint_eq(module.begin_ns, 1);
	ck_assert_uint_eq(module.end_ns, UINT64_MAX);
	ck_assert_int_eq(memscope_module_at(m, 0, 2, &module), MEMSCOPE_USAGE);
	memscope_close(m);
}
END_TEST

START_TEST(frames_of_a_stack)
{
	struct memscope *m = open_log();
	struct memscope_frame frames[4];
	struct memscope_error err;
	size_t count;
	int more;

	ck_assert_int_eq(
		memscope_stack_frames(m, 0, leaf, frames, 4, &count, &more, &err),
		MEMSCOPE_OK);
	ck_assert_uint_eq(count, 3);
	ck_assert_int_eq(more, 0);
	ck_assert_ptr_null(frames[0].module);
	ck_assert_uint_eq(frames[0].address, 0x7f1234);
	ck_assert_str_eq(frames[1].module, "linux-vdso.so.1");
	ck_assert_str_eq(frames[2].module, "/none/program");
	ck_assert_uint_eq(frames[2].address, 0x1000);
	ck_assert_ptr_null(frames[2].function);
	ck_assert_int_eq(
		memscope_stack_frames(m, 0, leaf, frames, 2, &count, &more, &err),
		MEMSCOPE_OK);
	ck_assert_uint_eq(count, 2);
	ck_assert_int_ne(more, 0);
	ck_assert_int_eq(memscope_stack_frames(m, 0, 99, frames, 4, &count, &more, &err),
			 MEMSCOPE_OK);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(memscope_stack_frames(m, 1, 1, frames, 4, &count, &more, &err),
			 MEMSCOPE_USAGE);
	memscope_close(m);
}
END_TEST

static int append(void *context, const char *data, size_t bytes)
{
	strncat(context, data, bytes);
	return 0;
}

/* Without a file there is no name to pack: the pack says so, and is a sound one. */
START_TEST(packs)
{
	struct memscope *m = open_log();
	struct memscope_pack_result result;
	struct memscope_error err;
	char text[4096] = "";
	struct memscope_output output = { append, text, MEMSCOPE_CSV, 0, 0, 0, 0 };

	ck_assert_int_eq(memscope_symbols_pack(m, pack_path, &result, &err), MEMSCOPE_OK);
	ck_assert_uint_eq(result.modules, 2);
	ck_assert_uint_eq(result.missing, 1);
	ck_assert_int_eq(memscope_symbols_list(pack_path, &output, &err), MEMSCOPE_OK);
	ck_assert_str_eq(text, "pack,build_id,addresses,path\n");
	ck_assert_int_eq(memscope_symbols_pack(m, path, &result, &err), MEMSCOPE_USAGE);
	ck_assert_int_eq(memscope_symbols_list(path, &output, &err), MEMSCOPE_FORMAT);
	ck_assert_int_eq(memscope_symbols_list("/none", &output, &err), MEMSCOPE_IO);
	memscope_close(m);
	unlink(pack_path);
}
END_TEST

START_TEST(places_that_are_not_there)
{
	const struct memscope_open_options options = { .symbols = "/none" };
	const char *paths[] = { path };
	struct memscope_error err;
	struct memscope *m;

	ck_assert_int_eq(memscope_open(&m, paths, 1, &options, &err), MEMSCOPE_IO);
	ck_assert_ptr_null(m);
	ck_assert_ptr_nonnull(strstr(err.text, "/none"));
}
END_TEST

static void remove_log(void)
{
	unlink(path);
}

int main(void)
{
	TCase *tests = tcase_create("describe");
	Suite *suite = suite_create("metadata from outside");
	SRunner *runner;
	int failed;

	tcase_add_unchecked_fixture(tests, build_log, remove_log);
	tcase_add_test(tests, process_and_facts);
	tcase_add_test(tests, threads_and_modules);
	tcase_add_test(tests, frames_of_a_stack);
	tcase_add_test(tests, packs);
	tcase_add_test(tests, places_that_are_not_there);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
