/* SPDX-License-Identifier: Apache-2.0 */
/*
 * escape.h - hostile text made safe for a terminal, a report or a log file.
 *
 * Printable UTF-8 stays as it is, backslashes too (paths and names stay readable, so the
 * result cannot be turned back).  Bytes below 0x20, 0x7f and bytes that are no UTF-8
 * become \xNN; C1 controls, line separators, bidirectional controls and other invisible
 * marks that change what a reader sees become \u{...}.
 */
#ifndef MS_BASE_ESCAPE_H
#define MS_BASE_ESCAPE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Write the escaped form of len bytes at text into out, at most room bytes with the
 * terminating NUL, cut between characters and never inside an escape.  Returns the length
 * that the whole would have, like snprintf.  out may be NULL when room is 0.
 */
size_t ms_escape(char *out, size_t room, const char *text, size_t len);

/*
 * One character of [text, text + len), len > 0: the bytes it takes (1 for a byte that is
 * no UTF-8, with *code then UINT32_MAX).  Overlong forms, surrogates and codes above
 * U+10FFFF are no UTF-8.
 */
size_t ms_utf8_next(const char *text, size_t len, uint32_t *code);

/* Columns that an escaped text takes on a terminal, counting one for a character. */
size_t ms_utf8_columns(const char *text, size_t len);

#endif
