/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bad_frees.c - frees of what was no block: found in one replay, explained by another.
 *
 * Honest programs have none, so that the first replay, which other detectors watch too,
 * only keeps those that ended nothing; who had their addresses is looked up afterwards,
 * of these addresses alone.
 */
#include "analyzer/analysis/bad_frees.h"
#include "analyzer/base/alloc.h"

#include <stdlib.h>

/* A child that frees what its parent made can have many; they are not all looked at. */
#define MOST 65536

void ms_bad_frees_init(struct ms_bad_frees *bad, const struct ms_check_input *input)
{
	*bad = (struct ms_bad_frees){ .input = input };
	ms_pairs_init(&bad->reallocs);
}

void ms_bad_frees_release(struct ms_bad_frees *bad)
{
	ms_pairs_release(&bad->reallocs);
	ms_free(bad->items);
	*bad = (struct ms_bad_frees){ 0 };
}

/* --- watching --------------------------------------------------------------------------
 */

static ms_status keep(struct ms_bad_frees *bad, const struct ms_bad_free *item,
		      struct ms_error *err)
{
	if (bad->count == MOST) {
		bad->more += item->certain;
		return MS_OK;
	}
	if (ms_grow((void **)&bad->items, &bad->capacity, bad->count,
		    sizeof(*bad->items)) < 0)
		return ms_fail_memory(err);
	bad->items[bad->count++] = *item;
	return MS_OK;
}

/* What the last event did is known when the next one comes. */
static ms_status settle(struct ms_bad_frees *bad, struct ms_error *err)
{
	bool right = !bad->has_last || bad->ended;

	bad->has_last = false;
	return right ? MS_OK : keep(bad, &bad->last, err);
}

/* The pairs keep blocks; the event's place in the log travels as its time. */
static struct ms_block half_of(const struct ms_event *event, uint64_t ordinal)
{
	return (struct ms_block){ .address = event->address,
				  .size = event->at_ns,
				  .at_ns = ordinal,
				  .stack = event->stack,
				  .thread = event->thread,
				  .kind = event->kind };
}

static struct ms_bad_free of_half(const struct ms_block *half, uint32_t thread)
{
	return (struct ms_bad_free){ .event = { .at_ns = half->size,
						.address = half->address,
						.stack = half->stack,
						.thread = thread,
						.kind = half->kind,
						.class = MS_CLASS_REALLOC_BEGIN },
				     .ordinal = half->at_ns };
}

static void end_realloc(struct ms_bad_frees *bad, const struct ms_event *event)
{
	struct ms_block half;

	if (!ms_pairs_pop(&bad->reallocs, event->thread, &half))
		return;
	bad->last = of_half(&half, event->thread);
	/* The second half has the stack. */
	bad->last.event.stack = event->stack;
	/* One that failed ended nothing in any case. */
	bad->last.certain = event->address || event->class == MS_CLASS_REALLOC_FREED;
	bad->has_last = half.address;
}

ms_status ms_bad_frees_event(struct ms_bad_frees *bad, const struct ms_event *event,
			     struct ms_error *err)
{
	ms_status status = settle(bad, err);
	struct ms_block half;

	bad->ordinal++;
	bad->ended = false;
	switch (event->class) {
	case MS_CLASS_FREE:
		bad->has_last = event->address;
		bad->last = (struct ms_bad_free){ .event = *event,
						  .ordinal = bad->ordinal,
						  .certain = true };
		break;
	case MS_CLASS_REALLOC_BEGIN:
		half = half_of(event, bad->ordinal);
		if (status == MS_OK &&
		    ms_pairs_push(&bad->reallocs, event->thread, &half) < 0)
			status = ms_fail_memory(err);
		break;
	case MS_CLASS_REALLOC_END:
	case MS_CLASS_REALLOC_FREED:
		end_realloc(bad, event);
		break;
	default:
		break;
	}
	return status;
}

