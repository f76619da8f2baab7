/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plain_event.h - the inner loop of all that reads events: one event of a common form.
 *
 * Inlined into loops of different needs, each of which drops the fields that it does not
 * look at.  Whatever is rare, wrong or near the end of the bytes is left to ms_decode(),
 * so that there is one place that says what a fault is.
 */
#ifndef MS_PLAIN_EVENT_H
#define MS_PLAIN_EVENT_H

#include "analyzer/event_store/decode.h"
#include "common/varint.h"
#include "common/wire.h"

/* What a tag says of the bytes behind it, for tags of events that are not extended. */
struct ms_tag_shape {
	uint8_t address_at; /* from the tag; 0: not a plain event */
	uint8_t rest_at;    /* from the tag: behind the address */
	uint8_t kind, class;
	bool has_size;
};

extern const struct ms_tag_shape ms_tag_shapes[256];
extern const uint8_t ms_kind_classes[MS_EVENT_KIND_MAX];

static inline uint64_t ms_load64(const uint8_t *p)
{
	uint64_t value;

	memcpy(&value, p, 8);
	return value;
}

/* The bits of a field whose width has this code, among 8 bytes. */
static inline uint64_t ms_time_field(uint64_t raw, unsigned code)
{
	static const uint64_t masks[4] = { 0xff, 0xffff, 0xffffffff, UINT64_MAX };

	return raw & masks[code];
}

static inline uint64_t ms_address_field(uint64_t raw, unsigned code)
{
	static const uint64_t masks[4] = { 0xff, 0xffff, 0xffffff, 0xffffffffffff };

	return (uint64_t)ms_unzigzag(raw & masks[code]) << 4;
}

/*
 * ms_varint_get() where 9 bytes may be read.  The lengths that are usual are branches: a
 * guessed length does not make the next event wait for this one's bytes.
 */
static inline const uint8_t *ms_take_varint(const uint8_t *p, uint64_t *value)
{
	uint64_t raw = ms_load64(p);
	unsigned n;

	if (raw & 1) {
		*value = (raw & 0xff) >> 1;
		return p + 1;
	}
	if (raw & 2) {
		*value = (raw & 0xffff) >> 2;
		return p + 2;
	}
	n = (unsigned)__builtin_ctz((unsigned)(raw & 0xff) | 0x100u) + 1;
	if (__builtin_expect(n == 9, 0)) {
		*value = ms_load64(p + 1);
		return p + 9;
	}
	*value = raw << (64 - 8 * n) >> (64 - 7 * n);
	return p + n;
}

/* Where a run of plain events stands: ms_decoder's own state, kept in registers. */
struct ms_plain {
	uint64_t ticks, address;
};

/*
 * The event at p, where MS_EVENT_BYTES_MAX bytes may be read.  Returns past its end and
 * fills event's kind, class, address, size, stack and align_log2; or returns NULL, with
 * nothing changed but event: it is for ms_decode().
 */
static inline __attribute__((always_inline)) const uint8_t *
ms_take_plain(const uint8_t *p, struct ms_plain *state, struct ms_event *event)
{
	unsigned tag = *p, raw = 0, align = 0;
	const struct ms_tag_shape *shape = &ms_tag_shapes[tag];
	uint64_t ticks, address, size = 0, stack = 0;
	bool has_size = shape->has_size;

	event->kind = shape->kind;
	event->class = shape->class;
	if (shape->address_at) {
		ticks = ms_time_field(ms_load64(p + 1), tag >> MS_TAG_TIME_SHIFT & 3);
		address = ms_address_field(ms_load64(p + shape->address_at),
					   tag >> MS_TAG_ADDRESS_SHIFT & 3);
		p += shape->rest_at;
	} else {
		unsigned code = tag >> MS_TAG_TIME_SHIFT & 3, ext = p[1];

		event->kind = ext & MS_EXT_KIND;
		event->class = ms_kind_classes[event->kind];
		if ((tag & MS_TAG_KIND) != MS_TAG_EXTENDED ||
		    event->kind >= MS_EVENT_FUTURE || event->class == MS_CLASS_UNKNOWN)
			return NULL;
		raw = ext & MS_EXT_RAW;
		ticks = ms_time_field(ms_load64(p + 2), code);
		p += 2 + (1u << code);
		code = tag >> MS_TAG_ADDRESS_SHIFT & 3;
		address = raw ? ms_load64(p) : ms_address_field(ms_load64(p), code);
		p += raw ? 8 : code + 1 + 2 * (code == 3);
		if (ext & MS_EXT_ALIGN)
			align = *p++;
		has_size = event->class == MS_CLASS_ALLOC ||
			   event->class == MS_CLASS_REALLOC_END;
	}
	if (has_size)
		p = ms_take_varint(p, &size);
	if (tag & MS_TAG_STACK)
		p = ms_take_varint(p, &stack);
	if (__builtin_expect(__builtin_add_overflow(state->ticks, ticks, &ticks) ||
				     stack > UINT32_MAX || align > 63,
			     0))
		return NULL;
	state->ticks = ticks;
	event->address = raw ? address : state->address + address;
	if (!raw)
		state->address = event->address;
	event->size = size;
	event->stack = (uint32_t)stack;
	event->align_log2 = (uint8_t)align;
	return p;
}

#endif
