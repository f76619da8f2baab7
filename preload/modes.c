/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modes.c - what a hook does when it does not record every event.
 */
#include "preload/counters.h"
#include "preload/cull.h"
#include "preload/followed.h"
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

/* false: there is no room for what the mode needs. */
static bool prepare(unsigned mode)
{
	/* what counts after the log's limit must have its room before it */
	if ((mode != MS_MODE_FULL || ms_config.max_size) && !ms_counters_begin())
		return false;
	return (mode != MS_MODE_SAMPLE && mode != MS_MODE_CULL) || ms_followed_begin();
}

void ms_mode_begin(void)
{
	unsigned mode = prepare(ms_config.mode) ? ms_config.mode : MS_MODE_FULL;

	atomic_store_explicit(&ms_mode, mode, memory_order_relaxed);
	put_mode(mode,
		 mode == MS_MODE_SAMPLE ? ms_config.sample
		 : mode == MS_MODE_CULL ? ms_config.cull_ns
					: 0,
		 ms_session->head->start_ticks);
}

bool ms_mode_fall_back(uint64_t ticks)
{
	if (!ms_session->shared_totals)
		return false;
	atomic_store_explicit(&ms_mode, MS_MODE_COUNTERS, memory_order_relaxed);
	put_mode(MS_MODE_COUNTERS, 0, ticks);
	return true;
}

/* --- counters: in every mode but full ------------------------------------------------
 */

#define LOOK_EVERY 1024 /* calls between two looks at the clock */

static MS_COLD void look_at_clock(struct ms_thread *t)
{
	uint64_t ticks = ms_now_before();

	if (ticks < t->next_tick)
		return;
	ms_thread_tick(t, ticks);
	if (ms_mode_now() == MS_MODE_CULL)
		ms_cull_tune();
}

static inline void count(struct ms_thread *t, enum ms_counted what, size_t size)
{
	ms_counters_add(t, what, size);
	if (MS_UNLIKELY(++t->calls % LOOK_EVERY == 0))
		look_at_clock(t);
}

static enum ms_counted changed(const void *p, size_t size)
{
	return p ? MS_COUNTED_REALLOC : size ? MS_COUNTED_FAILURE : MS_COUNTED_FREE;
}

/* --- sample ---------------------------------------------------------------------------
 */

static bool is_sampled(struct ms_thread *t, size_t size)
{
	if (MS_UNLIKELY(!t->sampler.random))
		ms_sampler_begin(&t->sampler, ms_now_before() + t->id, ms_config.sample);
	return ms_sampler_hit(&t->sampler, size, ms_config.sample);
}

/* A sample without an end would look like a leak. */
static bool follow(const void *p)
{
	if (ms_followed_put(p, 0))
		return true;
	ms_lost(MS_LOST_UNFOLLOWED, 1);
	return false;
}

static MS_COLD void sample_made(struct ms_thread *t, const uintptr_t *frame,
				enum ms_event_kind kind, const void *p, size_t size,
				unsigned align_log2)
{
	uint64_t ticks = ms_now_after();

	if (follow(p))
		ms_hook_write_made(t, kind, ticks, p, size, align_log2,
				   ms_stack_take(t, frame));
}

/*
 * The new block is a sample or not by its own size, whatever the old one was.  Where an
 * old one was and the new one is not, the block ends here as far as the log knows.
 */
static MS_COLD void *sample_change(struct ms_thread *t, const uintptr_t *frame, void *old,
				   size_t size, enum ms_event_kind end, bool was, bool is)
{
	uint64_t ticks;
	void *p;

	ms_hook_phase(t);
	ms_hook_write_change(t, old);
	t->phase = MS_PHASE_REAL;
	p = ms_real.realloc(old, size);
	ticks = ms_now_after();
	ms_hook_phase(t);
	if (!p && size && was)
		was = ms_followed_put(old, 0);
	if ((!p && size) || (p && is && follow(p)))
		ms_emit_extended(t, end, ticks, (uintptr_t)p, size, 0,
				 ms_stack_take(t, frame));
	else
		ms_emit_extended(t, MS_EVENT_REALLOC_FREED, ticks, 0, 0, 0,
				 ms_stack_take(t, frame));
	return p;
}

/* --- cull: reallocs are written as they are; the old block waits no longer
 * ---------------
 */

static void *cull_change(struct ms_thread *t, const uintptr_t *frame, void *old,
			 size_t size, enum ms_event_kind end)
{
	uint64_t ticks;
	void *p;

	ms_hook_phase(t);
	ms_hook_write_change(t, old);
	t->phase = MS_PHASE_REAL;
	p = ms_real.realloc(old, size);
	ticks = ms_now_after();
	ms_hook_phase(t);
	ms_emit_extended(t, !p && !size ? MS_EVENT_REALLOC_FREED : end, ticks,
			 (uintptr_t)p, size, 0, ms_stack_take(t, frame));
	return p;
}

/* --- the parts of a hook --------------------------------------------------------------
 */

void ms_mode_made(struct ms_thread *t, const uintptr_t *frame, enum ms_event_kind kind,
		  const void *p, size_t size, unsigned align_log2)
{
	ms_hook_phase(t);
	count(t, p ? MS_COUNTED_ALLOC : MS_COUNTED_FAILURE, size);
	if (ms_mode_now() == MS_MODE_SAMPLE && p && is_sampled(t, size))
		sample_made(t, frame, kind, p, size, align_log2);
	else if (ms_mode_now() == MS_MODE_CULL)
		ms_cull_made(t, frame, kind, p, size, align_log2);
}

void ms_mode_ends(struct ms_thread *t, const uintptr_t *frame, enum ms_event_kind kind,
		  const void *p)
{
	unsigned tag;

	ms_hook_phase(t);
	count(t, MS_COUNTED_FREE, 0);
	if (ms_mode_now() == MS_MODE_SAMPLE && ms_followed_take(p, &tag))
		ms_hook_write_ends(t, frame, kind, p);
	else if (ms_mode_now() == MS_MODE_CULL)
		ms_cull_ends(t, frame, kind, p);
	t->phase = MS_PHASE_REAL;
}

void *ms_mode_change(struct ms_thread *t, const uintptr_t *frame, void *old, size_t size,
		     enum ms_event_kind end)
{
	unsigned mode = ms_mode_now(), tag;
	bool was, is;
	void *p;

	ms_hook_phase(t);
	was = mode != MS_MODE_COUNTERS && ms_followed_take(old, &tag);
	is = mode == MS_MODE_SAMPLE && size && is_sampled(t, size);
	t->phase = MS_PHASE_REAL;
	if (mode == MS_MODE_CULL)
		p = cull_change(t, frame, old, size, end);
	else
		p = was || is ? sample_change(t, frame, old, size, end, was, is)
			      : ms_real.realloc(old, size);
	ms_hook_phase(t);
	count(t, changed(p, size), size);
	return p;
}
