/* SPDX-License-Identifier: Apache-2.0 */
/*
 * emit.c - the extended form of an event: rare kinds, odd addresses, failures,
 * alignments.
 */
#include "preload/emit.h"

static bool makes_block(enum ms_event_kind kind)
{
	return kind <= MS_EVENT_NEW_ARRAY_ALIGNED_NOTHROW ||
	       kind == MS_EVENT_REALLOC_END || kind == MS_EVENT_REALLOCARRAY_END;
}

void ms_emit_extended(struct ms_thread *t, enum ms_event_kind kind, uint64_t ticks,
		      uint64_t address, uint64_t size, unsigned align_log2,
		      uint32_t stack)
{
	uint8_t *p = t->p;
	bool raw = !address || address % 16;
	uint64_t dt = ms_emit_delta(t, ticks);
	uint64_t da = ms_zigzag((int64_t)(address - t->last_address) >> 4);
	unsigned tc = ms_emit_time_code(dt), ac = raw ? 0 : ms_emit_address_code(da);

	*p++ = (uint8_t)(MS_TAG_EXTENDED | tc << MS_TAG_TIME_SHIFT |
			 ac << MS_TAG_ADDRESS_SHIFT | (stack ? MS_TAG_STACK : 0));
	*p++ = (uint8_t)(kind | (raw ? MS_EXT_RAW : 0) | (align_log2 ? MS_EXT_ALIGN : 0));
	p = ms_emit_wide(p, dt, 1U << tc);
	p = raw ? ms_emit_wide(p, address, 8)
		: ms_emit_wide(p, da, ac + 1 + 2 * (ac == 3));
	if (align_log2)
		*p++ = (uint8_t)align_log2;
	if (makes_block(kind))
		p = ms_varint_put(p, size);
	if (stack)
		p = ms_varint_put(p, stack);
	if (!raw)
		t->last_address = address;
	t->p = p;
	ms_window_commit(t->header, (size_t)(p - t->body));
}

void ms_emit_mapping(struct ms_thread *t, enum ms_event_kind kind, uint64_t ticks,
		     uint32_t stack, const struct ms_mapping *m)
{
	uint8_t payload[MS_EVENT_BYTES_MAX + MS_VARINT_MAX], *p = payload;
	uint64_t dt = ticks > t->last_ticks ? ticks - t->last_ticks : 0;
	size_t bytes;

	if (MS_UNLIKELY(ticks < t->last_ticks))
		ms_lost(MS_LOST_CLOCK_BACKWARD, 1);
	p = ms_varint_put(p, dt);
	p = ms_varint_put(p, stack);
	p = ms_varint_put(p, m->address);
	p = ms_varint_put(p, m->length);
	for (unsigned i = 0; i < m->more_count; i++)
		p = ms_varint_put(p, m->more[i]);
	bytes = (size_t)(p - payload);
	p = t->p;
	*p++ = MS_TAG_EXTENDED;
	*p++ = (uint8_t)kind;
	p = ms_varint_put(p, bytes);
	memcpy(p, payload, bytes);
	t->p = p + bytes;
	ms_window_commit(t->header, (size_t)(t->p - t->body));
}
