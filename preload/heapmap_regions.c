/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heapmap_regions.c - what each stretch of the program's memory is.
 *
 * A thread's stack is known by its control block, which libc puts at its upper end, and
 * by the stack pointer that the kernel or the thread itself told.  A control block
 * without a thread is a stack that libc keeps for the next one.
 */
#include "preload/heapmap_child.h"

#include "preload/modules.h"
#include "preload/real.h"

#include <string.h>

#define CONTROL_BYTES 2304 /* of libc's struct pthread, which begins there */

static uint64_t page_up(uint64_t n)
{
	return (n + MS_WIRE_PAGE - 1) & ~(uint64_t)(MS_WIRE_PAGE - 1);
}

/* --- modules and the rest --------------------------------------------------------------
 */

#define BINS	    127 /* of glibc's main arena; each begins as a ring of itself */
#define BINS_AT	    112 /* in the arena */
#define ARENA_BYTES 2200
#define BINS_LEAST  16

/*
 * The allocator's lists of free memory lie in libc's data.  A free chunk is named by the
 * word before it, which may be the last word of a living block: so they are no roots.
 */
static uint64_t find_arena(uint64_t start, uint64_t end)
{
	uint64_t last = 0;
	unsigned found = 0;

	for (uint64_t at = start; at + 16 <= end; at += 8) {
		const volatile uint64_t *pair = (const volatile uint64_t *)(uintptr_t)at;

		if (pair[0] == at - 16 && pair[1] == at - 16) {
			found++;
			last = at;
		}
	}
	return found >= BINS_LEAST && last - start >= (BINS - 1) * 16 + BINS_AT
		       ? last - (BINS - 1) * 16 - BINS_AT
		       : 0;
}

static void put_data(struct ms_heapmap_scan *s, const struct ms_code *m, uint64_t start,
		     uint64_t end)
{
	uintptr_t own = (uintptr_t)&ms_real, allocator = (uintptr_t)ms_real.malloc;
	uint64_t arena;
	bool foreign;

	if (own >= m->start && own < m->end)
		return;
	foreign = ms_real.own_start && m->start <= ms_real.own_start &&
		  ms_real.own_start < m->end;
	ms_heapmap_region(s->writer, MS_REGION_DATA, start, end, m->module,
			  foreign ? MS_STRETCH_FOREIGN : 0);
	if (foreign || allocator < m->start || allocator >= m->end)
		return;
	arena = find_arena(start, end);
	if (arena)
		ms_heapmap_region(s->writer, MS_REGION_ALLOCATOR, arena,
				  arena + ARENA_BYTES, m->module, 0);
}

/* The module with the lowest start that reaches beyond `from`. */
static bool next_module(struct ms_code *next, uint64_t from, uint64_t end)
{
	struct ms_code m;

	next->start = UINTPTR_MAX;
	for (uint32_t id = 1; ms_modules_at(&m, id); id++)
		if (m.module && m.end > from && m.start < end && m.start < next->start)
			*next = m;
	return next->start != UINTPTR_MAX;
}

/* A program's bss and its break may be one mapping. */
static void put_vma(struct ms_heapmap_scan *s, const struct ms_vma *v)
{
	enum ms_region rest = v->flags & (MS_VMA_SHARED | MS_VMA_FILE) ? MS_REGION_SHARED
			      : v->flags & MS_VMA_BREAK		       ? MS_REGION_BREAK
							: MS_REGION_ANONYMOUS;
	uint64_t at = v->start;
	struct ms_code m;

	while (at < v->end && next_module(&m, at, v->end)) {
		uint64_t start = m.start > at ? m.start : at;
		uint64_t end = m.end < v->end ? m.end : v->end;

		ms_heapmap_region(s->writer, rest, at, start, 0, 0);
		put_data(s, &m, start, end);
		at = end;
	}
	ms_heapmap_region(s->writer, rest, at, v->end, 0, 0);
}

/* --- stacks ----------------------------------------------------------------------------
 */

static const struct ms_heapmap_thread *find_thread(const struct ms_heapmap_scan *s,
						   uint64_t tid)
{
	for (size_t i = 0; i < s->map->thread_count; i++)
		if (s->map->threads[i].tid == tid)
			return &s->map->threads[i];
	return NULL;
}

