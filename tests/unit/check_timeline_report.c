/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_timeline_report.c - the timeline's reports from outside, and a replay that keeps
 * books of its own.
 */
#include "analyzer/base/alloc.h"
#include "tests/unit/log_builder.h"
#include "tests/unit/taken_text.h"

#include <memscope/snapshot.h>
#include <memscope/timeline.h>

#include <check.h>
#include <jansson.h>

#define AT(ns) (LB_START_TICKS + (ns))
#define MS     UINT64_C(1000000)

static char path[64], other_path[64];

/*
 * Thread 5001 makes 1000 bytes, freed by 5002 after 5 ms; 50, moved to 0x3000 as 10,
 * which live; 7 for half a millisecond.  5002 makes 2000 that live: the peak.  A free of
 * nothing, and a call that fails.
 */
static void build_log(char *to)
{
	struct log_builder lb;
	uint32_t root, left, right;

	lb_init(&lb);
	lb_module(&lb, 1, AT(1), 0x400000, 0x400000, 0x500000, "\x01\x02\x03", 3,
		  "/none/\x1b[2Jprogram");
	lb_module(&lb, 2, AT(1), 0x600000, 0x600000, 0x700000, NULL, 0, "/none/idle\xff");
	lb_fact(&lb, "argv", "./app");
	lb_thread(&lb, 1, AT(1), 5001, "main");
	lb_thread(&lb, 2, AT(2), 5002, "work\xff\x1b]0;er");
	root = lb_node(&lb, 1, 0x1000, 0);
	left = lb_node(&lb, 1, 0x2000, root);
	right = lb_node(&lb, 1, 0x3000, root);
	lb_event(&lb, 1, AT(MS), MS_EVENT_MALLOC, 0x1000, 1000, left);
	lb_event(&lb, 1, AT(2 * MS), MS_EVENT_CALLOC, 0x2000, 50, right);
	lb_event(&lb, 2, AT(6 * MS), MS_EVENT_FREE, 0x1000, 0, root);
	lb_event(&lb, 2, AT(7 * MS), MS_EVENT_NEW, 0x1000, 2000, right);
	lb_event(&lb, 1, AT(8 * MS), MS_EVENT_REALLOC_BEGIN, 0x2000, 0, 0);
	lb_event(&lb, 1, AT(8 * MS + 5), MS_EVENT_REALLOC_END, 0x3000, 10, left);
	lb_event(&lb, 1, AT(8 * MS + 10), MS_EVENT_MALLOC, 0x4000, 7, left);
	lb_event(&lb, 1, AT(8 * MS + MS / 2), MS_EVENT_FREE, 0x4000, 0, left);
	lb_event(&lb, 1, AT(9 * MS), MS_EVENT_FREE, 0x5000, 0, left);
	lb_event(&lb, 1, AT(9 * MS), MS_EVENT_MALLOC, 0, 1 << 30, left);
	lb_end(&lb, AT(10 * MS - 1));
	lb_save(&lb, to);
	lb_release(&lb);
}

/* --- output ---------------------------------------------------------------------------
 */

static struct memscope_output output_of(enum memscope_format format)
{
	text_len = 0;
	text[0] = 0;
	return (struct memscope_output){ .write = take, .format = format, .unicode = 1 };
}

static struct memscope *opened(size_t count)
{
	const char *paths[] = { path, other_path };
	struct memscope *m;

	ck_assert_int_eq(memscope_open(&m, paths, count, NULL, NULL), MEMSCOPE_OK);
	return m;
}

static json_t *parsed(void)
{
	json_t *document = json_loads(text, 0, NULL);

	ck_assert_ptr_nonnull(document);
	return document;
}

static json_int_t number(const json_t *object, const char *key)
{
	ck_assert_msg(json_is_integer(json_object_get(object, key)), "no number %s", key);
	return json_integer_value(json_object_get(object, key));
}

static const json_t *row_of(const json_t *document, const char *array, size_t index)
{
	const json_t *row = json_array_get(json_object_get(document, array), index);

	ck_assert_msg(row != NULL, "no row %zu of %s", index, array);
	return row;
}

/* --- reports --------------------------------------------------------------------------
 */

