/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sql_functions.c - the functions that SQL gets beside SQLite's own.
 */
#include "analyzer/query/sql_session.h"
#include "analyzer/base/alloc.h"
#include "common/units.h"

#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

void ms_query_result(sqlite3_context *context, enum ms_type type,
		     const struct ms_value *value)
{
	type = ms_value_type(type, value);
	if (value->absent)
		sqlite3_result_null(context);
	else if (type == MS_TYPE_TEXT)
		sqlite3_result_text(context, value->text, -1, SQLITE_TRANSIENT);
	else if (type == MS_TYPE_REAL)
		sqlite3_result_double(context, value->real);
	else if (type == MS_TYPE_ADDRESS || type == MS_TYPE_SIGNED ||
		 value->number <= INT64_MAX)
		sqlite3_result_int64(context, (sqlite3_int64)value->number);
	else
		sqlite3_result_double(context, (double)value->number);
}

/* --- numbers as people write them -----------------------------------------------------
 */

/* The magnitude of a number, rounded; false: NULL was given and is the result. */
static bool magnitude(sqlite3_value *value, uint64_t *number, bool *negative)
{
	double real = sqlite3_value_double(value);

	if (sqlite3_value_numeric_type(value) == SQLITE_NULL)
		return false;
	*negative = real < 0;
	if (sqlite3_value_numeric_type(value) == SQLITE_INTEGER) {
		sqlite3_int64 n = sqlite3_value_int64(value);

		*number = n < 0 ? -(uint64_t)n : (uint64_t)n;
		return true;
	}
	real = real < 0 ? -real : real;
	*number = real < 0x1p63 ? (uint64_t)(real + 0.5) : INT64_MAX;
	return true;
}

typedef const char *human_fn(char buffer[MS_HUMAN_BYTES], uint64_t number);

