/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_check.c - the registry, one replay for all detectors, and what each says of a log
 * that is built for it.
 */
#define _GNU_SOURCE
#include "analyzer/analysis/analysis.h"
#include "analyzer/base/alloc.h"
#include "tests/unit/log_reading.h"

#define AT(ns) (LB_START_TICKS + (ns))

static struct reading r;

static uint64_t bit(const char *name)
{
	int index = ms_detector_index(name, strlen(name));

	ck_assert_msg(index >= 0, "there is no detector %s", name);
	return UINT64_C(1) << index;
}

static struct ms_check_input input_of(void)
{
	return (struct ms_check_input){ .store = r.store,
					.log = r.log,
					.meta = r.meta,
					.no_leaks = "no map",
					.threads = 1 };
}

static void open_log(struct log_builder *lb)
{
	lb_end(lb, AT(100000));
	put(lb);
	lb_release(lb);
	read_file(&r, path);
	ck_assert_int_eq(r.status, MS_OK);
}

/* The findings of one detector; released by the caller. */
static struct ms_findings findings_of(const char *detector,
				      const struct ms_check_input *input)
{
	struct ms_findings findings = { 0 };

	ck_assert_int_eq(ms_check(&findings, bit(detector), input, NULL), MS_OK);
	for (size_t i = 0; i < findings.count; i++)
		ck_assert_str_eq(findings.items[i].detector->name, detector);
	return findings;
}

static const struct ms_evidence *evidence(const struct ms_finding *f, const char *name)
{
	for (unsigned i = 0; i < f->evidence_count; i++) {
		if (strcmp(f->evidence[i].name, name) == 0)
			return &f->evidence[i];
	}
	ck_abort_msg("no evidence %s", name);
	return NULL;
}

/* --- the registry ----------------------------------------------------------------------
 */

START_TEST(names_are_stable_words)
{
	for (size_t i = 0; i < ms_detector_count; i++) {
		const struct ms_detector *d = ms_detectors[i];

		ck_assert_uint_eq(strspn(d->name, "abcdefghijklmnopqrstuvwxyz_"),
				  strlen(d->name));
		ck_assert_int_eq(ms_detector_index(d->name, strlen(d->name)), (int)i);
		ck_assert(*d->summary && d->worst < MS_SEVERITIES);
		ck_assert(d->end || d->bad_frees);
		ck_assert(!d->begin || d->free);
	}
	ck_assert_int_eq(ms_detector_index("leaks", 5), -1);
	ck_assert_int_eq(ms_detector_index("lea", 3), -1);
	ck_assert_int_eq(ms_detector_index("", 0), -1);
	for (unsigned s = 0; s < MS_SEVERITIES; s++)
		ck_assert_int_eq(ms_detector_index(ms_severity_names[s],
						   strlen(ms_severity_names[s])),
				 -1);
}
END_TEST

START_TEST(nothing_is_nothing)
{
	struct log_builder lb;
	struct ms_findings findings = { 0 };
	struct ms_check_input input;

	lb_init(&lb);
	open_log(&lb);
	input = input_of();
	ck_assert_int_eq(ms_check(&findings, UINT64_MAX, &input, NULL), MS_OK);
	ck_assert_uint_eq(findings.count, 0);
	ck_assert_int_eq(ms_check(&findings, 0, &input, NULL), MS_OK);
	ms_findings_release(&findings);
	release(&r);
}
END_TEST

START_TEST(what_cannot_be_looked_at_is_said)
{
	const struct ms_detector *leak = ms_detectors[ms_detector_index("leak", 4)];
	const struct ms_detector *failed = ms_detectors[ms_detector_index("failed", 6)];
	struct log_builder lb;
	struct ms_check_input input;

	lb_init(&lb);
	lb_record_of(&lb, MS_RECORD_MODE, LB_NUMBERS(MS_MODE_COUNTERS, 0, AT(0)), NULL);
	lb_event(&lb, 1, AT(10), MS_EVENT_MALLOC, 0, 100, 0);
	open_log(&lb);
	input = input_of();
	ck_assert_str_eq(ms_detector_unable(leak, &input), "no map");
	ck_assert_ptr_nonnull(strstr(ms_detector_unable(failed, &input), "counters"));
	release(&r);
}
END_TEST

/* --- one event at a time ---------------------------------------------------------------
 */

