/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writer.c - where printed bytes go: a buffer in front of the caller's write function.
 */
#include "analyzer/render/render.h"
#include "analyzer/base/escape.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ms_writer_init(struct ms_writer *writer,
		    int (*write)(void *context, const char *data, size_t bytes),
		    void *context, const struct ms_look *look)
{
	writer->write = write;
	writer->context = context;
	writer->look = look ? *look : (struct ms_look){ 0 };
	writer->failure = 0;
	writer->used = 0;
}

static void flush(struct ms_writer *writer)
{
	if (writer->used && !writer->failure)
		writer->failure =
			writer->write(writer->context, writer->buffer, writer->used);
	writer->used = 0;
}

void ms_write(struct ms_writer *writer, const char *data, size_t bytes)
{
	while (bytes) {
		size_t room = sizeof(writer->buffer) - writer->used;
		size_t n = bytes < room ? bytes : room;

		memcpy(writer->buffer + writer->used, data, n);
		writer->used += n;
		data += n;
		bytes -= n;
		if (writer->used == sizeof(writer->buffer))
			flush(writer);
	}
}

void ms_write_text(struct ms_writer *writer, const char *text)
{
	ms_write(writer, text, strlen(text));
}

void ms_writef(struct ms_writer *writer, const char *format, ...)
{
	char line[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (n < 0)
		writer->failure = errno ? errno : EIO;
	else
		ms_write(writer, line,
			 (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

void ms_write_pad(struct ms_writer *writer, char c, size_t n)
{
	while (n--)
		ms_write(writer, &c, 1);
}

/* One character, escaped, into out; returns its bytes, *columns what it takes. */
static size_t escape_one(char out[32], const char *text, size_t len, size_t *step)
{
	uint32_t code;

	*step = ms_utf8_next(text, len, &code);
	return ms_escape(out, 32, text, *step);
}

static size_t escaped_columns(const char *text, size_t len)
{
	size_t columns = 0, step;
	char out[32];

	for (size_t i = 0; i < len; i += step) {
		size_t n = escape_one(out, text + i, len - i, &step);

		columns += ms_utf8_columns(out, n);
	}
	return columns;
}

size_t ms_write_escaped(struct ms_writer *writer, const char *text, size_t columns)
{
	static const char cut[] = "...";
	size_t len = strlen(text), taken = 0, step;
	bool cuts = columns && escaped_columns(text, len) > columns;
	size_t room = cuts ? (columns > 3 ? columns - 3 : 0) : SIZE_MAX;
	char out[32];

	for (size_t i = 0; i < len; i += step) {
		size_t n = escape_one(out, text + i, len - i, &step);
		size_t wide = ms_utf8_columns(out, n);

		if (wide > room - taken)
			break;
		ms_write(writer, out, n);
		taken += wide;
	}
	if (cuts) {
		size_t dots = columns < 3 ? columns : 3;

		ms_write(writer, cut, dots);
		taken += dots;
	}
	return taken;
}

static void sequence(struct ms_writer *writer, const char *code)
{
	if (writer->look.colour)
		ms_write_text(writer, code);
}

void ms_write_bold(struct ms_writer *writer)
{
	sequence(writer, "\x1b[1m");
}

void ms_write_dim(struct ms_writer *writer)
{
	sequence(writer, "\x1b[2m");
}

void ms_write_plain(struct ms_writer *writer)
{
	sequence(writer, "\x1b[0m");
}

ms_status ms_writer_finish(struct ms_writer *writer, struct ms_error *err)
{
	flush(writer);
	if (writer->failure == EPIPE)
		return ms_fail(err, MS_ESTOP, "the output was closed by its reader");
	if (writer->failure)
		return ms_fail(err, MS_EIO, "cannot write the output: %s",
			       strerror(writer->failure));
	return MS_OK;
}
