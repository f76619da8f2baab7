/* SPDX-License-Identifier: Apache-2.0 */
/*
 * payload.h - composing the payload of a meta record, in the window that it stays in:
 * a thread's stack may be too small for a copy.
 */
#ifndef MS_PAYLOAD_H
#define MS_PAYLOAD_H

#include "common/varint.h"
#include "preload/window.h"

#define MS_PAYLOAD_SMALL 512 /* enough for numbers, names and build-ids */

struct ms_payload {
	struct ms_window *window; /* held meanwhile; NULL: no room in the log */
	uint8_t *start, *p, *end;
	uint64_t held; /* signals */
};

/* Room for a payload of bytes, at most MS_META_BYTES_MAX. */
static inline void ms_payload_begin_sized(struct ms_payload *l, size_t bytes)
{
	if (bytes > MS_META_BYTES_MAX)
		bytes = MS_META_BYTES_MAX;
	l->window = ms_meta_take(bytes, &l->held);
	l->start = l->p = l->window ? ms_meta_place(l->window) : NULL;
	l->end = l->window ? l->p + bytes : NULL;
}

static inline void ms_payload_begin(struct ms_payload *l)
{
	ms_payload_begin_sized(l, MS_PAYLOAD_SMALL);
}

static inline void ms_payload_number(struct ms_payload *l, uint64_t value)
{
	if (l->end - l->p >= MS_VARINT_MAX)
		l->p = ms_varint_put(l->p, value);
}

/* What does not fit is cut off. */
static inline void ms_payload_bytes(struct ms_payload *l, const void *data, size_t n)
{
	size_t room = (size_t)(l->end - l->p);

	if (n > room)
		n = room;
	if (n)
		memcpy(l->p, data, n);
	l->p += n;
}

static inline void ms_payload_text(struct ms_payload *l, const char *text)
{
	ms_payload_bytes(l, text, strlen(text));
}

static inline void ms_payload_put(struct ms_payload *l, enum ms_record type)
{
	if (l->window)
		ms_meta_give(l->window, type, (size_t)(l->p - l->start), l->held);
}

#endif
