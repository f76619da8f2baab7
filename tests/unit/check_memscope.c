/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_memscope.c - the library from outside: every report of a small log, and every
 * allocation on the way failing in turn.
 */
#include "analyzer/base/alloc.h"
#include "tests/unit/map_builder.h"
#include "tests/unit/taken_text.h"

#include <memscope/analysis.h>
#include <memscope/capture.h>
#include <memscope/event_store.h>
#include <memscope/snapshot.h>

#include <check.h>
#include <errno.h>
#include <jansson.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#else
static int __lsan_do_recoverable_leak_check(void)
{
	return 0;
}
#endif

#define AT(ns) (LB_START_TICKS + (ns))

static char path[64], other_path[64];

/* 0x1000 is reachable, from it 0x3000 by its middle only; 0x5000 is lost. */
static void add_map(struct log_builder *lb)
{
	struct map_builder m;

	mb_begin(&m);
	mb_region(&m, MS_REGION_DATA, 0x400000, 4096, 0);
	mb_region(&m, MS_REGION_BREAK, 0x1000, 0x10000, 0);
	mb_point(&m, 0x400010, 0x1000);
	mb_point(&m, 0x1010, 0x3004);
	mb_word(&m, MS_ITEM_NUMBER, 0x3000, 1);
	mb_end(&m);
	mb_told(lb, 1, AT(950), MS_NOMAP_BEGUN);
	mb_add(lb, &m, 1);
}

/* Two threads, three stacks with a common caller, a realloc, a failed call, a leak. */
static void build_log(char *to, bool damaged)
{
	struct log_builder lb;
	uint32_t root, left, right, hostile;

	lb_init(&lb);
	lb_module(&lb, 1, AT(1), 0x400000, 0x400000, 0x500000, "\x01\x02\x03", 3,
		  "/none/\x1b[2Jprogram");
	lb_fact(&lb, "argv", "./app");
	lb_fact(&lb, "argv", "two words");
	lb_thread(&lb, 1, AT(1), 5001, "main");
	lb_thread(&lb, 2, AT(2), 5002, "work\xff\x1b]0;er");
	root = lb_node(&lb, 1, 0x1000, 0);
	left = lb_node(&lb, 1, 0x2000, root);
	right = lb_node(&lb, 1, 0x3000, root);
	hostile = lb_node(&lb, MS_MODULE_CUT, MS_CUT_NO_RULE, right);
	lb_event(&lb, 1, AT(100), MS_EVENT_MALLOC, 0x1000, 1000, left);
	lb_event(&lb, 1, AT(200), MS_EVENT_CALLOC, 0x2000, 50, right);
	lb_event(&lb, 2, AT(300), MS_EVENT_FREE, 0x1000, 0, root);
	lb_event(&lb, 2, AT(400), MS_EVENT_NEW, 0x1000, 2000, hostile);
	lb_event(&lb, 1, AT(500), MS_EVENT_REALLOC_BEGIN, 0x2000, 0, 0);
	lb_event(&lb, 1, AT(600), MS_EVENT_REALLOC_END, 0x3000, 10, left);
	lb_event(&lb, 1, AT(700), MS_EVENT_MALLOC, 0, UINT64_C(1) << 62, left);
	lb_event(&lb, 2, AT(800), MS_EVENT_MALLOC, 0x5000, 7, 0);
	lb_event(&lb, 1, AT(900), MS_EVENT_REALLOC_BEGIN, 0x5000, 0, 0);
	lb_mark(&lb, 2, AT(450), "full");
	add_map(&lb);
	lb_end(&lb, AT(1000));
	if (damaged) /* a byte of a sealed window */
		lb.data[lb.windows[0].offset + 64 + 5] ^= 0xff;
	lb_save(&lb, to);
	lb_release(&lb);
}

/* --- output
 * ----------------------------------------------------------------------------- */

static int refuse(void *context, const char *data, size_t bytes)
{
	(void)data;
	(void)bytes;
	return *(const int *)context;
}

