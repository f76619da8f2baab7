/* SPDX-License-Identifier: Apache-2.0 */
/*
 * emit.h - writing an event into a thread's window.
 *
 * The fast form is what common/wire.h calls kinds 1 to 6: widths are found by counting
 * leading zeros, stores are eight bytes wide, and nothing branches on the data.
 */
#ifndef MS_EMIT_H
#define MS_EMIT_H

#include "common/event.h"
#include "common/varint.h"
#include "preload/window.h"

/* Width codes of a value: 0, 1, 2, 3 for 1, 2, 4, 8 bytes (time) and 1, 2, 3, 6
 * (address). */
static inline unsigned ms_emit_time_code(uint64_t v)
{
	return (v > 0xff) + (v > 0xffff) + (v > 0xffffffff);
}

static inline unsigned ms_emit_address_code(uint64_t v)
{
	return (v > 0xff) + (v > 0xffff) + (v > 0xffffff);
}

static inline uint8_t *ms_emit_wide(uint8_t *p, uint64_t v, unsigned bytes)
{
	memcpy(p, &v, 8);
	return p + bytes;
}

/* Ticks since the event before; a clock that went back on this thread gives 0, counted.
 */
static inline uint64_t ms_emit_delta(struct ms_thread *t, uint64_t ticks)
{
	if (MS_UNLIKELY(ticks < t->last_ticks)) {
		ms_lost(MS_LOST_CLOCK_BACKWARD, 1);
		return 0;
	}
	uint64_t delta = ticks - t->last_ticks;

	t->last_ticks = ticks;
	return delta;
}

/* Any event, in the extended form.  address 0: the call failed. */
void ms_emit_extended(struct ms_thread *t, enum ms_event_kind kind, uint64_t ticks,
		      uint64_t address, uint64_t size, unsigned align_log2,
		      uint32_t stack);

/*
 * An event of the kinds from MS_EVENT_FUTURE on.  Readers that do not know them
 * pass over them, so they move neither the time nor the address of the stream.
 */
struct ms_mapping {
	uint64_t address, length;
	const uint32_t *more; /* as common/wire.h has them for the kind */
	unsigned more_count;
};
MS_COLD void ms_emit_mapping(struct ms_thread *t, enum ms_event_kind kind, uint64_t ticks,
			     uint32_t stack, const struct ms_mapping *mapping);

/* tag: MS_TAG_MALLOC ... MS_TAG_REALLOC_BEGIN; address is a multiple of 16, not 0. */
static inline void ms_emit_short(struct ms_thread *t, enum ms_tag tag, bool sized,
				 uint64_t ticks, uint64_t address, uint64_t size,
				 uint32_t stack)
{
	uint8_t *p = t->p;
	uint64_t dt = ms_emit_delta(t, ticks);
	uint64_t da = ms_zigzag((int64_t)(address - t->last_address) >> 4);
	unsigned tc = ms_emit_time_code(dt), ac = ms_emit_address_code(da);

	*p++ = (uint8_t)(tag | tc << MS_TAG_TIME_SHIFT | ac << MS_TAG_ADDRESS_SHIFT |
			 (stack ? MS_TAG_STACK : 0));
	p = ms_emit_wide(p, dt, 1U << tc);
	p = ms_emit_wide(p, da, ac + 1 + 2 * (ac == 3));
	if (sized)
		p = ms_varint_put(p, size);
	if (stack)
		p = ms_varint_put(p, stack);
	t->last_address = address;
	t->p = p;
	ms_window_commit(t->header, (size_t)(p - t->body));
}

#endif
