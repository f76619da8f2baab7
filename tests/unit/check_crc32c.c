/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_crc32c.c - the checksum against RFC 3720, and its two ways against each other.
 *
 * The source is included, so that the table is tested where the processor has the
 * instruction, too.
 */
#include "common/crc32c.c"

#include <check.h>
#include <stdlib.h>

/* Bit by bit, as the polynomial defines it. */
static uint32_t slow_crc(uint32_t crc, const uint8_t *p, size_t n)
{
	crc = ~crc;
	while (n--) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

static uint32_t table_crc(uint32_t crc, const void *data, size_t n)
{
	return ~by_table(~crc, data, n);
}

typedef uint32_t crc_fn(uint32_t crc, const void *data, size_t n);
static crc_fn *const ways[] = { ms_crc32c, table_crc };

/* RFC 3720, appendix B.4. */
START_TEST(rfc_3720)
{
	static const uint8_t read_10[48] = {
		0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0,    0, 0, 0,	0, 0, 0, 0,
		0x14, 0,    0, 0, 0, 0, 4, 0, 0,    0, 0, 0x14, 0, 0, 0, 0x18,
		0x28, 0,    0, 0, 0, 0, 0, 0, 0x02, 0, 0, 0,	0, 0, 0, 0,
	};
	uint8_t zeros[32] = { 0 }, ones[32], up[32], down[32];

	memset(ones, 0xff, 32);
	for (uint8_t i = 0; i < 32; i++) {
		up[i] = i;
		down[i] = 31 - i;
	}
	for (size_t i = 0; i < 2; i++) {
		ck_assert_uint_eq(ways[i](0, zeros, 32), 0x8a9136aa);
		ck_assert_uint_eq(ways[i](0, ones, 32), 0x62a8ab43);
		ck_assert_uint_eq(ways[i](0, up, 32), 0x46dd794e);
		ck_assert_uint_eq(ways[i](0, down, 32), 0x113fdb5c);
		ck_assert_uint_eq(ways[i](0, read_10, 48), 0xd9963a56);
		ck_assert_uint_eq(ways[i](0, "123456789", 9), 0xe3069283);
		ck_assert_uint_eq(ways[i](0, "", 0), 0);
	}
}
END_TEST

START_TEST(the_table_is_the_polynomial)
{
	for (uint32_t i = 0; i < 16; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 4; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
		ck_assert_uint_eq(nibble[i], crc);
	}
}
END_TEST

#ifdef __x86_64__
START_TEST(streams_equal_the_table)
{
	const size_t most = 7 * STREAM_BYTES + 100;
	uint8_t *data = malloc(most);
	uint32_t x = 1, shift = 1u << 31;

	for (size_t i = 0; i < most; i++)
		data[i] = (uint8_t)((x = x * 1103515245 + 12345) >> 16);
	for (size_t n = 3 * STREAM_BYTES - 9; n <= most; n += 1021)
		ck_assert_uint_eq(ms_crc32c((uint32_t)n, data, n),
				  table_crc((uint32_t)n, data, n));
	for (size_t i = 0; i < 8 * STREAM_BYTES; i++)
		shift = shift >> 1 ^ (shift & 1 ? 0x82f63b78u : 0);
	ck_assert_uint_eq(shift, STREAM_SHIFT);
	free(data);
}
END_TEST
#endif

START_TEST(pieces_equal_the_whole)
{
	uint8_t data[257];
	uint32_t whole, x = 1;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)((x = x * 1103515245 + 12345) >> 16);
	whole = slow_crc(0, data, sizeof(data));
	for (size_t cut = 0; cut <= sizeof(data); cut++) {
		for (size_t i = 0; i < 2; i++) {
			uint32_t crc = ways[i](0, data, cut);

			ck_assert_uint_eq(crc, slow_crc(0, data, cut));
			ck_assert_uint_eq(ways[i](crc, data + cut, sizeof(data) - cut),
					  whole);
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("crc32c");
	TCase *tests = tcase_create("crc32c");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, rfc_3720);
	tcase_add_test(tests, the_table_is_the_polynomial);
#ifdef __x86_64__
	tcase_add_test(tests, streams_equal_the_table);
#endif
	tcase_add_test(tests, pieces_equal_the_whole);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
