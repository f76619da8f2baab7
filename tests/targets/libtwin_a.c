/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libtwin_a.c - the first of two libraries that are loaded at the same address in turn.
 *
 * Build with: -O2
 */
#include <stdlib.h>

void *twin_make(size_t bytes);

__attribute__((noinline)) static void *alpha_maker(size_t bytes)
{
	void *p = malloc(bytes);

	__asm__ volatile("" ::"r"(p) : "memory");
	return p;
}

void *twin_make(size_t bytes)
{
	void *p = alpha_maker(bytes);

	__asm__ volatile("" ::"r"(p) : "memory");
	return p;
}
