/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_snapshot.c - memscope-analyze snapshot.
 */
#include "analyzer/cli/cli.h"

#include <unistd.h>

int cli_snapshot(const struct cli_options *options)
{
	static const int fd = STDOUT_FILENO;
	struct memscope_snapshot_options snapshot = {
		options->at,	options->by,   options->top,
		options->depth, options->sort, cli_filter(options)
	};
	struct memscope_error err = { "" };
	struct memscope_output output;
	struct memscope *m = cli_open(options);

	if (!m)
		return EXIT_USAGE;
	cli_output(&output, options, &fd);
	return cli_finish(m, memscope_snapshot(m, &snapshot, &output, &err), &err);
}