static void human(sqlite3_context *context, sqlite3_value *value, human_fn *write)
{
	char text[MS_HUMAN_BYTES + 1] = "-";
	uint64_t number = 0;
	bool negative = false;

	if (!magnitude(value, &number, &negative))
		return;
	write(text + negative, number);
	sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

static void human_size(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	(void)argc;
	human(context, argv[0], ms_human_size);
}

static void human_time(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	(void)argc;
	human(context, argv[0], ms_human_time);
}

static void addr(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	char text[32];

	(void)argc;
	if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
		return;
	snprintf(text, sizeof(text), "0x%" PRIx64,
		 (uint64_t)sqlite3_value_int64(argv[0]));
	sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

typedef bool parse_fn(const char *text, uint64_t *number);

static void parsed(sqlite3_context *context, sqlite3_value *value, parse_fn *parse,
		   const char *what)
{
	const char *text = (const char *)sqlite3_value_text(value);
	uint64_t number;
	char *message;

	if (!text)
		return;
	if (parse(text, &number) && number <= INT64_MAX) {
		sqlite3_result_int64(context, (sqlite3_int64)number);
		return;
	}
	message = sqlite3_mprintf("'%.40s' is no %s", text, what);
	if (message)
		sqlite3_result_error(context, message, -1);
	else
		sqlite3_result_error_nomem(context);
	sqlite3_free(message);
}

static void size(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	(void)argc;
	parsed(context, argv[0], ms_parse_size, "size (4096, 64KiB, 1.5MiB)");
}

static void time_ns(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	(void)argc;
	parsed(context, argv[0], ms_parse_time, "time (12.5s, 830ms, 10us, 5ns)");
}

/* --- regular expressions --------------------------------------------------------------
 */

static void free_pattern(void *p)
{
	regfree(p);
	ms_free(p);
}

static regex_t *compile(sqlite3_context *context, const char *text)
{
	regex_t *pattern = ms_alloc(sizeof(*pattern));
	char why[200], *message;
	int rc;

	if (!pattern) {
		sqlite3_result_error_nomem(context);
		return NULL;
	}
	rc = regcomp(pattern, text, REG_EXTENDED | REG_NOSUB);
	if (rc == 0)
		return pattern;
	regerror(rc, pattern, why, sizeof(why));
	ms_free(pattern);
	message = sqlite3_mprintf("regular expression '%.40s': %s", text, why);
	if (message)
		sqlite3_result_error(context, message, -1);
	else
		sqlite3_result_error_nomem(context);
	sqlite3_free(message);
	return NULL;
}

/* x REGEXP y is regexp(y, x).  A pattern that stays the same is compiled once. */
static void regexp(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	const char *pattern_text = (const char *)sqlite3_value_text(argv[0]);
	const char *text = (const char *)sqlite3_value_text(argv[1]);
	regex_t *pattern = sqlite3_get_auxdata(context, 0);
	bool fresh = !pattern;

	(void)argc;
	if (!pattern_text || !text)
		return;
	if (fresh)
		pattern = compile(context, pattern_text);
	if (!pattern)
		return;
	sqlite3_result_int(context, regexec(pattern, text, 0, NULL, 0) == 0);
	/* May free it at once. */
	if (fresh)
		sqlite3_set_auxdata(context, 0, pattern, free_pattern);
}

static const struct function {
	const char *name;
	int arguments;
	void (*call)(sqlite3_context *, int, sqlite3_value **);
} functions[] = {
	{ "human_size", 1, human_size },
	{ "human_time", 1, human_time },
	{ "addr", 1, addr },
	{ "size", 1, size },
	{ "time", 1, time_ns },
	{ "regexp", 2, regexp },
};

const struct ms_query_help *ms_query_functions(size_t *count)
{
	static const struct ms_query_help help[] = {
		{ "human_size(n)", "bytes as people write them: 23.4 MiB" },
		{ "human_time(n)", "nanoseconds as people write them: 830 ms" },
		{ "addr(n)", "an address in hexadecimal: 0x7f0012345010" },
		{ "size(text)", "the bytes of '64KiB', '1.5MiB', '2GiB'" },
		{ "time(text)", "the nanoseconds of '12.5s', '830ms', '10us'" },
		{ "x REGEXP y", "1 when the POSIX extended expression y occurs in x" },
	};

	*count = sizeof(help) / sizeof(*help);
	return help;
}

int ms_query_add_functions(struct ms_query *query)
{
	int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
	int rc = SQLITE_OK;

	for (size_t i = 0; rc == SQLITE_OK && i < sizeof(functions) / sizeof(*functions);
	     i++)
		rc = sqlite3_create_function_v2(query->db, functions[i].name,
						functions[i].arguments, flags, NULL,
						functions[i].call, NULL, NULL, NULL);
	return rc;
}

/* --- functions of sources -------------------------------------------------------------
 */

struct registration {
	struct ms_query *query;
	const struct ms_source_function *function;
};

static struct ms_value argument(sqlite3_value *value)
{
	struct ms_value result = { .absent = true };

	switch (sqlite3_value_type(value)) {
	case SQLITE_INTEGER:
		return (struct ms_value){ .own = MS_TYPE_SIGNED,
					  .number =
						  (uint64_t)sqlite3_value_int64(value) };
	case SQLITE_FLOAT:
		return (struct ms_value){ .own = MS_TYPE_REAL,
					  .real = sqlite3_value_double(value) };
	case SQLITE_NULL:
		return result;
	default:
		result.own = MS_TYPE_TEXT;
		result.text = (const char *)sqlite3_value_text(value);
		result.absent = !result.text;
		return result;
	}
}

static void call(sqlite3_context *context, int argc, sqlite3_value **argv)
{
	const struct registration *r = sqlite3_user_data(context);
	struct ms_value arguments[MS_SOURCE_ARGUMENTS], value = { .absent = true };
	struct ms_error err = { "" };
	ms_status status;

	for (int i = 0; i < argc && i < MS_SOURCE_ARGUMENTS; i++)
		arguments[i] = argument(argv[i]);
	status = r->function->call(r->function, arguments, (size_t)argc, &value, &err);
	if (status == MS_OK) {
		ms_query_result(context, MS_TYPE_ANY, &value);
		return;
	}
	if (ms_query_failed(r->query, status, &err) == SQLITE_NOMEM)
		sqlite3_result_error_nomem(context);
	else
		sqlite3_result_error(context, err.text, -1);
}

int ms_query_add_function(struct ms_query *query,
			  const struct ms_source_function *function)
{
	int rc = SQLITE_OK;

	for (unsigned n = function->least; rc == SQLITE_OK && n <= function->most; n++) {
		struct registration *r = ms_alloc(sizeof(*r));

		if (!r)
			return SQLITE_NOMEM;
		*r = (struct registration){ query, function };
		/* Frees r when it fails, too. */
		rc = sqlite3_create_function_v2(query->db, function->name, (int)n,
						SQLITE_UTF8 | SQLITE_DETERMINISTIC, r,
						call, NULL, NULL, ms_free);
	}
	return rc;
}
