/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error.h - how a function of the analyzer fails.
 *
 * A failing function returns a status below zero and fills err once, where the cause is
 * known, in one line that names the file (and the offset, for a log).
 */
#ifndef MS_BASE_ERROR_H
#define MS_BASE_ERROR_H

#define MS_MUST_CHECK __attribute__((warn_unused_result))

typedef enum {
	MS_OK = 0,
	MS_ENOMEM = -1,
	MS_EIO = -2,	 /* a file cannot be opened, read, mapped or written */
	MS_EFORMAT = -3, /* not a memscope log, or of a major version not known here */
	MS_EUSAGE = -4,	 /* an argument that makes no sense */
	MS_ESTOP = -5,	 /* the output was closed by its reader (EPIPE) */
} ms_status;

struct ms_error {
	char text[512]; /* one line, no newline; control characters of names are escaped
			 */
};

/*
 * Format into err and return status, so that `return ms_fail(err, MS_EIO, "...")` reads
 * well.  err may be NULL.  Texts from logs and paths go through escaping: bytes below
 * 0x20, 0x7f and invalid UTF-8 become \xNN.
 */
ms_status ms_fail(struct ms_error *err, ms_status status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "out of memory", without allocating; returns MS_ENOMEM. */
ms_status ms_fail_memory(struct ms_error *err);

#endif
