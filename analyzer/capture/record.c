/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.c - running a program under the recorder.
 *
 * The program must not notice us: it gets our terminal, our signals and their
 * dispositions, and its exit code is what the caller hears.  Its signals are
 * waited for, not handled, so no code of ours runs at an odd moment.
 */
#define _GNU_SOURCE
#include "analyzer/capture/record.h"
#include "analyzer/base/alloc.h"
#include "analyzer/base/strbuf.h"
#include "analyzer/capture/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DEFAULT_OUTPUT "memscope.%p.bin"
#define CLOCK_SLACK_NS 1000000000 /* the recorder's clock may be a coarser one */

/* --- the program's environment
 * -------------------------------------------------------- */

struct environment { /* the texts belong to others, but for the two made here */
	char **items;
	size_t count, capacity;
	char *preload, *output;
};

/* The value of name ("NAME=") in list, or NULL. */
static const char *value_of(char *const *list, const char *name)
{
	for (; list && *list; list++)
		if (strncmp(*list, name, strlen(name)) == 0)
			return *list + strlen(name);
	return NULL;
}

/* Add item, in place of one of the same name; NULL (an item that could not be
 * made) fails. */
static int set(struct environment *env, char *item)
{
	size_t name = item ? strcspn(item, "=") + 1 : 0;

	if (!item)
		return -1;
	for (size_t i = 0; i < env->count; i++)
		if (strncmp(env->items[i], item, name) == 0) {
			env->items[i] = item;
			return 0;
		}
	if (ms_grow((void **)&env->items, &env->capacity, env->count + 1,
		    sizeof *env->items))
		return -1;
	env->items[env->count++] = item;
	env->items[env->count] = NULL;
	return 0;
}

static char *joined(const char *a, const char *b, const char *c)
{
	struct ms_strbuf text;

	ms_strbuf_init(&text);
	ms_strbuf_adds(&text, a);
	ms_strbuf_adds(&text, b);
	ms_strbuf_adds(&text, c);
	return ms_strbuf_take(&text);
}

/*
 * The recorder comes first in LD_PRELOAD: it stays on top of an allocator that
 * is preloaded too, and calls it.
 */
static char *merged_preload(const char *library, const char *before)
{
	char *theirs = joined(before && *before ? ":" : "", before ? before : "", "");
	char *all = theirs ? joined("LD_PRELOAD=", library, theirs) : NULL;

	ms_free(theirs);
	return all;
}

static int fill(struct environment *env, const struct ms_record_options *options,
		const char *library)
{
	char *const *inherited = options->environment ? options->environment : environ;

	for (char *const *item = inherited; item && *item; item++)
		if (set(env, *item))
			return -1;
	for (char *const *item = options->settings; item && *item; item++)
		if (set(env, *item))
			return -1;
	if (options->output) {
		env->output = joined("MEMSCOPE_OUTPUT=", options->output, "");
		if (set(env, env->output))
			return -1;
	}
	env->preload = merged_preload(library, value_of(env->items, "LD_PRELOAD="));
	return set(env, env->preload);
}

static void release(struct environment *env)
{
	ms_free(env->items);
	ms_free(env->preload);
	ms_free(env->output);
}

/* --- running
 * -------------------------------------------------------------------------- */

struct run {
	sigset_t waited,
		before; /* signals that we wait for; the mask that the caller had */
	struct sigaction child_before;
	pid_t pid;
	int wait_status;
};

/*
 * SIGCHLD ignored would lose the exit status.  From here on the signals queue
 * up and wait_for() takes them.
 */
static void hold_signals(struct run *run)
{
	static const int signals[] = { SIGCHLD, SIGINT,	 SIGTERM, SIGHUP,
				       SIGQUIT, SIGUSR1, SIGUSR2 };

	sigemptyset(&run->waited);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaddset(&run->waited, signals[i]);
	sigaction(SIGCHLD, &(struct sigaction){ .sa_handler = SIG_DFL },
		  &run->child_before);
	pthread_sigmask(SIG_BLOCK, &run->waited, &run->before);
}

/* What came for us after the program's end was meant for it, too: it is
 * dropped. */
