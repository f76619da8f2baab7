/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_symbols.c - functions, files, lines and inlined frames against addr2line and gdb.
 *
 * Every call of each program is looked up, however it was compiled and wherever its debug
 * information lies.
 */
#include "tests/unit/symbol_fixture.h"

#include "analyzer/base/alloc.h"

#include <check.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define COMPILE_C "gcc -g -O2 -I$ROOT $SRC/calls.c note.o"

static void build(void)
{
	fixture_begin();
	shell("gcc -c -O2 -I$ROOT -o note.o $SRC/note.c; " COMPILE_C " -o calls");
}

/* Compare path, whose debug information is all in reference; at least inlined frames. */
static void expect_as(const char *path, const char *reference, size_t inlined)
{
	struct addresses addresses = call_addresses(reference);
	struct program program = program_new(path, build_id_of(reference), &addresses);

	ck_assert_uint_ge(compare_with_addr2line(&program, reference, &addresses),
			  inlined);
	ck_assert(!ms_metadata_module_file_differs(program.meta, 1));
	program_free(&program);
	free(addresses.items);
}

START_TEST(c_of_every_format)
{
	static const char *const formats[] = { "-gdwarf-5",
					       "-gdwarf-4",
					       "-gdwarf-3",
					       "-gdwarf-2 -gno-strict-dwarf",
					       "-gz",
					       "-no-pie",
					       "-Wl,--build-id=none",
					       "-ffunction-sections -Wl,--gc-sections" };

	shell(COMPILE_C " %s -o format", formats[_i]);
	expect_as(at("format"), at("format"), 20);
}
END_TEST

START_TEST(cxx)
{
	shell("g++ -g -O2 $SRC/calls.cc note.o -o calls-cxx");
	expect_as(at("calls-cxx"), at("calls-cxx"), 60);
}
END_TEST

/* clang writes no .debug_aranges. */
START_TEST(clang)
{
	shell("sed '/^\\/\\* A function within/,/^int main/{/^int main/!d}; s/outer(argc)/0/' "
	      "$SRC/calls.c >plain.c; "
	      "clang -g -O2 -I$ROOT plain.c note.o -o calls-clang");
	expect_as(at("calls-clang"), at("calls-clang"), 15);
}
END_TEST

START_TEST(rust)
{
	static const char *const manglings[] = { "", "-C symbol-mangling-version=v0" };

	shell("rustc -g -O %s -o calls-rust $SRC/calls.rs", manglings[_i]);
	expect_as(at("calls-rust"), at("calls-rust"), 1000);
}
END_TEST

/* Of DWARF 5 made by -flto, addr2line 2.40 names the file "<artificial>". */
START_TEST(optimized_as_one)
{
	shell("gcc -gdwarf-4 -O2 -flto -I$ROOT $SRC/calls.c $SRC/note.c -o calls-lto");
	expect_as(at("calls-lto"), at("calls-lto"), 20);
}
END_TEST

START_TEST(dropped_functions)
{
	struct addresses addresses;
	struct program program;
	size_t used = 0;

	shell("gcc -g -O2 -fPIC -shared -ffunction-sections -Wl,--gc-sections,-z,noseparate-code "
	      "-o dropped.so $SRC/dropped.c; ! nm dropped.so | grep dropped; "
	      "readelf --debug-dump=info dropped.so 2>/dev/null | grep -q ': dropped$'");
	addresses = call_addresses(at("dropped.so"));
	program = program_new(at("dropped.so"), NULL, &addresses);
	for (size_t i = 0; i < addresses.count; i++) {
		const char *owner = owner_of(program.meta, (uint32_t)i + 1);

		ck_assert(!owner || strcmp(owner, "dropped") != 0);
		used += owner && strcmp(owner, "used") == 0;
	}
	ck_assert_uint_eq(used, 2);
	program_free(&program);
	free(addresses.items);
}
END_TEST

