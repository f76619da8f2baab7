/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crc32c.c - Castagnoli checksum: the processor's instruction where there is one, a
 * nibble table elsewhere.
 *
 * The table has 16 entries so that it needs no set-up: the first use may be in a hook.
 */
#include "common/crc32c.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

static const uint32_t nibble[16] = {
	0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
	0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
	0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

static uint32_t by_table(uint32_t crc, const uint8_t *p, size_t n)
{
	while (n--) {
		crc ^= *p++;
		crc = (crc >> 4) ^ nibble[crc & 15];
		crc = (crc >> 4) ^ nibble[crc & 15];
	}
	return crc;
}

#ifdef __x86_64__
/* The instruction takes three cycles and one can begin in each: three streams at a time.
 */
#define STREAM_BYTES 8192
#define STREAM_SHIFT 0x28461564u /* x^(8 * STREAM_BYTES), by the polynomial */

/* a * b by the polynomial; the highest bit is x^0. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
	uint32_t product = 0;

	for (; a; a <<= 1) {
		product ^= b & -(a >> 31);
		b = b >> 1 ^ (0x82f63b78u & -(b & 1));
	}
	return product;
}

__attribute__((target("sse4.2"))) static uint32_t three_streams(uint32_t crc,
								const uint8_t *p)
{
	uint64_t c[3] = { crc, 0, 0 }, words[3];

	for (const uint8_t *end = p + STREAM_BYTES; p < end; p += 8) {
		memcpy(&words[0], p, 8);
		memcpy(&words[1], p + STREAM_BYTES, 8);
		memcpy(&words[2], p + 2 * STREAM_BYTES, 8);
		c[0] = __builtin_ia32_crc32di(c[0], words[0]);
		c[1] = __builtin_ia32_crc32di(c[1], words[1]);
		c[2] = __builtin_ia32_crc32di(c[2], words[2]);
	}
	c[1] ^= multiply(STREAM_SHIFT, (uint32_t)c[0]);
	return (uint32_t)c[2] ^ multiply(STREAM_SHIFT, (uint32_t)c[1]);
}

__attribute__((target("sse4.2"))) static uint32_t
by_instruction(uint32_t crc, const uint8_t *p, size_t n)
{
	uint64_t c, word;

	for (; n >= 3 * STREAM_BYTES; n -= 3 * STREAM_BYTES, p += 3 * STREAM_BYTES)
		crc = three_streams(crc, p);
	for (c = crc; n >= 8; n -= 8, p += 8) {
		memcpy(&word, p, 8);
		c = __builtin_ia32_crc32di(c, word);
	}
	for (; n; n--)
		c = __builtin_ia32_crc32qi((uint32_t)c, *p++);
	return (uint32_t)c;
}

/*
 * cpuid itself, since __builtin_cpu_supports needs a constructor of libgcc to have run;
 * once, since it traps in a virtual machine.  Racing first calls store the same answer.
 */
static bool has_instruction(void)
{
	static _Atomic char
		known; /* 0 not asked, 1 no, 2 yes; relaxed: pairs with itself */
	uint32_t a = 1, b, c = 0, d;
	char k = atomic_load_explicit(&known, memory_order_relaxed);

	if (!k) {
		__asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
		k = (c >> 20) & 1 ? 2 : 1;
		atomic_store_explicit(&known, k, memory_order_relaxed);
	}
	return k == 2;
}
#endif

uint32_t ms_crc32c(uint32_t crc, const void *data, size_t len_bytes)
{
#ifdef __x86_64__
	if (has_instruction())
		return ~by_instruction(~crc, data, len_bytes);
#endif
	return ~by_table(~crc, data, len_bytes);
}
