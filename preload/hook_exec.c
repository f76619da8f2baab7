/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hook_exec.c - execve and all that ends in it, posix_spawn.
 *
 * Two things are done before the real call: the environment is made what MEMSCOPE_FOLLOW
 * asks for, and the log learns that this image may end here.  The caller may be a signal
 * handler or a child of vfork, which shares our memory and is not our process: so nothing
 * is allocated, and what the log learns is kept to the process that it is the log of.
 *
 * What libc calls inside itself (system, popen) passes no hook; it hands environ on.
 */
#define _GNU_SOURCE
#include "preload/hook_exec.h"

#include "preload/clock.h"
#include "preload/config.h"
#include "preload/exec_env.h"
#include "preload/life.h"
#include "preload/real.h"
#include "preload/window.h"

#include "common/varint.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <spawn.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

typedef char *const *vector;

static struct {
	int (*execve)(const char *, vector, vector);
	int (*execv)(const char *, vector);
	int (*execvp)(const char *, vector);
	int (*execvpe)(const char *, vector, vector);
	int (*fexecve)(int, vector, vector);
	int (*execveat)(int, const char *, vector, vector, int);
	int (*posix_spawn)(pid_t *, const char *, const posix_spawn_file_actions_t *,
			   const posix_spawnattr_t *, vector, vector);
	int (*posix_spawnp)(pid_t *, const char *, const posix_spawn_file_actions_t *,
			    const posix_spawnattr_t *, vector, vector);
} real;

static struct ms_exec_rule rule = { .how = MS_EXEC_LEAVE, .library = "" };

/* --- once --------------------------------------------------------------------------- */

/* The name that the loader knows this library by. */
static int find_self(struct dl_phdr_info *info, size_t size, void *context)
{
	extern const char __ehdr_start[] __attribute__((visibility("hidden")));

	(void)size;
	if (info->dlpi_addr != (uintptr_t)__ehdr_start)
		return 0;
	*(const char **)context = info->dlpi_name;
	return 1;
}

/*
 * What later programs are to load: the entry that loaded us, made absolute, since they
 * may be started elsewhere.  An entry without a slash is searched for, and one with a $
 * means another file in another program: these stay as they are.
 */
static const char *find_library(void)
{
	static char path[4096];
	const char *name = "", *own;
	size_t n, at = 0;
	long r;

	dl_iterate_phdr(find_self, &name);
	n = strlen(name);
	for (char **e = ms_config.environ; e && *e; e++) {
		size_t length;

		own = ms_exec_env_own(*e, name, &length);
		if (own && (memchr(own, '$', length) || !memchr(own, '/', length))) {
			name = own;
			n = length;
			break;
		}
	}
	if (*name != '/' && memchr(name, '/', n) && !memchr(name, '$', n)) {
		r = ms_sys(SYS_getcwd, path, sizeof path, 0, 0);
		at = ms_sys_failed(r) || r < 1 ? 0 : (size_t)r;
		if (at)
			path[at - 1] = '/';
	}
	if (at + n >= sizeof path)
		return "";
	memcpy(path + at, name, n);
	path[at + n] = '\0';
	/* the loader would take such a path for two */
	return strchr(path, ' ') || strchr(path, ':') ? "" : path;
}

/* Copies of the settings: the program may write over its own environment. */
static void keep_settings(void)
{
	size_t count = 1, bytes = 0;
	char **list, *text;

	for (char **e = ms_config.environ; e && *e; e++)
		if (!strncmp(*e, "MEMSCOPE_", 9)) {
			count++;
			bytes += strlen(*e) + 1;
		}
	list = ms_map(count * sizeof *list + bytes, false);
	if (!list)
		return;
	rule.settings = list;
	text = (char *)(list + count);
	for (char **e = ms_config.environ; e && *e; e++)
		if (!strncmp(*e, "MEMSCOPE_", 9)) {
			*list++ = memcpy(text, *e, strlen(*e) + 1);
			text += strlen(*e) + 1;
		}
}

static void find_rule(void)
{
	if (!(ms_config.follow & MS_FOLLOW_ASKED))
		return;
	rule.library = find_library();
	if (ms_config.follow & MS_FOLLOW_EXEC) {
		keep_settings();
		rule.how = MS_EXEC_ADD;
		return;
	}
	/* what system and popen hand on is the environment itself */
	for (char **e = ms_config.environ; e && *e; e++)
		ms_exec_env_strip(*e, rule.library);
	rule.how = MS_EXEC_REMOVE;
}

static void find_real(void)
{
	*(void **)&real.execve = ms_real_next("execve");
	*(void **)&real.execv = ms_real_next("execv");
	*(void **)&real.execvp = ms_real_next("execvp");
	*(void **)&real.execvpe = ms_real_next("execvpe");
	*(void **)&real.fexecve = ms_real_next("fexecve");
	*(void **)&real.execveat = ms_real_next("execveat");
	*(void **)&real.posix_spawn = ms_real_next("posix_spawn");
	*(void **)&real.posix_spawnp = ms_real_next("posix_spawnp");
}

