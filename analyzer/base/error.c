/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error.c - filling struct ms_error.
 *
 * The one line of an error is all that a user sees of a hostile file's names, so it is
 * escaped here, where no caller can forget it.
 */
#include "analyzer/base/error.h"
#include "analyzer/base/escape.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

ms_status ms_fail(struct ms_error *err, ms_status status, const char *format, ...)
{
	char raw[sizeof(err->text)];
	va_list args;

	if (!err)
		return status;
	va_start(args, format);
	vsnprintf(raw, sizeof(raw), format, args);
	va_end(args);
	ms_escape(err->text, sizeof(err->text), raw, strlen(raw));
	return status;
}

ms_status ms_fail_memory(struct ms_error *err)
{
	static const char text[] = "out of memory";

	if (err)
		memcpy(err->text, text, sizeof(text));
	return MS_ENOMEM;
}
