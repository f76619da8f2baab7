/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_source_table.c - SQL over a source that is a plain array: what is pushed down is
 * what was asked, and pushing down changes no answer.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/query/query.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 200

enum { ID, WHEN, WHERE_AT, NAME, SLOW, AT, COLUMNS };
enum { NEEDS_SLOW = 1 };

static const struct ms_source_column columns[COLUMNS] = {
	[ID] = { "id", MS_TYPE_ID, MS_SOURCE_KEY | MS_SOURCE_EQUAL | MS_SOURCE_SEEK, 0,
		 "" },
	[WHEN] = { "t", MS_TYPE_INSTANT, MS_SOURCE_RANGE | MS_SOURCE_SEEK, 0, "" },
	[WHERE_AT] = { "address", MS_TYPE_ADDRESS, MS_SOURCE_EQUAL, 0, "" },
	[NAME] = { "name", MS_TYPE_TEXT, 0, 0, "" },
	[SLOW] = { "slow", MS_TYPE_COUNT, 0, NEEDS_SLOW, "" },
	[AT] = { "at", MS_TYPE_TEXT, MS_SOURCE_PARAMETER, 0, "" },
};

static struct row {
	uint64_t id, when, address;
	bool no_when;
} rows[ROWS];

struct scan {
	struct ms_scan base;
	struct ms_bound id, when, address;
	size_t next;
};

/* What the last reading was asked for. */
static struct {
	struct ms_bound bounds[COLUMNS];
	size_t count, readings, open, given;
	unsigned needs;
	char argument[64];
} asked;

static struct ms_bound bound_of(const struct ms_scan_plan *plan, size_t column)
{
	for (size_t i = 0; i < plan->bound_count; i++) {
		if (plan->bounds[i].column == column)
			return plan->bounds[i];
	}
	return (struct ms_bound){ column, 0, UINT64_MAX };
}

static bool in(const struct ms_bound *bound, uint64_t number)
{
	return number >= bound->from && number <= bound->to;
}

static ms_status next(struct ms_scan *base, bool *more, struct ms_error *err)
{
	struct scan *s = (struct scan *)(void *)base;

	(void)err;
	for (; s->next < ROWS; s->next++) {
		const struct row *row = &rows[s->next];
		bool when = row->no_when ? s->when.from == 0 && s->when.to == UINT64_MAX
					 : in(&s->when, row->when);

		if (in(&s->id, row->id) && in(&s->address, row->address) && when)
			break;
	}
	*more = s->next < ROWS;
	asked.given += *more;
	s->next++;
	return MS_OK;
}

static ms_status value(struct ms_scan *base, size_t column, struct ms_value *out,
		       struct ms_error *err)
{
	static const char *const names[] = { "red", "green", "blue\x1b[2J" };
	const struct row *row = &rows[((struct scan *)(void *)base)->next - 1];

	*out = (struct ms_value){ .absent = false };
	if (column == ID)
		out->number = row->id;
	else if (column == WHEN)
		*out = (struct ms_value){ .absent = row->no_when, .number = row->when };
	else if (column == WHERE_AT)
		out->number = row->address;
	else if (column == NAME)
		out->text = names[row->id % 3];
	else if (row->id == 13)
		return ms_fail(err, MS_EIO, "row 13 cannot be read");
	return MS_OK;
}

static void close_scan(struct ms_scan *base)
{
	asked.open--;
	ms_free(base);
}

static ms_status open_scan(struct ms_scan **out, const struct ms_source *source,
			   const struct ms_scan_plan *plan, struct ms_error *err)
{
	struct scan *s = ms_alloc_zero(1, sizeof(*s));

	ck_assert_ptr_eq(source->context, rows);
	*out = NULL;
	if (!s)
		return ms_fail_memory(err);
	if (plan->arguments[0] && !strcmp(plan->arguments[0], "never")) {
		ms_free(s);
		return ms_fail(err, MS_EUSAGE, "never is no instant");
	}
	s->base = (struct ms_scan){ next, value, close_scan };
	s->id = bound_of(plan, ID);
	s->when = bound_of(plan, WHEN);
	s->address = bound_of(plan, WHERE_AT);
	memcpy(asked.bounds, plan->bounds, plan->bound_count * sizeof(*plan->bounds));
	asked.count = plan->bound_count;
	asked.needs = plan->needs;
	asked.readings++;
	asked.open++;
	snprintf(asked.argument, sizeof(asked.argument), "%s",
		 plan->arguments[0] ? plan->arguments[0] : "(none)");
	*out = &s->base;
	return MS_OK;
}

