/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query_run.c - SQL over the engines: sessions, statements and their rows.
 */
#include "analyzer/facade/query_run.h"
#include "analyzer/base/alloc.h"
#include "analyzer/query/query.h"
#include "common/units.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct ms_source *const ms_sources[] = {
	&ms_source_processes, &ms_source_allocations, &ms_source_live,
	&ms_source_events,    &ms_source_sites,	      &ms_source_stacks,
	&ms_source_frames,    &ms_source_threads,     &ms_source_modules,
	&ms_source_timeline,  &ms_source_diff,	      &ms_source_samples,
	&ms_source_notes,     &ms_source_lost,	      &ms_source_leaks,
	&ms_source_findings,
};
const size_t ms_source_count = COUNT(ms_sources);

const struct ms_source_function *const ms_source_functions[] = {
	&ms_function_stack_text,
	&ms_function_function_of,
	&ms_function_type_of,
};
const size_t ms_source_function_count = COUNT(ms_source_functions);

struct memscope_query {
	struct ms_tables tables;
	struct ms_source sources[COUNT(ms_sources)];
	struct ms_source_function functions[COUNT(ms_source_functions)];
	struct ms_query *query;
	atomic_bool stopped;
};

/* --- sessions -------------------------------------------------------------------------
 */

static bool is_stopped(void *context)
{
	const struct memscope_query *q = context;

	return atomic_load_explicit(&q->stopped, memory_order_relaxed);
}

int memscope_query_open(struct memscope_query **out, struct memscope *m,
			struct memscope_error *err)
{
	struct memscope_query *q = ms_alloc_zero(1, sizeof(*q));
	struct ms_query_options options = { .source_count = COUNT(q->sources),
					    .function_count = COUNT(q->functions),
					    .stop = is_stopped,
					    .stop_context = q };
	ms_status status;

	*out = NULL;
	if (!q)
		return ms_fail_memory(ms_own_error(err));
	for (size_t i = 0; i < COUNT(q->sources); i++) {
		q->sources[i] = *ms_sources[i];
		q->sources[i].context = &q->tables;
	}
	for (size_t i = 0; i < COUNT(q->functions); i++) {
		q->functions[i] = *ms_source_functions[i];
		q->functions[i].context = &q->tables;
	}
	options.sources = q->sources;
	options.functions = q->functions;
	status = ms_tables_init(&q->tables, m, &q->stopped, ms_own_error(err));
	if (status == MS_OK)
		status = ms_query_open(&q->query, &options, ms_own_error(err));
	if (status == MS_OK)
		*out = q;
	else
		memscope_query_close(q);
	return status;
}

void memscope_query_close(struct memscope_query *query)
{
	if (!query)
		return;
	ms_query_close(query->query);
	ms_tables_release(&query->tables);
	ms_free(query);
}

void memscope_query_interrupt(struct memscope_query *query)
{
	atomic_store_explicit(&query->stopped, true, memory_order_relaxed);
}

static void heed_again(struct memscope_query *query)
{
	atomic_store_explicit(&query->stopped, false, memory_order_relaxed);
}

int memscope_query_is_complete(const char *sql)
{
	return ms_query_is_complete(sql);
}

/* --- printing -------------------------------------------------------------------------
 */

static ms_status print(struct ms_statement *statement, bool first,
		       const struct memscope_output *output, struct ms_error *err)
{
	struct ms_rows *rows = ms_statement_rows(statement);
	struct ms_writer *writer;
	ms_status status, finished;

	if (rows->column_count == 0)
		return MS_OK;
	writer = ms_facade_writer(output);
	if (!writer)
		return ms_fail_memory(err);
	if (!first && output->format != MEMSCOPE_JSON)
		ms_write_text(writer, "\n");
	status = ms_render_rows(writer, rows, (enum ms_format)output->format, err);
	if (output->format == MEMSCOPE_JSON)
		ms_write_text(writer, "\n");
	finished = ms_writer_finish(writer, status == MS_OK ? err : NULL);
	ms_free(writer);
	return status != MS_OK ? status : finished;
}

