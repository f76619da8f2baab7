/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strbuf.h - text that grows.
 *
 * Running out of memory is remembered: appending then does nothing, and the caller checks
 * once, at the end.
 */
#ifndef MS_BASE_STRBUF_H
#define MS_BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

struct ms_strbuf {
	char *text; /* NUL-terminated; NULL while nothing was appended */
	size_t len;
	size_t room;
	bool failed; /* an allocation failed; text holds what came before */
};

void ms_strbuf_init(struct ms_strbuf *buf);
void ms_strbuf_release(struct ms_strbuf *buf);
/* Empty it and keep its memory; forgets a failure. */
void ms_strbuf_clear(struct ms_strbuf *buf);

void ms_strbuf_add(struct ms_strbuf *buf, const char *text, size_t len);
void ms_strbuf_adds(struct ms_strbuf *buf, const char *text);
void ms_strbuf_addc(struct ms_strbuf *buf, char c);
/* n times c. */
void ms_strbuf_pad(struct ms_strbuf *buf, char c, size_t n);
void ms_strbuf_appendf(struct ms_strbuf *buf, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The text as ms_escape() makes it. */
void ms_strbuf_escape(struct ms_strbuf *buf, const char *text, size_t len);
/* Cut it to len bytes; longer than it is: nothing. */
void ms_strbuf_truncate(struct ms_strbuf *buf, size_t len);

/* What was appended, never NULL: "" when nothing was. */
const char *ms_strbuf_text(const struct ms_strbuf *buf);
/* Hand the text to the caller (ms_free) and leave buf empty; NULL when it failed. */
char *ms_strbuf_take(struct ms_strbuf *buf);

#endif
