/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query_run.h - what the facade's files about SQL share (private to the facade).
 */
#ifndef MS_FACADE_QUERY_RUN_H
#define MS_FACADE_QUERY_RUN_H

#include "analyzer/facade/sources.h"

#include <memscope/query.h>

/* All tables and functions, without context. */
extern const struct ms_source *const ms_sources[];
extern const size_t ms_source_count;
extern const struct ms_source_function *const ms_source_functions[];
extern const size_t ms_source_function_count;

/* query_presets.c */
enum ms_preset_argument { MS_PRESET_NONE, MS_PRESET_COUNT, MS_PRESET_SIZE };
struct ms_preset {
	const char *name;
	enum ms_preset_argument argument;
	uint64_t otherwise; /* the argument when none is given */
	const char *doc;
	const char *sql;
};
extern const struct ms_preset ms_presets[];
extern const size_t ms_preset_count;
const struct ms_preset *ms_preset_find(const char *name); /* or NULL */

#endif
