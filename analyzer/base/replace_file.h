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

#endif
