/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus_signals.c - what a program does with SIGBUS, and sees of it.
 *
 * Each way prints all that it can see; it is to be the same under a recorder that has a
 * handler of its own.  With a second argument the recorder's log is cut in the middle.
 *
 * Build with: -O2 -fno-builtin -Wno-deprecated-declarations
 */
#define _GNU_SOURCE
#include "tests/targets/truth.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char **self;
static const char *log_path;
static sigjmp_buf back;
static char *gone; /* a page of a file that was cut */
static char other_stack[64 << 10];

static void work(long count)
{
	for (long i = 0; i < count; i++) {
		errno = 77;
		free(hide(malloc(100 + (size_t)i % 900)));
		MUST(errno == 77);
	}
}

static void cut(off_t length)
{
	const char *path = log_path;

	log_path = NULL;
	if (path)
		MUST(truncate(path, length) == 0);
	work(30000);
}

static unsigned long words(const sigset_t *set)
{
	return set->__val[0];
}

static const char *name(const struct sigaction *a);

static void show(const char *when)
{
	struct sigaction a;

	MUST(sigaction(SIGBUS, NULL, &a) == 0);
	printf("%s: %s flags %x mask %lx\n", when, name(&a), (unsigned)a.sa_flags,
	       words(&a.sa_mask));
}

static void report(int number, siginfo_t *info)
{
	char here;
	sigset_t blocked;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	printf("signal %d code %d at %ld on %s stack, blocked %lx\n", number,
	       info ? info->si_code : 0,
	       info && info->si_code > 0 ? (long)((char *)info->si_addr - gone) : -1,
	       &here >= other_stack && &here < other_stack + sizeof(other_stack)
		       ? "another"
		       : "the same",
	       words(&blocked));
	work(100);
}

static void on_plain(int number)
{
	report(number, NULL);
	show("inside");
}

static void on_info(int number, siginfo_t *info, void *context)
{
	(void)context;
	report(number, info);
	show("inside");
	if (info->si_code > 0)
		siglongjmp(back, 1);
}

static void on_other(int number)
{
	(void)number;
}

static const char *name(const struct sigaction *a)
{
	return a->sa_handler == SIG_DFL	    ? "default"
	       : a->sa_handler == SIG_IGN   ? "ignored"
	       : a->sa_handler == on_plain  ? "plain"
	       : a->sa_handler == on_other  ? "other"
	       : a->sa_sigaction == on_info ? "info"
					    : "unknown";
}

static void fault(void)
{
	if (sigsetjmp(back, 1) == 0)
		gone[17] = 1;
	printf("after a fault\n");
}

static void take(void (*how)(int), void (*how_info)(int, siginfo_t *, void *), int flags)
{
	struct sigaction a;

	memset(&a, 0, sizeof(a));
	a.sa_flags = flags;
	sigaddset(&a.sa_mask, SIGUSR1);
	if (how_info)
		a.sa_sigaction = how_info;
	else
		a.sa_handler = how;
	MUST(sigaction(SIGBUS, &a, NULL) == 0);
}

static void flags_of_all_kinds(void)
{
	static const int more[] = { 0, SA_ONSTACK, SA_NODEFER, SA_RESTART,
				    SA_NODEFER | SA_ONSTACK };
	stack_t stack = { .ss_sp = other_stack, .ss_size = sizeof(other_stack) };

	MUST(sigaltstack(&stack, NULL) == 0);
	show("at first");
	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++) {
		take(NULL, on_info, SA_SIGINFO | more[i]);
		show("taken");
		cut(0);
		fault();
		raise(SIGBUS);
		take(on_plain, NULL, more[i]);
		kill(getpid(), SIGBUS);
		show("taken");
	}
	take(NULL, on_info, SA_SIGINFO | (int)SA_RESETHAND);
	show("once");
	fault();
	show("after once");
	take(on_plain, NULL, (int)SA_RESETHAND);
	cut(0);
	raise(SIGBUS);
	show("after once");
}

