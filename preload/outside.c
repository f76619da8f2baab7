/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outside.c - a few system calls with a descriptor table of their own.
 */
#define _GNU_SOURCE
#include "preload/outside.h"

#include "preload/sys.h"

#include <linux/close_range.h>
#include <sched.h>
#include <stdint.h>

#define OUTSIDE_FLAGS                                                       \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | \
	 CLONE_SYSVSEM | CLONE_VFORK | CLONE_UNTRACED)

#define STACK_WORDS 256

struct job {
	void (*work)(void *context);
	void *context;
	bool begun; /* outside: the table was left */
};

static const char *single_threaded; /* libc's own flag; NULL: not known */
static bool known_alone, emulated;

/*
 * Valgrind ends a program that makes such a thread.  Its client request is a sequence of
 * instructions that does nothing on a processor and gives the answer under Valgrind.
 */
static bool under_valgrind(void)
{
	uint64_t request[6] = { 0x1001 }; /* RUNNING_ON_VALGRIND */
	uint64_t answer = 0;

	__asm__ volatile("rolq $3, %%rdi\n\trolq $13, %%rdi\n\t"
			 "rolq $61, %%rdi\n\trolq $51, %%rdi\n\t"
			 "xchgq %%rbx, %%rbx"
			 : "+d"(answer)
			 : "a"(request)
			 : "cc", "memory");
	return answer != 0;
}

bool ms_outside_emulated(void)
{
	return emulated;
}

void ms_outside_init(const char *flag)
{
	single_threaded = flag;
	emulated = under_valgrind();
}

void ms_outside_alone(bool alone)
{
	known_alone = alone;
}

static bool is_alone(void)
{
	return known_alone || emulated ||
	       (single_threaded && *(const volatile char *)single_threaded);
}

/* The clone below and the thread's end do not go through ms_sys6(). */
static bool may_clone(void)
{
	return !ms_confined ||
	       (ms_confine_allows(SYS_clone, OUTSIDE_FLAGS, 0, 0, 0, 0, 0) &&
		ms_confine_allows(SYS_exit, 0, 0, 0, 0, 0, 0));
}

/* Runs on the kernel thread.  close_range with UNSHARE copies no descriptor at all. */
static void outside_main(struct job *job)
{
	if (ms_sys_failed(ms_sys(SYS_close_range, 0, ~0U, CLOSE_RANGE_UNSHARE, 0)) &&
	    ms_sys_failed(ms_sys(SYS_unshare, CLONE_FILES, 0, 0, 0)))
		return;
	job->begun = true;
	job->work(job->context);
}

/* The kernel thread's id, or -errno.  It has ended when this returns (CLONE_VFORK). */
static __attribute__((noinline)) long outside_clone(struct job *job)
{
	/* the caller's stack may be a thread's smallest: file.c's work needs half of this
	 */
	uint64_t stack[STACK_WORDS] __attribute__((aligned(16)));
	uint64_t *top = &stack[STACK_WORDS - 2];
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	register void (*entry)(struct job *) __asm__("r12") = outside_main;
	long result;

	top[0] = (uint64_t)(uintptr_t)job;
	top[1] = 0;
	__asm__ volatile("syscall\n\t"
			 "test %%eax, %%eax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov (%%rsp), %%rdi\n\t"
			 "call *%%r12\n\t"
			 "xor %%edi, %%edi\n\t"
			 "mov %[exit], %%eax\n\t"
			 "syscall\n\t"
			 "hlt\n"
			 "1:"
			 : "=a"(result)
			 : "a"(SYS_clone), "D"(OUTSIDE_FLAGS), "S"(top), "d"(0), "r"(r10),
			   "r"(r8), "r"(entry), [exit] "i"(SYS_exit)
			 : "rcx", "r11", "memory");
	return result;
}

void ms_outside_run(void (*work)(void *context), void *context, bool force)
{
	struct job job = { work, context, false };
	uint64_t all = ~0ULL, old = 0;
	bool alone = is_alone();

	/* a handler must see neither our descriptor nor a thread without its own */
	ms_sys(SYS_rt_sigprocmask, 2, &all, &old, 8);
	/* inside after all where the kernel lets us make no such thread (a sandbox) */
	if (emulated || (alone && !force) || !may_clone() ||
	    ms_sys_failed(outside_clone(&job)) || !job.begun)
		work(context);
	ms_sys(SYS_rt_sigprocmask, 2, &old, 0, 8);
}
