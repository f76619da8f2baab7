/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_values.c - what the values of options are made of.
 */
#include "analyzer/cli/cli.h"
#include "common/units.h"

#include <limits.h>
#include <string.h>

int cli_name_index(const char *const *names, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], text) == 0)
			return (int)i;
	}
	return -1;
}

bool cli_parse_unsigned(const char *value, unsigned *number)
{
	uint64_t wide;

	if (!ms_parse_number(value, &wide) || wide > UINT_MAX)
		return false;
	*number = (unsigned)wide;
	return true;
}
