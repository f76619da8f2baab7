/* SPDX-License-Identifier: Apache-2.0 */
/*
 * execs.c - a program that executes itself, by each function there is and with each kind
 * of environment.
 *
 *	execs run FUNCTION ENVIRONMENT N	in a child, as N
 *	execs become FUNCTION ENVIRONMENT N	in its place
 *	execs fail				each function, in vain
 *	execs leaf N ...			makes three blocks of 700000 + N
 *
 * ENVIRONMENT: given (environ as it is), cleared, own (some variables and a library of
 *its own), many (own, and 3000 more).  A leaf prints its arguments and what it was given.
 *
 * Build with: -O2 -fno-builtin
 */
#define _GNU_SOURCE
#include "tests/targets/truth.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static char self[4096], number[16], preload[4200];

/* --- environments --------------------------------------------------------------------
 */

static char *cleared[] = { NULL };
static char *own[] = { "OWN=1", preload, "MEMSCOPE_DEPTH=7", NULL };
static char *many[3004];

static char **environment(const char *name)
{
	static char texts[3000][16];

	if (strcmp(name, "cleared") == 0)
		return cleared;
	if (strcmp(name, "own") == 0)
		return own;
	if (strcmp(name, "many") != 0)
		return environ;
	memcpy(many, own, sizeof(own));
	for (int i = 0; i < 3000; i++) {
		snprintf(texts[i], sizeof(texts[i]), "V%d=%d", i, i);
		many[3 + i] = texts[i];
	}
	return many;
}

/* --- functions -----------------------------------------------------------------------
 */

static char *args[] = { self, "leaf", number, "a b", "", "c", NULL };
#define LIST self, "leaf", number, "a b", "", "c", (char *)NULL

static int by_execve(const char *path, char **env)
{
	return execve(path, args, env);
}

static int by_execvpe(const char *path, char **env)
{
	return execvpe(path, args, env);
}

static int by_execle(const char *path, char **env)
{
	return execle(path, LIST, env);
}

static int by_fexecve(const char *path, char **env)
{
	return fexecve(open(path, O_RDONLY | O_CLOEXEC), args, env);
}

static int by_execveat(const char *path, char **env)
{
	return execveat(AT_FDCWD, path, args, env, 0);
}

static int by_execveat_fd(const char *path, char **env)
{
	return execveat(open(path, O_RDONLY | O_CLOEXEC), "", args, env, AT_EMPTY_PATH);
}

/* These take environ: the program changes that first. */
static int by_execv(const char *path, char **env)
{
	environ = env;
	return execv(path, args);
}

static int by_execvp(const char *path, char **env)
{
	environ = env;
	return execvp(path, args);
}

static int by_execl(const char *path, char **env)
{
	environ = env;
	return execl(path, LIST);
}

static int by_execlp(const char *path, char **env)
{
	environ = env;
	return execlp(path, LIST);
}

static const struct {
	const char *name;
	int (*call)(const char *path, char **env);
} functions[] = {
	{ "execve", by_execve },     { "execv", by_execv },
	{ "execvp", by_execvp },     { "execvpe", by_execvpe },
	{ "execl", by_execl },	     { "execlp", by_execlp },
	{ "execle", by_execle },     { "fexecve", by_fexecve },
	{ "execveat", by_execveat }, { "execveat-fd", by_execveat_fd },
};
#define FUNCTIONS (sizeof(functions) / sizeof(*functions))

static void become(const char *name, char **env)
{
	for (size_t i = 0; i < FUNCTIONS; i++)
		if (strcmp(functions[i].name, name) == 0)
			functions[i].call(self, env);
	_exit(97);
}

/* --- children ------------------------------------------------------------------------
 */

