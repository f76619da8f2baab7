/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mappings.c - memory that the program took from the kernel itself.
 *
 * A set of pages: what is mapped over others counts once, and what is given up counts as
 * far as it was there, so that a partial munmap, a MAP_FIXED and a munmap of what libc
 * mapped all come out right.
 */
#include "analyzer/snapshot/mappings.h"
#include "analyzer/base/alloc.h"

#define PAGE_BITS      12 /* of x86-64, the one machine that logs come from */
#define HUGE_PAGE_BITS 21 /* the default of MAP_HUGETLB */
#define HUGETLB	       0x40000
#define HUGE_SHIFT     26

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

bool ms_mappings_has(const struct ms_mappings *mappings, uint64_t address)
{
	return ms_intervals_has(&mappings->set, address);
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

bool ms_mapping_range(const struct ms_event *event, uint64_t *start, uint64_t *end,
		      bool *takes)
{
	uint64_t at = event->address, by = event->size;

	if (event->class < MS_CLASS_MAP || event->class > MS_CLASS_BREAK)
		return false;
	*takes = event->class == MS_CLASS_MAP || event->class == MS_CLASS_REMAP_END;
	if (!at && (*takes || event->class == MS_CLASS_BREAK))
		return false;
	*start = at;
	*end = end_of(at, by, page_bits(event));
	if (event->class != MS_CLASS_BREAK)
		return true;
	/* The break goes down to its address, or up to it. */
	*takes = !event->detail;
	*start = event->detail ? at : at > by ? at - by : 0;
	*end = !event->detail ? at : at > UINT64_MAX - by ? UINT64_MAX : at + by;
	return true;
}

static int move(struct ms_mappings *m, const struct ms_event *event, uint64_t *calls)
{
	uint64_t start, end;
	bool takes;
	int failed;

	if (!ms_mapping_range(event, &start, &end, &takes)) {
		m->totals.failed++;
		return 0;
	}
	failed = takes ? ms_intervals_add(&m->set, start, end)
		       : ms_intervals_remove(&m->set, start, end);
	*calls += !failed;
	return failed;
}

static int apply(struct ms_mappings *m, const struct ms_event *event)
{
	uint64_t halves = 0;

	switch (event->class) {
	case MS_CLASS_MAP:
		return move(m, event, &m->totals.maps);
	case MS_CLASS_UNMAP:
		return move(m, event, &m->totals.unmaps);
	case MS_CLASS_REMAP_BEGIN:
		return move(m, event, &halves);
	case MS_CLASS_REMAP_END:
		return move(m, event, &m->totals.remaps);
	default:
		return move(m, event, &m->totals.breaks);
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
