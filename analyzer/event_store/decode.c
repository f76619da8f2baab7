/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode.c - the events and records of a window's body, one at a time.
 *
 * The hot half of every replay.  An event is decoded without bounds checks from bytes
 * that are known to be there; the last few bytes of a body are first copied into a padded
 * buffer, so that one decoder serves both and a cut-off event is seen by its length.
 */
#include "analyzer/event_store/plain_event.h"
#include "common/bytes.h"

/* tag, kind, time, address, alignment, size, stack; each load may touch 8 bytes. */
#define LONGEST_EVENT (1 + 1 + 8 + 8 + 1 + MS_VARINT_MAX + MS_VARINT_MAX)
static_assert(LONGEST_EVENT + 8 <= MS_EVENT_BYTES_MAX, "loads stay within the margin");

static const uint8_t tag_kind[8] = {
	[MS_TAG_MALLOC] = MS_EVENT_MALLOC,
	[MS_TAG_FREE] = MS_EVENT_FREE,
	[MS_TAG_CALLOC] = MS_EVENT_CALLOC,
	[MS_TAG_NEW] = MS_EVENT_NEW,
	[MS_TAG_DELETE] = MS_EVENT_DELETE,
	[MS_TAG_REALLOC_BEGIN] = MS_EVENT_REALLOC_BEGIN,
};

const uint8_t ms_kind_classes[MS_EVENT_KIND_MAX] = {
#define X(id, value, class, name, form) [value] = MS_CLASS_##class,
	MS_EVENT_KINDS(X)
#undef X
};

/*
 * The event at p, where MS_EVENT_BYTES_MAX bytes may be read.  Returns past its end, and
 * sets d->fault when it cannot be; d's state changes only by a right one.
 */
static inline const uint8_t *take_event(const uint8_t *p, struct ms_decoder *d,
					struct ms_event *event)
{
	unsigned tag = *p++, time = tag >> MS_TAG_TIME_SHIFT & 3;
	unsigned width = tag >> MS_TAG_ADDRESS_SHIFT & 3, ext = 0;
	unsigned kind = tag_kind[tag & MS_TAG_KIND];
	uint64_t ticks, address, size = 0, stack = 0, align = 0;

	if ((tag & MS_TAG_KIND) == MS_TAG_EXTENDED) {
		ext = *p++;
		kind = ext & MS_EXT_KIND;
	}
	event->kind = (uint8_t)kind;
	event->class = ms_kind_classes[kind];
	if (__builtin_expect(__builtin_add_overflow(
				     d->ticks, ms_time_field(ms_load64(p), time), &ticks),
			     0))
		d->fault = "its time overflows";
	p += 1u << time;
	if (ext & MS_EXT_RAW) {
		address = ms_load64(p);
		p += 8;
	} else {
		address = d->address + ms_address_field(ms_load64(p), width);
		p += width + 1 + 2 * (width == 3);
	}
	if (ext & MS_EXT_ALIGN)
		align = *p++;
	if (event->class == MS_CLASS_ALLOC || event->class == MS_CLASS_REALLOC_END)
		p = ms_take_varint(p, &size);
	if (tag & MS_TAG_STACK)
		p = ms_take_varint(p, &stack);
	if (__builtin_expect(align > 63, 0))
		d->fault = "its alignment is no power of two";
	if (__builtin_expect(stack > UINT32_MAX, 0))
		d->fault = "its stack id is too large";
	if (__builtin_expect(event->class == MS_CLASS_UNKNOWN, 0))
		d->fault = "an event of unknown kind";
	if (__builtin_expect(d->fault != NULL, 0))
		return p;
	d->ticks = ticks;
	if (!(ext & MS_EXT_RAW))
		d->address = address;
	event->at_ns = ticks < d->floor ? d->floor : ticks;
	event->address = address;
	event->size = size;
	event->stack = (uint32_t)stack;
	event->align_log2 = (uint8_t)align;
	event->detail = 0;
	event->flags = 0;
	return p;
}

static enum ms_decoded fault(struct ms_decoder *d, const char *what)
{
	d->fault = what;
	return MS_DECODED_FAULT;
}

/* One of the last events: fewer than MS_EVENT_BYTES_MAX bytes are left. */
static __attribute__((noinline)) enum ms_decoded decode_last(struct ms_decoder *d,
							     struct ms_event *event)
{
	uint8_t padded[2 * MS_EVENT_BYTES_MAX] = { 0 };
	size_t left = (size_t)(d->end - d->p), used;
	struct ms_decoder state = *d;

