/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_map.c - memory that the program takes from the kernel itself: mmap, munmap,
 * mremap, brk, sbrk.
 *
 * What libc maps inside itself passes no hook, and what the allocator maps is left out:
 * it comes back as blocks.  What a call gives up is stamped before it and what it takes
 * after it, so that in the order of time no page ever has two owners; both are recorded
 * after the call, when it is known whether it did anything.  In every mode but counters
 * they are: they are few.
 */
#define _GNU_SOURCE
#include "preload/hook.h"

#include "preload/life.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

/* NULL: the call is not recorded. */
static struct ms_thread *enter(const uintptr_t *frame)
{
	struct ms_thread *t;

	if (!ms_config.mappings ||
	    (frame[1] >= ms_real.own_start && frame[1] < ms_real.own_end))
		return NULL;
	t = ms_hook_enter(frame);
	/* asked only here: what a call gives up and takes is recorded whole or not at all
	 */
	if (t && MS_UNLIKELY(ms_mode_now() == MS_MODE_COUNTERS)) {
		ms_hook_leave(t);
		t = NULL;
	}
	if (MS_UNLIKELY(!t))
		ms_plain_count_mapping();
	return t;
}

/* What a call did; address 0: it failed. */
struct done {
	const uintptr_t *frame;
	uint64_t begin; /* ticks before the call */
	uint64_t address, length;
	uint32_t more[2];
};

static void record(struct ms_thread *t, const struct done *d, enum ms_event_kind kind,
		   uint64_t ticks)
{
	int saved = errno;
	bool none = kind == MS_EVENT_MUNMAP || kind == MS_EVENT_MREMAP_BEGIN;
	unsigned more = kind == MS_EVENT_MMAP ? 2 : !none;

	ms_hook_phase(t);
	ms_emit_mapping(t, kind, ticks, ms_stack_take(t, d->frame),
			&(struct ms_mapping){ d->address, d->length, d->more, more });
	errno = saved;
}

/* --- mmap ----------------------------------------------------------------------------
 */

static void *raw_mmap(void *at, size_t length, int protection, int flags, int fd,
		      off_t offset)
{
	long r = ms_sys6(SYS_mmap, (long)at, (long)length, protection, flags, fd, offset);

	if (!ms_sys_failed(r))
		return (void *)r;
	if (ms_life_relocated())
		errno = (int)-r;
	return MAP_FAILED;
}

typedef void *map_fn(void *, size_t, int, int, int, off_t);

static inline __attribute__((always_inline)) void *map(map_fn *const *real, void *at,
						       size_t length, int protection,
						       int flags, int fd, off_t offset,
						       const uintptr_t *frame)
{
	struct ms_thread *t = enter(frame);
	struct done d = { .frame = frame, .length = length };
	map_fn *call = *real ? *real : raw_mmap;
	void *p = call(at, length, protection, flags, fd, offset);

	if (!t)
		return p;
	d.address = p == MAP_FAILED ? 0 : (uintptr_t)p;
	d.more[0] = (uint32_t)protection;
	d.more[1] = (uint32_t)flags;
	record(t, &d, MS_EVENT_MMAP, ms_now_after());
	ms_hook_leave(t);
	return p;
}

MS_EXPORT void *mmap(void *at, size_t length, int protection, int flags, int fd,
		     off_t offset)
{
	return map(&ms_real.mmap, at, length, protection, flags, fd, offset,
		   MS_HOOK_FRAME);
}

MS_EXPORT void *mmap64(void *at, size_t length, int protection, int flags, int fd,
		       off64_t offset)
{
	return map(&ms_real.mmap64, at, length, protection, flags, fd, offset,
		   MS_HOOK_FRAME);
}

/* --- munmap --------------------------------------------------------------------------
 */

static int raw_munmap(void *at, size_t length)
{
	long r = ms_sys(SYS_munmap, at, length, 0, 0);

	if (ms_sys_failed(r) && ms_life_relocated())
		errno = (int)-r;
	return ms_sys_failed(r) ? -1 : 0;
}