static void join(pid_t pid)
{
	int status;

	MUST(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
}

static void spawn(const char *name, char **env)
{
	pid_t pid;

	if (strcmp(name, "posix_spawn") == 0)
		MUST(posix_spawn(&pid, self, NULL, NULL, args, env) == 0);
	else
		MUST(posix_spawnp(&pid, self, NULL, NULL, args, env) == 0);
	join(pid);
}

static void by_shell(bool piped)
{
	char command[5000], line[5000];
	FILE *in;

	snprintf(command, sizeof(command), "exec %s leaf %s 'a b' '' c", self, number);
	fflush(stdout);
	if (!piped) {
		MUST(system(command) == 0);
		return;
	}
	in = popen(command, "r");
	MUST(in && fgets(line, sizeof(line), in));
	fputs(line, stdout);
	MUST(pclose(in) == 0);
}

static void run(const char *name, char **env)
{
	pid_t pid;

	if (strncmp(name, "posix_spawn", 11) == 0) {
		spawn(name, env);
	} else if (strcmp(name, "system") == 0 || strcmp(name, "popen") == 0) {
		by_shell(*name == 'p');
	} else if (strncmp(name, "vfork-", 6) == 0) {
		pid = vfork();
		if (pid == 0)
			become(name + 6, env);
		join(pid);
	} else if (strncmp(name, "clone-", 6) == 0) {
		pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
		if (pid == 0)
			become(name + 6, env);
		join(pid);
	} else {
		pid = fork();
		if (pid == 0)
			become(name, env);
		join(pid);
	}
}

/* --- the leaf ------------------------------------------------------------------------
 */

static void work(size_t n)
{
	free(hide(malloc(700000 + n)));
	free(hide(malloc(700000 + n)));
	hide(malloc(700000 + n));
}

static const char *given(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "-";
}

static void leaf(int argc, char **argv)
{
	size_t variables = 0;

	work((size_t)atol(argv[2]));
	while (environ[variables])
		variables++;
	truth_say("%s %d <%s><%s><%s> OWN %s V2999 %s DEPTH %s FOLLOW %s PRELOAD %s %s\n",
		  argv[2], argc, argv[3], argv[4], argv[5], given("OWN"), given("V2999"),
		  given("MEMSCOPE_DEPTH"), given("MEMSCOPE_FOLLOW"), given("LD_PRELOAD"),
		  variables > 3 ? "more" : "few");
	MUST(write(1, truth_text, truth_bytes) == (ssize_t)truth_bytes);
}

/* --- in vain -------------------------------------------------------------------------
 */

static void told(const char *name, int result)
{
	truth_say("%s %d %s\n", name, result, strerrorname_np(errno));
	errno = 0;
}

static void fail(void)
{
	pid_t pid;

	errno = 0;
	for (size_t i = 0; i < FUNCTIONS; i++) {
		told(functions[i].name,
		     functions[i].call("/nonexistent/program", environ));
		told(functions[i].name, functions[i].call("/etc/passwd", environ));
		told(functions[i].name, functions[i].call("/etc", environ));
	}
	told("no path", execve((char *)hide(NULL), args, environ));
	told("no text", execve((char *)hide((void *)8), args, environ));
	told("no arguments there", execve(self, hide((void *)8), environ));
	told("spawn", posix_spawn(&pid, "/nonexistent", NULL, NULL, args, environ));
	told("spawnp", posix_spawnp(&pid, "nonexistent", NULL, NULL, args, environ));
	truth_write("/dev/stdout");
	_exit(3);
}

int main(int argc, char **argv)
{
	const char *library = getenv("OTHER_LIBRARY");
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	MUST(n > 0);
	if (argc == 2 && strcmp(argv[1], "fail") == 0)
		fail();
	if (argc > 5 && strcmp(argv[1], "leaf") == 0) {
		leaf(argc, argv);
		return 0;
	}
	if (argc != 5)
		return 2;
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", library ? library : "");
	snprintf(number, sizeof(number), "%s", argv[4]);
	work(0);
	if (strcmp(argv[1], "become") == 0)
		become(argv[2], environment(argv[3]));
	run(argv[2], environment(argv[3]));
	return 0;
}