int memscope_query_run(struct memscope_query *query, const char *sql,
		       const struct memscope_output *output, struct memscope_error *err)
{
	struct ms_error *own = ms_own_error(err);
	ms_status status = MS_OK;
	bool first = true;

	while (status == MS_OK && *sql) {
		struct ms_statement *statement;

		status = ms_query_prepare(&statement, query->query, sql, &sql, own);
		if (status != MS_OK || !statement)
			continue;
		status = print(statement, first, output, own);
		ms_statement_close(statement);
		first = false;
	}
	heed_again(query);
	return status;
}

/* --- rows for programs ----------------------------------------------------------------
 */

static struct memscope_cell cell_of(const char *name, const struct ms_value *value)
{
	struct memscope_cell cell = { .name = name, .kind = MEMSCOPE_CELL_NULL };

	if (value->absent)
		return cell;
	if (value->own == MS_TYPE_TEXT) {
		cell.kind = MEMSCOPE_CELL_TEXT;
		cell.text = value->text;
	} else if (value->own == MS_TYPE_REAL) {
		cell.kind = MEMSCOPE_CELL_REAL;
		cell.real = value->real;
	} else {
		cell.kind = MEMSCOPE_CELL_INTEGER;
		cell.integer = (int64_t)value->number;
	}
	return cell;
}

static ms_status hand_over(struct ms_rows *rows,
			   int (*row)(void *context, const struct memscope_cell *cells,
				      size_t count),
			   void *context, struct ms_error *err)
{
	struct ms_value *values = ms_alloc_zero(rows->column_count, sizeof(*values));
	struct memscope_cell *cells = ms_alloc_zero(rows->column_count, sizeof(*cells));
	ms_status status = values && cells ? MS_OK : ms_fail_memory(err);
	bool more = true;

	while (status == MS_OK) {
		status = rows->next(rows, values, &more, err);
		if (status != MS_OK || !more)
			break;
		for (size_t i = 0; i < rows->column_count; i++)
			cells[i] = cell_of(rows->columns[i].name, &values[i]);
		if (row(context, cells, rows->column_count))
			status = ms_fail(err, MS_ESTOP,
					 "the rows were not wanted any more");
	}
	ms_free(cells);
	ms_free(values);
	return status;
}

int memscope_query_each(struct memscope_query *query, const char *sql,
			int (*row)(void *context, const struct memscope_cell *cells,
				   size_t count),
			void *context, struct memscope_error *err)
{
	struct ms_error *own = ms_own_error(err);
	struct ms_statement *statement;
	const char *rest;
	ms_status status = ms_query_prepare(&statement, query->query, sql, &rest, own);

	if (status == MS_OK && statement)
		status = hand_over(ms_statement_rows(statement), row, context, own);
	ms_statement_close(statement);
	heed_again(query);
	return status;
}

/* --- presets --------------------------------------------------------------------------
 */

static ms_status parse_argument(uint64_t *value, const struct ms_preset *preset,
				const char *text, struct ms_error *err)
{
	*value = preset->otherwise;
	if (!text)
		return MS_OK;
	if (preset->argument == MS_PRESET_NONE)
		return ms_fail(err, MS_EUSAGE, "%s takes no argument", preset->name);
	if (preset->argument == MS_PRESET_SIZE ? ms_parse_size(text, value)
					       : ms_parse_number(text, value))
		return *value <= INT64_MAX
			       ? MS_OK
			       : ms_fail(err, MS_EUSAGE, "%s is too much", text);
	return ms_fail(err, MS_EUSAGE, "%s: '%s' is no %s", preset->name, text,
		       preset->argument == MS_PRESET_SIZE ? "size" : "number of rows");
}

int memscope_query_preset(struct memscope_query *query, const char *name,
			  const char *argument, const struct memscope_output *output,
			  struct memscope_error *err)
{
	const struct ms_preset *preset = ms_preset_find(name);
	struct ms_error *own = ms_own_error(err);
	struct ms_statement *statement;
	const char *rest;
	uint64_t value;
	ms_status status;

	if (!preset)
		return ms_fail(own, MS_EUSAGE, "there is no preset '%s'", name);
	status = parse_argument(&value, preset, argument, own);
	if (status != MS_OK)
		return status;
	status = ms_query_prepare(&statement, query->query, preset->sql, &rest, own);
	if (status == MS_OK && preset->argument != MS_PRESET_NONE)
		status = ms_statement_bind(statement, 1, value, own);
	if (status == MS_OK)
		status = print(statement, true, output, own);
	ms_statement_close(statement);
	heed_again(query);
	return status;
}
