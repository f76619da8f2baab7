/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query_shell.c - running SQL so that Ctrl-C ends the question and not the program, and
 * asking from a terminal.
 */
#define _GNU_SOURCE
#include "analyzer/cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* What Ctrl-C ends; NULL while nothing runs. */
static struct memscope_query *volatile running;
static volatile sig_atomic_t was_interrupted;

static void interrupt(int signal)
{
	struct memscope_query *query = running;

	(void)signal;
	was_interrupted = 1;
	if (query)
		memscope_query_interrupt(query);
}

/* Not restarted: at the prompt it ends the line that is being typed. */
static void catch (void (*handler)(int), struct sigaction *before)
{
	struct sigaction action = { .sa_handler = handler };

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, before);
}

struct running {
	struct sigaction before;
};

static void begin(struct running *run, struct memscope_query *query)
{
	was_interrupted = 0;
	running = query;
	catch (interrupt, &run->before);
}

static bool end(struct running *run)
{
	running = NULL;
	sigaction(SIGINT, &run->before, NULL);
	cli_progress_end();
	return was_interrupted;
}

int cli_run_sql(struct memscope_query *query, const char *sql,
		const struct memscope_output *output, bool *interrupted,
		struct memscope_error *err)
{
	struct running run;
	int status;

	begin(&run, query);
	status = memscope_query_run(query, sql, output, err);
	*interrupted = end(&run) && status == MEMSCOPE_USAGE;
	return status;
}

int cli_run_preset(struct memscope_query *query, const char *name, const char *argument,
		   const struct memscope_output *output, bool *interrupted,
		   struct memscope_error *err)
{
	struct running run;
	int status;

	begin(&run, query);
	status = memscope_query_preset(query, name, argument, output, err);
	*interrupted = end(&run) && status == MEMSCOPE_USAGE;
	return status;
}

/* --- asking from a terminal -----------------------------------------------------------
 */

static const char help[] =
	"SQL, ended with ';', over the tables of .schema.  Also:\n"
	"  .tables          the tables\n"
	"  .schema          tables, columns and functions with their meaning\n"
	"  .presets         questions with a name\n"
	"  .preset NAME [ARGUMENT]\n"
	"  .help            this\n"
	"  .quit            or the end of input\n";

static void print_error(int status, const struct memscope_error *err)
{
	if (status != MEMSCOPE_OK && status != MEMSCOPE_STOPPED)
		cli_say("%s", err->text);
}

static void run_statement(struct memscope_query *query, const char *sql,
			  const struct memscope_output *output)
{
	struct memscope_error err = { "" };
	bool interrupted;

	print_error(cli_run_sql(query, sql, output, &interrupted, &err), &err);
}

static void run_preset(struct memscope_query *query, char *words,
		       const struct memscope_output *output)
{
	char *rest = NULL, *name = strtok_r(words, " \t\n", &rest);
	char *argument = name ? strtok_r(NULL, " \t\n", &rest) : NULL;
	struct memscope_error err = { "" };
	bool interrupted;

	if (name)
		print_error(
			cli_run_preset(query, name, argument, output, &interrupted, &err),
			&err);
	else
		cli_say(".preset needs a name, see .presets");
}

/* false: it is the end. */
static bool obey(struct memscope_query *query, char *line,
		 const struct memscope_output *output)
{
	struct memscope_error err = { "" };
	size_t len = strcspn(line, " \t\n");
	char *rest = line + len;

	if (strncmp(line, ".quit", len) == 0 || strncmp(line, ".exit", len) == 0)
		return false;
	if (strncmp(line, ".tables", len) == 0)
		print_error(memscope_query_tables(output, &err), &err);
	else if (strncmp(line, ".schema", len) == 0)
		print_error(memscope_query_schema(output, &err), &err);
	else if (strncmp(line, ".presets", 8) == 0)
		print_error(memscope_query_presets(output, &err), &err);
	else if (strncmp(line, ".preset", len) == 0)
		run_preset(query, rest, output);
	else if (strncmp(line, ".help", len) == 0)
		fputs(help, stderr);
	else
		cli_say("there is no %.*s, see .help", (int)len, line);
	return true;
}

/* Append line to *text; false: no memory. */
static bool append(char **text, const char *line)
{
	size_t had = *text ? strlen(*text) : 0;
	char *grown = realloc(*text, had + strlen(line) + 1);

	if (!grown)
		return false;
	*text = grown;
	strcpy(grown + had, line);
	return true;
}

static void forget(char **text)
{
	free(*text);
	*text = NULL;
}

/* A line that was read: part of a statement, the end of one, or a command. */
static bool take_line(struct memscope_query *query, char **text, char *line,
		      const struct memscope_output *output)
{
	if (!*text && line[0] == '.')
		return obey(query, line, output);
	if (!*text && !line[strspn(line, " \t\n")])
		return true;
	if (!append(text, line)) {
		cli_say("out of memory");
		return false;
	}
	if (memscope_query_is_complete(*text)) {
		run_statement(query, *text, output);
		forget(text);
	}
	return true;
}

void cli_query_shell(struct memscope_query *query, const struct memscope_output *output)
{
	char *line = NULL, *text = NULL;
	struct sigaction before;
	size_t room = 0;
	bool more = true;

	fputs("Ask in SQL, see .help\n", stderr);
	catch (interrupt, &before);
	while (more) {
		fputs(text ? "     ...> " : "memscope> ", stderr);
		if (getline(&line, &room, stdin) >= 0) {
			more = take_line(query, &text, line, output);
		} else if (errno == EINTR && !feof(stdin)) {
			clearerr(stdin);
			forget(&text);
			fputc('\n', stderr);
		} else {
			more = false;
		}
	}
	if (text)
		cli_say("the last statement was not ended with ';'");
	sigaction(SIGINT, &before, NULL);
	forget(&text);
	free(line);
}
