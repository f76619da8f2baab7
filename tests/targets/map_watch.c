/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map_watch.c - asks for pointer maps and looks whether it can notice them: by SIGUSR2,
 * or, when its first argument is "api", by calls.
 *
 * Prints one line for each thing that it noticed, then how often it asked.
 */
#define _GNU_SOURCE
#include <memscope/annotate.h>

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ASKED 5

static volatile int children, forks;
static void *volatile kept[100];

static void on_child(int signal)
{
	(void)signal;
	children++;
}

static void on_fork(void)
{
	forks++;
}

static int count(const char *directory)
{
	DIR *d = opendir(directory);
	int n = 0;

	while (d && readdir(d))
		n++;
	closedir(d);
	return n;
}

static void *sleeper(void *argument)
{
	int result;

	(void)argument;
	do
		result = usleep(10000);
	while (!result);
	printf("a sleeping thread was woken: %s\n", strerror(errno));
	return NULL;
}

static void *runner(void *argument)
{
	for (;;)
		__asm__ volatile("pause");
	return argument;
}

int main(int argc, char **argv)
{
	bool calls = argc > 1 && !strcmp(argv[1], "api");
	int files, threads;
	pthread_t t;

	signal(SIGCHLD, on_child);
	pthread_atfork(on_fork, on_fork, on_fork);
	pthread_create(&t, NULL, sleeper, NULL);
	if (argc > 1 && !strcmp(argv[1], "busy"))
		pthread_create(&t, NULL, runner, NULL);
	files = count("/proc/self/fd");
	threads = count("/proc/self/task");
	for (int i = 0; i < ASKED; i++) {
		for (int n = 0; n < 100; n++)
			kept[n] = malloc(100);
		errno = 4711;
		if (calls)
			memscope_heap_map();
		else
			pthread_kill(pthread_self(), SIGUSR2);
		if (errno != 4711)
			printf("errno is %d\n", errno);
		if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
			printf("there is a child\n");
		usleep(30000);
	}
	if (children || forks)
		printf("%d signals of a child, %d calls at forks\n", children, forks);
	if (wait(NULL) != -1 || errno != ECHILD)
		printf("there is a child at the end\n");
	if (files != count("/proc/self/fd"))
		printf("other descriptors than before\n");
	if (threads != count("/proc/self/task"))
		printf("other threads than before\n");
	printf("asked %d times\n", ASKED);
	return 0;
}
