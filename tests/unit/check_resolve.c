/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_resolve.c - many names at once: the same as one by one, on however many threads.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/metadata/pack.h"
#include "tests/unit/symbol_fixture.h"

#include <check.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MODULES 6

/* Modules 1 to MODULES, their calls as stacks that go through all of them. */
struct run {
	struct program program;
	struct addresses calls;
	struct ms_wire_node *nodes;
	uint32_t count;
};

static struct addresses calls;

static void build(void)
{
	fixture_begin();
	shell("gcc -c -O2 -I$ROOT -o note.o $SRC/note.c; "
	      "gcc -g -O2 -I$ROOT $SRC/calls.c note.o -o p1; "
	      "for i in 2 3 4 5 6; do cp p1 p$i; done; strip p3; "
	      "objcopy --remove-section=.note.gnu.build-id p4");
	calls = call_addresses(at("p1"));
}

static void unbuild(void)
{
	free(calls.items);
	fixture_end();
}

/* Node k + 1 lies in module k % MODULES + 1, below node k unless that ends a stack. */
static struct run run_new(void)
{
	struct run run = { .count = (uint32_t)calls.count * MODULES };
	struct addresses none = { NULL, 0 };
	char path[PATH_MAX];

	run.program = program_new(at("p1"), NULL, &none);
	for (uint32_t m = 2; m <= MODULES; m++) {
		struct ms_module module = { .id = m, .path = path };

		snprintf(path, sizeof(path), "%s/p%u", fixture_dir(), m);
		ck_assert_int_eq(
			ms_metadata_add_module(run.program.meta, &module, strlen(path)),
			MS_OK);
	}
	run.nodes = calloc(run.count, sizeof(*run.nodes));
	for (uint32_t k = 0; k < run.count; k++)
		run.nodes[k] =
			node_of(k + 1, k % MODULES + 1,
				calls.items[k / MODULES % calls.count], k % 10 ? k : 0);
	ck_assert_int_eq(ms_metadata_add_nodes(run.program.meta, 1, run.nodes, run.count),
			 MS_OK);
	return run;
}

static void run_free(struct run *run)
{
	program_free(&run->program);
	free(run->nodes);
}

static void expect_text(const char *a, const char *b)
{
	ck_assert(a == b || (a && b && strcmp(a, b) == 0));
}

static void expect_same(struct ms_metadata *a, struct ms_metadata *b, uint32_t count)
{
	struct ms_error err;

	for (uint32_t node = 1; node <= count; node++) {
		const struct ms_frame *x, *y;
		size_t n, m;

		ck_assert_int_eq(ms_metadata_frames(a, node, &x, &n, &err), MS_OK);
		ck_assert_int_eq(ms_metadata_frames(b, node, &y, &m, &err), MS_OK);
		ck_assert_uint_eq(n, m);
		for (size_t i = 0; i < n; i++) {
			expect_text(x[i].function, y[i].function);
			expect_text(x[i].file, y[i].file);
			expect_text(x[i].module, y[i].module);
			ck_assert_uint_eq(x[i].line, y[i].line);
			ck_assert_uint_eq(x[i].address, y[i].address);
			ck_assert_int_eq(x[i].inlined, y[i].inlined);
		}
		ck_assert_int_eq(ms_metadata_site(a, node, &x, &err), MS_OK);
		ck_assert_int_eq(ms_metadata_site(b, node, &y, &err), MS_OK);
		expect_text(x->function, y->function);
		ck_assert_uint_eq(x->line, y->line);
	}
}

static uint32_t *all_nodes(uint32_t count)
{
	uint32_t *nodes = calloc(count + 3, sizeof(*nodes));

	for (uint32_t i = 0; i < count; i++)
		nodes[i] = i + 1;
	nodes[count + 1] = count + 77; /* neither is a node */
	nodes[count + 2] = UINT32_MAX;
	return nodes;
}