/* What is in use of a stack between low and high. */
static void put_stack(struct ms_heapmap_scan *s, const struct ms_heapmap_thread *t,
		      uint64_t tid, uint64_t low, uint64_t high)
{
	unsigned flags = t && t->all ? 0 : MS_STRETCH_REGISTERLESS;

	if (!t || t->r.sp < low || t->r.sp >= high) {
		ms_heapmap_region(s->writer, MS_REGION_STACK, low, high, tid,
				  flags | MS_STRETCH_WHOLE);
		return;
	}
	ms_heapmap_region(s->writer, MS_REGION_UNUSED, low, t->r.sp, tid, 0);
	ms_heapmap_region(s->writer, MS_REGION_STACK, t->r.sp & ~7ULL, high, tid, flags);
}

/* Where libc keeps a thread's id in its control block: it is known of the caller. */
static uint64_t find_tid_offset(const struct ms_heapmap_scan *s)
{
	const volatile uint32_t *words = (const volatile uint32_t *)ms_thread_pointer();

	for (size_t i = 16; i < CONTROL_BYTES / 4; i++)
		if (words[i] == (uint32_t)s->map->tid)
			return i * 4;
	return 0;
}

/* The recorder's own part of each thread's storage. */
static void put_own(struct ms_heapmap_scan *s, uint64_t tcb)
{
	uint64_t own = tcb + ((uintptr_t)&ms_tls - ms_thread_pointer());

	ms_heapmap_region(s->writer, MS_REGION_UNUSED, own, own + sizeof ms_tls, 0, 0);
}

static void put_thread(struct ms_heapmap_scan *s, const struct ms_vma *v, uint64_t tcb,
		       uint64_t low, uint64_t high, uint64_t tid_offset)
{
	uint64_t tls = tcb - ms_modules_tls_bytes;
	uint32_t tid = 0;
	const struct ms_heapmap_thread *t;

	put_own(s, tcb);
	if (tid_offset && tcb + CONTROL_BYTES <= v->end)
		tid = *(const volatile uint32_t *)(uintptr_t)(tcb + tid_offset);
	if (tid == s->map->pid || v->flags & MS_VMA_BREAK)
		return; /* the first thread's lies elsewhere; this is just its storage */
	if ((int32_t)tid < 0) /* libc's mark of one that was waited for */
		tid = 0;
	if (tls < low || tls > tcb)
		tls = low;
	t = find_thread(s, tid);
	ms_heapmap_region(s->writer, MS_REGION_TLS, tls, high, tid,
			  tid ? 0 : MS_STRETCH_GONE);
	if (tid)
		put_stack(s, t, tid, low, tls);
	else
		ms_heapmap_region(s->writer, MS_REGION_UNUSED, low, tls, 0, 0);
}

/* The control blocks in v were found in the order of their addresses. */
static void put_stacks(struct ms_heapmap_scan *s, const struct ms_vma *v, size_t *next,
		       uint64_t tid_offset)
{
	uint64_t low = v->start;

	for (; *next < s->tcb_count && s->tcbs[*next] < v->end; ++*next) {
		uint64_t tcb = s->tcbs[*next], high = page_up(tcb + CONTROL_BYTES);

		if (tcb < v->start || v->flags & MS_VMA_FILE)
			continue;
		if (high > v->end)
			high = v->end;
		put_thread(s, v, tcb, low, high, tid_offset);
		low = high;
	}
}

void ms_heapmap_regions(struct ms_heapmap_scan *s)
{
	uint64_t tid_offset = find_tid_offset(s);
	size_t next = 0;

	for (size_t i = 0; i < s->vma_count; i++) {
		const struct ms_vma *v = &s->vmas[i];

		if (!(v->flags & MS_VMA_WRITE) || v->flags & MS_VMA_OWN)
			continue;
		if (v->flags & MS_VMA_STACK) {
			put_stack(s, find_thread(s, s->map->pid), s->map->pid, v->start,
				  v->end);
			continue;
		}
		if (!(v->flags & MS_VMA_DEVICE))
			put_vma(s, v);
		put_stacks(s, v, &next, tid_offset);
	}
}
