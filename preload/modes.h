/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modes.h - what a hook does when it does not record every event.
 */
#ifndef MS_MODES_H
#define MS_MODES_H

#include "common/event.h"
#include "preload/recorder.h"

/* enum ms_wire_mode.  Relaxed: an event more in the mode before is harmless. */
extern _Atomic unsigned ms_mode;

static inline unsigned ms_mode_now(void)
{
	return atomic_load_explicit(&ms_mode, memory_order_relaxed);
}

/* A session begins: the mode that was asked for, said in its log. */
void ms_mode_begin(void);

/* The log may grow no more: totals only from here on.  false: not even those. */
bool ms_mode_fall_back(uint64_t ticks);

/* The parts of a hook, as hook.h and hook_malloc.c have them for the full mode. */
__attribute__((noinline)) void ms_mode_made(struct ms_thread *t, const uintptr_t *frame,
					    enum ms_event_kind kind, const void *p,
					    size_t size, unsigned align_log2);
__attribute__((noinline)) void ms_mode_ends(struct ms_thread *t, const uintptr_t *frame,
					    enum ms_event_kind kind, const void *p);
/* The real realloc of a block, between its halves. */
__attribute__((noinline)) void *ms_mode_change(struct ms_thread *t,
					       const uintptr_t *frame, void *old,
					       size_t size, enum ms_event_kind end);

#endif