static struct memscope_output output_of(enum memscope_format format)
{
	text_len = 0;
	text[0] = 0;
	return (struct memscope_output){ .write = take, .format = format };
}

static struct memscope *opened(void)
{
	const char *paths[] = { path };
	struct memscope_error err = { "" };
	struct memscope *m;

	ck_assert_msg(memscope_open(&m, paths, 1, NULL, &err) == MEMSCOPE_OK, "%s",
		      err.text);
	return m;
}

static json_t *parsed(void)
{
	json_error_t error;
	json_t *document = json_loads(text, 0, &error);

	ck_assert_msg(document != NULL, "%s", error.text);
	return document;
}

static json_int_t number(const json_t *document, const char *object, const char *key)
{
	const json_t *from = object ? json_object_get(document, object) : document;

	ck_assert_msg(json_is_integer(json_object_get(from, key)), "no number %s", key);
	return json_integer_value(json_object_get(from, key));
}

/* --- reports
 * ---------------------------------------------------------------------------- */

START_TEST(the_summary_has_what_it_promises)
{
	static const char *const keys[] = { "version",	  "process", "totals",
					    "peak_at_ns", "events",  "threads",
					    "sites",	  "lost",    "damage" };
	static const char *const site_keys[] = {
		"function",  "file",	    "line",	  "module",	"allocations",
		"allocated", "live_blocks", "live_bytes", "peak_bytes", "stack"
	};
	struct memscope_output output = output_of(MEMSCOPE_JSON);
	struct memscope *m = opened();
	json_t *document, *site;

	ck_assert_int_eq(memscope_summary(m, NULL, &output, NULL), MEMSCOPE_OK);
	document = parsed();
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		ck_assert_msg(json_object_get(document, keys[i]) != NULL, "%s", keys[i]);
	ck_assert_int_eq(number(document, NULL, "version"), 1);
	ck_assert_int_eq(number(document, "process", "pid"), LB_PID);
	ck_assert_int_eq(number(document, "process", "duration_ns"), 1000);
	ck_assert_int_eq(number(document, "totals", "total_allocations"), 4);
	ck_assert_int_eq(number(document, "totals", "total_reallocations"), 1);
	ck_assert_int_eq(number(document, "totals", "total_deallocations"), 1);
	ck_assert_int_eq(number(document, "totals", "unmatched_deallocations"), 0);
	/* The last realloc has not ended: its block is live. */
	ck_assert_int_eq(number(document, "totals", "active_allocations"), 3);
	ck_assert_int_eq(number(document, "totals", "current_memory"), 2017);
	ck_assert_int_eq(number(document, "totals", "peak_memory"), 2050);
	ck_assert_int_eq(number(document, "totals", "failed_allocations"), 1);
	ck_assert_int_eq(number(document, NULL, "peak_at_ns"), 400);
	ck_assert_uint_eq(json_array_size(json_object_get(document, "threads")), 2);
	ck_assert_uint_eq(json_array_size(json_object_get(document, "damage")), 0);
	site = json_array_get(json_object_get(document, "sites"), 0);
	for (size_t i = 0; i < sizeof(site_keys) / sizeof(site_keys[0]); i++)
		ck_assert_msg(json_object_get(site, site_keys[i]) != NULL, "%s",
			      site_keys[i]);
	/* Its two stacks differ below the frame that they are filed under. */
	ck_assert_int_eq(number(site, NULL, "peak_bytes"), 2050);
	json_decref(document);
	memscope_close(m);
}
END_TEST

