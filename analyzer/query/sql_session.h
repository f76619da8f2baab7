/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql_session.h - what the files of query share (private to query).
 */
#ifndef MS_QUERY_SQL_SESSION_H
#define MS_QUERY_SQL_SESSION_H

#include "analyzer/query/query.h"

#include <sqlite3.h>

struct ms_query {
	sqlite3 *db;
	bool (*stop)(void *context);
	void *stop_context;
	/* Why a source failed, for the statement that runs; MS_OK: none did. */
	ms_status failed;
	struct ms_error failure;
	char refused[200]; /* what the guard refused while preparing; "" */
};

/* Keep the first failure of a source and tell SQLite about it. */
int ms_query_failed(struct ms_query *query, ms_status status, const struct ms_error *err);

/* --- memory.c: SQLite's memory is ours.  Once a process. */
void ms_query_take_memory(void);

/* --- guard.c: reading and nothing else.  SQLite's result code. */
int ms_query_guard(struct ms_query *query);

/* --- source_table.c: a source as a virtual table.  SQLite's result code. */
int ms_query_add_source(struct ms_query *query, const struct ms_source *source);

/* --- sql_functions.c: the helpers, and functions of sources.  SQLite's result code. */
int ms_query_add_functions(struct ms_query *query);
int ms_query_add_function(struct ms_query *query,
			  const struct ms_source_function *function);

/* A number of a source as SQL has it: one above 2^63 that is no address is a real. */
void ms_query_result(sqlite3_context *context, enum ms_type type,
		     const struct ms_value *value);

#endif
