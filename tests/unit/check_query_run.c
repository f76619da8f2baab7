/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_query_run.c - SQL from outside: every table of a small log, presets, formats,
 * several traces, and every allocation on the way failing in turn.
 */
#include "analyzer/base/alloc.h"
#include "tests/unit/log_builder.h"
#include "tests/unit/taken_text.h"

#include <memscope/query.h>

#include <check.h>
#include <errno.h>
#include <inttypes.h>
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

/* Two threads, a realloc, an aligned block, a failed call, a lost free, mappings. */
static void build_log(char *to, uint64_t pid)
{
	struct log_builder lb;
	uint32_t root, left, right;

	lb_init(&lb);
	lb_head(&lb)->pid = pid;
	lb_fix_head(&lb);
	lb_module(&lb, 1, AT(1), 0x400000, 0x400000, 0x500000, "\x01\xff", 2,
		  "/none/\x1b[2Jprogram");
	lb_fact(&lb, "argv", "./app");
	lb_thread(&lb, 1, AT(1), 5001, "main");
	lb_thread(&lb, 2, AT(2), 5002, "work\xff\x1b]0;er");
	root = lb_node(&lb, 1, 0x1000, 0);
	left = lb_node(&lb, 1, 0x2000, root);
	right = lb_node(&lb, 1, 0x3000, root);
	lb_event(&lb, 1, AT(100), MS_EVENT_MALLOC, 0x1000, 1000, left);
	lb_event(&lb, 1, AT(200), MS_EVENT_CALLOC, 0x2000, 50, right);
	lb_event(&lb, 1, AT(300), MS_EVENT_REALLOC_BEGIN, 0x1000, 0, 0);
	lb_event(&lb, 1, AT(310), MS_EVENT_REALLOC_END, 0x3000, 2000, left);
	lb_event_aligned(&lb, 2, AT(400), MS_EVENT_POSIX_MEMALIGN, 0x4000, 64, right, 6);
	lb_event(&lb, 2, AT(500), MS_EVENT_FREE, 0x2000, 0, root);
	lb_event(&lb, 2, AT(600), MS_EVENT_MALLOC, 0, UINT64_MAX, left);
	lb_event(&lb, 2, AT(700), MS_EVENT_MALLOC, 0x4000, 8, 0);
	lb_end(&lb, AT(1000));
	lb_save(&lb, to);
	lb_release(&lb);
}

/* --- output ---------------------------------------------------------------------------
 */

static struct memscope_output output_of(enum memscope_format format)
{
	text_len = 0;
	*text = '\0';
	return (struct memscope_output){ .write = take, .format = format };
}

static struct memscope *m;
static struct memscope_query *query;

static void open_traces(size_t count)
{
	const char *paths[] = { path, other_path };

	ck_assert_int_eq(memscope_open(&m, paths, count, NULL, NULL), MEMSCOPE_OK);
	ck_assert_int_eq(memscope_query_open(&query, m, NULL), MEMSCOPE_OK);
}

static void open_one(void)
{
	open_traces(1);
}

static void close_all(void)
{
	memscope_query_close(query);
	memscope_close(m);
}

static int status_of(const char *sql)
{
	struct memscope_output output = output_of(MEMSCOPE_CSV);
	struct memscope_error err = { "" };
	int status = memscope_query_run(query, sql, &output, &err);

	if (status != MEMSCOPE_OK)
		strcpy(text, err.text);
	return status;
}

/* wanted: the rows as CSV without the line of names. */
static void gives(const char *sql, const char *wanted)
{
	const char *rows;

	ck_assert_msg(status_of(sql) == MEMSCOPE_OK, "%s: %s", sql, text);
	rows = strchr(text, '\n');
	ck_assert_msg(rows && strcmp(rows + 1, wanted) == 0, "%s: %s", sql, text);
}

/* --- tables ---------------------------------------------------------------------------
 */

