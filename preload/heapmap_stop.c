/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heapmap_stop.c - holding the threads that run, for the instant in which a map is taken.
 *
 * Done only when the program is about to leave: a signal ends some system calls with
 * EINTR, and a thread that ran a moment ago may be in one when it comes.  Those that
 * sleep are never sent one.  The signal is one of the real-time signals that the program
 * does nothing with; afterwards it is as it was.
 */
#define _GNU_SOURCE
#include "preload/heapmap.h"

#include "preload/clock.h"

#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#define SLOTS	     1024
#define FIRST_SIGNAL 64
#define LAST_SIGNAL  40	      /* libc keeps the lowest for itself */
#define WAIT_NS	     10000000 /* for all threads to stop */
#define HOLD_NS	     50000000 /* no thread is held longer */

struct slot {
	_Atomic uint32_t stopped; /* r is there */
	struct ms_registers r;
};

/* The session's, and never given back: a signal may come late. */
struct ms_stop {
	_Atomic uint32_t go; /* threads may run on; they sleep on it */
	_Atomic uint32_t count;
	struct slot slots[SLOTS];
};

/* As the kernel has it. */
struct kernel_action {
	void (*handler)(int signal, siginfo_t *info, void *context);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

#define RESTORER 0x04000000
#define IGNORED	 ((void (*)(int, siginfo_t *, void *))(uintptr_t)1) /* SIG_IGN */

__asm__(".text\n"
	".hidden ms_heapmap_return\n"
	".globl ms_heapmap_return\n"
	".type ms_heapmap_return, @function\n"
	"ms_heapmap_return:\n"
	"	mov $15, %eax\n" /* rt_sigreturn */
	"	syscall\n"
	".size ms_heapmap_return, . - ms_heapmap_return\n");

__attribute__((visibility("hidden"))) extern void ms_heapmap_return(void);

static void sleep_on(_Atomic uint32_t *word, uint32_t value, uint64_t until)
{
	uint64_t now = ms_clock_ns(CLOCK_MONOTONIC);
	struct timespec left = { .tv_nsec = (long)(until - now) };

	if (now < until)
		ms_sys(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, &left);
}

static void wake(_Atomic uint32_t *word)
{
	ms_sys(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, 0);
}

/* In the thread that is to stop. */
static void stopping(int signal, siginfo_t *info, void *context)
{
	const greg_t *g = ((const ucontext_t *)context)->uc_mcontext.gregs;
	uint64_t until = ms_clock_ns(CLOCK_MONOTONIC) + HOLD_NS;
	struct slot *slot = info->si_value.sival_ptr;
	struct ms_stop *stop = atomic_load(&ms_session->stop);

	(void)signal;
	if (info->si_code != SI_QUEUE || !stop || slot < stop->slots ||
	    slot >= stop->slots + SLOTS || atomic_load(&stop->go))
		return;
	slot->r.sp = (uint64_t)g[REG_RSP] - 128;
	slot->r.count = MS_HEAPMAP_REGISTERS;
	for (int i = 0; i < MS_HEAPMAP_REGISTERS; i++) /* REG_R8 to REG_RIP */
		slot->r.value[i] = (uint64_t)g[i];
	/* release: publishes r, pairs with the acquire in collect() */
	atomic_store_explicit(&slot->stopped, 1, memory_order_release);
	atomic_fetch_add(&stop->count, 1);
	wake(&stop->count);
	while (!atomic_load(&stop->go) && ms_clock_ns(CLOCK_MONOTONIC) < until)
		sleep_on(&stop->go, 0, until);
}

/* --- the signal ------------------------------------------------------------------------
 */

static long change(int signal, const struct kernel_action *to, struct kernel_action *from)
{
	return ms_sys(SYS_rt_sigaction, signal, to, from, sizeof to->mask);
}

/* One that the program leaves alone; 0: there is none. */
static int take_signal(void)
{
	struct kernel_action action = { .handler = stopping,
					.flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK |
						 RESTORER,
					.restorer = ms_heapmap_return,
					.mask = ~0ULL };
	struct kernel_action old;

	for (int signal = FIRST_SIGNAL; signal >= LAST_SIGNAL; signal--) {
		if (!ms_sys_failed(change(signal, NULL, &old)) && !old.handler &&
		    !ms_sys_failed(change(signal, &action, NULL)))
			return signal;
	}
	return 0;
}

/* What has not come yet never comes: ignoring a signal discards it. */
static void give_signal(int signal)
{
	struct kernel_action ignored = { .handler = IGNORED };
	struct kernel_action none = { 0 };

	change(signal, &ignored, NULL);
	change(signal, &none, NULL);
}

/* --- all threads
 * ------------------------------------------------------------------------
 */

static uint32_t send_all(struct ms_heapmap *map, struct ms_stop *stop, int signal)
{
	uint32_t sent = 0;

	for (size_t i = 0; i < map->thread_count && sent < SLOTS; i++) {
		struct ms_heapmap_thread *t = &map->threads[i];
		siginfo_t info = { .si_signo = signal, .si_code = SI_QUEUE };

		if (t->r.sp)
			continue;
		info.si_value.sival_ptr = &stop->slots[sent];
		if (ms_sys_failed(ms_sys(SYS_rt_tgsigqueueinfo, map->pid, t->tid, signal,
					 &info)))
			continue;
		t->slot = ++sent;
	}
	return sent;
}

static void collect(struct ms_heapmap *map, const struct ms_stop *stop)
{
	for (size_t i = 0; i < map->thread_count; i++) {
		struct ms_heapmap_thread *t = &map->threads[i];
		const struct slot *slot = t->slot ? &stop->slots[t->slot - 1] : NULL;

		if (!slot || !atomic_load_explicit(&slot->stopped, memory_order_acquire))
			continue;
		t->r = slot->r;
		t->all = true;
	}
}

static bool any_runs(const struct ms_heapmap *map)
{
	for (size_t i = 0; i < map->thread_count; i++)
		if (!map->threads[i].r.sp)
			return true;
	return false;
}

/* At its end a program is here once; two threads that both end it are here at once. */
static struct ms_stop *make_stop(void)
{
	struct ms_stop *stop = ms_map(sizeof *stop, false), *none = NULL;

	if (!stop)
		return NULL;
	if (atomic_compare_exchange_strong(&ms_session->stop, &none, stop))
		return stop;
	ms_unmap(stop, sizeof *stop);
	return NULL;
}

int ms_heapmap_stop(struct ms_heapmap *map)
{
	uint64_t until = ms_clock_ns(CLOCK_MONOTONIC) + WAIT_NS;
	struct ms_stop *stop = any_runs(map) ? make_stop() : NULL;
	int signal = stop ? take_signal() : 0;
	uint32_t sent, count;

	if (!signal)
		return 0;
	sent = send_all(map, stop, signal);
	while ((count = atomic_load(&stop->count)) < sent &&
	       ms_clock_ns(CLOCK_MONOTONIC) < until)
		sleep_on(&stop->count, count, until);
	collect(map, stop);
	return signal;
}

void ms_heapmap_go(int signal)
{
	struct ms_stop *stop = atomic_load(&ms_session->stop);

	if (!signal)
		return;
	atomic_store(&stop->go, 1);
	wake(&stop->go);
	give_signal(signal);
}