static void (*const functions[])(int) = { on_plain, on_other, SIG_DFL, SIG_IGN };

static void old_functions(void)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		void (*const h)(int) = functions[i];

		MUST(signal(SIGBUS, h) != SIG_ERR);
		show("signal");
		if (signal(SIGBUS, h) != h)
			printf("signal forgot\n");
		sysv_signal(SIGBUS, h);
		show("sysv_signal");
		if (i == 0) {
			raise(SIGBUS);
			show("sysv_signal after");
		}
		ssignal(SIGBUS, h);
		show("ssignal");
		sigset(SIGBUS, h);
		show("sigset");
		sigset(SIGBUS, SIG_HOLD);
		show("held");
		printf("%d\n", sigset(SIGBUS, h) == SIG_HOLD);
		siginterrupt(SIGBUS, 1);
		show("siginterrupt");
		signal(SIGBUS, h);
		show("signal");
		siginterrupt(SIGBUS, 0);
		sigignore(SIGBUS);
		show("sigignore");
	}
	signal(SIGBUS, SIG_DFL);
	errno = 0;
	printf("%d %d\n", signal(99, SIG_DFL) == SIG_ERR, errno);
}

/* --- others: executed, spawned, forked
 * --------------------------------------------------- */

static void wait_for(pid_t pid)
{
	int status;

	MUST(waitpid(pid, &status, 0) == pid);
	printf("child %x\n", status);
}

static void ask_executed(void)
{
	char *argv[] = { self[0], "ask", NULL };
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		show("forked");
		fflush(stdout);
		execv(argv[0], argv);
		_exit(9);
	}
	wait_for(pid);
	MUST(posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) == 0);
	wait_for(pid);
	pid = vfork();
	if (pid == 0) {
		signal(SIGBUS, SIG_DFL);
		signal(SIGBUS, on_other);
		execv(argv[0], argv);
		_exit(9);
	}
	wait_for(pid);
	show("after vfork");
}

static void others(void)
{
	ask_executed();
	take(on_plain, NULL, SA_RESTART);
	ask_executed();
	raise(SIGBUS);
	take(SIG_IGN, NULL, 0);
	raise(SIGBUS);
	ask_executed();
	take(SIG_DFL, NULL, 0);
	ask_executed();
}

static void children_die(void)
{
	for (int how = 0; how < 4; how++) {
		pid_t pid;

		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			cut(0);
			if (how == 0)
				gone[1] = 1;
			else if (how == 1)
				raise(SIGBUS);
			else if (how == 2)
				kill(getpid(), SIGBUS);
			take(NULL, on_info, SA_SIGINFO | (int)SA_RESETHAND);
			raise(SIGBUS);
			fflush(stdout);
			gone[2] = 1;
		}
		wait_for(pid);
	}
}

/* --- waiting for it without a handler
 * ---------------------------------------------------- */

static void blocked(void)
{
	struct signalfd_siginfo read_info;
	siginfo_t info;
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGBUS);
	MUST(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
	raise(SIGBUS);
	MUST(sigwaitinfo(&set, &info) == SIGBUS);
	fd = signalfd(-1, &set, 0);
	kill(getpid(), SIGBUS);
	MUST(read(fd, &read_info, sizeof(read_info)) == sizeof(read_info));
	printf("read %u code %d\n", read_info.ssi_signo, read_info.ssi_code);
	close(fd);
}

/* --- many at once ----------------------------------------------------------------------
 */

static bool is_cut;
static atomic_long handled, made;
static atomic_bool stop;

static void count_one(int number)
{
	(void)number;
	/* a handler that has the signal blocked cannot have it mended */
	if (!is_cut)
		free(hide(malloc(10)));
	atomic_fetch_add(&handled, 1);
}

