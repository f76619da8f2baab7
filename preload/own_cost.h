/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own_cost.h - what recording costs, measured while it records.
 *
 * One hook in some 64 is timed: a thread's window seems full every few hundred bytes, so
 * the look for room that every hook takes leads here, and its stamp and the look at
 * next_tick lead back.  Hooks that are not timed pay nothing; in modes other than full
 * none is.
 */
#ifndef MS_OWN_COST_H
#define MS_OWN_COST_H

#include "preload/recorder.h"

#define MS_COST_EVERY_BYTES 448

/* The hook that now begins is timed.  There is room for it. */
void ms_cost_time(struct ms_thread *t);

/* The timed hook has been left (phase as it was) or, with abandoned, never will be. */
void ms_cost_timed(struct ms_thread *t, bool abandoned);

/* Events up to t->p are in a window that t gives away. */
void ms_cost_leaves_window(struct ms_thread *t);

/* What t's stream of late events (cull.c) did is t's, now that it is given away. */
void ms_cost_add(struct ms_thread *t, const struct ms_thread *delayed);

/* Record t's figures so far, and the process's. */
void ms_cost_put(struct ms_thread *t, uint64_t ticks);
void ms_cost_put_process(uint64_t ticks);

/* The same, when a second has gone by since the last time. */
void ms_cost_tick(struct ms_thread *t, uint64_t ticks);

/* Counted by those who do it; of the process, so a forked child goes on counting. */
extern _Atomic uint64_t ms_cost_rule_misses, ms_cost_table_bytes, ms_cost_growths;

#endif
