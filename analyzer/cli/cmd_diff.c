/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_diff.c - memscope-analyze diff.
 */
#include "analyzer/cli/cli.h"

#include <unistd.h>

static bool is_good(const struct cli_options *options, bool instants)
{
	if (instants && options->at.kind != MEMSCOPE_AT_END) {
		cli_say("--at is of two traces; --from and --to are of instants");
		return false;
	}
	if (!instants && options->arg_count > 2) {
		cli_say("which of %zu traces are before and which after? Name two, or give "
			"--from or --to",
			options->arg_count);
		return false;
	}
	return true;
}

int cli_diff(const struct cli_options *options)
{
	static const int fd = STDOUT_FILENO;
	bool instants = options->arg_count == 1 || options->has_from || options->has_to;
	struct memscope_diff_options diff = {
		.two_traces = !instants,
		.use_from = options->has_from,
		.from = options->from,
		.to = instants ? options->to : options->at,
		.by = options->by,
		.lines = options->lines,
		.all = options->all,
		.top = options->top,
		.depth = options->depth,
		.filter = options->filter,
	};
	struct memscope_error err = { "" };
	struct memscope_output output;
	struct memscope *m;

	if (!is_good(options, instants))
		return EXIT_USAGE;
	m = cli_open(options);
	if (!m)
		return EXIT_USAGE;
	cli_output(&output, options, &fd);
	return cli_finish(m, memscope_diff(m, &diff, &output, &err), &err);
}