static void *changing(void *arg)
{
	struct sigaction a, old;

	memset(&a, 0, sizeof(a));
	while (!stop) {
		a.sa_handler = count_one;
		a.sa_flags = (int)(made % 2) * SA_ONSTACK;
		MUST(sigaction(SIGBUS, &a, &old) == 0 && old.sa_handler == count_one);
		MUST(signal(SIGBUS, count_one) == count_one);
	}
	return arg;
}

static void *sending(void *arg)
{
	for (int i = 0; i < 3000; i++) {
		free(hide(malloc(100)));
		raise(SIGBUS);
		atomic_fetch_add(&made, 1);
		if (i == 1500 && is_cut)
			cut((off_t)(intptr_t)arg);
	}
	return arg;
}

static void at_once(void)
{
	pthread_t ids[4];

	signal(SIGBUS, count_one);
	for (int i = 0; i < 4; i++)
		MUST(pthread_create(&ids[i], NULL, i < 2 ? changing : sending, NULL) ==
		     0);
	pthread_join(ids[2], NULL);
	pthread_join(ids[3], NULL);
	stop = true;
	pthread_join(ids[0], NULL);
	pthread_join(ids[1], NULL);
	printf("%d\n", handled == made);
}

/* Handlers that leave by longjmp while the recorder may be at work. */
static void leave(int number)
{
	(void)number;
	siglongjmp(back, 1);
}

static void leaving(void)
{
	volatile int left = 20000;

	signal(SIGBUS, leave);
	sigsetjmp(back, 1);
	while (left-- > 0) {
		free(hide(malloc((size_t)left % 500)));
		if (left % 3 == 0)
			raise(SIGBUS);
		if (left == 10000)
			cut(0);
	}
	printf("left\n");
}

static void raw_call(void)
{
	unsigned long old[4], set[4] = { (unsigned long)(uintptr_t)SIG_IGN };

	MUST(syscall(SYS_rt_sigaction, SIGBUS, NULL, old, 8L) == 0);
	printf("raw: %lx %lx\n", old[0], old[1]);
	MUST(syscall(SYS_rt_sigaction, SIGBUS, set, NULL, 8L) == 0);
	show("raw");
	raise(SIGBUS);
}

static void ask(void)
{
	show("executed");
}

static void dies_of_it(void)
{
	cut(0);
	gone[3] = 1;
}

static void cut_to_half(void)
{
	cut(128 << 10);
}

static void cut_in_threads(void)
{
	pthread_t ids[4];

	is_cut = true;
	signal(SIGBUS, count_one);
	work(20000);
	for (int i = 0; i < 4; i++)
		MUST(pthread_create(&ids[i], NULL, sending, (void *)(intptr_t)8192) == 0);
	for (int i = 0; i < 4; i++)
		pthread_join(ids[i], NULL);
	printf("%d\n", handled == made);
}

static const struct {
	const char *name;
	void (*run)(void);
} ways[] = {
	{ "flags", flags_of_all_kinds },
	{ "old", old_functions },
	{ "others", others },
	{ "children", children_die },
	{ "blocked", blocked },
	{ "at_once", at_once },
	{ "leaving", leaving },
	{ "raw", raw_call },
	{ "ask", ask },
	{ "dies", dies_of_it },
	{ "half", cut_to_half },
	{ "threads", cut_in_threads },
};

static void make_gone(void)
{
	FILE *file = tmpfile();

	MUST(file && ftruncate(fileno(file), 4096) == 0);
	gone = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(file), 0);
	MUST(gone != MAP_FAILED && ftruncate(fileno(file), 0) == 0);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	self = argv;
	setvbuf(stdout, NULL, _IOLBF, 1 << 12);
	make_gone();
	work(30000);
	log_path =
		argc > 2 && getenv("MEMSCOPE_OUTPUT") ? getenv("MEMSCOPE_OUTPUT") : NULL;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		if (strcmp(ways[i].name, argv[1]) == 0) {
			ways[i].run();
			printf("done\n");
			return 5;
		}
	}
	return 2;
}