START_TEST(several_traces_are_summed_and_listed)
{
	const char *paths[] = { path, other_path };
	struct memscope_output output = output_of(MEMSCOPE_JSON);
	struct memscope *m;
	json_t *document;

	ck_assert_int_eq(memscope_open(&m, paths, 2, NULL, NULL), MEMSCOPE_OK);
	ck_assert_int_eq(memscope_summary(m, NULL, &output, NULL), MEMSCOPE_OK);
	document = parsed();
	ck_assert_int_eq(number(document, "totals", "total_allocations"), 8);
	ck_assert_int_eq(number(document, "totals", "peak_memory"), 4100);
	ck_assert(json_is_null(json_object_get(document, "peak_at_ns")));
	ck_assert(json_is_true(json_object_get(document, "peak_is_sum")));
	ck_assert_uint_eq(json_array_size(json_object_get(document, "processes")), 2);
	ck_assert_uint_eq(json_array_size(json_object_get(document, "threads")), 4);
	json_decref(document);
	output = output_of(MEMSCOPE_TEXT);
	ck_assert_int_eq(memscope_summary(m, NULL, &output, NULL), MEMSCOPE_OK);
	ck_assert_ptr_nonnull(strstr(text, "sum of the peaks"));
	ck_assert_int_eq(memscope_dump(m, NULL, &output, NULL, NULL), MEMSCOPE_OK);
	memscope_close(m);
}
END_TEST

START_TEST(a_dump_has_one_row_a_call)
{
	struct memscope_output output = output_of(MEMSCOPE_CSV);
	struct memscope *m = opened();
	uint64_t unfinished;

	ck_assert_int_eq(memscope_dump(m, NULL, &output, &unfinished, NULL), MEMSCOPE_OK);
	ck_assert_uint_eq(unfinished, 1);
	ck_assert_str_eq(text, "time_ns,thread,kind,address,size,old_address,stack\n"
			       "100,5001,malloc,0x1000,1000,,2\n"
			       "200,5001,calloc,0x2000,50,,3\n"
			       "300,5002,free,0x1000,,,1\n"
			       "400,5002,new,0x1000,2000,,4\n"
			       "600,5001,realloc,0x3000,10,0x2000,2\n"
			       "700,5001,malloc,0x0,4611686018427387904,,2\n"
			       "800,5002,malloc,0x5000,7,,\n");
	memscope_close(m);
}
END_TEST

START_TEST(a_dump_of_several_traces_names_the_process)
{
	const char *paths[] = { path, other_path };
	struct memscope_dump_options options = {
		.filter = { .size_from = 1000, .size_to = 2000, .use_size = 1 }
	};
	struct memscope_output output = output_of(MEMSCOPE_CSV);
	uint64_t unfinished;
	struct memscope *m;

	ck_assert_int_eq(memscope_open(&m, paths, 2, NULL, NULL), MEMSCOPE_OK);
	ck_assert_int_eq(memscope_dump(m, &options, &output, &unfinished, NULL),
			 MEMSCOPE_OK);
	ck_assert_uint_eq(unfinished, 2);
	ck_assert_str_eq(text,
			 "process,time_ns,thread,kind,address,size,old_address,stack\n"
			 "4242,100,5001,malloc,0x1000,1000,,2\n"
			 "4242,400,5002,new,0x1000,2000,,4\n"
			 "4242,100,5001,malloc,0x1000,1000,,2\n"
			 "4242,400,5002,new,0x1000,2000,,4\n");
	memscope_close(m);
}
END_TEST

START_TEST(a_dump_of_a_range)
{
	struct memscope_dump_options options = { .from = { MEMSCOPE_AT_PEAK, 0, NULL },
						 .to = { MEMSCOPE_AT_PERCENT, 60000,
							 NULL },
						 .use_from = 1,
						 .use_to = 1 };
	struct memscope_output output = output_of(MEMSCOPE_CSV);
	struct memscope *m = opened();

	ck_assert_int_eq(memscope_dump(m, &options, &output, NULL, NULL), MEMSCOPE_OK);
	ck_assert_str_eq(text, "time_ns,thread,kind,address,size,old_address,stack\n"
			       "400,5002,new,0x1000,2000,,4\n"
			       "600,5001,realloc,0x3000,10,0x2000,2\n");
	memscope_close(m);
}
END_TEST

