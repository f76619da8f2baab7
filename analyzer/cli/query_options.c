/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query_options.c - the options of query.
 */
#include "analyzer/cli/cli.h"

static bool set_text(const char **text, const char *value)
{
	*text = value;
	return *value != 0;
}

bool cli_set_sql(struct cli_options *o, const char *value)
{
	return set_text(&o->query.sql, value);
}

bool cli_set_sql_file(struct cli_options *o, const char *value)
{
	return set_text(&o->query.file, value);
}

bool cli_set_preset(struct cli_options *o, const char *value)
{
	return set_text(&o->query.preset, value);
}

bool cli_set_show(struct cli_options *o, const char *value)
{
	return set_text(&o->query.show, value);
}

bool cli_set_list(struct cli_options *o, const char *value)
{
	(void)value;
	return o->query.list = true;
}

bool cli_set_schema(struct cli_options *o, const char *value)
{
	(void)value;
	return o->query.schema = true;
}
