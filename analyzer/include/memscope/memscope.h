/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memscope.h - open recorded traces and have reports written.
 *
 * C99 and C++11.  Link with the flags of pkg-config memscope.  Nothing here prints, exits
 * or reads the environment; a struct memscope may be used by one thread at a time.
 * Options are structs: zero bytes mean the defaults, NULL for the whole too.
 */
#ifndef MEMSCOPE_MEMSCOPE_H
#define MEMSCOPE_MEMSCOPE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MEMSCOPE_VERSION_MAJOR 0
#define MEMSCOPE_VERSION_MINOR 1
#define MEMSCOPE_VERSION_PATCH 0
#define MEMSCOPE_VERSION       "0.1.0"

/* The version of the library, as opposed to that of this header. */
const char *memscope_version(void);

/* What every function that can fail returns. */
enum memscope_status {
	MEMSCOPE_OK = 0,
	MEMSCOPE_NO_MEMORY = -1,
	MEMSCOPE_IO = -2, /* a file cannot be opened, read or written; a program cannot
			     be started */
	MEMSCOPE_FORMAT = -3, /* not a memscope trace, or of a later major version */
	MEMSCOPE_USAGE = -4,  /* an argument that makes no sense */
	MEMSCOPE_STOPPED = -5 /* the output was closed by its reader (EPIPE) */
};

/* Why it failed: one line, no newline, safe to print; names the file.  May be NULL. */
struct memscope_error {
	char text[512];
};

/* --- traces
 * ------------------------------------------------------------------------------ */

struct memscope; /* one or more traces, opened together */

struct memscope_open_options {
	const char *debug_dirs; /* roots of separate debug files, ':' between them; NULL:
				   /usr/lib/debug */
	int debuginfod; /* not 0: ask the servers of DEBUGINFOD_URLS for missing ones */
	/* Called now and then during long work: what is done, how much, of how much. */
	void (*progress)(void *context, const char *what, uint64_t done, uint64_t total);
	void *progress_context;
};

/*
 * Open count (at least one) traces.  A damaged trace is no failure: what can be read is
 * used, and memscope_damage() says what was not.  *out is NULL on failure.
 *
 * The library's use of jansson allocates through malloc and free; a program that uses
 * jansson itself with other functions must set them again after the first call.
 */
int memscope_open(struct memscope **out, const char *const *paths, size_t count,
		  const struct memscope_open_options *options,
		  struct memscope_error *err);
void memscope_close(struct memscope *m); /* NULL is fine */

size_t memscope_trace_count(const struct memscope *m);
/* The path of a trace as it was given; index < memscope_trace_count(). */
const char *memscope_trace_path(const struct memscope *m, size_t index);
/* How many places of a trace could not be used. */
size_t memscope_damage_count(const struct memscope *m, size_t trace);
/*
 * One line about one of them, which begins with the path and is safe to print; damage <
 * memscope_damage_count().  Valid until the next call with this m.
 */
const char *memscope_damage(struct memscope *m, size_t trace, size_t damage);

/* --- reports
 * ------------------------------------------------------------------------------ */

enum memscope_format { MEMSCOPE_TEXT, MEMSCOPE_JSON, MEMSCOPE_CSV };

/* Where a report goes and how text looks. */
struct memscope_output {
	/* Take all the bytes: 0, or an errno value. */
	int (*write)(void *context, const char *data, size_t bytes);
	void *context;
	enum memscope_format format;
	unsigned width; /* of the terminal, in columns; 0: lines are never cut */
	int colour;	/* not 0: escape sequences for colour */
	int unicode;	/* not 0: trees are drawn with box characters */
};

/* A point of a recording's time. */
enum memscope_time_kind {
	MEMSCOPE_AT_END, /* zero: the default */
	MEMSCOPE_AT_START,
	MEMSCOPE_AT_PEAK,
	MEMSCOPE_AT_NS,	    /* value: nanoseconds after the recording began */
	MEMSCOPE_AT_PERCENT /* value: thousandths of a percent of its duration */
};
struct memscope_time {
	enum memscope_time_kind kind;
	uint64_t value;
};

