/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alloc.c - the analyzer's memory, and the failures that tests ask for.
 *
 * A zero size gets a byte, so that NULL always means failure.
 */
#include "analyzer/base/alloc.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Only counted, nothing is published through them: relaxed everywhere. */
static atomic_ulong made;
static atomic_ulong failing;

static bool must_fail(void)
{
	unsigned long n = atomic_fetch_add_explicit(&made, 1, memory_order_relaxed) + 1;

	return n == atomic_load_explicit(&failing, memory_order_relaxed);
}

void ms_alloc_fail_at(unsigned long n)
{
	atomic_store_explicit(&failing, n, memory_order_relaxed);
	atomic_store_explicit(&made, 0, memory_order_relaxed);
}

unsigned long ms_alloc_count(void)
{
	return atomic_load_explicit(&made, memory_order_relaxed);
}

/* malloc would refuse it as well, but a sanitizer's malloc reports it as our mistake. */
static bool too_large(size_t bytes)
{
	return bytes > PTRDIFF_MAX;
}

void *ms_alloc(size_t bytes)
{
	return must_fail() || too_large(bytes) ? NULL : malloc(bytes ? bytes : 1);
}

void *ms_alloc_zero(size_t count, size_t bytes)
{
	size_t all;

	if (must_fail() || __builtin_mul_overflow(count, bytes, &all) || too_large(all))
		return NULL;
	return calloc(1, all ? all : 1);
}

void *ms_realloc(void *p, size_t bytes)
{
	return must_fail() || too_large(bytes) ? NULL : realloc(p, bytes ? bytes : 1);
}

char *ms_strdup(const char *s)
{
	return ms_strndup(s, strlen(s));
}

char *ms_strndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy = ms_alloc(len + 1);

	if (copy) {
		memcpy(copy, s, len);
		copy[len] = '\0';
	}
	return copy;
}

void ms_free(void *p)
{
	free(p);
}

#define CACHE_LINE 64
#define HUGE_PAGE  ((size_t)1 << 21)

static size_t round_up(size_t bytes, size_t to)
{
	return (bytes + to - 1) / to * to;
}

/* Whole huge pages, where a huge page may begin: map more and give back both ends. */
static void *map_table(size_t bytes)
{
	size_t all = bytes + HUGE_PAGE, head;
	char *p = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0);

	if (p == MAP_FAILED)
		return NULL;
	head = round_up((uintptr_t)p, HUGE_PAGE) - (uintptr_t)p;
	if (head)
		munmap(p, head);
	munmap(p + head + bytes, HUGE_PAGE - head);
	madvise(p + head, bytes, MADV_HUGEPAGE); /* faster, but not needed */
	return p + head;
}

void *ms_alloc_table(size_t bytes)
{
	void *p;

	if (must_fail() || bytes > PTRDIFF_MAX - HUGE_PAGE)
		return NULL;
	if (bytes >= HUGE_PAGE)
		return map_table(round_up(bytes, HUGE_PAGE));
	bytes = round_up(bytes ? bytes : 1, CACHE_LINE);
	p = aligned_alloc(CACHE_LINE, bytes);
	if (p)
		memset(p, 0, bytes);
	return p;
}

void ms_free_table(void *p, size_t bytes)
{
	if (!p)
		return;
	if (bytes >= HUGE_PAGE)
		munmap(p, round_up(bytes, HUGE_PAGE));
	else
		free(p);
}

int ms_grow(void **items, size_t *capacity, size_t count, size_t element_bytes)
{
	size_t wanted = *capacity < 8 ? 8 : *capacity + *capacity / 2, bytes;
	void *grown;

	if (count < *capacity)
		return 0;
	if (wanted < *capacity || __builtin_mul_overflow(wanted, element_bytes, &bytes))
		return -1;
	grown = ms_realloc(*items, bytes);
	if (!grown)
		return -1;
	*items = grown;
	*capacity = wanted;
	return 0;
}
