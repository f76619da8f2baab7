/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interrupted.c - signal handlers that allocate, at any instruction of the allocator.
 *
 * storm:  a timer interrupts malloc and free as often as it can, the handler calls
 * malloc. raise:  a handler allocates on the alternate stack, 1000 times, exactly. jump:
 * a handler leaves by siglongjmp, 60 times, out of the middle of hooks.
 *
 * Build with: -O2 -fno-builtin
 */
#define _GNU_SOURCE
#include "tests/targets/truth.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

static volatile sig_atomic_t handled;
static sigjmp_buf back;
static volatile size_t refused = (size_t)PTRDIFF_MAX + 1;

static void timer(long usec)
{
	struct itimerval every = { { 0, usec }, { 0, usec } };

	setitimer(ITIMER_REAL, &every, NULL);
}

static void watch(int number, void (*handler)(int), int flags)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	action.sa_handler = handler;
	action.sa_flags = flags;
	sigaction(number, &action, NULL);
}

/*
 * A request that no allocator can serve is refused by the C library before it takes a
 * lock, so it may be made anywhere - also where a handler interrupted malloc itself.
 */
static void on_storm(int number)
{
	int saved = errno;

	(void)number;
	handled++;
	MUST(!hide(malloc(refused)));
	errno = saved;
}

static void storm(long rounds)
{
	void *blocks[64] = { NULL };

	watch(SIGALRM, on_storm, SA_RESTART);
	timer(50);
	for (long i = 0; i < rounds; i++) {
		size_t k = (size_t)i % 64;

		free(blocks[k]);
		errno = 77;
		blocks[k] = hide(malloc(1 + (size_t)i % 500));
		MUST(errno == 77 && blocks[k]);
		if (i % 3 == 0)
			blocks[k] = hide(realloc(blocks[k], 1 + (size_t)i % 900));
	}
	timer(0);
	for (size_t k = 0; k < 64; k++)
		free(blocks[k]);
}

static void on_raise(int number)
{
	(void)number;
	free(hide(malloc(600001)));
}

static void raises(void)
{
	static char stack[256 << 10];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };

	sigaltstack(&alternate, NULL);
	watch(SIGUSR1, on_raise, SA_ONSTACK);
	for (int i = 0; i < 1000; i++)
		raise(SIGUSR1);
}

static void on_jump(int number)
{
	(void)number;
	handled++;
	siglongjmp(back, 1);
}

/* Leaving malloc half-way would leave its locks taken: only refused requests are left. */
static void jumps(void)
{
	watch(SIGALRM, on_jump, SA_NODEFER);
	free(hide(malloc(600003))); /* the C library has set itself up */
	free(hide(malloc(10)));
	sigsetjmp(back, 1);
	if (handled < 60) {
		timer(50);
		for (;;)
			hide(malloc(refused));
	}
	timer(0);
	for (int i = 0; i < 1000; i++)
		free(hide(malloc(600002)));
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	if (strcmp(argv[1], "storm") == 0)
		storm(argc > 2 ? atol(argv[2]) : 200000);
	else if (strcmp(argv[1], "raise") == 0)
		raises();
	else
		jumps();
	return 0;
}
