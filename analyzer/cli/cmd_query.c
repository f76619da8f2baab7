/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_query.c - memscope-analyze query.
 */
#include "analyzer/cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_SQL (1 << 20)

static const int out_fd = STDOUT_FILENO;

/* What needs no trace. */
static int print_known(const struct cli_options *options)
{
	const char *sql = options->query.show
				  ? memscope_query_preset_sql(options->query.show)
				  : NULL;
	struct memscope_error err = { "" };
	struct memscope_output output;
	int status;

	if (options->query.show && !sql) {
		cli_say("there is no preset '%s', see --list", options->query.show);
		return EXIT_USAGE;
	}
	if (sql) {
		printf("%s;\n", sql);
		return EXIT_DONE;
	}
	cli_output(&output, options, &out_fd);
	status = options->query.list ? memscope_query_presets(&output, &err)
				     : memscope_query_schema(&output, &err);
	if (status == MEMSCOPE_OK || status == MEMSCOPE_STOPPED)
		return EXIT_DONE;
	cli_say("%s", err.text);
	return EXIT_USAGE;
}

/* All of a stream, to be freed; NULL: message printed. */
static char *read_stream(FILE *stream, const char *name)
{
	char *text = malloc(MOST_SQL + 1);
	size_t n = text ? fread(text, 1, MOST_SQL + 1, stream) : 0;

	if (text && !ferror(stream) && n <= MOST_SQL) {
		text[n] = '\0';
		return text;
	}
	cli_say("%s: %s", name,
		!text		 ? "out of memory"
		: ferror(stream) ? "cannot be read"
				 : "more than a megabyte of SQL");
	free(text);
	return NULL;
}

static char *read_file(const char *path)
{
	FILE *stream;
	char *text;

	if (strcmp(path, "-") == 0)
		return read_stream(stdin, "standard input");
	stream = fopen(path, "r");
	if (!stream) {
		cli_say("%s: %s", path, strerror(errno));
		return NULL;
	}
	text = read_stream(stream, path);
	fclose(stream);
	return text;
}

/* The last argument when it is no file: SQL, or what a preset is given. */
static const char *take_last(struct cli_options *options)
{
	const char *last = options->args[options->arg_count - 1];

	if (options->arg_count < 2 || access(last, F_OK) == 0)
		return NULL;
	options->arg_count--;
	return last;
}

/* Ask, and print what went wrong but for the traces' damage, which the caller tells. */
static int ask(struct memscope *m, const struct cli_options *options, const char *sql,
	       const char *argument)
{
	struct memscope_query *query = NULL;
	struct memscope_error err = { "" };
	struct memscope_output output;
	bool interrupted = false;
	int code, status = memscope_query_open(&query, m, &err);

	cli_output(&output, options, &out_fd);
	if (status != MEMSCOPE_OK)
		return cli_finish(m, status, &err);
	if (options->query.preset)
		status = cli_run_preset(query, options->query.preset, argument, &output,
					&interrupted, &err);
	else if (sql)
		status = cli_run_sql(query, sql, &output, &interrupted, &err);
	else
		cli_query_shell(query, &output);
	memscope_query_close(query);
	code = cli_finish(m, status, &err);
	return interrupted ? EXIT_INTERRUPTED : code;
}

int cli_query(const struct cli_options *options)
{
	struct cli_options own = *options;
	const char *last = NULL, *sql = own.query.sql;
	char *text = NULL;
	struct memscope *m;
	int code = EXIT_USAGE;

	if (own.query.list || own.query.schema || own.query.show)
		return print_known(options);
	if (!sql && !own.query.file)
		last = take_last(&own);
	if (!own.query.preset && last)
		sql = last;
	if (own.query.file)
		text = read_file(own.query.file);
	else if (!sql && !own.query.preset && !isatty(STDIN_FILENO))
		text = read_stream(stdin, "standard input");
	else
		text = strdup(sql ? sql : "");
	if (!text)
		return EXIT_USAGE;
	m = cli_open(&own);
	if (m)
		code = ask(m, &own, sql || *text || own.query.file ? text : NULL, last);
	free(text);
	return code;
}
