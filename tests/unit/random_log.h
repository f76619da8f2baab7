/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random_log.h - random events that make sense, and what became of each block: the slow
 * and obvious model that engines are compared with.
 *
 * Events of several threads, many at the same nanosecond of one thread; reallocs whose
 * halves have other threads' events between them, some of which fail or free; frees of
 * unknown addresses.  An address is never handed out while its block is there.
 */
#ifndef MS_TEST_RANDOM_LOG_H
#define MS_TEST_RANDOM_LOG_H

#include "tests/unit/log_builder.h"

#define RL_MAX	   4096
#define RL_THREADS 4
#define RL_STACKS  24

struct rl_life { /* of one block */
	uint64_t address, size, made_ns, end_ns;
	uint32_t thread, stack;
	unsigned kind;
	size_t made, end; /* numbers of the events, from 1; end 0: never */
	bool freed;	  /* the end was a call that only ends a block */
};

struct rl_transit {
	size_t life; /* in lives */
	bool open;
};

struct random_log {
	uint64_t state; /* of the generator */
	struct rl_life lives[RL_MAX];
	size_t life_count;
	uint64_t times[RL_MAX * 2]; /* of each event, from 1 */
	size_t event_count;
	struct rl_transit transits[RL_THREADS + 1];
	uint64_t now;
	uint32_t last_thread;
	uint32_t stack_count; /* of the log's nodes, that events take at random */
};

static inline uint64_t rl_random(struct random_log *r, uint64_t below)
{
	r->state ^= r->state << 13;
	r->state ^= r->state >> 7;
	r->state ^= r->state << 17;
	return r->state % below;
}

/* The number of a new event of thread; others' events are at other times. */
static inline size_t rl_step(struct random_log *r, uint32_t thread)
{
	uint64_t step = rl_random(r, 3) ? 0 : rl_random(r, 4000000);

	r->now += thread == r->last_thread ? step : step + 1;
	r->last_thread = thread;
	r->times[++r->event_count] = r->now;
	return r->event_count;
}

static inline bool rl_is_live(const struct random_log *r, size_t i)
{
	for (unsigned t = 1; t <= RL_THREADS; t++) {
		if (r->transits[t].open && r->transits[t].life == i)
			return false;
	}
	return !r->lives[i].end;
}

/* A live block that no realloc has taken, or RL_MAX. */
static inline size_t rl_pick(struct random_log *r)
{
	for (int tries = 0; r->life_count && tries < 20; tries++) {
		/* Mostly a young one. */
		size_t range = rl_random(r, 2) && r->life_count > 8 ? 8 : r->life_count;
		size_t i = r->life_count - 1 - rl_random(r, range);

		if (rl_is_live(r, i))
			return i;
	}
	return RL_MAX;
}

static inline uint64_t rl_address(struct random_log *r)
{
	for (;;) {
		uint64_t address = 0x10000 + 16 * rl_random(r, 512);
		bool taken = false;

		for (size_t i = 0; i < r->life_count; i++)
			taken |= !r->lives[i].end && r->lives[i].address == address;
		if (!taken)
			return address;
	}
}

static inline void rl_begin(struct random_log *r, struct log_builder *lb, uint32_t thread,
			    unsigned kind, size_t event)
{
	struct rl_life *life = &r->lives[r->life_count++];

	*life = (struct rl_life){
		.address = rl_address(r),
		.size = rl_random(r, 4) ? rl_random(r, 300) : rl_random(r, 100000),
		.made_ns = r->now,
		.thread = thread,
		.stack = (uint32_t)rl_random(r, r->stack_count + 1),
		.kind = kind,
		.made = event,
	};
	lb_event(lb, thread, LB_START_TICKS + r->now, kind, life->address, life->size,
		 life->stack);
}

static inline void rl_finish(struct random_log *r, size_t i, size_t event, bool freed)
{
	r->lives[i].end = event;
	r->lives[i].end_ns = r->now;
	r->lives[i].freed = freed;
}

