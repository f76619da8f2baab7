/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_human.c - printing sizes, times and counts.
 */
#include "common/units.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct row {
	uint64_t value;
	const char *text;
};

static const struct row sizes[] = {
	{ 0, "0 B" },
	{ 1, "1 B" },
	{ 512, "512 B" },
	{ 1023, "1023 B" },
	{ 1024, "1 KiB" },
	{ 1025, "1 KiB" },
	{ 1536, "1.5 KiB" },
	{ 1546, "1.51 KiB" },
	{ 10 * 1024 - 1, "10 KiB" },
	{ 12345, "12.1 KiB" },
	{ 1000 * 1024, "1000 KiB" },
	{ 1024 * 1024 - 513, "1023 KiB" },
	{ 1024 * 1024 - 512, "1 MiB" },
	{ 24536000, "23.4 MiB" },
	{ UINT64_C(5) << 40, "5 TiB" },
	{ UINT64_MAX, "16 EiB" },
};

static const struct row times[] = {
	{ 0, "0 ns" },
	{ 999, "999 ns" },
	{ 1000, "1 us" },
	{ 12345, "12.3 us" },
	{ 999499, "999 us" },
	{ 999500, "1 ms" },
	{ 830000000, "830 ms" },
	{ 12500000000, "12.5 s" },
	{ 59949999999, "59.9 s" },
	{ 59950000000, "1 min" },
	{ 200000000000, "3 min 20 s" },
	{ 3599400000000, "59 min 59 s" },
	{ 3599500000000, "1 h" },
	{ 7500000000000, "2 h 5 min" },
	{ UINT64_MAX, "5124095 h 35 min" },
};

static const struct row counts[] = {
	{ 0, "0" },
	{ 999, "999" },
	{ 1000, "1,000" },
	{ 123456, "123,456" },
	{ 1234567, "1,234,567" },
	{ UINT64_MAX, "18,446,744,073,709,551,615" },
};

static void check_rows(const struct row *rows, size_t count,
		       const char *(*print)(char *buffer, uint64_t value))
{
	char buffer[MS_HUMAN_BYTES];

	for (size_t i = 0; i < count; i++) {
		ck_assert_str_eq(print(buffer, rows[i].value), rows[i].text);
		ck_assert_ptr_eq(print(buffer, rows[i].value), buffer);
	}
}

#define CHECK_ROWS(rows, print) check_rows(rows, sizeof(rows) / sizeof((rows)[0]), print)

START_TEST(rows_are_printed)
{
	CHECK_ROWS(sizes, ms_human_size);
	CHECK_ROWS(times, ms_human_time);
	CHECK_ROWS(counts, ms_human_count);
}
END_TEST

/* What is printed is what was meant, within its three digits. */
START_TEST(sizes_are_near)
{
	static const char *const units[] = {
		"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"
	};
	char buffer[MS_HUMAN_BYTES], *end;

	for (uint64_t x = 1, i = 0; i < 100000; i++) {
		uint64_t value;
		double shown, unit = 1;
		size_t u = 0;

		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		value = x >> i % 64;
		shown = strtod(ms_human_size(buffer, value), &end);
		while (strcmp(end + 1, units[u]) != 0) {
			unit *= 1024;
			ck_assert_uint_lt(++u, 7);
		}
		ck_assert_double_lt(shown, 1024);
		ck_assert_double_le(shown * unit, (double)value * 1.006);
		ck_assert_double_ge(shown * unit, (double)value * 0.994);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("human");
	TCase *tests = tcase_create("human");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, rows_are_printed);
	tcase_add_test(tests, sizes_are_near);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
