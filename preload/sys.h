/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys.h - system calls without libc, and the other facts of one architecture.
 *
 * The recorder runs where libc may not be set up yet, where errno is the program's and
 * where a wrapper could be somebody's interposed one, so it makes its system calls
 * itself.  A port to another architecture is a port of this header.
 */
#ifndef MS_SYS_H
#define MS_SYS_H

#ifndef __x86_64__
#error "the recorder knows x86-64 only: port preload/sys.h, cfi.h's registers and hook_dl.c"
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#define MS_LIKELY(x)   __builtin_expect(!!(x), 1)
#define MS_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define MS_COLD	       __attribute__((cold, noinline))
#define MS_EXPORT      __attribute__((visibility("default")))
#define MS_TLS	       __thread __attribute__((tls_model("initial-exec")))

#define MS_ELF_MACHINE 62 /* EM_X86_64 */

/* A filter that the program installed may end it for a system call of ours: confine.c. */
extern bool ms_confined;
bool ms_confine_allows(long nr, long a, long b, long c, long d, long e, long f);

/*
 * The result as the kernel gives it: -errno between -4095 and -1 on failure; -EPERM, too,
 * where the program's seccomp filters would not let this call return.
 */
static inline long ms_sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	if (MS_UNLIKELY(ms_confined) && !ms_confine_allows(nr, a, b, c, d, e, f))
		return -1;

	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#define ms_sys(nr, a, b, c, d) \
	ms_sys6((nr), (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

static inline bool ms_sys_failed(long result)
{
	return (unsigned long)result > -4096UL;
}

/* Hold back every signal of this thread: what follows must not be left by longjmp
 * (bus.c).
 */
uint64_t ms_sys_hold_signals(void);
void ms_sys_release_signals(uint64_t old);

/*
 * Where the recorder's next mapping goes: far from where the kernel puts the program's.
 * A program may give up a part of a mapping and later all of its range again; anything of
 * ours in the hole would go with it.  Only a hint: what is taken already is left alone.
 */
uintptr_t ms_sys_place(size_t bytes);

static inline void *ms_sys_mmap(size_t bytes, int prot, int flags, int fd,
				uint64_t offset)
{
	long p = ms_sys6(SYS_mmap, (long)ms_sys_place(bytes), (long)bytes, prot, flags,
			 fd, (long)offset);

	return ms_sys_failed(p) ? NULL : (void *)p;
}

static inline void ms_sys_munmap(void *p, size_t bytes)
{
	ms_sys(SYS_munmap, p, bytes, 0, 0);
}

/* The time-stamp counter before later stores become visible: for events before a free. */
static inline uint64_t ms_tsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

/* ... after earlier loads are done: for events after an allocation. */
static inline uint64_t ms_tsc_fenced(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence\n\trdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

static inline void ms_cpu_relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

/* The thread's control block lies above every frame of a stack that libc set up. */
static inline uintptr_t ms_thread_pointer(void)
{
	uintptr_t fs;

	__asm__("mov %%fs:0, %0" : "=r"(fs));
	return fs;
}

#endif
