/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detector_options.c - the options of check.
 */
#include "analyzer/cli/cli.h"

bool cli_set_only(struct cli_options *o, const char *value)
{
	o->check.only = value;
	return *value != 0;
}

bool cli_set_severity(struct cli_options *o, const char *value)
{
	static const char *const names[] = { "info", "low", "medium", "high",
					     "critical" };
	int i = cli_name_index(names, sizeof(names) / sizeof(*names), value);

	o->check.least = (enum memscope_severity)i;
	return i >= 0;
}

bool cli_set_fail_on(struct cli_options *o, const char *value)
{
	o->check.fail_on = value;
	return *value != 0;
}
