/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_table.c - a source as a virtual table of SQLite.
 *
 * What SQLite's planner offers (conditions on columns, the columns that are used) is told
 * to the source in the source's words; those words are also what EXPLAIN QUERY PLAN
 * shows, and what carries the plan from planning to reading.
 */
#include "analyzer/query/sql_session.h"
#include "analyzer/query/bounds.h"
#include "analyzer/base/alloc.h"
#include "analyzer/base/strbuf.h"

#include <string.h>

struct table {
	sqlite3_vtab base; /* first */
	struct ms_query *query;
	const struct ms_source *source;
};

struct reading {
	sqlite3_vtab_cursor base; /* first */
	struct ms_scan *scan;	  /* NULL: at the end */
	struct ms_bounds bounds;
	char **arguments; /* by column */
	const char **given;
};

struct registration {
	struct ms_query *query;
	const struct ms_source *source;
};

static struct table *table_of(sqlite3_vtab *base)
{
	return (struct table *)(void *)base;
}

static struct reading *reading_of(sqlite3_vtab_cursor *base)
{
	return (struct reading *)(void *)base;
}

/* SQLite's way of telling why a table failed. */
static int told(sqlite3_vtab *base, ms_status status, const struct ms_error *err)
{
	if (status == MS_OK)
		return SQLITE_OK;
	sqlite3_free(base->zErrMsg);
	base->zErrMsg = sqlite3_mprintf("%s", err->text);
	return ms_query_failed(table_of(base)->query, status, err);
}

/* --- the table's shape ----------------------------------------------------------------
 */

static const char *const type_names[] = {
	[MS_TYPE_TEXT] = "TEXT",      [MS_TYPE_COUNT] = "INTEGER",
	[MS_TYPE_BYTES] = "INTEGER",  [MS_TYPE_INSTANT] = "INTEGER",
	[MS_TYPE_NS] = "INTEGER",     [MS_TYPE_ADDRESS] = "ADDRESS INT",
	[MS_TYPE_ID] = "INTEGER",     [MS_TYPE_SHARE] = "INTEGER",
	[MS_TYPE_SIGNED] = "INTEGER", [MS_TYPE_REAL] = "REAL",
};

/*
 * Without row numbers: a row's key is what it is, whichever way it was reached, so that
 * SQLite may unite the rows of several readings (OR).
 */
static char *declaration(const struct ms_source *source)
{
	const char *before = ", PRIMARY KEY(";
	struct ms_strbuf text;

	ms_strbuf_init(&text);
	ms_strbuf_adds(&text, "CREATE TABLE x(");
	for (size_t i = 0; i < source->column_count; i++) {
		const struct ms_source_column *column = &source->columns[i];

		ms_strbuf_appendf(&text, "%s\"%s\" %s%s", i ? ", " : "", column->name,
				  type_names[column->type],
				  column->flags & MS_SOURCE_PARAMETER ? " HIDDEN" : "");
	}
	for (size_t i = 0; i < source->column_count; i++) {
		if (!(source->columns[i].flags & MS_SOURCE_KEY))
			continue;
		ms_strbuf_appendf(&text, "%s\"%s\"", before, source->columns[i].name);
		before = ", ";
	}
	ms_strbuf_adds(&text, ")) WITHOUT ROWID");
	return ms_strbuf_take(&text);
}

static int connect_table(sqlite3 *db, void *context, int argc, const char *const *argv,
			 sqlite3_vtab **out, char **error)
{
	const struct registration *r = context;
	char *text = declaration(r->source);
	struct table *table = ms_alloc_zero(1, sizeof(*table));
	int rc = text && table ? sqlite3_declare_vtab(db, text) : SQLITE_NOMEM;

	(void)argc;
	(void)argv;
	(void)error;
	ms_free(text);
	if (rc != SQLITE_OK) {
		ms_free(table);
		return rc;
	}
	sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
	table->query = r->query;
	table->source = r->source;
	*out = &table->base;
	return SQLITE_OK;
}

static int disconnect_table(sqlite3_vtab *base)
{
	ms_free(table_of(base));
	return SQLITE_OK;
}

/* --- planning -------------------------------------------------------------------------
 */

struct plan {
	const struct ms_source *source;
	sqlite3_index_info *info;
	struct ms_strbuf words;
	int arguments;
	unsigned needs;
	double selected; /* part of the rows that the bounds leave ... */
	double read;	 /* ... and part of them that has to be read for that */
};

#define EQUAL_LEAVES 0.001
#define RANGE_LEAVES 0.25
#define FEW_LEAVE    0.5

/* Does the source take a condition of this kind? */
static bool takes(const struct ms_source_column *column, const char *sign)
{
	if (!sign)
		return false;
	if (*sign == '=')
		return column->flags &
		       (MS_SOURCE_EQUAL | MS_SOURCE_RANGE | MS_SOURCE_PARAMETER);
	return column->flags & MS_SOURCE_RANGE;
}