static void estimate(const struct ms_source *source, unsigned needs, double *count,
		     double *reads)
{
	(void)source;
	(void)needs;
	*count = ROWS;
	*reads = 0;
}

static const char *const need_words[] = { "slow things", NULL };

static const struct ms_source source = {
	.name = "things",
	.doc = "",
	.columns = columns,
	.column_count = COLUMNS,
	.context = rows,
	.estimate = estimate,
	.need_words = need_words,
	.open = open_scan,
};

static ms_status twice(const struct ms_source_function *function,
		       const struct ms_value *arguments, size_t count,
		       struct ms_value *out, struct ms_error *err)
{
	(void)function;
	if (count == 2)
		return ms_fail(err, MS_EUSAGE, "one is enough");
	*out = (struct ms_value){ .own = MS_TYPE_SIGNED,
				  .number = arguments[0].number * 2,
				  .absent = arguments[0].absent };
	return MS_OK;
}

static const struct ms_source_function function = { "twice", "twice(n)", "",   1,
						    2,	     NULL,	 twice };

static struct ms_query *query;
static bool stopped;

static bool stop(void *context)
{
	(void)context;
	return stopped;
}

static const struct ms_query_options options = {
	.sources = &source,
	.source_count = 1,
	.functions = &function,
	.function_count = 1,
	.stop = stop,
};

static void set_up(void)
{
	for (uint64_t i = 0; i < ROWS; i++)
		rows[i] = (struct row){ i, 10 * i, 0x1000 + 16 * (i % 50), i % 7 == 0 };
	rows[1].address = UINT64_C(0xffffffffff600000);
	rows[2].when = UINT64_C(1) << 63;
	rows[3].when = UINT64_MAX;
	stopped = false;
	memset(&asked, 0, sizeof(asked));
	ck_assert_int_eq(ms_query_open(&query, &options, NULL), MS_OK);
}

static void tear_down(void)
{
	ms_query_close(query);
	ck_assert_uint_eq(asked.open, 0);
}

/* The rows of a statement as text, one a line, or its error. */
static char told[1 << 16];

static void append_value(const struct ms_value *v)
{
	char *end = told + strlen(told);

	if (v->absent)
		strcpy(end, "NULL");
	else if (v->own == MS_TYPE_TEXT)
		sprintf(end, "%.100s", v->text);
	else if (v->own == MS_TYPE_REAL)
		sprintf(end, "%.17g", v->real);
	else if (v->own == MS_TYPE_ADDRESS)
		sprintf(end, "0x%" PRIx64, v->number);
	else
		sprintf(end, "%" PRId64, (int64_t)v->number);
}

static ms_status run(const char *sql)
{
	struct ms_error err = { "" };
	struct ms_statement *statement;
	struct ms_value values[8];
	const char *rest;
	struct ms_rows *r;
	bool more;
	ms_status status = ms_query_prepare(&statement, query, sql, &rest, &err);

	*told = '\0';
	while (status == MS_OK && statement) {
		r = ms_statement_rows(statement);
		ck_assert_uint_le(r->column_count, 8);
		status = r->next(r, values, &more, &err);
		if (status != MS_OK || !more)
			break;
		ck_assert_uint_lt(strlen(told), sizeof(told) - 1000);
		for (size_t i = 0; i < r->column_count; i++) {
			strcat(told, i ? " " : "");
			append_value(&values[i]);
		}
		strcat(told, "\n");
	}
	ms_statement_close(statement);
	if (status != MS_OK)
		strcpy(told, err.text);
	return status;
}

static void gives(const char *sql, const char *wanted)
{
	run(sql);
	ck_assert_msg(strcmp(told, wanted) == 0, "%s: %s", sql, told);
}

/* The same without what can be pushed down: "+t" is no column. */
static void same_either_way(const char *condition)
{
	char sql[512], pushed[1 << 16], *plain = sql;

	snprintf(sql, sizeof(sql), "SELECT id FROM things WHERE %s ORDER BY id",
		 condition);
	ck_assert_int_eq(run(sql), MS_OK);
	strcpy(pushed, told);
	plain += sprintf(sql, "SELECT id FROM things WHERE ");
	for (const char *c = condition; *c; c++) {
		bool name = (c == condition || c[-1] == ' ') &&
			    (!strncmp(c, "t ", 2) || !strncmp(c, "id ", 3) ||
			     !strncmp(c, "address ", 8));

		if (name)
			*plain++ = '+';
		*plain++ = *c;
	}
	strcpy(plain, " ORDER BY id");
	ck_assert_int_eq(run(sql), MS_OK);
	ck_assert_msg(strcmp(pushed, told) == 0, "%s: %s, but %s", condition, pushed,
		      told);
}