START_TEST(snapshots_by_every_group)
{
	struct memscope *m = opened();

	for (int by = MEMSCOPE_GROUP_SITE; by < MEMSCOPE_GROUP_NONE; by++) {
		struct memscope_snapshot_options options = {
			.at = { MEMSCOPE_AT_PEAK, 0, NULL }, .by = (enum memscope_group)by
		};
		struct memscope_output output = output_of(MEMSCOPE_JSON);
		json_t *document, *row;
		json_int_t sum = 0;
		size_t i;

		ck_assert_int_eq(memscope_snapshot(m, &options, &output, NULL),
				 MEMSCOPE_OK);
		document = parsed();
		ck_assert_int_eq(number(document, NULL, "at_ns"), 400);
		json_array_foreach (json_object_get(document, "rows"), i, row)
			sum += number(row, NULL, "live_bytes");
		ck_assert_int_eq(sum, 2050);
		json_decref(document);
	}
	memscope_close(m);
}
END_TEST

START_TEST(damage_is_told_and_the_rest_is_used)
{
	struct memscope_output output = output_of(MEMSCOPE_JSON);
	char damaged[64];
	const char *paths[] = { damaged };
	struct memscope *m;
	json_t *document;

	build_log(damaged, true);
	ck_assert_int_eq(memscope_open(&m, paths, 1, NULL, NULL), MEMSCOPE_OK);
	unlink(damaged);
	ck_assert_uint_gt(memscope_damage_count(m, 0), 0);
	ck_assert_ptr_nonnull(strstr(memscope_damage(m, 0, 0), damaged));
	ck_assert_ptr_nonnull(strstr(memscope_damage(m, 0, 0), "at byte"));
	ck_assert_int_eq(memscope_summary(m, NULL, &output, NULL), MEMSCOPE_OK);
	document = parsed();
	ck_assert_uint_gt(json_array_size(json_object_get(document, "damage")), 0);
	ck_assert_int_eq(number(document, "totals", "total_allocations"), 4);
	json_decref(document);
	memscope_close(m);
}
END_TEST

START_TEST(what_cannot_be_done_is_said)
{
	const char *paths[] = { "/none/such.bin" };
	int failure = ENOSPC;
	struct memscope_output output = { .write = refuse, .context = &failure };
	struct memscope_error err = { "" };
	struct memscope *m;

	ck_assert_int_eq(memscope_open(&m, paths, 1, NULL, &err), MEMSCOPE_IO);
	ck_assert_ptr_null(m);
	ck_assert_ptr_nonnull(strstr(err.text, "/none/such.bin"));
	ck_assert_int_eq(memscope_open(&m, paths, 0, NULL, &err), MEMSCOPE_USAGE);
	m = opened();
	ck_assert_int_eq(memscope_summary(m, NULL, &output, &err), MEMSCOPE_IO);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot write"));
	failure = EPIPE;
	ck_assert_int_eq(memscope_summary(m, NULL, &output, &err), MEMSCOPE_STOPPED);
	memscope_close(m);
}
END_TEST

/* --- every allocation fails
 * -------------------------------------------------------------- */

static int all_summaries(struct memscope *m, const struct memscope_output *output)
{
	struct memscope_summary_options options = { .sort = MEMSCOPE_BY_ALLOCATED,
						    .top = 3,
						    .depth = 4 };

	return memscope_summary(m, &options, output, NULL);
}

static int plain_info(struct memscope *m, const struct memscope_output *output)
{
	struct memscope_info_options options = { 1 };

	return memscope_info(m, &options, output, NULL);
}

static int snapshot_by_stack(struct memscope *m, const struct memscope_output *output)
{
	struct memscope_snapshot_options options = { .at = { MEMSCOPE_AT_PEAK, 0, NULL },
						     .by = MEMSCOPE_GROUP_STACK };

	return memscope_snapshot(m, &options, output, NULL);
}

