/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.c - the few things that the recorder does with files.
 */
#define _GNU_SOURCE
#include "preload/file.h"

#include "preload/outside.h"
#include "preload/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

struct task {
	void (*run)(struct task *task);
	const char *path;
	struct ms_file_id id;
	uint64_t least; /* bytes that the file must have */
	uint64_t offset;
	size_t bytes;
	size_t touched; /* of them, from the start, to be faulted in */
	char *buffer;
	void *map;
	long done; /* bytes read */
	int error;
};

static void task_run(void *context)
{
	struct task *task = context;

	task->error = 0;
	task->run(task);
}

/* In the program's own table when it is alone; outside when its table is full, too. */
static void perform(struct task *task)
{
	task->error = EAGAIN; /* stands when the work could not even begin */
	ms_outside_run(task_run, task, false);
	if (task->error == EMFILE || task->error == ENFILE)
		ms_outside_run(task_run, task, true);
}

/* A descriptor, or -1 with task->error. */
static int task_open(struct task *task, int flags)
{
	long fd = ms_sys(SYS_open, task->path, flags | O_CLOEXEC, 0600, 0);

	if (!ms_sys_failed(fd))
		return (int)fd;
	task->error = (int)-fd;
	return -1;
}

static void close_fd(int fd)
{
	ms_sys(SYS_close, fd, 0, 0, 0);
}

static void run_read(struct task *task)
{
	int fd = task_open(task, O_RDONLY);

	if (fd < 0)
		return;
	task->done = ms_sys(SYS_read, fd, task->buffer, task->bytes - 1, 0);
	close_fd(fd);
}

size_t ms_file_read_small(const char *path, char *buffer, size_t size)
{
	struct task task = {
		.run = run_read, .path = path, .buffer = buffer, .bytes = size
	};

	perform(&task);
	if (task.error || ms_sys_failed(task.done))
		task.done = 0;
	buffer[task.done] = '\0';
	return (size_t)task.done;
}

static void run_create(struct task *task)
{
	int fd = task_open(task, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return;
	if (ms_sys_failed(ms_sys(SYS_fstat, fd, &st, 0, 0)))
		task->error = EIO;
	task->id = (struct ms_file_id){ st.st_dev, st.st_ino };
	close_fd(fd);
}

int ms_file_create(const char *path, struct ms_file_id *id)
{
	struct task task = { .run = run_create, .path = path };

	perform(&task);
	*id = task.id;
	return task.error;
}

/* A descriptor of the very file that was created, or -1 with task->error. */
static int open_same(struct task *task)
{
	int fd = task_open(task, O_RDWR | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return -1;
	if (!ms_sys_failed(ms_sys(SYS_fstat, fd, &st, 0, 0)) &&
	    st.st_dev == task->id.device && st.st_ino == task->id.inode) {
		if ((uint64_t)st.st_size >= task->least)
			return fd;
		task->error = ENODATA;
	} else {
		task->error = ESTALE;
	}
	close_fd(fd);
	return -1;
}

/* Beyond RLIMIT_FSIZE the kernel would send SIGXFSZ: ask first. */
static bool beyond_limit(uint64_t bytes)
{
	struct rlimit limit;

	return !ms_sys_failed(ms_sys(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, &limit)) &&
	       limit.rlim_cur != RLIM_INFINITY && bytes > limit.rlim_cur;
}

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* Extend the file by writing the stretch's last byte: unlike ftruncate it never shrinks.
 */
static int extend(int fd, uint64_t end)
{
	long r = ms_sys(SYS_pwrite64, fd, "", 1, end - 1);

	return r == 1 ? 0 : ms_sys_failed(r) ? (int)-r : ENOSPC;
}

/*
 * A file system may promise space that it does not have; the touch would be SIGBUS.
 * Faulting the pages in here turns that into an error.  fallocate would do as well, but
 * makes the cut at the end cost milliseconds, so it is for kernels without the former.
 */
int ms_file_touch(void *map, size_t bytes)
{
	long r = bytes ? ms_sys(SYS_madvise, map, bytes, MADV_POPULATE_WRITE, 0) : 0;

	if (r == -EFAULT)
		return ENOSPC;
	return ms_sys_failed(r) ? (int)-r : 0;
}

static int reserve(int fd, struct task *task)
{
	int error = ms_file_touch(task->map, task->touched);
	long r;

	if (error != EINVAL)
		return error;
	r = ms_sys(SYS_fallocate, fd, 0, task->offset, task->touched);
	/* nothing better is known where that cannot be done either */
	return !ms_sys_failed(r) || r == -EOPNOTSUPP || r == -ENOSYS ? 0 : (int)-r;
}

static int map_stretch(int fd, struct task *task)
{
	long map = ms_sys6(SYS_mmap, (long)ms_sys_place(task->bytes), (long)task->bytes,
			   PROT_READ | PROT_WRITE, MAP_SHARED, fd, (long)task->offset);
	int error;

	if (ms_sys_failed(map))
		return (int)-map;
	task->map = (void *)map;
	error = reserve(fd, task);
	if (error) {
		ms_sys_munmap(task->map, task->bytes);
		task->map = NULL;
	}
	return error;
}

static void run_grow(struct task *task)
{
	uint64_t end = task->offset + task->bytes;
	int fd = open_same(task);

	if (fd < 0)
		return;
	task->error = beyond_limit(end) ? EFBIG : extend(fd, end);
	if (!task->error)
		task->error = map_stretch(fd, task);
	close_fd(fd);
}

void *ms_file_grow_map(const char *path, const struct ms_file_id *id, uint64_t least,
		       uint64_t offset, size_t bytes, size_t touched, int *error)
{
	struct task task = { .run = run_grow,
			     .path = path,
			     .id = *id,
			     .least = least,
			     .offset = offset,
			     .bytes = bytes,
			     .touched = touched };

	perform(&task);
	*error = task.error;
	if (task.map)
		ms_sys(SYS_madvise, task.map, bytes, MADV_DONTFORK, 0);
	return task.map;
}

static void run_truncate(struct task *task)
{
	int fd = open_same(task);

	if (fd < 0)
		return;
	ms_sys(SYS_ftruncate, fd, task->bytes, 0, 0);
	close_fd(fd);
}

void ms_file_truncate(const char *path, const struct ms_file_id *id, uint64_t bytes)
{
	struct task task = {
		.run = run_truncate, .path = path, .id = *id, .bytes = bytes
	};

	perform(&task);
}
