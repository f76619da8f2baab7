/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec_env.h - the environment of a program that is about to be executed.
 *
 * Pure text: neither system calls nor state, so it runs in signal handlers and between
 * vfork and exec, in memory that the caller gives.
 */
#ifndef MS_EXEC_ENV_H
#define MS_EXEC_ENV_H

#include <stdbool.h>
#include <stddef.h>

enum ms_exec_how {
	MS_EXEC_LEAVE,	/* as the program made it */
	MS_EXEC_ADD,	/* the recorder and its settings, where they are missing */
	MS_EXEC_REMOVE, /* without the recorder */
};

struct ms_exec_rule {
	enum ms_exec_how how;
	const char *library;   /* the recorder's path; "": it has none to be loaded by */
	char *const *settings; /* "MEMSCOPE_x=value", NULL-terminated; NULL: none */
};

/*
 * Bytes that ms_exec_env_make needs to change envp (NULL: empty); 0 when envp is as the
 * rule wants it.  Libraries are told by their file names, so another copy of the recorder
 * counts as the recorder: two of them must not meet.
 */
size_t ms_exec_env_bytes(const struct ms_exec_rule *rule, char *const *envp);

/*
 * The changed environment, in bytes of memory at a pointer's alignment.  What is not
 * changed points into envp.  NULL when it does not fit, because envp has changed since.
 */
char **ms_exec_env_make(const struct ms_exec_rule *rule, char *const *envp, void *memory,
			size_t bytes);

/*
 * Take the recorder out of entry ("LD_PRELOAD=..."; others are left alone), in place;
 * what it no longer needs becomes NUL.
 */
void ms_exec_env_strip(char *entry, const char *library);

/*
 * The recorder's own piece of entry ("LD_PRELOAD=...") and its length; NULL: none.
 */
const char *ms_exec_env_own(const char *entry, const char *library, size_t *length);

#endif
