/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.c - documents and rows as JSON, and the values that documents are made of.
 *
 * jansson refuses strings that are no UTF-8; names in a log may hold any bytes.
 */
#include "analyzer/render/parts.h"
#include "analyzer/base/escape.h"
#include "analyzer/base/strbuf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

json_t *ms_json_text(const char *text)
{
	struct ms_strbuf clean;
	size_t len = text ? strlen(text) : 0, step;
	json_t *value;

	if (!text)
		return json_null();
	ms_strbuf_init(&clean);
	for (size_t i = 0; i < len; i += step) {
		uint32_t code;

		step = ms_utf8_next(text + i, len - i, &code);
		if (code == UINT32_MAX)
			ms_strbuf_appendf(&clean, "\\x%02x", (unsigned char)text[i]);
		else
			ms_strbuf_add(&clean, text + i, step);
	}
	value = clean.failed ? NULL : json_string(ms_strbuf_text(&clean));
	ms_strbuf_release(&clean);
	return value;
}

json_t *ms_json_number(uint64_t number)
{
	if (number > INT64_MAX)
		return json_real((double)number);
	return json_integer((json_int_t)number);
}

uint64_t ms_json_u64(const json_t *object, const char *key)
{
	return ms_json_as_u64(json_object_get(object, key));
}

uint64_t ms_json_as_u64(const json_t *value)
{
	if (json_is_integer(value))
		return (uint64_t)json_integer_value(value);
	/* Only sums that wrap or a forged size come here; 2^64 itself does not fit. */
	if (json_is_real(value) && json_real_value(value) < 18446744073709551615.0)
		return (uint64_t)json_real_value(value);
	return json_is_real(value) ? UINT64_MAX : 0;
}

const char *ms_json_string(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static int dump_piece(const char *data, size_t bytes, void *context)
{
	ms_write(context, data, bytes);
	return 0;
}

ms_status ms_render_json(struct ms_writer *writer, const json_t *document,
			 struct ms_error *err)
{
	/* The callback never fails, so only memory can be missing. */
	if (json_dump_callback(document, dump_piece, writer,
			       JSON_INDENT(1) | JSON_ENCODE_ANY) < 0)
		return ms_fail_memory(err);
	ms_write_text(writer, "\n");
	return MS_OK;
}

int ms_write_json(struct ms_writer *writer, const json_t *value)
{
	return json_dump_callback(value, dump_piece, writer, JSON_ENCODE_ANY);
}

ms_status ms_write_json_text(struct ms_writer *writer, const char *text,
			     struct ms_error *err)
{
	json_t *value = ms_json_text(text);
	int failed = !value || ms_write_json(writer, value) < 0;

	json_decref(value);
	return failed ? ms_fail_memory(err) : MS_OK;
}

static ms_status write_value(struct ms_writer *writer, enum ms_type type,
			     const struct ms_value *value, struct ms_error *err)
{
	char buffer[MS_VALUE_BYTES];
	const char *real;

	type = ms_value_type(type, value);
	if (value->absent)
		ms_write_text(writer, "null");
	else if (type == MS_TYPE_TEXT)
		return ms_write_json_text(writer, value->text, err);
	else if (type == MS_TYPE_ADDRESS)
		ms_writef(writer, "\"0x%" PRIx64 "\"", value->number);
	else if (type == MS_TYPE_SIGNED)
		ms_writef(writer, "%" PRId64, (int64_t)value->number);
	else if (type == MS_TYPE_REAL) {
		real = ms_real_text(buffer, value->real);
		ms_write_text(writer, real ? real : "null");
	} else if (type == MS_TYPE_SHARE)
		ms_writef(writer, "%" PRIu64 ".%02u", value->number / 100,
			  (unsigned)(value->number % 100));
	else
		ms_writef(writer, "%" PRIu64, value->number);
	return MS_OK;
}

static ms_status write_row(struct ms_writer *writer, const struct ms_rows *rows,
			   const struct ms_value *values, struct ms_error *err)
{
	ms_status status = MS_OK;

	for (size_t i = 0; status == MS_OK && i < rows->column_count; i++) {
		ms_write_text(writer, i ? ", " : "{");
		status = ms_write_json_text(writer, rows->columns[i].name, err);
		ms_write_text(writer, ": ");
		if (status == MS_OK)
			status = write_value(writer, rows->columns[i].type, &values[i],
					     err);
	}
	ms_write_text(writer, "}");
	return status;
}

ms_status ms_render_json_rows(struct ms_writer *writer, struct ms_rows *rows,
			      struct ms_value *values, struct ms_error *err)
{
	const char *before = "[\n";
	ms_status status = MS_OK;
	bool more = true;

	while (status == MS_OK && !writer->failure) {
		status = rows->next(rows, values, &more, err);
		if (status != MS_OK || !more)
			break;
		ms_write_text(writer, before);
		status = write_row(writer, rows, values, err);
		before = ",\n";
	}
	ms_write_text(writer, *before == '[' ? "[]" : "\n]");
	return status;
}
