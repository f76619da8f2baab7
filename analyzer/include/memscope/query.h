/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query.h - SQL over recordings.
 *
 * The tables, their columns and the functions are those of memscope-query(7).  Only
 * reading is possible: every other statement is refused.
 */
#ifndef MEMSCOPE_QUERY_H
#define MEMSCOPE_QUERY_H

#include <memscope/render.h>

#ifdef __cplusplus
extern "C" {
#endif

struct memscope_query; /* a session; what it has found out once, it keeps */

/*
 * SQLite's memory comes from this library for the whole process, unless the program has
 * used SQLite before.  m must outlive the session, which one thread uses at a time.
 */
int memscope_query_open(struct memscope_query **out, struct memscope *m,
			struct memscope_error *err);
void memscope_query_close(struct memscope_query *query); /* NULL is fine */

/*
 * Make what runs, or what comes next, fail with MEMSCOPE_USAGE, "interrupted".  From any
 * thread, and from a signal handler.
 */
void memscope_query_interrupt(struct memscope_query *query);

/*
 * Run the statements of sql and print the rows of each: JSON as an array of objects, CSV
 * with a line of names first.  MEMSCOPE_USAGE for wrong SQL; rows of statements before
 * have been printed then.
 */
int memscope_query_run(struct memscope_query *query, const char *sql,
		       const struct memscope_output *output, struct memscope_error *err);

enum memscope_cell_kind {
	MEMSCOPE_CELL_NULL,
	MEMSCOPE_CELL_INTEGER,
	MEMSCOPE_CELL_REAL,
	MEMSCOPE_CELL_TEXT
};
struct memscope_cell {
	const char *name; /* of the column */
	enum memscope_cell_kind kind;
	int64_t integer;
	double real;
	const char *text; /* as found in the log: escape it before a terminal sees it */
};

/*
 * Run one statement and hand over each row, whose cells last for the call; row returns 0
 * to go on, and anything else to end it with MEMSCOPE_STOPPED.
 */
int memscope_query_each(struct memscope_query *query, const char *sql,
			int (*row)(void *context, const struct memscope_cell *cells,
				   size_t count),
			void *context, struct memscope_error *err);

/* Is sql one or more whole statements?  Otherwise more has to be read. */
int memscope_query_is_complete(const char *sql);

/* --- presets: questions with a name
 * --------------------------------------------------------- */

/* Run a preset; argument may be NULL.  MEMSCOPE_USAGE: there is no such one. */
int memscope_query_preset(struct memscope_query *query, const char *name,
			  const char *argument, const struct memscope_output *output,
			  struct memscope_error *err);
/* The SQL of a preset, ?1 is its argument; NULL: there is no such one. */
const char *memscope_query_preset_sql(const char *name);
/* Print the presets with their arguments and what they tell. */
int memscope_query_presets(const struct memscope_output *output,
			   struct memscope_error *err);

/* Print the tables, what a row of each is. */
int memscope_query_tables(const struct memscope_output *output,
			  struct memscope_error *err);
/* Print every table, column and function with its meaning. */
int memscope_query_schema(const struct memscope_output *output,
			  struct memscope_error *err);

#ifdef __cplusplus
}
#endif

#endif
