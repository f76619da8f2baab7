/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_exit.c - _exit and _Exit: the ends that no handler is told of.
 *
 * exit() ends in libc's own _exit, which passes no hook.
 */
#include "preload/heapmap.h"

#include "preload/life.h"
#include "preload/real.h"

#include <stdlib.h>
#include <unistd.h>

static void __attribute__((noreturn)) leave(int status)
{
	if (ms_life_relocated() && !(atomic_load(&ms_off) & MS_OFF_BOOT)) {
		ms_heapmap_here(MS_MAP_EXIT_NOW);
		if (ms_real.exit_now)
			ms_real.exit_now(status);
	}
	for (;;)
		ms_sys(SYS_exit_group, status, 0, 0, 0);
}

MS_EXPORT void _exit(int status)
{
	leave(status);
}

MS_EXPORT void _Exit(int status)
{
	leave(status);
}
