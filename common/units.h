/* SPDX-License-Identifier: Apache-2.0 */
/*
 * units.h - sizes and times as people write them.
 *
 * units.c (parsing) is linked into the preload: it calls nothing that allocates, locks or
 * depends on the locale.  human.c (printing) is the analyzer's.
 */
#ifndef MS_UNITS_H
#define MS_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "4096", "64B", "1.5KiB", "2M", "1GiB" (K = KiB, M = MiB, G = GiB); false: not a size,
 * or too large. */
bool ms_parse_size(const char *text, uint64_t *bytes);
/* "12.5s", "830ms", "10us", "5ns" (a unit is needed); false: not a time, or too large. */
bool ms_parse_time(const char *text, uint64_t *ns);
/* A decimal number with nothing after it. */
bool ms_parse_number(const char *text, uint64_t *value);

/* Room for any text of the functions below. */
#define MS_HUMAN_BYTES 32

/* "0 B", "512 B", "1.5 KiB", "23.4 MiB"; three or four significant digits.  Returns
 * buffer. */
const char *ms_human_size(char buffer[MS_HUMAN_BYTES], uint64_t bytes);
/* "0 ns", "12.3 us", "830 ms", "12.5 s", "3 min 20 s", "2 h 5 min". */
const char *ms_human_time(char buffer[MS_HUMAN_BYTES], uint64_t ns);
/* "1,234,567". */
const char *ms_human_count(char buffer[MS_HUMAN_BYTES], uint64_t count);

#endif
