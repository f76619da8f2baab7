/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_library.c - where the recorder lies.
 *
 * A build tree and an installed tree both work without being told: the analyzer
 * looks beside itself first.
 */
#include "analyzer/capture/record.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "libmemscope.so"

/* The directory of the running executable, without a slash at its end; false:
 * not known. */
static bool own_directory(char out[MS_RECORD_PATH])
{
	ssize_t len = readlink("/proc/self/exe", out, MS_RECORD_PATH - 1);
	char *slash;

	if (len <= 0)
		return false;
	out[len] = '\0';
	slash = strrchr(out, '/');
	if (!slash)
		return false;
	*slash = '\0';
	return true;
}

/* dir/middle/libmemscope.so when it can be read. */
static bool lies_in(char out[MS_RECORD_PATH], const char *dir, const char *middle)
{
	int len = snprintf(out, MS_RECORD_PATH, "%s%s/" NAME, dir, middle);

	return len > 0 && len < MS_RECORD_PATH && access(out, R_OK) == 0;
}

static bool search(char out[MS_RECORD_PATH])
{
	char dir[MS_RECORD_PATH];

	if (own_directory(dir) &&
	    (lies_in(out, dir, "") || lies_in(out, dir, "/../lib/memscope")))
		return true;
	return lies_in(out, MS_LIBDIR, "");
}

ms_status ms_record_library(char out[MS_RECORD_PATH], const char *given,
			    struct ms_error *err)
{
	char path[MS_RECORD_PATH];
	char absolute[PATH_MAX];

	if (!given && !search(path))
		return ms_fail(err, MS_EUSAGE,
			       NAME " is neither beside memscope-analyze nor in %s",
			       MS_LIBDIR);
	/* the program may change its directory before it starts another one */
	if (!realpath(given ? given : path, absolute))
		return ms_fail(err, MS_EUSAGE, "%s: no recorder there: %s",
			       given ? given : path, strerror(errno));
	if (strpbrk(absolute, " \t\n:$"))
		return ms_fail(
			err, MS_EUSAGE,
			"%s: LD_PRELOAD cannot hold a path with blanks, ':' or '$'",
			absolute);
	snprintf(out, MS_RECORD_PATH, "%s", absolute);
	return MS_OK;
}