MS_EXPORT int munmap(void *at, size_t length)
{
	struct done d = { .frame = MS_HOOK_FRAME,
			  .address = (uintptr_t)at,
			  .length = length };
	struct ms_thread *t = enter(d.frame);
	int result;

	if (t)
		d.begin = ms_now_before();
	result = ms_real.munmap ? ms_real.munmap(at, length) : raw_munmap(at, length);
	if (!t)
		return result;
	if (!result) /* one that fails changes nothing */
		record(t, &d, MS_EVENT_MUNMAP, d.begin);
	ms_hook_leave(t);
	return result;
}

/* --- mremap --------------------------------------------------------------------------
 */

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static void *raw_mremap(void *old, size_t old_length, size_t length, int flags, ...)
{
	va_list rest;
	void *wanted;
	long r;

	va_start(rest, flags);
	wanted = va_arg(rest, void *);
	va_end(rest);
	r = ms_sys6(SYS_mremap, (long)old, (long)old_length, (long)length, flags,
		    (long)wanted, 0);
	if (!ms_sys_failed(r))
		return (void *)r;
	if (ms_life_relocated())
		errno = (int)-r;
	return MAP_FAILED;
}

MS_EXPORT void *mremap(void *old, size_t old_length, size_t length, int flags, ...)
{
	struct done d = { .frame = MS_HOOK_FRAME,
			  .address = (uintptr_t)old,
			  .more = { (uint32_t)flags } };
	struct ms_thread *t = enter(d.frame);
	void *p, *wanted;
	va_list rest;

	va_start(rest, flags); /* the kernel looks at it only when the flags say so */
	wanted = va_arg(rest, void *);
	va_end(rest);
	if (t)
		d.begin = ms_now_before();
	p = (ms_real.mremap ? ms_real.mremap : raw_mremap)(old, old_length, length, flags,
							   wanted);
	if (!t)
		return p;
	if (p != MAP_FAILED && !(flags & MREMAP_DONTUNMAP))
		d.length = old_length; /* given up */
	record(t, &d, MS_EVENT_MREMAP_BEGIN, d.begin);
	d.address = p == MAP_FAILED ? 0 : (uintptr_t)p;
	d.length = length;
	record(t, &d, MS_EVENT_MREMAP, ms_now_after());
	ms_hook_leave(t);
	return p;
}

/* --- brk: address is the new break, more says whether it went down -------------------
 */

static void record_break(struct ms_thread *t, struct done *d, uintptr_t from,
			 uintptr_t to)
{
	d->address = to;
	d->length = to > from ? to - from : from - to;
	d->more[0] = to < from;
	if (to != from)
		record(t, d, MS_EVENT_BRK, to < from ? d->begin : ms_now_after());
}

/* Growing failed. */
static void record_no_break(struct ms_thread *t, struct done *d, uint64_t wanted)
{
	d->address = 0;
	d->length = wanted;
	record(t, d, MS_EVENT_BRK, ms_now_after());
}

/* Before anything is set up, when another library's start asks for them. */
static void find_break(void)
{
	if (!ms_real.sbrk && ms_life_relocated()) {
		*(void **)&ms_real.brk = ms_real_next("brk");
		*(void **)&ms_real.sbrk = ms_real_next("sbrk");
	}
}

MS_EXPORT void *sbrk(intptr_t by)
{
	struct done d = { .frame = MS_HOOK_FRAME };
	struct ms_thread *t = by ? enter(d.frame) : NULL; /* 0 asks where it is */
	void *old;

	find_break();
	if (t)
		d.begin = ms_now_before();
	old = ms_real.sbrk ? ms_real.sbrk(by) : (void *)-1;
	if (!t)
		return old;
	if (old != (void *)-1)
		record_break(t, &d, (uintptr_t)old, (uintptr_t)old + (uintptr_t)by);
	else if (by > 0)
		record_no_break(t, &d, (uint64_t)by);
	ms_hook_leave(t);
	return old;
}

MS_EXPORT int brk(void *to)
{
	struct done d = { .frame = MS_HOOK_FRAME };
	struct ms_thread *t = enter(d.frame);
	uintptr_t from = 0;
	int result;

	find_break();
	if (t) {
		from = (uintptr_t)ms_real.sbrk(0);
		d.begin = ms_now_before();
	}
	result = ms_real.brk ? ms_real.brk(to) : -1;
	if (!t)
		return result;
	if (!result)
		record_break(t, &d, from, (uintptr_t)to);
	else if ((uintptr_t)to > from)
		record_no_break(t, &d, (uintptr_t)to - from);
	ms_hook_leave(t);
	return result;
}
