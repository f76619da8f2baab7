/* SPDX-License-Identifier: Apache-2.0 */
/*
 * two_runs.c - a program whose runs differ in a way that is known to the byte.
 *
 * argv[1] is the run: in run 1 and run 2, as many blocks stay from same(), more from
 * grows(), fewer from shrinks(); comes() has some in run 2 only, goes() in run 1 only.
 * All go through keep(), from two places of main().
 *
 * Build with: -O1 -fno-builtin -fno-optimize-sibling-calls
 */
#include "tests/targets/truth.h"

#include <stdlib.h>

NOINLINE static void keep(size_t bytes, int times)
{
	while (times-- > 0)
		hide(malloc(bytes));
}

NOINLINE static void same(int run)
{
	(void)run;
	keep(10, 7);
}

NOINLINE static void grows(int run)
{
	keep(1000, run == 1 ? 10 : 30);
}

NOINLINE static void shrinks(int run)
{
	keep(200, run == 1 ? 50 : 20);
}

NOINLINE static void comes(int run)
{
	keep(300, run == 1 ? 0 : 4);
}

NOINLINE static void goes(int run)
{
	keep(5, run == 1 ? 3 : 0);
}

int main(int argc, char **argv)
{
	int run = argc > 1 ? atoi(argv[1]) : 1;

	same(run);
	grows(run);
	shrinks(run);
	comes(run);
	goes(run);
	return 0;
}
