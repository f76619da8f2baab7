/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv.c - rows and documents as CSV: the quoting of RFC 4180, lines that end in LF.
 *
 * A text is printed as it is, quoted where the format asks for it; nothing else is
 * changed, so that a program reads back what was there.
 */
#include "analyzer/render/parts.h"
#include "analyzer/base/alloc.h"
#include "analyzer/base/strbuf.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void ms_write_csv_field(struct ms_writer *writer, const char *text)
{
	if (!text[strcspn(text, ",\"\r\n")]) {
		ms_write_text(writer, text);
		return;
	}
	ms_write_text(writer, "\"");
	for (const char *quote; (quote = strchr(text, '"')); text = quote + 1) {
		ms_write(writer, text, (size_t)(quote - text));
		ms_write_text(writer, "\"\"");
	}
	ms_write_text(writer, text);
	ms_write_text(writer, "\"");
}

static void write_value(struct ms_writer *writer, enum ms_type type,
			const struct ms_value *value)
{
	if (value->absent)
		return;
	if (type == MS_TYPE_TEXT)
		ms_write_csv_field(writer, value->text);
	else if (type == MS_TYPE_ADDRESS)
		ms_writef(writer, "0x%" PRIx64, value->number);
	else if (type == MS_TYPE_SHARE)
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
