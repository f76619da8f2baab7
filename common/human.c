/* SPDX-License-Identifier: Apache-2.0 */
/*
 * human.c - sizes, times and counts as people like to read them.
 *
 * In whole numbers throughout: a decimal point must not become a comma with the locale.
 */
#include "common/units.h"

#include <inttypes.h>
#include <stdio.h>

#define NS_PER_S UINT64_C(1000000000)

/*
 * value / unit with three digits (four from 1000 to 1023), rounded, zeros after the point
 * dropped; false when it rounds up to limit units and the next unit should be tried.
 */
static bool print_scaled(char *buffer, uint64_t value, uint64_t unit, unsigned limit,
			 const char *name)
{
	unsigned decimals = value / unit < 10 ? 2 : value / unit < 100 ? 1 : 0;
	unsigned power = decimals == 2 ? 100 : decimals == 1 ? 10 : 1;
	unsigned __int128 scaled = ((unsigned __int128)value * power + unit / 2) / unit;
	uint64_t whole = (uint64_t)(scaled / power);
	unsigned rest = (unsigned)(scaled % power);

	if (whole >= limit)
		return false;
	for (; decimals && rest % 10 == 0; decimals--)
		rest /= 10;
	if (decimals)
		snprintf(buffer, MS_HUMAN_BYTES, "%u.%0*u %s", (unsigned)whole,
			 (int)decimals, rest, name);
	else
		snprintf(buffer, MS_HUMAN_BYTES, "%u %s", (unsigned)whole, name);
	return true;
}

const char *ms_human_size(char buffer[MS_HUMAN_BYTES], uint64_t bytes)
{
	static const char *const names[] = {
		"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"
	};
	unsigned i = 0;

	while (!print_scaled(buffer, bytes, UINT64_C(1) << (10 * i), 1024, names[i]))
		i++;
	return buffer;
}

const char *ms_human_time(char buffer[MS_HUMAN_BYTES], uint64_t ns)
{
	uint64_t s = ns / NS_PER_S + (ns % NS_PER_S >= NS_PER_S / 2);
	uint64_t large = s < 3600 ? s / 60 : (s + 30) / 3600;
	uint64_t small = s < 3600 ? s % 60 : (s + 30) / 60 % 60;

	if (print_scaled(buffer, ns, 1, 1000, "ns") ||
	    print_scaled(buffer, ns, 1000, 1000, "us") ||
	    print_scaled(buffer, ns, 1000000, 1000, "ms") ||
	    print_scaled(buffer, ns, NS_PER_S, 60, "s"))
		return buffer;
	if (small)
		snprintf(buffer, MS_HUMAN_BYTES, "%" PRIu64 " %s %" PRIu64 " %s", large,
			 s < 3600 ? "min" : "h", small, s < 3600 ? "s" : "min");
	else
		snprintf(buffer, MS_HUMAN_BYTES, "%" PRIu64 " %s", large,
			 s < 3600 ? "min" : "h");
	return buffer;
}

const char *ms_human_count(char buffer[MS_HUMAN_BYTES], uint64_t count)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, count);
	char *out = buffer;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = '\0';
	return buffer;
}
