/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_symbol_files.c - which files symbols are taken from, and which not.
 *
 * The judge of a separate debug file is addr2line on the file before it was split.
 */
#include "tests/unit/symbol_fixture.h"

#include <check.h>
#include <dlfcn.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct addresses calls; /* of "whole", which keeps its debug information */
static char build_id[256];

static void build(void)
{
	fixture_begin();
	shell("gcc -c -O2 -I$ROOT -o note.o $SRC/note.c; "
	      "gcc -g -O2 -I$ROOT $SRC/calls.c note.o -o whole; "
	      "objcopy --only-keep-debug whole split.debug; strip -o stripped whole");
	calls = call_addresses(at("whole"));
	strcpy(build_id, build_id_of(at("whole")));
	ck_assert_uint_gt(strlen(build_id), 8);
}

static void unbuild(void)
{
	free(calls.items);
	fixture_end();
}

/* Ask for everything that "whole" has, of a module at path. */
static struct program ask(const char *path, const char *id, const char *dirs,
			  bool debuginfod)
{
	struct ms_symbol_options options = { .debuginfod = debuginfod,
					     .debug_dirs = dirs };
	struct program program = program_new(path, id, &calls);

	ms_metadata_set_symbol_options(program.meta, &options);
	return program;
}

static void expect_whole(const char *path, const char *id, const char *dirs)
{
	struct program program = ask(path, id, dirs, false);

	ck_assert_uint_gt(compare_with_addr2line(&program, at("whole"), &calls), 20);
	ck_assert(!ms_metadata_module_file_differs(program.meta, 1));
	program_free(&program);
}

/* How many of the addresses have a line. */
static size_t lines(struct program *program)
{
	const struct ms_frame *frames;
	size_t count, known = 0;
	struct ms_error err;

	for (uint32_t node = 1; node <= program->count; node++) {
		ck_assert_int_eq(
			ms_metadata_frames(program->meta, node, &frames, &count, &err),
			MS_OK);
		known += frames[0].line > 0;
	}
	return known;
}

/* No line, and that the file is not the module's is known (or not: differs is false). */
static void expect_no_lines(const char *path, const char *id, const char *dirs,
			    bool differs)
{
	struct program program = ask(path, id, dirs, false);

	ck_assert_uint_eq(lines(&program), 0);
	ck_assert_int_eq(ms_metadata_module_file_differs(program.meta, 1), differs);
	program_free(&program);
}

START_TEST(by_build_id)
{
	shell("mkdir -p tree/.build-id/%.2s; "
	      "cp split.debug tree/.build-id/%.2s/%s.debug; cp stripped alone",
	      build_id, build_id, build_id + 2);
	expect_no_lines(at("alone"), build_id, at("nowhere"), false);
	expect_whole(at("alone"), build_id, at("tree"));
	shell("mkdir -p other; echo $PWD/nowhere::$PWD/other:$PWD/tree >dirs");
	expect_whole(at("alone"), NULL, at("tree"));
	/* The program itself is gone: its debug file alone will do. */
	expect_whole(at("gone"), build_id, at("tree"));
	expect_whole("/no/such/program", build_id, at("tree"));
}
END_TEST

START_TEST(several_directories)
{
	char dirs[3 * PATH_MAX];

	shell("mkdir -p second/.build-id/%.2s; cp split.debug second/.build-id/%.2s/%s.debug",
	      build_id, build_id, build_id + 2);
	snprintf(dirs, sizeof(dirs), "%s::%s:", at("nowhere"), at("second"));
	expect_whole(at("stripped"), build_id, dirs);
}
END_TEST

/* A file in the tree that has another build-id, or is no ELF file, is not taken. */
/* Where the user says that files are: under the module's path or name, before all else.
 */
static void expect_named(const char *path, const char *id, bool lines_wanted)
{
	struct ms_symbol_options options = { .symbol_dirs = at("named"),
					     .debug_dirs = at("nowhere") };
	struct program program = program_new(path, id, &calls);

	ms_metadata_set_symbol_options(program.meta, &options);
	if (lines_wanted)
		ck_assert_uint_gt(compare_with_addr2line(&program, at("whole"), &calls),
				  20);
	else
		ck_assert_uint_eq(lines(&program), 0);
	program_free(&program);
}

