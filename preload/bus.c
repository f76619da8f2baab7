/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus.c - living on when somebody cuts the log while it is mapped.
 */
#define _GNU_SOURCE
#include "preload/bus.h"

#include "preload/real.h"
#include "preload/recorder.h"

#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#define BUS_BIT (1ULL << (SIGBUS - 1))

typedef void handler(int number, siginfo_t *info, void *context);

#define DEFAULT ((handler *)(uintptr_t)SIG_DFL)
#define IGNORED ((handler *)(uintptr_t)SIG_IGN)

/*
 * What the program has asked for; where the handler looks: beside it, since another
 * thread may change the former meanwhile.  In ordinary memory, as the kernel's
 * disposition is: a forked child has both.
 */
struct kernel_action { /* x86-64: rt_sigaction's own */
	handler *handler;
	uint64_t flags;
	uintptr_t restorer;
	uint64_t mask;
};
static struct kernel_action program;
static _Atomic(handler *) program_handler;
static _Atomic bool program_once; /* SA_RESETHAND */
static _Atomic bool armed;

static bool change(const struct kernel_action *action, struct kernel_action *old)
{
	return !ms_sys_failed(ms_sys(SYS_rt_sigaction, SIGBUS, action, old, 8));
}

/* --- holding signals back -------------------------------------------------------------
 */

/*
 * SIGBUS stays open where its handler is ours, for what we do meanwhile may need it; one
 * that was sent waits until the signals are released (defer).
 */
uint64_t ms_sys_hold_signals(void)
{
	uint64_t mask = ~0ULL, old = 0;

	if (atomic_load_explicit(&armed, memory_order_relaxed))
		mask &= ~BUS_BIT;
	ms_sys(SYS_rt_sigprocmask, SIG_BLOCK, &mask, &old, sizeof old);
	ms_tls.held++;
	__asm__ volatile("" : : : "memory"); /* the handler is on this thread */
	return old;
}

void ms_sys_release_signals(uint64_t old)
{
	__asm__ volatile("" : : : "memory");
	ms_tls.held--;
	ms_sys(SYS_rt_sigprocmask, SIG_SETMASK, &old, 0, sizeof old);
}

/* --- the handler ---------------------------------------------------------------------
 */

static bool in_log(uintptr_t address)
{
	const struct ms_extent *e =
		atomic_load_explicit(&ms_session->mapped, memory_order_acquire);

	for (; e; e = e->mapped_before)
		if (address - (uintptr_t)e->base < e->bytes)
			return true;
	return false;
}

/*
 * A page of zeros in the place of the one that is gone, so that the store that faulted
 * succeeds; from then on nothing is recorded.  The rest of what has to be done then would
 * touch the log again: session.c does it when a hook next comes by.
 */
static bool mend(uintptr_t address)
{
	long page = (long)(address & ~(uintptr_t)(MS_WIRE_PAGE - 1));

	if (!ms_session_usable() || !in_log(address) ||
	    ms_sys_failed(ms_sys6(SYS_mmap, page, MS_WIRE_PAGE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)))
		return false;
	atomic_store_explicit(&ms_session->cut, true, memory_order_relaxed);
	atomic_fetch_or_explicit(&ms_off, MS_OFF_STOPPED, memory_order_relaxed);
	return true;
}

/* The very same signal once more; it comes when the handler has been left. */
static void again(siginfo_t *info)
{
	ms_sys(SYS_rt_tgsigqueueinfo, ms_sys(SYS_getpid, 0, 0, 0, 0),
	       ms_sys(SYS_gettid, 0, 0, 0, 0), SIGBUS, info);
}

/* A handler of the program might leave by longjmp while something is half made. */
static void defer(siginfo_t *info, ucontext_t *context)
{
	context->uc_sigmask.__val[0] |= BUS_BIT;
	again(info);
}

/* What the default is: the end, at the instruction that was interrupted. */
static void die(siginfo_t *info)
{
	static const struct kernel_action by_default;

	change(&by_default, NULL);
	again(info);
}

static void on_bus(int number, siginfo_t *info, void *context)
{
	handler *next;

	if (info->si_code == BUS_ADRERR && mend((uintptr_t)info->si_addr))
		return;
	if (info->si_code <= 0 && ms_tls.held) {
		defer(info, context);
		return;
	}
	next = atomic_load_explicit(&program_once, memory_order_relaxed)
		       ? atomic_exchange(&program_handler, DEFAULT)
		       : atomic_load(&program_handler);
	if (next == DEFAULT)
		die(info);
	else
		next(number, info, context);
}

/* --- the disposition ------------------------------------------------------------------
 */

static void put_back(void)
{
	struct kernel_action now;

	if (!change(NULL, &now) || now.handler != on_bus)
		return;
	program.handler = atomic_load(&program_handler);
	change(&program, NULL);
}

/*
 * A program that ignores the signal hands that on to those that it executes, which a
 * handler would not: it keeps its way, and no protection.  libc's function is asked,
 * since it knows how a handler returns.
 */
static void go_in_front(void)
{
	struct sigaction ours = { .sa_sigaction = on_bus, .sa_flags = SA_ONSTACK };
	struct kernel_action now;

	if (!change(NULL, &now) || now.handler == on_bus)
		return;
	if (now.handler == IGNORED) {
		atomic_store(&armed, false);
		return;
	}
	program = now;
	if (now.handler != DEFAULT) {
		ours.sa_flags = (int)now.flags & ~(int)SA_RESETHAND;
		ours.sa_mask.__val[0] = now.mask;
	}
	ours.sa_flags |= SA_SIGINFO;
	atomic_store(&program_once, now.handler != DEFAULT && now.flags & SA_RESETHAND);
	atomic_store(&program_handler, now.handler);
	atomic_store(&armed, !ms_real.sigaction(SIGBUS, &ours, NULL));
}

/* A vfork child has the memory of its parent, and dispositions of its own. */
static bool is_session_process(void)
{
	return ms_session_usable() &&
	       ms_session->pid == (uint64_t)ms_sys(SYS_getpid, 0, 0, 0, 0);
}

/*
 * Held for a few system calls with all signals blocked, so nobody waits for long; it lies
 * in the session, which a forked child has none of.
 */
static void lock(void)
{
	while (atomic_exchange_explicit(&ms_session->signal_lock, true,
					memory_order_acquire))
		ms_cpu_relax();
}

static void unlock(void)
{
	atomic_store_explicit(&ms_session->signal_lock, false, memory_order_release);
}

bool ms_bus_lift(uint64_t *held)
{
	uint64_t all = ~0ULL;

	if (!ms_real.sigaction)
		return false;
	if (!is_session_process()) {
		put_back();
		return false;
	}
	ms_sys(SYS_rt_sigprocmask, SIG_BLOCK, &all, held, sizeof *held);
	lock();
	put_back();
	return true;
}

void ms_bus_land(uint64_t held)
{
	go_in_front();
	unlock();
	ms_sys(SYS_rt_sigprocmask, SIG_SETMASK, &held, 0, sizeof held);
}

void ms_bus_arm(void)
{
	uint64_t held;

	if (ms_bus_lift(&held))
		ms_bus_land(held);
}

void ms_bus_disarm(void)
{
	uint64_t held;

	if (!ms_bus_lift(&held))
		return;
	atomic_store(&armed, false);
	unlock();
	ms_sys(SYS_rt_sigprocmask, SIG_SETMASK, &held, 0, sizeof held);
}
