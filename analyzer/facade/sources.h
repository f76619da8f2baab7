/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources.h - the tables and functions that SQL asks the engines through (private to the
 * facade).
 */
#ifndef MS_FACADE_SOURCES_H
#define MS_FACADE_SOURCES_H

#include "analyzer/base/map.h"
#include "analyzer/base/source.h"
#include "analyzer/base/strbuf.h"
#include "analyzer/facade/view.h"

#include <stdatomic.h>

/* Rows of a table that were made once: by its name and argument. */
struct ms_made_rows {
	const struct ms_source *source;
	char *arguments;
	json_t *rows;
};

/* What a table and its readings share, for as long as one session lasts. */
struct ms_tables {
	struct memscope *m;
	struct ms_views end;		/* no items: not needed so far */
	struct ms_views moment;		/* of the instant asked for last */
	struct memscope_time moment_at; /* its mark is in moment_mark */
	struct ms_strbuf moment_mark;
	struct ms_made_rows *made;
	size_t made_count, made_capacity;
	struct ms_trace_leaks *leaks; /* by trace; NULL: not needed so far */
	struct ms_map *sites;	      /* by trace: of a stack to its frame */
	struct ms_strbuf text;	      /* what a function returned last */
	const atomic_bool *stopped;   /* somebody wants it to end */
};

ms_status ms_tables_init(struct ms_tables *tables, struct memscope *m,
			 const atomic_bool *stopped, struct ms_error *err);
void ms_tables_release(struct ms_tables *tables);

/* MS_OK, or MS_EUSAGE when somebody wants it to end. */
MS_MUST_CHECK ms_status ms_tables_go_on(const struct ms_tables *tables,
					struct ms_error *err);
/* The traces at the end, or at an instant; valid until the next instant. */
MS_MUST_CHECK ms_status ms_tables_end(struct ms_tables *tables,
				      const struct ms_views **views,
				      struct ms_error *err);
MS_MUST_CHECK ms_status ms_tables_moment(struct ms_tables *tables,
					 const struct memscope_time *at,
					 const struct ms_views **views,
					 struct ms_error *err);
/* What the last pointer map of each trace says, or what lives at the end. */
struct ms_trace_leaks;
MS_MUST_CHECK ms_status ms_tables_leaks(struct ms_tables *tables,
					const struct ms_trace_leaks **leaks,
					struct ms_error *err);
/* One trace alone, borrowed. */
struct memscope ms_tables_one(const struct ms_tables *tables, size_t trace);
/* An instant as an argument has it: memscope_parse_time(), or nanoseconds. */
MS_MUST_CHECK ms_status ms_tables_time(struct memscope_time *time, const char *text,
				       struct ms_error *err);
/* The frame that a stack is filed under; *frame is NULL when there is none. */
MS_MUST_CHECK ms_status ms_tables_site(struct ms_tables *tables, size_t trace,
				       uint32_t stack, const struct ms_frame **frame,
				       struct ms_error *err);
/* The only trace of a process; SIZE_MAX: there is none.  MS_EUSAGE: there are several. */
MS_MUST_CHECK ms_status ms_tables_trace(const struct ms_tables *tables, uint64_t process,
					size_t *trace, struct ms_error *err);

/* --- values ------------------------------------------------------------------------ */

static inline struct ms_value ms_number(uint64_t number)
{
	return (struct ms_value){ .number = number };
}

static inline struct ms_value ms_number_if(bool known, uint64_t number)
{
	return (struct ms_value){ .absent = !known, .number = number };
}

/* NULL: absent. */
static inline struct ms_value ms_text(const char *text)
{
	return (struct ms_value){ .absent = !text, .text = text };
}

/* Of a frame that may be NULL. */
enum ms_frame_part { MS_PART_FUNCTION, MS_PART_FILE, MS_PART_LINE, MS_PART_MODULE };
struct ms_value ms_frame_value(const struct ms_frame *frame, enum ms_frame_part part);
/* The kernel's id of the log's thread. */
struct ms_value ms_thread_value(const struct ms_metadata *meta, uint32_t thread);

/* --- conditions --------------------------------------------------------------------- */