START_TEST(allocations)
{
	gives("SELECT address, size, align, kind, t_alloc, thread, stack, t_free, lifetime, "
	      "ended, free_kind, free_thread, free_stack, temporary, next, previous, chain, "
	      "weight FROM allocations ORDER BY t_alloc",
	      "0x1000,1000,,malloc,100,5001,2,310,210,realloc,realloc,5001,2,0,0x3000,,1,1.0\n"
	      "0x2000,50,,calloc,200,5001,3,500,300,free,free,5002,1,0,,,2,1.0\n"
	      "0x3000,2000,,realloc,310,5001,2,,,,,,,0,,0x1000,1,1.0\n"
	      "0x4000,64,64,posix_memalign,400,5002,3,700,300,lost,,,,0,,,3,1.0\n"
	      "0x4000,8,,malloc,700,5002,,,,,,,,0,,,4,1.0\n");
	gives("SELECT count(*), sum(size) FROM allocations WHERE t_alloc BETWEEN 200 AND 400",
	      "3,2114\n");
	gives("SELECT size FROM allocations WHERE thread = 5002 AND size > 10", "64\n");
	gives("SELECT size FROM allocations WHERE thread = 9", "");
	gives("SELECT size FROM allocations WHERE process = 4243", "");
	gives("SELECT size, t_free FROM allocations WHERE address = 0x4000",
	      "64,700\n8,\n");
	gives("SELECT size, function, file, line, module FROM allocations WHERE t_alloc = 100",
	      "1000,,,,/none/\\x1b[2Jprogram\n");
}
END_TEST

START_TEST(blocks_that_live)
{
	gives("SELECT address, size, age, t_alloc FROM live",
	      "0x3000,2000,390,310\n0x4000,8,0,700\n");
	gives("SELECT address, age FROM live(300)", "0x1000,200\n0x2000,100\n");
	gives("SELECT count(*) FROM live('start')", "0\n");
	gives("SELECT count(*), sum(size) FROM live('peak')", "3,2114\n");
	gives("SELECT count(*) FROM live('40%')", "3\n");
	ck_assert_int_eq(status_of("SELECT * FROM live('noon')"), MEMSCOPE_USAGE);
	ck_assert_ptr_nonnull(strstr(text, "'noon' is no time"));
}
END_TEST

START_TEST(events)
{
	gives("SELECT time_ns, thread, kind, address, size, align, old_address, stack "
	      "FROM events",
	      "100,5001,malloc,0x1000,1000,,,2\n200,5001,calloc,0x2000,50,,,3\n"
	      "310,5001,realloc,0x3000,2000,,0x1000,2\n"
	      "400,5002,posix_memalign,0x4000,64,64,,3\n500,5002,free,0x2000,,,,1\n"
	      "600,5002,malloc,0x0,1.8446744073709552e+19,,,2\n"
	      "700,5002,malloc,0x4000,8,,,\n");
	gives("SELECT old_address FROM events WHERE time_ns > 305 AND thread = 5001",
	      "0x1000\n");
	gives("SELECT time_ns FROM events WHERE address = 0x2000 ORDER BY time_ns DESC",
	      "500\n200\n");
	gives("SELECT count(*) FROM events WHERE time_ns BETWEEN 400 AND 600", "3\n");
}
END_TEST

START_TEST(stacks_and_frames)
{
	gives("SELECT stack, depth, text FROM stacks",
	      "1,1,[\\x1b[2Jprogram+0x1000]\n"
	      "2,2,[\\x1b[2Jprogram+0x2000] < [\\x1b[2Jprogram+0x1000]\n"
	      "3,2,[\\x1b[2Jprogram+0x3000] < [\\x1b[2Jprogram+0x1000]\n");
	gives("SELECT stack, level, address, function, inlined FROM frames WHERE stack = 3",
	      "3,0,0x3000,,0\n3,1,0x1000,,0\n");
	gives("SELECT count(*) FROM frames", "5\n");
	gives("SELECT stack_text(4242, 2, 1), function_of(4242, 2), type_of(4242, 2)",
	      "[\\x1b[2Jprogram+0x2000],,\n");
	gives("SELECT stack_text(4242, 99), stack_text(1, 2), stack_text(NULL, 2)",
	      ",,\n");
	gives("SELECT a.size, s.depth FROM allocations a JOIN stacks s USING (trace, stack) "
	      "ORDER BY size",
	      "50,2\n64,2\n1000,2\n2000,2\n");
}
END_TEST

