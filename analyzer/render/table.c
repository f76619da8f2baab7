/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.c - rows as an aligned table.
 *
 * A listing may be longer than memory: the first rows are held back to find the widths,
 * the rest streams through them.
 */
#include "analyzer/render/parts.h"
#include "analyzer/base/alloc.h"
#include "analyzer/base/escape.h"
#include "analyzer/base/strbuf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HELD_ROWS 256
#define GAP	  2
/* A text that is not in the last column gets no wider than this. */
#define MIDDLE_TEXT 40
/* One that is, no narrower: lines may get too long then. */
#define LAST_TEXT 24

struct table {
	struct ms_writer *writer;
	struct ms_rows *rows;
	size_t *widths;
	struct ms_value *row;
	struct ms_value *held; /* HELD_ROWS rows of them */
	char **texts;	       /* copies, as many */
	size_t held_count;
};

static bool is_text(enum ms_type type, const struct ms_value *value)
{
	return ms_value_type(type, value) == MS_TYPE_TEXT;
}

/* A number for people; not for texts. */
static const char *number_text(char buffer[MS_VALUE_BYTES], enum ms_type type,
			       const struct ms_value *value)
{
	char human[MS_HUMAN_BYTES];

	if (value->absent)
		return "";
	switch (ms_value_type(type, value)) {
	case MS_TYPE_BYTES:
		ms_human_size(human, value->number);
		break;
	case MS_TYPE_NS:
		ms_human_time(human, value->number);
		break;
	case MS_TYPE_INSTANT:
		snprintf(human, sizeof(human), "%" PRIu64 ".%09" PRIu64,
			 value->number / 1000000000, value->number % 1000000000);
		break;
	case MS_TYPE_COUNT:
		ms_human_count(human, value->number);
		break;
	case MS_TYPE_SHARE:
		snprintf(human, sizeof(human), "%" PRIu64 ".%u %%",
			 (value->number + 5) / 100,
			 (unsigned)((value->number + 5) / 10 % 10));
		break;
	case MS_TYPE_SIGNED:
		snprintf(human, sizeof(human), "%" PRId64, (int64_t)value->number);
		break;
	case MS_TYPE_ADDRESS:
		snprintf(human, sizeof(human), "0x%" PRIx64, value->number);
		break;
	case MS_TYPE_REAL:
		snprintf(human, sizeof(human), "%.6g", value->real);
		break;
	default:
		snprintf(human, sizeof(human), "%" PRIu64, value->number);
	}
	snprintf(buffer, MS_VALUE_BYTES, "%s%s", value->estimated ? "~" : "", human);
	return buffer;
}

static size_t cell_columns(enum ms_type type, const struct ms_value *value)
{
	char buffer[MS_VALUE_BYTES];

	if (value->absent)
		return 0;
	if (!is_text(type, value))
		return strlen(number_text(buffer, type, value));
	return ms_escape(NULL, 0, value->text, strlen(value->text));
}

static void widen(struct table *table, const struct ms_value *values)
{
	for (size_t i = 0; i < table->rows->column_count; i++) {
		enum ms_type type = table->rows->columns[i].type;
		size_t columns = cell_columns(type, &values[i]);

		if (is_text(type, &values[i]) && columns > MIDDLE_TEXT)
			columns = MIDDLE_TEXT;
		if (columns > table->widths[i])
			table->widths[i] = columns;
	}
}

/* Columns left for the last cell; 0: not limited. */
static size_t last_width(const struct table *table)
{
	size_t taken = 0, width = table->writer->look.width;

	for (size_t i = 0; i + 1 < table->rows->column_count; i++)
		taken += table->widths[i] + GAP;
	if (!width)
		return 0;
	return width > taken + LAST_TEXT ? width - taken : LAST_TEXT;
}

static void write_cell(struct table *table, size_t i, const struct ms_value *value)
{
	bool last = i + 1 == table->rows->column_count;
	struct ms_writer *writer = table->writer;
	char buffer[MS_VALUE_BYTES];

	if (is_text(table->rows->columns[i].type, value)) {
		const char *text = value->absent ? "" : value->text;
		size_t taken = ms_write_escaped(
			writer, text, last ? last_width(table) : table->widths[i]);

		if (!last)
			ms_write_pad(writer, ' ', table->widths[i] - taken);
	} else {
		const char *text =
			number_text(buffer, table->rows->columns[i].type, value);
		size_t len = strlen(text);

		if (len < table->widths[i])
			ms_write_pad(writer, ' ', table->widths[i] - len);
		ms_write_text(writer, text);
	}
	if (!last)
		ms_write_pad(writer, ' ', GAP);
}