START_TEST(a_series_of_two_processes)
{
	struct memscope_timeline_options options = { .buckets = 10 };
	struct memscope_output output = output_of(MEMSCOPE_JSON);
	struct memscope *m = opened(2);
	const json_t *row;
	json_t *document;

	ck_assert_int_eq(memscope_timeline(m, &options, &output, NULL), MEMSCOPE_OK);
	document = parsed();
	ck_assert_uint_eq(json_array_size(json_object_get(document, "rows")), 20);
	row = row_of(document, "rows", 17);
	ck_assert_int_eq(number(row, "start_ns"), 7 * MS);
	ck_assert_int_eq(number(row, "end_ns"), 8 * MS - 1);
	ck_assert_int_eq(number(row, "live_bytes"), 2050);
	ck_assert_int_eq(number(row, "peak_at_ns"), 7 * MS);
	ck_assert_int_eq(number(row, "allocations_per_s"), 1000);
	row = row_of(document, "rows", 8);
	ck_assert_int_eq(number(row, "live_bytes"), 2010);
	ck_assert_int_eq(number(row, "peak_bytes"), 2050);
	ck_assert_int_eq(number(row, "reallocations"), 1);
	ck_assert_int_eq(number(row, "freed"), 57);
	row = row_of(document, "rows", 9);
	ck_assert_int_eq(number(row, "frees"), 1);
	ck_assert_int_eq(number(row, "failed"), 1);
	ck_assert(json_is_null(json_object_get(row, "resident_bytes")));
	row = row_of(document, "processes", 1);
	ck_assert_int_eq(number(row, "peak_bytes"), 2050);
	ck_assert_int_eq(number(row, "peak_at_ns"), 7 * MS);
	json_decref(document);
	memscope_close(m);
}
END_TEST

START_TEST(a_series_of_a_thread_in_a_part_of_the_time)
{
	struct memscope_timeline_options options = {
		.buckets = 1,
		.filter = { .use_from = 1,
			    .from = { MEMSCOPE_AT_NS, 2 * MS },
			    .use_to = 1,
			    .to = { MEMSCOPE_AT_NS, 7 * MS },
			    .thread = 5001 }
	};
	struct memscope_output output = output_of(MEMSCOPE_JSON);
	struct memscope *m = opened(1);
	const json_t *row;
	json_t *document;

	ck_assert_int_eq(memscope_timeline(m, &options, &output, NULL), MEMSCOPE_OK);
	document = parsed();
	row = row_of(document, "rows", 0);
	/* What it made before counts as live. */
	ck_assert_int_eq(number(row, "peak_bytes"), 1050);
	ck_assert_int_eq(number(row, "live_bytes"), 50);
	ck_assert_int_eq(number(row, "allocations"), 1);
	ck_assert_int_eq(number(row, "frees"), 1);
	json_decref(document);
	options.filter.live = 1;
	ck_assert_int_eq(memscope_timeline(m, &options, &output, NULL), MEMSCOPE_USAGE);
	memscope_close(m);
}
END_TEST

START_TEST(the_life_of_an_address)
{
	struct memscope_pointer_options options = { .address = 0x1000 };
	struct memscope_output output = output_of(MEMSCOPE_CSV);
	struct memscope *m = opened(1);
	json_t *document;

	ck_assert_int_eq(memscope_pointer(m, &options, &output, NULL), MEMSCOPE_OK);
	ck_assert_ptr_nonnull(
		strstr(text, "\n4242,1000000,malloc,0x1000,0,1000,,5001,2,"));
	ck_assert_ptr_nonnull(strstr(text, ",freed,6000000,5000000,free,,5002,1,"));
	ck_assert_ptr_nonnull(strstr(text, "\n4242,7000000,new,0x1000,0,2000,,5002,3,"));
	ck_assert_ptr_nonnull(strstr(text, ",live,,,,,,,\n"));
	/* 0x2000 went to 0x3000, which tells where it came from. */
	options.address = 0x2000;
	output = output_of(MEMSCOPE_CSV);
	ck_assert_int_eq(memscope_pointer(m, &options, &output, NULL), MEMSCOPE_OK);
	ck_assert_ptr_nonnull(strstr(text, ",moved,8000005,6000005,realloc,0x3000,5001"));
	options.address = 0x3000;
	output = output_of(MEMSCOPE_CSV);
	ck_assert_int_eq(memscope_pointer(m, &options, &output, NULL), MEMSCOPE_OK);
	ck_assert_ptr_nonnull(strstr(text, "realloc,0x3000,0,10,0x2000,5001"));
	/* Nothing begins there: who contains it is looked for. */
	options.address = 0x1000 + 999;
	output = output_of(MEMSCOPE_JSON);
	ck_assert_int_eq(memscope_pointer(m, &options, &output, NULL), MEMSCOPE_OK);
	document = parsed();
	ck_assert_uint_eq(json_array_size(json_object_get(document, "owners")), 2);
	ck_assert_int_eq(number(row_of(document, "owners", 0), "offset"), 999);
	json_decref(document);
	memscope_close(m);
}
END_TEST