START_TEST(failed_calls)
{
	struct log_builder lb;
	struct ms_check_input input;
	struct ms_findings findings;
	uint32_t a, b;

	lb_init(&lb);
	a = lb_node(&lb, MS_MODULE_NONE, 0x401000, 0);
	b = lb_node(&lb, MS_MODULE_NONE, 0x402000, 0);
	lb_event(&lb, 1, AT(10), MS_EVENT_MALLOC, 0, 100, a);
	lb_event(&lb, 1, AT(20), MS_EVENT_MALLOC, 0, UINT64_MAX, a);
	lb_event(&lb, 1, AT(30), MS_EVENT_CALLOC, 0, 7, a);
	lb_event(&lb, 1, AT(40), MS_EVENT_MALLOC, 0x1000, 100, b);
	lb_event(&lb, 1, AT(50), MS_EVENT_REALLOC_BEGIN, 0x1000, 0, 0);
	lb_event(&lb, 1, AT(60), MS_EVENT_REALLOC_END, 0, 5000, b);
	open_log(&lb);
	input = input_of();
	findings = findings_of("failed", &input);
	ck_assert_uint_eq(findings.count, 3);
	ck_assert_str_eq(findings.items[0].kind, "malloc");
	ck_assert_uint_eq(findings.items[0].count, 2);
	ck_assert_uint_eq(findings.items[0].bytes, UINT64_MAX);
	ck_assert_uint_eq(findings.items[0].points[0].stack, a);
	ck_assert_uint_eq(findings.items[0].points[0].at_ns, 10);
	ck_assert_uint_eq(evidence(&findings.items[0], "largest")->number, UINT64_MAX);
	ck_assert_str_eq(findings.items[1].kind, "calloc");
	ck_assert_str_eq(findings.items[2].kind, "realloc");
	ck_assert_uint_eq(findings.items[2].bytes, 5000);
	ms_findings_release(&findings);
	release(&r);
}
END_TEST

START_TEST(empty_blocks)
{
	struct log_builder lb;
	struct ms_check_input input;
	struct ms_findings findings;

	lb_init(&lb);
	lb_event(&lb, 1, AT(10), MS_EVENT_MALLOC, 0x1000, 0, 0);
	lb_event(&lb, 1, AT(20), MS_EVENT_MALLOC, 0x2000, 1, 0);
	lb_event(&lb, 1, AT(30), MS_EVENT_MALLOC, 0, 0, 0);
	lb_event(&lb, 1, AT(40), MS_EVENT_REALLOC_BEGIN, 0x2000, 0, 0);
	lb_event(&lb, 1, AT(50), MS_EVENT_REALLOC_FREED, 0, 0, 0);
	open_log(&lb);
	input = input_of();
	findings = findings_of("zero_size", &input);
	ck_assert_uint_eq(findings.count, 2);
	ck_assert_str_eq(findings.items[0].kind, "empty");
	ck_assert_uint_eq(findings.items[0].count, 1);
	ck_assert_int_eq(findings.items[0].severity, MS_SEVERITY_INFO);
	ck_assert_str_eq(findings.items[1].kind, "realloc");
	ck_assert_int_eq(findings.items[1].severity, MS_SEVERITY_LOW);
	ms_findings_release(&findings);
	release(&r);
}
END_TEST

START_TEST(huge_blocks)
{
	struct log_builder lb;
	struct ms_check_input input;
	struct ms_findings findings;
	uint32_t stacks[4];

	lb_init(&lb);
	for (unsigned i = 0; i < 4; i++)
		stacks[i] = lb_node(&lb, MS_MODULE_NONE, 0x401000 + i, 0);
	lb_event(&lb, 1, AT(10), MS_EVENT_MALLOC, 0x10000000, 3 << 20, stacks[0]);
	lb_event(&lb, 1, AT(20), MS_EVENT_MALLOC, 0x20000000, 2 << 20, stacks[1]);
	lb_event(&lb, 1, AT(30), MS_EVENT_MALLOC, 0x30000000, 1000, stacks[2]);
	open_log(&lb);
	input = input_of();
	findings = findings_of("huge", &input);
	ck_assert_uint_eq(findings.count, 1);
	ck_assert_str_eq(findings.items[0].kind, "share");
	ck_assert_uint_eq(findings.items[0].points[0].stack, stacks[0]);
	ck_assert(evidence(&findings.items[0], "share_of_peak")->real > 0.59);
	ms_findings_release(&findings);
	release(&r);

	lb_init(&lb);
	lb_node(&lb, MS_MODULE_NONE, 0x401000, 0);
	lb_event(&lb, 1, AT(10), MS_EVENT_MALLOC, 0x10000000, (64 << 20) - 1, 1);
	lb_event(&lb, 1, AT(20), MS_EVENT_CALLOC, 0x20000000, 64 << 20, 1);
	lb_event(&lb, 1, AT(30), MS_EVENT_NEW, 0x30000000, UINT64_C(1) << 30, 1);
	open_log(&lb);
	input = input_of();
	findings = findings_of("huge", &input);
	ck_assert_uint_eq(findings.count, 2);
	ck_assert_str_eq(findings.items[0].kind, "size");
	ck_assert_uint_eq(findings.items[0].bytes, 64 << 20);
	ck_assert_int_eq(findings.items[0].severity, MS_SEVERITY_LOW);
	ms_findings_release(&findings);
	release(&r);
}
END_TEST