START_TEST(every_operator_and_every_type_of_value)
{
	static const char *const signs[] = { "=", "<", "<=", ">", ">=", "IS", "!=" };
	static const char *const values[] = {
		"0",
		"10",
		"500",
		"505",
		"-1",
		"1990",
		"1991",
		"10.0",
		"499.5",
		"500.000001",
		"-0.5",
		"1e3",
		"9.3e18",
		"1e19",
		"-1e300",
		"1e300",
		"9e999",
		"9223372036854775807",
		"9223372036854775808",
		"NULL",
		"'x'",
		"''",
		"x'3530'",
		"(SELECT 50)",
	};
	char condition[200];

	for (size_t s = 0; s < sizeof(signs) / sizeof(*signs); s++) {
		for (size_t v = 0; v < sizeof(values) / sizeof(*values); v++) {
			sprintf(condition, "t %s %s", signs[s], values[v]);
			same_either_way(condition);
			sprintf(condition, "id %s %s", signs[s], values[v]);
			same_either_way(condition);
			sprintf(condition, "t %s %s AND t > 20 AND id < 100", signs[s],
				values[v]);
			same_either_way(condition);
			sprintf(condition, "t %s %s OR id = 5", signs[s], values[v]);
			same_either_way(condition);
		}
	}
	/* A text that is a number is one, in a column of numbers. */
	gives("SELECT id FROM things WHERE t = '50' OR id = '6e0' ORDER BY id", "5\n6\n");
	same_either_way("id IN (3, 5, 7, 1000)");
	same_either_way("t BETWEEN 100 AND 200");
	same_either_way("t IS NULL");
	same_either_way("t > 5 AND t < 3");
}
END_TEST

START_TEST(addresses_are_bits)
{
	gives("SELECT id, address FROM things WHERE address = 0xffffffffff600000",
	      "1 0xffffffffff600000\n");
	ck_assert_uint_eq(asked.count, 1);
	ck_assert_uint_eq(asked.bounds[0].from, UINT64_C(0xffffffffff600000));
	gives("SELECT count(*) FROM things WHERE address < 0", "1\n");
	gives("SELECT addr(address), address FROM things WHERE id = 1",
	      "0xffffffffff600000 0xffffffffff600000\n");
	/* Numbers that are no addresses keep their magnitude. */
	gives("SELECT t FROM things WHERE id IN (2, 3) ORDER BY t",
	      "9.2233720368547758e+18\n1.8446744073709552e+19\n");
	gives("SELECT id FROM things WHERE t > 9223372036854775807 ORDER BY id",
	      "2\n3\n");
}
END_TEST

START_TEST(what_is_pushed_down)
{
	ck_assert_int_eq(run("SELECT id FROM things WHERE t >= 100 AND t < 200"), MS_OK);
	ck_assert_uint_eq(asked.count, 1);
	ck_assert_uint_eq(asked.bounds[0].column, WHEN);
	ck_assert_uint_eq(asked.bounds[0].from, 100);
	ck_assert_uint_eq(asked.bounds[0].to, 199);
	ck_assert_uint_eq(asked.given, 9);
	ck_assert_uint_eq(asked.needs, 0);
	ck_assert_int_eq(run("SELECT slow FROM things WHERE id = 4"), MS_OK);
	ck_assert_uint_eq(asked.needs, NEEDS_SLOW);
	asked.readings = 0;
	ck_assert_int_eq(run("SELECT id FROM things WHERE t < -1"), MS_OK);
	ck_assert_uint_eq(asked.readings, 0);
	gives("EXPLAIN QUERY PLAN SELECT slow FROM things WHERE t > 3 AND id = 2",
	      "2 0 0 SCAN things VIRTUAL TABLE INDEX 1:t> and id=; with slow things\n");
	ck_assert_int_eq(run("EXPLAIN QUERY PLAN SELECT a.id FROM things a JOIN things b "
			     "ON a.id = b.id WHERE b.t = 7"),
			 MS_OK);
	ck_assert_ptr_nonnull(strstr(told, "INDEX 0:id="));
}
END_TEST

