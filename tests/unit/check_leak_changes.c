/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_leak_changes.c - two pointer maps of random heaps, with filters, against a model
 * that knows each block's place.
 */
#define _GNU_SOURCE
#include "analyzer/base/alloc.h"
#include "tests/unit/map_builder.h"
#include "tests/unit/taken_text.h"

#include <memscope/analysis.h>
#include <memscope/memscope.h>

#include <check.h>
#include <jansson.h>
#include <time.h>

#define DATA   0x500000
#define HEAP   0x600000
#define PLACES 40
#define STEP   0x100
#define STACKS 3

enum kept { LOST, POSSIBLE, REACHABLE };

struct model_block {
	uint64_t size, made;
	uint32_t stack;
	bool live;
	enum kept kept;
};

struct model {
	struct model_block now[PLACES], before[PLACES];
};

static struct memscope_output taken_output(enum memscope_format format)
{
	text_len = 0;
	text[0] = 0;
	return (struct memscope_output){ .write = take, .format = format };
}

static uint64_t state, seed;
static char path[64];

static uint64_t rnd(uint64_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * 0x2545f4914f6cdd1dULL >> 11) % below;
}

static uint64_t place(unsigned i)
{
	return HEAP + 0x10 + i * STEP;
}

static void change_heap(struct log_builder *lb, struct model *model, uint64_t *at,
			const uint32_t stacks[STACKS])
{
	for (int n = 0; n < 60; n++) {
		unsigned i = (unsigned)rnd(PLACES);
		struct model_block *b = &model->now[i];

		*at += 1 + rnd(20);
		b->live = !b->live;
		if (!b->live) {
			lb_event(lb, 1, *at, MS_EVENT_FREE, place(i), 0, 0);
			continue;
		}
		b->size = 1 + rnd(STEP - 0x20);
		b->stack = (uint32_t)rnd(STACKS);
		b->made = *at;
		lb_event(lb, 1, *at, MS_EVENT_MALLOC, place(i), b->size,
			 stacks[b->stack]);
	}
}

/* Who points to what is decided anew: words of a module's data alone. */
static void take_map(struct log_builder *lb, struct model *model, uint64_t *at,
		     uint32_t number)
{
	struct map_builder m;

	mb_begin(&m);
	mb_region(&m, MS_REGION_DATA, DATA, 4096, 0);
	mb_region(&m, MS_REGION_BREAK, HEAP, PLACES * STEP + 4096, 0);
	for (unsigned i = 0; i < PLACES; i++) {
		struct model_block *b = &model->now[i];

		b->kept = (enum kept)rnd(3);
		if (b->size == 1 && b->kept == POSSIBLE)
			b->kept = LOST;
		if (!b->live || b->kept == LOST)
			continue;
		mb_point(&m, DATA + 8 + 8 * i,
			 place(i) + (b->kept == POSSIBLE ? b->size / 2 : 0));
	}
	mb_end(&m);
	*at += 10;
	mb_told(lb, number, *at, MS_NOMAP_BEGUN);
	mb_add(lb, &m, number);
	*at += 10;
}

static void build(struct model *model)
{
	uint32_t stacks[STACKS];
	struct log_builder lb;
	uint64_t at = 2000;

	memset(model, 0, sizeof(*model));
	lb_init(&lb);
	for (uint32_t i = 0; i < STACKS; i++)
		stacks[i] = lb_node(&lb, MS_MODULE_NONE, 0x400000 + 16 * i, 0);
	change_heap(&lb, model, &at, stacks);
	take_map(&lb, model, &at, 1);
	memcpy(model->before, model->now, sizeof(model->now));
	change_heap(&lb, model, &at, stacks);
	take_map(&lb, model, &at, 2);
	lb_end(&lb, at + 100);
	lb_save(&lb, path);
	lb_release(&lb);
}

/* --- what the model says --------------------------------------------------------------
 */

