/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_lifetimes.c - memscope-analyze lifetimes.
 */
#include "analyzer/cli/cli.h"

#include <unistd.h>

int cli_lifetimes(const struct cli_options *options)
{
	static const int fd = STDOUT_FILENO;
	struct memscope_lifetimes_options lifetimes = { options->lifetimes_by,
							options->lifetimes_sort,
							options->top,
							cli_filter(options) };
	struct memscope_error err = { "" };
	struct memscope_output output;
	struct memscope *m = cli_open(options);

	if (!m)
		return EXIT_USAGE;
	cli_output(&output, options, &fd);
	return cli_finish(m, memscope_lifetimes(m, &lifetimes, &output, &err), &err);
}