START_TEST(arguments_of_tables)
{
	gives("SELECT count(*), min(at) FROM things('noon')", "200 noon\n");
	ck_assert_str_eq(asked.argument, "noon");
	gives("SELECT count(*), min(at) FROM things", "200 NULL\n");
	ck_assert_str_eq(asked.argument, "(none)");
	gives("SELECT count(*) FROM things(12)", "200\n");
	ck_assert_str_eq(asked.argument, "12");
	gives("SELECT id FROM things('noon') LIMIT 1", "0\n");
	gives("SELECT * FROM things WHERE id = 4", "4 40 0x1040 green 0\n");
	gives("SELECT * FROM things('never')", "never is no instant");
	gives("SELECT count(*) FROM (SELECT 'a' AS x UNION SELECT 'b') JOIN things(x)",
	      "400\n");
	gives("SELECT * FROM things(1, 2)",
	      "SQL: too many arguments on things() - max 1");
}
END_TEST

START_TEST(errors_of_sources_are_told)
{
	gives("SELECT id FROM things WHERE id = 13 AND slow = 0",
	      "row 13 cannot be read");
	gives("SELECT twice(4), twice(NULL)", "8 NULL\n");
	gives("SELECT twice(4, 5)", "one is enough");
	gives("SELECT id FROM things WHERE id = 12", "12\n");
}
END_TEST

