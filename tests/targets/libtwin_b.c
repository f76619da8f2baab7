/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libtwin_b.c - the second of two libraries that are loaded at the same address in turn.
 *
 * Build with: -O2
 */
#include <stdlib.h>

void *twin_make(size_t bytes);

__attribute__((noinline)) static void *beta_maker(size_t bytes)
{
	char pad[400]; /* another frame size than the twin's */
	void *p;

	__asm__ volatile("" ::"r"(pad) : "memory");
	p = malloc(bytes);

	__asm__ volatile("" ::"r"(p) : "memory");
	return p;
}

void *twin_make(size_t bytes)
{
	void *p = beta_maker(bytes);

	__asm__ volatile("" ::"r"(p) : "memory");
	return p;
}
