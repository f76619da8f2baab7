/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain.c - a small program with a heap that is known to the byte.
 *
 * argv[1] blocks (default 10) of 100 bytes are kept, as many of 50 are freed; with a
 * second argument SIGUSR2 is raised before and after blocks of 60 bytes, as many again.
 *
 * Build with: -O2 -fno-builtin
 */
#define _GNU_SOURCE
#include "tests/targets/truth.h"

#include <signal.h>
#include <sys/prctl.h>

NOINLINE static void *keep(size_t bytes)
{
	return hide(malloc(bytes));
}

NOINLINE static void drop(size_t bytes)
{
	free(hide(malloc(bytes)));
}

int main(int argc, char **argv)
{
	long blocks = argc > 1 ? atol(argv[1]) : 10;

	if (argc > 3)
		prctl(PR_SET_NAME, argv[3]);
	for (long i = 0; i < blocks; i++) {
		keep(100);
		drop(50);
	}
	if (argc > 2 && strcmp(argv[2], "toggle") == 0) {
		raise(SIGUSR2);
		for (long i = 0; i < blocks; i++)
			drop(60);
		raise(SIGUSR2);
		keep(70);
	}
	return 0;
}