START_TEST(tables_of_figures)
{
	gives("SELECT process, command, duration_ns, ending, mode, total_allocations, "
	      "total_reallocations, total_deallocations, active_allocations, current_memory, "
	      "peak_memory, peak_at_ns, failed_allocations, overwritten_blocks, events "
	      "FROM processes",
	      "4242,./app,1000,exited,full,4,1,1,2,2008,2114,400,1,1,8\n");
	gives("SELECT thread, allocations, allocated, live_bytes, temporary FROM threads",
	      "5001,3,3050,2000,0\n5002,2,72,8,0\n");
	gives("SELECT address, allocations, allocated, live_bytes, peak_bytes, stack, stacks "
	      "FROM sites ORDER BY allocated DESC",
	      "0x2000,2,3000,2000,2000,2,1\n0x3000,2,114,0,114,3,1\n,1,8,8,0,,1\n");
	gives("SELECT address, live_bytes FROM sites(300) ORDER BY 1",
	      "0x2000,1000\n0x3000,50\n");
	gives("SELECT address, class, bytes_a, bytes_b, bytes_change FROM diff(300, 'end') "
	      "ORDER BY bytes_change",
	      "0x3000,gone,50,0,-50\n,new,0,8,8\n0x2000,grown,1000,2000,1000\n");
	gives("SELECT bucket, allocations, frees, live_bytes, peak_bytes FROM timeline(2)",
	      "1,3,0,2114,2114\n2,1,1,2008,2114\n");
	gives("SELECT id, module, build_id, base, start_address, end_address, seen_ns, gone_ns "
	      "FROM modules",
	      "1,/none/\\x1b[2Jprogram,01ff,0x400000,0x400000,0x500000,1,\n");
	gives("SELECT sum(count) FROM lost", "0\n");
	gives("SELECT count(*) FROM samples", "0\n");
	gives("SELECT count(*) FROM notes", "0\n");
	ck_assert_int_eq(status_of("SELECT * FROM timeline(0)"), MEMSCOPE_USAGE);
	ck_assert_int_eq(status_of("SELECT * FROM diff('x')"), MEMSCOPE_USAGE);
}
END_TEST

START_TEST(several_traces)
{
	close_all();
	open_traces(2);
	gives("SELECT trace, process, count(*) FROM allocations GROUP BY 1, 2",
	      "1,4242,5\n2,4242,5\n");
	gives("SELECT count(*) FROM allocations WHERE trace = 2 AND t_free IS NULL",
	      "2\n");
	gives("SELECT trace, count(*) FROM live GROUP BY 1", "1,2\n2,2\n");
	gives("SELECT a.trace, group_concat(DISTINCT a.address) FROM live(300) a "
	      "CROSS JOIN live(200) b GROUP BY 1",
	      "1,\"4096,8192\"\n2,\"4096,8192\"\n");
	gives("SELECT a.trace, group_concat(DISTINCT a.address) FROM live(100) a "
	      "CROSS JOIN live(300) b GROUP BY 1",
	      "1,4096\n2,4096\n");
	gives("SELECT trace, count(*) FROM events GROUP BY 1", "1,7\n2,7\n");
	gives("SELECT trace, count(*) FROM sites GROUP BY 1", "1,3\n2,3\n");
	gives("SELECT trace, count(*) FROM threads GROUP BY 1", "1,2\n2,2\n");
	gives("SELECT trace, count(*) FROM frames GROUP BY 1", "1,5\n2,5\n");
	gives("SELECT count(*) FROM frames WHERE trace = 2 AND stack = 3", "2\n");
	/* Who is meant by a pid of two traces? */
	ck_assert_int_eq(status_of("SELECT stack_text(4242, 2)"), MEMSCOPE_USAGE);
	ck_assert_ptr_nonnull(strstr(text, "several traces are of process 4242"));
}
END_TEST

/* --- forms ----------------------------------------------------------------------------
 */

