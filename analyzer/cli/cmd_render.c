/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_render.c - memscope-analyze render: traces in the formats of other tools.
 */
#include "analyzer/cli/cli.h"

#include <string.h>
#include <unistd.h>

static const int standard_output = STDOUT_FILENO;

static int wrong(const char *what)
{
	cli_say("%s (see " CLI_NAME " render --help)", what);
	return EXIT_USAGE;
}

static int list(const struct cli_options *options)
{
	static const char *const names[] = { "text", "json", "csv" };
	const char *name = options->render.format ? options->render.format : "text";
	int format = cli_name_index(names, sizeof(names) / sizeof(names[0]), name);
	struct memscope_error err = { "" };
	struct memscope_output output;
	int status;

	if (format < 0)
		return wrong("--list-formats is printed as text, json or csv");
	cli_output(&output, options, &standard_output);
	output.format = (enum memscope_format)format;
	status = memscope_render_formats(&output, &err);
	if (status == MEMSCOPE_OK || status == MEMSCOPE_STOPPED)
		return EXIT_DONE;
	cli_say("%s", err.text);
	return EXIT_USAGE;
}

static enum memscope_compare compare(const struct cli_options *o)
{
	if (!o->render.diff)
		return MEMSCOPE_COMPARE_NOT;
	return o->arg_count == 1 || o->has_from || o->has_to ? MEMSCOPE_COMPARE_INSTANTS
							     : MEMSCOPE_COMPARE_TRACES;
}

static int write_traces(struct memscope *m, const struct cli_options *options,
			const char *path, struct memscope_error *err)
{
	struct memscope_render_options render = { .format = options->render.format,
						  .metric = options->render.metric,
						  .use_at = options->render.has_at,
						  .at = options->at,
						  .filter = cli_filter(options),
						  .title = options->render.title,
						  .no_sources =
							  options->render.no_sources,
						  .inverted = options->render.inverted,
						  .width = options->render.width,
						  .compare = compare(options) };
	struct memscope_output output;

	if (path)
		return memscope_render_file(m, &render, path, err);
	cli_output(&output, options, &standard_output);
	return memscope_render(m, &render, &output, err);
}

int cli_render(const struct cli_options *options)
{
	const char *path = options->output;
	struct memscope_error err = { "" };
	struct memscope *m;

	if (options->render.list)
		return list(options);
	if (!options->render.format)
		return wrong("render needs --format FORMAT; --list-formats lists them");
	if (path && strcmp(path, "-") == 0)
		path = NULL;
	if (!path && memscope_render_is_binary(options->render.format) &&
	    isatty(STDOUT_FILENO))
		return wrong("this format is no text for a terminal: use --output FILE");
	m = cli_open(options);
	if (!m)
		return EXIT_USAGE;
	return cli_finish(m, write_traces(m, options, path, &err), &err);
}
