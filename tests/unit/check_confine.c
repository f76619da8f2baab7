/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_confine.c - the machine of seccomp filters, with the kernel's own as the judge.
 *
 * Random programs, ended so that what they computed becomes an errno: the kernel runs
 * them in a child, for a system call that does nothing.
 */
#include "preload/confine.c"

#include "tests/unit/recorder_stand_in.h"

#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- what confine.c needs of the others -----------------------------------------------
 */

static unsigned reserved, stops, disarmed;

bool ms_checked_read(struct ms_checked *c, uintptr_t address, uint64_t *value)
{
	(void)c;
	if (address < 4096)
		return false;
	/* a word may begin before the object that it is asked for: byte by byte */
	*value = 0;
	for (unsigned i = 0; i < 8; i++)
		*value |= (uint64_t)((const volatile uint8_t *)address)[i] << 8 * i;
	return true;
}

void ms_extent_reserve(size_t touched)
{
	(void)touched;
	reserved++;
}

void ms_stop(enum ms_wire_stop why, int error)
{
	(void)error;
	ck_assert_int_eq(why, MS_STOP_CONFINED);
	stops++;
}

void ms_bus_disarm(void)
{
	disarmed++;
}

static void begin(void)
{
	stand_in_begin();
	atomic_store(&filters, NULL);
	atomic_store(&strict, false);
	reserved = stops = disarmed = 0;
}

/* --- random programs
 * -------------------------------------------------------------------- */

#define PROGRAMS 100
#ifdef __SANITIZE_THREAD__ /* it has a thread of its own */
#define MANY_THREADS true
#else
#define MANY_THREADS false
#endif
#define BODY	   40
#define TAIL	   4
#define ASKED	   SYS_getpgrp
#define ERRNO_MASK 0x7ff

static uint64_t state = 20261123;

static uint32_t next(uint32_t bound)
{
	return (uint32_t)stand_in_random(&state) % bound;
}

static struct sock_filter computation(void)
{
	static const uint16_t operations[] = { BPF_ADD, BPF_SUB, BPF_MUL,
					       BPF_DIV, BPF_AND, BPF_OR,
					       BPF_XOR, BPF_LSH, BPF_RSH };
	uint16_t op = operations[next(9)], source = next(2) ? BPF_X : BPF_K;
	uint32_t k = next(3) ? next(40) : (uint32_t)stand_in_random(&state);

	if (next(12) == 0)
		return (struct sock_filter)BPF_STMT(BPF_ALU | BPF_NEG, 0);
	if (source == BPF_K && op == BPF_DIV && k == 0)
		k = 3;
	if (source == BPF_K && (op == BPF_LSH || op == BPF_RSH))
		k %= 32; /* more would be refused */
	return (struct sock_filter)BPF_STMT((uint16_t)(BPF_ALU | op | source), k);
}

static struct sock_filter instruction(unsigned left)
{
	static const uint16_t jumps[] = { BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET };
	uint32_t cell = next(4);

	switch (next(9)) {
	case 0:
		return (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						    4 * next(16));
	case 1:
		return (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM,
						    (uint32_t)stand_in_random(&state));
	case 2:
		return (struct sock_filter)BPF_STMT(
			(uint16_t)((next(2) ? BPF_LD : BPF_LDX) | BPF_MEM), cell);
	case 3:
		return (struct sock_filter)BPF_STMT(
			(uint16_t)(next(2) ? BPF_ST : BPF_STX), cell);
	case 4:
		return (struct sock_filter)BPF_STMT(
			(uint16_t)(BPF_MISC | (next(2) ? BPF_TAX : BPF_TXA)), 0);
	case 5:
		return (struct sock_filter)BPF_STMT(
			(uint16_t)((next(2) ? BPF_LD : BPF_LDX) | BPF_W | BPF_LEN), 0);
	case 6:
		return (struct sock_filter)BPF_JUMP(
			(uint16_t)(BPF_JMP | jumps[next(4)] | (next(2) ? BPF_X : BPF_K)),
			(uint32_t)stand_in_random(&state) >> next(32),
			(uint8_t)next(left), (uint8_t)next(left));
	default:
		return computation();
	}
}

/* Other system calls than ASKED pass; its error is 1 + the low bits of what came out. */
static unsigned make(struct sock_filter *code)
{
	unsigned n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ASKED, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	for (uint32_t cell = 0; cell < 4; cell++) /* none is read before it is written */
		code[n++] = (struct sock_filter)BPF_STMT(BPF_ST, cell);
	for (unsigned left = BODY; left > 0; left--)
		code[n++] = instruction(left);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, ERRNO_MASK);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 1);
	code[n++] =
		(struct sock_filter)BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
	return n;
}

#define ARGUMENTS 1UL, 0x123456789abcdefUL, ~0UL, 4UL, 1UL << 63, 6UL

#define KILLED (-1)

