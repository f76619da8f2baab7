/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_leaks.c - pointer maps of logs that are built byte by byte, whole and forged.
 */
#define _GNU_SOURCE
#include "analyzer/analysis/analysis.h"
#include "analyzer/base/alloc.h"
#include "tests/unit/log_reading.h"
#include "tests/unit/map_builder.h"

#define DATA  0x500000 /* a module's data */
#define HEAP  0x600000
#define OWN   0x700000 /* what the program mapped itself */
#define STACK 0x800000

static void block(struct log_builder *lb, uint64_t at, uint64_t address, uint64_t size)
{
	lb_event(lb, 1, at, MS_EVENT_MALLOC, address, size, 0);
}

/* mmap of thread 1, ticks after its last event. */
static void mapped(struct log_builder *lb, uint64_t ticks, uint64_t address,
		   uint64_t length)
{
	const uint64_t fields[] = { ticks, 0, address, length, 3, 0x22 };
	uint8_t bytes[64] = { MS_TAG_EXTENDED, MS_EVENT_MMAP }, *p = bytes + 3;

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		p = ms_varint_put(p, fields[i]);
	ms_varint_put(bytes + 2, (uint64_t)(p - bytes - 3));
	p = bytes + 3; /* its length took a byte, and eight were stored */
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		p = ms_varint_put(p, fields[i]);
	ck_assert(lb_append(lb, lb_current(lb, MS_WINDOW_EVENTS, 1, 0), bytes,
			    (size_t)(p - bytes)));
}

/* Blocks A to H of 64 bytes in one page, a freed one between, and its words. */
static uint64_t block_at(unsigned n)
{
	return HEAP + 0x10 + n * 0x50;
}

static void add_heap(struct log_builder *lb)
{
	for (unsigned i = 0; i < 8; i++)
		block(lb, 2000 + i, block_at(i), 64);
	block(lb, 2100, block_at(8), 64);
	lb_event(lb, 1, 2200, MS_EVENT_FREE, block_at(8), 0, 0);
	/* not there yet when the map was taken */
	block(lb, 6000, block_at(9), 64);
}

static void add_regions(struct map_builder *m)
{
	mb_region(m, MS_REGION_DATA, DATA, 4096, 0);
	mb_region(m, MS_REGION_ALLOCATOR, DATA + 0x100, 0x100, 0);
	mb_region(m, MS_REGION_BREAK, HEAP, 8192, 0);
	mb_region(m, MS_REGION_ANONYMOUS, OWN, 4096, 0);
	mb_region(m, MS_REGION_ANONYMOUS, STACK, 4096, 0);
	mb_region(m, MS_REGION_UNUSED, STACK, 0x800, 0);
	mb_region(m, MS_REGION_STACK, STACK + 0x800, 0x800, MS_STRETCH_WHOLE);
}

static void add_words(struct map_builder *m)
{
	mb_point(m, DATA + 8, block_at(0));	     /* A: from data */
	mb_point(m, DATA + 0x108, block_at(1));	     /* B: the allocator's own word */
	mb_point(m, block_at(0) + 8, block_at(2));   /* C: from A */
	mb_point(m, block_at(1) + 8, block_at(3));   /* D: from B */
	mb_point(m, block_at(8) + 8, block_at(4));   /* E: from a freed block */
	mb_point(m, HEAP + 0x1008, block_at(5));     /* F: where no block ever lay */
	mb_point(m, STACK + 0x100, block_at(6));     /* G: below the stack pointer */
	mb_point(m, STACK + 0x900, block_at(7) + 5); /* H: its middle, from the stack */
}

static void built(struct log_builder *lb)
{
	struct map_builder m;

	lb_init(lb);
	add_heap(lb);
	mb_begin(&m);
	add_regions(&m);
	add_words(&m);
	mb_end(&m);
	mb_told(lb, 1, 5000, MS_NOMAP_BEGUN);
	mb_add(lb, &m, 1);
	lb_end(lb, 9000);
}

static struct ms_leaks *leaks_of(const struct reading *r, bool interior)
{
	struct ms_leaks_options options = { .store = r->store,
					    .log = r->log,
					    .interior = interior };
	struct ms_leaks *leaks;
	size_t count;

	options.map = ms_log_maps(r->log, &count);
	ck_assert_uint_ge(count, 1);
	ck_assert_int_eq(ms_leaks_new(&leaks, &options, NULL), MS_OK);
	return leaks;
}

