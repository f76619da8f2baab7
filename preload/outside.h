/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outside.h - a few system calls with a descriptor table of their own.
 *
 * Opening a file in the program's table, even for a moment, takes the lowest free number:
 * a thread that does close(1); open("out") meanwhile would get another.  So where other
 * threads may run, the calls are made by a kernel thread that first leaves the program's
 * descriptor table and shares all else; the caller sleeps until it has ended.
 */
#ifndef MS_OUTSIDE_H
#define MS_OUTSIDE_H

#include <stdbool.h>

/*
 * Run work(context) with signals blocked and, when the process has other threads or force
 * is set, outside the program's descriptor table.  work makes system calls by ms_sys
 * only, closes what it opens, and leaves its result in context.
 */
void ms_outside_run(void (*work)(void *context), void *context, bool force);

/* Under Valgrind, which ends a program that makes such a thread. */
bool ms_outside_emulated(void);

/* Tell it where libc says that the process has one thread (__libc_single_threaded). */
void ms_outside_init(const char *single_threaded);

/* The process has one thread whatever libc says: it has just begun, or was just forked.
 */
void ms_outside_alone(bool alone);

#endif
