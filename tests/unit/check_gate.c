/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_gate.c - random heaps: figures at their limits and one below, by a slow model;
 * baselines that say what they were made of; reports of hostile names.
 */
#define _GNU_SOURCE
#include "analyzer/base/alloc.h"
#include "analyzer/facade/gate.h"
#include "tests/unit/map_builder.h"
#include "tests/unit/random_log.h"
#include "tests/unit/taken_text.h"

#include <inttypes.h>

#define SEEDS	20
#define EVENTS	300
#define NODE(n) (0x401000 + 16 * (n))

static struct random_log model;
static struct memscope *m;
static struct memscope_error err;
static char paths[2][64];

static void open_paths(size_t count)
{
	const char *const names[] = { paths[0], paths[1] };

	ck_assert_msg(memscope_open(&m, names, count, NULL, &err) == MEMSCOPE_OK, "%s",
		      err.text);
	for (size_t i = 0; i < count; i++)
		unlink(paths[i]);
}

static void begin_log(struct log_builder *lb)
{
	lb_init(lb);
	lb_module(lb, 3, LB_START_TICKS + 1, 0, 0, 1 << 24, "", 0, "/x/app|<&>\"\n\x01");
	lb_fact(lb, "argv", "./a | <b> & \"c\" %0A::error::x\x1b]0;\xff");
	for (uint32_t t = 1; t <= RL_THREADS; t++)
		lb_thread(lb, t, LB_START_TICKS + t, 5000 + t, "t");
	for (uint32_t i = 0; i < RL_STACKS; i++)
		lb_node(lb, 3, NODE(i), 0);
}

/* A map without a pointer: all that is live is lost. */
static void add_map(struct log_builder *lb, uint64_t ticks)
{
	struct map_builder map;

	mb_told(lb, 1, ticks, MS_NOMAP_BEGUN);
	mb_begin(&map);
	mb_region(&map, MS_REGION_BREAK, 0x10000, 1 << 20, 0);
	mb_end(&map);
	mb_add(lb, &map, 1);
}

static void random_trace(uint64_t seed)
{
	struct log_builder lb;

	begin_log(&lb);
	rl_fill(&model, &lb, seed, RL_STACKS, EVENTS);
	add_map(&lb, LB_START_TICKS + model.now + 5000);
	lb_end(&lb, LB_START_TICKS + model.now + 10000);
	lb_save(&lb, paths[0]);
	lb_release(&lb);
	open_paths(1);
}

static void teardown(void)
{
	memscope_close(m);
	m = NULL;
}

/* --- the gate's answers
 * ----------------------------------------------------------------- */

static const struct memscope_suppress unsuppressed = { .no_built_in = 1,
						       .no_embedded = 1 };

static struct memscope_gate *run(const struct memscope_gate_options *options)
{
	struct memscope_gate *gate;

	ck_assert_msg(memscope_gate_run(&gate, m, options, &err) == MEMSCOPE_OK, "%s",
		      err.text);
	return gate;
}

static bool fails(enum memscope_gate_metric metric, uint64_t limit)
{
	const struct memscope_gate_budget budget = { .metric = metric, .limit = limit };
	struct memscope_gate *gate = run(&(struct memscope_gate_options){
		.budgets = &budget, .budget_count = 1, .suppress = unsuppressed });
	bool failed = memscope_gate_failed(gate);

	memscope_gate_free(gate);
	return failed;
}

static const char *printed(const struct memscope_gate *gate,
			   enum memscope_gate_format format, enum memscope_format how)
{
	const struct memscope_output output = { .write = take, .format = how };

	text_len = 0;
	text[0] = '\0';
	ck_assert_int_eq(memscope_gate_print(gate, format, &output, &err), MEMSCOPE_OK);
	return text;
}

static json_t *document(const struct memscope_gate *gate)
{
	json_t *made =
		json_loads(printed(gate, MEMSCOPE_GATE_REPORT, MEMSCOPE_JSON), 0, NULL);

	ck_assert_ptr_nonnull(made);
	return made;
}

/* --- the model
 * -------------------------------------------------------------------------- */

static uint64_t made(uint32_t stack, bool temporary)
{
	uint64_t count = 0;

	for (size_t i = 0; i < model.life_count; i++) {
		const struct rl_life *life = &model.lives[i];

		if (stack != MS_FRAME_NONE && life->stack != stack)
			continue;
		count += !temporary || rl_is_temporary(&model, life, model.event_count);
	}
	return count;
}

