/* SPDX-License-Identifier: Apache-2.0 */
/*
 * units.c - reading sizes and times as people write them.
 *
 * Linked into the recorder, where it may run inside a program's first malloc: it calls
 * nothing at all, so that no locale, lock or allocation can be behind it.
 */
#include "common/units.h"

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit sizes[] = {
	{ "", 1 },	    { "B", 1 },		{ "K", 1 << 10 },
	{ "KiB", 1 << 10 }, { "M", 1 << 20 },	{ "MiB", 1 << 20 },
	{ "G", 1 << 30 },   { "GiB", 1 << 30 }, { NULL, 0 },
};

static const struct unit times[] = {
	{ "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 }, { NULL, 0 },
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool equal(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return *a == *b;
}

/* The digits at *text, which moves past them; false: there are none, or too many. */
static bool take_digits(const char **text, uint64_t *value)
{
	const char *p = *text;
	uint64_t v = 0;

	if (!is_digit(*p))
		return false;
	for (; is_digit(*p); p++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return false;
	}
	*text = p;
	*value = v;
	return true;
}

/* The part after the point, in billionths; digits beyond the ninth change nothing. */
static bool take_fraction(const char **text, uint64_t *billionths)
{
	const char *p = *text + 1;
	uint64_t weight = 100000000;

	*billionths = 0;
	if (**text != '.')
		return true;
	if (!is_digit(*p))
		return false;
	for (; is_digit(*p); p++, weight /= 10)
		*billionths += weight * (uint64_t)(*p - '0');
	*text = p;
	return true;
}

static bool parse(const char *text, const struct unit *units, uint64_t *out)
{
	uint64_t whole, billionths, value;
	bool pointed;

	*out = 0;
	if (!take_digits(&text, &whole))
		return false;
	pointed = *text == '.';
	if (!take_fraction(&text, &billionths))
		return false;
	while (units->name && !equal(units->name, text))
		units++;
	if (!units->name || (pointed && units->factor == 1))
		return false;
	/* The largest factor is 2^30, so that a billion of it fits. */
	if (__builtin_mul_overflow(whole, units->factor, &value) ||
	    __builtin_add_overflow(value, billionths * units->factor / 1000000000,
				   &value))
		return false;
	*out = value;
	return true;
}

bool ms_parse_size(const char *text, uint64_t *bytes)
{
	return parse(text, sizes, bytes);
}

bool ms_parse_time(const char *text, uint64_t *ns)
{
	return parse(text, times, ns);
}

bool ms_parse_number(const char *text, uint64_t *value)
{
	uint64_t v;

	*value = 0;
	if (!take_digits(&text, &v) || *text)
		return false;
	*value = v;
	return true;
}
