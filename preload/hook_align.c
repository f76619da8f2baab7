/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_align.c - blocks with an alignment.
 */
#define _GNU_SOURCE
#include "preload/hook.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

static unsigned log2_of(size_t align)
{
	return align > 1 ? 63 - (unsigned)__builtin_clzll(align) : 0;
}

/* libstdc++ rounds the size up to the alignment; what the program asked for is the
 * mark's. */
static enum ms_event_kind kind_of(enum ms_event_kind own, size_t *size)
{
	enum ms_event_kind kind = ms_hook_kind(own, *size >= ms_tls.mark_value);

	if (kind != own)
		*size = ms_tls.mark_value;
	return kind;
}

MS_EXPORT int posix_memalign(void **out, size_t align, size_t size)
{
	const uintptr_t *frame = MS_HOOK_FRAME;
	struct ms_thread *t = ms_hook_enter(frame);
	enum ms_event_kind kind;
	int error;

	if (MS_UNLIKELY(!t)) {
		if (ms_real.posix_memalign) {
			ms_plain_count_alloc(size);
			return ms_real.posix_memalign(out, align, size);
		}
		*out = ms_boot_alloc(size, align);
		return *out ? 0 : ENOMEM;
	}
	error = ms_real.posix_memalign(out, align, size);
	kind = kind_of(MS_EVENT_POSIX_MEMALIGN, &size);
	if (error != EINVAL) /* no alignment at all: nothing was asked of memory */
		ms_hook_made(t, frame, kind, error ? NULL : *out, size, log2_of(align));
	ms_hook_leave(t);
	return error;
}

MS_EXPORT void *aligned_alloc(size_t align, size_t size)
{
	const uintptr_t *frame = MS_HOOK_FRAME;
	struct ms_thread *t = ms_hook_enter(frame);
	enum ms_event_kind kind;
	void *p;

	if (MS_UNLIKELY(!t))
		return ms_plain_aligned(ms_real.aligned_alloc, align, size);
	p = ms_real.aligned_alloc(align, size);
	kind = kind_of(MS_EVENT_ALIGNED_ALLOC, &size);
	ms_hook_made(t, frame, kind, p, size, log2_of(align));
	ms_hook_leave(t);
	return p;
}

MS_EXPORT void *memalign(size_t align, size_t size)
{
	const uintptr_t *frame = MS_HOOK_FRAME;
	struct ms_thread *t = ms_hook_enter(frame);
	enum ms_event_kind kind;
	void *p;

	if (MS_UNLIKELY(!t))
		return ms_plain_aligned(ms_real.memalign, align, size);
	p = ms_real.memalign(align, size);
	kind = kind_of(MS_EVENT_MEMALIGN, &size);
	ms_hook_made(t, frame, kind, p, size, log2_of(align));
	ms_hook_leave(t);
	return p;
}

/* Page-aligned blocks; pvalloc rounds its size up to whole pages, which we record as
 * asked. */
static inline __attribute__((always_inline)) void *
pages(void *(*real)(size_t), size_t size, enum ms_event_kind kind, const uintptr_t *frame)
{
	struct ms_thread *t = ms_hook_enter(frame);
	void *p;

	if (MS_UNLIKELY(!t)) {
		if (!real)
			return ms_boot_alloc(size, MS_WIRE_PAGE);
		ms_plain_count_alloc(size);
		return real(size);
	}
	p = real(size);
	ms_hook_made(t, frame, kind, p, size, log2_of(MS_WIRE_PAGE));
	ms_hook_leave(t);
	return p;
}

MS_EXPORT void *valloc(size_t size)
{
	return pages(ms_real.valloc, size, MS_EVENT_VALLOC, MS_HOOK_FRAME);
}

MS_EXPORT void *pvalloc(size_t size)
{
	return pages(ms_real.pvalloc, size, MS_EVENT_PVALLOC, MS_HOOK_FRAME);
}
