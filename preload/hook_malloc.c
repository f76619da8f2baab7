/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_malloc.c - malloc, calloc, realloc, reallocarray, free and its relatives.
 */
#define _GNU_SOURCE
#include "preload/hook.h"

#include <stdlib.h>

/* not in this libc's headers */
void cfree(void *p);
void free_sized(void *p, size_t size);
void free_aligned_sized(void *p, size_t align, size_t size);

MS_EXPORT void *malloc(size_t size)
{
	const uintptr_t *frame = MS_HOOK_FRAME;
	struct ms_thread *t = ms_hook_enter(frame);
	void *p;

	if (MS_UNLIKELY(!t))
		return ms_plain_malloc(size);
	p = ms_real.malloc(size);
	ms_hook_made(t, frame, ms_hook_kind(MS_EVENT_MALLOC, size >= ms_tls.mark_value),
		     p, size, 0);
	ms_hook_leave(t);
	return p;
}

MS_EXPORT void *calloc(size_t count, size_t size)
{
	const uintptr_t *frame = MS_HOOK_FRAME;
	struct ms_thread *t = ms_hook_enter(frame);
	size_t bytes;
	void *p;

	if (MS_UNLIKELY(!t))
		return ms_plain_calloc(count, size);
	p = ms_real.calloc(count, size);
	if (MS_UNLIKELY(__builtin_mul_overflow(count, size, &bytes)))
		bytes = SIZE_MAX;
	ms_hook_made(t, frame, MS_EVENT_CALLOC, p, bytes, 0);
	ms_hook_leave(t);
	return p;
}

/* --- free ------------------------------------------------------------------------------
 */

static inline __attribute__((always_inline)) void
end_block(void *p, enum ms_event_kind own, const uintptr_t *frame)
{
	struct ms_thread *t;

	if (MS_UNLIKELY(!p) || MS_UNLIKELY(ms_boot_owns(p)))
		return;
	t = ms_hook_enter(frame);
	if (MS_UNLIKELY(!t)) {
		ms_plain_free(p);
		return;
	}
	ms_hook_ends(t, frame, ms_hook_kind(own, (uintptr_t)p == ms_tls.mark_value), p);
	ms_real.free(p);
	ms_hook_leave(t);
}

MS_EXPORT void free(void *p)
{
	end_block(p, MS_EVENT_FREE, MS_HOOK_FRAME);
}

/* Gone from glibc 2.26; what was linked before still calls it. */
MS_EXPORT void cfree(void *p)
{
	end_block(p, MS_EVENT_CFREE, MS_HOOK_FRAME);
}

/* C23.  An allocator that lacks them takes any block by free. */
MS_EXPORT void free_sized(void *p, size_t size)
{
	(void)size;
	end_block(p, MS_EVENT_FREE_SIZED, MS_HOOK_FRAME);
}

MS_EXPORT void free_aligned_sized(void *p, size_t align, size_t size)
{
	(void)align;
	(void)size;
	end_block(p, MS_EVENT_FREE_ALIGNED_SIZED, MS_HOOK_FRAME);
}

/* --- realloc
 * ----------------------------------------------------------------------------- */

/*
 * Two halves: the old block is taken out of the log before the real call, since another
 * thread may be given its address before this one returns.
 */
static void *change_block(struct ms_thread *t, const uintptr_t *frame, void *old,
			  size_t size, enum ms_event_kind end)
{
	uint64_t ticks;
	uint32_t stack;
	void *p;

	if (MS_UNLIKELY(ms_mode_now() != MS_MODE_FULL)) {
		p = ms_mode_change(t, frame, old, size, end);
		ms_hook_leave(t);
		return p;
	}
	ms_hook_phase(t);
	ms_hook_write_change(t, old);
	t->phase = MS_PHASE_REAL;
	p = ms_real.realloc(old, size);
	ticks = ms_now_after();
	ms_hook_phase(t);
	stack = ms_stack_take(t, frame);
	ms_emit_extended(t, !p && !size ? MS_EVENT_REALLOC_FREED : end, ticks,
			 (uintptr_t)p, size, 0, stack);
	ms_hook_leave(t);
	return p;
}

/* A block of the boot arena moves to the real allocator. */
static MS_COLD void *leave_boot(void *old, size_t size)
{
	size_t have = ms_boot_size(old);
	void *p = malloc(size);

	if (p)
		memcpy(p, old, have < size ? have : size);
	return p;
}

static inline __attribute__((always_inline)) void *reallocate(void *old, size_t size,
							      enum ms_event_kind make,
							      enum ms_event_kind end,
							      const uintptr_t *frame)
{
	struct ms_thread *t;
	void *p;

	if (MS_UNLIKELY(ms_boot_owns(old)))
		return leave_boot(old, size);
	t = ms_hook_enter(frame);
	if (MS_UNLIKELY(!t))
		return ms_plain_realloc(old, size);
	if (old)
		return change_block(t, frame, old, size, end);
	p = ms_real.realloc(NULL, size);
	ms_hook_made(t, frame, make, p, size, 0);
	ms_hook_leave(t);
	return p;
}

MS_EXPORT void *realloc(void *old, size_t size)
{
	return reallocate(old, size, MS_EVENT_REALLOC_NULL, MS_EVENT_REALLOC_END,
			  MS_HOOK_FRAME);
}

MS_EXPORT void *reallocarray(void *old, size_t count, size_t size)
{
	size_t bytes;

	/* the real realloc refuses it, with the right errno, and the failure is recorded
	 */
	if (MS_UNLIKELY(__builtin_mul_overflow(count, size, &bytes)))
		bytes = SIZE_MAX;
	return reallocate(old, bytes, MS_EVENT_REALLOCARRAY_NULL,
			  MS_EVENT_REALLOCARRAY_END, MS_HOOK_FRAME);
}
