/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook.h - what every hook does around the real call.
 *
 *	t = ms_hook_enter(frame);
 *	if (!t)
 *		return ms_plain_malloc(size);	not recorded, counted: cold.c
 *	p = ms_real.malloc(size);
 *	ms_hook_made(t, frame, ...);
 *	ms_hook_leave(t);
 *
 * While a hook runs, ms_tls.active is NULL, so that whatever calls an allocation function
 * meanwhile (the allocator itself, a signal handler) takes the cold way.
 */
#ifndef MS_HOOK_H
#define MS_HOOK_H

#include "preload/boot.h"
#include "preload/clock.h"
#include "preload/config.h"
#include "preload/emit.h"
#include "preload/modes.h"
#include "preload/real.h"
#include "preload/stacks.h"
#include "preload/thread.h"

#define MS_HOOK_FRAME ((const uintptr_t *)__builtin_frame_address(0))

/* Everything but the common case.  NULL: this call is not recorded. */
MS_COLD struct ms_thread *ms_hook_enter_cold(const uintptr_t *frame);
MS_COLD void ms_hook_leave_cold(struct ms_thread *t);

/*
 * ms_off comes first: before our relocation ms_tls must not be touched.  Room for the
 * hook's events is made here, which also notices a forked child: its states are zero.
 */
static inline struct ms_thread *ms_hook_enter(const uintptr_t *frame)
{
	struct ms_thread *t;

	if (MS_UNLIKELY(atomic_load_explicit(&ms_off, memory_order_relaxed)))
		return ms_hook_enter_cold(frame);
	t = ms_tls.active;
	if (MS_UNLIKELY(!t) || MS_UNLIKELY(t->p >= t->end))
		return ms_hook_enter_cold(frame);
	t->hook_frame = (uintptr_t)frame;
	ms_tls.active = NULL;
	t->phase = MS_PHASE_REAL;
	return t;
}

static inline void ms_hook_leave(struct ms_thread *t)
{
	if (MS_UNLIKELY(t->last_ticks >= t->next_tick))
		ms_thread_tick(t, t->last_ticks);
	__asm__ volatile(""
			 :
			 :
			 : "memory"); /* a handler must see the event before the phase */
	t->phase = MS_PHASE_IDLE;
	if (MS_UNLIKELY(t->role != MS_ROLE_OWN))
		ms_hook_leave_cold(t);
	else
		ms_tls.active = t;
}

static inline void ms_hook_phase(struct ms_thread *t)
{
	t->phase = MS_PHASE_RECORD;
	__asm__ volatile("" : : : "memory");
}

/* The short tag of a kind; MS_TAG_EXTENDED when it has none. */
static inline enum ms_tag ms_hook_tag(enum ms_event_kind kind)
{
	switch (kind) {
	case MS_EVENT_MALLOC:
		return MS_TAG_MALLOC;
	case MS_EVENT_CALLOC:
		return MS_TAG_CALLOC;
	case MS_EVENT_FREE:
		return MS_TAG_FREE;
	case MS_EVENT_NEW:
		return MS_TAG_NEW;
	case MS_EVENT_DELETE:
		return MS_TAG_DELETE;
	default:
		return MS_TAG_EXTENDED;
	}
}

/* The events themselves; the hooks below and modes.c say when. */
static inline void ms_hook_write_made(struct ms_thread *t, enum ms_event_kind kind,
				      uint64_t ticks, const void *p, size_t size,
				      unsigned align_log2, uint32_t stack)
{
	enum ms_tag tag = ms_hook_tag(kind);

	if (MS_LIKELY(tag != MS_TAG_EXTENDED && p && (uintptr_t)p % 16 == 0))
		ms_emit_short(t, tag, true, ticks, (uintptr_t)p, size, stack);
	else
		ms_emit_extended(t, kind, ticks, (uintptr_t)p, size, align_log2, stack);
}

static inline void ms_hook_write_ends(struct ms_thread *t, const uintptr_t *frame,
				      enum ms_event_kind kind, const void *p)
{
	enum ms_tag tag = ms_hook_tag(kind);
	uint32_t stack = ms_config.free_stacks ? ms_stack_take(t, frame) : 0;
	uint64_t ticks = ms_now_before();

	if (MS_LIKELY(tag != MS_TAG_EXTENDED && (uintptr_t)p % 16 == 0))
		ms_emit_short(t, tag, false, ticks, (uintptr_t)p, 0, stack);
	else
		ms_emit_extended(t, kind, ticks, (uintptr_t)p, 0, 0, stack);
}

/* The first half of a realloc: it has no stack, the second has it. */
static inline void ms_hook_write_change(struct ms_thread *t, const void *old)
{
	if (MS_LIKELY((uintptr_t)old % 16 == 0))
		ms_emit_short(t, MS_TAG_REALLOC_BEGIN, false, ms_now_before(),
			      (uintptr_t)old, 0, 0);
	else
		ms_emit_extended(t, MS_EVENT_REALLOC_BEGIN, ms_now_before(),
				 (uintptr_t)old, 0, 0, 0);
}

/* A block was made at p; NULL: the call failed. */
static inline void ms_hook_made(struct ms_thread *t, const uintptr_t *frame,
				enum ms_event_kind kind, const void *p, size_t size,
				unsigned align_log2)
{
	uint64_t ticks;

	if (MS_UNLIKELY(ms_mode_now() != MS_MODE_FULL)) {
		ms_mode_made(t, frame, kind, p, size, align_log2);
		return;
	}
	ticks = ms_now_after();
	ms_hook_phase(t);
	ms_hook_write_made(t, kind, ticks, p, size, align_log2, ms_stack_take(t, frame));
}

/* The block at p is about to end. */
static inline void ms_hook_ends(struct ms_thread *t, const uintptr_t *frame,
				enum ms_event_kind kind, const void *p)
{
	if (MS_UNLIKELY(ms_mode_now() != MS_MODE_FULL)) {
		ms_mode_ends(t, frame, kind, p);
		return;
	}
	ms_hook_phase(t);
	ms_hook_write_ends(t, frame, kind, p);
	t->phase = MS_PHASE_REAL;
}

/*
 * What operator new or delete announced to the malloc or free that it calls; the
 * function's own kind when the announcement was for another block, or there is none.
 */
static inline enum ms_event_kind ms_hook_kind(enum ms_event_kind own, bool match)
{
	enum ms_event_kind marked = ms_tls.mark_kind;

	if (MS_LIKELY(!marked))
		return own;
	ms_tls.mark_kind = 0;
	return match ? marked : own;
}

/* --- cold.c: calls that are not recorded
 * --------------------------------------------------- */

MS_COLD void *ms_plain_malloc(size_t size);
MS_COLD void *ms_plain_calloc(size_t count, size_t size);
MS_COLD void *ms_plain_realloc(void *old, size_t size);
MS_COLD void ms_plain_free(void *p);

/* call: the real function's pointer; aligned blocks of the boot arena where it is
 * unknown. */
MS_COLD void *ms_plain_aligned(void *(*call)(size_t, size_t), size_t align, size_t size);

/* Count an allocation (or a free) that was left out on purpose: paused or stopped. */
MS_COLD void ms_plain_count_alloc(size_t size);
MS_COLD void ms_plain_count_mapping(void);

#endif
