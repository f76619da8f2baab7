/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replace_file.c - writing a whole file, so that a reader finds the old one or the new.
 */
#define _GNU_SOURCE
#include "analyzer/base/replace_file.h"

#include "analyzer/base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ATTEMPTS  100
#define NAME_TAIL 48 /* ".<pid>.<number>.tmp" */

/* A new file beside path, its name in name; -1 with errno. */
static int create_beside(char *name, size_t bytes, const char *path, mode_t mode)
{
	int fd = -1;

	/* Two threads, two processes, and what a killed one left may want one name. */
	for (unsigned attempt = 0; fd < 0 && attempt < ATTEMPTS; attempt++) {
		snprintf(name, bytes, "%s.%ld.%u.tmp", path, (long)getpid(), attempt);
		fd = open(name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW,
			  mode);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	return fd;
}

static int write_all(int fd, const uint8_t *bytes, size_t len_bytes)
{
	while (len_bytes) {
		ssize_t n = write(fd, bytes, len_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes += n;
		len_bytes -= (size_t)n;
	}
	return 0;
}

ms_status ms_replace_file(const char *path, const void *bytes, size_t len_bytes,
			  mode_t mode, struct ms_error *err)
{
	size_t room = strlen(path) + NAME_TAIL;
	char *name = ms_alloc(room);
	int fd, failed, cause;

	if (!name)
		return ms_fail_memory(err);
	fd = create_beside(name, room, path, mode);
	failed = fd < 0 || write_all(fd, bytes, len_bytes) < 0;
	cause = errno;
	/* A network's file system tells that it is full when a file is closed. */
	if (fd >= 0 && close(fd) < 0 && !failed) {
		failed = 1;
		cause = errno;
	}
	if (!failed && rename(name, path) < 0) {
		failed = 1;
		cause = errno;
	}
	if (failed && fd >= 0)
		unlink(name);
	ms_free(name);
	return failed ? ms_fail(err, MS_EIO, "%s: cannot be written: %s", path,
				strerror(cause))
		      : MS_OK;
}
