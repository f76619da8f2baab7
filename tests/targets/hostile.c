/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hostile.c - a program that pulls the rug from under its recorder, and goes on.
 *
 * Each way is followed by enough blocks of 950000 bytes (argv[2], freed at once) to need
 * new room in the log.
 *
 * Build with: -O2 -fno-builtin
 */
#define _GNU_SOURCE
#include "tests/targets/truth.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void work(long count)
{
	for (long i = 0; i < count; i++)
		free(hide(malloc(950000)));
}

/* Closes everything, then takes the lowest numbers for files of its own. */
static void close_all(long count)
{
	char text[8];
	int fds[64];

	closefrom(0);
	for (int i = 0; i < 64; i++) {
		snprintf(text, sizeof(text), "f%d", i);
		fds[i] = open(text, O_RDWR | O_CREAT | O_TRUNC, 0600);
		MUST(fds[i] == i);
	}
	work(count);
	for (int i = 0; i < 64; i++) {
		struct stat st;

		MUST(fstat(fds[i], &st) == 0 && st.st_size == 0);
	}
	MUST(open("f64", O_RDWR | O_CREAT, 0600) == 64);
}

/* Which numbers are open, before and after: a recorder must not shift them. */
static void numbers(long count)
{
	int first = dup(0);

	work(count);
	printf("%d", first);
	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf(" %d", fd);
	printf("\n");
}

static void no_files(long count)
{
	struct rlimit none = { 3, 3 };

	MUST(setrlimit(RLIMIT_NOFILE, &none) == 0);
	work(count);
	MUST(open("/dev/null", O_RDONLY) == -1 && errno == EMFILE);
}

static void small_files(long count)
{
	struct rlimit small = { 300 << 10, 300 << 10 };

	MUST(setrlimit(RLIMIT_FSIZE, &small) == 0);
	work(count);
}

static void *late_thread(void *arg)
{
	work((long)(intptr_t)arg);
	return NULL;
}

static void moved_away(long count)
{
	pthread_t id;

	MUST(mkdir("elsewhere", 0700) == 0 && chdir("elsewhere") == 0);
	work(count);
	MUST(pthread_create(&id, NULL, late_thread, (void *)(intptr_t)count) == 0);
	pthread_join(id, NULL);
}

static void jailed(long count)
{
	MUST(mkdir("jail", 0700) == 0);
	if (chroot("jail") != 0)
		exit(77);
	MUST(chdir("/") == 0);
	work(count);
}

/* The log's name is taken away; with a second file in its place, that one is precious. */
static void log_gone(long count, const char *heir)
{
	const char *log = getenv("MEMSCOPE_OUTPUT");
	int fd;

	work(10);
	if (log)
		MUST(unlink(log) == 0);
	if (log && heir) {
		fd = open(log, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		MUST(write(fd, heir, strlen(heir)) == (ssize_t)strlen(heir));
		close(fd);
	}
	work(count);
}

/* No more address space than a few blocks need. */
static void no_memory(long count)
{
	unsigned long pages = 0;
	FILE *statm = fopen("/proc/self/statm", "r");
	struct rlimit limit;

	MUST(statm && fscanf(statm, "%lu", &pages) == 1);
	fclose(statm);
	limit.rlim_cur = limit.rlim_max = pages * 4096 + (1100 << 10);
	MUST(setrlimit(RLIMIT_AS, &limit) == 0);
	work(count);
}

static void signals_blocked(long count)
{
	sigset_t all, before, after;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	work(count);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	for (int i = 1; i < 65; i++)
		if (i != SIGKILL && i != SIGSTOP && i != 32 && i != 33)
			MUST(sigismember(&after, i) == 1 && sigismember(&before, i) == 0);
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";
	long count = argc > 2 ? atol(argv[2]) : 100000;

	if (strcmp(way, "close") == 0)
		close_all(count);
	else if (strcmp(way, "numbers") == 0)
		numbers(count);
	else if (strcmp(way, "nofile") == 0)
		no_files(count);
	else if (strcmp(way, "fsize") == 0)
		small_files(count);
	else if (strcmp(way, "chdir") == 0)
		moved_away(count);
	else if (strcmp(way, "chroot") == 0)
		jailed(count);
	else if (strcmp(way, "gone") == 0)
		log_gone(count, argc > 3 ? argv[3] : NULL);
	else if (strcmp(way, "memory") == 0)
		no_memory(count);
	else if (strcmp(way, "mask") == 0)
		signals_blocked(count);
	else
		work(count);
	return 5;
}
