/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libifunc.c - a library whose function is chosen, when the loader relocates it, by code
 * that allocates: before any constructor, and before the recorder is relocated itself.
 *
 * Build with: -O2 -fno-builtin
 */
#include <stdlib.h>
#include <string.h>

extern void *malloc(size_t bytes);

static int answer(void)
{
	return 42;
}

static int wrong(void)
{
	return 0;
}

static int (*choose(void))(void)
{
	char *p = malloc(300001), *q = calloc(3, 100001);
	int right = p && q;

	if (p)
		memset(p, 1, 300001);
	for (size_t i = 0; q && i < 300003; i++)
		right &= q[i] == 0;
	q = realloc(q, 400001);
	right &= q != NULL;
	free(p);
	free(q);
	return right ? answer : wrong;
}

int chosen_early(void) __attribute__((ifunc("choose")));
