/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query_schema.c - the tables, functions and presets of SQL, for people and programs.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/facade/blocks.h"
#include "analyzer/facade/query_run.h"
#include "analyzer/query/query.h"
#include "common/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const type_words[] = {
	[MS_TYPE_TEXT] = "text",     [MS_TYPE_COUNT] = "count",
	[MS_TYPE_BYTES] = "bytes",   [MS_TYPE_INSTANT] = "ns",
	[MS_TYPE_NS] = "ns",	     [MS_TYPE_ADDRESS] = "address",
	[MS_TYPE_ID] = "number",     [MS_TYPE_SHARE] = "number",
	[MS_TYPE_SIGNED] = "number", [MS_TYPE_REAL] = "real",
};

static bool narrows(const struct ms_source_column *column)
{
	return column->flags & (MS_SOURCE_EQUAL | MS_SOURCE_RANGE);
}

/* --- text -----------------------------------------------------------------------------
 */

static void write_entry(struct ms_writer *writer, const char *name, size_t width,
			const char *doc)
{
	size_t len = strlen(name);

	ms_write_text(writer, "  ");
	ms_write_text(writer, name);
	ms_write_pad(writer, ' ', len < width ? width - len : 1);
	ms_write_text(writer, doc);
	ms_write_text(writer, "\n");
}

static void write_column(struct ms_writer *writer, const struct ms_source_column *column)
{
	char name[64];

	snprintf(name, sizeof(name), "%-16s %-8s%s", column->name,
		 column->flags & MS_SOURCE_PARAMETER ? "argument"
						     : type_words[column->type],
		 narrows(column) ? " *" : "");
	write_entry(writer, name, 28, column->doc);
}

static void write_text_schema(struct ms_writer *writer)
{
	size_t count;
	const struct ms_query_help *help = ms_query_functions(&count);

	ms_write_text(writer, "Tables (a condition on a column with * makes reading "
			      "cheaper)\n");
	for (size_t i = 0; i < ms_source_count; i++) {
		ms_write_text(writer, "\n");
		ms_write_bold(writer);
		ms_write_text(writer, ms_sources[i]->name);
		ms_write_plain(writer);
		ms_writef(writer, "\n  %s\n", ms_sources[i]->doc);
		for (size_t k = 0; k < ms_sources[i]->column_count; k++)
			write_column(writer, &ms_sources[i]->columns[k]);
	}
	ms_write_text(writer, "\nFunctions beside those of SQLite\n\n");
	for (size_t i = 0; i < count; i++)
		write_entry(writer, help[i].usage, 38, help[i].doc);
	for (size_t i = 0; i < ms_source_function_count; i++)
		write_entry(writer, ms_source_functions[i]->usage, 38,
			    ms_source_functions[i]->doc);
}

/* --- JSON and CSV ---------------------------------------------------------------------
 */

static void add_table(struct ms_doc *doc, json_t *tables, const struct ms_source *source)
{
	json_t *table = ms_doc_append(doc, tables), *columns, *parameters;

	ms_doc_text(doc, table, "name", source->name);
	ms_doc_text(doc, table, "meaning", source->doc);
	parameters = ms_doc_array(doc, table, "arguments");
	columns = ms_doc_array(doc, table, "columns");
	for (size_t i = 0; i < source->column_count; i++) {
		const struct ms_source_column *column = &source->columns[i];
		bool parameter = column->flags & MS_SOURCE_PARAMETER;
		json_t *row = ms_doc_append(doc, parameter ? parameters : columns);

		ms_doc_text(doc, row, "name", column->name);
		if (!parameter) {
			ms_doc_text(doc, row, "type", type_words[column->type]);
			ms_doc_bool(doc, row, "narrows", narrows(column));
		}
		ms_doc_text(doc, row, "meaning", column->doc);
	}
}

static void add_function(struct ms_doc *doc, json_t *functions, const char *usage,
			 const char *meaning)
{
	json_t *row = ms_doc_append(doc, functions);

	ms_doc_text(doc, row, "usage", usage);
	ms_doc_text(doc, row, "meaning", meaning);
}

static json_t *json_schema(void)
{
	size_t count;
	const struct ms_query_help *help = ms_query_functions(&count);
	json_t *tables, *functions;
	struct ms_doc doc;

	ms_doc_init(&doc);
	ms_doc_u64(&doc, doc.root, "version", 1);
	tables = ms_doc_array(&doc, doc.root, "tables");
	for (size_t i = 0; i < ms_source_count; i++)
		add_table(&doc, tables, ms_sources[i]);
	functions = ms_doc_array(&doc, doc.root, "functions");
	for (size_t i = 0; i < count; i++)
		add_function(&doc, functions, help[i].usage, help[i].doc);
	for (size_t i = 0; i < ms_source_function_count; i++)
		add_function(&doc, functions, ms_source_functions[i]->usage,
			     ms_source_functions[i]->doc);
	return ms_doc_take(&doc);
}

