/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thread.c - a thread's part of the recording.
 *
 * States and windows go back to pools when a thread ends and on to the next one, so that
 * ten thousand short threads need no more of them than live at a time.
 */
#define _GNU_SOURCE
#include "preload/thread.h"

#include "preload/clock.h"
#include "preload/cull.h"
#include "preload/own_cost.h"
#include "preload/facts.h"
#include "preload/memo.h"
#include "preload/modes.h"
#include "preload/payload.h"
#include "preload/pool.h"

#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

MS_TLS struct ms_tls ms_tls;

static pthread_key_t key;
static bool key_made;

extern void
	*__libc_stack_end; /* ld.so's: the outermost word of the main thread's stack */

/* Stacks grow to RLIMIT_STACK, threads' by default too; where there is no limit, this
 * far. */
#define STACK_MAX (1UL << 30)

static size_t stack_limit(void)
{
	struct rlimit limit;

	if (ms_sys_failed(ms_sys(SYS_prlimit64, 0, RLIMIT_STACK, 0, &limit)) ||
	    limit.rlim_cur > STACK_MAX)
		return STACK_MAX;
	return limit.rlim_cur;
}

/*
 * The stack that this thread was given, as far as it can be told without asking libc,
 * which would allocate: the control block lies above all frames of a stack that
 * pthread_create made; the main thread's ends where the kernel put argc.
 */
static void find_stack(struct ms_thread *t)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	uintptr_t high = ms_thread_pointer();
	size_t limit = stack_limit();

	if (high < here || high - here > limit)
		high = (uintptr_t)__libc_stack_end;
	if (high < here || high - here > limit)
		return; /* every walk is checked */
	t->stack_high = high & ~(uintptr_t)7;
	t->stack_low = t->stack_high - limit;
}

static void put_end(uint32_t id, uint64_t ticks)
{
	struct ms_payload l;

	ms_payload_begin(&l);
	ms_payload_number(&l, id);
	ms_payload_number(&l, ticks);
	ms_payload_put(&l, MS_RECORD_THREAD_END);
}

static void put_begin(const struct ms_thread *t, uint64_t ticks, uint64_t tid)
{
	struct ms_payload l;

	ms_payload_begin(&l);
	ms_payload_number(&l, t->id);
	ms_payload_number(&l, ticks);
	ms_payload_number(&l, tid);
	ms_payload_number(&l, t->stack_low);
	ms_payload_number(&l, t->stack_high);
	ms_payload_put(&l, MS_RECORD_THREAD_BEGIN);
}

static void put_name(struct ms_thread *t, uint64_t ticks)
{
	struct ms_payload l;
	char name[16] = "";

	if (ms_sys_failed(ms_sys(SYS_prctl, PR_GET_NAME, name, 0, 0)))
		return;
	name[15] = '\0';
	if (!strcmp(name, t->name))
		return;
	memcpy(t->name, name, sizeof name);
	ms_payload_begin(&l);
	ms_payload_number(&l, t->id);
	ms_payload_number(&l, ticks);
	ms_payload_text(&l, name);
	ms_payload_put(&l, MS_RECORD_THREAD_NAME);
}

/* --- windows
 * ------------------------------------------------------------------------------- */

/* The program's end may be past, and told, while threads of it run on. */
static void count_open(int change)
{
	atomic_fetch_add(&ms_session->open_windows, (uint32_t)change);
	if (atomic_load(&ms_session->ended))
		ms_status_seal();
}

static void attach(struct ms_thread *t, struct ms_window *w)
{
	t->window = w;
	t->header = w->header;
	t->body = ms_window_body(w->header);
	t->p = t->body + w->header->commit;
	t->limit =
		t->body + w->body_bytes - 2 * MS_EVENT_BYTES_MAX; /* a realloc is two */
	t->from = t->p;
	ms_cost_time(t);
	count_open(1);
}

static void detach(struct ms_thread *t)
{
	ms_cost_leaves_window(t);
	t->window = NULL;
	t->header = NULL;
	t->p = t->end = t->limit = t->body = t->from = NULL;
	count_open(-1);
}

#define WINDOW_FRACTION 8

#define OWNER_BYTES_MAX (2 + 2 * MS_VARINT_MAX)

