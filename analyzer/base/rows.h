/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows.h - what engines and SQL hand to render: columns and a row at a time.
 */
#ifndef MS_BASE_ROWS_H
#define MS_BASE_ROWS_H

#include "analyzer/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ms_type {
	MS_TYPE_TEXT,
	MS_TYPE_COUNT,
	MS_TYPE_BYTES,	 /* a size */
	MS_TYPE_INSTANT, /* nanoseconds since the recording began; text: seconds, exactly
			  */
	MS_TYPE_NS,	 /* nanoseconds */
	MS_TYPE_ADDRESS, /* printed in hexadecimal, a string in JSON */
	MS_TYPE_ID,	 /* a number without a magnitude: tid, line, node */
	MS_TYPE_SHARE,	 /* hundredths of a percent; text only shows it */
	MS_TYPE_SIGNED,	 /* number is an int64_t */
	MS_TYPE_REAL,
	MS_TYPE_ANY, /* each value says which of the others it is, with own */
};

struct ms_column {
	const char *name;  /* in JSON and CSV; stable */
	const char *title; /* over the column in text */
	enum ms_type type;
	unsigned width; /* columns to keep in text even when the first rows need fewer */
	const char *doc;
};

struct ms_value {
	bool absent;	  /* not known: empty in text and CSV, null in JSON */
	bool estimated;	  /* text marks it */
	uint64_t number;  /* every type but TEXT and REAL */
	const char *text; /* TEXT: NUL-terminated, as found (hostile) */
	double real;	  /* REAL */
	enum ms_type own; /* in a column of ANY */
};

/* What a value is in a column of type. */
static inline enum ms_type ms_value_type(enum ms_type type, const struct ms_value *value)
{
	return type == MS_TYPE_ANY ? value->own : type;
}

struct ms_rows {
	const struct ms_column *columns;
	size_t column_count;
	/*
	 * Fill values[column_count] with the next row and set *more, or clear it at the
	 * end.  Texts stay valid until the next call.
	 */
	ms_status (*next)(struct ms_rows *rows, struct ms_value *values, bool *more,
			  struct ms_error *err);
	void *context;
};

#endif
