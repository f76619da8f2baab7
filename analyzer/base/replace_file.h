/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replace_file.h - writing a whole file, so that a reader finds the old one or the new.
 */
#ifndef MS_BASE_REPLACE_FILE_H
#define MS_BASE_REPLACE_FILE_H

#include "analyzer/base/error.h"

#include <stddef.h>
#include <sys/types.h>

/*
 * Make path hold those bytes, by a new file of that mode (less the umask) that is renamed
 * to it.  What was there stays when this fails.  MS_OK, MS_EIO or MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_replace_file(const char *path, const void *bytes,
					size_t len_bytes, mode_t mode,
					struct ms_error *err);

/*
 * The same for bytes that come one after the other.  Where path is no regular file (a
 * device, a pipe) they go there at once.  MS_OK, MS_EIO or MS_ENOMEM, with *out NULL.
 */
struct ms_replacing;
MS_MUST_CHECK ms_status ms_replace_begin(struct ms_replacing **out, const char *path,
					 mode_t mode, struct ms_error *err);
/* 0, or an errno value. */
int ms_replace_write(struct ms_replacing *file, const void *bytes, size_t len_bytes);
/* Put it in its place; frees file.  MS_OK or MS_EIO: what was there stays. */
MS_MUST_CHECK ms_status ms_replace_commit(struct ms_replacing *file,
					  struct ms_error *err);
void ms_replace_abandon(struct ms_replacing *file); /* NULL is fine */

#endif
