/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_varint.c - the log's variable-length numbers, and the cursor over hostile bytes.
 */
#include "common/bytes.h"
#include "common/varint.h"

#include <check.h>
#include <stdlib.h>

/* The format by its definition, one bit at a time; returns the number of bytes. */
static size_t encode_slowly(uint8_t out[9], uint64_t value)
{
	unsigned n = 1;

	while (n < 9 && value >> 7 * n)
		n++;
	memset(out, 0, 9);
	if (n == 9) {
		for (unsigned i = 0; i < 8; i++)
			out[1 + i] = (uint8_t)(value >> 8 * i);
		return 9;
	}
	out[0] = (uint8_t)(1u << (n - 1));
	for (unsigned bit = 0; bit < 7 * n; bit++) {
		if (value >> bit & 1)
			out[(n + bit) / 8] |= (uint8_t)(1u << (n + bit) % 8);
	}
	return n;
}

static void check_value(uint64_t value)
{
	uint8_t slow[9], fast[MS_VARINT_MAX + 1];
	uint64_t back = ~value;
	size_t n = encode_slowly(slow, value);

	memset(fast, 0xcc, sizeof(fast));
	ck_assert_uint_eq((size_t)(ms_varint_put(fast, value) - fast), n);
	ck_assert_mem_eq(fast, slow, n);
	ck_assert_uint_eq(fast[MS_VARINT_MAX], 0xcc);
	ck_assert_ptr_eq(ms_varint_get(slow, slow + n, &back), slow + n);
	ck_assert_uint_eq(back, value);
	back = ~value;
	ck_assert_ptr_eq(ms_varint_get(slow, slow + 9, &back), slow + n);
	ck_assert_uint_eq(back, value);
	for (size_t cut = 0; cut < n; cut++) {
		uint8_t *exact =
			malloc(cut + 1); /* so that a sanitizer sees a read past it */

		memcpy(exact, slow, cut);
		ck_assert_ptr_null(ms_varint_get(exact, exact + cut, &back));
		free(exact);
	}
}

START_TEST(all_lengths_go_there_and_back)
{
	check_value(0);
	check_value(UINT64_MAX);
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t one = UINT64_C(1) << bit;

		check_value(one - 1);
		check_value(one);
		check_value(one + 1);
		check_value(one | one >> 1 | one >> 3);
		check_value(~one);
	}
	for (uint64_t x = 1, i = 0; i < 20000; i++) {
		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		check_value(x >> (i % 64));
	}
}
END_TEST

START_TEST(known_bytes)
{
	static const uint8_t five[] = { 0x0b }, thousand[] = { 0xa2, 0x0f };
	static const uint8_t most[] = { 0, 255, 255, 255, 255, 255, 255, 255, 255 };
	uint8_t out[MS_VARINT_MAX];

	ck_assert_uint_eq((size_t)(ms_varint_put(out, 5) - out), 1);
	ck_assert_mem_eq(out, five, 1);
	ck_assert_uint_eq((size_t)(ms_varint_put(out, 1000) - out), 2);
	ck_assert_mem_eq(out, thousand, 2);
	ck_assert_uint_eq((size_t)(ms_varint_put(out, UINT64_MAX) - out), 9);
	ck_assert_mem_eq(out, most, 9);
}
END_TEST

START_TEST(zigzag_folds_signs)
{
	static const int64_t values[] = { 0, -1, 1, -2, 2, INT64_MAX, INT64_MIN, 12345 };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		ck_assert_int_eq(ms_unzigzag(ms_zigzag(values[i])), values[i]);
	for (uint64_t i = 0; i < 5; i++)
		ck_assert_uint_eq(ms_zigzag(values[i]), i);
}
END_TEST

START_TEST(bytes_stay_bad)
{
	static const uint8_t data[] = { 0x0b, 1, 2, 3, 4 };
	struct ms_bytes b = ms_bytes(data, sizeof(data));

	ck_assert_uint_eq(ms_bytes_varint(&b), 5);
	ck_assert_uint_eq(ms_bytes_fixed(&b, 2), 0x201);
	ck_assert_uint_eq(ms_bytes_left(&b), 2);
	ck_assert_uint_eq(ms_bytes_fixed(&b, 4), 0);
	ck_assert(b.bad);
	ck_assert_uint_eq(ms_bytes_fixed(&b, 1), 0);
	ck_assert_uint_eq(ms_bytes_varint(&b), 0);
	ck_assert_ptr_null(ms_bytes_take(&b, 0));
	b = ms_bytes(data, sizeof(data));
	ck_assert_ptr_null(ms_bytes_take(&b, SIZE_MAX));
	ck_assert(b.bad);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("varint");
	TCase *tests = tcase_create("varint");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, all_lengths_go_there_and_back);
	tcase_add_test(tests, known_bytes);
	tcase_add_test(tests, zigzag_folds_signs);
	tcase_add_test(tests, bytes_stay_bad);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