struct figures {
	int64_t bytes[3],
		blocks[3]; /* by enum kept: newly lost; of REACHABLE the change */
	int64_t unlinked_bytes, unlinked_blocks;
	int64_t now_bytes[3], now_blocks[3];
};

static bool passes(const struct model_block *b, uint64_t least)
{
	return b->live && b->size >= least;
}

static bool is_same(const struct model_block *a, const struct model_block *b)
{
	return a->live && b->live && a->made == b->made;
}

static struct figures figures_of(const struct model *model, uint64_t least)
{
	struct figures f = { .unlinked_bytes = 0 };

	for (unsigned i = 0; i < PLACES; i++) {
		const struct model_block *b = &model->now[i], *was = &model->before[i];
		bool there = is_same(b, was);

		if (passes(was, least) && was->kept == REACHABLE) {
			f.bytes[REACHABLE] -= (int64_t)was->size;
			f.blocks[REACHABLE]--;
		}
		if (!passes(b, least))
			continue;
		f.now_bytes[b->kept] += (int64_t)b->size;
		f.now_blocks[b->kept]++;
		if (b->kept != REACHABLE && there && was->kept != REACHABLE)
			continue;
		f.bytes[b->kept] += (int64_t)b->size;
		f.blocks[b->kept]++;
		if (b->kept == REACHABLE || !there)
			continue;
		f.unlinked_bytes += (int64_t)b->size;
		f.unlinked_blocks++;
	}
	return f;
}

/* --- what the report says -------------------------------------------------------------
 */

static json_t *report(const struct memscope_leaks_options *options)
{
	const char *paths[] = { path };
	struct memscope_output output = taken_output(MEMSCOPE_JSON);
	struct memscope_error err = { "" };
	struct memscope *m;
	json_t *document;

	ck_assert_int_eq(memscope_open(&m, paths, 1, NULL, &err), MEMSCOPE_OK);
	ck_assert_msg(memscope_leaks(m, options, &output, &err) == MEMSCOPE_OK, "%s",
		      err.text);
	memscope_close(m);
	document = json_loads(text, 0, NULL);
	ck_assert_ptr_nonnull(document);
	return document;
}

static int64_t number(const json_t *document, const char *a, const char *b, const char *c)
{
	const json_t *object = json_object_get(document, a);

	if (b)
		object = json_object_get(object, b);
	return json_integer_value(json_object_get(object, c));
}

#define SAME(got, wanted)                                                      \
	ck_assert_msg((got) == (wanted), "seed %llu: %s is %lld, wanted %lld", \
		      (unsigned long long)seed, #got, (long long)(got),        \
		      (long long)(wanted))

static void compare_changes(const struct model *model, uint64_t least)
{
	struct memscope_leaks_options options = {
		.since = 1,
		.filter = { .use_size = least > 1, .size_from = least, .size_to = 4096 }
	};
	json_t *document = report(&options), *site;
	struct figures f = figures_of(model, least);
	int64_t bytes = 0, blocks = 0;
	size_t i;

	SAME(number(document, "new", "definite", "bytes"), f.bytes[LOST]);
	SAME(number(document, "new", "definite", "blocks"), f.blocks[LOST]);
	SAME(number(document, "new", "possible", "bytes"), f.bytes[POSSIBLE]);
	SAME(number(document, "new", "possible", "blocks"), f.blocks[POSSIBLE]);
	SAME(number(document, "new", "unlinked", "bytes"), f.unlinked_bytes);
	SAME(number(document, "new", "unlinked", "blocks"), f.unlinked_blocks);
	SAME(number(document, "reachable", NULL, "bytes_change"), f.bytes[REACHABLE]);
	SAME(number(document, "reachable", NULL, "blocks_change"), f.blocks[REACHABLE]);
	json_array_foreach (json_object_get(document, "sites"), i, site) {
		bytes += json_integer_value(json_object_get(site, "new_bytes"));
		blocks += json_integer_value(json_object_get(site, "new_blocks"));
	}
	SAME(bytes, f.bytes[LOST] + f.bytes[POSSIBLE]);
	SAME(blocks, f.blocks[LOST] + f.blocks[POSSIBLE]);
	json_decref(document);
	options.blocks = 1;
	document = report(&options);
	SAME((int64_t)json_array_size(json_object_get(document, "blocks")),
	     f.blocks[LOST] + f.blocks[POSSIBLE]);
	json_decref(document);
}

