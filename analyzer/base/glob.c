/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glob.c - patterns of names.
 *
 * Only the last '*' is ever tried again: what the ones before it took may stay.
 */
#include "analyzer/base/glob.h"

#include <string.h>

bool ms_glob_match(const char *pattern, const char *text, size_t len)
{
	const char *star = NULL, *end = text + len, *retry = NULL;

	while (text < end) {
		if (*pattern == '*') {
			star = ++pattern;
			retry = text;
		} else if (*pattern && (*pattern == '?' || *pattern == *text)) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++retry;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}
