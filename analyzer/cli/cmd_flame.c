/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_flame.c - memscope-analyze flame.
 */
#include "analyzer/cli/cli.h"

#include <unistd.h>

int cli_flame(const struct cli_options *options)
{
	static const int fd = STDOUT_FILENO;
	struct memscope_flame_options flame = { .metric = options->render.metric,
						.use_at = options->render.has_at,
						.at = options->at,
						.filter = cli_filter(options),
						.inverted = options->render.inverted,
						.depth = options->depth,
						.use_least = options->has_least,
						.least_ppm = options->least_ppm };
	struct memscope_error err = { "" };
	struct memscope_output output;
	struct memscope *m = cli_open(options);

	if (!m)
		return EXIT_USAGE;
	cli_output(&output, options, &fd);
	return cli_finish(m, memscope_flame(m, &flame, &output, &err), &err);
}
