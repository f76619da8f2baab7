/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block_feed.c - the blocks of one trace: as they are made, or as they end.
 *
 * When only births are asked for, a block is one event and the heap is not needed.
 * Otherwise events go through a heap, which alone says what ended and what lives; blocks
 * made before the time asked for are not known to it, and are not asked for either.
 */
#include "analyzer/facade/block_scan.h"
#include "analyzer/base/alloc.h"

#include <stdlib.h>
#include <string.h>

#define CHECK_EVENTS 4096 /* between two looks at who wants it to end */

struct ms_block_feed {
	struct ms_tables *tables;
	struct ms_block_want want;
	struct ms_want events;
	struct ms_cursor *cursor;
	struct ms_heap *heap;		/* NULL: births only */
	struct ms_block_chains *chains; /* NULL: not needed */
	struct ms_block_row *rows;	/* found and not yet asked for: [next, count) */
	size_t next, count, capacity;
	struct ms_map makers; /* thread to index in made_last */
	struct ms_newest *made_last;
	size_t maker_capacity;
	uint64_t open; /* blocks asked for that have not ended */
	uint64_t lost; /* overwritten blocks of the heap so far */
	uint64_t seen;
	bool failed, at_end;
	struct ms_meter meter;
};

static bool is_wanted(const struct ms_block_feed *feed, const struct ms_block *block)
{
	const struct ms_block_want *want = &feed->want;

	return ms_bound_has(&want->made, block->at_ns) &&
	       ms_bound_has(&want->size, block->size) &&
	       ms_bound_has(&want->address, block->address) &&
	       ms_bound_has(&want->stack, block->stack) &&
	       (!feed->events.thread || block->thread == feed->events.thread);
}

static struct ms_block_row *new_row(struct ms_block_feed *feed,
				    const struct ms_block *block)
{
	if (ms_grow((void **)&feed->rows, &feed->capacity, feed->count,
		    sizeof(*feed->rows)) < 0) {
		feed->failed = true;
		return NULL;
	}
	feed->rows[feed->count] = (struct ms_block_row){ .block = *block };
	return &feed->rows[feed->count++];
}

/* --- what the heap tells --------------------------------------------------------------
 */

static struct ms_newest *maker_of(struct ms_block_feed *feed, uint32_t thread)
{
	bool is_new;
	uint64_t *index = ms_map_at(&feed->makers, thread, &is_new);

	if (index && is_new) {
		*index = feed->makers.count - 1;
		if (ms_grow((void **)&feed->made_last, &feed->maker_capacity, *index,
			    sizeof(*feed->made_last)) < 0)
			index = NULL;
	}
	feed->failed |= !index;
	return index ? &feed->made_last[*index] : NULL;
}

static void made(struct ms_block_feed *feed, const struct ms_block *block)
{
	struct ms_newest *maker = maker_of(feed, block->thread);

	if (maker)
		*maker = (struct ms_newest){ block->address, block->at_ns };
	feed->open += is_wanted(feed, block);
}

/* As the summary has it: freed before its thread made another. */
static bool is_temporary(struct ms_block_feed *feed, const struct ms_block *block,
			 const struct ms_event *event)
{
	const uint64_t *index = ms_map_find(&feed->makers, block->thread);

	return index && ms_block_temporary(&feed->made_last[*index], block, event);
}

static void add_chain(struct ms_block_feed *feed, struct ms_block_row *row)
{
	struct ms_chain_link link = { 0 };

	if (feed->chains)
		link = ms_block_chains_find(feed->chains, &row->block);
	row->chain = link.chain;
	row->previous = link.previous;
}

static void block_ended(struct ms_block_feed *feed, const struct ms_block *block,
			const struct ms_event *event, bool lost)
{
	struct ms_block_row *row;

	if (!is_wanted(feed, block))
		return;
	feed->open--;
	if (!ms_bound_has(&feed->want.ended, event->at_ns))
		return;
	row = new_row(feed, block);
	if (!row)
		return;
	row->ended = lost				    ? MS_ENDED_LOST
		     : event->class == MS_CLASS_REALLOC_END ? MS_ENDED_REALLOC
							    : MS_ENDED_FREE;
	row->end_ns = event->at_ns;
	row->end_thread = event->thread;
	row->end_stack = event->stack;
	row->end_kind = event->kind;
	row->next = event->address;
	row->temporary = is_temporary(feed, block, event);
	add_chain(feed, row);
}

static void changed(void *context, enum ms_change change, const struct ms_block *block,
		    const struct ms_event *event, const struct ms_totals *totals)
{
	struct ms_block_feed *feed = context;
	bool lost = totals->overwritten_blocks != feed->lost;

	feed->lost = totals->overwritten_blocks;
	if (change == MS_CHANGE_BEGIN)
		made(feed, block);
	else
		block_ended(feed, block, event, lost);
}

static bool add_live(void *context, const struct ms_block *block)
{
	struct ms_block_feed *feed = context;
	struct ms_block_row *row;

	if (!is_wanted(feed, block))
		return true;
	row = new_row(feed, block);
	if (row)
		add_chain(feed, row);
	return row;
}

static int by_time(const void *a, const void *b)
{
	const struct ms_block *x = &((const struct ms_block_row *)a)->block;
	const struct ms_block *y = &((const struct ms_block_row *)b)->block;

	if (x->at_ns != y->at_ns)
		return x->at_ns < y->at_ns ? -1 : 1;
	return x->address < y->address ? -1 : x->address > y->address;
}

void ms_block_rows_sort(struct ms_block_row *rows, size_t count)
{
	if (count)
		qsort(rows, count, sizeof(*rows), by_time);
}

