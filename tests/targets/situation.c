/* SPDX-License-Identifier: Apache-2.0 */
/*
 * situation.c - a program in one situation or another, which goes on working.
 *
 * argv[2] pairs of malloc and free are made in it.  What it prints is what it saw of the
 * world: descriptors, errors, signals; the same without a recorder.
 *
 * Build with: -O2 -fno-builtin
 */
#define _GNU_SOURCE
#include "tests/targets/truth.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define THREADS 4

static atomic_bool stop;
static sigjmp_buf back;
static const char *log_path;

static void work(long count)
{
	for (long i = 0; i < count; i++) {
		errno = 77;
		free(hide(malloc(100 + (size_t)i % 900)));
		MUST(errno == 77);
	}
}

static void *working(void *arg)
{
	work((long)(intptr_t)arg);
	return NULL;
}

static void in_threads(long count, pthread_attr_t *attributes)
{
	pthread_t ids[THREADS];

	for (int i = 0; i < THREADS; i++)
		MUST(pthread_create(&ids[i], attributes, working,
				    (void *)(intptr_t)count) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
}

/* --- descriptors ----------------------------------------------------------------------
 */

/* The next files get the lowest numbers, and nobody else's bytes. */
static void lowest_are_free(int from)
{
	struct stat st;
	char name[32];

	for (int i = from; i < 24; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		MUST(open(name, O_RDWR | O_CREAT | O_TRUNC, 0600) == i);
	}
	work(20000);
	in_threads(20000, NULL);
	for (int i = from; i < 24; i++)
		MUST(fstat(i, &st) == 0 && st.st_size == 0);
}

static void close_each(long count)
{
	for (int i = 0; i < 1024; i++)
		close(i);
	work(count);
	lowest_are_free(0);
}

static void close_from(long count)
{
	closefrom(0);
	work(count);
	lowest_are_free(0);
}

static void close_ranges(long count)
{
	MUST(close_range(3, ~0U, 0) == 0);
	work(count);
	lowest_are_free(3);
}

static void dup_over(long count)
{
	for (int i = 3; i < 200; i++)
		MUST(dup2(0, i) == i);
	work(count);
	in_threads(count / 4, NULL);
	for (int i = 3; i < 200; i++)
		MUST(close(i) == 0);
	lowest_are_free(3);
}

static void four_descriptors(long count)
{
	struct rlimit four = { 4, 4 };

	MUST(setrlimit(RLIMIT_NOFILE, &four) == 0);
	work(count);
	in_threads(count / 4, NULL);
	MUST(open("/dev/null", O_RDONLY) == 3);
	MUST(open("/dev/null", O_RDONLY) == -1 && errno == EMFILE);
	work(count);
}

static void *opening(void *arg)
{
	for (int i = 0; i < 5000; i++) {
		int fd = open("/dev/null", O_RDONLY);

		MUST(fd == 3 && close(fd) == 0);
	}
	stop = true;
	return arg;
}

static void *until_stop(void *arg)
{
	while (!stop)
		work(1000);
	return arg;
}

/* Others make the log grow all the while. */
static void lowest_number(long count)
{
	pthread_t ids[3];

	(void)count;
	closefrom(3);
	MUST(pthread_create(&ids[0], NULL, opening, NULL) == 0);
	for (int i = 1; i < 3; i++)
		MUST(pthread_create(&ids[i], NULL, until_stop, NULL) == 0);
	for (int i = 0; i < 3; i++)
		pthread_join(ids[i], NULL);
}

/* --- limits ---------------------------------------------------------------------------
 */

static void small_stacks(long count)
{
	pthread_attr_t small;

	pthread_attr_init(&small);
	MUST(pthread_attr_setstacksize(&small, (size_t)PTHREAD_STACK_MIN) == 0);
	for (int i = 0; i < 50; i++)
		in_threads(count / 50, &small);
}

static void locked_memory(long count)
{
	MUST(mlockall(MCL_CURRENT | MCL_FUTURE) == 0);
	work(count);
	in_threads(count, NULL);
}

static void file_size(long count)
{
	struct rlimit small = { 300 << 10, 300 << 10 };

	MUST(setrlimit(RLIMIT_FSIZE, &small) == 0);
	work(count);
}

static void address_space(long count)
{
	struct rlimit limit = { 64 << 20, 64 << 20 };

	MUST(setrlimit(RLIMIT_AS, &limit) == 0);
	free(hide(malloc(40 << 20)));
	MUST(!hide(malloc(70 << 20)) && errno == ENOMEM);
	work(count);
}

/* --- threads and signals --------------------------------------------------------------
 */

static void *until_cancelled(void *arg)
{
	int old;

	for (;;) {
		work(10);
		pthread_testcancel();
		if (!arg)
			continue;
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
		for (volatile int i = 0; i < 1000; i++)
			;
		pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &old);
	}
	return arg;
}

