/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf.c - writing protocol buffers.
 */
#include "analyzer/render/protobuf.h"
#include "analyzer/base/escape.h"

#include <string.h>

enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };

void ms_pb_varint(struct ms_strbuf *message, uint64_t number)
{
	char bytes[10];
	size_t n = 0;

	for (; number >= 0x80; number >>= 7)
		bytes[n++] = (char)(number | 0x80);
	bytes[n++] = (char)number;
	ms_strbuf_add(message, bytes, n);
}

void ms_pb_number(struct ms_strbuf *message, unsigned field, uint64_t number)
{
	ms_pb_varint(message, (uint64_t)field << 3 | WIRE_VARINT);
	ms_pb_varint(message, number);
}

void ms_pb_nonzero(struct ms_strbuf *message, unsigned field, uint64_t number)
{
	if (number)
		ms_pb_number(message, field, number);
}

void ms_pb_bytes(struct ms_strbuf *message, unsigned field, const void *bytes,
		 size_t len_bytes)
{
	ms_pb_varint(message, (uint64_t)field << 3 | WIRE_BYTES);
	ms_pb_varint(message, len_bytes);
	ms_strbuf_add(message, bytes, len_bytes);
}

void ms_pb_text(struct ms_strbuf *message, unsigned field, const char *text)
{
	size_t len = strlen(text), step;
	struct ms_strbuf clean;

	ms_strbuf_init(&clean);
	for (size_t i = 0; i < len; i += step) {
		uint32_t code;

		step = ms_utf8_next(text + i, len - i, &code);
		if (code == UINT32_MAX)
			ms_strbuf_appendf(&clean, "\\x%02x", (unsigned char)text[i]);
		else
			ms_strbuf_add(&clean, text + i, step);
	}
	ms_pb_message(message, field, &clean);
	ms_strbuf_release(&clean);
}

void ms_pb_message(struct ms_strbuf *message, unsigned field,
		   const struct ms_strbuf *inner)
{
	message->failed |= inner->failed;
	ms_pb_bytes(message, field, ms_strbuf_text(inner), inner->len);
}
