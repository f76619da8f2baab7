/* SPDX-License-Identifier: Apache-2.0 */
/*
 * escape.c - hostile text made safe for a terminal.
 *
 * Function names, paths and notes come from files that anybody may have made; none of
 * their bytes may move a cursor, hide or reorder what a report says.
 */
#include "analyzer/base/escape.h"

#include <stdbool.h>
#include <string.h>

struct code_range {
	uint32_t first, last;
};

/* Characters that are valid but must not reach a terminal as they are. */
static const struct code_range unseen[] = {
	{ 0x80, 0x9f },	    /* C1 controls */
	{ 0xad, 0xad },	    /* soft hyphen */
	{ 0x61c, 0x61c },   /* bidirectional: Arabic letter mark */
	{ 0x200b, 0x200b }, /* zero width space */
	{ 0x200e, 0x200f }, /* bidirectional marks */
	{ 0x2028, 0x202e }, /* line separators, bidirectional embeddings and overrides */
	{ 0x2060, 0x206f }, /* invisible operators, bidirectional isolates */
	{ 0xfeff, 0xfeff }, /* byte order mark */
	{ 0xfff9, 0xfffb }, /* interlinear annotation */
	{ 0xe0000, 0xe007f }, /* tags */
};

size_t ms_utf8_next(const char *text, size_t len, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint8_t first = (uint8_t)text[0];
	unsigned n = first < 0x80		      ? 1
		     : first >= 0xc2 && first <= 0xdf ? 2
		     : first >= 0xe0 && first <= 0xef ? 3
		     : first >= 0xf0 && first <= 0xf4 ? 4
						      : 0;
	uint32_t c = n > 1 ? first & (0xffu >> (n + 1)) : first;

	*code = UINT32_MAX;
	if (n == 0 || len < n)
		return 1;
	for (unsigned i = 1; i < n; i++) {
		if (((uint8_t)text[i] & 0xc0) != 0x80)
			return 1;
		c = c << 6 | ((uint8_t)text[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 1;
	*code = c;
	return n;
}

static bool is_unseen(uint32_t code)
{
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++) {
		if (code >= unseen[i].first && code <= unseen[i].last)
			return true;
	}
	return false;
}

/* The escaped form of one character of n bytes into unit; returns its length. */
static size_t escape_one(char unit[16], const char *text, size_t n, uint32_t code)
{
	static const char hex[] = "0123456789abcdef";
	size_t len = 0;
	int shift = 20;

	if (code == UINT32_MAX || code < 0x20 || code == 0x7f) {
		unit[len++] = '\\';
		unit[len++] = 'x';
		unit[len++] = hex[(uint8_t)text[0] >> 4];
		unit[len++] = hex[(uint8_t)text[0] & 15];
		return len;
	}
	if (code < 0x80 || !is_unseen(code)) {
		memcpy(unit, text, n);
		return n;
	}
	memcpy(unit, "\\u{", 3);
	len = 3;
	while (!(code >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		unit[len++] = hex[(code >> shift) & 15];
	unit[len++] = '}';
	return len;
}

size_t ms_escape(char *out, size_t room, const char *text, size_t len)
{
	size_t whole = 0, written = 0, n;
	bool full = false;
	char unit[16];
	uint32_t code;

	for (size_t i = 0; i < len; i += n) {
		size_t unit_len;

		n = ms_utf8_next(text + i, len - i, &code);
		unit_len = escape_one(unit, text + i, n, code);
		full = full || whole + unit_len + 1 > room;
		if (!full) {
			memcpy(out + whole, unit, unit_len);
			written = whole + unit_len;
		}
		whole += unit_len;
	}
	if (room)
		out[written] = '\0';
	return whole;
}

size_t ms_utf8_columns(const char *text, size_t len)
{
	size_t columns = 0;
	uint32_t code;

	for (size_t i = 0; i < len; columns++)
		i += ms_utf8_next(text + i, len - i, &code);
	return columns;
}