/* --- modules ---------------------------------------------------------------------------
 */

static void cross_log(struct log_builder *lb)
{
	uint32_t a, b, c, in_libc, in_cxx, twice;

	lb_init(lb);
	lb_module(lb, 1, AT(0), 0x10000, 0x10000, 0x20000, NULL, 0, "/bin/app");
	lb_module(lb, 2, AT(0), 0x20000, 0x20000, 0x30000, NULL, 0, "/lib/liba.so");
	lb_module(lb, 3, AT(0), 0x30000, 0x30000, 0x40000, NULL, 0, "/lib/libc.so.6");
	lb_module(lb, 4, AT(0), 0x40000, 0x40000, 0x50000, NULL, 0,
		  "/usr/lib/libstdc++.so.6");
	a = lb_node(lb, 1, 0x100, 0);
	b = lb_node(lb, 2, 0x200, a);
	in_libc = lb_node(lb, 3, 0x300, b);
	in_cxx = lb_node(lb, 4, 0x400, a);
	twice = lb_node(lb, 3, 0x301, in_cxx);
	c = lb_node(lb, MS_MODULE_NONE, 0x500, 0);
	for (uint64_t i = 0; i < 10; i++) {
		uint64_t at = AT(1000 * i), address = 0x100000 + i * 0x1000;

		/* strdup in liba, freed by the program through the C++ library */
		lb_event(lb, 1, at + 1, MS_EVENT_MALLOC, address, 100, in_libc);
		lb_event(lb, 1, at + 2, MS_EVENT_DELETE, address, 0, twice);
		/* the other way round, once; by nobody known; by itself */
		lb_event(lb, 1, at + 3, MS_EVENT_MALLOC, address, 50, a);
		lb_event(lb, 1, at + 4, MS_EVENT_FREE, address, 0, i ? in_cxx : b);
		lb_event(lb, 1, at + 5, MS_EVENT_MALLOC, address, 30, b);
		lb_event(lb, 1, at + 6, MS_EVENT_FREE, address, 0, i % 2 ? c : 0);
	}
}

START_TEST(blocks_that_change_modules)
{
	struct log_builder lb;
	struct ms_check_input input;
	struct ms_findings findings;

	cross_log(&lb);
	open_log(&lb);
	input = input_of();
	findings = findings_of("cross_module_free", &input);
	ck_assert_uint_eq(findings.count, 2);
	ck_assert_uint_eq(findings.items[0].count, 10);
	ck_assert_uint_eq(findings.items[0].bytes, 1000);
	ck_assert_int_eq(findings.items[0].severity, MS_SEVERITY_INFO);
	ck_assert_str_eq(evidence(&findings.items[0], "allocated_by")->text,
			 "/lib/liba.so");
	ck_assert_str_eq(evidence(&findings.items[0], "freed_by")->text, "/bin/app");
	ck_assert_uint_eq(findings.items[1].count, 1);
	ck_assert_str_eq(evidence(&findings.items[1], "freed_by")->text, "/lib/liba.so");
	ms_findings_release(&findings);
	release(&r);
}
END_TEST

/* --- what a filter chooses -------------------------------------------------------------
 */

static unsigned prepared;

static ms_status prepare(void *context, const struct ms_event *event,
			 struct ms_error *err)
{
	(void)context;
	(void)event;
	(void)err;
	prepared++;
	return MS_OK;
}

static bool wants(void *context, const struct ms_block *block)
{
	return block->size == *(const uint64_t *)context;
}

START_TEST(only_what_is_chosen)
{
	uint64_t size = 100;
	const struct ms_chosen chosen = { prepare, wants, &size };
	struct log_builder lb;
	struct ms_check_input input;
	struct ms_findings findings;

	cross_log(&lb);
	lb_event(&lb, 1, AT(20000), MS_EVENT_MALLOC, 0, 100, 0);
	lb_event(&lb, 1, AT(20001), MS_EVENT_MALLOC, 0, 101, 0);
	open_log(&lb);
	input = input_of();
	input.chosen = &chosen;
	findings = findings_of("cross_module_free", &input);
	ck_assert_uint_eq(findings.count, 1);
	ck_assert_uint_eq(findings.items[0].bytes, 1000);
	ck_assert_uint_ge(prepared, 30);
	ms_findings_release(&findings);
	findings = findings_of("failed", &input);
	ck_assert_uint_eq(findings.count, 1);
	ck_assert_uint_eq(findings.items[0].bytes, 100);
	ms_findings_release(&findings);
	release(&r);
}
END_TEST