START_TEST(named_directories)
{
	static const char *const places[] = {
		"stripped",	    "stripped.debug",
		".debug/stripped",  ".debug/stripped.debug",
		"opt/bin/stripped", "opt/bin/stripped.debug"
	};
	const char *place = places[_i % 6];

	/* The module is not here at all, or is here, stripped. */
	shell("rm -rf named; mkdir -p \"$(dirname named/%s)\"; cp %s named/%s", place,
	      _i < 6 ? "whole" : "split.debug", place);
	expect_named("/opt/bin/stripped", build_id, true);
	if (_i % 6 < 4)
		expect_named(at("stripped"), build_id, true);
	/* Another program of that name is not it. */
	shell("gcc -g -O1 -DNAME=first -I$ROOT $SRC/calls.c note.o -o named/%s", place);
	expect_named("/opt/bin/stripped", build_id, false);
	expect_named(at("whole"), build_id, true);
}
END_TEST

/* A tree of build-ids itself, and one that has been stripped where the other is not. */
START_TEST(named_trees)
{
	shell("rm -rf named; mkdir -p named/%.2s; cp split.debug named/%.2s/%s.debug",
	      build_id, build_id, build_id + 2);
	expect_named("/opt/bin/stripped", build_id, true);
	shell("rm -rf named; mkdir named; cp stripped named/whole");
	expect_named(at("whole"), build_id, true);
}
END_TEST

START_TEST(wrong_file_in_the_tree)
{
	shell("mkdir -p wrong/.build-id/%.2s; gcc -g -DNAME=first -shared -fPIC "
	      "$SRC/library.c -o wrong/.build-id/%.2s/%s.debug",
	      build_id, build_id, build_id + 2);
	expect_no_lines(at("stripped"), build_id, at("wrong"), false);
	shell("echo no ELF >wrong/.build-id/%.2s/%s.debug", build_id, build_id + 2);
	expect_no_lines(at("stripped"), build_id, at("wrong"), false);
	shell("rm wrong/.build-id/%.2s/*; mkfifo wrong/.build-id/%.2s/%s.debug", build_id,
	      build_id, build_id + 2);
	expect_no_lines(at("stripped"), build_id, at("wrong"), false);
}
END_TEST

START_TEST(by_link)
{
	static const char *const places[] = { "linked", "linked/.debug",
					      "tree2$PWD/linked", "tree2" };

	shell("rm -rf linked tree2; mkdir -p linked %s; cp split.debug %s/it.debug; "
	      "cp stripped linked/program; cp split.debug it.debug; "
	      "objcopy --add-gnu-debuglink=it.debug linked/program",
	      places[_i], places[_i]);
	expect_whole(at("linked/program"), build_id, at("tree2"));
}
END_TEST

/* Without build-ids the checksum alone decides. */
START_TEST(by_link_and_checksum)
{
	struct program program;

	shell("mkdir -p sum; gcc -g -O2 -I$ROOT -Wl,--build-id=none $SRC/calls.c note.o -o "
	      "sum/whole; cd sum; objcopy --only-keep-debug whole it.debug; "
	      "strip -o program whole; objcopy --add-gnu-debuglink=it.debug program");
	program = ask(at("sum/program"), NULL, at("nowhere"), false);
	ck_assert_uint_gt(lines(&program), 20);
	program_free(&program);
	shell("printf x >>sum/it.debug");
	expect_no_lines(at("sum/program"), NULL, at("nowhere"), false);
}
END_TEST

/* The debug file has the program's own name, as where install puts it into .debug. */
START_TEST(a_link_to_itself)
{
	shell("mkdir -p self; cp stripped self/program; cd self; cp program x; "
	      "objcopy --add-gnu-debuglink=x program; mv program x");
	expect_no_lines(at("self/x"), build_id, at("nowhere"), false);
	shell("mkdir self/.debug; cp split.debug self/.debug/x");
	expect_whole(at("self/x"), build_id, at("nowhere"));
}
END_TEST

/* A link is a name, not a path. */
START_TEST(a_link_that_leads_elsewhere)
{
	shell("mkdir -p in/here; cp split.debug in/it.debug; cp split.debug in/x.dbg; "
	      "cp stripped in/here/program; cd in/here; "
	      "objcopy --add-gnu-debuglink=../it.debug program; "
	      "sed -i 's#it[.]debug#../x.dbg#' program; "
	      "readelf -p .gnu_debuglink program | grep -q ' [.][.]/x.dbg'");
	expect_no_lines(at("in/here/program"), build_id, at("nowhere"), false);
}
END_TEST

START_TEST(compressed)
{
	static const char *const kinds[] = { "zlib", "zlib-gnu" };

	shell("objcopy --compress-debug-sections=%s whole squeezed", kinds[_i]);
	expect_whole(at("squeezed"), build_id, at("nowhere"));
}
END_TEST

