/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cull.c - the mode cull: a block that its thread frees soon becomes a few counts.
 *
 * Who frees a block takes it out of the set of followed ones; only its own thread, and
 * only in time, folds it.  Everybody else writes the free at once and leaves the block in
 * the ring, from where its thread writes it later with the time of then: into a stream of
 * its own, since a stream's times never go back.
 */
#include "preload/cull.h"

#include "preload/counters.h"
#include "preload/followed.h"
#include "preload/hook.h"
#include "preload/own_cost.h"

#include <time.h>

#define SLOT_BITS  10
#define SLOTS_MAX  ((1U << SLOT_BITS) - 1)
#define RINGS_MAX  (1U << (MS_FOLLOWED_TAG_BITS - SLOT_BITS))
#define RING_BYTES (32 * 1024)
#define FOLDS_MIN  256

struct fold {
	uint32_t stack;
	struct ms_wire_folded *entry; /* NULL: the place is free */
};

struct ms_cull {
	struct ms_wire_pending *ring; /* after the first, which names the thread */
	uint32_t slots, number;
	uint32_t oldest, waiting;
	struct ms_thread *delayed;
	struct fold *folds;
	uint32_t fold_bits, fold_count;
};

/* Ticks of the limit and of the lifetimes' bounds, as well as the clock is known. */
static _Atomic uint64_t limit, bounds[MS_WIRE_LIFETIMES - 1];

static uint64_t ticks_of(uint64_t ns, uint64_t ticks, uint64_t in_ns)
{
	if (in_ns < 100000)
		return ms_clock_interval(ns);
	return (uint64_t)((unsigned __int128)ns * ticks / in_ns);
}

void ms_cull_tune(void)
{
	const struct ms_wire_head *h = ms_session->head;
	uint64_t in_ns = ms_clock_ns(CLOCK_MONOTONIC) - h->start_mono_ns;
	uint64_t ticks = ms_now_before() - h->start_ticks, ns = 1000000;

	atomic_store_explicit(&limit, ticks_of(ms_config.cull_ns, ticks, in_ns),
			      memory_order_relaxed);
	for (unsigned i = 0; i < MS_WIRE_LIFETIMES - 1; i++, ns *= 10)
		atomic_store_explicit(&bounds[i], ticks_of(ns, ticks, in_ns),
				      memory_order_relaxed);
}

