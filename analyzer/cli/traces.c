/* SPDX-License-Identifier: Apache-2.0 */
/*
 * traces.c - opening what the command line names, and how a command ends.
 */
#include "analyzer/cli/cli.h"

#include <limits.h>
#include <stdlib.h>

#define MAX_DAMAGE_LINES 10

/* memscope's part of the user's caches (XDG Base Directory), or NULL. */
static const char *symbol_cache(char path[PATH_MAX])
{
	const char *caches = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int len = -1;

	/* One that is not absolute is to be ignored. */
	if (caches && *caches == '/')
		len = snprintf(path, PATH_MAX, "%s/memscope", caches);
	else if (home && *home == '/')
		len = snprintf(path, PATH_MAX, "%s/.cache/memscope", home);
	return len > 0 && len < PATH_MAX ? path : NULL;
}

static struct memscope *open_traces(const struct cli_options *options, bool to_index)
{
	char cache[PATH_MAX];
	struct memscope_open_options open = { .debug_dirs = options->debug_dirs,
					      .symbols = options->symbols,
					      .debuginfod = options->debuginfod,
					      .no_index = options->no_index,
					      .index_any_size = to_index,
					      .threads = options->threads,
					      .progress = cli_progress };
	struct memscope_error err = { "" };
	struct memscope *m;

	if (!options->no_symbol_cache)
		open.symbol_cache = symbol_cache(cache);
	/* The library of debug files looks at it by itself. */
	if (!options->debuginfod)
		unsetenv("DEBUGINFOD_URLS");
	if (memscope_open(&m, (const char *const *)options->args, options->arg_count,
			  &open, &err) != MEMSCOPE_OK)
		cli_say("%s", err.text);
	return m;
}

struct memscope *cli_open(const struct cli_options *options)
{
	return open_traces(options, false);
}

struct memscope *cli_open_to_index(const struct cli_options *options)
{
	return open_traces(options, true);
}

/* One line for each place, so that nobody takes a part for the whole. */
static int report_damage(struct memscope *m)
{
	int code = EXIT_DONE;

	for (size_t t = 0; t < memscope_trace_count(m); t++) {
		size_t count = memscope_damage_count(m, t);

		for (size_t i = 0; i < count && i < MAX_DAMAGE_LINES; i++)
			cli_say("%s", memscope_damage(m, t, i));
		if (count > MAX_DAMAGE_LINES)
			cli_say("%s: and %zu more", memscope_trace_path(m, t),
				count - MAX_DAMAGE_LINES);
		if (count)
			code = EXIT_DAMAGE;
	}
	return code;
}

int cli_finish(struct memscope *m, int status, const struct memscope_error *err)
{
	int code;

	cli_progress_end();
	if (status == MEMSCOPE_OK) {
		code = report_damage(m);
	} else if (status == MEMSCOPE_STOPPED) {
		code = EXIT_DONE;
	} else {
		cli_say("%s", err->text);
		code = EXIT_USAGE;
	}
	memscope_close(m);
	return code;
}
