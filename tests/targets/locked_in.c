/* SPDX-License-Identifier: Apache-2.0 */
/*
 * locked_in.c - a program that gives up system calls by seccomp, and goes on working.
 *
 * allow:   a list of what it will do; all else kills it.  So does a clone or an open of
 *          somebody else's in it.
 * deny:    a list of what it will never do.
 * strict:  read, write and exit.
 * argv[3], when it is "syscall", installs the filter by syscall instead of prctl.
 *
 * Build with: -O2 -fno-builtin
 */
#define _GNU_SOURCE
#include "tests/targets/truth.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define CASE(nr, action) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), BPF_STMT(BPF_RET | BPF_K, action)

static void install(struct sock_filter *code, size_t count, int by_syscall)
{
	struct sock_fprog program = { (unsigned short)count, code };

	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	if (by_syscall)
		MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0);
	else
		MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void allow(int by_syscall)
{
	struct sock_filter code[] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		CASE(SYS_read, SECCOMP_RET_ALLOW),
		CASE(SYS_write, SECCOMP_RET_ALLOW),
		CASE(SYS_brk, SECCOMP_RET_ALLOW),
		CASE(SYS_futex, SECCOMP_RET_ALLOW),
		CASE(SYS_exit_group, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};

	install(code, sizeof(code) / sizeof(*code), by_syscall);
}

static void deny(int by_syscall)
{
	struct sock_filter code[] = {
		LOAD(nr),
		CASE(SYS_ptrace, SECCOMP_RET_KILL_PROCESS),
		CASE(SYS_execve, SECCOMP_RET_KILL_PROCESS),
		CASE(SYS_socket, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	install(code, sizeof(code) / sizeof(*code), by_syscall);
}

static void work(long count)
{
	for (long i = 0; i < count; i++)
		free(hide(malloc(100 + (size_t)i % 900)));
}

int main(int argc, char **argv)
{
	int by_syscall = argc > 3 && strcmp(argv[3], "syscall") == 0;
	long count = argc > 2 ? atol(argv[2]) : 0;

	if (argc < 3)
		return 2;
	work(1000);
	if (strcmp(argv[1], "allow") == 0) {
		allow(by_syscall);
		work(count);
		return 5;
	}
	if (strcmp(argv[1], "deny") == 0) {
		deny(by_syscall);
		work(count);
		return 5;
	}
	if (by_syscall)
		MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL) == 0);
	else
		MUST(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
	work(count);
	syscall(SYS_exit, 5);
	return 6;
}