START_TEST(every_format)
{
	static const char sql[] =
		"SELECT address, size, kind, size / 3.0 AS third, NULL AS none "
		"FROM allocations WHERE t_alloc = 310";
	struct memscope_output output = output_of(MEMSCOPE_JSON);
	json_t *rows;

	ck_assert_int_eq(memscope_query_run(query, sql, &output, NULL), MEMSCOPE_OK);
	rows = json_loads(text, 0, NULL);
	ck_assert_ptr_nonnull(rows);
	ck_assert_uint_eq(json_array_size(rows), 1);
	ck_assert_str_eq(
		json_string_value(json_object_get(json_array_get(rows, 0), "address")),
		"0x3000");
	ck_assert(json_is_null(json_object_get(json_array_get(rows, 0), "none")));
	json_decref(rows);
	output = output_of(MEMSCOPE_TEXT);
	ck_assert_int_eq(memscope_query_run(query, sql, &output, NULL), MEMSCOPE_OK);
	ck_assert_str_eq(text, "address  size  kind       third  none\n"
			       " 0x3000  2000  realloc  666.667  \n");
	output = output_of(MEMSCOPE_CSV);
	ck_assert_int_eq(
		memscope_query_run(query, "SELECT 1; ; SELECT 2; -- end", &output, NULL),
		MEMSCOPE_OK);
	ck_assert_str_eq(text, "1\n1\n\n2\n2\n");
	output = output_of(MEMSCOPE_JSON);
	ck_assert_int_eq(
		memscope_query_run(query,
				   "SELECT 1 AS \"a\"\"b\" WHERE 0; SELECT 9e999 "
				   "AS x",
				   &output, NULL),
		MEMSCOPE_OK);
	ck_assert_str_eq(text, "[]\n[\n{\"x\": null}\n]\n");
}
END_TEST

static int count_rows(void *context, const struct memscope_cell *cells, size_t count)
{
	ck_assert_uint_eq(count, 2);
	ck_assert_str_eq(cells[0].name, "size");
	ck_assert_int_eq(cells[0].kind, MEMSCOPE_CELL_INTEGER);
	ck_assert_str_eq(cells[1].text, *(int *)context ? "calloc" : "malloc");
	return ++*(int *)context == 2;
}

START_TEST(rows_for_programs)
{
	struct memscope_error err = { "" };
	int rows = 0;

	ck_assert_int_eq(memscope_query_each(query, "SELECT size, kind FROM allocations",
					     count_rows, &rows, &err),
			 MEMSCOPE_STOPPED);
	ck_assert_int_eq(rows, 2);
	ck_assert_int_eq(memscope_query_each(query, "SELEC", count_rows, &rows, &err),
			 MEMSCOPE_USAGE);
	ck_assert(memscope_query_is_complete("SELECT 1;"));
}
END_TEST

START_TEST(presets)
{
	struct memscope_output output = output_of(MEMSCOPE_JSON);
	struct memscope_error err = { "" };
	json_t *list, *row;
	size_t index;

	ck_assert_int_eq(memscope_query_presets(&output, &err), MEMSCOPE_OK);
	list = json_loads(text, 0, NULL);
	ck_assert_uint_eq(json_array_size(json_object_get(list, "presets")), 8);
	json_array_foreach (json_object_get(list, "presets"), index, row) {
		const char *name = json_string_value(json_object_get(row, "name"));

		output = output_of(MEMSCOPE_CSV);
		ck_assert_msg(memscope_query_preset(query, name, NULL, &output, &err) ==
				      MEMSCOPE_OK,
			      "%s: %s", name, err.text);
		ck_assert_ptr_nonnull(memscope_query_preset_sql(name));
		ck_assert_int_eq(memscope_query_preset(query, name, "x", &output, &err),
				 MEMSCOPE_USAGE);
	}
	json_decref(list);
	output = output_of(MEMSCOPE_CSV);
	ck_assert_int_eq(
		memscope_query_preset(query, "large_allocations", "1000B", &output, NULL),
		MEMSCOPE_OK);
	ck_assert_ptr_nonnull(strstr(text, "\n4242,2000,1.95 KiB,realloc,"));
	ck_assert_int_eq(memscope_query_preset(query, "nonsense", NULL, &output, &err),
			 MEMSCOPE_USAGE);
	ck_assert_ptr_null(memscope_query_preset_sql("nonsense"));
}
END_TEST

