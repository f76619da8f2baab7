/* SPDX-License-Identifier: Apache-2.0 */
/*
 * confine.h - system calls that the program's own seccomp filters forbid.
 *
 * A program that locks itself in (seccomp) says which system calls it will make; one that
 * it did not foresee may be its end.  So its filters are read when it installs them, and
 * each system call of ours is asked of them first (sys.h).
 */
#ifndef MS_CONFINE_H
#define MS_CONFINE_H

#include <stdbool.h>
#include <stdint.h>

/* Once, at the start: finds the functions whose calls are watched (hook_confine.c). */
void ms_confine_init(void);

/* Installing a filter is about to be asked of the kernel; argument is a sock_fprog *. */
void ms_confine_filter(const void *argument);

/* So is SECCOMP_MODE_STRICT, or to have no time-stamp counter: recording stops. */
void ms_confine_strict(void);
void ms_confine_no_clock(void);

/* Whether a look at the clock would be the program's end. */
bool ms_confine_clockless(void);

/*
 * The program is about to change its root or its rights, after which the log may be out
 * of reach: keep room for what comes.
 */
void ms_confine_leaving(void);

#endif
