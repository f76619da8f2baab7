/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbol_options.c - the options that say where functions and lines come from.
 */
#include "analyzer/cli/cli.h"

#include <stdlib.h>
#include <string.h>

bool cli_set_debug_dir(struct cli_options *o, const char *value)
{
	o->debug_dirs = value;
	return *value != 0;
}

/* Several are one list. */
bool cli_set_symbols(struct cli_options *o, const char *value)
{
	size_t old = o->symbols ? strlen(o->symbols) + 1 : 0;
	char *list = realloc(o->symbols, old + strlen(value) + 1);

	if (!list)
		return false;
	if (old)
		list[old - 1] = ':';
	strcpy(list + old, value);
	o->symbols = list;
	return *value != 0;
}

bool cli_set_no_symbol_cache(struct cli_options *o, const char *value)
{
	(void)value;
	o->no_symbol_cache = true;
	return true;
}

bool cli_set_debuginfod(struct cli_options *o, const char *value)
{
	(void)value;
	o->debuginfod = true;
	return true;
}
