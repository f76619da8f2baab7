/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gdb_stop.c - allocates once at the end of a chain of calls, then calls at_allocation
 * from the same function, for a debugger to stop there.
 *
 * Build with: -O2 -fno-builtin
 */
#define _GNU_SOURCE
#include "tests/targets/truth.h"

NOINLINE static void at_allocation(void *p)
{
	hide(p);
}

#define CHAIN(name, next)                       \
	NOINLINE static void name(size_t bytes) \
	{                                       \
		next(bytes);                    \
		hide(&bytes);                   \
	}

NOINLINE static void leaf(size_t bytes)
{
	void *p = malloc(bytes);

	at_allocation(p);
	free(hide(p));
}
CHAIN(third, leaf)
CHAIN(second, third)
CHAIN(first, second)

int main(void)
{
	first(980001);
	return 0;
}
