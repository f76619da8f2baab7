/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modes.c - what a hook does when it does not record every event.
 */
#include "preload/counters.h"
#include "preload/hook.h"
#include "preload/payload.h"

_Atomic unsigned ms_mode = MS_MODE_FULL;

static void put_mode(unsigned mode, uint64_t parameter, uint64_t ticks)
{
	struct ms_payload l;

	ms_payload_begin(&l);
	ms_payload_number(&l, mode);
	ms_payload_number(&l, parameter);
	ms_payload_number(&l, ticks);
	ms_payload_put(&l, MS_RECORD_MODE);
}

void ms_mode_begin(void)
{
	unsigned mode = ms_config.mode;

	/* what counts after the log's limit must have its room before it */
	if ((mode != MS_MODE_FULL || ms_config.max_size) && !ms_counters_begin())
		mode = MS_MODE_FULL;
	atomic_store_explicit(&ms_mode, mode, memory_order_relaxed);
	put_mode(mode, 0, ms_session->head->start_ticks);
}

bool ms_mode_fall_back(uint64_t ticks)
{
	if (!ms_session->shared_totals)
		return false;
	atomic_store_explicit(&ms_mode, MS_MODE_COUNTERS, memory_order_relaxed);
	put_mode(MS_MODE_COUNTERS, 0, ticks);
	return true;
}

/* --- counters: totals only ------------------------------------------------------------
 */

#define LOOK_EVERY 1024 /* calls between two looks at the clock */

static void count(struct ms_thread *t, enum ms_counted what, size_t size)
{
	ms_counters_add(t, what, size);
	if (MS_UNLIKELY(++t->calls % LOOK_EVERY == 0))
		t->last_ticks = ms_now_before();
}

/* --- the parts of a hook --------------------------------------------------------------
 */

void ms_mode_made(struct ms_thread *t, const uintptr_t *frame, enum ms_event_kind kind,
		  const void *p, size_t size, unsigned align_log2)
{
	(void)frame;
	(void)kind;
	(void)align_log2;
	ms_hook_phase(t);
	count(t, p ? MS_COUNTED_ALLOC : MS_COUNTED_FAILURE, size);
}

void ms_mode_ends(struct ms_thread *t, const uintptr_t *frame, enum ms_event_kind kind,
		  const void *p)
{
	(void)frame;
	(void)kind;
	(void)p;
	ms_hook_phase(t);
	count(t, MS_COUNTED_FREE, 0);
	t->phase = MS_PHASE_REAL;
}

static enum ms_counted changed(const void *p, size_t size)
{
	return p ? MS_COUNTED_REALLOC : size ? MS_COUNTED_FAILURE : MS_COUNTED_FREE;
}

void *ms_mode_change(struct ms_thread *t, const uintptr_t *frame, void *old, size_t size,
		     enum ms_event_kind end)
{
	void *p = ms_real.realloc(old, size);

	(void)frame;
	(void)end;
	ms_hook_phase(t);
	count(t, changed(p, size), size);
	return p;
}