static void use_constraint(struct plan *plan, int i, const char *sign)
{
	const struct sqlite3_index_constraint *c = &plan->info->aConstraint[i];
	const struct ms_source_column *column = &plan->source->columns[c->iColumn];
	double leaves;

	ms_strbuf_appendf(&plan->words, "%s%s%s", plan->arguments ? " and " : "",
			  column->name, sign);
	plan->info->aConstraintUsage[i].argvIndex = ++plan->arguments;
	leaves = column->flags & MS_SOURCE_FEW ? FEW_LEAVE
		 : *sign == '='		       ? EQUAL_LEAVES
					       : RANGE_LEAVES;
	if (column->flags & MS_SOURCE_PARAMETER) {
		plan->info->aConstraintUsage[i].omit = 1;
		return;
	}
	plan->selected *= leaves;
	if (column->flags & MS_SOURCE_SEEK && !(plan->needs & column->flags >> 8))
		plan->read *= leaves;
}

/* false: a table's argument depends on what cannot be known in this order of tables. */
static bool use_constraints(struct plan *plan)
{
	for (int i = 0; i < plan->info->nConstraint; i++) {
		const struct sqlite3_index_constraint *c = &plan->info->aConstraint[i];
		const struct ms_source_column *column;
		const char *sign = ms_bound_sign(c->op);

		if (c->iColumn < 0 || (size_t)c->iColumn >= plan->source->column_count)
			continue;
		column = &plan->source->columns[c->iColumn];
		if (!takes(column, sign))
			continue;
		if (c->usable)
			use_constraint(plan, i, sign);
		else if (column->flags & MS_SOURCE_PARAMETER)
			return false;
	}
	return true;
}

static unsigned needs_of(const struct ms_source *source, sqlite3_uint64 used)
{
	unsigned needs = 0;

	for (size_t i = 0; i < source->column_count; i++) {
		if (used >> i & 1)
			needs |= source->columns[i].needs;
	}
	return needs;
}

static void add_need_words(struct plan *plan, unsigned needs)
{
	const char *const *words = plan->source->need_words;
	const char *before = plan->arguments ? "; " : "";

	for (unsigned bit = 0; words && words[bit]; bit++) {
		if (!(needs >> bit & 1))
			continue;
		ms_strbuf_appendf(&plan->words, "%swith %s", before, words[bit]);
		before = ", ";
	}
}

static bool comes_in_order(const struct plan *plan, unsigned needs)
{
	const sqlite3_index_info *info = plan->info;

	return plan->source->order && info->nOrderBy == 1 && !info->aOrderBy[0].desc &&
	       info->aOrderBy[0].iColumn == plan->source->order(plan->source, needs);
}

static int best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
	const struct ms_source *source = table_of(base)->source;
	unsigned needs = needs_of(source, info->colUsed);
	struct plan plan = { source, info, .needs = needs, .selected = 1, .read = 1 };
	double rows, reads;

	ms_strbuf_init(&plan.words);
	if (!use_constraints(&plan)) {
		ms_strbuf_release(&plan.words);
		return SQLITE_CONSTRAINT;
	}
	add_need_words(&plan, needs);
	info->idxStr = sqlite3_mprintf("%s", ms_strbuf_text(&plan.words));
	info->needToFreeIdxStr = 1;
	info->idxNum = (int)needs;
	source->estimate(source, needs, &rows, &reads);
	info->estimatedCost = 10 + reads + rows * plan.read + rows * plan.selected;
	info->estimatedRows = 1 + (sqlite3_int64)(rows * plan.selected);
	info->orderByConsumed = comes_in_order(&plan, needs);
	needs = plan.words.failed || !info->idxStr;
	ms_strbuf_release(&plan.words);
	return needs ? SQLITE_NOMEM : SQLITE_OK;
}

/* --- reading --------------------------------------------------------------------------
 */

static int open_reading(sqlite3_vtab *base, sqlite3_vtab_cursor **out)
{
	size_t count = table_of(base)->source->column_count;
	struct reading *r = ms_alloc_zero(1, sizeof(*r));

	*out = NULL;
	if (!r)
		return SQLITE_NOMEM;
	r->arguments = ms_alloc_zero(count, sizeof(*r->arguments));
	r->given = ms_alloc_zero(count, sizeof(*r->given));
	if (!r->arguments || !r->given || ms_bounds_init(&r->bounds, count) < 0) {
		ms_free(r->arguments);
		ms_free(r->given);
		ms_free(r);
		return SQLITE_NOMEM;
	}
	*out = &r->base;
	return SQLITE_OK;
}

static void end_reading(struct reading *r)
{
	if (r->scan)
		r->scan->close(r->scan);
	r->scan = NULL;
}

static int close_reading(sqlite3_vtab_cursor *base)
{
	struct reading *r = reading_of(base);
	size_t count = table_of(base->pVtab)->source->column_count;

	end_reading(r);
	for (size_t i = 0; i < count; i++)
		ms_free(r->arguments[i]);
	ms_free(r->arguments);
	ms_free(r->given);
	ms_bounds_release(&r->bounds);
	ms_free(r);
	return SQLITE_OK;
}