/* --- reading --------------------------------------------------------------------------
 */

static void add_birth(struct ms_block_feed *feed, const struct ms_event *event)
{
	struct ms_block block = { event->address,   event->size,   event->at_ns,
				  event->stack,	    event->thread, event->kind,
				  event->align_log2 };

	if ((event->class == MS_CLASS_ALLOC || event->class == MS_CLASS_REALLOC_END) &&
	    event->address && is_wanted(feed, &block))
		new_row(feed, &block);
}

static ms_status take_event(struct ms_block_feed *feed, const struct ms_event *event,
			    struct ms_error *err)
{
	ms_status status = MS_OK;

	if (!feed->heap)
		add_birth(feed, event);
	else if (feed->chains)
		status = ms_block_chains_event(feed->chains, event, err);
	if (status == MS_OK && feed->heap)
		status = ms_heap_apply(feed->heap, event, err);
	return status == MS_OK && feed->failed ? ms_fail_memory(err) : status;
}

/* What lives at the end has no end, which a bound on it excludes. */
static ms_status finish(struct ms_block_feed *feed, struct ms_error *err)
{
	const struct ms_bound *ended = &feed->want.ended;

	feed->at_end = true;
	if (!feed->heap || ended->from != 0 || ended->to != UINT64_MAX)
		return MS_OK;
	ms_heap_each(feed->heap, add_live, feed);
	if (feed->failed)
		return ms_fail_memory(err);
	ms_block_rows_sort(feed->rows, feed->count);
	return MS_OK;
}

/* Is nothing of what may still come asked for? */
static bool is_done(const struct ms_block_feed *feed, const struct ms_event *event)
{
	return event->at_ns > feed->want.made.to && feed->open == 0;
}

static ms_status read_on(struct ms_block_feed *feed, struct ms_error *err)
{
	ms_status status = MS_OK;
	struct ms_event event;

	feed->next = feed->count = 0;
	while (status == MS_OK && feed->count == 0 && !feed->at_end) {
		if (feed->seen++ % CHECK_EVENTS == 0) {
			ms_meter_at(&feed->meter, feed->seen);
			status = ms_tables_go_on(feed->tables, err);
		}
		if (status != MS_OK)
			break;
		if (!ms_cursor_next(feed->cursor, &event))
			status = finish(feed, err);
		else if (is_done(feed, &event))
			feed->at_end = true;
		else
			status = take_event(feed, &event, err);
	}
	return status;
}

ms_status ms_block_feed_next(struct ms_block_feed *feed, const struct ms_block_row **row,
			     struct ms_error *err)
{
	ms_status status = MS_OK;

	*row = NULL;
	if (feed->next == feed->count)
		status = read_on(feed, err);
	if (status == MS_OK && feed->next < feed->count)
		*row = &feed->rows[feed->next++];
	return status;
}

/* --- opening --------------------------------------------------------------------------
 */

/* A heap and its helpers, and how much of the log they have to see. */
static ms_status prepare_heap(struct ms_block_feed *feed, struct ms_error *err)
{
	struct ms_observer observer = { .block = changed, .context = feed };
	struct ms_want *events = &feed->events;
	uint64_t to = feed->want.ended.to;
	uint32_t thread = events->thread;
	ms_status status = ms_heap_new(&feed->heap, &observer, err);

	*events = (struct ms_want){ .from_ns = feed->want.made.from, .thread = thread };
	if (to != UINT64_MAX)
		events->to_ns = to ? to : 1;
	if (status != MS_OK || !(feed->want.needs & MS_NEEDS_CHAIN))
		return status;
	events->from_ns = 0;
	return ms_block_chains_new(&feed->chains, err);
}

static ms_status prepare(struct ms_block_feed *feed, const struct ms_trace *trace,
			 struct ms_error *err)
{
	const struct ms_block_want *want = &feed->want;
	struct ms_want events;
	ms_status status = MS_OK;
	bool births =
		!want->needs && want->ended.from == 0 && want->ended.to == UINT64_MAX;

	if (!ms_plan_want(trace, &want->made, &want->thread, &feed->events)) {
		feed->at_end = true;
		return MS_OK;
	}
	if (!births)
		status = prepare_heap(feed, err);
	else if (want->address.from == want->address.to)
		feed->events.address = want->address.from;
	if (status != MS_OK)
		return status;
	/* Frees of other threads end its blocks, and the heap must see who is where. */
	events = feed->events;
	if (!births)
		events.thread = 0;
	ms_meter_init(&feed->meter,
		      ms_facade_progress(feed->tables->m, "reading allocations"),
		      ms_store_event_count(trace->store));
	return ms_cursor_open_want(&feed->cursor, trace->store, &events, err);
}

ms_status ms_block_feed_open(struct ms_block_feed **out, struct ms_tables *tables,
			     size_t trace, const struct ms_block_want *want,
			     struct ms_error *err)
{
	struct ms_block_feed *feed = ms_alloc_zero(1, sizeof(*feed));
	ms_status status;

	*out = NULL;
	if (!feed)
		return ms_fail_memory(err);
	feed->tables = tables;
	feed->want = *want;
	ms_map_init(&feed->makers);
	status = prepare(feed, &tables->m->traces[trace], err);
	if (status == MS_OK)
		*out = feed;
	else
		ms_block_feed_close(feed);
	return status;
}

void ms_block_feed_close(struct ms_block_feed *feed)
{
	if (!feed)
		return;
	ms_cursor_close(feed->cursor);
	ms_heap_free(feed->heap);
	ms_block_chains_free(feed->chains);
	ms_map_release(&feed->makers);
	ms_free(feed->made_last);
	ms_free(feed->rows);
	ms_free(feed);
}
