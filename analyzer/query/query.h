/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query.h - engine 7: SQL over sources.
 *
 * SQLite reads the sources as virtual tables.  Nothing can be written: the database is
 * empty and in memory, and every statement that is no question is refused.
 */
#ifndef MS_QUERY_H
#define MS_QUERY_H

#include "analyzer/base/progress.h"
#include "analyzer/base/source.h"

struct ms_query; /* an open question-and-answer session */

struct ms_query_options {
	const struct ms_source *sources; /* with the functions they outlive the session */
	size_t source_count;
	const struct ms_source_function *functions;
	size_t function_count;
	/* Asked now and then during work: true ends it with MS_EUSAGE.  May be NULL. */
	bool (*stop)(void *context);
	void *stop_context;
};

/*
 * MS_OK or MS_ENOMEM.  A session is used by one thread at a time.
 *
 * SQLite gets its memory from ms_alloc: for the whole process, as long as nobody has used
 * SQLite before.
 */
MS_MUST_CHECK ms_status ms_query_open(struct ms_query **out,
				      const struct ms_query_options *options,
				      struct ms_error *err);
void ms_query_close(struct ms_query *query); /* NULL is fine */

struct ms_statement;

/*
 * The first statement of sql; *rest is what follows it.  *out is NULL with MS_OK when
 * there is none (blanks, a comment).  MS_EUSAGE when it is no SQL, or would do more than
 * read: err is one line that shows where.
 */
MS_MUST_CHECK ms_status ms_query_prepare(struct ms_statement **out,
					 struct ms_query *query, const char *sql,
					 const char **rest, struct ms_error *err);
/* Give the index-th parameter (from 1) of a statement a value.  MS_OK, MS_ENOMEM or, when
 * it has no such parameter, MS_EUSAGE. */
MS_MUST_CHECK ms_status ms_statement_bind(struct ms_statement *statement, int index,
					  uint64_t value, struct ms_error *err);
void ms_statement_close(struct ms_statement *statement);
/*
 * Its rows, once, of type MS_TYPE_ANY; without columns it has none.  Valid until the
 * statement is closed.  Beside errors of memory and of sources, next() returns MS_EUSAGE
 * for what only shows while a statement runs.
 */
struct ms_rows *ms_statement_rows(struct ms_statement *statement);

/* The functions that SQL has here beside its own and those of the options. */
struct ms_query_help {
	const char *usage, *doc;
};
const struct ms_query_help *ms_query_functions(size_t *count);

/* Does sql end inside a statement, so that more must follow? */
bool ms_query_is_complete(const char *sql);

#endif