static void compare_filtered(const struct model *model, uint64_t least)
{
	struct memscope_leaks_options options = {
		.filter = { .use_size = 1, .size_from = least, .size_to = 4096 }
	};
	static const char *const keys[] = { "definite", "possible", "reachable" };
	json_t *document = report(&options);
	struct figures f = figures_of(model, least);

	for (unsigned k = 0; k < 3; k++) {
		SAME(number(document, keys[k], NULL, "bytes"), f.now_bytes[k]);
		SAME(number(document, keys[k], NULL, "blocks"), f.now_blocks[k]);
	}
	ck_assert(json_is_object(json_object_get(document, "filter")));
	json_decref(document);
}

START_TEST(as_the_model)
{
	const char *given = getenv("MS_TEST_SEED");

	seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	printf("leak changes: MS_TEST_SEED=%llu\n", (unsigned long long)seed);
	for (int run = 0; run < 60; run++, seed++) {
		struct model model;

		state = seed * 0x9e3779b97f4a7c15ULL | 1;
		build(&model);
		compare_changes(&model, 1);
		compare_changes(&model, 60);
		compare_filtered(&model, 2);
		compare_filtered(&model, 100);
		unlink(path);
	}
}
END_TEST

START_TEST(maps_have_an_order)
{
	static const struct memscope_leaks_options wrong[] = { { .map = 1, .since = 2 },
							       { .map = 1, .since = 1 },
							       { .since = 2 } };
	struct memscope_output output = taken_output(MEMSCOPE_TEXT);
	const char *paths[] = { path };
	struct memscope_error err;
	struct memscope *m;
	struct model model;

	state = 1;
	build(&model);
	ck_assert_int_eq(memscope_open(&m, paths, 1, NULL, &err), MEMSCOPE_OK);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		ck_assert_int_eq(memscope_leaks(m, &wrong[i], &output, &err),
				 MEMSCOPE_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "not earlier than map 2"));
	ck_assert_int_eq(memscope_leaks(m, &(struct memscope_leaks_options){ .since = 9 },
					&output, &err),
			 MEMSCOPE_OK);
	ck_assert_ptr_nonnull(strstr(text, "no pointer map of that number"));
	memscope_close(m);
	unlink(path);
}
END_TEST

/* Of both reports, in all formats. */
START_TEST(every_failing_allocation_is_told)
{
	struct memscope_leaks_options options = {
		.since = _i % 2 ? 1 : 0,
		.filter = { .use_size = 1, .size_from = 60, .size_to = 4096 }
	};
	enum memscope_format format = (enum memscope_format)(_i / 2);
	struct memscope_output output = taken_output(format);
	const char *paths[] = { path };
	int status = MEMSCOPE_NO_MEMORY;
	struct model model;
	unsigned long n = 0;

	state = 7;
	build(&model);
	while (status != MEMSCOPE_OK) {
		struct memscope_error err = { "" };
		struct memscope *m;

		text_len = 0;
		ms_alloc_fail_at(++n);
		status = memscope_open(&m, paths, 1, NULL, &err);
		if (status == MEMSCOPE_OK)
			status = memscope_leaks(m, &options, &output, &err);
		memscope_close(m);
		ms_alloc_fail_at(0);
		ck_assert(status == MEMSCOPE_OK || status == MEMSCOPE_NO_MEMORY);
		ck_assert_uint_lt(n, 100000);
	}
	ck_assert_uint_gt(n, 30);
	unlink(path);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("leak changes");
	TCase *tests = tcase_create("leak changes");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, as_the_model);
	tcase_add_test(tests, maps_have_an_order);
	tcase_add_loop_test(tests, every_failing_allocation_is_told, 0, 6);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
