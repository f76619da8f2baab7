/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline_options.c - the options of timeline and lifetimes.
 */
#include "analyzer/cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

bool cli_set_buckets(struct cli_options *o, const char *value)
{
	return cli_parse_unsigned(value, &o->buckets) && o->buckets;
}

bool cli_set_plot(struct cli_options *o, const char *value)
{
	(void)value;
	o->plot = true;
	return true;
}

bool cli_set_no_plot(struct cli_options *o, const char *value)
{
	(void)value;
	o->no_plot = true;
	return true;
}

bool cli_set_events(struct cli_options *o, const char *value)
{
	(void)value;
	o->events = true;
	return true;
}

bool cli_set_pointer(struct cli_options *o, const char *value)
{
	char *end;

	o->has_pointer = true;
	errno = 0;
	o->pointer = strtoull(value, &end, strncmp(value, "0x", 2) == 0 ? 16 : 10);
	return *value >= '0' && *value <= '9' && !*end && !errno && end[-1] != 'x';
}

bool cli_set_inside(struct cli_options *o, const char *value)
{
	(void)value;
	o->inside = true;
	return true;
}

bool cli_set_lifetimes_by(struct cli_options *o, const char *value)
{
	static const char *const names[] = { "site", "stack", "thread", "size", "none" };
	int i = cli_name_index(names, COUNT(names), value);

	o->lifetimes_by = (enum memscope_lifetimes_by)i;
	return i >= 0;
}

bool cli_set_lifetimes_sort(struct cli_options *o, const char *value)
{
	static const char *const names[] = { "blocks", "bytes", "short", "live" };
	int i = cli_name_index(names, COUNT(names), value);

	o->lifetimes_sort = (enum memscope_lifetimes_sort)i;
	return i >= 0;
}
