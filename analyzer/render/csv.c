/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv.c - rows and documents as CSV: the quoting of RFC 4180, lines that end in LF.
 *
 * The output is always UTF-8, and may be looked at on a terminal: other bytes and control
 * characters are escaped as in text.  Who needs a hostile name exactly takes JSON.
 */
#include "analyzer/render/parts.h"
#include "analyzer/base/escape.h"
#include "analyzer/base/strbuf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Line ends and tabs may stand in a quoted field; what a terminal would obey may not. */
static void write_character(struct ms_writer *writer, const char *text, size_t bytes)
{
	char out[32];

	if (*text == '"')
		ms_write_text(writer, "\"\"");
	else if (*text == '\n' || *text == '\t')
		ms_write(writer, text, 1);
	else
		ms_write(writer, out, ms_escape(out, sizeof(out), text, bytes));
}

void ms_write_csv_field(struct ms_writer *writer, const char *text)
{
	size_t len = strlen(text), step;
	bool quoted = text[strcspn(text, ",\"\n")] != 0;
	uint32_t code;

	ms_write_text(writer, quoted ? "\"" : "");
	for (size_t i = 0; i < len; i += step) {
		step = ms_utf8_next(text + i, len - i, &code);
		write_character(writer, text + i, step);
	}
	ms_write_text(writer, quoted ? "\"" : "");
}

static void write_value(struct ms_writer *writer, enum ms_type type,
			const struct ms_value *value)
{
	char buffer[MS_VALUE_BYTES];
	const char *real;

	if (value->absent)
		return;
	type = ms_value_type(type, value);
	if (type == MS_TYPE_TEXT)
		ms_write_csv_field(writer, value->text);
	else if (type == MS_TYPE_ADDRESS)
		ms_writef(writer, "0x%" PRIx64, value->number);
	else if (type == MS_TYPE_SIGNED)
		ms_writef(writer, "%" PRId64, (int64_t)value->number);
	else if (type == MS_TYPE_REAL) {
		real = ms_real_text(buffer, value->real);
		ms_write_text(writer, real ? real : "");
	} else if (type == MS_TYPE_SHARE)
		ms_writef(writer, "%" PRIu64 ".%02u", value->number / 100,
			  (unsigned)(value->number % 100));
	else
		ms_writef(writer, "%" PRIu64, value->number);
}

ms_status ms_render_csv_rows(struct ms_writer *writer, struct ms_rows *rows,
			     struct ms_value *values, struct ms_error *err)
{
	ms_status status = MS_OK;
	bool more = true;

	for (size_t i = 0; i < rows->column_count; i++) {
		ms_write_text(writer, i ? "," : "");
		ms_write_csv_field(writer, rows->columns[i].name);
	}
	ms_write_text(writer, "\n");
	while (!writer->failure) {
		status = rows->next(rows, values, &more, err);
		if (status != MS_OK || !more)
			break;
		for (size_t i = 0; i < rows->column_count; i++) {
			ms_write_text(writer, i ? "," : "");
			write_value(writer, rows->columns[i].type, &values[i]);
		}
		ms_write_text(writer, "\n");
	}
	return status;
}

/* --- documents ------------------------------------------------------------------------
 */

static bool flat_scalar(struct ms_writer *writer, const struct ms_strbuf *key,
			const json_t *value)
{
	bool failed = false;

	ms_write_csv_field(writer, ms_strbuf_text(key));
	ms_write_text(writer, ",");
	if (json_is_string(value))
		ms_write_csv_field(writer, json_string_value(value));
	else if (!json_is_null(value))
		failed = ms_write_json(writer, value) < 0;
	ms_write_text(writer, "\n");
	return failed;
}

/* Recursion is as deep as the facade's documents, which no log can change. */
static void flat_value(struct ms_writer *writer, struct ms_strbuf *key,
		       const json_t *value)
{
	size_t len = key->len, index;
	const char *name;
	json_t *member;

	if (json_is_object(value)) {
		json_object_foreach ((json_t *)value, name, member) {
			ms_strbuf_appendf(key, "%s%s", len ? "." : "", name);
			flat_value(writer, key, member);
			ms_strbuf_truncate(key, len);
		}
	} else if (json_is_array(value)) {
		json_array_foreach (value, index, member) {
			ms_strbuf_appendf(key, "[%zu]", index);
			flat_value(writer, key, member);
			ms_strbuf_truncate(key, len);
		}
	} else {
		key->failed |= flat_scalar(writer, key, value);
	}
}

ms_status ms_render_flat_csv(struct ms_writer *writer, const json_t *document,
			     struct ms_error *err)
{
	struct ms_strbuf key;
	bool failed;

	ms_strbuf_init(&key);
	ms_write_text(writer, "key,value\n");
	flat_value(writer, &key, document);
	failed = key.failed;
	ms_strbuf_release(&key);
	return failed ? ms_fail_memory(err) : MS_OK;
}