/* The kernel's answer, from a child that has the filter; 0: it cannot be asked here. */
static int ask_kernel(const struct sock_fprog *program)
{
	int answer[2];
	int got = 0;
	pid_t pid;

	ck_assert_int_eq(pipe(answer), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int error = 0;

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program) == 0) {
			errno = 0;
			syscall(ASKED, ARGUMENTS);
			error = errno;
		}
		_exit(write(answer[1], &error, sizeof(error)) != sizeof(error));
	}
	close(answer[1]);
	if (read(answer[0], &got, sizeof(got)) != sizeof(got))
		got = KILLED;
	close(answer[0]);
	waitpid(pid, NULL, 0);
	return got;
}

static int ask_ours(const struct sock_fprog *program)
{
	const uint64_t arguments[] = { ARGUMENTS };
	/* the kernel knows where the call was made: no program looks at that */
	struct seccomp_data data = { .nr = ASKED, .arch = AUDIT_ARCH_X86_64 };
	struct filter *f = read_filter((uintptr_t)program);
	uint32_t result;

	ck_assert_ptr_nonnull(f);
	memcpy(data.args, arguments, sizeof(arguments));
	result = run(f, &data);
	ms_unmap(f, 0);
	if ((result & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO) {
		ck_assert_uint_eq(result, SECCOMP_RET_KILL_THREAD);
		return KILLED;
	}
	return (int)(result & SECCOMP_RET_DATA);
}

START_TEST(as_the_kernel)
{
	struct sock_filter code[BODY + 16];
	unsigned different = 0, first = 0, asked = 0, asked_all = 0;

	begin();
	for (int i = 0; i < PROGRAMS; i++) {
		struct sock_fprog program = { .filter = code };
		int theirs;

		program.len = (unsigned short)make(code);
		for (unsigned n = 0; n < program.len;
		     n++) /* the call's place: not there */
			if (code[n].code == (BPF_LD | BPF_W | BPF_ABS) &&
			    (code[n].k == 8 || code[n].k == 12))
				code[n].k = 16;
		if (MANY_THREADS && ask_ours(&program) == KILLED)
			continue; /* the thread alone: nobody would tell us */
		theirs = ask_kernel(&program);
		asked_all += 1;
		if (!theirs)
			continue;
		asked++;
		first = asked == 1 ? (unsigned)theirs : first;
		different += (unsigned)theirs != first;
		ck_assert_msg(ask_ours(&program) == theirs, "program %d: %d, kernel %d",
			      i, ask_ours(&program), theirs);
	}
	/* a sandbox, or valgrind, may refuse: then at least none was refused alone */
	ck_assert(asked == 0 || (asked == asked_all && different > PROGRAMS / 4));
}
END_TEST

/* --- what a filter means for us -------------------------------------------------------
 */

static void install(uint32_t action, long nr)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 4, code };

	ms_confine_filter(&program);
}

START_TEST(actions)
{
	static const struct {
		uint32_t action;
		bool allowed;
	} all[] = {
		{ SECCOMP_RET_ALLOW, true },	    { SECCOMP_RET_LOG, true },
		{ SECCOMP_RET_ERRNO | 5, true },    { SECCOMP_RET_KILL_PROCESS, false },
		{ SECCOMP_RET_KILL_THREAD, false }, { SECCOMP_RET_TRAP, false },
		{ SECCOMP_RET_TRACE, false },	    { SECCOMP_RET_USER_NOTIF, false },
	};

	begin();
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		install(all[i].action, SYS_sync);
		ck_assert(ms_confine_allows(SYS_sync, 0, 0, 0, 0, 0, 0) ==
			  all[i].allowed);
		ck_assert(ms_confine_allows(SYS_write, 0, 0, 0, 0, 0, 0));
		filters = NULL;
	}
	ck_assert_uint_eq(reserved + disarmed, 0);
	install(SECCOMP_RET_TRAP, SYS_pwrite64);
	ck_assert_uint_eq(reserved, 1);
	ck_assert_uint_eq(disarmed, 0);
	install(SECCOMP_RET_KILL_PROCESS, SYS_rt_sigreturn);
	ck_assert_uint_eq(disarmed, 1);
	ck_assert(
		!ms_confine_allows(SYS_pwrite64, 0, 0, 0, 0, 0, 0)); /* the older, too */
}
END_TEST

START_TEST(refused_ones)
{
	struct sock_filter odd[] = { BPF_STMT(0xffff, 0),
				     BPF_STMT(BPF_LD | BPF_ABS, 4096),
				     BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog program = { 3, odd };

	begin();
	ms_confine_filter(NULL);
	ms_confine_filter((const void *)8);
	ck_assert_ptr_null(atomic_load(&filters));
	ms_confine_filter(
		&program); /* the kernel will not take it: nothing is forbidden */
	ck_assert(ms_confine_allows(SYS_read, 0, 0, 0, 0, 0, 0));
	ms_confine_strict();
	ck_assert_uint_eq(stops, 1);
	ck_assert(ms_confine_clockless());
	ck_assert(!ms_confine_allows(SYS_read, 0, 0, 0, 0, 0, 0));
	ck_assert(ms_confine_allows(SYS_write, 0, 0, 0, 0, 0, 0));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { as_the_kernel, actions, refused_ones };

	return stand_in_run("confine", tests, sizeof(tests) / sizeof(*tests));
}
