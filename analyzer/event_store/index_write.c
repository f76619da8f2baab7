/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index_write.c - writing an index, part by part, so that none of it need stay in memory.
 *
 * The file has no name until it is whole; a reader finds all of it or none.  The head is
 * written last.
 */
#define _GNU_SOURCE
#include "analyzer/base/alloc.h"
#include "analyzer/event_store/index_format.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ms_index_writer {
	char *path; /* where it is to be */
	char *name; /* of the file while it has one of its own; else "" */
	size_t name_bytes;
	int fd;
	pthread_mutex_t lock; /* of what follows */
	struct ms_index_entry *entries;
	size_t count, capacity;
	uint64_t end; /* of what was given out */
	bool failed;
};

/* Room for "PATH.<pid>.<number>". */
#define NAME_TAIL 32

/* A name beside the index's that nobody else has. */
static void next_name(struct ms_index_writer *w, unsigned attempt)
{
	snprintf(w->name, w->name_bytes, "%s.%ld.%u", w->path, (long)getpid(), attempt);
}

/* A file without a name where the file system has such, else with one of its own. */
static int open_new(struct ms_index_writer *w, mode_t mode)
{
	const char *slash = strrchr(w->path, '/');
	int fd;

	snprintf(w->name, w->name_bytes, "%.*s", slash ? (int)(slash - w->path + 1) : 1,
		 slash ? w->path : ".");
	fd = open(w->name, O_TMPFILE | O_RDWR | O_CLOEXEC, mode);
	*w->name = '\0';
	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
		return fd;
	for (unsigned attempt = 0; attempt < 100; attempt++) {
		next_name(w, attempt);
		fd = open(w->name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_NOFOLLOW,
			  mode);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST)
			break;
	}
	*w->name = '\0';
	return -1;
}

/* Is there nothing at path, or an index (also one that a crash left without bytes)? */
static bool may_replace(const char *path)
{
	uint64_t magic = 0;
	struct stat st;
	bool good;
	int fd;

	if (lstat(path, &st) != 0)
		return errno == ENOENT;
	if (!S_ISREG(st.st_mode))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return false;
	good = pread(fd, &magic, sizeof(magic), 0) >= 0 &&
	       (magic == MS_INDEX_MAGIC || magic == 0);
	close(fd);
	return good;
}

static struct ms_index_writer *new_writer(const char *log_path)
{
	struct ms_index_writer *w = ms_alloc_zero(1, sizeof(*w));

	if (!w)
		return NULL;
	w->fd = -1;
	w->end = MS_INDEX_ALIGN * 2;
	pthread_mutex_init(&w->lock, NULL);
	w->path = ms_index_path(log_path);
	if (w->path) {
		w->name_bytes = strlen(w->path) + NAME_TAIL;
		w->name = ms_alloc_zero(1, w->name_bytes);
	}
	return w;
}

struct ms_index_writer *ms_index_begin(const char *log_path)
{
	struct ms_index_writer *w;
	struct stat st;

	if (stat(log_path, &st) != 0 || !S_ISREG(st.st_mode))
		return NULL;
	w = new_writer(log_path);
	if (w && w->name && may_replace(w->path))
		w->fd = open_new(w, st.st_mode & 0600);
	if (w && w->fd >= 0)
		return w;
	ms_index_abandon(w);
	return NULL;
}

static bool write_at(int fd, const void *bytes, size_t len_bytes, uint64_t offset)
{
	const uint8_t *p = bytes;

	while (len_bytes) {
		ssize_t n = pwrite(fd, p, len_bytes, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		p += n;
		offset += (uint64_t)n;
		len_bytes -= (size_t)n;
	}
	return true;
}

/* Enter the part and give it its place; false: the index has failed. */
static bool reserve(struct ms_index_writer *w, struct ms_index_entry *entry)
{
	bool good;

	pthread_mutex_lock(&w->lock);
	entry->offset = w->end;
	if (!w->failed &&
	    ms_grow((void **)&w->entries, &w->capacity, w->count, sizeof(*w->entries)))
		w->failed = true;
	if (!w->failed) {
		w->entries[w->count++] = *entry;
		w->end += (entry->bytes + MS_INDEX_ALIGN - 1) / MS_INDEX_ALIGN *
			  MS_INDEX_ALIGN;
	}
	good = !w->failed;
	pthread_mutex_unlock(&w->lock);
	return good;
}

void ms_index_add(struct ms_index_writer *w, unsigned kind, uint32_t number,
		  const void *bytes, size_t len_bytes)
{
	struct ms_index_entry entry = { .kind = kind,
					.number = number,
					.bytes = len_bytes,
					.crc = ms_crc32c(0, bytes, len_bytes) };

	if (!reserve(w, &entry) || write_at(w->fd, bytes, len_bytes, entry.offset))
		return;
	pthread_mutex_lock(&w->lock);
	w->failed = true;
	pthread_mutex_unlock(&w->lock);
}

size_t ms_index_added(struct ms_index_writer *w, unsigned kind, uint64_t *bytes)
{
	size_t count = 0;

	pthread_mutex_lock(&w->lock);
	for (size_t i = 0; i < w->count; i++)
		count += w->entries[i].kind == kind;
	*bytes = w->end + w->count * sizeof(*w->entries);
	pthread_mutex_unlock(&w->lock);
	return count;
}

static int compare_entries(const void *a, const void *b)
{
	const struct ms_index_entry *y = b;

	return ms_index_compare(a, y->kind, y->number);
}

static bool write_frame(struct ms_index_writer *w,
			const struct ms_index_identity *identity)
{
	struct ms_index_head head = { .magic = MS_INDEX_MAGIC,
				      .version = MS_INDEX_VERSION,
				      .identity = *identity,
				      .table = w->end,
				      .parts = w->count };
	size_t bytes = w->count * sizeof(*w->entries);

	if (w->count)
		qsort(w->entries, w->count, sizeof(*w->entries), compare_entries);
	head.table_crc = ms_crc32c(0, w->entries, bytes);
	head.crc = ms_index_head_check(&head);
	return write_at(w->fd, w->entries, bytes, w->end) &&
	       (bytes || ftruncate(w->fd, (off_t)w->end) == 0) &&
	       write_at(w->fd, &head, sizeof(head), 0);
}

/* Give a file without a name one of its own. */
static bool name_file(struct ms_index_writer *w)
{
	char proc[64];

	if (*w->name)
		return true;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", w->fd);
	for (unsigned attempt = 0; attempt < 100; attempt++) {
		next_name(w, attempt);
		if (linkat(AT_FDCWD, proc, AT_FDCWD, w->name, AT_SYMLINK_FOLLOW) == 0)
			return true;
		if (errno != EEXIST)
			break;
	}
	*w->name = '\0';
	return false;
}

bool ms_index_commit(struct ms_index_writer *w, const struct ms_index_identity *identity)
{
	bool done = !w->failed && write_frame(w, identity) && name_file(w) &&
		    may_replace(w->path) && rename(w->name, w->path) == 0;

	if (done)
		*w->name = '\0';
	ms_index_abandon(w);
	return done;
}

void ms_index_abandon(struct ms_index_writer *w)
{
	if (!w)
		return;
	if (w->name && *w->name)
		unlink(w->name);
	if (w->fd >= 0)
		close(w->fd);
	pthread_mutex_destroy(&w->lock);
	ms_free(w->entries);
	ms_free(w->path);
	ms_free(w->name);
	ms_free(w);
}
