/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.h - what engines offer to SQL: tables that are read a row at a time, and
 * functions.
 *
 * A source says which of its columns narrow down what has to be read, what a reading
 * costs, and what each column needs.  Bounds are hints: whoever asks checks them again,
 * so a scan may give more rows than they allow, but never fewer.
 */
#ifndef MS_BASE_SOURCE_H
#define MS_BASE_SOURCE_H

#include "analyzer/base/rows.h"

enum ms_source_flag {
	MS_SOURCE_KEY = 1,	 /* with the other ones it tells a row from all others */
	MS_SOURCE_EQUAL = 2,	 /* a bound from == to makes reading cheaper */
	MS_SOURCE_RANGE = 4,	 /* any bound does */
	MS_SOURCE_PARAMETER = 8, /* no column: an argument, table(argument) */
	MS_SOURCE_SEEK = 16,	 /* what lies outside a bound is not even read */
	MS_SOURCE_FEW = 32,	 /* has few values: a bound leaves much */
};
/* With these needs SEEK does not hold. */
#define MS_SOURCE_SEEK_UNLESS(needs) (MS_SOURCE_SEEK | (unsigned)(needs) << 8)

/*
 * Numbers are as rows.h has them; one that does not fit into 63 bits is an address or
 * becomes a floating-point number.
 */
struct ms_source_column {
	const char *name;
	enum ms_type type;
	unsigned flags; /* enum ms_source_flag */
	unsigned needs; /* bits that the source gives a meaning to, see open */
	const char *doc;
};

/* The rows whose column lies in [from, to], both included. */
struct ms_bound {
	size_t column;
	uint64_t from, to;
};

/* What one reading of a table is asked for. */
struct ms_scan_plan {
	const struct ms_bound *bounds;
	size_t bound_count;
	/* By parameter, in the order of the columns; NULL: not given. */
	const char *const *arguments;
	unsigned needs; /* of all columns that will be asked for */
};

struct ms_scan { /* one reading */
	/* Go to the next row, the first one to begin with; *more is false at the end. */
	ms_status (*next)(struct ms_scan *scan, bool *more, struct ms_error *err);
	/* A column of this row that the plan's needs cover.  Texts last until next(). */
	ms_status (*value)(struct ms_scan *scan, size_t column, struct ms_value *value,
			   struct ms_error *err);
	void (*close)(struct ms_scan *scan); /* frees scan */
};

struct ms_source {
	const char *name;
	const char *doc; /* what a row is */
	const struct ms_source_column *columns;
	size_t column_count; /* at most 62 */
	void *context;	     /* of the functions below: the source's owner lends it */
	/* About how many rows a scan without bounds gives, and reads before the first. */
	void (*estimate)(const struct ms_source *source, unsigned needs, double *rows,
			 double *reads);
	/*
	 * The column by which rows come in rising order, -1: in none.  Depends on what is
	 * needed.  May be NULL.
	 */
	int (*order)(const struct ms_source *source, unsigned needs);
	/* Words for EXPLAIN, by bit of needs; NULL at the end. */
	const char *const *need_words;
	/* MS_OK, MS_ENOMEM, MS_EUSAGE for an argument that makes no sense; MS_EIO. */
	ms_status (*open)(struct ms_scan **out, const struct ms_source *source,
			  const struct ms_scan_plan *plan, struct ms_error *err);
};

/* A function of SQL that asks the engines.  The same arguments give the same value. */
#define MS_SOURCE_ARGUMENTS 4
struct ms_source_function {
	const char *name;
	const char *usage; /* "stack_text(process, stack [, depth])" */
	const char *doc;
	unsigned least, most; /* arguments */
	void *context;
	/* Texts of arguments last for the call, the value's until the next call. */
	ms_status (*call)(const struct ms_source_function *function,
			  const struct ms_value *arguments, size_t count,
			  struct ms_value *value, struct ms_error *err);
};

#endif
