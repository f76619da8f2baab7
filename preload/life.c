/* SPDX-License-Identifier: Apache-2.0 */
/*
 * life.c - the recorder's life inside a process: first call, fork, exit.
 */
#define _GNU_SOURCE
#include "preload/life.h"

#include "preload/boot.h"
#include "preload/bus.h"
#include "preload/clock.h"
#include "preload/config.h"
#include "preload/confine.h"
#include "preload/heapmap.h"
#include "preload/hook_exec.h"
#include "preload/modules.h"
#include "preload/outside.h"
#include "preload/payload.h"
#include "preload/real.h"
#include "preload/session.h"
#include "preload/thread.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>

/* NULL until the loader has added our load address to it. */
static const char *volatile canary = "relocated";

static _Atomic bool booting;

bool ms_life_relocated(void)
{
	return (uintptr_t)canary > 1UL << 20;
}

static void put_state(bool on)
{
	struct ms_payload l;

	ms_payload_begin(&l);
	ms_payload_number(&l, ms_now_after());
	ms_payload_number(&l, on);
	ms_payload_put(&l, MS_RECORD_STATE);
}

bool ms_life_boot(void)
{
	if (!ms_life_relocated() || atomic_exchange(&booting, true))
		return false;
	ms_real_resolve();
	ms_confine_init();
	ms_signal_init();
	ms_outside_init(dlsym(RTLD_DEFAULT, "__libc_single_threaded"));
	ms_outside_alone(true);
	ms_note_init();
	ms_config_read();
	ms_exec_init();
	ms_clock_init();
	ms_modules_init();
	ms_threads_init();
	if (ms_config.start_paused)
		atomic_fetch_or_explicit(&ms_off, MS_OFF_PAUSED, memory_order_relaxed);
	if (ms_session_start(false) && ms_config.start_paused)
		put_state(false);
	ms_outside_alone(false);
	ms_boot_done();
	/* release: whoever sees the bit gone finds everything set up */
	atomic_fetch_and_explicit(&ms_off, ~(unsigned)MS_OFF_BOOT, memory_order_release);
	return true;
}

/* --- fork
 * ------------------------------------------------------------------------------------ */

static bool forked(void)
{
	bool started;

	ms_thread_forked();
	if (!(ms_config.follow & MS_FOLLOW_FORK)) {
		atomic_fetch_or_explicit(&ms_off, MS_OFF_CHILD, memory_order_relaxed);
		ms_bus_disarm();
		return false;
	}
	ms_modules_forked();
	ms_outside_alone(true);
	started = ms_session_start(true);
	ms_outside_alone(false);
	if (!started) {
		ms_bus_disarm();
		return false;
	}
	if (atomic_load_explicit(&ms_off, memory_order_relaxed) & MS_OFF_PAUSED)
		put_state(false);
	return true;
}

static void fork_child(void)
{
	int saved = errno;

	/* usable: fork was not asked of the kernel, or this is no copy of the memory */
	if (ms_session && !ms_session_usable())
		forked();
	errno = saved;
}

/* One attempt a process: after that its pid is remembered in ordinary memory. */
bool ms_life_forked_unseen(void)
{
	static _Atomic long tried;
	long pid = ms_sys(SYS_getpid, 0, 0, 0, 0);

	if (!ms_session || atomic_load(&ms_session->stopped) ||
	    atomic_exchange(&tried, pid) == pid)
		return false;
	return forked();
}

/* --- pause and resume
 * --------------------------------------------------------------------------- */

static void toggle(int signal)
{
	int saved = errno;
	unsigned old =
		atomic_fetch_xor_explicit(&ms_off, MS_OFF_PAUSED, memory_order_relaxed);

	(void)signal;
	put_state(old & MS_OFF_PAUSED);
	errno = saved;
}

static void take_signal(void)
{
	struct sigaction action = { .sa_handler = toggle, .sa_flags = SA_RESTART };

	sigfillset(&action.sa_mask);
	ms_real.sigaction(ms_config.signal, &action, NULL);
}

/* --- the library's own start and end
 * --------------------------------------------------------- */

__attribute__((constructor)) static void start(void)
{
	int saved = errno;

	if (atomic_load(&ms_off) & MS_OFF_BOOT)
		ms_life_boot();
	pthread_atfork(NULL, NULL, fork_child);
	ms_heapmap_init();
	if (ms_config.signal)
		take_signal();
	errno = saved;
}

__attribute__((destructor)) static void end(void)
{
	int saved = errno;

	ms_session_end();
	errno = saved;
}
