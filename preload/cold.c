/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cold.c - the way into a hook when something is unusual, and calls that are not
 * recorded.
 */
#define _GNU_SOURCE
#include "preload/hook.h"

#include "preload/own_cost.h"
#include "preload/life.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

/* --- entering
 * ----------------------------------------------------------------------------- */

static bool on_alternate_stack(void)
{
	stack_t s;

	return !ms_sys_failed(ms_sys(SYS_sigaltstack, 0, &s, 0, 0)) &&
	       s.ss_flags & SS_ONSTACK;
}

/*
 * A hook that was never left: a signal handler jumped out of it (longjmp).  Then this
 * frame lies further out than that hook's on the same stack.
 */
static bool was_abandoned(const struct ms_thread *t, const uintptr_t *frame)
{
	uintptr_t here = (uintptr_t)frame;

	/* equal: the same call again, from a loop */
	return here >= t->hook_frame && here < t->stack_high &&
	       t->hook_frame < t->stack_high && !on_alternate_stack();
}

/*
 * The allocator's own calls of its own functions are no events of the program.  One that
 * it jumps to, as jemalloc's delete does to free, returns to the hook that called the
 * allocator.
 */
static bool by_allocator(const uintptr_t *frame)
{
	extern const char __ehdr_start[] __attribute__((visibility("hidden")));
	extern const char _end[] __attribute__((visibility("hidden")));

	return (frame[1] >= ms_real.own_start && frame[1] < ms_real.own_end) ||
	       (frame[1] >= (uintptr_t)__ehdr_start && frame[1] < (uintptr_t)_end);
}

/* The stream of a call that came while t's hook was running. */
static struct ms_thread *interrupting(struct ms_thread *t, const uintptr_t *frame)
{
	struct ms_thread *n;

	if (was_abandoned(t, frame)) {
		ms_lost(MS_LOST_ABANDONED_HOOKS, 1);
		t->generation = 0; /* what it knew of its stacks may be half written */
		ms_cost_timed(t, true);
		if (t->nested) {
			ms_cost_timed(t->nested, true);
			t->nested->phase = MS_PHASE_IDLE;
			t->nested->generation = 0;
		}
		return t;
	}
	if (t->phase == MS_PHASE_REAL && by_allocator(frame))
		return NULL;
	n = ms_thread_nested(t);
	if (!n)
		ms_lost(MS_LOST_NESTED_EVENTS, 1);
	return n;
}

/*
 * The state to record with, or NULL.  A thread that has a state has an active one unless
 * a hook is running: only a signal handler, or the allocator itself, can come here then.
 */
static struct ms_thread *find_state(const uintptr_t *frame)
{
	struct ms_thread *t = ms_tls.thread;

	if (t)
		return ms_tls.active ? t : interrupting(t, frame);
	t = ms_thread_state();
	t = t ? t : ms_thread_late();
	if (!t)
		ms_lost(MS_LOST_THREADLESS_EVENTS, 1);
	return t;
}

/* From here on a handler finds a hook running. */
static void begin_hook(struct ms_thread *t, const uintptr_t *frame)
{
	t->hook_frame = (uintptr_t)frame;
	t->phase = MS_PHASE_RECORD;
	__asm__ volatile("" : : : "memory");
	ms_tls.active = NULL;
	__asm__ volatile("" : : : "memory");
}

/* A window that seems full may only ask for a look at the clock (own_cost.h). */
static bool has_room(struct ms_thread *t)
{
	if (MS_LIKELY(t->p < t->limit)) {
		if (t->p >= t->end)
			ms_cost_time(t);
		return true;
	}
	return ms_thread_room(t);
}

static struct ms_thread *enter(const uintptr_t *frame)
{
	unsigned off = atomic_load_explicit(&ms_off, memory_order_relaxed);
	struct ms_thread *t;