static inline uint64_t look(_Atomic uint64_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

/* --- a thread's ring ------------------------------------------------------------------
 */

static struct ms_cull *make(struct ms_thread *t)
{
	uint32_t number =
		atomic_fetch_add_explicit(&ms_session->culls, 1, memory_order_relaxed);
	struct ms_window *w = number < RINGS_MAX
				      ? ms_window_new(MS_WINDOW_COUNTERS, RING_BYTES,
						      MS_COUNTERS_PENDING, 0)
				      : NULL;
	struct ms_cull *c = w ? ms_small(sizeof *c) : NULL;

	if (!c)
		return NULL;
	c->ring = (struct ms_wire_pending *)ms_window_body(w->header) + 1;
	c->slots = (uint32_t)(w->body_bytes / sizeof *c->ring) - 1;
	c->slots = c->slots < SLOTS_MAX ? c->slots : SLOTS_MAX;
	c->number = number;
	c->folds = ms_map(FOLDS_MIN * sizeof *c->folds, true);
	c->fold_bits = (unsigned)__builtin_ctz(FOLDS_MIN);
	t->cull = c;
	return c->folds ? c : NULL;
}

/* No signals meanwhile, as where a window is made.  NULL: this thread folds nothing. */
static MS_COLD struct ms_cull *begin(struct ms_thread *t)
{
	struct ms_cull *c;
	uint64_t held;

	if (t->role != MS_ROLE_OWN || t->no_ring)
		return NULL;
	held = ms_sys_hold_signals();
	ms_cull_tune();
	c = t->cull ? t->cull : make(t);
	if (c && !c->delayed)
		c->delayed = ms_thread_delayed(t);
	if (c)
		c->ring[-1].stack = t->id;
	t->no_ring = !c || !c->folds || !c->delayed;
	ms_sys_release_signals(held);
	return t->no_ring ? NULL : c;
}

static inline struct ms_cull *cull_of(struct ms_thread *t)
{
	struct ms_cull *c = t->cull;

	return MS_LIKELY(c && c->delayed) ? c : begin(t);
}

static void *address_of(const struct ms_wire_pending *e)
{
	return (void *)(uintptr_t)(e->address >> 16);
}

static unsigned tag_of(const struct ms_cull *c, const struct ms_wire_pending *e)
{
	return c->number << SLOT_BITS | (unsigned)(e - c->ring);
}

static void set_state(struct ms_wire_pending *e, enum ms_pending state)
{
	/* release: what the state speaks of is in the log before it */
	__atomic_store_n(&e->state, state, __ATOMIC_RELEASE);
}

/* false: there is no room for it, it stays where it is. */
static bool write_out(struct ms_cull *c, struct ms_wire_pending *e)
{
	struct ms_thread *d = c->delayed;

	if (d->p >= d->end && !ms_thread_room_at(d, e->ticks))
		return false;
	ms_followed_drop(address_of(e), tag_of(c, e));
	set_state(e, MS_PENDING_WRITTEN);
	ms_hook_write_made(d, (enum ms_event_kind)(e->address >> 8 & 0xff), e->ticks,
			   address_of(e), e->size, (unsigned)e->address & 0xff, e->stack);
	set_state(e, MS_PENDING_NONE);
	return true;
}

/* The oldest leaves the ring, as an event unless it was folded. */
static bool drop_oldest(struct ms_cull *c)
{
	struct ms_wire_pending *e = &c->ring[c->oldest];

	if (e->state && !write_out(c, e))
		return false;
	c->oldest = c->oldest + 1 == c->slots ? 0 : c->oldest + 1;
	c->waiting--;
	return true;
}

static void expire(struct ms_cull *c, uint64_t now)
{
	while (c->waiting) {
		const struct ms_wire_pending *e = &c->ring[c->oldest];

		if ((e->state && now - e->ticks <= look(&limit)) || !drop_oldest(c))
			return;
	}
}

const struct ms_thread *ms_cull_stream(const struct ms_thread *t)
{
	return t->cull ? t->cull->delayed : NULL;
}

void ms_cull_flush(struct ms_thread *t)
{
	struct ms_cull *c = t->cull;

	if (!c || !c->delayed)
		return;
	while (c->waiting && drop_oldest(c))
		;
	ms_cost_add(t, c->delayed);
	ms_thread_give(c->delayed);
	c->delayed = NULL;
}

/* --- totals of a stack ----------------------------------------------------------------
 */

static struct fold *place_of(struct fold *folds, unsigned bits, uint32_t stack)
{
	uint32_t mask = (1U << bits) - 1;
	uint32_t i = stack * 0x9e3779b1U >> (32 - bits);

	while (folds[i].entry && folds[i].stack != stack)
		i = (i + 1) & mask;
	return &folds[i];
}

/* Keep the table less than half full. */
static bool grow(struct ms_cull *c)
{
	size_t bytes = sizeof *c->folds << c->fold_bits;
	struct fold *more;

	if (c->fold_count < 1U << (c->fold_bits - 1))
		return true;
	more = ms_map(2 * bytes, true);
	if (!more)
		return false;
	for (uint32_t i = 0; i < 1U << c->fold_bits; i++)
		if (c->folds[i].entry)
			*place_of(more, c->fold_bits + 1, c->folds[i].stack) =
				c->folds[i];
	ms_unmap(c->folds, bytes);
	c->folds = more;
	c->fold_bits++;
	return true;
}

static MS_COLD struct ms_wire_folded *add_stack(struct ms_cull *c, uint32_t stack)
{
	uint64_t held = ms_sys_hold_signals();
	struct fold *place;

	place = grow(c) ? place_of(c->folds, c->fold_bits, stack) : NULL;
	if (place && !place->entry) {
		place->stack = stack;
		place->entry = ms_counters_take(MS_COUNTERS_FOLDED);
		if (place->entry) {
			place->entry->stack = stack;
			c->fold_count++;
		}
	}
	ms_sys_release_signals(held);
	return place ? place->entry : NULL;
}

static inline void add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

/* false: there is no room for its stack's totals. */
static bool fold(struct ms_cull *c, struct ms_wire_pending *e, uint64_t age)
{
	struct ms_wire_folded *f = place_of(c->folds, c->fold_bits, e->stack)->entry;
	unsigned lifetime = 0;

	if (MS_UNLIKELY(!f) && !(f = add_stack(c, e->stack)))
		return false;
	while (lifetime < MS_WIRE_LIFETIMES - 1 && age >= look(&bounds[lifetime]))
		lifetime++;
	set_state(e, MS_PENDING_NONE);
	add(&f->blocks, 1);
	add(&f->bytes, e->size);
	add(&f->lifetimes[lifetime], 1);
	if (e->size > f->largest)
		f->largest = e->size;
	return true;
}

/* --- what hooks call ------------------------------------------------------------------
 */

/* false: it must be written at once. */
static bool wait(struct ms_thread *t, enum ms_event_kind kind, uint64_t ticks,
		 const void *p, size_t size, unsigned align_log2, uint32_t stack)
{
	struct ms_cull *c = cull_of(t);
	struct ms_wire_pending *e;
	uint32_t slot;

	if (!c || !p)
		return false;
	expire(c, ticks);
	if (c->waiting == c->slots && !drop_oldest(c))
		return false;
	slot = c->oldest + c->waiting;
	slot = slot < c->slots ? slot : slot - c->slots;
	e = &c->ring[slot];
	if (!ms_followed_put(p, tag_of(c, e)))
		return false;
	e->ticks = ticks;
	e->size = size;
	e->address = (uint64_t)(uintptr_t)p << 16 | (uint64_t)kind << 8 | align_log2;
	e->stack = stack;
	set_state(e, MS_PENDING_WAITS);
	c->waiting++;
	return true;
}

void ms_cull_made(struct ms_thread *t, const uintptr_t *frame, enum ms_event_kind kind,
		  const void *p, size_t size, unsigned align_log2)
{
	uint64_t ticks = ms_now_after();
	uint32_t stack = ms_stack_take(t, frame);

	if (!wait(t, kind, ticks, p, size, align_log2, stack))
		ms_hook_write_made(t, kind, ticks, p, size, align_log2, stack);
}

void ms_cull_ends(struct ms_thread *t, const uintptr_t *frame, enum ms_event_kind kind,
		  const void *p)
{
	struct ms_cull *c = t->cull;
	struct ms_wire_pending *e;
	unsigned tag;
	uint64_t age;

	if (ms_followed_take(p, &tag) && c && tag >> SLOT_BITS == c->number) {
		e = &c->ring[tag & SLOTS_MAX];
		age = ms_now_before() - e->ticks;
		/* a hook that was jumped out of may have left its tag and no block */
		if (e->state == MS_PENDING_WAITS && address_of(e) == p &&
		    age <= look(&limit) && fold(c, e, age))
			return;
	}
	ms_hook_write_ends(t, frame, kind, p);
}