static uint64_t expected(enum memscope_gate_metric metric)
{
	size_t all = model.event_count;

	switch (metric) {
	case MEMSCOPE_GATE_PEAK:
		return rl_live_bytes(&model, rl_peak(&model, all));
	case MEMSCOPE_GATE_ALLOCATIONS:
		return made(MS_FRAME_NONE, false);
	case MEMSCOPE_GATE_TEMPORARY:
		return made(MS_FRAME_NONE, true);
	default:
		return rl_live_bytes(&model, all);
	}
}

START_TEST(at_its_limit_and_below)
{
	static const enum memscope_gate_metric metrics[] = {
		MEMSCOPE_GATE_LEAKED,	   MEMSCOPE_GATE_UNFREED,   MEMSCOPE_GATE_PEAK,
		MEMSCOPE_GATE_ALLOCATIONS, MEMSCOPE_GATE_TEMPORARY, MEMSCOPE_GATE_LIVE
	};

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		random_trace(seed);
		for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
			uint64_t limit = expected(metrics[i]);

			ck_assert_msg(!fails(metrics[i], limit),
				      "seed %" PRIu64 ": %s is over %" PRIu64, seed,
				      ms_gate_metric_names[metrics[i]], limit);
			ck_assert_msg(!limit || fails(metrics[i], limit - 1),
				      "seed %" PRIu64 ": %s is below %" PRIu64, seed,
				      ms_gate_metric_names[metrics[i]], limit);
		}
		teardown();
	}
}
END_TEST

/* --- budgets of sites
 * ------------------------------------------------------------------- */

static void write_text(const char *path, const char *what)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(what, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

START_TEST(a_site_by_its_pattern)
{
	char file[64] = "/tmp/memscope-check-XXXXXX", line[200];
	const char *files[] = { file };
	const struct memscope_gate_options options = { .budget_files = files,
						       .budget_file_count = 1,
						       .suppress = unsuppressed };
	int fd = mkstemp(file);

	close(fd);
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		uint32_t stack = 1 + (uint32_t)(seed % RL_STACKS);

		random_trace(seed);
		for (int below = 0; below < 2; below++) {
			uint64_t limit = made(stack, false);
			struct memscope_gate *gate;

			if (below && !limit)
				continue;
			snprintf(line, sizeof(line),
				 "\"0x%x\\\\]\" allocations %" PRIu64 "\nnobody peak 0\n",
				 NODE(stack - 1), limit - (uint64_t)below);
			write_text(file, line);
			gate = run(&options);
			ck_assert_msg(memscope_gate_failed(gate) == below,
				      "seed %" PRIu64 ": %s", seed, line);
			ck_assert_ptr_nonnull(
				strstr(printed(gate, MEMSCOPE_GATE_REPORT, MEMSCOPE_TEXT),
				       ":2: no site matches 'nobody'"));
			memscope_gate_free(gate);
		}
		teardown();
	}
	unlink(file);
}
END_TEST

/* --- baselines
 * -------------------------------------------------------------------------- */

static struct memscope_gate *against(const char *baseline, const char *tolerance)
{
	struct memscope_gate_options options = { .baseline = baseline,
						 .suppress = unsuppressed };

	if (tolerance)
		ck_assert_int_eq(
			memscope_gate_parse_tolerance(tolerance, &options.tolerance), 0);
	return run(&options);
}

/* One block of a site, in both runs; and one that is new. */
static void two_runs(uint64_t size, uint64_t more)
{
	for (int which = 0; which < 2; which++) {
		struct log_builder lb;

		begin_log(&lb);
		lb_event(&lb, 1, 2000, MS_EVENT_MALLOC, 0x10010,
			 size + (which ? more : 0), 1);
		add_map(&lb, 8000);
		lb_end(&lb, 9000);
		lb_save(&lb, paths[which]);
		lb_release(&lb);
	}
}

START_TEST(a_baseline_and_its_tolerance)
{
	static const struct {
		uint64_t size, more;
		const char *tolerance;
		bool failed;
	} rows[] = {
		{ 100000, 0, "0%,0,0", false },
		{ 100000, 1, "0%,0,0", true },
		{ 100000, 5000, "5%,0,0", false },
		{ 100000, 5001, "5%,0,0", true },
		/* an amount is for all but what is leaked */
		{ 100000, 5001, "5%,1M,0", true },
		{ 0, 1, NULL, true },
		{ 1 << 20, 50000, NULL, false },
	};
	char file[] = "/tmp/memscope-check-base-XXXXXX";
	int fd = mkstemp(file);

	close(fd);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct memscope_gate *gate;
		char first[64];

		two_runs(rows[i].size, rows[i].more);
		strcpy(first, paths[0]);
		open_paths(1);
		ck_assert_int_eq(
			memscope_gate_write_baseline(m, file, &unsuppressed, &err),
			MEMSCOPE_OK);
		gate = against(file, rows[i].tolerance);
		ck_assert_int_eq(memscope_gate_failed(gate), 0);
		memscope_gate_free(gate);
		teardown();
		strcpy(paths[0], paths[1]);
		open_paths(1);
		gate = against(file, rows[i].tolerance);
		ck_assert_msg(memscope_gate_failed(gate) == rows[i].failed, "row %zu", i);
		memscope_gate_free(gate);
		teardown();
	}
	unlink(file);
}
END_TEST

