/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline_model.h - a heap over time as a list of every block that ever was: slow, and
 * plain to see.  For tests of what timeline says; it shares no code with heap.c.
 */
#ifndef MS_TEST_TIMELINE_MODEL_H
#define MS_TEST_TIMELINE_MODEL_H

#include "analyzer/event_store/event_store.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define TM_EVENTS  4096
#define TM_THREADS 8

enum tm_fate { TM_LIVES, TM_FREED, TM_MOVED, TM_OVERWRITTEN };

struct tm_block {
	struct ms_event made, ended;
	bool in_transit;
	enum tm_fate fate;
	size_t made_by, ended_by; /* which event, from 0 */
	uint64_t moved_from;
};

struct timeline_model {
	struct ms_event events[TM_EVENTS];
	bool failed[TM_EVENTS], unmatched[TM_EVENTS];
	size_t event_count;
	struct tm_block blocks[TM_EVENTS];
	size_t block_count;
	int transit[TM_THREADS][TM_EVENTS]; /* blocks, -1: unknown ones */
	uint64_t transit_address[TM_THREADS][TM_EVENTS];
	size_t depth[TM_THREADS];
};

static inline int tm_find(const struct timeline_model *m, uint64_t address)
{
	for (size_t i = m->block_count; address && i-- > 0;) {
		const struct tm_block *b = &m->blocks[i];

		if (b->fate == TM_LIVES && !b->in_transit && b->made.address == address)
			return (int)i;
	}
	return -1;
}

static inline void tm_end(struct timeline_model *m, int block, enum tm_fate fate,
			  size_t by)
{
	if (block < 0)
		return;
	m->blocks[block].fate = fate;
	m->blocks[block].ended = m->events[by];
	m->blocks[block].ended_by = by;
}

static inline void tm_begin(struct timeline_model *m, size_t by, uint64_t moved_from)
{
	tm_end(m, tm_find(m, m->events[by].address), TM_OVERWRITTEN, by);
	m->blocks[m->block_count++] = (struct tm_block){ .made = m->events[by],
							 .made_by = by,
							 .moved_from = moved_from };
}

/* The second half of a realloc. */
static inline void tm_realloc(struct timeline_model *m, size_t by, uint32_t thread)
{
	const struct ms_event *event = &m->events[by];
	bool paired = m->depth[thread] > 0;
	int old = paired ? m->transit[thread][--m->depth[thread]] : -1;
	uint64_t from = paired ? m->transit_address[thread][m->depth[thread]] : 0;

	if (old >= 0)
		m->blocks[old].in_transit = false;
	if (event->class == MS_CLASS_REALLOC_FREED) {
		m->unmatched[by] = old < 0;
		tm_end(m, old, TM_FREED, by);
	} else if (event->address) {
		m->unmatched[by] = old < 0;
		tm_end(m, old, TM_MOVED, by);
		tm_begin(m, by, from);
	} else {
		m->failed[by] = true;
		if (old >= 0) {
			m->blocks[old].in_transit = true;
			if (tm_find(m, m->blocks[old].made.address) >= 0)
				tm_end(m, old, TM_OVERWRITTEN, by);
			m->blocks[old].in_transit = false;
		}
	}
}

/* Events in log order, at most TM_EVENTS of threads below TM_THREADS. */
static inline void tm_apply(struct timeline_model *m, const struct ms_event *event)
{
	size_t by = m->event_count++;
	uint32_t t = event->thread;
	int there;

	m->events[by] = *event;
	switch (event->class) {
	case MS_CLASS_ALLOC:
		if (event->address)
			tm_begin(m, by, 0);
		else
			m->failed[by] = true;
		break;
	case MS_CLASS_FREE:
		there = tm_find(m, event->address);
		m->unmatched[by] = there < 0;
		tm_end(m, there, TM_FREED, by);
		break;
	case MS_CLASS_REALLOC_BEGIN:
		there = tm_find(m, event->address);
		if (there >= 0)
			m->blocks[there].in_transit = true;
		m->transit_address[t][m->depth[t]] = event->address;
		m->transit[t][m->depth[t]++] = there;
		break;
	default:
		tm_realloc(m, by, t);
	}
}

/* Does the block live after event number by? */
static inline bool tm_lives(const struct tm_block *block, size_t by)
{
	return block->made_by <= by && (block->fate == TM_LIVES || block->ended_by > by);
}

#endif