/* "start", "end", "peak", "12.5s", "830ms", "40%": 0, or -1 when text is none of them. */
int memscope_parse_time(const char *text, struct memscope_time *time);

enum memscope_sort {
	MEMSCOPE_BY_PEAK,      /* bytes live at the process's peak */
	MEMSCOPE_BY_LIVE,      /* bytes live at the end, or at the instant asked for */
	MEMSCOPE_BY_ALLOCATED, /* bytes ever allocated */
	MEMSCOPE_BY_CALLS,     /* allocations made */
	MEMSCOPE_BY_TEMPORARY  /* blocks freed before the thread made another */
};

struct memscope_summary_options {
	enum memscope_sort sort;
	unsigned top;	/* sites shown in text; 0: 10 */
	unsigned depth; /* frames of a stack; 0: 8 a branch in text, 128 in JSON */
};

/*
 * Totals, peak, sites, threads, losses.  JSON has the keys of memscope-analyze(1); CSV is
 * the table of sites.  Several traces are summed.
 */
int memscope_summary(struct memscope *m, const struct memscope_summary_options *options,
		     const struct memscope_output *output, struct memscope_error *err);

struct memscope_info_options {
	int windows; /* not 0: list every window of the log */
};

/* Head, process, clock, modules, threads, windows, losses, damage.  CSV is key,value. */
int memscope_info(struct memscope *m, const struct memscope_info_options *options,
		  const struct memscope_output *output, struct memscope_error *err);

enum memscope_group {
	MEMSCOPE_GROUP_SITE,
	MEMSCOPE_GROUP_STACK,
	MEMSCOPE_GROUP_THREAD,
	MEMSCOPE_GROUP_MODULE,
	MEMSCOPE_GROUP_SIZE,
	MEMSCOPE_GROUP_NONE /* every live block; JSON and CSV: not in any order */
};

struct memscope_snapshot_options {
	struct memscope_time at;
	enum memscope_group by;
	unsigned top;	/* rows; 0: 20 in text, all in JSON and CSV */
	unsigned depth; /* frames of a stack, as in the summary */
};

/* The heap at one instant. */
int memscope_snapshot(struct memscope *m, const struct memscope_snapshot_options *options,
		      const struct memscope_output *output, struct memscope_error *err);

struct memscope_dump_options {
	struct memscope_time from, to; /* both zero: everything; see use_from, use_to */
	int use_from, use_to;	       /* not 0: the limit holds */
	int stacks;		       /* not 0: text shows the site of each stack */
};

/*
 * The events of one trace (MEMSCOPE_USAGE with more), in order, one row each; a realloc
 * is one row, at its end.  Memory does not grow with the number of rows.  *unfinished,
 * when not NULL, is how many reallocs had not returned when the recording (or the range)
 * ended.
 */
int memscope_dump(struct memscope *m, const struct memscope_dump_options *options,
		  const struct memscope_output *output, uint64_t *unfinished,
		  struct memscope_error *err);

/* --- recording
 * ---------------------------------------------------------------------------- */

struct memscope_record_options {
	char *const *argv;     /* the program and its arguments, NULL at the end */
	const char *library;   /* libmemscope.so; NULL: found beside the analyzer */
	const char *output;    /* MEMSCOPE_OUTPUT; NULL: as in the environment */
	char *const *settings; /* more "MEMSCOPE_x=value", NULL at the end; may be NULL */
};

struct memscope_record_result {
	int exit_code; /* the program's; 128 + the signal that ended it */
	int signal;    /* 0: it exited */
	uint64_t pid;
	char log_path[4096]; /* "": it wrote no log */
};

/*
 * Run a program under the recorder and wait for it.  MEMSCOPE_OK when it ran, whatever it
 * returned; MEMSCOPE_USAGE when it cannot be recorded (static, set-id, another
 * architecture ...); MEMSCOPE_IO when it cannot be started.
 */
int memscope_record(const struct memscope_record_options *options,
		    struct memscope_record_result *result, struct memscope_error *err);

#ifdef __cplusplus
}
#endif

#endif
