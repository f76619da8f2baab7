/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_snapshot.c - memscope-analyze snapshot and top.
 */
#include "analyzer/cli/cli.h"

#include <unistd.h>

typedef int report_fn(struct memscope *m, const struct memscope_snapshot_options *options,
		      const struct memscope_output *output, struct memscope_error *err);

static int print(const struct cli_options *options, report_fn *report)
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
	return cli_finish(m, report(m, &snapshot, &output, &err), &err);
}

int cli_snapshot(const struct cli_options *options)
{
	return print(options, memscope_snapshot);
}

int cli_top(const struct cli_options *options)
{
	return print(options, memscope_top);
}