START_TEST(as_one_by_one)
{
	static const unsigned threads[] = { 1, 2, 5, 0 };
	struct run serial = run_new(), batch = run_new();
	uint32_t *nodes = all_nodes(batch.count);
	struct ms_error err;

	ck_assert_int_eq(
		ms_metadata_resolve(batch.program.meta,
				    _i / 4 ? MS_RESOLVE_SITES : MS_RESOLVE_STACKS, nodes,
				    batch.count + 3, threads[_i % 4], &err),
		MS_OK);
	expect_same(serial.program.meta, batch.program.meta, batch.count);
	free(nodes);
	run_free(&serial);
	run_free(&batch);
}
END_TEST

/* What was resolved needs the files no more; what was not, does. */
START_TEST(stacks_are_whole)
{
	struct run run = run_new();
	uint32_t stack = 10;
	struct ms_error err;

	ck_assert_int_eq(ms_metadata_resolve(run.program.meta, MS_RESOLVE_STACKS, &stack,
					     1, 2, &err),
			 MS_OK);
	for (uint32_t m = 1; m <= MODULES; m++)
		ck_assert(ms_metadata_module_asked(run.program.meta, m));
	run_free(&run);
	run = run_new();
	stack = 1;
	ck_assert_int_eq(ms_metadata_resolve(run.program.meta, MS_RESOLVE_SITES, &stack,
					     1, 2, &err),
			 MS_OK);
	ck_assert(ms_metadata_module_asked(run.program.meta, 1));
	ck_assert(!ms_metadata_module_asked(run.program.meta, 2));
	run_free(&run);
}
END_TEST

/* Frames from a pack are those of the files. */
START_TEST(packed_and_read_elsewhere)
{
	struct run here = run_new(), there = run_new();
	struct ms_pack_writer *writer = ms_pack_writer_new();
	struct ms_symbol_options options = { .debug_dirs = "/nowhere" };
	struct ms_packs *packs;
	struct ms_error err;

	ck_assert_int_eq(ms_metadata_resolve_all(here.program.meta, 2, &err), MS_OK);
	ck_assert_int_eq(ms_metadata_pack_symbols(here.program.meta, writer, &err),
			 MS_OK);
	ck_assert_int_eq(ms_pack_write(writer, at("all.mspack"), &err), MS_OK);
	ms_pack_writer_free(writer);
	ck_assert_int_eq(ms_packs_open(&packs, at("all.mspack"), &err), MS_OK);
	options.packs = packs;
	ms_metadata_set_symbol_options(there.program.meta, &options);
	shell("mkdir away; mv p? away");
	ck_assert_int_eq(ms_metadata_resolve_all(there.program.meta, 2, &err), MS_OK);
	expect_same(here.program.meta, there.program.meta, here.count);
	shell("mv away/* .; rmdir away");
	run_free(&here);
	run_free(&there);
	ms_packs_free(packs);
}
END_TEST

START_TEST(every_allocation_fails)
{
	unsigned long n = 0;
	ms_status status = MS_ENOMEM;

	while (status != MS_OK) {
		struct run run = run_new();
		uint32_t nodes[] = { 3, 9, 17 };
		struct ms_error err;

		ms_alloc_fail_at(++n);
		status = ms_metadata_resolve(run.program.meta,
					     n % 2 ? MS_RESOLVE_SITES : MS_RESOLVE_STACKS,
					     nodes, 3, 2, &err);
		ms_alloc_fail_at(0);
		ck_assert(status == MS_OK || status == MS_ENOMEM);
		ck_assert_int_eq(ms_metadata_resolve(run.program.meta, MS_RESOLVE_STACKS,
						     nodes, 3, 2, &err),
				 MS_OK);
		run_free(&run);
	}
	ck_assert_uint_gt(n, 30);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("resolve");
	Suite *suite = suite_create("resolving many names");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 240);
	tcase_add_unchecked_fixture(tests, build, unbuild);
	tcase_add_loop_test(tests, as_one_by_one, 0, 8);
	tcase_add_test(tests, stacks_are_whole);
	tcase_add_test(tests, packed_and_read_elsewhere);
	tcase_add_test(tests, every_allocation_fails);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
