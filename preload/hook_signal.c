/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_signal.c - the calls by which a program reads or changes what SIGBUS does.
 *
 * All other signals go straight on.  For this one libc's function finds the disposition
 * that the program knows of, and what it leaves is what the program knows afterwards:
 * bus.h.  A raw system call is seen by hook_confine.c's syscall only, which puts the
 * program's disposition back for good.
 */
#define _GNU_SOURCE
#include "preload/bus.h"
#include "preload/life.h"
#include "preload/real.h"
#include "preload/recorder.h"

#include <errno.h>
#include <signal.h>

typedef void (*disposition)(int);

#define FUNCTIONS(X)     \
	X(signal)        \
	X(ssignal)       \
	X(bsd_signal)    \
	X(sysv_signal)   \
	X(__sysv_signal) \
	X(sigset)        \
	X(sigignore)     \
	X(siginterrupt)

enum function {
#define X(name) REAL_##name,
	FUNCTIONS(X)
#undef X
		REAL_COUNT
};

static void *reals[REAL_COUNT];

static const char *const names[REAL_COUNT] = {
#define X(name) [REAL_##name] = #name,
	FUNCTIONS(X)
#undef X
};

void ms_signal_init(void)
{
	for (size_t i = 0; i < REAL_COUNT; i++)
		reals[i] = ms_real_next(names[i]);
}

static void *find(enum function f)
{
	if (atomic_load(&ms_off) & MS_OFF_BOOT)
		ms_life_boot();
	return reals[f] ? reals[f] : ms_real_next(names[f]);
}

/* Keeps the errno of the real call. */
static void land(bool lifted, uint64_t held)
{
	int saved = errno;

	if (lifted)
		ms_bus_land(held);
	errno = saved;
}

/* name(number, ...): call is the real one, missing what is returned without it. */
#define HOOK(type, missing, name, parameters, arguments, ...) \
	type name parameters;                                 \
	MS_EXPORT type name parameters                        \
	{                                                     \
		type(*real) __VA_ARGS__;                      \
		type result;                                  \
		uint64_t held;                                \
		bool lifted;                                  \
                                                              \
		*(void **)&real = find(REAL_##name);          \
		if (!real) {                                  \
			errno = ENOSYS;                       \
			return missing;                       \
		}                                             \
		if (number != SIGBUS)                         \
			return real arguments;                \
		lifted = ms_bus_lift(&held);                  \
		result = real arguments;                      \
		land(lifted, held);                           \
		return result;                                \
	}

#define HOOK_SIGNAL(name)                                                              \
	HOOK(disposition, SIG_ERR, name, (int number, disposition how), (number, how), \
	     (int, disposition))

HOOK_SIGNAL(signal)
HOOK_SIGNAL(ssignal)
HOOK_SIGNAL(bsd_signal)
HOOK_SIGNAL(sysv_signal)
HOOK_SIGNAL(__sysv_signal)
HOOK_SIGNAL(sigset)
HOOK(int, -1, sigignore, (int number), (number), (int))
HOOK(int, -1, siginterrupt, (int number, int flag), (number, flag), (int, int))

static int change(int number, const struct sigaction *action, struct sigaction *old)
{
	int (*real)(int, const struct sigaction *, struct sigaction *);
	uint64_t held;
	bool lifted;
	int result;

	if (atomic_load(&ms_off) & MS_OFF_BOOT)
		ms_life_boot();
	real = ms_real.sigaction;
	if (!real)
		*(void **)&real = ms_real_next("sigaction");
	if (number != SIGBUS)
		return real(number, action, old);
	lifted = ms_bus_lift(&held);
	result = real(number, action, old);
	land(lifted, held);
	return result;
}

MS_EXPORT int sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
	return change(number, action, old);
}

int __sigaction(int number, const struct sigaction *action, struct sigaction *old);

MS_EXPORT int __sigaction(int number, const struct sigaction *action,
			  struct sigaction *old)
{
	return change(number, action, old);
}
