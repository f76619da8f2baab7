/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture.h - engine 2: opening, checking and salvaging a log; running a program under
 * the recorder.
 */
#ifndef MS_CAPTURE_H
#define MS_CAPTURE_H

#include "analyzer/base/error.h"
#include "analyzer/base/progress.h"
#include "analyzer/event_store/event_store.h"
#include "analyzer/metadata/metadata.h"

/*
 * A piece of the log that could not be used, or cannot be trusted.  At most
 * MS_DAMAGE_MAX are listed; when there are more, the last says how many.
 */
#define MS_DAMAGE_MAX 1000
struct ms_damage {
	uint64_t offset, length; /* bytes of the file */
	char what[120];		 /* one line */
};

struct ms_log; /* a mapped log: keeps the mapping that store and metadata point into */

/*
 * Map path, check it and fill store and meta, which are empty.
 *
 * MS_OK, with damage (see ms_log_damage) when parts had to be left out; MS_EFORMAT for an
 * empty, foreign or future-major file; MS_EIO; MS_ENOMEM.  The log of a program that
 * still runs is read as far as it was written when each window was visited.
 *
 * A regular file is mapped, anything else is read into memory.  One limit of mapping:
 * when somebody cuts the file while it is open here, touching what is gone raises SIGBUS.
 * The recorder never cuts off anything that it has handed out.
 *
 * On failure, store and meta may hold parts: free them.  They must not outlive the log.
 */
MS_MUST_CHECK ms_status ms_log_open(struct ms_log **out, const char *path,
				    struct ms_store *store, struct ms_metadata *meta,
				    struct ms_error *err);

struct ms_log_options {
	const struct ms_progress *progress; /* NULL: nobody; how many bytes are done */
	unsigned threads; /* that may check windows; 0: one a processor */
	/*
	 * Is the index beside the log asked, and made for one that is undamaged and at
	 * least so many bytes long?  What is read is the same with one and without.
	 */
	bool use_index;
	uint64_t index_least_bytes;
};
MS_MUST_CHECK ms_status ms_log_open_with(struct ms_log **out, const char *path,
					 struct ms_store *store, struct ms_metadata *meta,
					 const struct ms_log_options *options,
					 struct ms_error *err);
/* The index that opening found; NULL: there is none. */
const struct ms_index *ms_log_index(const struct ms_log *log);
/*
 * An index that is being made, to which others may add their parts: with what opening
 * found out, or with all that the index has that opening found, but for the kind
 * replaced.  NULL: there is to be none.  Closing the log gives it up.
 */
struct ms_index_writer *ms_log_index_writer(struct ms_log *log, unsigned replaced);
/* Put it beside the log; true: an index of the log is there. */
bool ms_log_save_index(struct ms_log *log);
struct ms_log_index_facts {	     /* of the index that is there now */
	uint64_t bytes, checkpoints; /* bytes is 0: there is none */
	bool is_new;		     /* opening did not find it */
};
void ms_log_index_facts(const struct ms_log *log, struct ms_log_index_facts *facts);
void ms_log_close(struct ms_log *log); /* after store and meta are freed */

const struct ms_damage *ms_log_damage(const struct ms_log *log, size_t *count);
const struct ms_wire_status *ms_log_status(const struct ms_log *log);
const struct ms_wire_head *ms_log_head(const struct ms_log *log);
uint64_t ms_log_file_bytes(const struct ms_log *log);

struct ms_log_window { /* one row of info's window list, by offset */
	uint64_t offset, length, sequence, base_ticks;
	uint32_t commit, owner;
	uint16_t kind, header_bytes;
	bool sealed; /* all that is committed is covered by a checksum */
};
const struct ms_log_window *ms_log_windows(const struct ms_log *log, size_t *count);

/* --- capture modes (log_counters.c) --------------------------------------------------
 */

struct ms_log_mode {
	unsigned mode; /* enum ms_wire_mode that recording began with; 0: not known */
	uint64_t parameter;
	bool counted;	/* the log has exact counts */
	bool fell_back; /* at the size limit: from fell_back_ns on there are counts only
			 */
	uint64_t fell_back_ns;
};
const struct ms_log_mode *ms_log_mode(const struct ms_log *log);

/*
 * Exact counts of calls, whole up to the last one that returned: of the whole recording,
 * or, in the full mode, of what came after it fell back.
 */