START_TEST(paths_are_absolute_and_plain)
{
	struct addresses addresses;
	struct program program;
	const struct ms_frame *frames;
	size_t count, checked = 0;
	struct ms_error err;
	char expected[PATH_MAX];

	shell("mkdir -p deep/er; cp $SRC/calls.c deep/er; cd deep; "
	      "gcc -g -O2 -I$ROOT ./er/../er//calls.c ../note.o -o ../calls-paths");
	addresses = call_addresses(at("calls-paths"));
	program = program_new(at("calls-paths"), NULL, &addresses);
	ck_assert_ptr_nonnull(realpath(at("deep/er/calls.c"), expected));
	for (size_t i = 0; i < addresses.count; i++) {
		ck_assert_int_eq(ms_metadata_frames(program.meta, (uint32_t)i + 1,
						    &frames, &count, &err),
				 MS_OK);
		if (frames[count - 1].line == 0)
			continue;
		ck_assert_str_eq(frames[count - 1].file, expected);
		checked++;
	}
	ck_assert_uint_gt(checked, 5);
	program_free(&program);
	free(addresses.items);
}
END_TEST

/* "Line 14 of "/x/calls.h" ..." and "visible + 12 in section .text", for each address. */
static void compare_with_gdb(FILE *gdb, struct ms_metadata *meta, size_t count)
{
	char line[8192], file[4096], function[4096];
	const struct ms_frame *frames;
	size_t frame_count;
	struct ms_error err;
	unsigned number;

	for (uint32_t node = 1; node <= count; node++) {
		ck_assert_int_eq(
			ms_metadata_frames(meta, node, &frames, &frame_count, &err),
			MS_OK);
		ck_assert_ptr_nonnull(fgets(line, sizeof(line), gdb));
		if (sscanf(line, "Line %u of \"%4095[^\"]\"", &number, file) == 2) {
			ck_assert_uint_eq(frames[0].line, number);
			ck_assert_str_eq(strrchr(frames[0].file, '/'),
					 strrchr(file, '/'));
		} else {
			ck_assert_ptr_null(frames[0].file);
		}
		ck_assert_ptr_nonnull(fgets(line, sizeof(line), gdb));
		ck_assert_int_eq(sscanf(line, "%4095[^. ]", function), 1);
		ck_assert_str_eq(frames[frame_count - 1].function, function);
	}
}

START_TEST(as_gdb_has_it)
{
	struct addresses addresses = call_addresses(at("calls"));
	struct program program = program_new(at("calls"), NULL, &addresses);
	FILE *script = fopen(at("script"), "w"), *gdb;
	char command[2 * PATH_MAX];

	for (size_t i = 0; i < addresses.count; i++)
		fprintf(script, "info line *%" PRIu64 "\ninfo symbol %" PRIu64 "\n",
			addresses.items[i] - 1, addresses.items[i] - 1);
	fclose(script);
	snprintf(
		command, sizeof(command),
		"gdb -nx -batch -ex 'set width 0' -x '%s' '%s' 2>/dev/null | grep -v Read",
		at("script"), at("calls"));
	gdb = popen(command, "r");
	ck_assert_ptr_nonnull(gdb);
	compare_with_gdb(gdb, program.meta, addresses.count);
	pclose(gdb);
	program_free(&program);
	free(addresses.items);
}
END_TEST

/* The function of nm's list that holds address, "" for none. */
static const char *function_of_nm(const char *list, uint64_t address)
{
	static char name[256];
	uint64_t start, size;
	char type;
	FILE *file = fopen(list, "r");

	ck_assert_ptr_nonnull(file);
	while (fscanf(file, "%" SCNx64 " %" SCNx64 " %c %255s", &start, &size, &type,
		      name) == 4) {
		if (address - start < size) {
			fclose(file);
			return name;
		}
	}
	fclose(file);
	return "";
}

/*
 * What nm knows of library is all that meta knows: functions by name, and nothing of what
 * lies between them.  Returns how many addresses have no function.
 */
