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
	/* Symbol packs, and directories of programs, libraries, debug files and packs,
	 * ':' between them: looked at before any other place; NULL: none. */
	const char *symbols;
	/* A directory where functions and lines that were found are kept for the next
	 * time; NULL: nowhere. */
	const char *symbol_cache;
	int debuginfod; /* not 0: ask the servers of DEBUGINFOD_URLS for missing ones */
	/*
	 * What was found out about a long undamaged log is kept beside it in TRACE.idx,
	 * so that the next opening is faster; it is never needed.  Not 0: it is neither
	 * read nor written.
	 */
	int no_index;
	int index_any_size; /* not 0: it is written for short logs too */
	unsigned threads;   /* that may work at once; 0: one a processor, at most 16 */
	/* Called now and then during long work: what is done, how much, of how much. */
	void (*progress)(void *context, const char *what, uint64_t done, uint64_t total);
	void *progress_context;
};

/*
 * Open count (at least one) traces.  A place of options->symbols that is not there, or a
 * pack that is damaged, is a failure; a cache that cannot be used is none.  A damaged
 * trace is no failure: what can be read is used, and memscope_damage() says what was not.
 * *out is NULL on failure.
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

/* --- time
 * --------------------------------------------------------------------------------- */

/* A point of a recording's time. */
enum memscope_time_kind {
	MEMSCOPE_AT_END, /* zero: the default */
	MEMSCOPE_AT_START,
	MEMSCOPE_AT_PEAK,
	MEMSCOPE_AT_NS,	     /* value: nanoseconds after the recording began */
	MEMSCOPE_AT_PERCENT, /* value: thousandths of a percent of its duration */
	MEMSCOPE_AT_MARK     /* mark: the first that the program made by that name; what
				asks for another fails with MEMSCOPE_USAGE */
};
struct memscope_time {
	enum memscope_time_kind kind;
	uint64_t value;
	const char *mark; /* outlives every use of the point */
};

/*
 * "start", "end", "peak", "12.5s", "830ms", "40%", "mark:NAME": 0, or -1 when text is
 * none of them.  A mark's name stays in text.
 */
int memscope_parse_time(const char *text, struct memscope_time *time);

/* --- filters
 * ------------------------------------------------------------------------------ */

/*
 * Which blocks a report is about: those that meet every condition set here.  Zero: all.
 * Patterns are POSIX extended regular expressions, found anywhere in the name.
 */
struct memscope_filter {
	int use_from, use_to;	       /* not 0: the limit holds, inclusive */
	struct memscope_time from, to; /* when the block was made */
	uint64_t thread;	       /* kernel tid of the thread that made it; 0: any */
	int use_size;
	uint64_t size_from, size_to; /* bytes asked for, inclusive */
	int use_lifetime;
	uint64_t lifetime_from_ns, lifetime_to_ns; /* so far, for those that live */
	int live, freed;      /* only those that are, at the report's instant */
	const char *site;     /* of "function file:line" of the frame it is filed under */
	const char *function; /* of any frame's function */
	const char *file;     /* of any frame's source file */
	const char *module;   /* of any frame's module */
};

#ifdef __cplusplus
}
#endif

#endif