START_TEST(another_build_id)
{
	shell("gcc -g -O1 -DNAME=first -I$ROOT $SRC/calls.c note.o -o rebuilt");
	expect_no_lines(at("rebuilt"), build_id, at("nowhere"), true);
	expect_no_lines(at("gone"), build_id, at("nowhere"), true);
	expect_no_lines(fixture_dir(), build_id, at("nowhere"), true);
	/* A log that has none takes what is there. */
	expect_whole(at("whole"), NULL, at("nowhere"));
}
END_TEST

START_TEST(deleted)
{
	expect_whole(at("whole (deleted)"), build_id, at("nowhere"));
	/* Nothing proves that what lies there now is the one that was deleted. */
	expect_no_lines(at("whole (deleted)"), NULL, at("nowhere"), true);
	shell("cp whole 'odd (deleted)'; cp stripped odd");
	expect_whole(at("odd (deleted)"), NULL, at("nowhere"));
}
END_TEST

START_TEST(no_file_to_look_for)
{
	expect_no_lines("linux-vdso.so.1", NULL, at("nowhere"), false);
	expect_no_lines("", NULL, at("nowhere"), false);
	shell("mkfifo pipe");
	expect_no_lines(at("pipe"), NULL, at("nowhere"), true);
}
END_TEST

START_TEST(relative_paths)
{
	struct program program = ask("./whole", build_id, at("nowhere"), false);

	ck_assert_int_eq(ms_metadata_add_fact(program.meta, "cwd", 3, fixture_dir(),
					      strlen(fixture_dir())),
			 MS_OK);
	ck_assert_uint_gt(compare_with_addr2line(&program, at("whole"), &calls), 20);
	program_free(&program);
	/* Where the program was is not known: it is not looked for where we are. */
	ck_assert_int_eq(chdir(fixture_dir()), 0);
	expect_no_lines("./whole", build_id, at("nowhere"), true);
}
END_TEST

START_TEST(common_parts_moved_out_by_dwz)
{
	shell("mkdir -p dwz/.dwz dwz/.build-id/%.2s; cp split.debug dwz/one.debug; "
	      "gcc -g -O2 -I$ROOT $SRC/calls.c note.o -DMORE -o dwz/b; "
	      "objcopy --only-keep-debug dwz/b dwz/two.debug; "
	      "dwz -m dwz/.dwz/common.debug -M $PWD/gone/.dwz/common.debug "
	      "dwz/one.debug dwz/two.debug; readelf -SW dwz/one.debug 2>&1 | grep -q altlink; "
	      "mv dwz/one.debug dwz/.build-id/%.2s/%s.debug",
	      build_id, build_id, build_id + 2);
	expect_whole(at("stripped"), build_id, at("dwz"));
}
END_TEST

/* A server that is a directory.  Asked for only with the option, whatever the
 * environment. */
START_TEST(debuginfod)
{
	char url[PATH_MAX + 16];
	struct program program;

	shell("rm -rf cache; mkdir -p server/buildid/%s; "
	      "cp split.debug server/buildid/%s/debuginfo; "
	      "cp stripped server/buildid/%s/executable",
	      build_id, build_id, build_id);
	snprintf(url, sizeof(url), "file://%s/", at("server"));
	setenv("DEBUGINFOD_URLS", url, 1);
	setenv("DEBUGINFOD_CACHE_PATH", at("cache"), 1);
	expect_no_lines(at("stripped"), build_id, at("nowhere"), false);
	expect_no_lines(at("gone"), build_id, at("nowhere"), true);
	ck_assert_int_ne(access(at("cache"), F_OK), 0);

	program = ask(at("stripped"), build_id, at("nowhere"), true);
	ck_assert_uint_gt(compare_with_addr2line(&program, at("whole"), &calls), 20);
	program_free(&program);
}
END_TEST

START_TEST(two_libraries_at_one_address)
{
	struct addresses addresses;
	struct program program;
	struct ms_module second = { .id = 2,
				    .base = 0x7f0000000000,
				    .start = 0x7f0000000000,
				    .end = 0x7f0000010000 };
	struct ms_wire_node node;
	size_t first_named = 0;

	shell("for n in monday friday; do gcc -g -O2 -fPIC -shared -DNAME=$n $SRC/library.c "
	      "-o $n.so; done; test \"$(nm monday.so | grep -w monday | cut -c1-16)\" = "
	      "\"$(nm friday.so | grep -w friday | cut -c1-16)\"");
	addresses = call_addresses(at("monday.so"));
	program = program_new(at("monday.so"), NULL, &addresses);
	second.path = at("friday.so");
	ck_assert_int_eq(
		ms_metadata_add_module(program.meta, &second, strlen(second.path)),
		MS_OK);
	for (size_t i = 0; i < addresses.count; i++) {
		uint32_t id = (uint32_t)(1000 + i);
		const char *name = owner_of(program.meta, (uint32_t)i + 1);

		if (!name || strcmp(name, "monday") != 0)
			continue;
		node = node_of(id, 2, addresses.items[i], 0);
		ck_assert_int_eq(ms_metadata_add_nodes(program.meta, id, &node, 1),
				 MS_OK);
		ck_assert_str_eq(owner_of(program.meta, id), "friday");
		first_named++;
	}
	ck_assert_uint_gt(first_named, 1);
	program_free(&program);
	free(addresses.items);
}
END_TEST