static void let_signals_go(struct run *run)
{
	const struct timespec none = { 0, 0 };

	while (sigtimedwait(&run->waited, NULL, &none) > 0)
		;
	sigaction(SIGCHLD, &run->child_before, NULL);
	pthread_sigmask(SIG_SETMASK, &run->before, NULL);
}

/* In the child: what it got from us is as if the caller's caller had started
 * it. */
static void become(const struct run *run, const char *path, char *const *argv,
		   char *const *env, int failure)
{
	int error;

	sigaction(SIGCHLD, &run->child_before, NULL);
	pthread_sigmask(SIG_SETMASK, &run->before, NULL);
	execve(path, argv, env);
	error = errno;
	while (write(failure, &error, sizeof error) < 0 && errno == EINTR)
		;
	_exit(127);
}

/* Start it; MS_EIO when execve fails, whose errno comes through a pipe. */
static ms_status start(struct run *run, const char *path, char *const *argv,
		       char *const *env, struct ms_error *err)
{
	int error = 0, pipe_fds[2];
	ssize_t len;

	if (pipe2(pipe_fds, O_CLOEXEC))
		return ms_fail(err, MS_EIO, "cannot make a pipe: %s", strerror(errno));
	run->pid = fork();
	if (run->pid == 0)
		become(run, path, argv, env, pipe_fds[1]);
	if (run->pid < 0)
		error = errno;
	close(pipe_fds[1]);
	do
		len = read(pipe_fds[0], &error, sizeof error);
	while (len < 0 && errno == EINTR);
	close(pipe_fds[0]);
	if (!error)
		return MS_OK;
	if (run->pid > 0)
		waitpid(run->pid, NULL, 0);
	return ms_fail(err, MS_EIO, "%s: cannot be started: %s", path, strerror(error));
}

/*
 * Wait until it ends and hand on what is sent to us.  What the terminal sends
 * (SI_KERNEL) it got itself, as one of our process group.
 */
static void wait_for(struct run *run)
{
	siginfo_t info;

	for (;;) {
		int signal = sigwaitinfo(&run->waited, &info);

		if (signal == SIGCHLD || signal < 0) {
			pid_t ended = waitpid(run->pid, &run->wait_status, WNOHANG);

			if (ended == run->pid || (ended < 0 && errno == ECHILD))
				return;
		} else if (info.si_code != SI_KERNEL && info.si_pid != run->pid) {
			kill(run->pid, signal);
		}
	}
}

static uint64_t unix_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static ms_status run_program(const char *path, const struct ms_record_options *options,
			     const struct environment *env,
			     struct ms_record_result *result, struct ms_error *err)
{
	const char *output = value_of(env->items, "MEMSCOPE_OUTPUT=");
	uint64_t began = unix_ns() - CLOCK_SLACK_NS;
	struct run run = { 0 };
	ms_status status;

	hold_signals(&run);
	status = start(&run, path, options->argv, env->items, err);
	if (!status)
		wait_for(&run);
	let_signals_go(&run);
	if (status)
		return status;
	result->pid = (uint64_t)run.pid;
	result->signal = WIFSIGNALED(run.wait_status) ? WTERMSIG(run.wait_status) : 0;
	result->exit_code =
		result->signal ? 128 + result->signal : WEXITSTATUS(run.wait_status);
	output = output && *output ? output : DEFAULT_OUTPUT;
	status = ms_record_log(result->log_path, output, result->pid, began, err);
	if (!status && options->family)
		status = ms_record_family(&result->logs, &result->log_count, output,
					  result->pid, began, err);
	return status;
}

ms_status ms_record_run(const struct ms_record_options *options,
			struct ms_record_result *result, struct ms_error *err)
{
	char library[MS_RECORD_PATH], path[MS_RECORD_PATH];
	struct environment env = { 0 };
	ms_status status;

	memset(result, 0, sizeof *result);
	status = ms_record_library(library, options->library, err);
	if (!status && fill(&env, options, library))
		status = ms_fail_memory(err);
	if (!status)
		status = ms_record_find(path, options->argv[0],
					value_of(env.items, "PATH="), err);
	if (!status)
		status = ms_record_check(path, library, err);
	if (!status)
		status = run_program(path, options, &env, result, err);
	release(&env);
	return status;
}