START_TEST(a_text_reads_back)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		static const struct memscope_time end;
		struct ms_baseline taken, read;
		struct ms_gate_figures figures;
		struct ms_strbuf written;

		random_trace(seed);
		ms_baseline_init(&taken);
		ms_baseline_init(&read);
		ms_strbuf_init(&written);
		ms_gate_figures_init(&figures, m, &end, NULL);
		ck_assert_int_eq(
			ms_baseline_take(&taken, &figures, true, ms_own_error(&err)),
			MS_OK);
		ck_assert_uint_eq(taken.totals[MEMSCOPE_GATE_ALLOCATIONS],
				  expected(MEMSCOPE_GATE_ALLOCATIONS));
		ms_baseline_text(&written, &taken);
		ck_assert_msg(ms_baseline_parse(&read, "b", written.text, written.len,
						ms_own_error(&err)) == MS_OK,
			      "%s", err.text);
		ck_assert_uint_eq(read.count, taken.count);
		for (size_t i = 0; i < read.count; i++) {
			ck_assert_str_eq(read.rows[i].site, taken.rows[i].site);
			ck_assert_uint_eq(read.rows[i].values[MEMSCOPE_GATE_UNFREED],
					  taken.rows[i].values[MEMSCOPE_GATE_UNFREED]);
		}
		ms_gate_figures_release(&figures);
		ms_strbuf_release(&written);
		ms_baseline_release(&taken);
		ms_baseline_release(&read);
		teardown();
	}
}
END_TEST