/* More modules than descriptors. */
START_TEST(many_modules)
{
	struct rlimit few = { 64, 64 };
	struct program program = program_new(at("whole"), NULL, &calls);
	struct ms_wire_node node;
	char path[PATH_MAX];

	strcpy(path, at("whole"));
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	for (uint32_t id = 2; id < 300; id++) {
		struct ms_module module = { .id = id, .path = path };

		ck_assert_int_eq(
			ms_metadata_add_module(program.meta, &module, strlen(path)),
			MS_OK);
		node = node_of(1000 + id, id, calls.items[calls.count / 2], 0);
		ck_assert_int_eq(ms_metadata_add_nodes(program.meta, 1000 + id, &node, 1),
				 MS_OK);
		ck_assert_ptr_nonnull(owner_of(program.meta, 1000 + id));
		ck_assert_str_eq(owner_of(program.meta, 1000 + id),
				 owner_of(program.meta, (uint32_t)(calls.count / 2 + 1)));
	}
	program_free(&program);
}
END_TEST

/* A file with damage anywhere: whatever it says, asking ends well. */
static void ask_damaged(const unsigned char *whole, size_t size, uint64_t *state)
{
	unsigned char *copy = malloc(size);
	struct program program;
	FILE *file;

	memcpy(copy, whole, size);
	for (int i = 0; i < 24; i++) {
		*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
		copy[(*state >> 33) % size] = (unsigned char)(*state >> 25);
	}
	/* Most of the time it shall still be an ELF file with sections. */
	if (*state >> 62)
		memcpy(copy, whole, 64);
	file = fopen(at("damaged"), "wb");
	ck_assert_uint_eq(fwrite(copy, 1, size, file), size);
	fclose(file);
	free(copy);
	program = ask(at("damaged"), NULL, at("nowhere"), false);
	lines(&program);
	program_free(&program);
}

START_TEST(damaged_files)
{
	uint64_t state = 20240229;
	unsigned char *whole;
	struct stat st;
	FILE *file = fopen(at("whole"), "rb");

	ck_assert_int_eq(stat(at("whole"), &st), 0);
	whole = malloc((size_t)st.st_size);
	ck_assert_uint_eq(fread(whole, 1, (size_t)st.st_size, file), (size_t)st.st_size);
	fclose(file);
	for (int i = 0; i < 400; i++)
		ask_damaged(whole, (size_t)st.st_size, &state);
	/* Cut off anywhere. */
	for (int i = 1; i < 64; i++) {
		struct program program;

		ck_assert_int_eq(truncate(at("damaged"), st.st_size * i / 64), 0);
		program = ask(at("damaged"), NULL, at("nowhere"), false);
		lines(&program);
		program_free(&program);
	}
	free(whole);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("files");
	Suite *suite = suite_create("symbol files");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_unchecked_fixture(tests, build, unbuild);
	tcase_add_test(tests, by_build_id);
	tcase_add_test(tests, several_directories);
	tcase_add_loop_test(tests, named_directories, 0, 12);
	tcase_add_test(tests, named_trees);
	tcase_add_test(tests, wrong_file_in_the_tree);
	tcase_add_loop_test(tests, by_link, 0, 4);
	tcase_add_test(tests, by_link_and_checksum);
	tcase_add_test(tests, a_link_to_itself);
	tcase_add_test(tests, a_link_that_leads_elsewhere);
	tcase_add_loop_test(tests, compressed, 0, 2);
	tcase_add_test(tests, another_build_id);
	tcase_add_test(tests, deleted);
	tcase_add_test(tests, no_file_to_look_for);
	tcase_add_test(tests, relative_paths);
	tcase_add_test(tests, two_libraries_at_one_address);
	tcase_add_test(tests, many_modules);
	tcase_add_test(tests, damaged_files);
	if (have("dwz"))
		tcase_add_test(tests, common_parts_moved_out_by_dwz);
	if (dlopen("libdebuginfod.so.1", RTLD_LAZY))
		tcase_add_test(tests, debuginfod);
	else
		fprintf(stderr,
			"# skipped: debuginfod, whose library is not installed\n");
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