/* A window that another thread left: say whose the events are from here on. */
static void put_owner(struct ms_thread *t, uint64_t ticks)
{
	uint8_t payload[2 * MS_VARINT_MAX];
	uint8_t *end = ms_varint_put(ms_varint_put(payload, t->id), ticks);
	size_t n = (size_t)(end - payload);

	*t->p++ = MS_RECORD_THREAD << 3;
	t->p = ms_varint_put(t->p, n);
	memcpy(t->p, payload, n);
	t->p += n;
	ms_window_commit(t->header, (size_t)(t->p - t->body));
}

static bool take_used(struct ms_thread *t, uint64_t ticks)
{
	struct ms_window *w = MS_POOL_POP(&ms_session->event_pool, struct ms_window);

	if (!w)
		return false;
	attach(t, w);
	put_owner(t, ticks);
	return true;
}

/* Where nothing but totals is recorded a thread needs no window: there is always room. */
static bool room_for_counts(struct ms_thread *t)
{
	if (ms_mode_now() != MS_MODE_COUNTERS || t->role == MS_ROLE_DELAYED)
		return false;
	t->p = NULL;
	t->end = t->limit = (uint8_t *)1;
	return true;
}

static bool make_room(struct ms_thread *t, uint64_t ticks)
{
	struct ms_window *w;

	if (t->window) {
		ms_window_retire(t->window);
		detach(t);
	}
	t->last_ticks = ticks;
	t->last_address = 0;
	if (room_for_counts(t) || take_used(t, ticks))
		return true;
	w = ms_window_new(MS_WINDOW_EVENTS, t->window_bytes, t->id, ticks);
	if (!w)
		return room_for_counts(t); /* the log has just reached its limit */
	/* what stays unused of it is a fraction of what the thread has written */
	if (t->window_bytes < MS_WINDOW_LARGEST &&
	    t->window_bytes <= t->cost[MS_COST_EVENT_BYTES] / WINDOW_FRACTION)
		t->window_bytes *= 2;
	attach(t, w);
	return true;
}

/*
 * No signals meanwhile: a handler that leaves by longjmp would leave a window half made,
 * and one that comes again and again would let the file grow each time.
 */
bool ms_thread_room_at(struct ms_thread *t, uint64_t ticks)
{
	uint64_t since = ms_now_before(), held = ms_sys_hold_signals();
	bool made = make_room(t, ticks);

	ms_sys_release_signals(held);
	t->cost[MS_COST_ROOM_TICKS] += ms_now_before() - since;
	return made;
}

bool ms_thread_room(struct ms_thread *t)
{
	return ms_thread_room_at(t, ms_now_before());
}

/* What is left of the window goes to the next thread, unless that is next to nothing. */
static void release_window(struct ms_thread *t)
{
	struct ms_window *w = t->window;

	if (!w)
		return;
	detach(t);
	if (w->body_bytes - w->header->commit <
	    OWNER_BYTES_MAX + 4 * MS_EVENT_BYTES_MAX) {
		ms_window_retire(w);
		return;
	}
	ms_window_seal(w->header);
	MS_POOL_PUSH(&ms_session->event_pool, w);
}

/* --- states
 * --------------------------------------------------------------------------------- */

/* Memory survives in the pool; what it held was about another thread's stack. */
static void state_reset(struct ms_thread *t)
{
	struct ms_thread clean = { .frames = t->frames,
				   .levels = t->levels,
				   .frames_max = t->frames_max,
				   .memo = t->memo,
				   .sizes = t->sizes,
				   .cull = t->cull };

	*t = clean;
	ms_memo_forget(&t->memo);
	t->memo.hits = 0;
	t->window_bytes = MS_WINDOW_FIRST;
}

static struct ms_thread *state_take(void)
{
	struct ms_thread *t = MS_POOL_POP(&ms_session->thread_pool, struct ms_thread);

	if (!t)
		t = ms_small(sizeof *t);
	if (t)
		state_reset(t);
	return t;
}

struct ms_thread *ms_thread_delayed(struct ms_thread *t)
{
	struct ms_thread *d = state_take();

	if (!d)
		return NULL;
	d->id = t->id;
	d->role = MS_ROLE_DELAYED;
	return d;
}

static void state_begin(struct ms_thread *t)
{
	uint64_t ticks = ms_now_before();
	long tid = ms_sys(SYS_gettid, 0, 0, 0, 0);

	t->id = 1 +
		atomic_fetch_add_explicit(&ms_session->threads, 1, memory_order_relaxed);
	find_stack(t);
	put_begin(t, ticks, ms_sys_failed(tid) ? 0 : (uint64_t)tid);
	put_name(t, ticks);
}

