/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own_malloc.c - a program that brings an allocator of its own, as some do.
 *
 * The program's malloc stands in front of every preloaded one, so a recorder sees none
 * of its calls; it must not trip over blocks that it does not know either.
 *
 * Build with: -O2 -fno-builtin
 */
#define _GNU_SOURCE
#include "tests/targets/truth.h"

#include <pthread.h>
#include <stdatomic.h>

static char pool[64 << 20] __attribute__((aligned(16)));
static atomic_size_t used;

void *malloc(size_t bytes)
{
	size_t *p = (size_t *)(pool + (used += (bytes + 31) / 16 * 16) -
			       (bytes + 31) / 16 * 16);

	*p = bytes;
	return used > sizeof(pool) ? NULL : p + 2;
}

void free(void *p)
{
	MUST(!p || ((char *)p > pool && (char *)p < pool + sizeof(pool)));
}

void *calloc(size_t count, size_t bytes)
{
	return malloc(count * bytes); /* the pool is used once, so it is zero */
}

void *realloc(void *old, size_t bytes)
{
	void *p = malloc(bytes);

	if (old && p)
		memcpy(p, old, ((size_t *)old)[-2] < bytes ? ((size_t *)old)[-2] : bytes);
	return p;
}

void *memalign(size_t alignment, size_t bytes)
{
	char *p = malloc(bytes + alignment + 16);

	p += alignment - (uintptr_t)p % alignment;
	((size_t *)p)[-2] = bytes;
	return p;
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
	return memalign(alignment, bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes)
{
	*out = memalign(alignment, bytes);
	return 0;
}

static void *thread(void *arg)
{
	for (int i = 0; i < 1000; i++)
		free(hide(malloc(100)));
	return arg;
}

int main(void)
{
	pthread_t ids[4];
	char *line = NULL;

	for (int i = 0; i < 4; i++)
		MUST(pthread_create(&ids[i], NULL, thread, NULL) == 0);
	for (int i = 0; i < 4; i++)
		pthread_join(ids[i], NULL);
	MUST(asprintf(&line, "%d and %s", 42, "more") > 0);
	puts(line);
	free(line);
	return 0;
}
