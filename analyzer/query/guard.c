/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guard.c - reading and nothing else, whatever the SQL says.
 *
 * Three walls, each enough by itself: the authorizer lets through what reads, SQLite's
 * switches turn off what could do more, and the database is empty and in memory.
 */
#include "analyzer/query/sql_session.h"

#include <stdio.h>

/* What SQL may be about to do, for the message; all but the reading ones are refused. */
static const struct action {
	int code;
	const char *words;
	bool reads;
} actions[] = {
	{ SQLITE_SELECT, "SELECT", true },
	{ SQLITE_READ, "reading", true },
	{ SQLITE_RECURSIVE, "WITH RECURSIVE", true },
	{ SQLITE_FUNCTION, "a function", true },
	{ SQLITE_PRAGMA, "PRAGMA", false },
	{ SQLITE_ATTACH, "ATTACH", false },
	{ SQLITE_DETACH, "DETACH", false },
	{ SQLITE_INSERT, "INSERT", false },
	{ SQLITE_UPDATE, "UPDATE", false },
	{ SQLITE_DELETE, "DELETE", false },
	{ SQLITE_TRANSACTION, "a transaction", false },
	{ SQLITE_SAVEPOINT, "SAVEPOINT", false },
	{ SQLITE_ANALYZE, "ANALYZE", false },
	{ SQLITE_REINDEX, "REINDEX", false },
	{ SQLITE_ALTER_TABLE, "ALTER TABLE", false },
	{ SQLITE_CREATE_INDEX, "CREATE INDEX", false },
	{ SQLITE_CREATE_TABLE, "CREATE TABLE", false },
	{ SQLITE_CREATE_TRIGGER, "CREATE TRIGGER", false },
	{ SQLITE_CREATE_VIEW, "CREATE VIEW", false },
	{ SQLITE_CREATE_VTABLE, "CREATE VIRTUAL TABLE", false },
	{ SQLITE_CREATE_TEMP_INDEX, "CREATE INDEX", false },
	{ SQLITE_CREATE_TEMP_TABLE, "CREATE TEMP TABLE", false },
	{ SQLITE_CREATE_TEMP_TRIGGER, "CREATE TEMP TRIGGER", false },
	{ SQLITE_CREATE_TEMP_VIEW, "CREATE TEMP VIEW", false },
	{ SQLITE_DROP_INDEX, "DROP INDEX", false },
	{ SQLITE_DROP_TABLE, "DROP TABLE", false },
	{ SQLITE_DROP_TRIGGER, "DROP TRIGGER", false },
	{ SQLITE_DROP_VIEW, "DROP VIEW", false },
	{ SQLITE_DROP_VTABLE, "DROP TABLE", false },
};

/* They tell what is there and change nothing. */
static const char *const pragmas[] = { "table_info", "table_xinfo", "table_list",
				       "function_list", "compile_options" };

/* They reach outside, or into SQLite itself. */
static const char *const functions[] = { "load_extension", "fts3_tokenizer" };

static bool is_among(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; name && i < count; i++) {
		if (sqlite3_stricmp(names[i], name) == 0)
			return true;
	}
	return false;
}

static bool may(const struct action *action, const char *first, const char *second)
{
	if (action->code == SQLITE_PRAGMA)
		return is_among(pragmas, sizeof(pragmas) / sizeof(*pragmas), first);
	if (action->code == SQLITE_FUNCTION)
		return !is_among(functions, sizeof(functions) / sizeof(*functions),
				 second);
	return action->reads;
}

/*
 * CREATE and DROP ask for their rows of the schema first, then for themselves, which is
 * what the message should say.  SQLite lets nobody else change those.
 */
static bool is_bookkeeping(int code, const char *table)
{
	static const char *const tables[] = { "sqlite_master", "sqlite_temp_master" };

	return (code == SQLITE_INSERT || code == SQLITE_UPDATE ||
		code == SQLITE_DELETE) &&
	       is_among(tables, 2, table);
}

static int authorize(void *context, int code, const char *first, const char *second,
		     const char *database, const char *trigger)
{
	struct ms_query *query = context;
	const struct action *action = NULL;
	const char *name;

	(void)database;
	(void)trigger;
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++) {
		if (actions[i].code == code)
			action = &actions[i];
	}
	if (action && may(action, first, second))
		return SQLITE_OK;
	if (is_bookkeeping(code, first))
		return SQLITE_OK;
	name = code == SQLITE_FUNCTION ? second : first;
	snprintf(query->refused, sizeof(query->refused), "%s%s%.100s",
		 action ? action->words : "this", name && *name ? " " : "",
		 name ? name : "");
	return SQLITE_DENY;
}

static int tick(void *context)
{
	struct ms_query *query = context;

	return query->stop && query->stop(query->stop_context);
}

static int set_switches(sqlite3 *db)
{
	static const struct {
		int name, value;
	} switches[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
		{ SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0 },
		{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
	};
	int rc = SQLITE_OK;

	for (size_t i = 0; rc == SQLITE_OK && i < sizeof(switches) / sizeof(*switches);
	     i++)
		rc = sqlite3_db_config(db, switches[i].name, switches[i].value, NULL);
	return rc;
}

static void set_limits(sqlite3 *db)
{
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 64 << 20);
	sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, 1 << 20);
	sqlite3_limit(db, SQLITE_LIMIT_COLUMN, 200);
	sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000);
	sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
}

int ms_query_guard(struct ms_query *query)
{
	int rc = set_switches(query->db);

	set_limits(query->db);
	/* Sorting takes memory and never a file. */
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(query->db, "PRAGMA temp_store = MEMORY", NULL, NULL,
				  NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_set_authorizer(query->db, authorize, query);
	sqlite3_progress_handler(query->db, 1000, tick, query);
	return rc;
}
