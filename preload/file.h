/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file.h - the few things that the recorder does with files.  No descriptor outlives a
 * call, and none is opened where the program could notice (outside.h).
 */
#ifndef MS_FILE_H
#define MS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Read up to size - 1 bytes and terminate; returns how many, 0 when it cannot be read. */
size_t ms_file_read_small(const char *path, char *buffer, size_t size);

struct ms_file_id {
	uint64_t device, inode;
};

/* Create path (0600, O_EXCL, O_NOFOLLOW).  0, or an errno; EEXIST when there is one. */
int ms_file_create(const char *path, struct ms_file_id *id);

/*
 * Extend the file that path and id name by bytes at offset, and map them MAP_SHARED.
 * NULL with *error set: ESTALE when path names another file now, ENODATA when the file
 * has less than the `least` bytes that it had before.  The disk space of the
 * first `touched` bytes is there when it returns, so that a touch cannot be SIGBUS,
 * wherever the file system can reserve.
 */
void *ms_file_grow_map(const char *path, const struct ms_file_id *id, uint64_t least,
		       uint64_t offset, size_t bytes, size_t touched, int *error);

/* Make the space of mapped pages sure, without a descriptor: 0, or an errno; EINVAL where
 * the kernel knows no way. */
int ms_file_touch(void *map, size_t bytes);

/* Cut the file to bytes, if path still names it. */
void ms_file_truncate(const char *path, const struct ms_file_id *id, uint64_t bytes);

#endif
