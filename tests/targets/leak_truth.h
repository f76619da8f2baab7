/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leak_truth.h - what the programs of known leaks share: cases by name.
 */
#ifndef LEAK_TRUTH_H
#define LEAK_TRUTH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Old words of a stack are no pointers to Valgrind, which knows what was written, but
 * they are to anybody else: a case runs in a frame of its own, deep below, and what it
 * leaves there is written over.
 */
__attribute__((noinline, unused)) static void scrub(void)
{
	volatile char old[16384];

	for (size_t i = 0; i < sizeof old; i++)
		old[i] = 0;
}

/* A pointer that nobody sees. */
#define HIDDEN(p) (~(unsigned long)(p))

/* All of a block is written, so that no old word of the heap is left in it. */
__attribute__((noinline, unused)) static void *clean(size_t size)
{
	void *p = malloc(size);

	memset(p, 0, size);
	return p;
}

struct leak_case {
	const char *name;
	void (*run)(void);
};

__attribute__((unused)) static int run_case(const struct leak_case *cases, size_t count,
					    int argc, char **argv)
{
	for (size_t i = 0; argc < 2 && i < count; i++)
		puts(cases[i].name);
	for (size_t i = 0; argc == 2 && i < count; i++) {
		if (strcmp(cases[i].name, argv[1]) == 0) {
			cases[i].run();
			scrub();
			return 0;
		}
	}
	return argc < 2 ? 0 : 2;
}

#endif
