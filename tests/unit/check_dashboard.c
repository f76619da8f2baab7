/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_dashboard.c - the dashboard of built logs from outside: refusals, and no memory.
 *
 * That its figures are those of the other reports is told by tests/e2e/8001-html-data.sh.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/render/report.h"
#include "tests/unit/log_builder.h"
#include "tests/unit/taken_text.h"

#include <memscope/render.h>

#include <check.h>

#define AT(ns) (LB_START_TICKS + (ns))
#define MS     UINT64_C(1000000)
#define LOGS   10

static char paths[LOGS][64];

/* Three threads, two marks, blocks of two stacks, more of them from log to log. */
static void build_log(char *to, unsigned number)
{
	struct log_builder lb;
	uint32_t root, leaf;

	lb_init(&lb);
	lb_module(&lb, 1, AT(1), 0x400000, 0x400000, 0x500000, "\x01\x02\x03", 3,
		  "/none/</script>\xff");
	lb_fact(&lb, "argv", "./app");
	for (uint32_t t = 1; t <= 3; t++)
		lb_thread(&lb, t, AT(t), 5000 + t, "work");
	root = lb_node(&lb, 1, 0x1000, 0);
	leaf = lb_node(&lb, 1, 0x2000, root);
	for (uint32_t i = 0; i < 30 + number; i++)
		lb_event(&lb, 1 + i % 3, AT(MS * (i + 1)), MS_EVENT_MALLOC,
			 0x1000 + 0x1000 * (uint64_t)i, 100 * (uint64_t)i,
			 i % 2 ? root : leaf);
	for (uint32_t i = 0; i < 10; i++)
		lb_event(&lb, 2, AT(MS * (60 + i)), MS_EVENT_FREE,
			 0x1000 + 0x1000 * (uint64_t)i, 0, leaf);
	lb_end(&lb, AT(100 * MS));
	lb_save(&lb, to);
	lb_release(&lb);
}

static struct memscope *open_logs(size_t count, struct memscope_error *err)
{
	const char *names[LOGS];
	struct memscope *m;

	for (size_t i = 0; i < LOGS; i++)
		names[i] = paths[i];
	return memscope_open(&m, names, count, NULL, err) == MEMSCOPE_OK ? m : NULL;
}

static int render(struct memscope *m, const struct memscope_render_options *options,
		  struct memscope_error *err)
{
	struct memscope_output output = { .write = take };

	text_len = 0;
	return memscope_render(m, options, &output, err);
}

START_TEST(a_page)
{
	struct memscope_render_options options = { .format = "html" };
	struct memscope *m = open_logs(LOGS, NULL);

	ck_assert_ptr_nonnull(m);
	if (ms_html_has_page()) {
		ck_assert_int_eq(render(m, &options, NULL), MEMSCOPE_OK);
		ck_assert_ptr_nonnull(strstr(text, "memscope-data"));
	} else {
		ck_assert_int_eq(render(m, &options, NULL), MEMSCOPE_USAGE);
	}
	memscope_close(m);
}
END_TEST

START_TEST(what_is_refused)
{
	struct memscope_render_options options = { .format = "html", .use_at = 1 };
	struct memscope_error err = { "" };
	struct memscope *m = open_logs(1, &err);

	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(render(m, &options, &err), MEMSCOPE_USAGE);
	options.use_at = 0;
	options.filter.live = 1;
	ck_assert_int_eq(render(m, &options, &err), MEMSCOPE_USAGE);
	options.filter.live = 0;
	options.filter.function = "(";
	ck_assert_int_eq(render(m, &options, &err), MEMSCOPE_USAGE);
	options.filter.function = NULL;
	options.metric = "live";
	ck_assert_int_eq(render(m, &options, &err), MEMSCOPE_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "html"));
	options = (struct memscope_render_options){ .format = "folded", .title = "x" };
	ck_assert_int_eq(render(m, &options, &err), MEMSCOPE_USAGE);
	memscope_close(m);
}
END_TEST

/* The n-th allocation fails, for ever larger n, until all goes well. */
START_TEST(without_memory)
{
	struct memscope_render_options options = { .format = "html" };
	int status = MEMSCOPE_NO_MEMORY;
	unsigned long n = 0;

	if (_i)
		options.filter.function = "0x";
	while (status == MEMSCOPE_NO_MEMORY) {
		struct memscope *m = open_logs(_i ? 1 : LOGS, NULL);

		ck_assert_ptr_nonnull(m);
		n += 1 + n / 40;
		ms_alloc_fail_at(n);
		status = render(m, &options, NULL);
		ms_alloc_fail_at(0);
		memscope_close(m);
	}
	ck_assert_int_eq(status, ms_html_has_page() ? MEMSCOPE_OK : MEMSCOPE_USAGE);
	ck_assert(n > 200 || !ms_html_has_page());
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dashboard");
	TCase *tcase = tcase_create("dashboard");
	SRunner *runner = srunner_create(suite);
	int failed;

	for (unsigned i = 0; i < LOGS; i++)
		build_log(paths[i], i);
	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, a_page);
	tcase_add_test(tcase, what_is_refused);
	tcase_add_loop_test(tcase, without_memory, 0, 2);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	for (unsigned i = 0; i < LOGS; i++)
		unlink(paths[i]);
	return failed != 0;
}
