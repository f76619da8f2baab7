/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_symbols.c - memscope-analyze symbols: names to read traces on another machine.
 */
#include "analyzer/cli/cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int pack(const struct cli_options *options)
{
	struct memscope_pack_result result = { 0, 0 };
	struct memscope_error err = { "" };
	struct memscope *m;
	int status;

	if (!options->output) {
		cli_say("symbols pack needs --output PACK");
		return EXIT_USAGE;
	}
	m = cli_open(options);
	if (!m)
		return EXIT_USAGE;
	status = memscope_symbols_pack(m, options->output, &result, &err);
	cli_progress_end();
	if (status == MEMSCOPE_OK && result.missing)
		cli_say("%s: has nothing of %zu of %zu modules, whose files were not found",
			options->output, result.missing, result.modules);
	return cli_finish(m, status, &err);
}

/* The arguments as one list of places; NULL: no memory. */
static char *join(char *const *args, size_t count)
{
	size_t bytes = 1;
	char *list, *end;

	for (size_t i = 0; i < count; i++)
		bytes += strlen(args[i]) + 1;
	list = end = malloc(bytes);
	if (!list)
		return NULL;
	*end = '\0';
	for (size_t i = 0; i < count; i++)
		end += sprintf(end, "%s%s", i ? ":" : "", args[i]);
	return list;
}

static int list(const struct cli_options *options)
{
	static const int fd = STDOUT_FILENO;
	char *places = join(options->args, options->arg_count);
	struct memscope_error err = { "out of memory" };
	struct memscope_output output;
	int status = MEMSCOPE_NO_MEMORY;

	cli_output(&output, options, &fd);
	if (places)
		status = memscope_symbols_list(places, &output, &err);
	free(places);
	if (status == MEMSCOPE_OK || status == MEMSCOPE_STOPPED)
		return EXIT_DONE;
	cli_say("%s", err.text);
	return EXIT_USAGE;
}

int cli_symbols(const struct cli_options *options)
{
	static const struct {
		const char *name;
		int (*run)(const struct cli_options *options);
	} verbs[] = { { "pack", pack }, { "list", list } };
	struct cli_options rest = *options;

	rest.args++;
	rest.arg_count--;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, options->args[0]) != 0)
			continue;
		if (rest.arg_count)
			return verbs[i].run(&rest);
		cli_say("symbols %s: no file was named", verbs[i].name);
		return EXIT_USAGE;
	}
	cli_say("symbols: '%s' is neither pack nor list (see " CLI_NAME
		" symbols --help)",
		options->args[0]);
	return EXIT_USAGE;
}