void ms_exec_init(void)
{
	find_real();
	find_rule();
}

/* --- what the log learns -------------------------------------------------------------
 */

#define PATH_BYTES 512

static bool is_own_process(void)
{
	return ms_session_usable() &&
	       ms_session->head->pid == (uint64_t)ms_sys(SYS_getpid, 0, 0, 0, 0);
}

/* The text at path, which may be no address at all: then the real call says EFAULT. */
static size_t copy_path(char *to, const char *path)
{
	struct iovec local = { to, PATH_BYTES }, remote = { (void *)path, PATH_BYTES };
	long n = ms_sys6(SYS_process_vm_readv, ms_sys(SYS_getpid, 0, 0, 0, 0),
			 (long)&local, 1, (long)&remote, 1, 0);

	const char *nul = ms_sys_failed(n) ? to : memchr(to, 0, (size_t)n);

	return nul ? (size_t)(nul - to) : (size_t)n;
}

static size_t path_of_fd(char *to, int fd)
{
	char link[32] = "/proc/self/fd/", digits[12];
	size_t at = strlen(link), n = 0;
	unsigned rest = (unsigned)fd;
	long r;

	do
		digits[n++] = (char)('0' + rest % 10);
	while (rest /= 10);
	while (n)
		link[at++] = digits[--n];
	link[at] = '\0';
	r = ms_sys(SYS_readlink, link, to, PATH_BYTES, 0);
	return ms_sys_failed(r) ? 0 : (size_t)r;
}

/* error 0: it is about to be tried. */
static void put_exec(int error, const char *path, int fd)
{
	uint8_t payload[2 * MS_VARINT_MAX + PATH_BYTES], *p = payload;

	p = ms_varint_put(p, ms_now_before());
	p = ms_varint_put(p, (uint64_t)error);
	if (!error)
		p += path ? copy_path((char *)p, path) : path_of_fd((char *)p, fd);
	ms_meta_put(MS_RECORD_EXEC, payload, (size_t)(p - payload));
}

/* --- calls ---------------------------------------------------------------------------
 */

enum form { EXECVE, EXECV, EXECVP, EXECVPE, FEXECVE, EXECVEAT, SPAWN, SPAWNP };

struct call {
	enum form form;
	const char *path;
	vector argv, envp;
	int fd, flags;
	pid_t *pid;
	const posix_spawn_file_actions_t *actions;
	const posix_spawnattr_t *attributes;
};

/* envp: c->envp, or another in its place. */
static int make_call(const struct call *c, vector envp)
{
	bool same = envp == c->envp;

	switch (c->form) {
	case EXECVE:
		return real.execve(c->path, c->argv, envp);
	case EXECV: /* as libc itself does it, but for environ */
		return same ? real.execv(c->path, c->argv)
			    : real.execve(c->path, c->argv, envp);
	case EXECVP:
		return same ? real.execvp(c->path, c->argv)
			    : real.execvpe(c->path, c->argv, envp);
	case EXECVPE:
		return real.execvpe(c->path, c->argv, envp);
	case FEXECVE:
		return real.fexecve(c->fd, c->argv, envp);
	case EXECVEAT:
		return real.execveat(c->fd, c->path, c->argv, envp, c->flags);
	case SPAWN:
		return real.posix_spawn(c->pid, c->path, c->actions, c->attributes,
					c->argv, envp);
	default:
		return real.posix_spawnp(c->pid, c->path, c->actions, c->attributes,
					 c->argv, envp);
	}
}

#define SMALL_BYTES 4096 /* of stack: some 400 variables; more get a mapping */

/*
 * A mapping that a child of vfork makes stays with its parent, to whom the memory
 * belongs: only an environment of hundreds of variables comes to that.
 */
static MS_COLD int with_mapped_environment(const struct call *c, size_t bytes)
{
	void *map = ms_map(bytes, false);
	char **envp = map ? ms_exec_env_make(&rule, c->envp, map, bytes) : NULL;
	int result = make_call(c, envp ? envp : c->envp);

	if (map)
		ms_sys_munmap(map, bytes);
	return result;
}

static MS_COLD int with_small_environment(const struct call *c)
{
	char *memory[SMALL_BYTES / sizeof(char *)];
	char **envp = ms_exec_env_make(&rule, c->envp, memory, sizeof memory);

	return make_call(c, envp ? envp : c->envp);
}

static int with_environment(const struct call *c)
{
	size_t bytes = ms_exec_env_bytes(&rule, c->envp);

	if (!bytes)
		return make_call(c, c->envp);
	return bytes <= SMALL_BYTES ? with_small_environment(c)
				    : with_mapped_environment(c, bytes);
}

/* Whether there is a real function to call; before the loader is done, there may be none.
 */
static bool is_ready(void)
{
	int saved = errno;

	if (atomic_load(&ms_off) & MS_OFF_BOOT)
		ms_life_boot();
	if (!real.execve) /* another thread is setting all up */
		find_real();
	errno = saved;
	return real.execve != NULL;
}

