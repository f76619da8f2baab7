/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_timeline.c - memscope-analyze timeline.
 */
#include "analyzer/cli/cli.h"

#include <unistd.h>

/* What is wrong with the options together; NULL: nothing. */
static const char *check(const struct cli_options *o)
{
	const struct memscope_filter *f = &o->filter;
	bool filtered = o->has_from || o->has_to || f->thread || f->use_size || f->site ||
			f->function || f->file || f->module;

	if (o->events && o->has_pointer)
		return "--events and --pointer are two reports";
	if (o->inside && !o->has_pointer)
		return "--inside needs --pointer";
	if (o->stacks && !o->events)
		return "--stacks needs --events";
	if (o->buckets && (o->events || o->has_pointer))
		return "--buckets goes with neither --events nor --pointer";
	if (o->plot && o->no_plot)
		return "--plot and --no-plot are opposites";
	if (o->plot && (o->events || o->has_pointer || o->format != MEMSCOPE_TEXT))
		return "--plot draws the parts of the time as text";
	if (o->has_pointer && filtered)
		return "--pointer tells the whole life of an address, not a part";
	return NULL;
}

/* One part of the time a column, right of the axis. */
static unsigned plot_columns(unsigned width)
{
	const unsigned axis = 12, least = 20, most = 200;

	width = width ? width : 80;
	width = width > axis + least ? width - axis : least;
	return width < most ? width : most;
}

static int report(struct memscope *m, const struct cli_options *options,
		  const struct memscope_output *output, struct memscope_error *err)
{
	struct memscope_filter filter = cli_filter(options);
	unsigned buckets = output->plot && !options->buckets ? plot_columns(output->width)
							     : options->buckets;
	struct memscope_timeline_options series = { buckets, filter };
	struct memscope_pointer_options pointer = { options->pointer, options->inside };
	struct memscope_dump_options dump = { .stacks = options->stacks,
					      .filter = filter };

	if (options->has_pointer)
		return memscope_pointer(m, &pointer, output, err);
	if (options->events)
		return memscope_dump(m, &dump, output, NULL, err);
	return memscope_timeline(m, &series, output, err);
}

int cli_timeline(const struct cli_options *options)
{
	static const int fd = STDOUT_FILENO;
	const char *wrong = check(options);
	struct memscope_error err = { "" };
	struct memscope_output output;
	struct memscope *m;

	if (wrong) {
		cli_say("%s (see " CLI_NAME " timeline --help)", wrong);
		return EXIT_USAGE;
	}
	m = cli_open(options);
	if (!m)
		return EXIT_USAGE;
	cli_output(&output, options, &fd);
	/* Unicode is for terminals only. */
	output.plot = options->plot || (output.unicode && !options->no_plot);
	return cli_finish(m, report(m, options, &output, &err), &err);
}
