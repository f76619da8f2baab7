/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record_options.c - the options of record: settings that the recorder finds in its
 * environment.
 */
#include "analyzer/cli/cli.h"
#include "common/units.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool add_setting(struct cli_options *o, const char *name, const char *value)
{
	size_t bytes = strlen(name) + strlen(value) + 2;
	char *setting = o->setting_count < CLI_MAX_SETTINGS ? malloc(bytes) : NULL;

	if (!setting)
		return false;
	snprintf(setting, bytes, "%s=%s", name, value);
	o->settings[o->setting_count++] = setting;
	o->settings[o->setting_count] = NULL;
	return true;
}

bool cli_set_output(struct cli_options *o, const char *value)
{
	o->output = value;
	return *value != 0;
}

bool cli_set_library(struct cli_options *o, const char *value)
{
	o->library = value;
	return *value != 0;
}

bool cli_set_quiet(struct cli_options *o, const char *value)
{
	(void)value;
	o->quiet = true;
	return add_setting(o, "MEMSCOPE_QUIET", "1");
}

bool cli_set_how(struct cli_options *o, const char *value)
{
	static const char *const names[] = { "full", "fp", "none" };

	return cli_name_index(names, COUNT(names), value) >= 0 &&
	       add_setting(o, "MEMSCOPE_STACKS", value);
}

bool cli_set_mode(struct cli_options *o, const char *value)
{
	static const char *const names[] = { "full", "cull", "sample", "counters" };

	return cli_name_index(names, COUNT(names), value) >= 0 &&
	       add_setting(o, "MEMSCOPE_MODE", value);
}

bool cli_set_sample(struct cli_options *o, const char *value)
{
	uint64_t bytes;

	return ms_parse_size(value, &bytes) && bytes &&
	       add_setting(o, "MEMSCOPE_SAMPLE", value);
}

bool cli_set_cull(struct cli_options *o, const char *value)
{
	uint64_t ns;

	return ms_parse_time(value, &ns) && ns && add_setting(o, "MEMSCOPE_CULL", value);
}

bool cli_set_record_depth(struct cli_options *o, const char *value)
{
	unsigned depth;

	return cli_parse_unsigned(value, &depth) &&
	       add_setting(o, "MEMSCOPE_DEPTH", value);
}

bool cli_set_no_free_stacks(struct cli_options *o, const char *value)
{
	(void)value;
	return add_setting(o, "MEMSCOPE_FREE_STACKS", "0");
}

bool cli_set_start_off(struct cli_options *o, const char *value)
{
	(void)value;
	return add_setting(o, "MEMSCOPE_START", "off");
}

bool cli_set_signal(struct cli_options *o, const char *value)
{
	return *value && add_setting(o, "MEMSCOPE_SIGNAL", value);
}

/* "fork", "exec", both, or "none". */
bool cli_set_follow(struct cli_options *o, const char *value)
{
	static const char *const names[] = { "none", "fork", "exec", "fork,exec",
					     "exec,fork" };

	return cli_name_index(names, COUNT(names), value) >= 0 &&
	       add_setting(o, "MEMSCOPE_FOLLOW", value);
}

bool cli_set_no_mmap(struct cli_options *o, const char *value)
{
	(void)value;
	return add_setting(o, "MEMSCOPE_MMAP", "0");
}

bool cli_set_heapmap(struct cli_options *o, const char *value)
{
	return *value && add_setting(o, "MEMSCOPE_HEAPMAP", value);
}

bool cli_set_max_size(struct cli_options *o, const char *value)
{
	uint64_t bytes;

	return ms_parse_size(value, &bytes) && add_setting(o, "MEMSCOPE_MAX_SIZE", value);
}