START_TEST(lifetimes_by_thread)
{
	struct memscope_lifetimes_options options = { .by = MEMSCOPE_LIFETIMES_THREAD };
	struct memscope_output output = output_of(MEMSCOPE_JSON);
	struct memscope *m = opened(1);
	const json_t *all, *row;
	json_t *document;

	ck_assert_int_eq(memscope_lifetimes(m, &options, &output, NULL), MEMSCOPE_OK);
	document = parsed();
	all = json_object_get(document, "all");
	ck_assert_int_eq(number(all, "blocks"), 5);
	ck_assert_int_eq(number(all, "bytes"), 3067);
	ck_assert_int_eq(number(all, "below_1ms"), 1);
	ck_assert_int_eq(number(all, "below_10ms_bytes"), 1050);
	ck_assert_int_eq(number(all, "live_bytes"), 2010);
	row = row_of(document, "rows", 0);
	ck_assert_int_eq(number(row, "tid"), 5001);
	ck_assert_int_eq(number(row, "blocks"), 4);
	json_decref(document);
	memscope_close(m);
}
END_TEST

START_TEST(sizes_and_threads_and_modules)
{
	struct memscope_output output = output_of(MEMSCOPE_JSON);
	struct memscope *m = opened(1);
	const json_t *row;
	json_t *document;

	ck_assert_int_eq(memscope_sizes(m, NULL, &output, NULL), MEMSCOPE_OK);
	document = parsed();
	ck_assert_int_eq(number(document, "distinct_sizes"), 5);
	ck_assert_int_eq(number(row_of(document, "sizes", 4), "size_from"), 2000);
	ck_assert_int_eq(number(row_of(document, "sizes", 4), "live_bytes"), 2000);
	json_decref(document);
	output = output_of(MEMSCOPE_JSON);
	ck_assert_int_eq(memscope_threads(m, &output, NULL), MEMSCOPE_OK);
	document = parsed();
	row = row_of(document, "rows", 0);
	ck_assert_int_eq(number(row, "tid"), 5001);
	ck_assert_int_eq(number(row, "freed_own"), 2);
	ck_assert_int_eq(number(row, "freed_by_others"), 1);
	ck_assert_int_eq(number(row, "unmatched"), 1);
	ck_assert_int_eq(number(row, "own_peak_bytes"), 1050);
	ck_assert_int_eq(number(row_of(document, "rows", 1), "freed_of_others_bytes"),
			 1000);
	json_decref(document);
	output = output_of(MEMSCOPE_JSON);
	ck_assert_int_eq(memscope_modules(m, &output, NULL), MEMSCOPE_OK);
	document = parsed();
	row = row_of(document, "rows", 0);
	ck_assert_str_eq(json_string_value(json_object_get(row, "build_id")), "010203");
	ck_assert_int_eq(number(row, "allocations"), 5);
	ck_assert(json_is_false(json_object_get(row, "symbols")));
	row = row_of(document, "rows", 1);
	ck_assert_int_eq(number(row, "allocations"), 0);
	ck_assert(json_is_null(json_object_get(row, "symbols")));
	ck_assert_uint_eq(json_array_size(json_object_get(row, "ranges")), 1);
	json_decref(document);
	memscope_close(m);
}
END_TEST

/* --- replay ---------------------------------------------------------------------------
 */

struct books { /* of live bytes, kept from what the replay tells */
	uint64_t live_bytes, live_blocks, most, events, last_ns;
	unsigned stop_after; /* blocks; 0: never */
};

static int book_event(void *context, const struct memscope_replay_event *event,
		      const struct memscope_replay_totals *totals)
{
	struct books *books = context;

	books->events++;
	ck_assert_uint_ge(event->at_ns, books->last_ns);
	books->last_ns = event->at_ns;
	ck_assert_uint_eq(totals->live_bytes, books->live_bytes);
	return 0;
}

static int book_block(void *context, enum memscope_replay_change change,
		      const struct memscope_replay_block *block,
		      const struct memscope_replay_event *event,
		      const struct memscope_replay_totals *totals)
{
	struct books *books = context;

	if (change == MEMSCOPE_BLOCK_BEGAN) {
		ck_assert_uint_eq(block->at_ns, event->at_ns);
		books->live_bytes += block->size;
		books->live_blocks++;
	} else {
		books->live_bytes -= block->size;
		books->live_blocks--;
	}
	ck_assert_uint_eq(totals->live_bytes, books->live_bytes);
	ck_assert_uint_eq(totals->live_blocks, books->live_blocks);
	if (books->live_bytes > books->most)
		books->most = books->live_bytes;
	return books->stop_after && --books->stop_after == 0;
}

