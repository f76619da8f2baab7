/* SPDX-License-Identifier: Apache-2.0 */
/*
 * library.c - a library whose function NAME lies where another build has another one.
 */
#include <stdlib.h>

#define EXPORT __attribute__((noinline, visibility("default")))

void *volatile kept;

static __attribute__((noinline)) void *inside(size_t n);

EXPORT void *NAME(size_t n)
{
	kept = inside(n);
	return kept ? kept : (kept = inside(n / 2));
}

/* Between two that are exported. */
static __attribute__((noinline)) void *inside(size_t n)
{
	kept = malloc(n ? n : 1);
	if (!kept)
		kept = malloc(n / 2);
	return kept;
}

EXPORT void *last(size_t n)
{
	kept = inside(n + 1);
	kept = inside(n + 2);
	return kept;
}

#ifdef VERSIONED
/* The symbol table then has a name with its version in it: last@@TWO. */
EXPORT void *last_two(size_t n)
{
	kept = inside(n + 3);
	kept = inside(n + 4);
	return kept;
}
__asm__(".symver last_two, newest@@TWO");
#endif
