/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.h - inlined functions of another file than their callers.
 */
#ifndef MS_DATA_CALLS_H
#define MS_DATA_CALLS_H

int note(int value);

#define ALWAYS static inline __attribute__((always_inline))

ALWAYS int note_twice(int value)
{
	return note(value) + note(value + 1);
}

#endif
