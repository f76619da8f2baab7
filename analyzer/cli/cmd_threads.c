/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_threads.c - memscope-analyze threads.
 */
#include "analyzer/cli/cli.h"

#include <unistd.h>

int cli_threads(const struct cli_options *options)
{
	static const int fd = STDOUT_FILENO;
	struct memscope_error err = { "" };
	struct memscope_output output;
	struct memscope *m = cli_open(options);

	if (!m)
		return EXIT_USAGE;
	cli_output(&output, options, &fd);
	return cli_finish(m, memscope_threads(m, &output, &err), &err);
}
