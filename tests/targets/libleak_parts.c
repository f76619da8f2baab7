/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libleak_parts.c - a library that leak_truth opens, with pointers of its own.
 */
#include <stdlib.h>

void parts_keep(void);
void parts_lose(void);
void parts_keep_local(void);

static void *kept;
static volatile unsigned long lost;
static __thread void *local[3];

void parts_keep(void)
{
	kept = calloc(1, 111);
}

void parts_lose(void)
{
	lost = ~(unsigned long)calloc(1, 112);
}

void parts_keep_local(void)
{
	local[1] = calloc(1, 113);
}
