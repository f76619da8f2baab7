/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bounds.c - conditions of SQL as ranges of whole numbers.
 *
 * SQL compares whole numbers with reals, texts and NULL too.  Where a range would not be
 * exact it is the next larger one: SQLite looks at each row again.
 */
#include "analyzer/query/bounds.h"
#include "analyzer/base/alloc.h"

#include <math.h>

/* Up to here a real is a whole number without rounding. */
#define EXACT 0x1p53

static const struct ms_bound everything = { 0, 0, UINT64_MAX };
static const struct ms_bound nothing = { 0, 1, 0 };

int ms_bounds_init(struct ms_bounds *bounds, size_t columns)
{
	*bounds = (struct ms_bounds){ 0 };
	bounds->items = ms_alloc_zero(columns, sizeof(*bounds->items));
	return bounds->items ? 0 : -1;
}

void ms_bounds_release(struct ms_bounds *bounds)
{
	ms_free(bounds->items);
	*bounds = (struct ms_bounds){ 0 };
}

void ms_bounds_clear(struct ms_bounds *bounds)
{
	bounds->count = 0;
	bounds->none = false;
}

const char *ms_bound_sign(int op)
{
	switch (op) {
	case SQLITE_INDEX_CONSTRAINT_EQ:
		return "=";
	case SQLITE_INDEX_CONSTRAINT_LT:
		return "<";
	case SQLITE_INDEX_CONSTRAINT_LE:
		return "<=";
	case SQLITE_INDEX_CONSTRAINT_GT:
		return ">";
	case SQLITE_INDEX_CONSTRAINT_GE:
		return ">=";
	default:
		return NULL;
	}
}

static struct ms_bound of_integer(const char *sign, sqlite3_int64 number)
{
	uint64_t n = (uint64_t)number;
	bool open = sign[1] != '=';

	if (*sign == '>')
		return number < 0 ? everything
				  : (struct ms_bound){ 0, n + open, UINT64_MAX };
	if (number < 0)
		return nothing;
	if (*sign == '=')
		return (struct ms_bound){ 0, n, n };
	return open && n == 0 ? nothing : (struct ms_bound){ 0, 0, n - open };
}

static struct ms_bound of_real(const char *sign, double number)
{
	if (*sign == '>') {
		double from = number < 0 ? 0 : floor(fmin(number, EXACT));

		return (struct ms_bound){ 0, (uint64_t)from, UINT64_MAX };
	}
	if (number < 0)
		return nothing;
	if (number >= EXACT)
		return everything;
	if (*sign == '=')
		return number == floor(number) ? (struct ms_bound){ 0, (uint64_t)number,
								    (uint64_t)number }
					       : nothing;
	return (struct ms_bound){ 0, 0, (uint64_t)ceil(number) };
}

static struct ms_bound bound_of(bool address, const char *sign, sqlite3_value *value)
{
	uint64_t bits = (uint64_t)sqlite3_value_int64(value);

	switch (sqlite3_value_type(value)) {
	case SQLITE_INTEGER:
		if (address)
			return (struct ms_bound){ 0, bits, bits };
		return of_integer(sign, sqlite3_value_int64(value));
	case SQLITE_FLOAT:
		return address ? everything : of_real(sign, sqlite3_value_double(value));
	case SQLITE_NULL: /* nothing compares with NULL */
		return nothing;
	default: /* a text may be a number */
		return everything;
	}
}

void ms_bounds_add(struct ms_bounds *bounds, size_t column, bool address,
		   const char *sign, sqlite3_value *value)
{
	struct ms_bound bound = bound_of(address, sign, value), *item = bounds->items;

	while (item < bounds->items + bounds->count && item->column != column)
		item++;
	if (item == bounds->items + bounds->count) {
		*item = everything;
		item->column = column;
		bounds->count++;
	}
	item->from = bound.from > item->from ? bound.from : item->from;
	item->to = bound.to < item->to ? bound.to : item->to;
	bounds->none |= item->from > item->to;
}