static void check_kinds(const struct ms_leaks *leaks, const char *kinds)
{
	static const char letters[] = "dipr";

	ck_assert_uint_eq(leaks->count, strlen(kinds));
	for (size_t i = 0; i < leaks->count; i++)
		ck_assert_msg(letters[leaks->blocks[i].kind] == kinds[i],
			      "block %zu is %c", i, letters[leaks->blocks[i].kind]);
}

/* Write the log with its one map; its blocks are of these kinds. */
static void expect(struct log_builder *lb, struct map_builder *m, const char *kinds)
{
	struct ms_leaks *leaks;
	struct reading r;

	mb_end(m);
	mb_told(lb, 1, 5000, MS_NOMAP_BEGUN);
	mb_add(lb, m, 1);
	lb_end(lb, 9000);
	put(lb);
	read_file(&r, path);
	leaks = leaks_of(&r, false);
	check_kinds(leaks, kinds);
	ms_leaks_free(leaks);
	release(&r);
	lb_release(lb);
}

START_TEST(every_kind_of_region)
{
	struct ms_leaks *leaks;
	struct log_builder lb;
	struct reading r;

	built(&lb);
	put(&lb);
	read_file(&r, path);
	ck_assert_int_eq(r.status, MS_OK);
	ck_assert_uint_eq(damage(&r), 0);
	leaks = leaks_of(&r, false);
	check_kinds(leaks, "rdridrdp");
	ck_assert(leaks->whole);
	ck_assert_uint_eq(leaks->whole_stacks, 1);
	ck_assert_uint_eq(leaks->kinds[MS_LEAK_DEFINITE].bytes, 3 * 64);
	ck_assert_uint_eq(leaks->blocks[1].hanging_bytes, 64);
	ms_leaks_free(leaks);
	leaks = leaks_of(&r, true);
	check_kinds(leaks, "rdridrdr");
	ms_leaks_free(leaks);
	release(&r);
	lb_release(&lb);
}
END_TEST

START_TEST(what_the_program_mapped_is_a_root)
{
	struct log_builder lb;
	struct map_builder m;

	lb_init(&lb);
	block(&lb, 2000, OWN + 16, 64); /* the place was an allocator's once */
	lb_event(&lb, 1, 2100, MS_EVENT_FREE, OWN + 16, 0, 0);
	block(&lb, 2200, block_at(0), 64);
	mapped(&lb, 100, OWN, 4096);
	mb_begin(&m);
	add_regions(&m);
	mb_point(&m, OWN + 0x80, block_at(0));
	expect(&lb, &m, "r");
}
END_TEST

/* A large block was given back: what is left of it is no root, a page beside it is. */
START_TEST(large_blocks_leave_no_roots)
{
	struct log_builder lb;
	struct map_builder m;

	lb_init(&lb);
	block(&lb, 2000, 0x1000010, 1000000);
	lb_event(&lb, 1, 2100, MS_EVENT_FREE, 0x1000010, 0, 0);
	block(&lb, 2200, block_at(0), 64);
	block(&lb, 2300, block_at(1), 64);
	mb_begin(&m);
	mb_region(&m, MS_REGION_ANONYMOUS, 0x1000000, 2000000, 0);
	mb_point(&m, 0x1000000 + 500000, block_at(0));
	mb_point(&m, 0x1000000 + 1500000, block_at(1));
	expect(&lb, &m, "dr");
}
END_TEST

/* Another allocator's mappings are its own where blocks lie, and no roots anywhere. */
START_TEST(a_foreign_allocator)
{
	struct log_builder lb;
	struct map_builder m;

	lb_init(&lb);
	block(&lb, 2200, 0x1000010, 64);
	block(&lb, 2300, 0x1000110, 64);
	mb_begin(&m);
	mb_region(&m, MS_REGION_DATA, DATA, 4096, MS_STRETCH_FOREIGN);
	mb_region(&m, MS_REGION_ANONYMOUS, 0x1000000, 0x10000, 0);
	mb_region(&m, MS_REGION_ANONYMOUS, 0x1010000, 0x10000, 0);
	mb_point(&m, 0x1008000, 0x1000010);
	mb_point(&m, 0x1018000, 0x1000110);
	expect(&lb, &m, "dr");
}
END_TEST

