/* SPDX-License-Identifier: Apache-2.0 */
/*
 * many_stacks.c - allocates from as many distinct stacks as it is told, each with blocks
 * of its own sizes.
 *
 *	many_stacks STACKS
 *
 * The stack is a number in base 4, one call a digit: no two numbers share a stack, and
 * those that begin alike share their first frames.
 */
#include <stdlib.h>

static void *volatile kept;

__attribute__((noinline)) static void *leaf(unsigned number)
{
	void *volatile p = malloc(16 + number % 4000);

	return p;
}

static void *down(unsigned number, unsigned left);

#define DIGIT(name)                                                                 \
	__attribute__((noinline)) static void *name(unsigned number, unsigned left) \
	{                                                                           \
		void *volatile p = down(number, left - 1);                          \
                                                                                    \
		return p;                                                           \
	}
DIGIT(zero)
DIGIT(one)
DIGIT(two)
DIGIT(three)

__attribute__((noinline)) static void *down(unsigned number, unsigned left)
{
	static void *(*const digits[])(unsigned, unsigned) = { zero, one, two, three };
	void *volatile p;

	if (left == 0)
		p = leaf(number);
	else
		p = digits[number >> (2 * (left - 1)) & 3](number, left);
	return p;
}

int main(int argc, char **argv)
{
	unsigned stacks = argc > 1 ? (unsigned)atoi(argv[1]) : 1000;

	for (unsigned i = 0; i < stacks; i++) {
		/* Every third block stays; the others go one later. */
		if (i % 3)
			free(kept);
		kept = down(i, 10);
	}
	return 0;
}