/* The bound of a column; everything when the plan has none. */
struct ms_bound ms_plan_bound(const struct ms_scan_plan *plan, size_t column);
static inline bool ms_bound_has(const struct ms_bound *bound, uint64_t number)
{
	return number >= bound->from && number <= bound->to;
}
/* The next trace from *trace on whose number (from 1) and pid lie in the bounds of their
 * columns; false: no more. */
bool ms_plan_trace(const struct ms_tables *tables, const struct ms_bound *number,
		   const struct ms_bound *pid, size_t *trace);
/*
 * What of a trace's events lies in bounds of time and thread.  false: none does.
 */
bool ms_plan_want(const struct ms_trace *trace, const struct ms_bound *time,
		  const struct ms_bound *thread, struct ms_want *want);

/* Columns that several tables have. */
#define MS_TRACE_COLUMN                                                                \
	{                                                                              \
		"trace", MS_TYPE_ID,                                                   \
			MS_SOURCE_KEY | MS_SOURCE_RANGE | MS_SOURCE_SEEK |             \
				MS_SOURCE_FEW,                                         \
			0, "which of the traces, from 1, in the order they were named" \
	}
#define MS_PROCESS_COLUMN                                                                \
	{                                                                                \
		"process", MS_TYPE_ID, MS_SOURCE_RANGE | MS_SOURCE_SEEK | MS_SOURCE_FEW, \
			0, "pid of the recorded process"                                 \
	}
#define MS_FUNCTION_COLUMN                                           \
	{                                                            \
		"function", MS_TYPE_TEXT, 0, 0,                      \
			"that called the allocator; NULL: not known" \
	}
#define MS_FILE_COLUMN                                                          \
	{                                                                       \
		"file", MS_TYPE_TEXT, 0, 0, "source file of that call, or NULL" \
	}
#define MS_LINE_COLUMN                                                 \
	{                                                              \
		"line", MS_TYPE_ID, 0, 0, "line of that call, or NULL" \
	}
#define MS_MODULE_COLUMN                                                                 \
	{                                                                                \
		"module", MS_TYPE_TEXT, 0, 0, "program or library of that call, or NULL" \
	}

/* --- the tables, one file each or a few ------------------------------------------------
 */

extern const struct ms_source ms_source_allocations;		  /* sources_blocks.c */
extern const struct ms_source ms_source_live;			  /* sources_live.c */
extern const struct ms_source ms_source_events;			  /* sources_events.c */
extern const struct ms_source ms_source_stacks, ms_source_frames; /* sources_stacks.c */
extern const struct ms_source_function ms_function_stack_text, ms_function_function_of,
	ms_function_type_of;
/* sources_process.c */
extern const struct ms_source ms_source_processes, ms_source_threads, ms_source_modules,
	ms_source_samples, ms_source_notes, ms_source_lost;
/* sources_figures.c */
extern const struct ms_source ms_source_sites, ms_source_timeline, ms_source_diff;

extern const struct ms_source ms_source_leaks;	  /* sources_leaks.c */
extern const struct ms_source ms_source_findings; /* sources_findings.c */

/* --- sources_made.c: tables whose rows are made at once
 * --------------------------------- */

/* A made row has a member for each column that has a value. */
typedef ms_status ms_make_fn(struct ms_tables *tables, const char *const *arguments,
			     struct ms_doc *doc, json_t *rows, struct ms_error *err);

/* Open a scan over rows that make has made, now or before. */
MS_MUST_CHECK ms_status ms_made_open(struct ms_scan **out, const struct ms_source *source,
				     const struct ms_scan_plan *plan, ms_make_fn *make,
				     struct ms_error *err);
/* The rows themselves, borrowed. */
MS_MUST_CHECK ms_status ms_made_rows(const json_t **rows, const struct ms_source *source,
				     const char *const *arguments, ms_make_fn *make,
				     struct ms_error *err);
/* A few rows, that take a reading of everything when figures is set. */
void ms_made_estimate(const struct ms_source *source, bool figures, double *rows,
		      double *reads);
/* A new row with its trace and process. */
json_t *ms_made_row(struct ms_tables *tables, struct ms_doc *doc, json_t *rows,
		    size_t trace);

/*
 * types.c: the type that a stack's functions name (new_allocator<T>, make_shared<T>,
 * Box<T> ...).  text is emptied first and stays so when none does.  MS_OK or MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_type_of_stack(struct ms_strbuf *text, struct ms_metadata *meta,
					 uint32_t stack, struct ms_error *err);

#endif