START_TEST(the_schema_in_every_format)
{
	struct memscope_output output = output_of(MEMSCOPE_JSON);
	json_t *schema, *tables;

	ck_assert_int_eq(memscope_query_schema(&output, NULL), MEMSCOPE_OK);
	schema = json_loads(text, 0, NULL);
	tables = json_object_get(schema, "tables");
	ck_assert_uint_eq(json_array_size(tables), 16);
	json_decref(schema);
	output = output_of(MEMSCOPE_TEXT);
	ck_assert_int_eq(memscope_query_schema(&output, NULL), MEMSCOPE_OK);
	ck_assert_ptr_nonnull(strstr(text, "\n  t_free           ns       *"));
	output = output_of(MEMSCOPE_CSV);
	ck_assert_int_eq(memscope_query_schema(&output, NULL), MEMSCOPE_OK);
	ck_assert_ptr_nonnull(strstr(text, "\nlive,at,argument,"));
}
END_TEST

START_TEST(it_can_be_interrupted)
{
	memscope_query_interrupt(query);
	ck_assert_int_eq(status_of("SELECT count(*) FROM allocations"), MEMSCOPE_USAGE);
	ck_assert_str_eq(text, "interrupted");
	gives("SELECT count(*) FROM allocations", "5\n");
}
END_TEST

/* --- memory ---------------------------------------------------------------------------
 */

static const char *const questions[] = {
	"SELECT * FROM allocations ORDER BY t_alloc DESC",
	"SELECT size FROM allocations WHERE t_free < 600 AND thread = 5001",
	"SELECT * FROM live(500)",
	"SELECT * FROM events WHERE thread = 5001",
	"SELECT * FROM stacks JOIN frames USING (trace, stack)",
	"SELECT stack_text(process, stack), function_of(process, stack), "
	"type_of(process, stack) FROM allocations",
	"SELECT * FROM processes, threads USING (trace)",
	"SELECT * FROM sites, diff(200, 'end') USING (trace)",
	"SELECT * FROM timeline(3), modules USING (trace), lost USING (trace)",
	"SELECT * FROM leaks, findings USING (trace)",
};

static int with_failure(const char *sql, unsigned long n)
{
	const char *paths[] = { path };
	struct memscope_output output =
		output_of(n % 3 == 0 ? MEMSCOPE_JSON : MEMSCOPE_CSV);
	int status;

	ms_alloc_fail_at(n);
	query = NULL;
	status = memscope_open(&m, paths, 1, NULL, NULL);
	if (status == MEMSCOPE_OK)
		status = memscope_query_open(&query, m, NULL);
	if (status == MEMSCOPE_OK)
		status = memscope_query_run(query, sql, &output, NULL);
	close_all();
	ms_alloc_fail_at(0);
	return status;
}

START_TEST(every_allocation_fails_in_turn)
{
	int status = MEMSCOPE_NO_MEMORY;
	unsigned long n = 0;

	while (status != MEMSCOPE_OK || n < 30) {
		status = with_failure(questions[_i], ++n);
		if (status != MEMSCOPE_OK && status != MEMSCOPE_NO_MEMORY)
			ck_abort_msg("allocation %lu: status %d", n, status);
		ck_assert_uint_lt(n, 100000);
	}
	ck_assert_int_eq(__lsan_do_recoverable_leak_check(), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("query_run");
	TCase *tcase = tcase_create("sql"), *memory = tcase_create("memory");
	SRunner *runner = srunner_create(suite);
	int failed;

	build_log(path, LB_PID);
	build_log(other_path, LB_PID);
	tcase_add_checked_fixture(tcase, open_one, close_all);
	tcase_add_test(tcase, allocations);
	tcase_add_test(tcase, blocks_that_live);
	tcase_add_test(tcase, events);
	tcase_add_test(tcase, stacks_and_frames);
	tcase_add_test(tcase, tables_of_figures);
	tcase_add_test(tcase, several_traces);
	tcase_add_test(tcase, every_format);
	tcase_add_test(tcase, rows_for_programs);
	tcase_add_test(tcase, presets);
	tcase_add_test(tcase, the_schema_in_every_format);
	tcase_add_test(tcase, it_can_be_interrupted);
	tcase_set_timeout(memory, 300);
	tcase_add_loop_test(memory, every_allocation_fails_in_turn, 0,
			    sizeof(questions) / sizeof(*questions));
	suite_add_tcase(suite, tcase);
	suite_add_tcase(suite, memory);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	unlink(path);
	unlink(other_path);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