struct ms_thread *ms_thread_state(void)
{
	struct ms_thread *t = ms_tls.thread;

	if (t || ms_tls.late_id || ms_tls.creating || !ms_session_usable())
		return t;
	ms_tls.creating = true; /* a handler that comes now finds no state */
	t = state_take();
	if (t) {
		state_begin(t);
		ms_tls.thread = t;
		if (key_made)
			pthread_setspecific(key, t);
	}
	ms_tls.creating = false;
	return t;
}

struct ms_thread *ms_thread_nested(struct ms_thread *t)
{
	struct ms_thread *n = t->nested;

	if (!n) {
		n = state_take();
		if (!n)
			return NULL;
		n->id = t->id;
		n->role = MS_ROLE_NESTED;
		n->stack_low = t->stack_low;
		n->stack_high = t->stack_high;
		t->nested = n;
	}
	return n->phase == MS_PHASE_IDLE ? n : NULL;
}

/* --- the end of a thread
 * ---------------------------------------------------------------------- */

void ms_thread_give(struct ms_thread *t)
{
	ms_cull_flush(t);
	release_window(t);
	MS_POOL_PUSH(&ms_session->thread_pool, t);
}

static void thread_ends(void *value)
{
	struct ms_thread *t = value;

	/* a raw fork, or a state of another session: nothing of it is left */
	if (!ms_session_usable() || ms_tls.thread != t || !t->id)
		return;
	ms_tls.active = NULL;
	ms_tls.thread = NULL;
	ms_tls.late_id = t->id;
	put_name(t, ms_now_after());
	ms_cull_flush(t);
	ms_cost_put(t, ms_now_after());
	put_end(t->id, ms_now_after());
	if (t->nested)
		ms_thread_give(t->nested);
	ms_thread_give(t);
}

void ms_threads_init(void)
{
	key_made = !pthread_key_create(&key, thread_ends);
}

/* Destructors of other libraries may still allocate: each event comes with its own
 * record. */
struct ms_thread *ms_thread_late(void)
{
	struct ms_thread *t;

	if (!ms_tls.late_id || !(t = state_take()))
		return NULL;
	t->id = ms_tls.late_id;
	t->role = MS_ROLE_LATE;
	find_stack(t);
	return t;
}

void ms_thread_late_done(struct ms_thread *t)
{
	ms_thread_give(t);
}

/* The ending thread goes on as a late one: each of its events is sealed as it comes. */
void ms_threads_end(void)
{
	struct ms_thread *t = ms_tls.thread;

	if (t) {
		ms_tls.active = NULL;
		ms_tls.thread = NULL;
		ms_tls.late_id = t->id;
		put_name(t, ms_now_after());
		ms_cull_flush(t);
		ms_cost_put(t, ms_now_after());
		if (t->nested)
			ms_thread_give(t->nested);
		ms_thread_give(t);
	}
	ms_window_seal_pool(&ms_session->event_pool);
}

void ms_thread_forked(void)
{
	ms_tls = (struct ms_tls){ 0 };
}

/* --- on the way
 * ------------------------------------------------------------------------------- */

#define TICK_NS 10000000ULL

/* As many ticks as the clock has made in TICK_NS since the start, on average. */
static uint64_t tick_interval(uint64_t ticks)
{
	const struct ms_wire_head *h = ms_session->head;
	uint64_t ns = ms_clock_ns(CLOCK_MONOTONIC) - h->start_mono_ns;

	if (ns < 100000)
		return ms_clock_interval(TICK_NS);
	return (uint64_t)((unsigned __int128)(ticks - h->start_ticks) * TICK_NS / ns);
}

void ms_thread_tick(struct ms_thread *t, uint64_t ticks)
{
	uint64_t due, next;

	if (t->timed_since) {
		ms_cost_timed(t, false);
		if (ticks < t->next_tick)
			return;
	}
	due = atomic_load_explicit(&ms_session->next_sample, memory_order_relaxed);
	next = ticks + tick_interval(ticks);
	t->next_tick = next;
	ms_cost_tick(t, ticks);
	put_name(t, ticks);
	if (ticks >= due && atomic_compare_exchange_strong_explicit(
				    &ms_session->next_sample, &due, next,
				    memory_order_relaxed, memory_order_relaxed))
		ms_facts_sample(ticks, false);
}
