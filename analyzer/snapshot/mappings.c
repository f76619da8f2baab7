/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mappings.c - memory that the program took from the kernel itself.
 *
 * A set of pages: what is mapped over others counts once, and what is given up counts as
 * far as it was there, so that a partial munmap, a MAP_FIXED and a munmap of what libc
 * mapped all come out right.
 */
#include "analyzer/snapshot/snapshot.h"
#include "analyzer/snapshot/intervals.h"
#include "analyzer/base/alloc.h"

#define PAGE_BITS      12 /* of x86-64, the one machine that logs come from */
#define HUGE_PAGE_BITS 21 /* the default of MAP_HUGETLB */
#define HUGETLB	       0x40000
#define HUGE_SHIFT     26

struct ms_mappings {
	struct ms_intervals set;
	struct ms_mapping_totals totals;
};

ms_status ms_mappings_new(struct ms_mappings **out, struct ms_error *err)
{
	*out = ms_alloc_zero(1, sizeof(**out));
	if (!*out)
		return ms_fail_memory(err);
	ms_intervals_init(&(*out)->set);
	return MS_OK;
}

void ms_mappings_free(struct ms_mappings *mappings)
{
	if (!mappings)
		return;
	ms_intervals_release(&mappings->set);
	ms_free(mappings);
}

const struct ms_mapping_totals *ms_mappings_totals(const struct ms_mappings *mappings)
{
	return &mappings->totals;
}

/* The kernel maps whole pages.  MAP_HUGETLB has the size of its own in the flags. */
static unsigned page_bits(const struct ms_event *event)
{
	unsigned bits = event->flags >> HUGE_SHIFT & 63;

	if (event->class != MS_CLASS_MAP || !(event->flags & HUGETLB))
		return PAGE_BITS;
	return bits ? bits : HUGE_PAGE_BITS;
}

/* Past the last page of [start, start + size); the end of the space where that wraps. */
static uint64_t end_of(uint64_t start, uint64_t size, unsigned bits)
{
	uint64_t mask = (UINT64_C(1) << bits) - 1, end;

	if (__builtin_add_overflow(start, size, &end) || end > UINT64_MAX - mask)
		return UINT64_MAX & ~mask;
	return (end + mask) & ~mask;
}

static int take(struct ms_mappings *m, const struct ms_event *event, uint64_t *calls)
{
	if (!event->address) {
		m->totals.failed++;
		return 0;
	}
	if (ms_intervals_add(&m->set, event->address,
			     end_of(event->address, event->size, page_bits(event))) < 0)
		return -1;
	++*calls;
	return 0;
}

static int give_up(struct ms_mappings *m, const struct ms_event *event)
{
	return ms_intervals_remove(&m->set, event->address,
				   end_of(event->address, event->size, PAGE_BITS));
}

/* The break goes down to its address, or up to it. */
static int move_break(struct ms_mappings *m, const struct ms_event *event)
{
	uint64_t at = event->address, by = event->size, end;
	int failed;

	if (!at) {
		m->totals.failed++;
		return 0;
	}
	if (event->detail) {
		end = at > UINT64_MAX - by ? UINT64_MAX : at + by;
		failed = ms_intervals_remove(&m->set, at, end);
	} else {
		failed = ms_intervals_add(&m->set, at > by ? at - by : 0, at);
	}
	m->totals.breaks += !failed;
	return failed;
}

static int apply(struct ms_mappings *m, const struct ms_event *event)
{
	switch (event->class) {
	case MS_CLASS_MAP:
		return take(m, event, &m->totals.maps);
	case MS_CLASS_UNMAP:
		if (give_up(m, event) < 0)
			return -1;
		m->totals.unmaps++;
		return 0;
	case MS_CLASS_REMAP_BEGIN:
		return give_up(m, event);
	case MS_CLASS_REMAP_END:
		return take(m, event, &m->totals.remaps);
	default:
		return move_break(m, event);
	}
}

ms_status ms_mappings_apply(struct ms_mappings *m, const struct ms_event *event,
			    struct ms_error *err)
{
	if (event->class < MS_CLASS_MAP || event->class > MS_CLASS_BREAK)
		return MS_OK;
	if (apply(m, event) < 0)
		return ms_fail_memory(err);
	m->totals.current_bytes = m->set.bytes;
	if (m->set.bytes > m->totals.peak_bytes)
		m->totals.peak_bytes = m->set.bytes;
	return MS_OK;
}
