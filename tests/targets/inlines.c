/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inlines.c - allocations in functions that are inlined into each other.
 *
 * Build with: -O2 -fno-builtin
 */
#define _GNU_SOURCE
#include "tests/targets/truth.h"

#define INLINE static inline __attribute__((always_inline))

INLINE void *innermost(size_t bytes)
{
	void *p = malloc(bytes);

	return hide(p);
}

INLINE void *another(size_t bytes)
{
	void *p = malloc(bytes);

	return hide(p);
}

INLINE void *middle(size_t bytes)
{
	void *p = innermost(bytes + 1);

	hide(p);
	return p;
}

NOINLINE static void *outer(size_t bytes)
{
	void *a = middle(bytes);
	void *b = another(bytes + 2);

	free(a);
	return hide(b);
}

int main(void)
{
	void *p = outer(970000); /* 970001 through three functions, 970002 through two */

	free(hide(p));
	return 0;
}
