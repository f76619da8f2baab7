/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bounds.h - conditions of SQL as ranges of whole numbers (private to query).
 */
#ifndef MS_QUERY_BOUNDS_H
#define MS_QUERY_BOUNDS_H

#include "analyzer/base/source.h"

#include <sqlite3.h>

struct ms_bounds {
	struct ms_bound *items; /* at most one a column */
	size_t count;
	bool none; /* no number meets them all */
};

/* 0, or -1 without memory. */
int ms_bounds_init(struct ms_bounds *bounds, size_t columns);
void ms_bounds_release(struct ms_bounds *bounds);
void ms_bounds_clear(struct ms_bounds *bounds);
/*
 * Narrow down by "column sign value".  The range holds every number that meets the
 * condition, and may hold others.  Addresses are compared by their bits and for equality
 * only.
 */
void ms_bounds_add(struct ms_bounds *bounds, size_t column, bool address,
		   const char *sign, sqlite3_value *value);

/* "=", "<", "<=", ">" or ">=" for SQLite's number of a kind of condition, or NULL. */
const char *ms_bound_sign(int op);

#endif
