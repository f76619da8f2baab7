/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maps.c - a program that takes memory from the kernel itself, in every way there is.
 *
 * "calls" makes one of each, then says how much is mapped; "threads" lets four threads
 * map and unmap as fast as they can, handing addresses on to each other; "shares" takes
 * everything in a single page many times.  Between two writes to descriptor 1 of "begin"
 * and "end" all its system calls for memory are those of the calls.
 *
 * Build with: -O2 -fno-builtin
 */
#define _GNU_SOURCE
#include "tests/targets/truth.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define PAGE 4096UL
#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static void say(const char *text)
{
	MUST(write(1, text, strlen(text)) == (ssize_t)strlen(text));
}

static char *take(size_t pages)
{
	char *p = mmap(NULL, pages * PAGE, RW, ANON, -1, 0);

	MUST(p != MAP_FAILED);
	p[0] = 1;
	return p;
}

/* munmap of parts, of several mappings at once, of nothing, and wrong ones. */
static void partly(void)
{
	char *p = take(10);

	MUST(munmap(p + 4 * PAGE, 2 * PAGE) == 0); /* 8 left, with a hole */
	MUST(munmap(p + 5 * PAGE, PAGE) == 0);	   /* the hole: nothing changes */
	MUST(munmap(p + 3 * PAGE, 4 * PAGE) == 0); /* 6 left: 0-2, 7-9 */
	MUST(munmap(p + 9 * PAGE, 1) == 0);	   /* a byte is a page: 5 left */
	MUST(munmap(p + 1, PAGE) == -1 && errno == EINVAL);
	MUST(munmap(p, 0) == -1 && errno == EINVAL);
}

/* MAP_FIXED over a mapping, over a hole, over both: 12 pages are left. */
static void over(void)
{
	char *p = take(12), *q;

	MUST(munmap(p + 8 * PAGE, 4 * PAGE) == 0);
	q = mmap(p + 2 * PAGE, 3 * PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0);
	MUST(q == p + 2 * PAGE);
	MUST(munmap(p + 4 * PAGE, 4 * PAGE) == 0);
	q = mmap(p, 12 * PAGE, PROT_NONE, ANON | MAP_FIXED | MAP_NORESERVE, -1, 0);
	MUST(q == p);
	MUST(mmap(p, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED &&
	     errno == EEXIST);
}

/* 7 pages are left. */
static void moved(void)
{
	char *wanted = take(20), *p = take(4), *q;

	MUST(munmap(wanted, 20 * PAGE) == 0);
	q = mremap(p, 4 * PAGE, 9 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, wanted);
	MUST(q == wanted && q[0] == 1);
	MUST(mremap(q, 9 * PAGE, 5 * PAGE, 0) == q);
	MUST(mremap(q + 1, PAGE, 2 * PAGE, 0) == MAP_FAILED && errno == EINVAL);
	p = mremap(q, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE); /* a part moves away */
	MUST(p != MAP_FAILED && p != q && p[0] == 1);
}

/* A file's mapping of 100 bytes is a page; so is a shared one. */
static void of_files(void)
{
	int fd = memfd_create("maps", MFD_CLOEXEC);
	char *p, *q;

	MUST(ftruncate(fd, 3 * (off_t)PAGE) == 0);
	p = mmap(NULL, 100, PROT_READ, MAP_PRIVATE, fd, 0);
	q = mmap64(NULL, 2 * PAGE, RW, MAP_SHARED, fd, (off64_t)PAGE);
	MUST(p != MAP_FAILED && q != MAP_FAILED);
	close(fd);
	MUST(munmap(p, 100) == 0);
	MUST(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 12345, 0) == MAP_FAILED &&
	     errno == EBADF);
	MUST(mmap(NULL, 1UL << 60, RW, ANON, -1, 0) == MAP_FAILED && errno == ENOMEM);
}

/* 3 pages and 100 bytes of the break are left. */
static void broken(void)
{
	char *now = sbrk(0), *p = sbrk(4 * PAGE);

	MUST(p == now && sbrk(0) == now + 4 * PAGE);
	p[0] = 1;
	MUST(brk(now + 8 * PAGE) == 0);
	MUST(sbrk(-(intptr_t)PAGE) == now + 8 * PAGE);
	MUST(brk(now + 3 * PAGE + 100) == 0);
	MUST(brk(now + 3 * PAGE + 100) == 0); /* where it is */
	MUST(sbrk(1L << 60) == (void *)-1 && errno == ENOMEM);
	MUST(brk(now + (1L << 60)) == -1 && errno == ENOMEM);
}

#define LEFT ((5 + 12 + 7 + 2 + 3) * PAGE + 100)

static void calls(void)
{
	char text[64];

	say("begin\n");
	partly();
	over();
	moved();
	of_files();
	broken();
	say("end\n");
	snprintf(text, sizeof(text), "%lu\n", LEFT);
	say(text);
}

/*
 * Each thread frees what it has at once, so that the kernel gives its place to the next
 * one; a mistake in the order of the events shows as bytes too many or too few.
 */
static void *churn(void *arg)
{
	long count = (long)(intptr_t)arg;

	for (long i = 0; i < count; i++) {
		size_t pages = 1 + (size_t)i % 5;
		char *p = take(pages);

		if (i % 3 == 0) {
			p = mremap(p, pages * PAGE, 2 * pages * PAGE, MREMAP_MAYMOVE);
			MUST(p != MAP_FAILED);
			pages *= 2;
		}
		MUST(munmap(p, pages * PAGE) == 0);
	}
	return take(1);
}

static void threads(long count)
{
	pthread_t id[4];

	for (int i = 0; i < 4; i++)
		MUST(pthread_create(&id[i], NULL, churn, (void *)(intptr_t)count) == 0);
	for (int i = 0; i < 4; i++)
		pthread_join(id[i], NULL);
}

/* Handlers map as well, in the middle of whatever the program does. */
static volatile sig_atomic_t handled;

static void on_alarm(int sig)
{
	int saved = errno;

	(void)sig;
	MUST(munmap(take(2), 2 * PAGE) == 0);
	handled++;
	errno = saved;
}

static void signals(long count)
{
	struct sigaction action = { .sa_handler = on_alarm };
	timer_t timer;
	struct itimerspec every = { { 0, 200000 }, { 0, 200000 } };

	sigaction(SIGALRM, &action, NULL);
	MUST(timer_create(CLOCK_MONOTONIC, NULL, &timer) == 0);
	MUST(timer_settime(timer, 0, &every, NULL) == 0);
	while (handled < count)
		free(hide(malloc(100))), churn((void *)1);
	MUST(timer_delete(timer) == 0);
}

/* A child of fork knows nothing of its parent's mappings and may take them away. */
static void child(void)
{
	char *p = take(3);
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		MUST(munmap(p, 3 * PAGE) == 0);
		take(2);
		exit(0);
	}
	MUST(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";
	long count = argc > 2 ? atol(argv[2]) : 1000;

	if (strcmp(way, "calls") == 0)
		calls();
	else if (strcmp(way, "threads") == 0)
		threads(count);
	else if (strcmp(way, "signals") == 0)
		signals(count);
	else if (strcmp(way, "child") == 0)
		child();
	else
		return 2;
	return 0;
}
