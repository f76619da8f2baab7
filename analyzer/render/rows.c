/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rows.c - rows in the format asked for, and rows over an array of a document.
 */
#include "analyzer/render/parts.h"
#include "analyzer/base/alloc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *ms_real_text(char buffer[MS_VALUE_BYTES], double real)
{
	if (!isfinite(real))
		return NULL;
	snprintf(buffer, MS_VALUE_BYTES, "%.15g", real);
	if (strtod(buffer, NULL) != real)
		snprintf(buffer, MS_VALUE_BYTES, "%.17g", real);
	if (!strpbrk(buffer, ".e"))
		strcat(buffer, ".0");
	return buffer;
}

ms_status ms_render_rows(struct ms_writer *writer, struct ms_rows *rows,
			 enum ms_format format, struct ms_error *err)
{
	struct ms_value *values;
	ms_status status;

	if (format == MS_FORMAT_TEXT)
		return ms_render_table(writer, rows, err);
	values = ms_alloc_zero(rows->column_count, sizeof(*values));
	if (!values)
		return ms_fail_memory(err);
	status = format == MS_FORMAT_JSON ? ms_render_json_rows(writer, rows, values, err)
					  : ms_render_csv_rows(writer, rows, values, err);
	ms_free(values);
	return status;
}

static struct ms_value value_of(const json_t *member, enum ms_type type)
{
	struct ms_value value = { .absent = true };

	if (type == MS_TYPE_TEXT && json_is_string(member))
		value = (struct ms_value){ .text = json_string_value(member) };
	else if (type != MS_TYPE_TEXT && json_is_number(member))
		value = (struct ms_value){ .number = ms_json_as_u64(member) };
	return value;
}

/*
 * A member, or one of its "errors" or "inclusive" figures, named "errors.live_bytes" as
 * in flat CSV.
 */
static const json_t *member_of(const json_t *object, const char *name)
{
	static const char errors[] = "errors.", inclusive[] = "inclusive.";

	if (strncmp(name, inclusive, sizeof(inclusive) - 1) == 0)
		return json_object_get(json_object_get(object, "inclusive"),
				       name + sizeof(inclusive) - 1);
	if (strncmp(name, errors, sizeof(errors) - 1) == 0)
		return ms_figure_error(object, name + sizeof(errors) - 1);
	return json_object_get(object, name);
}

static ms_status next_of_array(struct ms_rows *rows, struct ms_value *values, bool *more,
			       struct ms_error *err)
{
	struct ms_array_rows *from = rows->context;
	const json_t *object;

	(void)err;
	*more = from->index < json_array_size(from->array) &&
		(!from->limit || from->index < from->limit);
	if (!*more)
		return MS_OK;
	object = json_array_get(from->array, from->index++);
	for (size_t i = 0; i < rows->column_count; i++) {
		const char *name = rows->columns[i].name;

		values[i] = value_of(member_of(object, name), rows->columns[i].type);
		values[i].estimated = ms_figure_error(object, name);
	}
	return MS_OK;
}

void ms_array_rows_init(struct ms_array_rows *rows, const json_t *array, size_t limit,
			const struct ms_column *columns, size_t column_count)
{
	rows->rows = (struct ms_rows){ columns, column_count, next_of_array, rows };
	rows->array = array;
	rows->index = 0;
	rows->limit = limit;
}

ms_status ms_render_csv_array(struct ms_writer *writer, const json_t *array,
			      const struct ms_column *columns, size_t column_count,
			      struct ms_error *err)
{
	struct ms_array_rows rows;

	ms_array_rows_init(&rows, array, 0, columns, column_count);
	return ms_render_rows(writer, &rows.rows, MS_FORMAT_CSV, err);
}

struct weighed {
	uint64_t weight;
	size_t index;
};

static int heaviest_first(const void *a, const void *b)
{
	const struct weighed *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	return x->index < y->index ? -1 : 1;
}

json_t *ms_json_heaviest(const json_t *array, const char *key, size_t limit)
{
	size_t count = json_array_size(array);
	struct weighed *order = ms_alloc((count + 1) * sizeof(*order));
	json_t *heaviest = order ? json_array() : NULL;

	if (!heaviest) {
		ms_free(order);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		order[i] =
			(struct weighed){ ms_json_u64(json_array_get(array, i), key), i };
	qsort(order, count, sizeof(*order), heaviest_first);
	for (size_t i = 0; i < count && i < limit; i++) {
		if (json_array_append(heaviest, json_array_get(array, order[i].index)) <
		    0) {
			json_decref(heaviest);
			heaviest = NULL;
			break;
		}
	}
	ms_free(order);
	return heaviest;
}
