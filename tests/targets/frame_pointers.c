/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame_pointers.c - allocates at twenty depths of recursion, in code with frame
 * pointers.
 *
 * Build with: -O2 -fno-builtin -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer
 */
#define _GNU_SOURCE
#include "tests/targets/truth.h"

NOINLINE static int recurse(size_t depth)
{
	char room[depth % 7 * 16 + 1];

	hide(room);
	free(hide(malloc(990000 + depth)));
	if (depth < 20)
		depth = (size_t)recurse(depth + 1);
	hide(room);
	return (int)depth;
}

int main(void)
{
	return recurse(1) != 20;
}