static inline void rl_realloc_end(struct random_log *r, struct log_builder *lb,
				  uint32_t thread)
{
	struct rl_transit *transit = &r->transits[thread];
	size_t event = rl_step(r, thread);
	uint64_t ticks = LB_START_TICKS + r->now;

	transit->open = false;
	switch (rl_random(r, 4)) {
	case 0: /* it failed */
		lb_event(lb, thread, ticks, MS_EVENT_REALLOC_END, 0, 1 << 30, 1);
		return;
	case 1:
		rl_finish(r, transit->life, event, true);
		lb_event(lb, thread, ticks, MS_EVENT_REALLOC_FREED, 0, 0, 1);
		return;
	default:
		rl_finish(r, transit->life, event, false);
		rl_begin(r, lb, thread, MS_EVENT_REALLOC_END, event);
	}
}

static inline void rl_event(struct random_log *r, struct log_builder *lb)
{
	static const unsigned kinds[] = { MS_EVENT_MALLOC,	MS_EVENT_CALLOC,
					  MS_EVENT_NEW,		MS_EVENT_NEW_ARRAY,
					  MS_EVENT_NEW_ALIGNED, MS_EVENT_REALLOC_NULL };
	uint32_t thread = rl_random(r, 2) && r->last_thread
				  ? r->last_thread
				  : 1 + (uint32_t)rl_random(r, RL_THREADS);
	uint64_t what = rl_random(r, 20);
	size_t picked = what < 12 ? RL_MAX : rl_pick(r), event;

	if (r->transits[thread].open && what % 2) {
		rl_realloc_end(r, lb, thread);
		return;
	}
	if (r->transits[thread].open) /* a thread waits for its call */
		return;
	event = rl_step(r, thread);
	if (picked == RL_MAX && what == 19) {
		lb_event(lb, thread, LB_START_TICKS + r->now, MS_EVENT_FREE, 0xdead0, 0,
			 0);
	} else if (picked == RL_MAX) {
		rl_begin(r, lb, thread, kinds[rl_random(r, 6)], event);
	} else if (what < 18) {
		rl_finish(r, picked, event, true);
		lb_event(lb, thread, LB_START_TICKS + r->now,
			 what % 2 ? MS_EVENT_FREE : MS_EVENT_DELETE,
			 r->lives[picked].address, 0, 0);
	} else {
		r->transits[thread] = (struct rl_transit){ picked, true };
		lb_event(lb, thread, LB_START_TICKS + r->now, MS_EVENT_REALLOC_BEGIN,
			 r->lives[picked].address, 0, 0);
	}
}

/* Add count events or fewer to a log that has stack_count nodes. */
static inline void rl_fill(struct random_log *r, struct log_builder *lb, uint64_t seed,
			   uint32_t stack_count, size_t count)
{
	memset(r, 0, sizeof(*r));
	r->state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	r->stack_count = stack_count;
	r->now = 1000;
	for (size_t i = 0; i < count && r->life_count < RL_MAX; i++)
		rl_event(r, lb);
}

/* --- what the model says at an instant, after a number of events
 * ------------------------ */

static inline bool rl_lives(const struct rl_life *life, size_t events)
{
	return life->made <= events && (!life->end || life->end > events);
}

static inline uint64_t rl_live_bytes(const struct random_log *r, size_t events)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < r->life_count; i++)
		bytes += rl_lives(&r->lives[i], events) ? r->lives[i].size : 0;
	return bytes;
}

/* The first event of the largest sum until then; 0: nothing was ever live. */
static inline size_t rl_peak(const struct random_log *r, size_t events)
{
	uint64_t most = 0;
	size_t peak = 0;

	for (size_t e = 1; e <= events; e++) {
		uint64_t bytes = rl_live_bytes(r, e);

		if (bytes > most) {
			most = bytes;
			peak = e;
		}
	}
	return peak;
}

/* Freed before its thread made another block. */
static inline bool rl_is_temporary(const struct random_log *r, const struct rl_life *life,
				   size_t events)
{
	if (!life->freed || life->end > events)
		return false;
	for (size_t i = 0; i < r->life_count; i++) {
		const struct rl_life *other = &r->lives[i];

		if (other->thread == life->thread && other->made > life->made &&
		    other->made < life->end)
			return false;
	}
	return true;
}

/* How many events are at or before a time. */
static inline size_t rl_events_until(const struct random_log *r, uint64_t ns)
{
	size_t events = 0;

	while (events < r->event_count && r->times[events + 1] <= ns)
		events++;
	return events;
}

#endif