static void cancelled(bool at_once)
{
	pthread_t ids[THREADS];
	void *result;

	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < THREADS; i++)
			MUST(pthread_create(&ids[i], NULL, until_cancelled,
					    at_once ? (void *)1 : NULL) == 0);
		usleep(200);
		for (int i = 0; i < THREADS; i++)
			MUST(pthread_cancel(ids[i]) == 0);
		for (int i = 0; i < THREADS; i++) {
			pthread_join(ids[i], &result);
			MUST(result == PTHREAD_CANCELED);
		}
	}
}

static void deferred(long count)
{
	(void)count;
	cancelled(false);
}

static void asynchronous(long count)
{
	(void)count;
	cancelled(true);
}

static void *main_is_gone(void *arg)
{
	usleep(20000);
	work((long)(intptr_t)arg);
	exit(5);
}

static void exit_of_main(long count)
{
	pthread_t id;

	work(count);
	MUST(pthread_create(&id, NULL, main_is_gone, (void *)(intptr_t)count) == 0);
	pthread_exit(NULL);
}

static void exit_while_busy(long count)
{
	pthread_t id;

	for (int i = 0; i < THREADS; i++)
		MUST(pthread_create(&id, NULL, until_stop, NULL) == 0);
	work(count);
}

static void jump(int number)
{
	(void)number;
	work(3);
	siglongjmp(back, 1);
}

static void jumping_handlers(long count)
{
	volatile long i = 0;

	signal(SIGUSR1, jump);
	sigsetjmp(back, 1);
	while (i++ < count / 10) {
		work(3);
		raise(SIGUSR1);
	}
}

/* --- leaving --------------------------------------------------------------------------
 */

static void daemonise(long count)
{
	int status;
	pid_t pid;

	work(count);
	pid = fork();
	if (pid) {
		MUST(waitpid(pid, &status, 0) == pid && status == 0);
		return;
	}
	setsid();
	work(count);
	pid = fork();
	if (pid) {
		MUST(waitpid(pid, &status, 0) == pid && status == 0);
		exit(0);
	}
	MUST(chdir("/") == 0);
	umask(0);
	closefrom(0);
	MUST(open("/dev/null", O_RDWR) == 0);
	work(count);
	in_threads(count, NULL);
	exit(0);
}

static void new_root(long count)
{
	MUST(mkdir("jail", 0700) == 0);
	if (chroot("jail") != 0)
		exit(77);
	MUST(chdir("/") == 0);
	work(count);
	in_threads(count, NULL);
}

static void other_user(long count)
{
	if (setuid(65534) != 0)
		exit(77);
	MUST(open("mine", O_RDWR | O_CREAT, 0600) == -1 && errno == EACCES);
	work(count);
	in_threads(count, NULL);
}

/* --- the log in other hands -----------------------------------------------------------
 */

static void deleted(long count)
{
	work(count);
	if (log_path)
		MUST(unlink(log_path) == 0);
	work(count);
}

static void renamed(long count)
{
	work(count);
	if (log_path)
		MUST(rename(log_path, "elsewhere.log") == 0);
	work(count);
}

static void truncated(long count)
{
	work(count);
	if (log_path)
		MUST(truncate(log_path, 0) == 0);
	work(count);
}

static void plain(long count)
{
	work(count);
	in_threads(count, NULL);
}

static const struct {
	const char *name;
	void (*run)(long count);
} ways[] = {
	{ "plain", plain },
	{ "close_each", close_each },
	{ "closefrom", close_from },
	{ "close_range", close_ranges },
	{ "dup2", dup_over },
	{ "nofile4", four_descriptors },
	{ "lowest", lowest_number },
	{ "small_stacks", small_stacks },
	{ "mlockall", locked_memory },
	{ "fsize", file_size },
	{ "address_space", address_space },
	{ "deferred", deferred },
	{ "asynchronous", asynchronous },
	{ "exit_main", exit_of_main },
	{ "exit_busy", exit_while_busy },
	{ "jumping", jumping_handlers },
	{ "daemon", daemonise },
	{ "chroot", new_root },
	{ "setuid", other_user },
	{ "deleted", deleted },
	{ "renamed", renamed },
	{ "truncated", truncated },
};

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	work(10);
	log_path = argc > 3 && getenv("MEMSCOPE_OUTPUT") ? argv[3] : NULL;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		if (strcmp(ways[i].name, argv[1]) == 0) {
			ways[i].run(atol(argv[2]));
			return 5;
		}
	}
	return 2;
}
