/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_times.c - points of a recording's time: as text, and as reports take them.
 */
#include "tests/unit/log_builder.h"
#include "tests/unit/taken_text.h"

#include <memscope/event_store.h>
#include <memscope/snapshot.h>

#include <check.h>
#include <jansson.h>

#define AT(ns) (LB_START_TICKS + (ns))

static char path[64], unmarked[64];

/* Live bytes: 1 from 100, 3 from 200, 7 from 300, 6 from 400 on. */
static void build(char *to, bool marks)
{
	struct log_builder lb;

	lb_init(&lb);
	lb_thread(&lb, 1, AT(1), 5001, "main");
	lb_event(&lb, 1, AT(100), MS_EVENT_MALLOC, 0x1000, 1, 0);
	lb_event(&lb, 1, AT(200), MS_EVENT_MALLOC, 0x2000, 2, 0);
	lb_event(&lb, 1, AT(300), MS_EVENT_MALLOC, 0x3000, 4, 0);
	lb_event(&lb, 1, AT(400), MS_EVENT_FREE, 0x1000, 0, 0);
	if (marks) {
		lb_mark(&lb, 1, AT(350), "again");
		lb_mark(&lb, 1, AT(250), "again");
		lb_mark(&lb, 0, AT(200), "with it");
		lb_mark(&lb, 1, AT(0), "start");
		lb_mark(&lb, 1, AT(900), "after all");
		lb_mark(&lb, 1, AT(150), "40%");
	}
	lb_end(&lb, AT(1000));
	lb_save(&lb, to);
	lb_release(&lb);
}

static struct memscope *opened(bool both)
{
	const char *paths[] = { path, unmarked };
	struct memscope *m;

	ck_assert_int_eq(memscope_open(&m, paths, both ? 2 : 1, NULL, NULL), MEMSCOPE_OK);
	return m;
}

static int snapshot_at(struct memscope *m, const struct memscope_time *at,
		       json_t **document, struct memscope_error *err)
{
	struct memscope_snapshot_options options = { .at = *at,
						     .by = MEMSCOPE_GROUP_THREAD };
	struct memscope_output output = { .write = take, .format = MEMSCOPE_JSON };
	int status;

	text_len = 0;
	status = memscope_snapshot(m, &options, &output, err);
	*document = status == MEMSCOPE_OK ? json_loads(text, 0, NULL) : NULL;
	return status;
}

START_TEST(as_text)
{
	static const struct {
		const char *text;
		struct memscope_time time;
	} right[] = {
		{ "start", { MEMSCOPE_AT_START, 0, NULL } },
		{ "end", { MEMSCOPE_AT_END, 0, NULL } },
		{ "peak", { MEMSCOPE_AT_PEAK, 0, NULL } },
		{ "12.5s", { MEMSCOPE_AT_NS, 12500000000, NULL } },
		{ "830ms", { MEMSCOPE_AT_NS, 830000000, NULL } },
		{ "40%", { MEMSCOPE_AT_PERCENT, 40000, NULL } },
		{ "12.345%", { MEMSCOPE_AT_PERCENT, 12345, NULL } },
		{ "mark:x", { MEMSCOPE_AT_MARK, 0, "x" } },
		{ "mark:mark:x", { MEMSCOPE_AT_MARK, 0, "mark:x" } },
		{ "mark: end ", { MEMSCOPE_AT_MARK, 0, " end " } },
		{ "mark:40%", { MEMSCOPE_AT_MARK, 0, "40%" } },
	};
	static const char *const wrong[] = { "",	"mark",	 "mark:", "Mark:x",
					     " mark:x", "marks", "101%",  "1.2345%",
					     "%",	"-1s",	 "12",	  "peaks",
					     "start ",	"40%%" };
	struct memscope_time time = { MEMSCOPE_AT_PEAK, 77, "kept" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ck_assert_msg(memscope_parse_time(wrong[i], &time) == -1, "%s", wrong[i]);
		ck_assert(time.kind == MEMSCOPE_AT_PEAK && time.value == 77);
		ck_assert_str_eq(time.mark, "kept");
	}
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		ck_assert_int_eq(memscope_parse_time(right[i].text, &time), 0);
		ck_assert_int_eq(time.kind, right[i].time.kind);
		ck_assert_uint_eq(time.value, right[i].time.value);
		ck_assert_pstr_eq(time.mark, right[i].time.mark);
	}
}
END_TEST

START_TEST(in_a_trace)
{
	static const struct {
		const char *text;
		json_int_t at_ns, live;
	} points[] = { { "mark:again", 250, 3 }, { "mark:with it", 200, 3 },
		       { "mark:start", 0, 0 },	 { "mark:after all", 900, 6 },
		       { "mark:40%", 150, 1 },	 { "40%", 400, 6 },
		       { "peak", 300, 7 },	 { "start", 0, 0 },
		       { "0.0000003s", 300, 7 } };
	struct memscope *m = opened(false);

	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		struct memscope_time at;
		json_t *document;
		json_int_t live;

		ck_assert_int_eq(memscope_parse_time(points[i].text, &at), 0);
		ck_assert_int_eq(snapshot_at(m, &at, &document, NULL), MEMSCOPE_OK);
		live = json_integer_value(json_object_get(
			json_object_get(document, "totals"), "current_memory"));
		ck_assert_msg(live == points[i].live, "%s: %lld live", points[i].text,
			      (long long)live);
		ck_assert_int_eq(json_integer_value(json_object_get(document, "at_ns")),
				 points[i].at_ns);
		ck_assert_pstr_eq(json_string_value(json_object_get(document, "mark")),
				  at.mark);
		json_decref(document);
	}
	memscope_close(m);
}
END_TEST

START_TEST(no_such_point)
{
	static const struct memscope_time wrong[] = {
		{ MEMSCOPE_AT_MARK, 0, NULL },
		{ (enum memscope_time_kind)(MEMSCOPE_AT_MARK + 1), 0, NULL },
		{ (enum memscope_time_kind) - 1, 0, NULL },
	};
	const struct memscope_time red = { MEMSCOPE_AT_MARK, 0, "\x1b[31m" };
	const struct memscope_time again = { MEMSCOPE_AT_MARK, 0, "again" };
	struct memscope_dump_options dump = { .use_from = 1 };
	struct memscope_output output = { .write = take, .format = MEMSCOPE_JSON };
	struct memscope_error err;
	struct memscope *m = opened(false);
	json_t *document;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_int_eq(snapshot_at(m, &wrong[i], &document, NULL),
				 MEMSCOPE_USAGE);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		dump.from = wrong[i];
		ck_assert_int_eq(memscope_dump(m, &dump, &output, NULL, NULL),
				 MEMSCOPE_USAGE);
	}
	ck_assert_int_eq(snapshot_at(m, &red, &document, &err), MEMSCOPE_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "no mark is named '\\x1b[31m'"));
	memscope_close(m);
	/* Each trace must have it: what was not marked has no such time. */
	m = opened(true);
	ck_assert_int_eq(snapshot_at(m, &again, &document, &err), MEMSCOPE_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, unmarked));
	memscope_close(m);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("times");
	TCase *tests = tcase_create("times");
	SRunner *runner = srunner_create(suite);
	int failed;

	build(path, true);
	build(unmarked, false);
	tcase_add_test(tests, as_text);
	tcase_add_test(tests, in_a_trace);
	tcase_add_test(tests, no_such_point);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	unlink(path);
	unlink(unmarked);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
