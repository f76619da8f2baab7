/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_units.c - reading sizes, times and numbers.
 */
#include "common/units.h"

#include <check.h>

#define REFUSED UINT64_MAX

struct row {
	const char *text;
	uint64_t size, time, number;
};

static const struct row rows[] = {
	{ "0", 0, REFUSED, 0 },
	{ "4096", 4096, REFUSED, 4096 },
	{ "64B", 64, REFUSED, REFUSED },
	{ "1K", 1024, REFUSED, REFUSED },
	{ "1KiB", 1024, REFUSED, REFUSED },
	{ "1.5KiB", 1536, REFUSED, REFUSED },
	{ "2M", 2 << 20, REFUSED, REFUSED },
	{ "2MiB", 2 << 20, REFUSED, REFUSED },
	{ "1G", 1 << 30, REFUSED, REFUSED },
	{ "0.25GiB", 1 << 28, REFUSED, REFUSED },
	{ "12.5s", REFUSED, 12500000000, REFUSED },
	{ "830ms", REFUSED, 830000000, REFUSED },
	{ "10us", REFUSED, 10000, REFUSED },
	{ "5ns", REFUSED, 5, REFUSED },
	{ "0.0000000019s", REFUSED, 1, REFUSED },
	{ "0s", REFUSED, 0, REFUSED },
	{ "0.000000001s", REFUSED, 1, REFUSED },
	{ "18446744073709551614", UINT64_MAX - 1, REFUSED, UINT64_MAX - 1 },
	{ "17179869183.999999999G", UINT64_MAX - 1, REFUSED, REFUSED },
	{ "17179869184G", REFUSED, REFUSED, REFUSED },
	{ "18446744073709551616", REFUSED, REFUSED, REFUSED },
	{ "99999999999999999999999999K", REFUSED, REFUSED, REFUSED },
	{ "18446744074s", REFUSED, REFUSED, REFUSED },
	{ "", REFUSED, REFUSED, REFUSED },
	{ " 1", REFUSED, REFUSED, REFUSED },
	{ "1 ", REFUSED, REFUSED, REFUSED },
	{ "+1", REFUSED, REFUSED, REFUSED },
	{ "-1", REFUSED, REFUSED, REFUSED },
	{ "0x10", REFUSED, REFUSED, REFUSED },
	{ "1.5", REFUSED, REFUSED, REFUSED },
	{ "1.5B", REFUSED, REFUSED, REFUSED },
	{ "1.5ns", REFUSED, REFUSED, REFUSED },
	{ "1.KiB", REFUSED, REFUSED, REFUSED },
	{ ".5KiB", REFUSED, REFUSED, REFUSED },
	{ "1..5KiB", REFUSED, REFUSED, REFUSED },
	{ "1,5KiB", REFUSED, REFUSED, REFUSED },
	{ "1kib", REFUSED, REFUSED, REFUSED },
	{ "1KB", REFUSED, REFUSED, REFUSED },
	{ "1KiBs", REFUSED, REFUSED, REFUSED },
	{ "KiB", REFUSED, REFUSED, REFUSED },
	{ "1m", REFUSED, REFUSED, REFUSED },
	{ "1S", REFUSED, REFUSED, REFUSED },
};

static void check_one(const char *what, const char *text, uint64_t want, bool ok,
		      uint64_t got)
{
	ck_assert_msg(ok == (want != REFUSED), "%s '%s' %s", what, text,
		      ok ? "was taken" : "was refused");
	ck_assert_msg(got == (ok ? want : 0), "%s '%s' is %llu", what, text,
		      (unsigned long long)got);
}

START_TEST(rows_are_read)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		uint64_t size = 1, time = 1, number = 1;
		bool size_ok = ms_parse_size(r->text, &size);
		bool time_ok = ms_parse_time(r->text, &time);
		bool number_ok = ms_parse_number(r->text, &number);

		check_one("size", r->text, r->size, size_ok, size);
		check_one("time", r->text, r->time, time_ok, time);
		check_one("number", r->text, r->number, number_ok, number);
	}
}
END_TEST

START_TEST(the_largest_is_read)
{
	uint64_t value;

	ck_assert(ms_parse_size("18446744073709551615", &value));
	ck_assert_uint_eq(value, UINT64_MAX);
	ck_assert(ms_parse_time("18446744073.709551615s", &value));
	ck_assert_uint_eq(value, UINT64_MAX);
	ck_assert(!ms_parse_time("18446744073.709551616s", &value));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("units");
	TCase *tests = tcase_create("units");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, rows_are_read);
	tcase_add_test(tests, the_largest_is_read);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