static void write_row(struct table *table, const struct ms_value *values)
{
	for (size_t i = 0; i < table->rows->column_count; i++)
		write_cell(table, i, &values[i]);
	ms_write_text(table->writer, "\n");
}

/* Texts begin on the left; a column of ANY is one of texts when its first value is. */
static bool is_left(const struct table *table, size_t column)
{
	enum ms_type type = table->rows->columns[column].type;
	size_t count = table->rows->column_count;

	if (type != MS_TYPE_ANY)
		return type == MS_TYPE_TEXT;
	for (size_t i = 0; i < table->held_count; i++) {
		const struct ms_value *value = &table->held[i * count + column];

		if (!value->absent)
			return is_text(type, value);
	}
	return true;
}

static void write_titles(struct table *table)
{
	size_t count = table->rows->column_count;

	ms_write_bold(table->writer);
	for (size_t i = 0; i < count; i++) {
		const struct ms_column *column = &table->rows->columns[i];
		size_t len = strlen(column->title);
		size_t pad = len < table->widths[i] ? table->widths[i] - len : 0;

		if (!is_left(table, i))
			ms_write_pad(table->writer, ' ', pad);
		ms_write_text(table->writer, column->title);
		if (i + 1 == count)
			break;
		if (is_left(table, i))
			ms_write_pad(table->writer, ' ', pad);
		ms_write_pad(table->writer, ' ', GAP);
	}
	ms_write_plain(table->writer);
	ms_write_text(table->writer, "\n");
}

/* Keep a copy of table->row. */
static ms_status hold(struct table *table, struct ms_error *err)
{
	size_t count = table->rows->column_count, first = table->held_count * count;

	table->held_count++;
	for (size_t i = 0; i < count; i++) {
		table->held[first + i] = table->row[i];
		if (!is_text(table->rows->columns[i].type, &table->row[i]) ||
		    table->row[i].absent)
			continue;
		table->texts[first + i] = ms_strdup(table->row[i].text);
		if (!table->texts[first + i])
			return ms_fail_memory(err);
		table->held[first + i].text = table->texts[first + i];
	}
	return MS_OK;
}

static ms_status hold_first_rows(struct table *table, bool *more, struct ms_error *err)
{
	ms_status status = MS_OK;

	while (status == MS_OK && table->held_count < HELD_ROWS) {
		status = table->rows->next(table->rows, table->row, more, err);
		if (status != MS_OK || !*more)
			return status;
		widen(table, table->row);
		status = hold(table, err);
	}
	return status;
}

static ms_status write_all(struct table *table, struct ms_error *err)
{
	size_t count = table->rows->column_count;
	bool more = true;
	ms_status status = hold_first_rows(table, &more, err);

	if (status != MS_OK)
		return status;
	write_titles(table);
	for (size_t i = 0; i < table->held_count; i++)
		write_row(table, &table->held[i * count]);
	while (more && !table->writer->failure) {
		status = table->rows->next(table->rows, table->row, &more, err);
		if (status != MS_OK || !more)
			return status;
		write_row(table, table->row);
	}
	return MS_OK;
}

ms_status ms_render_table(struct ms_writer *writer, struct ms_rows *rows,
			  struct ms_error *err)
{
	size_t count = rows->column_count;
	struct table table = { .writer = writer, .rows = rows };
	ms_status status = MS_OK;

	table.widths = ms_alloc_zero(count, sizeof(*table.widths));
	table.row = ms_alloc_zero(count, sizeof(*table.row));
	table.held = ms_alloc_zero(HELD_ROWS * count, sizeof(*table.held));
	table.texts = ms_alloc_zero(HELD_ROWS * count, sizeof(*table.texts));
	if (!table.widths || !table.row || !table.held || !table.texts)
		status = ms_fail_memory(err);
	for (size_t i = 0; status == MS_OK && i < count; i++) {
		size_t title = strlen(rows->columns[i].title);

		table.widths[i] =
			title > rows->columns[i].width ? title : rows->columns[i].width;
	}
	if (status == MS_OK)
		status = write_all(&table, err);
	for (size_t i = 0; table.texts && i < HELD_ROWS * count; i++)
		ms_free(table.texts[i]);
	ms_free(table.texts);
	ms_free(table.held);
	ms_free(table.row);
	ms_free(table.widths);
	return status;
}
