/* SPDX-License-Identifier: Apache-2.0 */
/*
 * payload.h - composing the payload of a meta record.
 */
#ifndef MS_PAYLOAD_H
#define MS_PAYLOAD_H

#include "common/varint.h"
#include "preload/window.h"

struct ms_payload {
	uint8_t *p;
	uint8_t bytes[MS_META_BYTES_MAX + MS_VARINT_MAX];
};

static inline void ms_payload_begin(struct ms_payload *l)
{
	l->p = l->bytes;
}

static inline void ms_payload_number(struct ms_payload *l, uint64_t value)
{
	if (l->p < l->bytes + MS_META_BYTES_MAX - MS_VARINT_MAX)
		l->p = ms_varint_put(l->p, value);
}

/* What does not fit is cut off. */
static inline void ms_payload_bytes(struct ms_payload *l, const void *data, size_t n)
{
	size_t room = (size_t)(l->bytes + MS_META_BYTES_MAX - l->p);

	if (n > room)
		n = room;
	memcpy(l->p, data, n);
	l->p += n;
}

static inline void ms_payload_text(struct ms_payload *l, const char *text)
{
	ms_payload_bytes(l, text, strlen(text));
}

static inline void ms_payload_put(struct ms_payload *l, enum ms_record type)
{
	ms_meta_put(type, l->bytes, (size_t)(l->p - l->bytes));
}

#endif