static int snapshot_by_thread(struct memscope *m, const struct memscope_output *output)
{
	struct memscope_snapshot_options options = { .at = { MEMSCOPE_AT_END, 0, NULL },
						     .by = MEMSCOPE_GROUP_THREAD };

	return memscope_snapshot(m, &options, output, NULL);
}

static int snapshot_of_blocks(struct memscope *m, const struct memscope_output *output)
{
	struct memscope_snapshot_options options = { .at = { MEMSCOPE_AT_END, 0, NULL },
						     .by = MEMSCOPE_GROUP_NONE };

	return memscope_snapshot(m, &options, output, NULL);
}

static int dump_with_stacks(struct memscope *m, const struct memscope_output *output)
{
	struct memscope_dump_options options = { .stacks = 1 };

	return memscope_dump(m, &options, output, NULL, NULL);
}

START_TEST(leaks_are_told_by_kind)
{
	struct memscope_output output = output_of(MEMSCOPE_JSON);
	struct memscope *m = opened();
	json_t *document, *sites, *map;

	ck_assert_int_eq(memscope_leaks(m, NULL, &output, NULL), MEMSCOPE_OK);
	document = parsed();
	ck_assert_int_eq(number(document, "definite", "bytes"), 7);
	ck_assert_int_eq(number(document, "possible", "bytes"), 10);
	ck_assert_int_eq(number(document, "reachable", "bytes"), 2000);
	ck_assert_int_eq(number(document, "unclassified", "blocks"), 0);
	sites = json_object_get(document, "sites");
	ck_assert_uint_eq(json_array_size(sites), 3);
	ck_assert_str_eq(
		json_string_value(json_object_get(json_array_get(sites, 0), "kind")),
		"definite");
	map = json_object_get(json_array_get(json_object_get(document, "processes"), 0),
			      "map");
	ck_assert(json_is_true(json_object_get(map, "whole")));
	json_decref(document);
	memscope_close(m);
}
END_TEST

static int snapshot_filtered(struct memscope *m, const struct memscope_output *output,
			     enum memscope_group by)
{
	struct memscope_snapshot_options options = {
		.by = by,
		.filter = { .use_to = 1,
			    .to = { MEMSCOPE_AT_PERCENT, 90000, NULL },
			    .use_size = 1,
			    .size_from = 5,
			    .size_to = 5000,
			    .module = "program",
			    .site = "0x[0-9]" }
	};

	return memscope_snapshot(m, &options, output, NULL);
}

static int snapshot_by_function(struct memscope *m, const struct memscope_output *output)
{
	return snapshot_filtered(m, output, MEMSCOPE_GROUP_FUNCTION);
}

static int snapshot_by_kind(struct memscope *m, const struct memscope_output *output)
{
	return snapshot_filtered(m, output, MEMSCOPE_GROUP_KIND);
}

static int diff_from_a_mark(struct memscope *m, const struct memscope_output *output)
{
	struct memscope_diff_options options = {
		.use_from = 1,
		.from = { .kind = MEMSCOPE_AT_MARK, .mark = "full" },
		.filter = { .use_to = 1,
			    .to = { .kind = MEMSCOPE_AT_MARK, .mark = "full" } }
	};

	return memscope_diff(m, &options, output, NULL);
}

static int freed_blocks(struct memscope *m, const struct memscope_output *output)
{
	struct memscope_snapshot_options options = { .by = MEMSCOPE_GROUP_NONE,
						     .filter = { .freed = 1 } };

	return memscope_snapshot(m, &options, output, NULL);
}

static int diff_by_stack(struct memscope *m, const struct memscope_output *output)
{
	struct memscope_diff_options options = { .two_traces = 1,
						 .all = 1,
						 .by = MEMSCOPE_GROUP_STACK };

	return memscope_diff(m, &options, output, NULL);
}

static int diff_by_thread(struct memscope *m, const struct memscope_output *output)
{
	struct memscope_diff_options options = { .by = MEMSCOPE_GROUP_THREAD };

	return memscope_diff(m, &options, output, NULL);
}

