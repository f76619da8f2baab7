/* SPDX-License-Identifier: Apache-2.0 */
/*
 * marking.c - a program that makes marks: from main, threads, children and handlers.
 *
 * points: three blocks, with marks between them, one name twice.  names: what is no good
 * name.  early: before the first allocation, late: from the last handler of exit().
 * threads: four threads that do nothing else.  fork: each of two children, one of them
 * by a raw clone, and the parent.  storm: a timer's handler makes marks while main
 * allocates; prints how many either made, and of how many blocks.  many N: that many.
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
#define EACH_THREAD 1000
#define TICKS	    2000

static int early_wanted;

__attribute__((constructor)) static void first(int argc, char **argv)
{
	early_wanted = argc > 1 && !strcmp(argv[1], "early");
	if (early_wanted)
		memscope_mark("early");
}

static int points(void)
{
	void *blocks[3];

	blocks[0] = malloc(1001);
	errno = ENOTTY;
	memscope_mark("one");
	if (errno != ENOTTY)
		return 1;
	blocks[1] = malloc(2002);
	memscope_mark("two");
	blocks[2] = malloc(3003);
	memscope_mark("one");
	for (int i = 0; i < 3; i++)
		free(blocks[i]);
	return 0;
}

static int names(void)
{
	char text[400];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	memscope_mark(text);
	memcpy(text + 254, "\xc3\xa9", 3); /* the cut would be between the two */
	memscope_mark(text);
	memscope_mark("");
	memscope_mark(NULL);
	memscope_mark("red \x1b[31m\nline,\"two\"");
	memscope_mark("\xff\xfe");
	memscope_mark("a:b c'd");
	return 0;
}

static void at_exit(void)
{
	memscope_mark("late");
}

static void *make_marks(void *number)
{
	char name[] = "thread 0";

	name[7] = (char)('0' + (int)(intptr_t)number);
	for (int i = 0; i < EACH_THREAD; i++)
		memscope_mark(name);
	return NULL;
}

static int threads(void)
{
	pthread_t made[THREADS];

	for (intptr_t i = 0; i < THREADS; i++)
		if (pthread_create(&made[i], NULL, make_marks, (void *)i))
			return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(made[i], NULL);
	return 0;
}

static int await(pid_t child)
{
	int status;

	return waitpid(child, &status, 0) != child || status;
}

static int forks(void)
{
	pid_t child;

	memscope_mark("before");
	child = fork();
	if (child == 0) {
		memscope_mark("forked");
		_exit(0);
	}
	if (await(child))
		return 1;
	child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (child == 0) {
		memscope_mark("cloned");
		syscall(SYS_exit_group, 0);
	}
	if (await(child))
		return 1;
	memscope_mark("after");
	return 0;
}

static volatile sig_atomic_t ticks;

static void tick(int number)
{
	(void)number;
	memscope_mark("tick");
	ticks++;
}

static int storm(void)
{
	struct sigaction action = { .sa_handler = tick, .sa_flags = SA_RESTART };
	struct itimerval every = { { 0, 50 }, { 0, 50 } };
	long loops = 0;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	while (ticks < TICKS) {
		void *block = malloc(77);

		if (++loops % 64 == 0)
			memscope_mark("loop");
		free(block);
	}
	every = (struct itimerval){ { 0, 0 }, { 0, 0 } };
	setitimer(ITIMER_REAL, &every, NULL);
	printf("%d %ld %ld\n", (int)ticks, loops / 64, loops);
	return 0;
}

static int many(const char *count)
{
	for (long i = atol(count); i > 0; i--)
		memscope_mark("again");
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "points"))
		return points();
	if (!strcmp(what, "names"))
		return names();
	if (!strcmp(what, "early"))
		return 0;
	if (!strcmp(what, "late"))
		return atexit(at_exit);
	if (!strcmp(what, "threads"))
		return threads();
	if (!strcmp(what, "fork"))
		return forks();
	if (!strcmp(what, "storm"))
		return storm();
	if (!strcmp(what, "many") && argc == 3)
		return many(argv[2]);
	return 2;
}
