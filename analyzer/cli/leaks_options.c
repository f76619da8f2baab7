/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leaks_options.c - values of the options of leaks.
 */
#include "analyzer/cli/cli.h"

bool cli_set_interior(struct cli_options *o, const char *value)
{
	(void)value;
	o->interior = true;
	return true;
}

bool cli_set_map(struct cli_options *o, const char *value)
{
	return cli_parse_unsigned(value, &o->map) && o->map;
}

bool cli_set_since(struct cli_options *o, const char *value)
{
	return cli_parse_unsigned(value, &o->since) && o->since;
}
