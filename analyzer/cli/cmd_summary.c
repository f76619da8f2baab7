/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_summary.c - memscope-analyze summary, the command that needs no name.
 */
#include "analyzer/cli/cli.h"

#include <unistd.h>

int cli_summary(const struct cli_options *options)
{
	static const int fd = STDOUT_FILENO;
	struct memscope_summary_options summary = { options->sort, options->top,
						    options->depth, cli_filter(options) };
	struct memscope_error err = { "" };
	struct memscope_output output;
	struct memscope *m = cli_open(options);

	if (!m)
		return EXIT_USAGE;
	cli_output(&output, options, &fd);
	return cli_finish(m, memscope_summary(m, &summary, &output, &err), &err);
}