static size_t compare_with_nm(struct ms_metadata *meta, const char *nm_options,
			      const struct addresses *addresses, const char *library)
{
	size_t named = 0, unknown = 0;

	shell("nm %s -S '%s' | awk 'NF == 4 && $3 ~ /[TtW]/' >nm.list", nm_options,
	      library);
	for (size_t i = 0; i < addresses->count; i++) {
		const char *name = function_of_nm(at("nm.list"), addresses->items[i] - 1);
		const char *owner = owner_of(meta, (uint32_t)i + 1);

		/* Symbols without a size, _init and the like, are not in the list. */
		if (owner && owner[0] == '_')
			continue;
		ck_assert_str_eq(owner ? owner : "", name);
		named += *name != '\0';
		unknown += *name == '\0';
	}
	ck_assert_uint_gt(named, 2);
	return unknown;
}

START_TEST(exported_functions_of_a_stripped_library)
{
	struct addresses addresses;
	struct program program;

	shell("gcc -g -O2 -fno-toplevel-reorder -fPIC -shared -fvisibility=hidden -DNAME=first $SRC/library.c -o "
	      "library.so; strip -o stripped.so library.so");
	addresses = call_addresses(at("library.so"));
	program =
		program_new(at("stripped.so"), build_id_of(at("library.so")), &addresses);
	ck_assert_uint_ge(
		compare_with_nm(program.meta, "-D", &addresses, at("library.so")), 2);
	program_free(&program);
	free(addresses.items);
}
END_TEST

START_TEST(symbols_in_gnu_debugdata)
{
	struct addresses addresses;
	struct program program;

	shell("gcc -O2 -fPIC -shared -fvisibility=hidden -DNAME=first $SRC/library.c -o "
	      "whole.so; objcopy -S --keep-symbol=inside -K inside whole.so mini; xz -f mini; "
	      "strip -o mini.so whole.so; objcopy --add-section .gnu_debugdata=mini.xz mini.so");
	addresses = call_addresses(at("whole.so"));
	program = program_new(at("mini.so"), NULL, &addresses);
	compare_with_nm(program.meta, "", &addresses, at("whole.so"));
	program_free(&program);
	free(addresses.items);
}
END_TEST

START_TEST(versions_are_no_part_of_a_name)
{
	struct addresses addresses;
	struct program program;
	size_t found = 0;

	shell("echo 'ONE { global: first; last; local: *; }; TWO { global: newest; } ONE;' "
	      ">map; gcc -O2 -fPIC -shared -DVERSIONED -DNAME=first $SRC/library.c "
	      "-Wl,--version-script=map -o versions.so; "
	      "nm versions.so | grep -q ' newest@@TWO'");
	addresses = call_addresses(at("versions.so"));
	program = program_new(at("versions.so"), NULL, &addresses);
	for (size_t i = 0; i < addresses.count; i++) {
		const char *owner = owner_of(program.meta, (uint32_t)i + 1);

		ck_assert(!owner || !strchr(owner, '@'));
		found += owner && strcmp(owner, "newest") == 0;
	}
	ck_assert_uint_ge(found, 1);
	program_free(&program);
	free(addresses.items);
}
END_TEST

/* What is no code of a module: absolute addresses, unknown modules, cuts. */
START_TEST(frames_without_a_module)
{
	struct addresses none = { NULL, 0 };
	struct program program = program_new(at("calls"), NULL, &none);
	struct ms_wire_node nodes[] = {
		node_of(1, MS_MODULE_NONE, 0x7f1234, 0),
		node_of(2, 77, 0x99, 1),
		node_of(3, MS_MODULE_CUT, MS_CUT_NO_RULE, 2),
		node_of(4, MS_MODULE_CUT, 123456, 2),
	};
	const uint64_t where[] = { 0x7f1234, 0x99, 0, 0 };
	const uint8_t cut[] = { 0, 0, MS_CUT_NO_RULE, 255 };
	const struct ms_frame *f;
	struct ms_error err;
	size_t count;

	ck_assert_int_eq(ms_metadata_add_nodes(program.meta, 1, nodes, 4), MS_OK);
	for (uint32_t node = 1; node <= 4; node++) {
		ck_assert_int_eq(ms_metadata_frames(program.meta, node, &f, &count, &err),
				 MS_OK);
		ck_assert_uint_eq(count, 1);
		ck_assert_ptr_null(f->function);
		ck_assert_ptr_null(f->module);
		ck_assert(!f->inlined);
		ck_assert_uint_eq(f->address, where[node - 1]);
		ck_assert_uint_eq(f->cut, cut[node - 1]);
	}
	ck_assert_int_eq(ms_metadata_frames(program.meta, 5, &f, &count, &err), MS_OK);
	ck_assert_uint_eq(count, 0);
	ck_assert_ptr_null(f);
	ck_assert_int_eq(ms_metadata_frames(program.meta, 0, &f, &count, &err), MS_OK);
	ck_assert_uint_eq(count, 0);
	program_free(&program);
}
END_TEST