/* --- leaks -----------------------------------------------------------------------------
 */

START_TEST(lost_blocks)
{
	struct ms_leak_block blocks[] = {
		{ .block = { 0x1000, 100, 10, 1, 1, MS_EVENT_MALLOC, 0 },
		  .kind = MS_LEAK_DEFINITE,
		  .hanging_bytes = 300,
		  .hanging_blocks = 2 },
		{ .block = { 0x2000, 200, 20, 1, 1, MS_EVENT_MALLOC, 0 },
		  .kind = MS_LEAK_DEFINITE,
		  .cycle = true },
		{ .block = { 0x3000, 150, 30, 2, 1, MS_EVENT_MALLOC, 0 },
		  .kind = MS_LEAK_INDIRECT },
		{ .block = { 0x4000, 70, 40, 1, 1, MS_EVENT_NEW, 0 },
		  .kind = MS_LEAK_POSSIBLE },
		{ .block = { 0x5000, 60, 50, 1, 1, MS_EVENT_NEW, 0 },
		  .kind = MS_LEAK_REACHABLE },
	};
	const struct ms_leaks leaks = { .blocks = blocks, .count = 5, .whole = true };
	struct log_builder lb;
	struct ms_check_input input;
	struct ms_findings findings;

	lb_init(&lb);
	lb_node(&lb, MS_MODULE_NONE, 0x401000, 0);
	open_log(&lb);
	input = input_of();
	input.leaks = &leaks;
	findings = findings_of("leak", &input);
	ck_assert_uint_eq(findings.count, 2);
	ck_assert_str_eq(findings.items[0].kind, "definite");
	ck_assert_int_eq(findings.items[0].severity, MS_SEVERITY_HIGH);
	ck_assert_uint_eq(findings.items[0].count, 2);
	ck_assert_uint_eq(findings.items[0].bytes, 300);
	ck_assert_uint_eq(findings.items[0].points[0].address, 0x1000);
	ck_assert_uint_eq(evidence(&findings.items[0], "lost_with_it_bytes")->number,
			  300);
	ck_assert_uint_eq(evidence(&findings.items[0], "blocks_in_rings")->number, 1);
	ck_assert_str_eq(findings.items[1].kind, "possible");
	ck_assert_int_eq(findings.items[1].severity, MS_SEVERITY_LOW);
	ck_assert_uint_eq(findings.items[1].bytes, 70);
	ms_findings_release(&findings);
	release(&r);
}
END_TEST

/* --- memory ----------------------------------------------------------------------------
 */

START_TEST(every_failing_allocation_is_told)
{
	struct log_builder lb;
	ms_status status = MS_ENOMEM;
	struct ms_check_input input;
	unsigned long n;

	cross_log(&lb);
	lb_event(&lb, 1, AT(20000), MS_EVENT_MALLOC, 0, 100, 0);
	lb_event(&lb, 1, AT(20001), MS_EVENT_MALLOC, 0x200000, 1 << 30, 0);
	lb_event(&lb, 1, AT(20002), MS_EVENT_DELETE, 0x200000, 0, 0);
	lb_event(&lb, 1, AT(20003), MS_EVENT_FREE, 0x200000, 0, 0);
	open_log(&lb);
	input = input_of();
	for (n = 1; status != MS_OK; n++) {
		struct ms_findings findings = { 0 };

		ms_alloc_fail_at(n);
		status = ms_check(&findings, UINT64_MAX, &input, NULL);
		ms_alloc_fail_at(0);
		ck_assert(status == MS_OK || status == MS_ENOMEM);
		ms_findings_release(&findings);
	}
	ck_assert_uint_gt(n, 20);
	release(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("check");
	TCase *tcase = tcase_create("check");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, names_are_stable_words);
	tcase_add_test(tcase, nothing_is_nothing);
	tcase_add_test(tcase, what_cannot_be_looked_at_is_said);
	tcase_add_test(tcase, failed_calls);
	tcase_add_test(tcase, empty_blocks);
	tcase_add_test(tcase, huge_blocks);
	tcase_add_test(tcase, blocks_that_change_modules);
	tcase_add_test(tcase, only_what_is_chosen);
	tcase_add_test(tcase, lost_blocks);
	tcase_add_test(tcase, every_failing_allocation_is_told);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