static bool whole_after(void (*change)(struct log_builder *lb))
{
	struct ms_leaks *leaks;
	struct log_builder lb;
	struct reading r;
	bool whole;

	built(&lb);
	change(&lb);
	put(&lb);
	read_file(&r, path);
	ck_assert_int_eq(r.status, MS_OK);
	leaks = leaks_of(&r, false);
	whole = leaks->whole;
	ck_assert_uint_eq(leaks->count, 8);
	ms_leaks_free(leaks);
	release(&r);
	lb_release(&lb);
	return whole;
}

static size_t map_window(const struct log_builder *lb)
{
	for (size_t i = 0; i < lb->window_count; i++)
		if (lb->windows[i].kind == MS_WINDOW_POINTERS)
			return i;
	ck_abort_msg("no map");
	return 0;
}

static void leave_alone(struct log_builder *lb)
{
	(void)lb;
}

static void cut_end(struct log_builder *lb)
{
	size_t w = map_window(lb);

	lb_wire(lb, w)->commit -= 1;
	((uint8_t *)lb_wire(lb, w))[64 + lb_wire(lb, w)->commit] = 0;
	lb_seal(lb, w);
}

static void flip(struct log_builder *lb)
{
	((uint8_t *)lb_wire(lb, map_window(lb)))[70] ^= 1;
}

static void append_garbage(struct log_builder *lb)
{
	size_t w = map_window(lb);

	ck_assert(lb_append(lb, w, "\x1f\xff\xff", 3));
	lb_seal(lb, w);
}

static void another_map(struct log_builder *lb)
{
	size_t w = map_window(lb);

	lb_wire(lb, w)->owner = 2;
	lb_fix_header(lb, w);
}

START_TEST(what_is_not_whole_is_told)
{
	ck_assert(whole_after(leave_alone));
	ck_assert(!whole_after(cut_end));
	ck_assert(!whole_after(flip));
	ck_assert(!whole_after(append_garbage));
	ck_assert(!whole_after(another_map));
}
END_TEST

/* Whatever the numbers are: no harm, and an end. */
START_TEST(forged_numbers)
{
	uint64_t seed = 0x4c65616b;

	for (int i = 0; i < 300; i++) {
		struct ms_leaks *leaks;
		struct log_builder lb;
		struct reading r;
		struct map_builder m;

		lb_init(&lb);
		add_heap(&lb);
		block(&lb, 6100, 0xfffffffff000, UINT64_MAX >> 1);
		mb_begin(&m);
		for (int n = 0; n < 60; n++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			mb_number(&m, seed >> (seed >> 58));
		}
		mb_told(&lb, 1, 5000, MS_NOMAP_BEGUN);
		mb_add(&lb, &m, 1);
		lb_end(&lb, 9000);
		put(&lb);
		read_file(&r, path);
		ck_assert_int_eq(r.status, MS_OK);
		leaks = leaks_of(&r, i % 2);
		ck_assert_uint_eq(leaks->count, 8);
		ms_leaks_free(leaks);
		release(&r);
		lb_release(&lb);
	}
}
END_TEST

START_TEST(every_failing_allocation_is_told)
{
	struct ms_leaks_options options = { 0 };
	struct ms_leaks *leaks = NULL;
	struct log_builder lb;
	struct reading r;
	unsigned long n;
	size_t count;

	built(&lb);
	put(&lb);
	read_file(&r, path);
	options.store = r.store;
	options.log = r.log;
	options.map = ms_log_maps(r.log, &count);
	for (n = 1; !leaks; n++) {
		struct ms_error err = { "" };
		ms_status status;

		ms_alloc_fail_at(n);
		status = ms_leaks_new(&leaks, &options, &err);
		ms_alloc_fail_at(0);
		ck_assert(status == MS_OK || (status == MS_ENOMEM && err.text[0]));
		ck_assert(status == MS_OK || !leaks);
	}
	ck_assert_uint_gt(n, 15);
	ms_leaks_free(leaks);
	release(&r);
	lb_release(&lb);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("leaks");
	TCase *tests = tcase_create("leaks");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, every_kind_of_region);
	tcase_add_test(tests, what_the_program_mapped_is_a_root);
	tcase_add_test(tests, large_blocks_leave_no_roots);
	tcase_add_test(tests, a_foreign_allocator);
	tcase_add_test(tests, what_is_not_whole_is_told);
	tcase_add_test(tests, forged_numbers);
	tcase_add_test(tests, every_failing_allocation_is_told);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
