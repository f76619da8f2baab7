/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_gate.c - memscope-analyze gate, and the second half of record --gate.
 */
#include "analyzer/cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool asks(const struct cli_gate *gate)
{
	return gate->budget_count || gate->file_count || gate->fail_on || gate->baseline;
}

/* The sources: as asked, where GitHub has them, or where we are. */
static const char *source_root(const struct cli_gate *gate, char here[PATH_MAX])
{
	const char *workspace = getenv("GITHUB_WORKSPACE");

	if (gate->source_root)
		return realpath(gate->source_root, here) ? here : gate->source_root;
	if (workspace && *workspace == '/')
		return workspace;
	return getcwd(here, PATH_MAX);
}

/* --- reports
 * ---------------------------------------------------------------------------- */

static bool is_stdout(const char *path)
{
	return path && strcmp(path, "-") == 0;
}

static int print(const struct memscope_gate *gate, enum memscope_gate_format format,
		 enum memscope_format how, const struct cli_options *options,
		 const int *fd, struct memscope_error *err)
{
	struct cli_options look = *options;
	struct memscope_output output;

	look.format = how;
	cli_output(&output, &look, fd);
	return memscope_gate_print(gate, format, &output, err);
}

/* A job's summary is a file that others add to. */
static int open_report(const char *path, bool add, struct memscope_error *err)
{
	int fd = open(path,
		      O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY |
			      (add ? O_APPEND : O_TRUNC),
		      0666);

	if (fd < 0)
		snprintf(err->text, sizeof(err->text), "%s: %s", path, strerror(errno));
	return fd;
}

static int report(const struct memscope_gate *gate, enum memscope_gate_format format,
		  enum memscope_format how, const struct cli_options *options,
		  const char *path, struct memscope_error *err)
{
	static const int out = STDOUT_FILENO;
	int status, fd;

	if (!path)
		return MEMSCOPE_OK;
	if (is_stdout(path))
		return print(gate, format, how, options, &out, err);
	fd = open_report(path, format == MEMSCOPE_GATE_MARKDOWN, err);
	if (fd < 0)
		return MEMSCOPE_IO;
	status = print(gate, format, how, options, &fd, err);
	if (close(fd) != 0 && status == MEMSCOPE_OK) {
		snprintf(err->text, sizeof(err->text), "%s: %s", path, strerror(errno));
		status = MEMSCOPE_IO;
	}
	return status;
}

static int report_all(const struct memscope_gate *gate, const struct cli_options *options,
		      const int *fd, struct memscope_error *err)
{
	const struct cli_gate *own = &options->gate;
	const struct {
		enum memscope_gate_format format;
		enum memscope_format how;
		const char *path;
	} reports[] = {
		{ MEMSCOPE_GATE_REPORT, MEMSCOPE_JSON, own->json },
		{ MEMSCOPE_GATE_JUNIT, MEMSCOPE_TEXT, own->junit },
		{ MEMSCOPE_GATE_SARIF, MEMSCOPE_TEXT, own->sarif },
		{ MEMSCOPE_GATE_MARKDOWN, MEMSCOPE_TEXT, own->markdown },
		{ MEMSCOPE_GATE_GITHUB, MEMSCOPE_TEXT, own->github ? "-" : NULL },
	};
	bool mixed = is_stdout(own->json) || is_stdout(own->junit) ||
		     is_stdout(own->sarif) || is_stdout(own->markdown);
	int status = MEMSCOPE_OK;

	/* What a tool is to read stands alone. */
	if (!mixed && !(options->quiet && !memscope_gate_failed(gate)))
		status = print(gate, MEMSCOPE_GATE_REPORT, options->format, options, fd,
			       err);
	for (size_t i = 0;
	     status == MEMSCOPE_OK && i < sizeof(reports) / sizeof(reports[0]); i++)
		status = report(gate, reports[i].format, reports[i].how, options,
				reports[i].path, err);
	return status;
}

/* --- the command
 * ------------------------------------------------------------------------ */

static int judge(struct memscope *m, const struct cli_options *options, const int *fd,
		 bool *failed, struct memscope_error *err)
{
	const struct cli_gate *own = &options->gate;
	char here[PATH_MAX];
	const struct memscope_gate_options gate_options = {
		.budgets = own->budgets,
		.budget_count = own->budget_count,
		.budget_files = own->files,
		.budget_file_count = own->file_count,
		.fail_on = own->fail_on,
		.baseline = own->baseline,
		.tolerance = own->tolerance,
		.sum = own->sum,
		.depth = options->depth,
		.source_root = source_root(own, here),
		.suppress = cli_suppress(options),
	};
	struct memscope_gate *gate;
	int status = memscope_gate_run(&gate, m, &gate_options, err);

	if (status != MEMSCOPE_OK)
		return status;
	*failed = memscope_gate_failed(gate);
	cli_progress_end();
	status = report_all(gate, options, fd, err);
	memscope_gate_free(gate);
	return status;
}

int cli_judge(struct memscope *m, const struct cli_options *options, const int *fd)
{
	const struct cli_gate *own = &options->gate;
	const struct memscope_suppress suppress = cli_suppress(options);
	struct memscope_error err = { "" };
	int status = MEMSCOPE_OK, code;
	bool failed = false;

	if (asks(own) || !own->write_baseline)
		status = judge(m, options, fd, &failed, &err);
	if (status == MEMSCOPE_OK && own->write_baseline)
		status = memscope_gate_write_baseline(m, own->write_baseline, &suppress,
						      &err);
	code = cli_finish(m, status, &err);
	/* What fails in the readable part of a trace fails. */
	return failed && code != EXIT_USAGE ? EXIT_FAILED : code;
}

int cli_gate(const struct cli_options *options)
{
	static const int fd = STDOUT_FILENO;
	struct memscope *m;

	if (options->suppress.list)
		return cli_list_suppressions(options);
	m = cli_open(options);
	return m ? cli_judge(m, options, &fd) : EXIT_USAGE;
}