struct ms_counts {
	uint64_t allocations, reallocations, deallocations, failed;
	uint64_t allocated; /* bytes, of allocations and reallocations */
};
struct ms_thread_counts {
	uint32_t thread; /* 0: of threads that had no room for counts of their own */
	struct ms_counts c;
};
/* Pairs of one stack that the mode cull folded: in no event, exact, without a time. */
struct ms_folded {
	uint32_t stack;
	uint64_t blocks, bytes, largest;
	uint64_t lifetimes[MS_WIRE_LIFETIMES];
};
const struct ms_folded *ms_log_folded(const struct ms_log *log, size_t *count);

const struct ms_counts *ms_log_counts(const struct ms_log *log);
const struct ms_thread_counts *ms_log_thread_counts(const struct ms_log *log,
						    size_t *count);
const struct ms_wire_sizes *ms_log_size_counts(const struct ms_log *log);

/* --- pointer maps (log_pointers.c) ----------------------------------------------------
 */

struct ms_pointer_map { /* as the program told it */
	uint32_t number;
	unsigned why;	/* enum ms_map_why */
	unsigned state; /* enum ms_map_state: why there is none; 0: it was begun */
	uint64_t error; /* an errno */
	uint64_t at_ns, pause_ns, resident_bytes, threads;
};
/* In the order of the log. */
const struct ms_pointer_map *ms_log_maps(const struct ms_log *log, size_t *count);
/* How the process ended without exit(): enum ms_map_why; 0: nothing is told. */
unsigned ms_log_left(const struct ms_log *log);

/*
 * Told what a map holds, item by item, in the order of the log; each may be NULL.  What
 * they return other than MS_OK ends it.
 */
struct ms_map_reader {
	ms_status (*word)(void *context, unsigned kind, uint64_t address, uint64_t value);
	ms_status (*region)(void *context, unsigned kind, uint64_t start, uint64_t bytes,
			    uint64_t id, unsigned flags);
	ms_status (*thread_register)(void *context, uint64_t tid, uint64_t value);
	ms_status (*unscanned)(void *context, unsigned why, uint64_t start,
			       uint64_t bytes);
	void *context;
};
/*
 * *whole: all of it was written and is right; else the items are those that are.
 * MS_OK, MS_ENOMEM or what a function of the reader returned.
 */
MS_MUST_CHECK ms_status ms_log_read_map(const struct ms_log *log, uint32_t number,
					const struct ms_map_reader *reader, bool *whole,
					struct ms_error *err);

/* End of the recording in ns since its start: exit, or the last event or record. */
uint64_t ms_log_duration_ns(const struct ms_log *log);
/* How its ticks become nanoseconds. */
const struct ms_tick_scale *ms_log_scale(const struct ms_log *log);

/* --- running a program under the recorder (record.c) ----------------------------------
 */
struct ms_record_options {
	char *const *argv;   /* NULL-terminated, at least one */
	const char *library; /* path of libmemscope.so; NULL: found beside the analyzer or
				in LIBDIR */
	const char *output;  /* MEMSCOPE_OUTPUT; NULL: leave the environment's */
	char *const *settings; /* "MEMSCOPE_x=value", NULL-terminated, or NULL */
	char *const *
		environment; /* the program's, before the above; NULL: the caller's own */
	bool family;	     /* find the logs of its descendants as well */
};

struct ms_record_result {
	int exit_code; /* the program's; 128 + signal when one ended it */
	int signal;    /* 0 when it exited */
	uint64_t pid;
	char log_path[4096]; /* of the program itself; "" when it wrote none */
	char **logs;	     /* all of them, when asked for; free them */
	size_t log_count;
};
void ms_record_family_free(char **paths, size_t count); /* NULL is fine */

/*
 * Check that argv[0] can be preloaded (found, executable, dynamic, not set-id, this
 * machine's ELF class and loader; scripts are checked through their interpreter), run it
 * with LD_PRELOAD set (merged), forward signals, wait.  MS_OK when the program ran,
 * whatever it returned; MS_EUSAGE when it cannot be preloaded (err says why); MS_EIO when
 * it cannot be started.
 */
MS_MUST_CHECK ms_status ms_record_run(const struct ms_record_options *options,
				      struct ms_record_result *result,
				      struct ms_error *err);

#endif
