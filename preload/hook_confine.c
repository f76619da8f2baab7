/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_confine.c - the calls by which a program locks itself in: prctl and syscall for
 * seccomp, chroot and the setuid family.
 *
 * Our work comes first; then the real function is jumped to with all registers and the
 * stack as they were, since syscall may return twice, or on another stack.
 */
#define _GNU_SOURCE
#include "preload/bus.h"
#include "preload/confine.h"
#include "preload/life.h"
#include "preload/real.h"
#include "preload/recorder.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>

static void before_prctl(long option, long mode, const void *argument)
{
	if (option == PR_SET_TSC && mode == PR_TSC_SIGSEGV)
		ms_confine_no_clock();
	if (option != PR_SET_SECCOMP)
		return;
	if (mode == SECCOMP_MODE_FILTER)
		ms_confine_filter(argument);
	else if (mode == SECCOMP_MODE_STRICT)
		ms_confine_strict();
}

static void before_syscall(long nr, long a, long b, long c)
{
	switch (nr) {
	case SYS_seccomp:
		if (a == SECCOMP_SET_MODE_FILTER)
			ms_confine_filter((const void *)c);
		else if (a == SECCOMP_SET_MODE_STRICT)
			ms_confine_strict();
		break;
	case SYS_prctl:
		before_prctl(a, b, (const void *)c);
		break;
	case SYS_rt_sigaction:
		if (a == SIGBUS)
			ms_bus_disarm();
		break;
	case SYS_chroot:
	case SYS_pivot_root:
	case SYS_setuid:
	case SYS_setreuid:
	case SYS_setresuid:
	case SYS_setfsuid:
	case SYS_landlock_restrict_self:
		ms_confine_leaving();
		break;
	}
}

/* One row a function: found when the recorder boots, since dlsym may lock. */
#define HOOKS(X)                                      \
	X(prctl, before_prctl(a, b, (const void *)c)) \
	X(syscall, before_syscall(a, b, c, d))        \
	X(chroot, ms_confine_leaving())               \
	X(setuid, ms_confine_leaving())               \
	X(seteuid, ms_confine_leaving())              \
	X(setreuid, ms_confine_leaving())             \
	X(setresuid, ms_confine_leaving())

enum hook {
#define X(name, work) HOOK_##name,
	HOOKS(X)
#undef X
		HOOK_COUNT
};

static void *reals[HOOK_COUNT];

/* For the hook of syscall: what it looks at, and where it goes otherwise. */
__attribute__((used, visibility("hidden"))) uint64_t ms_watched_calls[8];
__attribute__((used, visibility("hidden"))) void *ms_real_syscall;

static void watch(unsigned nr)
{
	ms_watched_calls[nr / 64] |= 1ULL << nr % 64;
}

void ms_confine_init(void)
{
	static const char *const names[HOOK_COUNT] = {
#define X(name, work) [HOOK_##name] = #name,
		HOOKS(X)
#undef X
	};
	static const unsigned watched[] = {
		SYS_seccomp,	 SYS_prctl,    SYS_chroot,
		SYS_pivot_root,	 SYS_setuid,   SYS_setreuid,
		SYS_setresuid,	 SYS_setfsuid, SYS_landlock_restrict_self,
		SYS_rt_sigaction
	};

	for (size_t i = 0; i < HOOK_COUNT; i++)
		reals[i] = ms_real_next(names[i]);
	for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
		watch(watched[i]);
	ms_real_syscall = reals[HOOK_syscall];
}

/* Returns where to jump.  Keeps the program's errno. */
#define X(name, work)                                                                \
	void *ms_before_##name(long a, long b, long c, long d);                      \
	__attribute__((used)) void *ms_before_##name(long a, long b, long c, long d) \
	{                                                                            \
		int saved = errno;                                                   \
		void *real;                                                          \
		(void)a, (void)b, (void)c, (void)d;                                  \
		if (atomic_load(&ms_off) & MS_OFF_BOOT)                              \
			ms_life_boot();                                              \
		real = reals[HOOK_##name];                                           \
		if (!real)                                                           \
			real = ms_real_next(#name);                                  \
		if (ms_session_usable())                                             \
			work;                                                        \
		errno = saved;                                                       \
		return real;                                                         \
	}
HOOKS(X)
#undef X

/* The registers of six arguments are kept; the stack is aligned for the call. */
#define KEEP(reg)   "	push " reg "\n	.cfi_adjust_cfa_offset 8\n"
#define RETURN(reg) "	pop " reg "\n	.cfi_adjust_cfa_offset -8\n"
#define FUNCTION(name, quick)                                                                      \
	".globl " name "\n.type " name ", @function\n" name                                        \
	":\n	.cfi_startproc\n" quick KEEP("%rdi") KEEP("%rsi") KEEP("%rdx") KEEP(               \
		"%rcx") KEEP("%r8") KEEP("%r9")                                                    \
		KEEP("%rax") "	call ms_before_" name "\n"                                         \
			     "	mov %rax, %r11\n" RETURN("%rax") RETURN("%r9") RETURN(             \
				     "%r8") RETURN("%rcx") RETURN("%rdx") RETURN("%rsi")           \
				     RETURN("%rdi") "	jmp *%r11\n	.cfi_endproc\n.size " name \
						    ", . - " name "\n"

/* Some programs make system calls by the million. */
#define QUICK                                \
	"	mov ms_real_syscall(%rip), %r11\n" \
	"	test %r11, %r11\n"                 \
	"	jz 1f\n"                           \
	"	cmp $511, %rdi\n"                  \
	"	ja 2f\n"                           \
	"	bt %rdi, ms_watched_calls(%rip)\n" \
	"	jc 1f\n"                           \
	"2:	jmp *%r11\n"                     \
	"1:\n"

/* clang-format off */
__asm__(".pushsection .text\n"
	FUNCTION("prctl", "")
	FUNCTION("syscall", QUICK)
	FUNCTION("chroot", "")
	FUNCTION("setuid", "")
	FUNCTION("seteuid", "")
	FUNCTION("setreuid", "")
	FUNCTION("setresuid", "")
	".popsection\n");
/* clang-format on */
