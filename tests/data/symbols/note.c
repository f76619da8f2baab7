/* SPDX-License-Identifier: Apache-2.0 */
/*
 * note.c - what the other sources call: a second unit, built without debug information.
 */
#include "tests/data/symbols/calls.h"

#include <stdlib.h>

static __attribute__((noinline)) int quiet(int value)
{
	return abs(rand()) + value;
}

int note(int value)
{
	return quiet(value) + quiet(value * 3);
}
