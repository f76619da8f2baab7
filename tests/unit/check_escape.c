/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_escape.c - no byte of a hostile text reaches a terminal raw.
 */
#include "analyzer/base/escape.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct row {
	const char *text, *escaped;
};

static const struct row rows[] = {
	{ "", "" },
	{ "plain text, 100% ~", "plain text, 100% ~" },
	{ "back\\slash", "back\\slash" },
	{ "Grüße, Ελλάδα, 日本, 😀", "Grüße, Ελλάδα, 日本, 😀" },
	{ "\a\t\n\r\033[31m\x7f", "\\x07\\x09\\x0a\\x0d\\x1b[31m\\x7f" },
	{ "\xc2\x9b"
	  "31m",
	  "\\u{9b}31m" }, /* C1: an escape sequence in one character */
	{ "\xc2\x80\xc2\x9f\xc2\xa0", "\\u{80}\\u{9f}\xc2\xa0" },
	{ "a\xe2\x80\xae"
	  "b",
	  "a\\u{202e}b" },
	{ "\xe2\x81\xa6\xe2\x81\xa9", "\\u{2066}\\u{2069}" },
	{ "\xe2\x80\xa8\xe2\x80\xa9", "\\u{2028}\\u{2029}" },
	{ "\xe2\x80\x8b\xef\xbb\xbf\xd8\x9c", "\\u{200b}\\u{feff}\\u{61c}" },
	{ "\xf3\xa0\x81\xa1", "\\u{e0061}" },
	{ "\x80\xbf\xc0\x80\xff\xfe", "\\x80\\xbf\\xc0\\x80\\xff\\xfe" },
	{ "\xc3", "\\xc3" },
	{ "\xe2\x82", "\\xe2\\x82" },
	{ "\xc3(", "\\xc3(" },
	{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },		/* overlong */
	{ "\xf0\x82\x82\xac", "\\xf0\\x82\\x82\\xac" }, /* overlong */
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },		/* a surrogate */
	{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, /* above U+10FFFF */
	{ "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },	/* U+10FFFF */
	{ "\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80" },
};

START_TEST(rows_are_escaped)
{
	char out[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n =
			ms_escape(out, sizeof(out), rows[i].text, strlen(rows[i].text));

		ck_assert_str_eq(out, rows[i].escaped);
		ck_assert_uint_eq(n, strlen(rows[i].escaped));
		ck_assert_uint_eq(ms_escape(NULL, 0, rows[i].text, strlen(rows[i].text)),
				  n);
	}
}
END_TEST

START_TEST(nul_is_escaped)
{
	char out[16];

	ck_assert_uint_eq(ms_escape(out, sizeof(out), "a\0b", 3), 6);
	ck_assert_str_eq(out, "a\\x00b");
}
END_TEST

START_TEST(cuts_are_between_characters)
{
	static const char text[] = "a\n日\xc2\x85z";
	static const char *const cut[] = { "",	     "a",      "a",	 "a",	    "a",
					   "a\\x0a", "a\\x0a", "a\\x0a", "a\\x0a日" };
	char out[32];

	for (size_t room = 1; room <= 9; room++) {
		memset(out, 'X', sizeof(out));
		ck_assert_uint_eq(ms_escape(out, room, text, sizeof(text) - 1), 15);
		ck_assert_str_eq(out, cut[room - 1]);
		ck_assert_int_eq(out[room], 'X');
	}
}
END_TEST

/* Whatever the bytes are, what comes out is printable and escaping it again changes
 * nothing. */
START_TEST(random_bytes_come_out_printable)
{
	char text[64], out[1024], again[1024];

	for (uint64_t x = 1, round = 0; round < 20000; round++) {
		size_t len = round % sizeof(text), n;

		for (size_t i = 0; i < len; i++) {
			x = x * 6364136223846793005ULL + 1442695040888963407ULL;
			text[i] = (char)(x >> 56);
			if (x >> 40 & 1) /* more of what looks like UTF-8 */
				text[i] =
					(char)((x >> 56 & 0x3f) | (i % 2 ? 0x80 : 0xc0));
		}
		n = ms_escape(out, sizeof(out), text, len);
		ck_assert_uint_eq(n, strlen(out));
		for (size_t i = 0; i < n; i++)
			ck_assert((uint8_t)out[i] >= 0x20 && out[i] != 0x7f);
		ck_assert_uint_eq(ms_escape(again, sizeof(again), out, n), n);
		ck_assert_str_eq(out, again);
	}
}
END_TEST

START_TEST(columns_are_characters)
{
	ck_assert_uint_eq(ms_utf8_columns("", 0), 0);
	ck_assert_uint_eq(ms_utf8_columns("abc", 3), 3);
	ck_assert_uint_eq(ms_utf8_columns("Grüße", strlen("Grüße")), 5);
	ck_assert_uint_eq(ms_utf8_columns("\xe2\x82", 2), 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("escape");
	TCase *tests = tcase_create("escape");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, rows_are_escaped);
	tcase_add_test(tests, nul_is_escaped);
	tcase_add_test(tests, cuts_are_between_characters);
	tcase_add_test(tests, random_bytes_come_out_printable);
	tcase_add_test(tests, columns_are_characters);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
