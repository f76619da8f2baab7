/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.h - the steps of ms_record_run().
 */
#ifndef MS_CAPTURE_RECORD_H
#define MS_CAPTURE_RECORD_H

#include "analyzer/base/error.h"

#include <stddef.h>
#include <stdint.h>

/* A path is at most this long, its NUL included. */
#define MS_RECORD_PATH 4096

/*
 * The path of the recorder: given, when it is not NULL; else libmemscope.so
 * beside the running executable, else in ../lib/memscope from there, else where
 * it was installed.
 *
 * MS_EUSAGE: there is none, or its path cannot stand in LD_PRELOAD (which
 * splits at blanks and colons).
 */
MS_MUST_CHECK ms_status ms_record_library(char out[MS_RECORD_PATH], const char *given,
					  struct ms_error *err);

/*
 * The file that executing name would run, as execvp finds it in search
 * (":"-separated; NULL: the system's default).  MS_EUSAGE: there is none, or
 * none that is executable.
 */
MS_MUST_CHECK ms_status ms_record_find(char out[MS_RECORD_PATH], const char *name,
				       const char *search, struct ms_error *err);

/*
 * Can library be preloaded into program?  MS_OK, or MS_EUSAGE with the reason
 * in one sentence: no program, static, of another machine, set-id, of another C
 * library; scripts are judged by their interpreter.  MS_EIO: a file cannot be
 * read.
 */
MS_MUST_CHECK ms_status ms_record_check(const char *program, const char *library,
					struct ms_error *err);

/*
 * A shell pattern (glob(3)) for the logs that process pid may have written
 * under the MEMSCOPE_OUTPUT pattern output: times and names stand open.  Two
 * patterns: as the path says, and with the number that a taken name gets before
 * its extension.  pid 0: of any process.  MS_EUSAGE: too long.
 */
MS_MUST_CHECK ms_status ms_record_patterns(char plain[MS_RECORD_PATH],
					   char numbered[MS_RECORD_PATH],
					   const char *output, uint64_t pid,
					   struct ms_error *err);

/*
 * The newest log of process pid under the pattern output, begun at or after
 * since_unix_ns;
 * "" when there is none.
 */
MS_MUST_CHECK ms_status ms_record_log(char out[MS_RECORD_PATH], const char *output,
				      uint64_t pid, uint64_t since_unix_ns,
				      struct ms_error *err);

/*
 * The logs of process pid and of its descendants, as far as each one's parent has a log,
 * begun at or after since_unix_ns; the first begun first.  MS_OK, or none.  Free them.
 */
MS_MUST_CHECK ms_status ms_record_family(char ***paths, size_t *count, const char *output,
					 uint64_t pid, uint64_t since_unix_ns,
					 struct ms_error *err);

#endif
