/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter_options.c - the options that choose blocks, the same for every command.
 */
#include "analyzer/cli/cli.h"
#include "common/units.h"

#include <stdlib.h>
#include <string.h>

/* "A..B", "A..", "..B", or "A" for A..A; inclusive. */
static bool parse_range(const char *text,
			bool (*parse)(const char *text, uint64_t *value), uint64_t *from,
			uint64_t *to)
{
	const char *dots = strstr(text, "..");
	size_t len = dots ? (size_t)(dots - text) : strlen(text);
	char first[64];

	if (len >= sizeof(first))
		return false;
	memcpy(first, text, len);
	first[len] = 0;
	*from = 0;
	*to = UINT64_MAX;
	if (!dots) {
		if (!parse(first, from))
			return false;
		*to = *from;
		return true;
	}
	if (!len && !dots[2])
		return false;
	return (!len || parse(first, from)) && (!dots[2] || parse(dots + 2, to)) &&
	       *from <= *to;
}

bool cli_set_thread(struct cli_options *options, const char *value)
{
	return ms_parse_number(value, &options->filter.thread) && options->filter.thread;
}

bool cli_set_size(struct cli_options *options, const char *value)
{
	options->filter.use_size = 1;
	return parse_range(value, ms_parse_size, &options->filter.size_from,
			   &options->filter.size_to);
}

bool cli_set_lifetime(struct cli_options *options, const char *value)
{
	options->filter.use_lifetime = 1;
	return parse_range(value, ms_parse_time, &options->filter.lifetime_from_ns,
			   &options->filter.lifetime_to_ns);
}

bool cli_set_site(struct cli_options *options, const char *value)
{
	options->filter.site = value;
	return *value != 0;
}

bool cli_set_function(struct cli_options *options, const char *value)
{
	options->filter.function = value;
	return *value != 0;
}

bool cli_set_file(struct cli_options *options, const char *value)
{
	options->filter.file = value;
	return *value != 0;
}

bool cli_set_module(struct cli_options *options, const char *value)
{
	options->filter.module = value;
	return *value != 0;
}

bool cli_set_live(struct cli_options *options, const char *value)
{
	(void)value;
	options->filter.live = 1;
	return true;
}

bool cli_set_freed(struct cli_options *options, const char *value)
{
	(void)value;
	options->filter.freed = 1;
	return true;
}

struct memscope_filter cli_filter(const struct cli_options *options)
{
	struct memscope_filter filter = options->filter;

	filter.use_from = options->has_from;
	filter.use_to = options->has_to;
	filter.from = options->from;
	filter.to = options->to;
	return filter;
}
