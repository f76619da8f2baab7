/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_dump.c - memscope-analyze dump.
 */
#include "analyzer/cli/cli.h"

#include <unistd.h>

int cli_dump(const struct cli_options *options)
{
	static const int fd = STDOUT_FILENO;
	struct memscope_dump_options dump = { options->from,	 options->to,
					      options->has_from, options->has_to,
					      options->stacks,	 options->filter };
	struct memscope_error err = { "" };
	struct memscope_output output;
	struct memscope *m = cli_open(options);
	uint64_t unfinished;
	int status;

	if (!m)
		return EXIT_USAGE;
	cli_output(&output, options, &fd);
	status = memscope_dump(m, &dump, &output, &unfinished, &err);
	if (status == MEMSCOPE_OK && unfinished)
		cli_say("%s: %llu realloc%s had begun and not ended: no row",
			options->args[0], (unsigned long long)unfinished,
			unfinished == 1 ? "" : "s");
	return cli_finish(m, status, &err);
}
