/* SPDX-License-Identifier: Apache-2.0 */
/*
 * render_options.c - values of the options of render.
 */
#include "analyzer/cli/cli.h"

#include <stdlib.h>
#include <string.h>

/* Which formats there are is the library's to say; with --list-formats it is another. */
bool cli_set_render_format(struct cli_options *o, const char *value)
{
	o->render.format = value;
	return *value;
}

bool cli_set_render_at(struct cli_options *o, const char *value)
{
	o->render.has_at = true;
	return memscope_parse_time(value, &o->at) == 0;
}

bool cli_set_metric(struct cli_options *o, const char *value)
{
	o->render.metric = value;
	return *value;
}

bool cli_set_title(struct cli_options *o, const char *value)
{
	o->render.title = value;
	return true;
}

bool cli_set_no_sources(struct cli_options *o, const char *value)
{
	(void)value;
	o->render.no_sources = true;
	return true;
}

bool cli_set_inverted(struct cli_options *o, const char *value)
{
	(void)value;
	o->render.inverted = true;
	return true;
}

bool cli_set_diff(struct cli_options *o, const char *value)
{
	(void)value;
	o->render.diff = true;
	return true;
}

/* "0.5" and "0.5%" are percents. */
bool cli_set_least(struct cli_options *o, const char *value)
{
	char *end;
	double percent = strtod(value, &end);

	if (end == value || (*end && strcmp(end, "%") != 0) ||
	    !(percent >= 0 && percent <= 100))
		return false;
	o->has_least = true;
	o->least_ppm = (unsigned)(percent * 10000 + 0.5);
	return true;
}

bool cli_set_pixels(struct cli_options *o, const char *value)
{
	return cli_parse_unsigned(value, &o->render.width) && o->render.width > 0;
}

bool cli_set_list_formats(struct cli_options *o, const char *value)
{
	(void)value;
	o->render.list = true;
	return true;
}