	if (off & MS_OFF_BOOT && !ms_life_boot())
		return NULL;
	/* a forked child that no fork handler told us of: its session is all zero */
	if (!ms_session_usable() && !ms_life_forked_unseen())
		return NULL;
	ms_stop_when_cut();
	if (atomic_load_explicit(&ms_off, memory_order_relaxed))
		return NULL;
	t = find_state(frame);
	if (!t)
		return NULL;
	begin_hook(t, frame);
	if (has_room(t)) {
		t->phase = MS_PHASE_REAL;
		return t;
	}
	ms_hook_leave(t);
	return NULL;
}

struct ms_thread *ms_hook_enter_cold(const uintptr_t *frame)
{
	int saved;
	struct ms_thread *t;

	/* a child that is not followed takes this way at every call */
	if (atomic_load_explicit(&ms_off, memory_order_relaxed) & MS_OFF_CHILD)
		return NULL;
	if (!ms_life_relocated())
		return NULL; /* errno lies behind a relocation, too */
	saved = errno;
	t = enter(frame);
	errno = saved;
	return t;
}

void ms_hook_leave_cold(struct ms_thread *t)
{
	if (t->role == MS_ROLE_LATE)
		ms_thread_late_done(t);
}

/* --- not recorded
 * ---------------------------------------------------------------------------- */

void ms_plain_count_alloc(size_t size)
{
	unsigned off = atomic_load_explicit(&ms_off, memory_order_relaxed);

	if (off & MS_OFF_STOPPED) {
		ms_lost(MS_LOST_STOPPED_ALLOCS, 1);
		ms_lost(MS_LOST_STOPPED_BYTES, size);
	} else if (off & MS_OFF_PAUSED) {
		ms_lost(MS_LOST_PAUSED_ALLOCS, 1);
		ms_lost(MS_LOST_PAUSED_BYTES, size);
	}
}

void ms_plain_count_mapping(void)
{
	unsigned off = atomic_load_explicit(&ms_off, memory_order_relaxed);

	/* where totals go on after the log's limit, those of mappings do not */
	if (off & MS_OFF_STOPPED ||
	    (ms_session_usable() &&
	     atomic_load_explicit(&ms_session->stopped, memory_order_relaxed)))
		ms_lost(MS_LOST_STOPPED_MAPPINGS, 1);
	else if (off & MS_OFF_PAUSED)
		ms_lost(MS_LOST_PAUSED_MAPPINGS, 1);
}

static void count_free(void)
{
	unsigned off = atomic_load_explicit(&ms_off, memory_order_relaxed);

	if (off & MS_OFF_STOPPED)
		ms_lost(MS_LOST_STOPPED_FREES, 1);
	else if (off & MS_OFF_PAUSED)
		ms_lost(MS_LOST_PAUSED_FREES, 1);
}

void *ms_plain_malloc(size_t size)
{
	if (!ms_real.malloc)
		return ms_boot_alloc(size, 16);
	ms_tls.mark_kind = 0;
	ms_plain_count_alloc(size);
	return ms_real.malloc(size);
}

void *ms_plain_calloc(size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		bytes = SIZE_MAX;
	if (!ms_real.malloc)
		return ms_boot_alloc(bytes, 16);
	ms_plain_count_alloc(bytes);
	return ms_real.calloc(count, size);
}

void *ms_plain_realloc(void *old, size_t size)
{
	if (!ms_real.malloc)
		return ms_boot_alloc(size,
				     16); /* old is NULL: boot blocks do not come here */
	if (!old) {
		ms_plain_count_alloc(size);
	} else {
		ms_plain_count_alloc(size);
		count_free();
	}
	return ms_real.realloc(old, size);
}

void ms_plain_free(void *p)
{
	if (!ms_real.malloc)
		return; /* a block that is not ours, before anything is known: keep it */
	ms_tls.mark_kind = 0;
	count_free();
	ms_real.free(p);
}

void *ms_plain_aligned(void *(*call)(size_t, size_t), size_t align, size_t size)
{
	if (!ms_real.malloc || !call)
		return ms_boot_alloc(size, align);
	ms_tls.mark_kind = 0;
	ms_plain_count_alloc(size);
	return call(align, size);
}
