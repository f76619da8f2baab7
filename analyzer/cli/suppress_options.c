/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suppress_options.c - the options that leave findings aside.
 */
#include "analyzer/cli/cli.h"

#include <stdlib.h>

bool cli_set_suppressions(struct cli_options *o, const char *value)
{
	const char **files =
		realloc(o->suppress.files, (o->suppress.count + 1) * sizeof(*files));

	if (!files)
		return false;
	files[o->suppress.count++] = value;
	o->suppress.files = files;
	return *value != '\0';
}

bool cli_set_no_built_in_suppressions(struct cli_options *o, const char *value)
{
	(void)value;
	return o->suppress.no_built_in = true;
}

bool cli_set_no_embedded_suppressions(struct cli_options *o, const char *value)
{
	(void)value;
	return o->suppress.no_embedded = true;
}

bool cli_set_list_suppressions(struct cli_options *o, const char *value)
{
	(void)value;
	return o->suppress.list = true;
}

struct memscope_suppress cli_suppress(const struct cli_options *o)
{
	return (struct memscope_suppress){ .files = o->suppress.files,
					   .file_count = o->suppress.count,
					   .no_built_in = o->suppress.no_built_in,
					   .no_embedded = o->suppress.no_embedded };
}
