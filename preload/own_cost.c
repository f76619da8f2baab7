/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own_cost.c - what recording costs, measured while it records.
 */
#include "preload/own_cost.h"

#include "preload/clock.h"
#include "preload/cull.h"
#include "preload/modes.h"
#include "preload/payload.h"

#include <time.h>

_Atomic uint64_t ms_cost_rule_misses, ms_cost_table_bytes, ms_cost_growths;

/* Longer than a hook takes: the processor was somebody else's meanwhile, once in a few
 * thousand times, and would outweigh all the others. */
#define LONGEST_NS 50000

void ms_cost_time(struct ms_thread *t)
{
	uint8_t *end = t->p + MS_COST_EVERY_BYTES;

	/* most hooks of the other modes write nothing: those that do are not like them */
	if (ms_mode_now() != MS_MODE_FULL) {
		t->end = t->limit;
		return;
	}
	t->end = end < t->limit ? end : t->limit;
	if (!t->timed_since) {
		t->due_tick = t->next_tick;
		t->next_tick = 0; /* leaving the hook leads to ms_thread_tick */
	}
	t->timed_since = ms_now_before();
}

/*
 * A block that was made is stamped after the real call, one that ends before it (its hook
 * is left in the real function's phase): what lies on the other side is not ours.
 */
void ms_cost_timed(struct ms_thread *t, bool abandoned)
{
	uint64_t from = t->timed_since, to = t->last_ticks;

	if (!from)
		return;
	t->timed_since = 0;
	t->next_tick = t->due_tick;
	if (to < from) /* it stamped nothing: the mode has changed meanwhile */
		return;
	if (t->phase == MS_PHASE_RECORD) {
		from = to;
		to = ms_now_before();
	}
	if (abandoned || to < from || to - from > ms_clock_interval(LONGEST_NS))
		return;
	t->cost[MS_COST_TIMED_HOOKS]++;
	t->cost[MS_COST_TIMED_TICKS] += to - from;
}

void ms_cost_leaves_window(struct ms_thread *t)
{
	t->cost[MS_COST_WINDOWS]++;
	t->cost[MS_COST_EVENT_BYTES] += (uint64_t)(t->p - t->from);
	t->from = t->p;
}

static uint64_t of_stream(const struct ms_thread *t, unsigned key)
{
	uint64_t value = t->cost[key];

	if (key == MS_COST_KNOWN_STACKS)
		value += t->memo.hits;
	if (key == MS_COST_EVENT_BYTES && t->window)
		value += (uint64_t)(t->p - t->from);
	if (key == MS_COST_WINDOWS && t->window)
		value++;
	return value;
}

static uint64_t of_thread(const struct ms_thread *t, unsigned key)
{
	const struct ms_thread *delayed = ms_cull_stream(t);
	uint64_t value = of_stream(t, key);

	if (delayed)
		value += of_stream(delayed, key);
	return t->nested ? value + of_stream(t->nested, key) : value;
}

void ms_cost_add(struct ms_thread *t, const struct ms_thread *delayed)
{
	for (unsigned key = 0; key < MS_COST_THREAD_COUNT; key++)
		t->cost[key] += of_stream(delayed, key);
}

static void put_pair(struct ms_payload *l, unsigned key, uint64_t value)
{
	if (!value)
		return;
	ms_payload_number(l, key);
	ms_payload_number(l, value);
}

void ms_cost_put(struct ms_thread *t, uint64_t ticks)
{
	struct ms_payload l;

	ms_payload_begin(&l);
	ms_payload_number(&l, t->id);
	ms_payload_number(&l, ticks);
	for (unsigned key = 0; key < MS_COST_THREAD_COUNT; key++)
		put_pair(&l, key, of_thread(t, key));
	ms_payload_put(&l, MS_RECORD_COST);
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	if (ms_sys_failed(ms_sys(SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, &t, 0, 0)))
		return 0;
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

void ms_cost_put_process(uint64_t ticks)
{
	struct ms_payload l;

	ms_payload_begin(&l);
	ms_payload_number(&l, 0);
	ms_payload_number(&l, ticks);
	put_pair(&l, MS_COST_RULE_MISSES, atomic_load(&ms_cost_rule_misses));
	put_pair(&l, MS_COST_TABLE_BYTES, atomic_load(&ms_cost_table_bytes));
	put_pair(&l, MS_COST_LOG_BYTES, atomic_load(&ms_session->file_bytes));
	put_pair(&l, MS_COST_GROWTHS, atomic_load(&ms_cost_growths));
	put_pair(&l, MS_COST_CPU_NS, cpu_ns());
	ms_payload_put(&l, MS_RECORD_COST);
}

void ms_cost_tick(struct ms_thread *t, uint64_t ticks)
{
	uint64_t second = ms_clock_interval(1000000000ULL);
	uint64_t due = atomic_load_explicit(&ms_session->next_cost, memory_order_relaxed);

	if (ticks >= t->next_cost) {
		if (t->next_cost)
			ms_cost_put(t, ticks);
		t->next_cost = ticks + second;
	}
	if (ticks >= due &&
	    atomic_compare_exchange_strong_explicit(&ms_session->next_cost, &due,
						    ticks + second, memory_order_relaxed,
						    memory_order_relaxed) &&
	    due)
		ms_cost_put_process(ticks);
}