/* The column and the sign of "name>= and ..."; moves *words past it. */
static size_t next_word(const struct ms_source *source, const char **words, char sign[3])
{
	size_t name = strcspn(*words, "<>="), signs = strspn(*words + name, "<>=");
	size_t column = 0;

	while (column + 1 < source->column_count &&
	       (strlen(source->columns[column].name) != name ||
		strncmp(source->columns[column].name, *words, name) != 0))
		column++;
	memcpy(sign, *words + name, signs < 2 ? signs : 2);
	sign[signs < 2 ? signs : 2] = '\0';
	*words += name + signs;
	if (strncmp(*words, " and ", 5) == 0)
		*words += 5;
	return column;
}

static int take_argument(struct reading *r, size_t column, sqlite3_value *value)
{
	const char *text = (const char *)sqlite3_value_text(value);

	if (!text)
		return sqlite3_value_type(value) == SQLITE_NULL ? SQLITE_OK
								: SQLITE_NOMEM;
	ms_free(r->arguments[column]);
	r->arguments[column] = ms_strdup(text);
	return r->arguments[column] ? SQLITE_OK : SQLITE_NOMEM;
}

static int take_values(struct reading *r, const struct ms_source *source,
		       const char *words, int argc, sqlite3_value **argv)
{
	int rc = SQLITE_OK;

	ms_bounds_clear(&r->bounds);
	for (size_t i = 0; i < source->column_count; i++) {
		ms_free(r->arguments[i]);
		r->arguments[i] = NULL;
	}
	for (int i = 0; rc == SQLITE_OK && i < argc; i++) {
		char sign[3];
		size_t column = next_word(source, &words, sign);
		bool address = source->columns[column].type == MS_TYPE_ADDRESS;

		if (source->columns[column].flags & MS_SOURCE_PARAMETER)
			rc = take_argument(r, column, argv[i]);
		else
			ms_bounds_add(&r->bounds, column, address, sign, argv[i]);
	}
	return rc;
}

static int next_row(sqlite3_vtab_cursor *base)
{
	struct reading *r = reading_of(base);
	struct ms_error err = { "" };
	bool more = false;
	ms_status status = r->scan->next(r->scan, &more, &err);

	if (status != MS_OK || !more)
		end_reading(r);
	return told(base->pVtab, status, &err);
}

static int filter(sqlite3_vtab_cursor *base, int number, const char *words, int argc,
		  sqlite3_value **argv)
{
	struct reading *r = reading_of(base);
	const struct ms_source *source = table_of(base->pVtab)->source;
	struct ms_scan_plan plan = { r->bounds.items, 0, r->given, (unsigned)number };
	struct ms_error err = { "" };
	size_t parameters = 0;
	ms_status status;
	int rc;

	end_reading(r);
	rc = take_values(r, source, words ? words : "", argc, argv);
	if (rc != SQLITE_OK || r->bounds.none)
		return rc;
	plan.bound_count = r->bounds.count;
	for (size_t i = 0; i < source->column_count; i++) {
		if (source->columns[i].flags & MS_SOURCE_PARAMETER)
			r->given[parameters++] = r->arguments[i];
	}
	status = source->open(&r->scan, source, &plan, &err);
	return status == MS_OK ? next_row(base) : told(base->pVtab, status, &err);
}

static int is_at_end(sqlite3_vtab_cursor *base)
{
	return !reading_of(base)->scan;
}

static int column(sqlite3_vtab_cursor *base, sqlite3_context *context, int i)
{
	struct reading *r = reading_of(base);
	const struct ms_source_column *c = &table_of(base->pVtab)->source->columns[i];
	struct ms_value value = { .absent = true };
	struct ms_error err = { "" };
	ms_status status = MS_OK;

	if (c->flags & MS_SOURCE_PARAMETER)
		value = (struct ms_value){ .absent = !r->arguments[i],
					   .text = r->arguments[i] };
	else
		status = r->scan->value(r->scan, (size_t)i, &value, &err);
	if (status == MS_OK)
		ms_query_result(context, c->type, &value);
	return told(base->pVtab, status, &err);
}

static int no_row_number(sqlite3_vtab_cursor *base, sqlite3_int64 *number)
{
	(void)base;
	*number = 0;
	return SQLITE_ERROR;
}

int ms_query_add_source(struct ms_query *query, const struct ms_source *source)
{
	static const sqlite3_module module = {
		.xConnect = connect_table,
		.xBestIndex = best_index,
		.xDisconnect = disconnect_table,
		.xOpen = open_reading,
		.xClose = close_reading,
		.xFilter = filter,
		.xNext = next_row,
		.xEof = is_at_end,
		.xColumn = column,
		.xRowid = no_row_number,
	};
	struct registration *r = ms_alloc(sizeof(*r));

	if (!r)
		return SQLITE_NOMEM;
	*r = (struct registration){ query, source };
	/* Frees r when it fails, too. */
	return sqlite3_create_module_v2(query->db, source->name, &module, r, ms_free);
}