struct schema_rows {
	size_t table, column;
};

static ms_status next_column(struct ms_rows *rows, struct ms_value *values, bool *more,
			     struct ms_error *err)
{
	struct schema_rows *at = rows->context;
	const struct ms_source_column *column;

	(void)err;
	if (at->table < ms_source_count &&
	    at->column == ms_sources[at->table]->column_count) {
		at->table++;
		at->column = 0;
	}
	*more = at->table < ms_source_count;
	if (!*more)
		return MS_OK;
	column = &ms_sources[at->table]->columns[at->column++];
	values[0] = ms_text(ms_sources[at->table]->name);
	values[1] = ms_text(column->name);
	values[2] =
		ms_text(column->flags & MS_SOURCE_PARAMETER ? "argument"
							    : type_words[column->type]);
	values[3] = ms_text(column->doc);
	return MS_OK;
}

static ms_status render(struct ms_writer *writer, const struct memscope_output *output,
			struct ms_error *err)
{
	static const struct ms_column columns[] = { { "table", "", MS_TYPE_TEXT, 0, "" },
						    { "column", "", MS_TYPE_TEXT, 0, "" },
						    { "type", "", MS_TYPE_TEXT, 0, "" },
						    { "meaning", "", MS_TYPE_TEXT, 0,
						      "" } };
	struct schema_rows at = { 0 };
	struct ms_rows rows = { columns, 4, next_column, &at };

	if (output->format == MEMSCOPE_CSV)
		return ms_render_rows(writer, &rows, MS_FORMAT_CSV, err);
	write_text_schema(writer);
	return MS_OK;
}

static ms_status print_json(struct ms_writer *writer, const json_t *document,
			    enum ms_format format, struct ms_error *err)
{
	(void)format;
	return ms_render_json(writer, document, err);
}

int memscope_query_schema(const struct memscope_output *output,
			  struct memscope_error *err)
{
	struct ms_error *own = ms_own_error(err);
	struct ms_writer *writer;
	ms_status status, finished;

	if (output->format == MEMSCOPE_JSON)
		return ms_facade_print(json_schema(), print_json, output, own);
	writer = ms_facade_writer(output);
	if (!writer)
		return ms_fail_memory(own);
	status = render(writer, output, own);
	finished = ms_writer_finish(writer, status == MS_OK ? own : NULL);
	ms_free(writer);
	return status != MS_OK ? status : finished;
}

/* --- presets --------------------------------------------------------------------------
 */

static ms_status next_preset(struct ms_rows *rows, struct ms_value *values, bool *more,
			     struct ms_error *err)
{
	static const char *const arguments[] = {
		[MS_PRESET_COUNT] = "rows", [MS_PRESET_SIZE] = "size"
	};
	size_t *at = rows->context;
	const struct ms_preset *preset = &ms_presets[*at];
	bool takes;

	(void)err;
	*more = *at < ms_preset_count;
	if (!*more)
		return MS_OK;
	takes = preset->argument != MS_PRESET_NONE;
	++*at;
	values[0] = ms_text(preset->name);
	values[1] = ms_text(arguments[preset->argument]);
	values[2] = ms_number_if(takes, preset->otherwise);
	values[3] = ms_text(preset->doc);
	return MS_OK;
}

static ms_status next_table(struct ms_rows *rows, struct ms_value *values, bool *more,
			    struct ms_error *err)
{
	size_t *at = rows->context;

	(void)err;
	*more = *at < ms_source_count;
	if (!*more)
		return MS_OK;
	values[0] = ms_text(ms_sources[*at]->name);
	values[1] = ms_text(ms_sources[*at]->doc);
	++*at;
	return MS_OK;
}

int memscope_query_tables(const struct memscope_output *output,
			  struct memscope_error *err)
{
	static const struct ms_column columns[] = {
		{ "name", "table", MS_TYPE_TEXT, 0, "" },
		{ "meaning", "meaning", MS_TYPE_TEXT, 0, "" },
	};
	size_t at = 0;
	struct ms_rows rows = { columns, 2, next_table, &at };

	return ms_facade_print_rows(&rows, "tables", output, ms_own_error(err));
}

int memscope_query_presets(const struct memscope_output *output,
			   struct memscope_error *err)
{
	static const struct ms_column columns[] = {
		{ "name", "preset", MS_TYPE_TEXT, 0, "" },
		{ "argument", "argument", MS_TYPE_TEXT, 0, "" },
		{ "default", "default", MS_TYPE_ID, 0, "" },
		{ "meaning", "meaning", MS_TYPE_TEXT, 0, "" },
	};
	size_t at = 0;
	struct ms_rows rows = { columns, 4, next_preset, &at };

	return ms_facade_print_rows(&rows, "presets", output, ms_own_error(err));
}
