/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql_session.c - a database without tables of its own, and statements that ask it.
 */
#include "analyzer/query/sql_session.h"
#include "analyzer/base/alloc.h"
#include "analyzer/base/strbuf.h"

#include <string.h>

struct ms_statement {
	struct ms_query *query;
	sqlite3_stmt *stmt;
	struct ms_rows rows;
	struct ms_column *columns;
	bool *is_address; /* by column */
	char **names;
};

int ms_query_failed(struct ms_query *query, ms_status status, const struct ms_error *err)
{
	if (query->failed == MS_OK) {
		query->failed = status;
		query->failure = *err;
	}
	return status == MS_ENOMEM ? SQLITE_NOMEM : SQLITE_ERROR;
}

/* --- sessions -------------------------------------------------------------------------
 */

static int set_up(struct ms_query *query, const struct ms_query_options *options)
{
	int rc = sqlite3_open_v2(
		":memory:", &query->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX, NULL);

	if (rc == SQLITE_OK)
		rc = ms_query_guard(query);
	for (size_t i = 0; rc == SQLITE_OK && i < options->source_count; i++)
		rc = ms_query_add_source(query, &options->sources[i]);
	if (rc == SQLITE_OK)
		rc = ms_query_add_functions(query);
	for (size_t i = 0; rc == SQLITE_OK && i < options->function_count; i++)
		rc = ms_query_add_function(query, &options->functions[i]);
	return rc;
}

ms_status ms_query_open(struct ms_query **out, const struct ms_query_options *options,
			struct ms_error *err)
{
	struct ms_query *query;
	int rc;

	*out = NULL;
	ms_query_take_memory();
	query = ms_alloc_zero(1, sizeof(*query));
	if (!query)
		return ms_fail_memory(err);
	query->stop = options->stop;
	query->stop_context = options->stop_context;
	rc = set_up(query, options);
	if (rc == SQLITE_OK) {
		*out = query;
		return MS_OK;
	}
	ms_query_close(query);
	return rc == SQLITE_NOMEM ? ms_fail_memory(err)
				  : ms_fail(err, MS_EIO, "SQLite cannot be used: %s",
					    sqlite3_errstr(rc));
}

void ms_query_close(struct ms_query *query)
{
	if (!query)
		return;
	sqlite3_close(query->db);
	ms_free(query);
}

/* --- what went wrong ------------------------------------------------------------------
 */

/* The line of sql that offset lies in, shortened around it. */
static void add_place(struct ms_strbuf *text, const char *sql, int offset)
{
	size_t at = (size_t)offset, begin = at, end = at;

	while (begin > 0 && sql[begin - 1] != '\n' && at - begin < 40)
		begin--;
	while (sql[end] && sql[end] != '\n' && end - at < 40)
		end++;
	ms_strbuf_appendf(text, ", at character %zu: ", at + 1);
	ms_strbuf_escape(text, sql + begin, at - begin);
	ms_strbuf_adds(text, ">>>");
	ms_strbuf_escape(text, sql + at, end - at);
}

static ms_status fail_in(struct ms_query *query, const char *sql, int offset,
			 struct ms_error *err)
{
	struct ms_strbuf text;
	ms_status status;

	ms_strbuf_init(&text);
	ms_strbuf_adds(&text, "SQL: ");
	ms_strbuf_adds(&text, sqlite3_errmsg(query->db));
	if (offset >= 0 && (size_t)offset <= strlen(sql))
		add_place(&text, sql, offset);
	status = text.failed ? ms_fail_memory(err)
			     : ms_fail(err, MS_EUSAGE, "%s", ms_strbuf_text(&text));
	ms_strbuf_release(&text);
	return status;
}

/* SQLite's result code as an error; sql may be NULL. */
static ms_status fail(struct ms_query *query, int rc, const char *sql,
		      struct ms_error *err)
{
	if (query->failed != MS_OK) {
		if (err)
			*err = query->failure;
		return query->failed;
	}
	if ((rc & 0xff) == SQLITE_NOMEM)
		return ms_fail_memory(err);
	if ((rc & 0xff) == SQLITE_INTERRUPT)
		return ms_fail(err, MS_EUSAGE, "interrupted");
	if (*query->refused)
		return ms_fail(err, MS_EUSAGE, "SQL: only reading is allowed, %s is not",
			       query->refused);
	return fail_in(query, sql ? sql : "", sql ? sqlite3_error_offset(query->db) : -1,
		       err);
}

/* --- statements -----------------------------------------------------------------------
 */

