/* SPDX-License-Identifier: Apache-2.0 */
/*
 * taken_text.h - what a report wrote, kept in memory for a test to look at.
 */
#ifndef MS_TEST_TAKEN_TEXT_H
#define MS_TEST_TAKEN_TEXT_H

#include <check.h>
#include <string.h>

static char text[1 << 22]; /* terminated */
static size_t text_len;	   /* 0 begins anew */

/* A memscope_output's write. */
static inline int take(void *context, const char *data, size_t bytes)
{
	(void)context;
	ck_assert_uint_lt(text_len + bytes, sizeof(text));
	memcpy(text + text_len, data, bytes);
	text_len += bytes;
	text[text_len] = 0;
	return 0;
}

#endif
