/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bad_places.c - who had the addresses of bad frees when they were freed.
 *
 * A second replay watches these addresses alone.  What it cannot have seen (blocks of the
 * process that forked this one, pauses, losses) is taken for innocent.
 */
#include "analyzer/analysis/bad_frees.h"
#include "analyzer/base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* Above the main stack's first frame: arguments and environment. */
#define ARGUMENTS_BYTES (UINT64_C(8) << 20)

struct place { /* an address that was freed wrongly */
	uint64_t address;
	bool has_live, has_last, has_bad, mapped;
	struct ms_block live;  /* that contains it */
	struct ms_block last;  /* that contained it and has ended */
	struct ms_event ended; /* by this */
	struct ms_event bad;   /* the free that was wrong, the last so far */
};

struct places {
	struct ms_bad_frees *bad;
	const struct ms_trust *trust;
	struct place *items; /* by address */
	size_t count;
	size_t next; /* of the bad frees */
	uint64_t ordinal;
	uint64_t overwritten; /* blocks so far */
};

static int by_address(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

/* The first place at or after address. */
static size_t first_at(const struct places *p, uint64_t address)
{
	size_t low = 0, high = p->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (p->items[middle].address < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* --- what a free freed -----------------------------------------------------------------
 */

static const struct ms_module *module_of(const struct ms_check_input *input,
					 const struct ms_event *event)
{
	size_t count;
	const struct ms_module *modules = ms_metadata_modules(input->meta, &count);

	for (size_t i = 0; i < count; i++) {
		const struct ms_module *m = &modules[i];

		if (event->address >= m->start && event->address < m->end &&
		    event->at_ns >= m->seen_ns && event->at_ns <= m->gone_ns)
			return m;
	}
	return NULL;
}

/* The kernel puts the main thread's stack above all that is mapped but its own vdso. */
static bool is_main_stack(const struct ms_metadata *meta, uint64_t high)
{
	size_t count;
	const struct ms_module *modules = ms_metadata_modules(meta, &count);

	for (size_t i = 0; i < count; i++) {
		if (modules[i].start >= high &&
		    strncmp(modules[i].path, "linux-vdso", strlen("linux-vdso")) != 0)
			return false;
	}
	return count;
}

/*
 * There is nothing else near the main stack.  Those of other threads lie among other
 * memory, and where one begins is not known: only a log that knows all blocks can tell it
 * from what is beside it.
 */
static bool on_stack(const struct ms_metadata *meta, uint64_t address, bool main_only)
{
	size_t count;
	const struct ms_thread *threads = ms_metadata_threads(meta, &count);

	for (size_t i = 0; i < count; i++) {
		uint64_t low = threads[i].stack_low, high = threads[i].stack_high;
		bool is_main;

		if (!high || address < low ||
		    (address >= high && address - high >= ARGUMENTS_BYTES))
			continue;
		is_main = is_main_stack(meta, high);
		if (is_main || (!main_only && address < high))
			return true;
	}
	return false;
}

static void set_block(struct ms_bad_free *item, unsigned kind,
		      const struct ms_block *block, const struct ms_event *freed)
{
	item->kind = (uint8_t)kind;
	item->has_block = block;
	item->has_freed = freed;
	if (block)
		item->block = *block;
	if (freed)
		item->freed = *freed;
}

/*
 * Found by what the log has of the address since recording was on without a break; true
 * also of a child of a recorded process.
 */
static bool find_history(const struct places *p, const struct place *place,
			 struct ms_bad_free *item)
{
	uint64_t since = ms_trust_since(p->trust, item->event.at_ns);
	bool starts = place->has_live && place->live.address == place->address;

	if (p->trust->lossy || since == UINT64_MAX)
		return false;
	if (starts) /* another thread reallocates it just now */
		set_block(item, MS_BAD_AGAIN, &place->live, NULL);
	else if (place->has_live && place->live.at_ns >= since)
		set_block(item, MS_BAD_INTERIOR, &place->live, NULL);
	else if (place->has_last && place->last.address == place->address &&
		 place->ended.at_ns >= since && !place->has_live)
		set_block(item, MS_BAD_AGAIN, &place->last, &place->ended);
	else if (place->has_bad && place->bad.at_ns >= since && !place->has_live &&
		 (since || p->trust->forked))
		set_block(item, MS_BAD_AGAIN, NULL, &place->bad);
	else
		return false;
	return true;
}

/* Found by where the address lies; whole: the log knows all blocks. */
static void find_where(const struct places *p, const struct place *place, bool whole,
		       struct ms_bad_free *item)
{
	item->module = module_of(p->bad->input, &item->event);
	if (item->module)
		item->kind = MS_BAD_STATIC;
	else if (on_stack(p->bad->input->meta, place->address, !whole))
		item->kind = MS_BAD_STACK;
	else if (whole && place->mapped)
		item->kind = MS_BAD_MAPPED;
	else if (whole && place->has_last)
		set_block(item, MS_BAD_INTERIOR, &place->last, &place->ended);
	else
		item->kind = whole ? MS_BAD_NOT_A_BLOCK : MS_BAD_KINDS;
}

static void decide(const struct places *p, const struct place *place,
		   struct ms_bad_free *item)
{
	const struct ms_trust *trust = p->trust;
	bool partly = trust->forked || ms_trust_since(trust, item->event.at_ns);

	item->kind = MS_BAD_KINDS;
	if (!item->certain && place->has_live && place->live.address == place->address)
		return;
	if (find_history(p, place, item))
		return;
	find_where(p, place, !partly && !trust->lossy, item);
	if (item->kind == MS_BAD_KINDS && !partly)
		item->kind = MS_BAD_UNKNOWN;
}

/* --- the replay ------------------------------------------------------------------------
 */

static void note_mapping(struct places *p, const struct ms_event *event)
{
	uint64_t start, end;
	bool takes;

	if (event->class < MS_CLASS_MAP || !ms_mapping_range(event, &start, &end, &takes))
		return;
	for (size_t i = first_at(p, start); i < p->count && p->items[i].address < end;
	     i++)
		p->items[i].mapped = takes;
}

/* Told before the event counts: what it finds is as the program left it. */
static ms_status tell_event(void *context, const struct ms_event *event,
			    struct ms_error *err)
{
	struct places *p = context;

	(void)err;
	p->ordinal++;
	note_mapping(p, event);
	if (p->next < p->bad->count && p->bad->items[p->next].ordinal == p->ordinal) {
		struct ms_bad_free *item = &p->bad->items[p->next++];
		struct place *place = &p->items[first_at(p, item->event.address)];

		decide(p, place, item);
		if (item->certain || item->kind != MS_BAD_KINDS) {
			place->bad = item->event;
			place->has_bad = true;
		}
	}
	return MS_OK;
}

static bool same_block(const struct ms_block *a, const struct ms_block *b)
{
	return a->address == b->address && a->at_ns == b->at_ns && a->stack == b->stack &&
	       a->thread == b->thread && a->size == b->size;
}

static void tell_block(void *context, enum ms_change change, const struct ms_block *block,
		       const struct ms_event *event, const struct ms_totals *totals)
{
	struct places *p = context;
	bool overwritten = totals->overwritten_blocks != p->overwritten;
	uint64_t size = block->size ? block->size : 1;
	uint64_t end =
		block->address > UINT64_MAX - size ? UINT64_MAX : block->address + size;

	p->overwritten = totals->overwritten_blocks;
	for (size_t i = first_at(p, block->address);
	     i < p->count && p->items[i].address < end; i++) {
		struct place *place = &p->items[i];

		if (change == MS_CHANGE_BEGIN) {
			place->live = *block;
			place->has_live = true;
			place->has_bad = false;
			continue;
		}
		/* The old block of a realloc may end after its place was taken anew. */
		if (place->has_live && same_block(&place->live, block))
			place->has_live = false;
		/* Handed out anew, it was not seen to end. */
		if (overwritten)
			continue;
		place->last = *block;
		place->ended = *event;
		place->has_last = true;
	}
}

static ms_status replay(struct places *p, struct ms_error *err)
{
	const struct ms_check_input *input = p->bad->input;
	struct ms_replay_options options = { .store = input->store,
					     .to_events = UINT64_MAX,
					     .to_ns = UINT64_MAX,
					     .sample_bytes = input->sample_bytes,
					     .threads = input->threads,
					     .progress = input->progress };
	struct ms_observer observer = { .block = tell_block,
					.context = p,
					.event = tell_event };
	struct ms_replayed replayed;
	ms_status status = ms_replay(&replayed, &options, &observer, err);

	if (status == MS_OK)
		ms_replayed_release(&replayed);
	return status;
}

ms_status ms_bad_places(struct ms_bad_frees *bad, const struct ms_trust *trust,
			struct ms_error *err)
{
	struct places p = { .bad = bad, .trust = trust };
	ms_status status;

	p.items = ms_alloc_zero(bad->count, sizeof(*p.items));
	if (!p.items)
		return ms_fail_memory(err);
	for (size_t i = 0; i < bad->count; i++)
		p.items[i].address = bad->items[i].event.address;
	qsort(p.items, bad->count, sizeof(*p.items), by_address);
	for (size_t i = 0; i < bad->count; i++) {
		if (!i || p.items[i].address != p.items[p.count - 1].address)
			p.items[p.count++] = p.items[i];
	}
	status = replay(&p, err);
	ms_free(p.items);
	return status;
}