/* Returns as the real call does: only when it failed. */
static int exec(const struct call *c)
{
	bool by_path =
		c->form != FEXECVE && !(c->form == EXECVEAT && c->flags & AT_EMPTY_PATH);
	int result, error;
	bool own;

	if (!is_ready()) {
		errno = ENOSYS;
		return -1;
	}
	own = is_own_process();
	if (own)
		put_exec(0, by_path ? c->path : NULL, c->fd);
	result = with_environment(c);
	error = errno;
	if (own)
		put_exec(error, NULL, 0);
	errno = error;
	return result;
}

MS_EXPORT int execve(const char *path, vector argv, vector envp)
{
	struct call c = { .form = EXECVE, .path = path, .argv = argv, .envp = envp };

	return exec(&c);
}

MS_EXPORT int execv(const char *path, vector argv)
{
	struct call c = { .form = EXECV, .path = path, .argv = argv, .envp = environ };

	return exec(&c);
}

MS_EXPORT int execvp(const char *file, vector argv)
{
	struct call c = { .form = EXECVP, .path = file, .argv = argv, .envp = environ };

	return exec(&c);
}

MS_EXPORT int execvpe(const char *file, vector argv, vector envp)
{
	struct call c = { .form = EXECVPE, .path = file, .argv = argv, .envp = envp };

	return exec(&c);
}

MS_EXPORT int fexecve(int fd, vector argv, vector envp)
{
	struct call c = { .form = FEXECVE, .fd = fd, .argv = argv, .envp = envp };

	return exec(&c);
}

MS_EXPORT int execveat(int fd, const char *path, vector argv, vector envp, int flags)
{
	struct call c = { .form = EXECVEAT,
			  .fd = fd,
			  .path = path,
			  .argv = argv,
			  .envp = envp,
			  .flags = flags };

	return exec(&c);
}

/* --- arguments one by one ------------------------------------------------------------
 */

/* How many there are up to the NULL. */
static size_t count_arguments(const char *first, va_list rest)
{
	size_t n = 0;

	for (const char *arg = first; arg; arg = va_arg(rest, const char *))
		n++;
	return n;
}

/* Into argv, which has room for them and the NULL; rest is past the NULL then. */
#define TAKE_ARGUMENTS(argv, first, rest)               \
	do {                                            \
		size_t i_ = 0;                          \
		for (const char *arg_ = (first); arg_;  \
		     arg_ = va_arg(rest, const char *)) \
			(argv)[i_++] = (char *)arg_;    \
		(argv)[i_] = NULL;                      \
	} while (0)

#define COUNT_ARGUMENTS(first)                      \
	({                                          \
		va_list list_;                      \
		size_t n_;                          \
		va_start(list_, first);             \
		n_ = count_arguments(first, list_); \
		va_end(list_);                      \
		n_;                                 \
	})

MS_EXPORT int execl(const char *path, const char *arg, ...)
{
	struct call c = { .form = EXECV, .path = path, .envp = environ };
	char *argv[COUNT_ARGUMENTS(arg) + 1];
	va_list rest;

	va_start(rest, arg);
	TAKE_ARGUMENTS(argv, arg, rest);
	va_end(rest);
	c.argv = argv;
	return exec(&c);
}

MS_EXPORT int execlp(const char *file, const char *arg, ...)
{
	struct call c = { .form = EXECVP, .path = file, .envp = environ };
	char *argv[COUNT_ARGUMENTS(arg) + 1];
	va_list rest;

	va_start(rest, arg);
	TAKE_ARGUMENTS(argv, arg, rest);
	va_end(rest);
	c.argv = argv;
	return exec(&c);
}

MS_EXPORT int execle(const char *path, const char *arg, ...)
{
	struct call c = { .form = EXECVE, .path = path };
	char *argv[COUNT_ARGUMENTS(arg) + 1];
	va_list rest;

	va_start(rest, arg);
	TAKE_ARGUMENTS(argv, arg, rest);
	c.envp = va_arg(rest, vector);
	va_end(rest);
	c.argv = argv;
	return exec(&c);
}

/* --- spawn: in the parent, which goes on ---------------------------------------------
 */

static int spawn(const struct call *c)
{
	return is_ready() ? with_environment(c) : ENOSYS;
}

MS_EXPORT int posix_spawn(pid_t *pid, const char *path,
			  const posix_spawn_file_actions_t *actions,
			  const posix_spawnattr_t *attributes, vector argv, vector envp)
{
	struct call c = { .form = SPAWN,
			  .path = path,
			  .argv = argv,
			  .envp = envp,
			  .pid = pid,
			  .actions = actions,
			  .attributes = attributes };

	return spawn(&c);
}

MS_EXPORT int posix_spawnp(pid_t *pid, const char *file,
			   const posix_spawn_file_actions_t *actions,
			   const posix_spawnattr_t *attributes, vector argv, vector envp)
{
	struct call c = { .form = SPAWNP,
			  .path = file,
			  .argv = argv,
			  .envp = envp,
			  .pid = pid,
			  .actions = actions,
			  .attributes = attributes };

	return spawn(&c);
}
