/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sums.c - counting what a replay tells, for all blocks or for chosen ones.
 *
 * An observer hears of an event before it is applied, and then of the blocks that it made
 * and ended.  What it did besides (nothing, where the block is unknown) shows when the
 * next event comes: until then it is the last event, whose effect is not complete.
 */
#include "analyzer/timeline/pass.h"

void ms_counter_init(struct ms_counter *counter, const struct ms_pass *pass)
{
	*counter = (struct ms_counter){ .pass = pass };
}

void ms_counter_settle(struct ms_counter *c)
{
	const struct ms_event *last = &c->last;
	bool all = !c->pass->chosen;

	if (!c->has_last)
		return;
	c->has_last = false;
	if (ms_event_makes(last)) {
		c->now.failed += c->chosen && !last->address;
		c->now.unmatched += all && !c->ended && last->address &&
				    last->class == MS_CLASS_REALLOC_END;
	} else if (all && !c->ended && !c->pass->sample_bytes) {
		c->now.frees++;
		c->now.unmatched++;
	}
}

ms_status ms_counter_event(struct ms_counter *c, const struct ms_event *event,
			   struct ms_error *err)
{
	struct ms_block block = ms_event_block(event);

	ms_counter_settle(c);
	if (event->class > MS_CLASS_REALLOC_FREED ||
	    event->class == MS_CLASS_REALLOC_BEGIN || event->class == MS_CLASS_UNKNOWN)
		return MS_OK;
	if (ms_event_makes(event)) {
		ms_status status = ms_pass_prepare(c->pass, event, err);

		if (status != MS_OK)
			return status;
	}
	c->last = *event;
	c->has_last = true;
	c->ended = false;
	c->chosen = ms_event_makes(event) && ms_pass_wants(c->pass, &block);
	return MS_OK;
}

static void begin(struct ms_counter *c, const struct ms_event *event,
		  const struct ms_weight *w)
{
	struct ms_sums *s = &c->now;

	if (event->class == MS_CLASS_ALLOC)
		s->allocations += w->blocks;
	else
		s->reallocations += w->blocks;
	s->allocated += w->bytes;
	s->live_blocks += w->blocks;
	s->live_bytes += w->bytes;
	s->allocations_variance += w->block_variance;
	s->allocated_variance += w->byte_variance;
	s->live_blocks_variance += w->block_variance;
	s->live_bytes_variance += w->byte_variance;
}

static void end(struct ms_counter *c, const struct ms_event *event,
		const struct ms_weight *w, bool overwritten)
{
	struct ms_sums *s = &c->now;

	s->live_blocks -= w->blocks;
	s->live_bytes -= w->bytes;
	s->live_blocks_variance -= w->block_variance;
	s->live_bytes_variance -= w->byte_variance;
	if (overwritten) {
		s->overwritten_blocks += w->blocks;
		s->overwritten_bytes += w->bytes;
		return;
	}
	s->freed += w->bytes;
	if (event->class != MS_CLASS_REALLOC_END)
		s->frees += w->blocks;
}

bool ms_counter_block(struct ms_counter *c, enum ms_change change,
		      const struct ms_block *block, const struct ms_event *event,
		      const struct ms_totals *totals)
{
	bool overwritten = totals->overwritten_blocks != c->overwritten;
	struct ms_weight w;

	c->overwritten = totals->overwritten_blocks;
	c->ended |= change == MS_CHANGE_END && !overwritten;
	if (!ms_pass_wants(c->pass, block))
		return false;
	w = ms_weigh(c->pass->sample_bytes, block->size);
	if (change == MS_CHANGE_BEGIN)
		begin(c, event, &w);
	else
		end(c, event, &w, overwritten);
	return true;
}

void ms_sums_report(struct ms_sums *s, uint64_t sample_bytes)
{
	uint64_t *weighed[] = {
		&s->allocations, &s->reallocations, &s->frees,
		&s->allocated,	 &s->freed,	    &s->overwritten_blocks,
		&s->live_blocks, &s->live_bytes,    &s->overwritten_bytes
	};

	for (size_t i = 0; i < sizeof(weighed) / sizeof(weighed[0]); i++)
		*weighed[i] = ms_weight_sum(sample_bytes, *weighed[i]);
}
