/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replace_file.c - writing a whole file, so that a reader finds the old one or the new.
 */
#define _GNU_SOURCE
#include "analyzer/base/replace_file.h"

#include "analyzer/base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
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

struct ms_replacing {
	char *path, *name; /* name: of the new file; "": path itself is written to */
	int fd;
};

static bool is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static void release(struct ms_replacing *file)
{
	ms_free(file->path);
	ms_free(file->name);
	ms_free(file);
}

static ms_status fail(const char *path, int cause, struct ms_error *err)
{
	return ms_fail(err, MS_EIO, "%s: cannot be written: %s", path, strerror(cause));
}

ms_status ms_replace_begin(struct ms_replacing **out, const char *path, mode_t mode,
			   struct ms_error *err)
{
	size_t room = strlen(path) + NAME_TAIL;
	struct ms_replacing *file = ms_alloc_zero(1, sizeof(*file));
	int cause;

	*out = NULL;
	if (!file)
		return ms_fail_memory(err);
	file->path = ms_strdup(path);
	file->name = ms_alloc_zero(room, 1);
	if (!file->path || !file->name) {
		release(file);
		return ms_fail_memory(err);
	}
	if (is_special(path))
		file->fd = open(path, O_WRONLY | O_CLOEXEC);
	else
		file->fd = create_beside(file->name, room, path, mode);
	if (file->fd < 0) {
		cause = errno;
		release(file);
		return fail(path, cause, err);
	}
	*out = file;
	return MS_OK;
}

int ms_replace_write(struct ms_replacing *file, const void *bytes, size_t len_bytes)
{
	return write_all(file->fd, bytes, len_bytes) < 0 ? errno : 0;
}

ms_status ms_replace_commit(struct ms_replacing *file, struct ms_error *err)
{
	ms_status status = MS_OK;

	/* A network's file system tells that it is full when a file is closed. */
	if (close(file->fd) < 0 || (*file->name && rename(file->name, file->path) < 0)) {
		status = fail(file->path, errno, err);
		if (*file->name)
			unlink(file->name);
	}
	release(file);
	return status;
}

void ms_replace_abandon(struct ms_replacing *file)
{
	if (!file)
		return;
	close(file->fd);
	if (*file->name)
		unlink(file->name);
	release(file);
}

ms_status ms_replace_file(const char *path, const void *bytes, size_t len_bytes,
			  mode_t mode, struct ms_error *err)
{
	struct ms_replacing *file;
	ms_status status = ms_replace_begin(&file, path, mode, err);
	int cause;

	if (status != MS_OK)
		return status;
	cause = ms_replace_write(file, bytes, len_bytes);
	if (!cause)
		return ms_replace_commit(file, err);
	ms_replace_abandon(file);
	return fail(path, cause, err);
}