/* An interrupted instruction is itself, where a call is the byte before. */
START_TEST(exact_addresses)
{
	struct addresses none = { NULL, 0 };
	struct program program = program_new(at("calls"), NULL, &none);
	struct ms_wire_node nodes[2];
	uint64_t start = 0;
	char command[PATH_MAX];
	FILE *nm;

	snprintf(command, sizeof(command), "nm '%s' | sed -n 's/ T visible$//p'",
		 at("calls"));
	nm = popen(command, "r");
	ck_assert_int_eq(fscanf(nm, "%" SCNx64, &start), 1);
	pclose(nm);
	nodes[0] = node_of(1, 1, start | MS_WHERE_EXACT, 0);
	nodes[1] = node_of(2, 1, start, 0);
	ck_assert_int_eq(ms_metadata_add_nodes(program.meta, 1, nodes, 2), MS_OK);
	ck_assert_str_eq(owner_of(program.meta, 1), "visible");
	ck_assert(!owner_of(program.meta, 2) ||
		  strcmp(owner_of(program.meta, 2), "visible") != 0);
	program_free(&program);
}
END_TEST

/* A fair share of every kind of address, so that no kind of allocation is left out. */
static ms_status ask_all(struct program *program)
{
	const struct ms_frame *frames;
	size_t count;
	struct ms_error err;
	ms_status status = MS_OK;

	for (uint32_t node = 1; node <= program->count && status == MS_OK; node++) {
		status = ms_metadata_frames(program->meta, node, &frames, &count, &err);
		if (status == MS_OK)
			status = ms_metadata_site(program->meta, node, &frames, &err);
	}
	return status;
}

START_TEST(every_allocation_fails)
{
	struct addresses addresses = call_addresses(at("calls"));
	unsigned long n = 0;
	ms_status status = MS_ENOMEM;

	while (status == MS_ENOMEM) {
		struct program program = program_new(at("calls"), NULL, &addresses);

		ms_alloc_fail_at(++n);
		status = ask_all(&program);
		ms_alloc_fail_at(0);
		/* What failed once works when it is asked again. */
		if (n % 7 == 0) {
			ck_assert_int_eq(ask_all(&program), MS_OK);
			compare_with_addr2line(&program, at("calls"), &addresses);
		}
		program_free(&program);
	}
	ck_assert_int_eq(status, MS_OK);
	ck_assert_uint_gt(n, 30);
	free(addresses.items);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("symbols");
	Suite *suite = suite_create("symbols");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_unchecked_fixture(tests, build, fixture_end);
	tcase_add_loop_test(tests, c_of_every_format, 0, 8);
	tcase_add_test(tests, cxx);
	tcase_add_test(tests, optimized_as_one);
	tcase_add_test(tests, dropped_functions);
	tcase_add_test(tests, paths_are_absolute_and_plain);
	tcase_add_test(tests, exported_functions_of_a_stripped_library);
	tcase_add_test(tests, versions_are_no_part_of_a_name);
	tcase_add_test(tests, frames_without_a_module);
	tcase_add_test(tests, exact_addresses);
	tcase_add_test(tests, every_allocation_fails);
	if (have("clang"))
		tcase_add_test(tests, clang);
	if (have("rustc"))
		tcase_add_loop_test(tests, rust, 0, 2);
	if (have("gdb"))
		tcase_add_test(tests, as_gdb_has_it);
	if (have("xz"))
		tcase_add_test(tests, symbols_in_gnu_debugdata);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
