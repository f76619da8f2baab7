/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counters.c - exact totals, kept in the log itself.
 *
 * A thread adds to entries of its own with plain stores; where it has none (it is ending,
 * or the log may not grow any more) it adds to shared ones with atomic adds.
 */
#include "preload/counters.h"

#include "preload/window.h"

#define WINDOW_BYTES (8 * 1024)

struct ms_carving { /* a window that entries are taken from */
	uint8_t *base;
	uint32_t count;
	_Atomic uint32_t used;
};

static const size_t entry_bytes[] = {
	[MS_COUNTERS_TOTALS] = sizeof(struct ms_wire_totals),
	[MS_COUNTERS_SIZES] = sizeof(struct ms_wire_sizes),
	[MS_COUNTERS_FOLDED] = sizeof(struct ms_wire_folded),
};

static struct ms_carving *carve(enum ms_counters kind)
{
	struct ms_window *w = ms_window_new(MS_WINDOW_COUNTERS, WINDOW_BYTES, kind, 0);
	struct ms_carving *c = w ? ms_small(sizeof *c) : NULL;

	if (!c)
		return NULL;
	c->base = ms_window_body(w->header);
	c->count = (uint32_t)(w->body_bytes / entry_bytes[kind]);
	atomic_store_explicit(&c->used, 1, memory_order_relaxed);
	return c;
}

void *ms_counters_take(enum ms_counters kind)
{
	_Atomic(struct ms_carving *) *current = &ms_session->carving[kind];
	/* acquire: pairs with the release below, which publishes the fields */
	struct ms_carving *c = atomic_load_explicit(current, memory_order_acquire), *more;
	uint32_t at =
		c ? atomic_fetch_add_explicit(&c->used, 1, memory_order_relaxed) : 0;

	if (c && at < c->count)
		return c->base + at * entry_bytes[kind];
	more = carve(kind);
	if (!more)
		return NULL;
	/* who loses a race here leaves the rest of its window unused */
	atomic_compare_exchange_strong_explicit(current, &c, more, memory_order_acq_rel,
						memory_order_relaxed);
	return more->base;
}

bool ms_counters_begin(void)
{
	ms_session->shared_sizes = ms_counters_take(MS_COUNTERS_SIZES);
	if (ms_session->shared_sizes)
		ms_session->shared_totals = ms_counters_take(MS_COUNTERS_TOTALS);
	return ms_session->shared_totals;
}

/*
 * No signals meanwhile: a handler that jumps out of here would leave the file's growing
 * half done.  An ending thread's events come one by one, each with another state.
 */
static MS_COLD void take_entries(struct ms_thread *t)
{
	struct ms_wire_totals *totals;
	uint64_t held;

	if (t->role == MS_ROLE_LATE)
		return;
	held = ms_sys_hold_signals();
	if (!t->sizes)
		t->sizes = ms_counters_take(MS_COUNTERS_SIZES);
	totals = t->sizes ? ms_counters_take(MS_COUNTERS_TOTALS) : NULL;
	if (totals)
		totals->thread = t->id;
	t->totals = totals;
	ms_sys_release_signals(held);
}

/* One writer: a plain add whose store is whole. */
static inline void add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static inline uint64_t *counter_of(struct ms_wire_totals *totals, enum ms_counted what)
{
	uint64_t *const counters[] = { &totals->allocations, &totals->reallocations,
				       &totals->deallocations, &totals->failed };

	return counters[what];
}

static MS_COLD void add_shared(enum ms_counted what, size_t size)
{
	struct ms_wire_totals *totals = ms_session->shared_totals;
	unsigned c = ms_wire_size_class(size);

	if (!totals)
		return;
	__atomic_fetch_add(counter_of(totals, what), 1, __ATOMIC_RELAXED);
	if (what > MS_COUNTED_REALLOC)
		return;
	__atomic_fetch_add(&totals->allocated, size, __ATOMIC_RELAXED);
	__atomic_fetch_add(&ms_session->shared_sizes->classes[c].blocks, 1,
			   __ATOMIC_RELAXED);
	__atomic_fetch_add(&ms_session->shared_sizes->classes[c].bytes, size,
			   __ATOMIC_RELAXED);
}

void ms_counters_add(struct ms_thread *t, enum ms_counted what, size_t size)
{
	unsigned c = ms_wire_size_class(size);

	if (MS_UNLIKELY(!t->totals)) {
		take_entries(t);
		if (!t->totals) {
			add_shared(what, size);
			return;
		}
	}
	add(counter_of(t->totals, what), 1);
	if (what > MS_COUNTED_REALLOC)
		return;
	add(&t->totals->allocated, size);
	add(&t->sizes->classes[c].blocks, 1);
	add(&t->sizes->classes[c].bytes, size);
}
