/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_out.c - JSON as it is written, without a document between.
 */
#include "analyzer/render/report_out.h"
#include "analyzer/base/escape.h"
#include "analyzer/render/parts.h"

#include <string.h>

/* --- values ---------------------------------------------------------------------------
 */

void ms_out(struct ms_out *out, const char *text)
{
	ms_write_text(out->writer, text);
}

void ms_out_u64(struct ms_out *out, uint64_t value)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	ms_write(out->writer, digits + at, sizeof(digits) - at);
}

void ms_out_i64(struct ms_out *out, int64_t value)
{
	if (value < 0)
		ms_out(out, "-");
	ms_out_u64(out, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

/* A character of a string; text is what stands there. */
static void put_character(struct ms_out *out, const char *text, size_t bytes,
			  uint32_t code)
{
	if (code == UINT32_MAX)
		ms_writef(out->writer, "\\\\x%02x", (unsigned char)*text);
	else if (code < 0x20 || code == 0x7f)
		ms_writef(out->writer, "\\u%04x", (unsigned)code);
	else if (code == '"' || code == '\\')
		ms_writef(out->writer, "\\%c", *text);
	else
		ms_write(out->writer, text, bytes);
}

/* As ms_json_text() has it, and no longer than limits say.  NULL: null. */
void ms_out_text(struct ms_out *out, const char *text)
{
	size_t len = text ? strlen(text) : 0, step;
	bool cut = len > out->text_bytes;

	if (!text) {
		ms_out(out, "null");
		return;
	}
	ms_out(out, "\"");
	for (size_t i = 0; i < (cut ? out->text_bytes : len); i += step) {
		uint32_t code;

		step = ms_utf8_next(text + i, len - i, &code);
		put_character(out, text + i, step, code);
	}
	ms_out(out, cut ? "...\"" : "\"");
}

void ms_out_key(struct ms_out *out, const char *key)
{
	ms_out(out, ",\"");
	ms_out(out, key);
	ms_out(out, "\":");
}

/* --- documents ------------------------------------------------------------------------
 */

static void put_array(struct ms_out *out, const json_t *array)
{
	size_t count = json_array_size(array), limit = out->items;

	ms_out(out, "[");
	for (size_t i = 0; i < count && i < limit; i++) {
		ms_out(out, i ? "," : "");
		ms_out_value(out, json_array_get(array, i));
	}
	ms_out(out, "]");
	out->cut_items += count > limit ? count - limit : 0;
}

static void put_object(struct ms_out *out, const json_t *object)
{
	const char *key, *before = "";
	json_t *value;

	ms_out(out, "{");
	json_object_foreach ((json_t *)(uintptr_t)object, key, value) {
		ms_out(out, before);
		ms_out_text(out, key);
		ms_out(out, ":");
		ms_out_value(out, value);
		before = ",";
	}
	ms_out(out, "}");
}

/* Documents are as deep as those who compose them are: some levels. */
void ms_out_value(struct ms_out *out, const json_t *value)
{
	char buffer[MS_VALUE_BYTES];
	const char *real;

	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_OBJECT:
		put_object(out, value);
		return;
	case JSON_ARRAY:
		put_array(out, value);
		return;
	case JSON_STRING:
		ms_out_text(out, json_string_value(value));
		return;
	case JSON_INTEGER:
		ms_out_i64(out, json_integer_value(value));
		return;
	case JSON_REAL:
		real = ms_real_text(buffer, json_real_value(value));
		ms_out(out, real ? real : "null");
		return;
	default:
		ms_out(out, json_is_true(value)	   ? "true"
			    : json_is_false(value) ? "false"
						   : "null");
	}
}

void ms_out_document(struct ms_out *out, const char *key, const json_t *document)
{
	ms_out_key(out, key);
	ms_out_value(out, document);
}

/* --- columns --------------------------------------------------------------------------
 */

void ms_out_column(struct ms_out *out, const char *before, const char *key,
		   ms_out_fn *put_one, const void *context, size_t count)
{
	ms_out(out, before);
	ms_out(out, "\"");
	ms_out(out, key);
	ms_out(out, "\":[");
	for (size_t i = 0; i < count; i++) {
		if (i)
			ms_out(out, ",");
		put_one(out, context, i);
	}
	ms_out(out, "]");
}

void ms_out_nothing(struct ms_out *out, const char *before, const char *key)
{
	ms_out(out, before);
	ms_out(out, "\"");
	ms_out(out, key);
	ms_out(out, "\":null");
}
