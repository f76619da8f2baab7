/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_symbol_cache.c - names that are kept: found again, replaced in time, and never in
 * the way.
 */
#include "analyzer/metadata/symbol_cache.h"
#include "tests/unit/symbol_fixture.h"

#include <check.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct addresses calls;
static char build_id[256];

static void build(void)
{
	fixture_begin();
	shell("gcc -c -O2 -I$ROOT -o note.o $SRC/note.c; "
	      "gcc -g -O2 -I$ROOT $SRC/calls.c note.o -o whole; "
	      "objcopy --only-keep-debug whole split.debug; strip -o stripped whole; "
	      "gcc -g -O2 -I$ROOT -Wl,--build-id=none $SRC/calls.c note.o -o nameless");
	calls = call_addresses(at("whole"));
	strcpy(build_id, build_id_of(at("whole")));
}

static void unbuild(void)
{
	free(calls.items);
	fixture_end();
}

/* How many addresses of the file have a line; what is found is kept in "cache". */
static size_t lines_of(const char *path, const char *id)
{
	struct ms_symbol_options options = { .debug_dirs = at("tree"),
					     .cache_dir = at("cache/memscope") };
	struct program program = program_new(path, id, &calls);
	const struct ms_frame *frames;
	size_t count, known = 0;
	struct ms_error err;

	ms_metadata_set_symbol_options(program.meta, &options);
	for (uint32_t node = 1; node <= program.count; node++) {
		ck_assert_int_eq(
			ms_metadata_frames(program.meta, node, &frames, &count, &err),
			MS_OK);
		known += frames[0].line > 0;
	}
	ms_metadata_save_symbols(program.meta);
	program_free(&program);
	return known;
}

static void expect_files(unsigned count)
{
	shell("test \"$(ls cache/memscope 2>/dev/null | wc -l)\" = %u", count);
}

static void clear(void)
{
	shell("rm -rf cache tree");
}

START_TEST(kept_and_found)
{
	size_t known;

	clear();
	known = lines_of(at("whole"), build_id);
	ck_assert_uint_gt(known, 20);
	expect_files(1);
	/* Debug information that nobody can read any more: the names are in the cache. */
	shell("cp -p whole copy; off=$((0x$(readelf -SW whole | "
	      "sed -n 's/.*[.]debug_info  *PROGBITS  *[0-9a-f]* \\([0-9a-f]*\\).*/\\1/p'))); "
	      "dd if=/dev/zero of=copy bs=1 count=64 seek=$off conv=notrunc status=none; "
	      "touch -r whole copy; mv whole kept; mv copy whole");
	ck_assert_uint_eq(lines_of(at("whole"), build_id), known);
	/* With another time it is another file. */
	shell("touch whole");
	ck_assert_uint_lt(lines_of(at("whole"), build_id), known);
	expect_files(2);
	shell("mv kept whole");
	ck_assert_uint_eq(lines_of(at("whole"), build_id), known);
}
END_TEST

START_TEST(a_debug_package_that_comes_later)
{
	clear();
	ck_assert_uint_eq(lines_of(at("stripped"), build_id), 0);
	expect_files(1);
	ck_assert_uint_eq(lines_of(at("stripped"), build_id), 0);
	shell("mkdir -p tree/.build-id/%.2s; cp split.debug tree/.build-id/%.2s/%s.debug",
	      build_id, build_id, build_id + 2);
	ck_assert_uint_gt(lines_of(at("stripped"), build_id), 20);
	expect_files(2);
	shell("rm -r tree");
	ck_assert_uint_eq(lines_of(at("stripped"), build_id), 0);
}
END_TEST

START_TEST(a_broken_cache_is_none)
{
	size_t known;

	clear();
	known = lines_of(at("whole"), build_id);
	shell("for f in cache/memscope/*; do printf x | dd of=$f bs=1 seek=50 conv=notrunc "
	      "status=none; done");
	ck_assert_uint_eq(lines_of(at("whole"), build_id), known);
	/* It was made anew. */
	expect_files(1);
	shell("rm -r cache; echo >cache");
	ck_assert_uint_eq(lines_of(at("whole"), build_id), known);
	shell("rm cache; mkdir cache; ln -s /proc/self cache/memscope");
	ck_assert_uint_eq(lines_of(at("whole"), build_id), known);
	clear();
}
END_TEST

START_TEST(without_a_build_id_nothing_is_kept)
{
	clear();
	lines_of(at("nameless"), NULL);
	lines_of(at("gone"), build_id);
	shell("! test -e cache");
}
END_TEST

START_TEST(the_oldest_go)
{
	clear();
	shell("mkdir -p cache; cd cache; for i in 1 2 3 4 5; do head -c 1000 /dev/zero "
	      ">$i.mspack; touch -d \"2020-01-0$i\" $i.mspack; done; echo >other; "
	      "touch -d 2020-01-01 x.mspack.7.0.tmp; echo >y.mspack.7.0.tmp");
	ms_symbol_cache_prune(at("cache"), 5000);
	shell("test \"$(ls cache | tr '\\n' ' ')\" = "
	      "'1.mspack 2.mspack 3.mspack 4.mspack 5.mspack other y.mspack.7.0.tmp '");
	ms_symbol_cache_prune(at("cache"), 2500);
	shell("test \"$(ls cache | tr '\\n' ' ')\" = "
	      "'4.mspack 5.mspack other y.mspack.7.0.tmp '");
	ms_symbol_cache_prune(at("nowhere"), 0);
	clear();
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("cache");
	Suite *suite = suite_create("symbol cache");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_unchecked_fixture(tests, build, unbuild);
	tcase_add_test(tests, kept_and_found);
	tcase_add_test(tests, a_debug_package_that_comes_later);
	tcase_add_test(tests, a_broken_cache_is_none);
	tcase_add_test(tests, without_a_build_id_nothing_is_kept);
	tcase_add_test(tests, the_oldest_go);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
