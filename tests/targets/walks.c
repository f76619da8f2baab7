/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walks.c - probes the stack at random points of random call trees, in frames of every
 * shape that a C compiler makes, in signal handlers, coroutines, threads and 10,000 deep.
 *
 * Build with: -O2 -fno-builtin
 */
#define _GNU_SOURCE
#include "tests/targets/probe.h"

#include <alloca.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

static uint64_t state = 88172645463325252ULL;

static unsigned next(unsigned bound)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % bound;
}

typedef int shape(int left);
static shape plain, wide, aligned, variable, alloced, registers, pushing, tail;
static shape *const shapes[] = { plain,	  wide,	     aligned, variable,
				 alloced, registers, pushing, tail };

static int deeper(int left)
{
	int sum = 0;

	if (next(3) == 0)
		probe();
	if (left > 0)
		for (unsigned n = 1 + next(2); n > 0; n--)
			sum += shapes[next(8)](left - 1);
	if (next(3) == 0)
		probe();
	return sum + 1;
}

NOINLINE static int plain(int left)
{
	return deeper(left) + 1;
}

NOINLINE static int wide(int left)
{
	char room[5000];

	hide(room);
	return deeper(left) + room[left];
}

/* The frame is found through a register that holds the unaligned stack pointer. */
NOINLINE static int aligned(int left)
{
	char room[64] __attribute__((aligned(128)));
	int sum;

	hide(room);
	MUST((uintptr_t)room % 128 == 0);
	sum = deeper(left);
	hide(room);
	return sum;
}

NOINLINE static int variable(int left)
{
	char room[1 + next(700)] __attribute__((aligned(64)));
	int sum;

	hide(room);
	sum = deeper(left);
	hide(room);
	return sum;
}

NOINLINE static int alloced(int left)
{
	void *room = hide(alloca(1 + next(300)));
	int sum = deeper(left);

	hide(room);
	return sum;
}

/* Keeps every callee-saved register busy, rbp too. */
NOINLINE static int registers(int left)
{
	long a = next(9), b = next(9), c = next(9), d = next(9), e = next(9), f = next(9);
	int sum = deeper(left);

	__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f));
	return sum + (int)(a + b + c + d + e + f);
}

NOINLINE static int many(int a, int b, int c, int d, int e, int f, int left, int h, int i)
{
	return deeper(left) + a + b + c + d + e + f + h + i;
}

NOINLINE static int pushing(int left)
{
	return many(1, 2, 3, 4, 5, 6, left, 8, 9) + many(1, 2, 3, 4, 5, 6, 0, 8, 9);
}

NOINLINE static int tail(int left)
{
	return deeper(left);
}

NOINLINE static int recurse(int left)
{
	if (left == 0) {
		probe();
		return 0;
	}
	left = recurse(left - 1) + 1;
	hide(&left);
	return left;
}

static void on_signal(int number)
{
	(void)number;
	deeper(2);
}

static void handlers(void)
{
	size_t bytes = 1 << 20;
	struct sigaction action;
	stack_t alternate;

	memset(&action, 0, sizeof(action));
	memset(&alternate, 0, sizeof(alternate));
	action.sa_handler = on_signal;
	sigaction(SIGUSR1, &action, NULL);
	alternate.ss_size = bytes;
	alternate.ss_sp = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigaltstack(&alternate, NULL);
	action.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR2, &action, NULL);
	for (int i = 0; i < 10; i++) {
		raise(SIGUSR1);
		raise(SIGUSR2);
	}
	sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL);
}

/* A signal that comes at an instruction of its own, not at a call. */
NOINLINE static int faulting(int left)
{
	volatile int *p = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*p = left;
	return *p + 1;
}

static void on_fault(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	probe();
	mprotect(info->si_addr, 4096, PROT_READ | PROT_WRITE);
}

static void faults(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_sigaction = on_fault;
	action.sa_flags = SA_SIGINFO;
	sigaction(SIGSEGV, &action, NULL);
	for (int i = 0; i < 5; i++)
		faulting(i);
}

static ucontext_t outside, inside;

static void coroutine(void)
{
	for (int i = 0; i < 5; i++) {
		deeper(3);
		swapcontext(&inside, &outside);
	}
}

static void coroutines(void)
{
	size_t bytes = 1 << 20;

	getcontext(&inside);
	inside.uc_stack.ss_size = bytes;
	inside.uc_stack.ss_sp = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	inside.uc_link = &outside;
	makecontext(&inside, coroutine, 0);
	for (int i = 0; i < 6; i++)
		swapcontext(&outside, &inside);
}

static void *thread(void *arg)
{
	deeper(4);
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t id;

	if (argc < 2)
		return 2;
	probe_open();
	for (int i = 0; i < 30; i++)
		deeper(6);
	handlers();
	faults();
	coroutines();
	for (int i = 0; i < 5; i++) {
		MUST(pthread_create(&id, NULL, thread, NULL) == 0);
		pthread_join(id, NULL);
	}
	for (int i = 0; i < 3; i++)
		recurse(10000);
	recurse(9990);
	deeper(6);
	truth_write(argv[1]);
	return 0;
}
