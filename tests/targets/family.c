/* SPDX-License-Identifier: Apache-2.0 */
/*
 * family.c - a program with children, each made in one of the ways there are.
 *
 * Process n of the family makes three blocks of 700000 + n bytes and frees two of them.
 *
 * Build with: -O2 -fno-builtin
 */
#define _GNU_SOURCE
#include "tests/targets/truth.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static atomic_bool stop;

static void work(size_t n)
{
	free(hide(malloc(700000 + n)));
	free(hide(malloc(700000 + n)));
	hide(malloc(700000 + n));
}

static void join(pid_t pid)
{
	int status;

	MUST(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
}

static pid_t child(size_t n)
{
	pid_t pid = fork();

	if (pid == 0) {
		work(n);
		exit(0);
	}
	return pid;
}

static void forks(size_t count)
{
	pid_t pids[100];

	for (size_t i = 0; i < count; i++)
		pids[i] = child(1 + i);
	for (size_t i = 0; i < count; i++)
		join(pids[i]);
}

static void *busy(void *arg)
{
	for (int i = 0; !stop; i++) {
		free(hide(malloc(1 + (uintptr_t)arg)));
		if (i % 1000 == 999) /* not too many events */
			usleep(1000);
	}
	return NULL;
}

/* A child of a process whose other threads are in the middle of malloc. */
static void forks_among_threads(size_t count)
{
	pthread_t threads[3];

	for (size_t i = 0; i < 3; i++)
		MUST(pthread_create(&threads[i], NULL, busy, (void *)i) == 0);
	for (size_t i = 0; i < count; i++)
		join(child(1 + i));
	stop = true;
	for (size_t i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

/* argv and the environment are the program's to change; git does, and then forks. */
static void own_arguments(char **argv)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	MUST(page != MAP_FAILED);
	for (int i = 0; argv[i]; i++)
		argv[i] = page;
	for (int i = 0; environ[i]; i++)
		environ[i] = page;
	argv[0] = NULL;
	munmap(page, 4096);
	join(child(1));
}

static void grandchildren(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		work(1);
		join(child(2));
		exit(0);
	}
	join(pid);
}

/* A child that fork's handlers do not know of. */
static void raw_clone(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0) {
		work(1);
		_exit(0);
	}
	join(pid);
}

static void vforked(char *self)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execl(self, self, "leaf", "1", (char *)NULL);
		_exit(97);
	}
	join(pid);
}

static void spawned(char *self)
{
	char leaf[] = "leaf", one[] = "1";
	char *argv[] = { self, leaf, one, NULL };
	pid_t pid;

	MUST(posix_spawn(&pid, self, NULL, NULL, argv, environ) == 0);
	join(pid);
}

/* Becomes itself again until its number is 0: so many programs, one pid. */
static void chain(char *self, size_t left)
{
	char number[24];

	work(left);
	if (left == 0)
		return;
	snprintf(number, sizeof(number), "%zu", left - 1);
	execl(self, self, "chain", number, (char *)NULL);
	_exit(97);
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";
	size_t n = argc > 2 ? (size_t)atol(argv[2]) : 0;

	if (strcmp(way, "chain") == 0) {
		chain(argv[0], n);
		return 0;
	}
	if (strcmp(way, "leaf") == 0) {
		work(n);
		return 0;
	}
	work(0);
	if (strcmp(way, "fork") == 0)
		forks(n);
	else if (strcmp(way, "threads") == 0)
		forks_among_threads(n);
	else if (strcmp(way, "grand") == 0)
		grandchildren();
	else if (strcmp(way, "clone") == 0)
		raw_clone();
	else if (strcmp(way, "argv") == 0)
		own_arguments(argv);
	else if (strcmp(way, "vfork") == 0)
		vforked(argv[0]);
	else if (strcmp(way, "spawn") == 0)
		spawned(argv[0]);
	else
		return 2;
	return 0;
}
