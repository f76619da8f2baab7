/* SPDX-License-Identifier: Apache-2.0 */
/*
 * map_builder.h - builds the pointer map of a log that a test builds.
 */
#ifndef MS_TEST_MAP_BUILDER_H
#define MS_TEST_MAP_BUILDER_H

#include "tests/unit/log_builder.h"

struct map_builder { /* the body of a POINTERS window while it is written */
	uint8_t bytes[4000], *p;
	uint64_t address, pointer, table, words;
};

static inline void mb_begin(struct map_builder *m)
{
	memset(m, 0, sizeof(*m));
	m->p = m->bytes;
}

static inline void mb_number(struct map_builder *m, uint64_t value)
{
	m->p = ms_varint_put(m->p, value);
}

static inline void mb_word(struct map_builder *m, enum ms_map_item kind, uint64_t address,
			   uint64_t value)
{
	uint64_t *last = kind == MS_ITEM_VTABLE ? &m->table : &m->pointer;

	mb_number(m, ms_zigzag((int64_t)(address - m->address) / 8) << 3 | kind);
	m->address = address;
	if (kind == MS_ITEM_NUMBER) {
		mb_number(m, value);
	} else {
		mb_number(m, ms_zigzag((int64_t)(value - *last)));
		*last = value;
	}
	m->words++;
}

static inline void mb_point(struct map_builder *m, uint64_t address, uint64_t value)
{
	mb_word(m, MS_ITEM_POINTER, address, value);
}

static inline void mb_region(struct map_builder *m, enum ms_region kind, uint64_t start,
			     uint64_t bytes, unsigned flags)
{
	mb_number(m, (uint64_t)kind << 3 | MS_ITEM_REGION);
	mb_number(m, start);
	mb_number(m, bytes);
	mb_number(m, 1);
	mb_number(m, flags);
}

static inline void mb_end(struct map_builder *m)
{
	mb_number(m, m->words << 3 | MS_ITEM_END);
}

static inline void mb_add(struct log_builder *lb, const struct map_builder *m,
			  uint32_t map)
{
	size_t window = lb_open(lb, MS_WINDOW_POINTERS, map, 0);

	if (!lb_append(lb, window, m->bytes, (size_t)(m->p - m->bytes)))
		lb_die("window_bytes is too small");
	lb_seal(lb, window);
}

static inline void mb_told(struct log_builder *lb, uint32_t map, uint64_t ticks,
			   enum ms_map_state state)
{
	lb_record_of(lb, MS_RECORD_POINTERS,
		     LB_NUMBERS(map, ticks, MS_MAP_EXIT, state, 0, 1000, 4096, 1), NULL);
}

#endif
