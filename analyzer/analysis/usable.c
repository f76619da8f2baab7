/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usable.c - how large the blocks are that an allocator hands out.
 *
 * The log does not say: asking the allocator for every block would cost more than the
 * call itself.  It says which library's malloc it was, and of two the sizes follow from
 * what is asked for.  Of others nothing is said.
 */
#include "analyzer/analysis/waste.h"

#include <string.h>

/*
 * The GNU C library, 64 bits (malloc.c, "Chunk representations"): a chunk is what was
 * asked for and 8 bytes more, in multiples of 16, at least 32.  Blocks that are mapped by
 * themselves are a little larger: by less than a page of 128 KiB or more.
 */
static uint64_t glibc(uint64_t size)
{
	if (size <= 24)
		return 24;
	return size < UINT64_MAX - 32 ? ((size + 8 + 15) & ~UINT64_C(15)) - 8 : size;
}

/*
 * jemalloc(3), table 1, with its defaults on x86-64: 8, multiples of 16 up to 128, then
 * four classes to each doubling.
 */
static uint64_t jemalloc(uint64_t size)
{
	uint64_t spacing;

	if (size <= 8)
		return 8;
	if (size <= 128)
		return (size + 15) & ~UINT64_C(15);
	if (size > UINT64_MAX / 4)
		return size;
	spacing = UINT64_C(1) << (61 - __builtin_clzll(size - 1));
	return (size + spacing - 1) & ~(spacing - 1);
}

static const struct {
	const char *library; /* how the name of its file begins */
	struct ms_usable usable;
} known[] = {
	{ "libc.so.6", { "glibc", glibc } },
	{ "libc-2.", { "glibc", glibc } },
	{ "libjemalloc.", { "jemalloc", jemalloc } },
};

const struct ms_usable *ms_usable_of(const struct ms_metadata *meta)
{
	const char *path = ms_metadata_fact(meta, "allocator", 0);
	const char *name = path ? strrchr(path, '/') : NULL;

	if (!path || ms_metadata_process(meta)->machine != 62 /* EM_X86_64 */)
		return NULL;
	name = name ? name + 1 : path;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strncmp(name, known[i].library, strlen(known[i].library)))
			return &known[i].usable;
	return NULL;
}
