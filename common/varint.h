/* SPDX-License-Identifier: Apache-2.0 */
/*
 * varint.h - prefix varints: the number of trailing zero bits of the first byte says
 * how many bytes follow.
 *
 * n bytes hold 7n bits (n <= 8); a first byte of zero is followed by all 64 bits.
 * Both directions are free of loops, which matters in a hook.  The same prefix form as
 * in UTF-8, turned to little-endian.
 */
#ifndef MS_VARINT_H
#define MS_VARINT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MS_VARINT_MAX 9

/* Store value at p, where MS_VARINT_MAX bytes may be overwritten; returns past its end.
 */
static inline uint8_t *ms_varint_put(uint8_t *p, uint64_t value)
{
	unsigned bits = 64 - (unsigned)__builtin_clzll(value | 1);
	unsigned n = (bits + 6) / 7;

	if (__builtin_expect(n > 8, 0)) {
		*p = 0;
		memcpy(p + 1, &value, 8);
		return p + 9;
	}
	value = (value << n) | (1ULL << (n - 1));
	memcpy(p, &value, 8);
	return p + n;
}

/* Load from [p, end) into *value; returns past its end, or NULL when it is cut off. */
static inline const uint8_t *ms_varint_get(const uint8_t *p, const uint8_t *end,
					   uint64_t *value)
{
	uint64_t raw = 0;
	size_t left = (size_t)(end - p);
	unsigned n;

	if (left == 0)
		return NULL;
	n = *p ? (unsigned)__builtin_ctz(*p) + 1 : 9;
	if (left < n)
		return NULL;
	if (n == 9) {
		memcpy(value, p + 1, 8);
		return p + 9;
	}
	memcpy(&raw, p, left < 8 ? left : 8);
	if (n < 8)
		raw &= (1ULL << (8 * n)) - 1;
	*value = raw >> n;
	return p + n;
}

static inline uint64_t ms_zigzag(int64_t v)
{
	return ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
}

static inline int64_t ms_unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

#endif