void ms_bad_frees_block(struct ms_bad_frees *bad, enum ms_change change,
			const struct ms_totals *totals)
{
	bool overwritten = totals->overwritten_blocks != bad->overwritten;

	bad->overwritten = totals->overwritten_blocks;
	bad->ended |= change == MS_CHANGE_END && !overwritten;
}

/* --- after it --------------------------------------------------------------------------
 */

static void add_waiting(void *context, uint32_t thread, const struct ms_block *old)
{
	struct ms_bad_frees *bad = context;
	struct ms_bad_free item = of_half(old, thread);

	if (item.event.address && keep(bad, &item, NULL) != MS_OK)
		bad->failed = true;
}

static int by_ordinal(const void *a, const void *b)
{
	const struct ms_bad_free *x = a, *y = b;

	return x->ordinal < y->ordinal ? -1 : x->ordinal > y->ordinal;
}

static int by_number(uint64_t x, uint64_t y)
{
	return x < y ? -1 : x > y;
}

/* 0: they are one finding. */
static int compare(const struct ms_bad_free *x, const struct ms_bad_free *y)
{
	int order = by_number(x->kind, y->kind);

	order = order ? order : by_number(x->event.class, y->event.class);
	order = order ? order : by_number(x->event.stack, y->event.stack);
	order = order ? order : by_number(x->block.stack, y->block.stack);
	order = order ? order : by_number(x->freed.stack, y->freed.stack);
	return order ? order : by_number(x->block.size, y->block.size);
}

static int by_stacks(const void *a, const void *b)
{
	int order = compare(a, b);

	return order ? order : by_ordinal(a, b);
}

size_t ms_bad_frees_alike(const struct ms_bad_frees *bad, size_t index)
{
	size_t n = 1;

	while (index + n < bad->count &&
	       compare(&bad->items[index], &bad->items[index + n]) == 0)
		n++;
	return n;
}

const char *ms_bad_frees_unable(const struct ms_check_input *input)
{
	return ms_log_mode(input->log)->mode == MS_MODE_SAMPLE
		       ? "the mode sample records frees of some blocks only"
		       : NULL;
}

/* The block that was chosen, or the free of what was none. */
static ms_status is_chosen(const struct ms_bad_free *item,
			   const struct ms_check_input *input, bool *chosen,
			   struct ms_error *err)
{
	struct ms_block freed = ms_event_block(&item->event);

	return ms_check_wants(input, item->has_block ? &item->block : &freed, chosen,
			      err);
}

static ms_status drop_right_ones(struct ms_bad_frees *bad, struct ms_error *err)
{
	ms_status status = MS_OK;
	size_t n = 0;

	for (size_t i = 0; status == MS_OK && i < bad->count; i++) {
		bool chosen = false;

		if (bad->items[i].kind < MS_BAD_KINDS)
			status = is_chosen(&bad->items[i], bad->input, &chosen, err);
		if (chosen)
			bad->items[n++] = bad->items[i];
	}
	bad->count = n;
	return status;
}

ms_status ms_bad_frees_look(struct ms_bad_frees *bad, struct ms_error *err)
{
	struct ms_trust trust = { 0 };
	ms_status status = settle(bad, err);

	ms_pairs_each(&bad->reallocs, add_waiting, bad);
	if (status == MS_OK && bad->failed)
		status = ms_fail_memory(err);
	if (status != MS_OK || !bad->count)
		return status;
	qsort(bad->items, bad->count, sizeof(*bad->items), by_ordinal);
	status = ms_trust_init(&trust, bad->input, err);
	if (status == MS_OK)
		status = ms_bad_places(bad, &trust, err);
	/* What the log cannot know is nothing to report. */
	if (trust.forked || trust.count)
		bad->more = 0;
	ms_trust_release(&trust);
	if (status == MS_OK)
		status = drop_right_ones(bad, err);
	if (status == MS_OK && bad->count)
		qsort(bad->items, bad->count, sizeof(*bad->items), by_stacks);
	return status;
}
