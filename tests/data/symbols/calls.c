/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.c - calls at every depth of inlining, in blocks, loops and nested functions.
 */
#include "tests/data/symbols/calls.h"

#include <stdlib.h>

ALWAYS int note_around(int value)
{
	int sum = note(value);

	for (int i = 0; i < value; i++) {
		int local = note_twice(i);

		sum += local;
	}
	return sum;
}

ALWAYS int note_everything(int value)
{
	int sum = note_around(value) + note_twice(value);

	if (sum > 100) {
		int more = note_around(sum);

		sum -= more;
	}
	return sum + note(7);
}

static __attribute__((noinline)) int hidden(int value)
{
	return note_everything(value) - note(1);
}

__attribute__((noinline)) int visible(int value)
{
	return hidden(value) + note_twice(value) + 1;
}

__attribute__((noinline, cold)) int rarely(int value)
{
	return note_around(value) + 3;
}

/* A function within a function has its own range, inside the other's tree. */
__attribute__((noinline)) int outer(int value)
{
	__attribute__((noinline)) int within(int x)
	{
		return note_twice(x + value) + 5;
	}

	return within(value) + within(value + 2) + note(value);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 5)
		return rarely(argc);
	return visible(argc) + outer(argc);
}