START_TEST(nothing_but_reading)
{
	static const char *const refused[] = {
		"ATTACH 'x.db' AS x",
		"DETACH main",
		"CREATE TABLE t(a)",
		"CREATE TEMP TABLE t(a)",
		"CREATE TABLE t AS SELECT 1",
		"CREATE VIEW v AS SELECT 1",
		"CREATE TEMP VIEW v AS SELECT 1",
		"CREATE TRIGGER r AFTER INSERT ON things BEGIN SELECT 1; END",
		"CREATE INDEX i ON things(id)",
		"CREATE VIRTUAL TABLE t USING fts5(a)",
		"CREATE VIRTUAL TABLE t USING things",
		"INSERT INTO things VALUES(1)",
		"UPDATE things SET id = 1",
		"DELETE FROM things",
		"DROP TABLE things",
		"REPLACE INTO things VALUES (1)",
		"ALTER TABLE things RENAME TO x",
		"PRAGMA writable_schema = 1",
		"PRAGMA temp_store_directory = '/tmp'",
		"PRAGMA journal_mode = wal",
		"PRAGMA database_list",
		"PRAGMA temp_store = 1",
		"SELECT * FROM pragma_database_list",
		"VACUUM",
		"VACUUM INTO '/tmp/x'",
		"BEGIN",
		"COMMIT",
		"SAVEPOINT s",
		"ANALYZE",
		"SELECT load_extension('x')",
		"SELECT fts3_tokenizer('x')",
		"DELETE FROM sqlite_schema",
		"INSERT INTO sqlite_master DEFAULT VALUES",
		"EXPLAIN CREATE TABLE t(a)",
		"WITH x AS (SELECT 1) DELETE FROM things",
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
		ck_assert_msg(run(refused[i]) == MS_EUSAGE, "%s: %s", refused[i], told);
	gives("SELECT count(*) FROM sqlite_schema", "0\n");
	gives("SELECT name FROM pragma_table_info('things') WHERE cid < 2", "id\nt\n");
	gives("CREATE TABLE t(a)", "SQL: only reading is allowed, CREATE TABLE t is not");
	gives("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 4) "
	      "SELECT sum(x) FROM c",
	      "10\n");
}
END_TEST

START_TEST(wrong_sql_is_shown_where)
{
	gives("SELEC 1", "SQL: near \"SELEC\": syntax error, at character 1: >>>SELEC 1");
	gives("SELECT 1 FROM\n nowhere", "SQL: no such table: nowhere");
	gives("SELECT nonsense\nFROM things",
	      "SQL: no such column: nonsense, at character 8: SELECT >>>nonsense");
	gives("SELECT '\x1b[2J' FROM", "SQL: incomplete input");
	gives("  -- a comment", "");
	gives("", "");
}
END_TEST

START_TEST(helpers)
{
	gives("SELECT human_size(1536), human_size(-1536), human_size(NULL), "
	      "human_size(1.5e6)",
	      "1.5 KiB -1.5 KiB NULL 1.43 MiB\n");
	gives("SELECT human_time(1500000), size('64KiB'), time('12.5s'), size(NULL)",
	      "1.5 ms 65536 12500000000 NULL\n");
	gives("SELECT size('x')", "SQL: 'x' is no size (4096, 64KiB, 1.5MiB)");
	gives("SELECT 'foobar' REGEXP 'o+b', 'foobar' REGEXP '^o', NULL REGEXP 'x', "
	      "'x' REGEXP NULL",
	      "1 0 NULL NULL\n");
	gives("SELECT count(*) FROM things WHERE name REGEXP '^(red|green)$'", "134\n");
	gives("SELECT sum(name REGEXP substr(name, 1, 2)) FROM things", "200\n");
	run("SELECT 'x' REGEXP '('");
	ck_assert_ptr_nonnull(strstr(told, "regular expression '('"));
	gives("SELECT addr(255), addr(NULL), addr(-1)", "0xff NULL 0xffffffffffffffff\n");
}
END_TEST

START_TEST(column_names_are_different_and_safe)
{
	struct ms_statement *statement;
	const char *rest;
	struct ms_rows *r;

	ck_assert_int_eq(ms_query_prepare(&statement, query,
					  "SELECT 1 AS a, 2 AS a, 3 AS a_2, 4 AS a, "
					  "5 AS \"\x1b[2J\"; SELECT 2",
					  &rest, NULL),
			 MS_OK);
	r = ms_statement_rows(statement);
	ck_assert_uint_eq(r->column_count, 5);
	ck_assert_str_eq(r->columns[0].name, "a");
	ck_assert_str_eq(r->columns[1].name, "a_2");
	ck_assert_str_eq(r->columns[2].name, "a_2_2");
	ck_assert_str_eq(r->columns[3].name, "a_3");
	ck_assert_ptr_null(strchr(r->columns[4].name, '\x1b'));
	ck_assert_str_eq(rest, " SELECT 2");
	ms_statement_close(statement);
	ck_assert(ms_query_is_complete("SELECT ';';"));
	ck_assert(!ms_query_is_complete("SELECT ';'"));
}
END_TEST

START_TEST(work_can_be_ended)
{
	stopped = true;
	gives("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) "
	      "SELECT max(x) FROM c",
	      "interrupted");
	stopped = false;
	gives("SELECT 1", "1\n");
}
END_TEST

static ms_status with_failure(const char *sql, unsigned long n)
{
	ms_status status;

	ms_alloc_fail_at(n);
	status = ms_query_open(&query, &options, NULL);
	if (status == MS_OK) {
		status = run(sql);
		ms_query_close(query);
	}
	ms_alloc_fail_at(0);
	query = NULL;
	return status;
}

START_TEST(every_allocation_fails_in_turn)
{
	static const char *const texts[] = {
		"SELECT name, count(*) FROM things('x') WHERE t > 3 AND name REGEXP 'e' "
		"GROUP BY 1 ORDER BY 2",
		"SELECT human_size(id), twice(id) FROM things WHERE id = 3 OR t = 40",
		"CREATE TABLE t(a)",
	};
	ms_status wanted = _i == 2 ? MS_EUSAGE : MS_OK, status = MS_ENOMEM;
	unsigned long n = 0;

	ms_query_close(query);
	while (status != wanted || n < 40) {
		status = with_failure(texts[_i], ++n);
		if (status != wanted && status != MS_ENOMEM)
			ck_abort_msg("allocation %lu: status %d: %s", n, status, told);
		ck_assert_uint_eq(asked.open, 0);
		ck_assert_uint_lt(n, 100000);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("source_table");
	TCase *tcase = tcase_create("sql");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 300);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, every_operator_and_every_type_of_value);
	tcase_add_test(tcase, addresses_are_bits);
	tcase_add_test(tcase, what_is_pushed_down);
	tcase_add_test(tcase, arguments_of_tables);
	tcase_add_test(tcase, errors_of_sources_are_told);
	tcase_add_test(tcase, nothing_but_reading);
	tcase_add_test(tcase, wrong_sql_is_shown_where);
	tcase_add_test(tcase, helpers);
	tcase_add_test(tcase, column_names_are_different_and_safe);
	tcase_add_test(tcase, work_can_be_ended);
	tcase_add_loop_test(tcase, every_allocation_fails_in_turn, 0, 3);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
