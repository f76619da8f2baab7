/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h - the log's clock.
 */
#ifndef MS_CLOCK_H
#define MS_CLOCK_H

#include "preload/sys.h"

#include <time.h>

extern bool ms_clock_is_tsc; /* set once, before the first event */

/* CLOCK_MONOTONIC or CLOCK_REALTIME in nanoseconds, through the vDSO's wrapper. */
uint64_t ms_clock_ns(clockid_t clock);

/* Nanoseconds as a difference of ticks, roughly: for intervals, not for stamps. */
uint64_t ms_clock_interval(uint64_t ns);

/* Choose the clock: the TSC where the processor says that it is invariant and the kernel
 * trusts it. */
void ms_clock_init(void);

/* Ticks before what follows becomes visible to other threads: stamps a free. */
static inline uint64_t ms_now_before(void)
{
	return MS_LIKELY(ms_clock_is_tsc) ? ms_tsc() : ms_clock_ns(CLOCK_MONOTONIC);
}

/* Ticks after all that came before: stamps an allocation. */
static inline uint64_t ms_now_after(void)
{
	return MS_LIKELY(ms_clock_is_tsc) ? ms_tsc_fenced()
					  : ms_clock_ns(CLOCK_MONOTONIC);
}

#endif