START_TEST(wrong_baselines_are_named)
{
	static const struct {
		const char *text, *said;
	} rows[] = {
		{ "", "b:1: neither a trace nor a baseline" },
		{ "memscope-baseline 2\n", "b:1: neither" },
		{ "memscope-baseline 1\n", "b:1: the row of (total)" },
		{ "memscope-baseline 1\n1\t2\t3\t4\t5\tx\n", "b:2: the first row" },
		{ "memscope-baseline 1\n1\t2\t3\t4\t(total)\n", "b:2: five numbers" },
		{ "memscope-baseline 1\n1\t2\t3\t4\t-5\t(total)\n", "b:2: five numbers" },
		{ "memscope-baseline 1\n1\t2\t3\t4\t99999999999999999999\t(total)\n",
		  "b:2: five numbers" },
		{ "memscope-baseline 1\n1\t2\t3\t4\t5\t(total)\n-\t2\t3\t4\t5\tx\n",
		  "b:3: what is not known" },
		{ "memscope-baseline 1\n1\t2\t3\t4\t5\t(total)\n1\t2\t3\t4\t5\tx\ty\n",
		  "b:3: this is no site" },
		{ "memscope-baseline 1\n1\t2\t3\t4\t5\t(total)\n1\t2\t3\t4\t5\tx\n"
		  "1\t2\t3\t4\t5\tx\n",
		  "b: there are two rows of x" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ms_baseline baseline;

		ms_baseline_init(&baseline);
		ck_assert_int_eq(ms_baseline_parse(&baseline, "b", rows[i].text,
						   strlen(rows[i].text),
						   ms_own_error(&err)),
				 MS_EFORMAT);
		ck_assert_msg(strncmp(err.text, rows[i].said, strlen(rows[i].said)) == 0,
			      "%s", err.text);
		ms_baseline_release(&baseline);
	}
}
END_TEST

/* --- reports
 * ---------------------------------------------------------------------------- */

static void check_clean(const char *what)
{
	for (const char *c = what; *c; c++)
		ck_assert_msg((unsigned char)*c >= 0x20 || *c == '\n', "byte %02x",
			      (unsigned char)*c);
}

static struct memscope_gate *failing(void)
{
	const struct memscope_gate_budget budgets[] = {
		{ .metric = MEMSCOPE_GATE_LEAKED },
		{ .metric = MEMSCOPE_GATE_PEAK, .limit = 1 },
		{ .metric = MEMSCOPE_GATE_ALLOCATIONS, .limit = UINT64_MAX },
	};

	return run(&(struct memscope_gate_options){ .budgets = budgets,
						    .budget_count = 3,
						    .source_root = "/x",
						    .suppress = unsuppressed });
}

START_TEST(hostile_names_in_every_format)
{
	struct memscope_gate *gate;
	json_t *json;

	random_trace(7);
	gate = failing();
	check_clean(printed(gate, MEMSCOPE_GATE_REPORT, MEMSCOPE_TEXT));
	check_clean(printed(gate, MEMSCOPE_GATE_JUNIT, MEMSCOPE_TEXT));
	ck_assert_ptr_null(strstr(text, "<b>"));
	ck_assert_ptr_nonnull(strstr(text, "&lt;b&gt; &amp; &quot;c&quot;"));
	ck_assert_ptr_nonnull(strstr(text, "tests=\"3\" failures=\"2\""));
	check_clean(printed(gate, MEMSCOPE_GATE_MARKDOWN, MEMSCOPE_TEXT));
	ck_assert_ptr_null(strstr(text, "<b>"));
	ck_assert_ptr_null(strstr(text, "./a |"));
	check_clean(printed(gate, MEMSCOPE_GATE_GITHUB, MEMSCOPE_TEXT));
	ck_assert_ptr_null(strstr(text, " %0A::error::x"));
	for (const char *line = text; *line; line = strchr(line, '\n') + 1)
		ck_assert_msg(strncmp(line, "::error ", 8) == 0, "%.40s", line);
	json = json_loads(printed(gate, MEMSCOPE_GATE_SARIF, MEMSCOPE_TEXT), 0, NULL);
	ck_assert_uint_eq(
		json_array_size(json_object_get(
			json_array_get(json_object_get(json, "runs"), 0), "results")),
		2);
	json_decref(json);
	json = document(gate);
	ck_assert_str_eq(ms_json_string(json, "verdict"), "failed");
	ck_assert_uint_eq(ms_json_u64(json, "passed"), 1);
	json_decref(json);
	memscope_gate_free(gate);
}
END_TEST

START_TEST(every_failing_allocation_is_told)
{
	static const enum memscope_gate_format formats[] = {
		MEMSCOPE_GATE_REPORT, MEMSCOPE_GATE_JUNIT, MEMSCOPE_GATE_SARIF,
		MEMSCOPE_GATE_MARKDOWN, MEMSCOPE_GATE_GITHUB
	};
	const struct memscope_output output = { .write = take };
	const struct memscope_gate_budget budget = { .metric = MEMSCOPE_GATE_LEAKED };
	const struct memscope_gate_options options = { .budgets = &budget,
						       .budget_count = 1,
						       .suppress = unsuppressed };
	struct memscope_gate *gate = NULL;
	int status = MEMSCOPE_NO_MEMORY;
	unsigned long n;

	random_trace(3);
	for (n = 1; status != MEMSCOPE_OK; n++) {
		ms_alloc_fail_at(n);
		status = memscope_gate_run(&gate, m, &options, &err);
		ms_alloc_fail_at(0);
		ck_assert(status == MEMSCOPE_OK || status == MEMSCOPE_NO_MEMORY);
		ck_assert(status == MEMSCOPE_OK || !gate);
	}
	ck_assert_uint_gt(n, 50);
	for (size_t f = 0; f < sizeof(formats) / sizeof(formats[0]); f++) {
		status = MEMSCOPE_NO_MEMORY;
		for (n = 1; status != MEMSCOPE_OK; n++) {
			text_len = 0;
			ms_alloc_fail_at(n);
			status = memscope_gate_print(gate, formats[f], &output, &err);
			ms_alloc_fail_at(0);
			ck_assert(status == MEMSCOPE_OK || status == MEMSCOPE_NO_MEMORY);
		}
	}
	memscope_gate_free(gate);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gate");
	TCase *tests = tcase_create("gate");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 300);
	tcase_add_checked_fixture(tests, NULL, teardown);
	tcase_add_test(tests, at_its_limit_and_below);
	tcase_add_test(tests, a_site_by_its_pattern);
	tcase_add_test(tests, a_baseline_and_its_tolerance);
	tcase_add_test(tests, a_text_reads_back);
	tcase_add_test(tests, wrong_baselines_are_named);
	tcase_add_test(tests, hostile_names_in_every_format);
	tcase_add_test(tests, every_failing_allocation_is_told);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