static int dump_of_lives(struct memscope *m, const struct memscope_output *output)
{
	struct memscope_dump_options options = { .filter = { .freed = 1 } };

	return memscope_dump(m, &options, output, NULL, NULL);
}

static int leaks(struct memscope *m, const struct memscope_output *output)
{
	struct memscope_leaks_options options = { .all = 1 };

	return memscope_leaks(m, &options, output, NULL);
}

static int leaks_of_blocks(struct memscope *m, const struct memscope_output *output)
{
	struct memscope_leaks_options options = { .blocks = 1, .interior = 1 };

	return memscope_leaks(m, &options, output, NULL);
}

static int leaks_without_a_map(struct memscope *m, const struct memscope_output *output)
{
	struct memscope_leaks_options options = { .map = 7 };

	return memscope_leaks(m, &options, output, NULL);
}

static int checked(struct memscope *m, const struct memscope_output *output)
{
	return memscope_check(m, NULL, NULL, output, NULL);
}

typedef int report_fn(struct memscope *m, const struct memscope_output *output);

static report_fn *const reports[] = {
	all_summaries,
	plain_info,
	snapshot_by_stack,
	snapshot_by_thread,
	snapshot_of_blocks,
	dump_with_stacks,
	snapshot_by_function,
	snapshot_by_kind,
	freed_blocks,
	diff_by_stack,
	diff_by_thread,
	dump_of_lives,
	leaks,
	leaks_of_blocks,
	leaks_without_a_map,
	checked,
	diff_from_a_mark,
};

/* Open, report, close, with the n-th allocation failing. */
static int run_with_failure(report_fn *report, enum memscope_format format,
			    unsigned long n)
{
	const char *paths[] = { path, other_path };
	struct memscope_output output = output_of(format);
	struct memscope_error err = { "" };
	struct memscope *m;
	int status;

	ms_alloc_fail_at(n);
	status = memscope_open(&m, paths, 2, NULL, &err);
	if (status == MEMSCOPE_OK)
		status = report(m, &output);
	memscope_close(m);
	ms_alloc_fail_at(0);
	return status;
}

START_TEST(every_allocation_fails_in_turn)
{
	report_fn *report = reports[_i / 3];
	enum memscope_format format = (enum memscope_format)(_i % 3);
	int status = MEMSCOPE_NO_MEMORY;
	unsigned long n = 0;

	while (status != MEMSCOPE_OK || n < 30) {
		status = run_with_failure(report, format, ++n);
		if (status != MEMSCOPE_OK && status != MEMSCOPE_NO_MEMORY)
			ck_abort_msg("allocation %lu: status %d", n, status);
		if (n == 100000)
			ck_abort_msg("it never succeeds");
	}
	ck_assert_int_eq(__lsan_do_recoverable_leak_check(), 0);
}
END_TEST

START_TEST(one_version)
{
	ck_assert_str_eq(memscope_version(), MEMSCOPE_VERSION);
	ck_assert_str_eq(memscope_version(), MS_VERSION);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("memscope");
	TCase *tcase = tcase_create("reports"), *memory = tcase_create("memory");
	SRunner *runner = srunner_create(suite);
	int failed;

	build_log(path, false);
	build_log(other_path, false);
	tcase_set_timeout(memory, 300);
	tcase_add_test(tcase, the_summary_has_what_it_promises);
	tcase_add_test(tcase, several_traces_are_summed_and_listed);
	tcase_add_test(tcase, a_dump_has_one_row_a_call);
	tcase_add_test(tcase, a_dump_of_several_traces_names_the_process);
	tcase_add_test(tcase, a_dump_of_a_range);
	tcase_add_test(tcase, snapshots_by_every_group);
	tcase_add_test(tcase, damage_is_told_and_the_rest_is_used);
	tcase_add_test(tcase, what_cannot_be_done_is_said);
	tcase_add_test(tcase, leaks_are_told_by_kind);
	tcase_add_test(tcase, one_version);
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
