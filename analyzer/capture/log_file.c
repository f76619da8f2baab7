/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_file.c - the bytes of a log's file.
 */
#define _GNU_SOURCE
#include "analyzer/base/alloc.h"
#include "analyzer/capture/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Below this a hole is read rather than asked for. */
#define HOLE_LEAST 65536

static ms_status fail_errno(struct ms_error *err, const char *path, const char *what)
{
	char text[128];

	return ms_fail(err, MS_EIO, "%s: %s: %s", path, what,
		       strerror_r(errno, text, sizeof(text)));
}

/* Room for more bytes behind size.  0, or -1 without memory. */
static int grow_buffer(uint8_t **buffer, size_t size, size_t *room)
{
	size_t wanted = *room ? *room * 2 : 65536;
	uint8_t *grown;

	if (size < *room)
		return 0;
	grown = wanted > *room ? ms_realloc(*buffer, wanted) : NULL;
	if (!grown)
		return -1;
	*buffer = grown;
	*room = wanted;
	return 0;
}

/* All of a pipe or device, unless its first bytes show that it is no log. */
static ms_status read_all(struct ms_log *log, int fd, const char *path,
			  struct ms_error *err)
{
	uint8_t *buffer = NULL;
	size_t size = 0, room = 0;
	ssize_t n;

	for (;;) {
		if (grow_buffer(&buffer, size, &room)) {
			ms_free(buffer);
			return ms_fail_memory(err);
		}
		do
			n = read(fd, buffer + size, room - size);
		while (n < 0 && errno == EINTR);
		if (n < 0) {
			ms_free(buffer);
			return fail_errno(err, path, "cannot be read");
		}
		size += (size_t)n;
		if (n == 0 || (size >= 8 && memcmp(buffer, MS_WIRE_MAGIC, 8)))
			break;
	}
	log->bytes = buffer;
	log->size = size;
	return MS_OK;
}

/*
 * Looking at a hole takes a page on a tmpfs, and is SIGBUS where that is full: as it is
 * where the recorder had to stop for want of room.
 */
#define ROOM_LEAST (16U << 20)

static bool is_dangerous(int fd, const struct stat *st)
{
	struct statfs fs;

	return st->st_blocks * 512 < st->st_size && fstatfs(fd, &fs) == 0 &&
	       fs.f_type == TMPFS_MAGIC && fs.f_blocks && /* 0: it has no limit */
	       fs.f_bavail * (uint64_t)fs.f_bsize < ROOM_LEAST;
}

/* Map fd if that is possible. */
static bool map_file(struct ms_log *log, int fd, const struct stat *st)
{
	void *map;

	if (!S_ISREG(st->st_mode) || st->st_size <= 0 || is_dangerous(fd, st))
		return false;
	map = mmap(NULL, (size_t)st->st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return false;
	log->bytes = map;
	log->size = (uint64_t)st->st_size;
	log->mapped = true;
	log->mtime_ns =
		(uint64_t)st->st_mtim.tv_sec * 1000000000 + (uint64_t)st->st_mtim.tv_nsec;
	log->fd = fd;
	return true;
}

ms_status ms_log_file_open(struct ms_log *log, const char *path, struct ms_error *err)
{
	ms_status status = MS_OK;
	struct stat st;
	int fd;

	log->fd = -1;
	do
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return fail_errno(err, path, "cannot be opened");
	ms_log_wait(fd);
	if (fstat(fd, &st) != 0)
		status = fail_errno(err, path, "cannot be examined");
	else if (S_ISDIR(st.st_mode))
		status = ms_fail(err, MS_EIO, "%s: is a directory, not a memscope log",
				 path);
	else if (!map_file(log, fd, &st))
		status = read_all(log, fd, path, err);
	if (log->fd < 0)
		close(fd);
	return status;
}

void ms_log_file_detach(struct ms_log *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}

void ms_log_file_close(struct ms_log *log)
{
	ms_log_file_detach(log);
	if (log->mapped)
		munmap((void *)(uintptr_t)log->bytes, (size_t)log->size);
	else
		ms_free((void *)(uintptr_t)log->bytes);
	log->bytes = NULL;
}

static uint64_t scan(const uint8_t *bytes, uint64_t from, uint64_t to)
{
	uint64_t word = 0;

	for (; to - from >= 8 && !word; from += 8)
		memcpy(&word, bytes + from, 8);
	if (word)
		return from - 8 + (uint64_t)__builtin_ctzll(word) / 8;
	while (from < to && !bytes[from])
		from++;
	return from;
}

uint64_t ms_log_nonzero(const struct ms_log *log, uint64_t from, uint64_t to)
{
	uint64_t chunk, found;
	off_t data;

	for (; from < to; from = chunk) {
		chunk = to - from > HOLE_LEAST ? from + HOLE_LEAST : to;
		found = scan(log->bytes, from, chunk);
		if (found < chunk)
			return found;
		if (chunk == to || log->fd < 0)
			continue;
		data = lseek(log->fd, (off_t)chunk, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			return to;
		if (data > (off_t)chunk)
			chunk = (uint64_t)data < to ? (uint64_t)data : to;
	}
	return to;
}
