/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture.h - recording programs, and what a log says of its recording.
 */
#ifndef MEMSCOPE_CAPTURE_H
#define MEMSCOPE_CAPTURE_H

#include <memscope/render.h>

#ifdef __cplusplus
extern "C" {
#endif

struct memscope_info_options {
	int windows; /* not 0: list every window of the log */
};

/* Head, process, clock, modules, threads, windows, losses, damage.  CSV is key,value. */
int memscope_info(struct memscope *m, const struct memscope_info_options *options,
		  const struct memscope_output *output, struct memscope_error *err);

struct memscope_record_options {
	char *const *argv;     /* the program and its arguments, NULL at the end */
	const char *library;   /* libmemscope.so; NULL: found beside the analyzer */
	const char *output;    /* MEMSCOPE_OUTPUT; NULL: as in the environment */
	char *const *settings; /* more "MEMSCOPE_x=value", NULL at the end; may be NULL */
	int all_logs;	       /* not 0: find those of its children, too */
};

struct memscope_record_result {
	int exit_code; /* the program's; 128 + the signal that ended it */
	int signal;    /* 0: it exited */
	uint64_t pid;
	char log_path[4096]; /* "": it wrote no log */
	/*
	 * With all_logs: of it and of its descendants, as far as each one's parent was
	 * recorded; the first begun first.  Release them.
	 */
	char **logs;
	size_t log_count;
};

/*
 * Run a program under the recorder and wait for it.  MEMSCOPE_OK when it ran, whatever it
 * returned; MEMSCOPE_USAGE when it cannot be recorded (static, set-id, another
 * architecture ...); MEMSCOPE_IO when it cannot be started.
 */
int memscope_record(const struct memscope_record_options *options,
		    struct memscope_record_result *result, struct memscope_error *err);
void memscope_record_release(struct memscope_record_result *result);

#ifdef __cplusplus
}
#endif

#endif
