/* SPDX-License-Identifier: Apache-2.0 */
/*
 * heap_mapping.c - a program that asks for pointer maps itself: memscope_heap_map().
 *
 * points: a map with nothing lost, one after 1001 bytes were lost, one after 2002 more.
 * early: before the first allocation, late: from the last handler of exit().  threads:
 * four threads ask at once, eight times each.  storm: a timer's handler asks while main
 * allocates, until it has asked 25 times.  fork: the parent and each of two children, one
 * of them by a raw clone.
 *
 * Build with: -fno-builtin
 */
#define _GNU_SOURCE
#include <memscope/annotate.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS	    4
#define EACH_THREAD 8
#define ASKED	    25

static void *volatile kept[2];
static volatile int asked;

__attribute__((constructor)) static void first(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "early"))
		memscope_heap_map();
}

/* No register or old frame of it may hold what was lost. */
static __attribute__((noinline)) void make(void)
{
	kept[0] = malloc(1001);
	kept[1] = malloc(2002);
}

static __attribute__((noinline)) void forget(int i)
{
	char over[4096];

	kept[i] = NULL;
	memset(over, 0, sizeof(over));
	__asm__ volatile("" : : "r"(over) : "memory");
}

static int points(void)
{
	make();
	errno = ENOTTY;
	memscope_heap_map();
	if (errno != ENOTTY)
		return 1;
	forget(0);
	memscope_heap_map();
	forget(1);
	memscope_heap_map();
	return 0;
}

static void at_exit(void)
{
	memscope_heap_map();
}

static void *ask(void *unused)
{
	for (int i = 0; i < EACH_THREAD; i++)
		memscope_heap_map();
	return unused;
}

static int threads(void)
{
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, ask, NULL))
			return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	return 0;
}

static void on_timer(int signal)
{
	(void)signal;
	if (asked < ASKED) {
		memscope_heap_map();
		asked++;
	}
}

static int storm(void)
{
	struct itimerval each = { { 0, 2000 }, { 0, 2000 } }, none = { { 0 }, { 0 } };
	struct sigaction action = { .sa_handler = on_timer, .sa_flags = SA_RESTART };
	void *blocks[16] = { 0 };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &each, NULL);
	for (unsigned i = 0; asked < ASKED; i++) {
		free(blocks[i % 16]);
		blocks[i % 16] = malloc(i % 5000);
	}
	setitimer(ITIMER_REAL, &none, NULL);
	for (unsigned i = 0; i < 16; i++)
		free(blocks[i]);
	return 0;
}

static int forks(void)
{
	int status = 0;

	for (int i = 0; i < 2; i++) {
		long child = i ? syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) : fork();

		if (child == 0) {
			memscope_heap_map();
			_exit(0);
		}
		if (child < 0 || waitpid((pid_t)child, &status, 0) != child || status)
			return 1;
	}
	memscope_heap_map();
	return 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} modes[] = {
		{ "points", points },
		{ "threads", threads },
		{ "storm", storm },
		{ "fork", forks },
	};

	if (argc > 1 && !strcmp(argv[1], "late"))
		return atexit(at_exit);
	for (size_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(argv[1], modes[i].name))
			return modes[i].run();
	return argc > 1 && !strcmp(argv[1], "early") ? 0 : 2;
}