START_TEST(a_replay_keeps_books)
{
	struct books books = { 0 };
	struct memscope_replay_options options = { .event = book_event,
						   .block = book_block,
						   .context = &books };
	struct memscope *m = opened(2);

	ck_assert_int_eq(memscope_replay(m, &options, NULL), MEMSCOPE_OK);
	ck_assert_uint_eq(books.events, 10);
	ck_assert_uint_eq(books.live_bytes, 2010);
	ck_assert_uint_eq(books.live_blocks, 2);
	ck_assert_uint_eq(books.most, 2050);
	books = (struct books){ .stop_after = 3 };
	ck_assert_int_eq(memscope_replay(m, &options, NULL), MEMSCOPE_STOPPED);
	ck_assert_uint_eq(books.events, 3);
	options.trace = 2;
	ck_assert_int_eq(memscope_replay(m, &options, NULL), MEMSCOPE_USAGE);
	memscope_close(m);
}
END_TEST

static int count_event(void *context, const struct memscope_replay_event *event,
		       const struct memscope_replay_totals *totals)
{
	struct books *books = context;

	books->events++;
	books->live_bytes = totals->live_bytes;
	ck_assert_uint_eq(event->thread, 5002);
	return 0;
}

START_TEST(a_replay_of_a_thread_from_the_peak_on)
{
	struct books books = { 0 };
	struct memscope_replay_options options = { .use_from = 1,
						   .from = { MEMSCOPE_AT_NS, 7 * MS },
						   .thread = 5002,
						   .event = count_event,
						   .context = &books };
	struct memscope *m = opened(1);

	ck_assert_int_eq(memscope_replay(m, &options, NULL), MEMSCOPE_OK);
	ck_assert_uint_eq(books.events, 1);
	/* Of the process, from the beginning on. */
	ck_assert_uint_eq(books.live_bytes, 50);
	memscope_close(m);
}
END_TEST

/* --- every allocation fails -----------------------------------------------------------
 */

static int timeline(struct memscope *m, const struct memscope_output *output)
{
	struct memscope_timeline_options options = {
		.buckets = 5, .filter = { .thread = 5001, .module = "program" }
	};

	return memscope_timeline(m, &options, output, NULL);
}

static int pointer(struct memscope *m, const struct memscope_output *output)
{
	struct memscope_pointer_options options = { .address = 0x3000 };

	return memscope_pointer(m, &options, output, NULL);
}

static int lifetimes(struct memscope *m, const struct memscope_output *output)
{
	return memscope_lifetimes(m, NULL, output, NULL);
}

static int sizes(struct memscope *m, const struct memscope_output *output)
{
	return memscope_sizes(m, NULL, output, NULL);
}

static int threads(struct memscope *m, const struct memscope_output *output)
{
	return memscope_threads(m, output, NULL);
}

static int modules(struct memscope *m, const struct memscope_output *output)
{
	return memscope_modules(m, output, NULL);
}

typedef int report_fn(struct memscope *m, const struct memscope_output *output);

static report_fn *const reports[] = { timeline, pointer, lifetimes,
				      sizes,	threads, modules };

START_TEST(every_allocation_fails_in_turn)
{
	enum memscope_format format = (enum memscope_format)(_i % 3);
	int status = MEMSCOPE_NO_MEMORY;
	unsigned long n = 0;

	while (status != MEMSCOPE_OK) {
		struct memscope_output output = output_of(format);
		struct memscope *m = opened(2);

		ms_alloc_fail_at(++n);
		status = reports[_i / 3](m, &output);
		ms_alloc_fail_at(0);
		ck_assert_msg(status == MEMSCOPE_OK || status == MEMSCOPE_NO_MEMORY,
			      "allocation %lu: status %d", n, status);
		memscope_close(m);
	}
	ck_assert_uint_gt(n, 20);
	for (const char *p = text; *p; p++)
		ck_assert(*p == '\n' || (unsigned char)*p >= ' ');
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("timeline_report");
	TCase *tcase = tcase_create("reports"), *memory = tcase_create("memory");
	SRunner *runner = srunner_create(suite);
	int failed;

	build_log(path);
	build_log(other_path);
	tcase_set_timeout(memory, 300);
	tcase_add_test(tcase, a_series_of_two_processes);
	tcase_add_test(tcase, a_series_of_a_thread_in_a_part_of_the_time);
	tcase_add_test(tcase, the_life_of_an_address);
	tcase_add_test(tcase, lifetimes_by_thread);
	tcase_add_test(tcase, sizes_and_threads_and_modules);
	tcase_add_test(tcase, a_replay_keeps_books);
	tcase_add_test(tcase, a_replay_of_a_thread_from_the_peak_on);
	tcase_add_loop_test(memory, every_allocation_fails_in_turn, 0,
			    3 * (int)(sizeof(reports) / sizeof(reports[0])));
	suite_add_tcase(suite, tcase);
	suite_add_tcase(suite, memory);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	unlink(path);
	unlink(other_path);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
