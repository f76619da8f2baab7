/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_check.c - memscope-analyze check.
 */
#include "analyzer/cli/cli.h"

#include <unistd.h>

static const int out_fd = STDOUT_FILENO;

/* What needs no trace. */
static int list(const struct memscope_output *output)
{
	struct memscope_error err = { "" };
	int status = memscope_detectors(output, &err);

	if (status == MEMSCOPE_OK || status == MEMSCOPE_STOPPED)
		return EXIT_DONE;
	cli_say("%s", err.text);
	return EXIT_USAGE;
}

int cli_check(const struct cli_options *options)
{
	struct memscope_check_options check = { .only = options->check.only,
						.least = options->check.least,
						.fail_on = options->check.fail_on,
						.top = options->top,
						.depth = options->depth,
						.filter = cli_filter(options),
						.suppress = cli_suppress(options) };
	struct memscope_error err = { "" };
	struct memscope_output output;
	struct memscope *m;
	int status, code, failed;

	cli_output(&output, options, &out_fd);
	if (options->query.list)
		return list(&output);
	if (options->suppress.list)
		return cli_list_suppressions(options);
	m = cli_open(options);
	if (!m)
		return EXIT_USAGE;
	status = memscope_check(m, &check, &failed, &output, &err);
	code = cli_finish(m, status, &err);
	/* Of a damaged trace as well: what was found is there. */
	return failed && code != EXIT_USAGE ? EXIT_FAILED : code;
}
