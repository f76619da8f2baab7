/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_leaks.c - memscope-analyze leaks.
 */
#include "analyzer/cli/cli.h"

#include <unistd.h>

int cli_list_suppressions(const struct cli_options *o)
{
	static const int fd = STDOUT_FILENO;
	struct memscope_error err = { "" };
	struct memscope_output output;
	int status;

	cli_output(&output, o, &fd);
	status = memscope_suppressions(&output, &err);
	if (status == MEMSCOPE_OK || status == MEMSCOPE_STOPPED)
		return EXIT_DONE;
	cli_say("%s", err.text);
	return EXIT_USAGE;
}

int cli_leaks(const struct cli_options *options)
{
	static const int fd = STDOUT_FILENO;
	struct memscope_leaks_options leaks = { .map = options->map,
						.since = options->since,
						.interior = options->interior,
						.all = options->all,
						.blocks = options->by ==
							  MEMSCOPE_GROUP_NONE,
						.top = options->top,
						.depth = options->depth,
						.suppress = cli_suppress(options),
						.filter = cli_filter(options) };
	struct memscope_error err = { "" };
	struct memscope_output output;
	struct memscope *m;

	if (options->suppress.list)
		return cli_list_suppressions(options);
	m = cli_open(options);
	if (!m)
		return EXIT_USAGE;
	cli_output(&output, options, &fd);
	return cli_finish(m, memscope_leaks(m, &leaks, &output, &err), &err);
}
