/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strbuf.c - text that grows.
 */
#include "analyzer/base/strbuf.h"
#include "analyzer/base/alloc.h"
#include "analyzer/base/escape.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ms_strbuf_init(struct ms_strbuf *buf)
{
	*buf = (struct ms_strbuf){ 0 };
}

void ms_strbuf_release(struct ms_strbuf *buf)
{
	ms_free(buf->text);
	ms_strbuf_init(buf);
}

void ms_strbuf_clear(struct ms_strbuf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->text)
		buf->text[0] = '\0';
}

/* Where n more bytes and a NUL may be written, or NULL. */
static char *reserve(struct ms_strbuf *buf, size_t n)
{
	size_t needed, room;
	char *grown;

	if (buf->failed)
		return NULL;
	if (__builtin_add_overflow(buf->len, n, &needed) ||
	    __builtin_add_overflow(needed, 1, &needed)) {
		buf->failed = true;
		return NULL;
	}
	if (needed > buf->room) {
		room = buf->room + buf->room / 2;
		room = room > needed ? room : needed + 24;
		grown = room < needed ? NULL : ms_realloc(buf->text, room);
		if (!grown) {
			buf->failed = true;
			return NULL;
		}
		buf->text = grown;
		buf->room = room;
	}
	return buf->text + buf->len;
}

static void advance(struct ms_strbuf *buf, size_t n)
{
	buf->len += n;
	buf->text[buf->len] = '\0';
}

void ms_strbuf_add(struct ms_strbuf *buf, const char *text, size_t len)
{
	char *p = reserve(buf, len);

	if (!p)
		return;
	memcpy(p, text, len);
	advance(buf, len);
}

void ms_strbuf_adds(struct ms_strbuf *buf, const char *text)
{
	ms_strbuf_add(buf, text, strlen(text));
}

void ms_strbuf_addc(struct ms_strbuf *buf, char c)
{
	ms_strbuf_add(buf, &c, 1);
}

void ms_strbuf_pad(struct ms_strbuf *buf, char c, size_t n)
{
	char *p = reserve(buf, n);

	if (!p)
		return;
	memset(p, c, n);
	advance(buf, n);
}

void ms_strbuf_appendf(struct ms_strbuf *buf, const char *format, ...)
{
	va_list args, again;
	int n;
	char *p;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	p = n < 0 ? NULL : reserve(buf, (size_t)n);
	if (n < 0)
		buf->failed = true;
	if (p) {
		vsnprintf(p, (size_t)n + 1, format, again);
		advance(buf, (size_t)n);
	}
	va_end(again);
	va_end(args);
}

void ms_strbuf_escape(struct ms_strbuf *buf, const char *text, size_t len)
{
	size_t n = ms_escape(NULL, 0, text, len);
	char *p = reserve(buf, n);

	if (!p)
		return;
	ms_escape(p, n + 1, text, len);
	advance(buf, n);
}

void ms_strbuf_truncate(struct ms_strbuf *buf, size_t len)
{
	if (len >= buf->len)
		return;
	buf->len = len;
	buf->text[len] = '\0';
}

const char *ms_strbuf_text(const struct ms_strbuf *buf)
{
	return buf->text ? buf->text : "";
}

char *ms_strbuf_take(struct ms_strbuf *buf)
{
	char *text = NULL;

	if (!buf->failed && reserve(buf, 0)) {
		advance(buf, 0);
		text = buf->text;
		buf->text = NULL;
	}
	ms_strbuf_release(buf);
	return text;
}
