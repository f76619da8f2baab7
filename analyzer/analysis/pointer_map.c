/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pointer_map.c - a pointer map in memory, and which of its words are roots.
 *
 * The map says what each stretch is; what it cannot say is which anonymous memory is an
 * allocator's.  The events do: where a block ever lay, words outside of living blocks are
 * leftovers, and no roots.
 */
#include "analyzer/analysis/pointer_map.h"
#include "analyzer/base/alloc.h"
#include "common/wire.h"

#include <stdlib.h>

#define PAGE_BITS   12
#define GROUP_BITS  6			  /* pages in one entry of held */
#define LARGE_LEAST (UINT64_C(256) << 10) /* bytes: kept as one stretch */
#define LARGE_JOIN  1024		  /* that many are not worth joining */

/* --- stretches ------------------------------------------------------------------------
 */

static int by_start(const void *a, const void *b)
{
	const struct ms_stretch *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* Sort, and join what meets or overlaps. */
static void settle(struct ms_stretches *s)
{
	size_t n = 0;

	if (s->count)
		qsort(s->items, s->count, sizeof(*s->items), by_start);
	for (size_t i = 0; i < s->count; i++) {
		struct ms_stretch *last = n ? &s->items[n - 1] : NULL;

		if (!last || s->items[i].start > last->end)
			s->items[n++] = s->items[i];
		else if (s->items[i].end > last->end)
			last->end = s->items[i].end;
	}
	s->count = n;
}

static struct ms_stretch *find(struct ms_stretches *s, uint64_t address)
{
	size_t low = 0, high = s->count;

	if (s->hit < s->count && address - s->items[s->hit].start <
					 s->items[s->hit].end - s->items[s->hit].start)
		return &s->items[s->hit];
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->items[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == s->count || s->items[low].start > address)
		return NULL;
	s->hit = low;
	return &s->items[low];
}

/* --- reading --------------------------------------------------------------------------
 */

static ms_status take_word(void *context, unsigned kind, uint64_t address, uint64_t value)
{
	struct ms_map_words *w = context;
	struct ms_words *to = kind == MS_ITEM_POINTER  ? &w->pointers
			      : kind == MS_ITEM_VTABLE ? &w->tables
						       : &w->numbers;

	return ms_words_add(to, address, value) < 0 ? MS_ENOMEM : MS_OK;
}

static ms_status take_register(void *context, uint64_t tid, uint64_t value)
{
	struct ms_map_words *w = context;

	(void)tid;
	return ms_words_add(&w->registers, 0, value) < 0 ? MS_ENOMEM : MS_OK;
}

/* Where it is to be found when roots are asked for; NULL: nowhere. */
static struct ms_stretches *stretches_of(struct ms_map_words *w, unsigned kind)
{
	switch (kind) {
	case MS_REGION_ANONYMOUS:
	case MS_REGION_BREAK:
		return &w->soft;
	case MS_REGION_SHARED:
	case MS_REGION_DATA:
	case MS_REGION_STACK:
	case MS_REGION_TLS:
		return &w->sure;
	case MS_REGION_UNUSED:
	case MS_REGION_ALLOCATOR:
		return &w->holes;
	default:
		return NULL;
	}
}

static ms_status take_region(void *context, unsigned kind, uint64_t start, uint64_t bytes,
			     uint64_t id, unsigned flags)
{
	struct ms_map_words *w = context;
	struct ms_stretches *to = stretches_of(w, kind);

	(void)id;
	if (kind == MS_REGION_STACK) {
		w->whole_stacks += !!(flags & MS_STRETCH_WHOLE);
		w->registerless += !!(flags & MS_STRETCH_REGISTERLESS);
	}
	if (kind == MS_REGION_DATA && flags & MS_STRETCH_FOREIGN)
		w->foreign = true;
	if (!to || !bytes)
		return MS_OK;
	if (ms_grow((void **)&to->items, &to->capacity, to->count, sizeof(*to->items)) <
	    0)
		return MS_ENOMEM;
	to->items[to->count++] = (struct ms_stretch){ start, start + bytes, false };
	return MS_OK;
}

static ms_status take_unscanned(void *context, unsigned why, uint64_t start,
				uint64_t bytes)
{
	struct ms_map_words *w = context;

	(void)why;
	(void)start;
	w->unscanned_bytes += bytes;
	return MS_OK;
}

ms_status ms_map_words_read(struct ms_map_words *words, const struct ms_log *log,
			    uint32_t number, struct ms_error *err)
{
	const struct ms_map_reader reader = { take_word, take_region, take_register,
					      take_unscanned, words };
	ms_status status;

	*words = (struct ms_map_words){ .last_page = UINT64_MAX };
	ms_map_init(&words->held);
	status = ms_log_read_map(log, number, &reader, &words->whole, err);
	if (status != MS_OK) {
		ms_map_words_release(words);
		return status;
	}
	ms_words_sort(&words->pointers);
	ms_words_sort(&words->tables);
	ms_words_sort(&words->numbers);
	settle(&words->holes);
	settle(&words->sure);
	if (!words->foreign)
		settle(&words->soft);
	else if (words->soft.count) /* mappings stay apart: each is one's or another's */
		qsort(words->soft.items, words->soft.count, sizeof(struct ms_stretch),
		      by_start);
	return MS_OK;
}

void ms_map_words_release(struct ms_map_words *words)
{
	ms_words_release(&words->pointers);
	ms_words_release(&words->tables);
	ms_words_release(&words->numbers);
	ms_words_release(&words->registers);
	ms_free(words->holes.items);
	ms_free(words->sure.items);
	ms_free(words->soft.items);
	ms_free(words->large.items);
	ms_map_release(&words->held);
}

/* --- which words are roots ------------------------------------------------------------
 */

static int hold_pages(struct ms_map_words *words, uint64_t first, uint64_t last)
{
	for (uint64_t page = first; page <= last;) {
		uint64_t in_group = page & ((1U << GROUP_BITS) - 1);
		uint64_t n = (1U << GROUP_BITS) - in_group, bits = UINT64_MAX;
		uint64_t *held = ms_map_at(&words->held, page >> GROUP_BITS, NULL);

		if (!held)
			return -1;
		if (n > last - page + 1)
			n = last - page + 1;
		if (n < 64)
			bits = (UINT64_C(1) << n) - 1;
		*held |= bits << in_group;
		page += n;
	}
	return 0;
}

/* The same places come again and again: joined, they stay few. */
static int hold_large(struct ms_stretches *large, uint64_t start, uint64_t end)
{
	if (large->count == large->capacity && large->count >= LARGE_JOIN) {
		settle(large);
		if (large->count > large->capacity / 2 &&
		    ms_grow((void **)&large->items, &large->capacity, large->capacity,
			    sizeof(*large->items)) < 0)
			return -1;
	}
	if (ms_grow((void **)&large->items, &large->capacity, large->count,
		    sizeof(*large->items)) < 0)
		return -1;
	large->items[large->count++] = (struct ms_stretch){ start, end, true };
	return 0;
}

int ms_map_words_hold(struct ms_map_words *words, uint64_t address, uint64_t size)
{
	uint64_t first = address >> PAGE_BITS, last;
	struct ms_stretch *stretch;

	if (address + size < address)
		return 0;
	last = (address + (size ? size - 1 : 0)) >> PAGE_BITS;
	if (first == last && first == words->last_page)
		return 0;
	stretch = find(&words->soft, address);
	if (!stretch)
		return 0;
	stretch->held = true;
	if (size >= LARGE_LEAST)
		return hold_large(&words->large, first << PAGE_BITS,
				  (last + 1) << PAGE_BITS);
	words->last_page = last;
	return hold_pages(words, first, last);
}

void ms_map_words_held(struct ms_map_words *words)
{
	settle(&words->large);
}

bool ms_map_words_root(struct ms_map_words *words, uint64_t address, bool mapped)
{
	const struct ms_stretch *stretch;
	const uint64_t *held;
	uint64_t page = address >> PAGE_BITS;

	if (find(&words->holes, address))
		return false;
	if (find(&words->sure, address))
		return true;
	stretch = find(&words->soft, address);
	if (!stretch || mapped)
		return stretch;
	if (words->foreign)
		return !stretch->held;
	if (find(&words->large, address))
		return false;
	held = ms_map_find(&words->held, page >> GROUP_BITS);
	return !held || !(*held >> (page & ((1U << GROUP_BITS) - 1)) & 1);
}