	memcpy(padded, d->p, left);
	used = (size_t)(take_event(padded, &state, event) - padded);
	if (used > left)
		return fault(d, "an event is cut off");
	if (state.fault)
		return fault(d, state.fault);
	*d = state;
	d->p += used;
	return MS_DECODED_EVENT;
}

/* A varint length at p and that many bytes; false: they are not all there. */
static bool take_payload(struct ms_decoder *d, const uint8_t *p)
{
	uint64_t len_bytes;

	p = ms_varint_get(p, d->end, &len_bytes);
	if (!p || len_bytes > (uint64_t)(d->end - p))
		return false;
	d->payload = p;
	d->payload_bytes = (size_t)len_bytes;
	d->p = p + len_bytes;
	return true;
}

static enum ms_decoded decode_record(struct ms_decoder *d)
{
	unsigned type = *d->p >> 3;

	if (!type)
		return fault(d, "a zero byte where an event or record begins");
	if (!take_payload(d, d->p + 1))
		return fault(d, "a record is longer than what is left");
	d->type = type;
	return MS_DECODED_RECORD;
}

/* What follows the length that the fields of a kind's class have. */
static void take_details(struct ms_bytes *payload, struct ms_event *event)
{
	if (event->class == MS_CLASS_MAP || event->class == MS_CLASS_BREAK)
		event->detail = (uint8_t)ms_bytes_varint(payload);
	if (event->class == MS_CLASS_MAP || event->class == MS_CLASS_REMAP_END)
		event->flags = (uint32_t)ms_bytes_varint(payload);
}

/*
 * The event whose payload was taken, of a known kind.  Its time counts from d->ticks and
 * leaves that as it is: for readers that do not know the kind, it is not there.
 */
static enum ms_decoded decode_mapping(struct ms_decoder *d, unsigned kind,
				      struct ms_event *event)
{
	struct ms_bytes payload = ms_bytes(d->payload, d->payload_bytes);
	uint64_t ticks = ms_bytes_varint(&payload), stack = ms_bytes_varint(&payload);

	*event = (struct ms_event){ .thread = event->thread,
				    .kind = (uint8_t)kind,
				    .class = ms_kind_classes[kind] };
	event->address = ms_bytes_varint(&payload);
	event->size = ms_bytes_varint(&payload);
	take_details(&payload, event);
	if (__builtin_add_overflow(d->ticks, ticks, &ticks))
		d->fault = "its time overflows";
	if (stack > UINT32_MAX)
		d->fault = "its stack id is too large";
	if (payload.bad)
		d->fault = "a mapping's event is too short";
	if (d->fault)
		return MS_DECODED_FAULT;
	d->floor = ticks > d->floor ? ticks : d->floor;
	event->at_ns = d->floor;
	event->stack = (uint32_t)stack;
	return MS_DECODED_EVENT;
}

static bool is_future(const struct ms_decoder *d)
{
	return (*d->p & MS_TAG_KIND) == MS_TAG_EXTENDED && d->end - d->p > 1 &&
	       (d->p[1] & MS_EXT_KIND) >= MS_EVENT_FUTURE;
}

enum ms_decoded ms_decode(struct ms_decoder *d, struct ms_event *event)
{
	const uint8_t *next, *start;

	for (;;) {
		if (d->p >= d->end)
			return MS_DECODED_END;
		if ((*d->p & MS_TAG_KIND) == MS_TAG_RECORD)
			return decode_record(d);
		if (!is_future(d))
			break;
		start = d->p;
		if (!take_payload(d, start + 2))
			return fault(d, "an event is longer than what is left");
		if (ms_kind_classes[start[1] & MS_EXT_KIND] == MS_CLASS_UNKNOWN)
			continue;
		if (decode_mapping(d, start[1] & MS_EXT_KIND, event) == MS_DECODED_EVENT)
			return MS_DECODED_EVENT;
		d->p = start;
		return MS_DECODED_FAULT;
	}
	if (d->end - d->p < MS_EVENT_BYTES_MAX)
		return decode_last(d, event);
	next = take_event(d->p, d, event);
	if (__builtin_expect(d->fault != NULL, 0))
		return MS_DECODED_FAULT;
	d->p = next;
	return MS_DECODED_EVENT;
}

bool ms_decode_thread(struct ms_decoder *d, uint32_t *thread)
{
	struct ms_bytes payload = ms_bytes(d->payload, d->payload_bytes);
	uint64_t id = ms_bytes_varint(&payload), ticks = ms_bytes_varint(&payload);

	if (payload.bad || id == 0 || id > UINT32_MAX) {
		d->fault = "a thread record is malformed";
		return false;
	}
	*thread = (uint32_t)id;
	d->ticks = ticks;
	d->address = 0;
	d->floor = 0;
	return true;
}
