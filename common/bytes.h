/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes.h - a bounds-checked cursor over hostile bytes.
 *
 * A read past the end yields zero, sets bad and stays bad, so a parser checks once after
 * a group of reads.
 */
#ifndef MS_BYTES_H
#define MS_BYTES_H

#include "common/varint.h"

#include <stdbool.h>

struct ms_bytes {
	const uint8_t *p;
	const uint8_t *end;
	bool bad;
};

static inline struct ms_bytes ms_bytes(const void *data, size_t len_bytes)
{
	const uint8_t *p = data;

	return (struct ms_bytes){ p, p + len_bytes, false };
}

static inline size_t ms_bytes_left(const struct ms_bytes *b)
{
	return (size_t)(b->end - b->p);
}

/* The next n bytes, or NULL (and bad) when there are fewer. */
static inline const uint8_t *ms_bytes_take(struct ms_bytes *b, size_t n)
{
	const uint8_t *p = b->p;

	if (b->bad || ms_bytes_left(b) < n) {
		b->bad = true;
		return NULL;
	}
	b->p += n;
	return p;
}

static inline uint64_t ms_bytes_varint(struct ms_bytes *b)
{
	uint64_t value = 0;
	const uint8_t *next = b->bad ? NULL : ms_varint_get(b->p, b->end, &value);

	if (!next) {
		b->bad = true;
		return 0;
	}
	b->p = next;
	return value;
}

/* n little-endian bytes, n <= 8. */
static inline uint64_t ms_bytes_fixed(struct ms_bytes *b, unsigned n)
{
	uint64_t value = 0;
	const uint8_t *p = ms_bytes_take(b, n);

	if (p)
		memcpy(&value, p, n);
	return value;
}

#endif