/* Names that are taken already get a number: they are the keys of JSON. */
static char *name_of(const struct ms_statement *s, size_t column)
{
	const char *name = sqlite3_column_name(s->stmt, (int)column);
	struct ms_strbuf unique;
	unsigned number = 1;

	if (!name)
		return NULL;
	ms_strbuf_init(&unique);
	ms_strbuf_escape(&unique, name, strlen(name));
	for (size_t i = 0; !unique.failed && i < column; i++) {
		if (strcmp(ms_strbuf_text(&unique), s->names[i]) != 0)
			continue;
		ms_strbuf_clear(&unique);
		ms_strbuf_escape(&unique, name, strlen(name));
		ms_strbuf_appendf(&unique, "_%u", ++number);
		i = (size_t)-1; /* from the first again */
	}
	return ms_strbuf_take(&unique);
}

static int describe_columns(struct ms_statement *s)
{
	size_t count = (size_t)sqlite3_column_count(s->stmt);

	s->columns = ms_alloc_zero(count, sizeof(*s->columns));
	s->is_address = ms_alloc_zero(count, sizeof(*s->is_address));
	s->names = ms_alloc_zero(count, sizeof(*s->names));
	if (!s->columns || !s->is_address || !s->names)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const char *type = sqlite3_column_decltype(s->stmt, (int)i);

		s->rows.column_count = i + 1;
		s->names[i] = name_of(s, i);
		if (!s->names[i])
			return -1;
		s->is_address[i] = type && strcmp(type, "ADDRESS INT") == 0;
		s->columns[i] = (struct ms_column){ s->names[i], s->names[i], MS_TYPE_ANY,
						    0, "" };
	}
	return 0;
}

static ms_status next_row(struct ms_rows *rows, struct ms_value *values, bool *more,
			  struct ms_error *err)
{
	struct ms_statement *s = rows->context;
	int rc = sqlite3_step(s->stmt);

	*more = rc == SQLITE_ROW;
	if (rc == SQLITE_DONE)
		return MS_OK;
	if (rc != SQLITE_ROW)
		return fail(s->query, rc, NULL, err);
	for (size_t i = 0; i < rows->column_count; i++) {
		struct ms_value *value = &values[i];
		int column = (int)i, type = sqlite3_column_type(s->stmt, column);

		*value = (struct ms_value){ .absent = type == SQLITE_NULL };
		if (type == SQLITE_INTEGER) {
			value->own = s->is_address[i] ? MS_TYPE_ADDRESS : MS_TYPE_SIGNED;
			value->number = (uint64_t)sqlite3_column_int64(s->stmt, column);
		} else if (type == SQLITE_FLOAT) {
			value->own = MS_TYPE_REAL;
			value->real = sqlite3_column_double(s->stmt, column);
		} else if (type != SQLITE_NULL) {
			value->own = MS_TYPE_TEXT;
			value->text = (const char *)sqlite3_column_text(s->stmt, column);
			if (!value->text)
				return ms_fail_memory(err);
		}
	}
	return MS_OK;
}

ms_status ms_query_prepare(struct ms_statement **out, struct ms_query *query,
			   const char *sql, const char **rest, struct ms_error *err)
{
	struct ms_statement *s = ms_alloc_zero(1, sizeof(*s));
	ms_status status = MS_OK;
	int rc;

	*out = NULL;
	*rest = sql;
	if (!s)
		return ms_fail_memory(err);
	s->query = query;
	s->rows = (struct ms_rows){ NULL, 0, next_row, s };
	query->failed = MS_OK;
	*query->refused = '\0';
	rc = sqlite3_prepare_v2(query->db, sql, -1, &s->stmt, rest);
	if (rc != SQLITE_OK)
		status = fail(query, rc, sql, err);
	else if (s->stmt && !sqlite3_stmt_readonly(s->stmt))
		status = ms_fail(err, MS_EUSAGE, "SQL: only reading is allowed");
	else if (s->stmt && describe_columns(s) < 0)
		status = ms_fail_memory(err);
	s->rows.columns = s->columns;
	if (status != MS_OK || !s->stmt) {
		ms_statement_close(s);
		return status;
	}
	*out = s;
	return MS_OK;
}

ms_status ms_statement_bind(struct ms_statement *statement, int index, uint64_t value,
			    struct ms_error *err)
{
	int rc = sqlite3_bind_int64(statement->stmt, index, (sqlite3_int64)value);

	return rc == SQLITE_OK ? MS_OK : fail(statement->query, rc, NULL, err);
}

void ms_statement_close(struct ms_statement *statement)
{
	if (!statement)
		return;
	sqlite3_finalize(statement->stmt);
	for (size_t i = 0; statement->names && i < statement->rows.column_count; i++)
		ms_free(statement->names[i]);
	ms_free(statement->names);
	ms_free(statement->is_address);
	ms_free(statement->columns);
	ms_free(statement);
}

struct ms_rows *ms_statement_rows(struct ms_statement *statement)
{
	return &statement->rows;
}

bool ms_query_is_complete(const char *sql)
{
	return sqlite3_complete(sql);
}
