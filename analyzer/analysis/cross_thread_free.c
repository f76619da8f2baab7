/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cross_thread_free.c - detector: blocks that other threads free than made them.
 *
 * Such a free goes to the arena of the thread that made the block: the two contend for
 * it, and what a thread keeps for its own next call stays empty.  It is told of once for
 * the process, with the heaviest pair of threads, from a fifth of all frees on; fewer
 * than a thousand are nothing to look at.
 */
#include "analyzer/analysis/waste.h"
#include "analyzer/base/alloc.h"

#define SHARE	  0.2
#define LEAST	  1000
#define LOW_COUNT 100000

struct handed { /* of a stack */
	struct ms_block first;
	struct ms_event freed; /* that one */
	uint64_t blocks;
};

struct cross {
	const struct ms_check_input *input;
	struct ms_handoffs pairs;
	struct handed *stacks;
	size_t count, capacity;
	struct ms_dense by_stack;
	uint64_t frees;
	struct ms_handoff all;
	bool failed; /* there was no memory */
};

static const char *unable(const struct ms_check_input *input)
{
	return ms_waste_needs_all(input);
}

static ms_status begin(void **state, const struct ms_check_input *input,
		       struct ms_error *err)
{
	struct cross *c = ms_alloc_zero(1, sizeof(*c));

	if (!c)
		return ms_fail_memory(err);
	c->input = input;
	ms_handoffs_init(&c->pairs, MS_HANDOFFS_MAX);
	ms_dense_init(&c->by_stack);
	*state = c;
	return MS_OK;
}

static void release(void *state)
{
	struct cross *c = state;

	if (!c)
		return;
	ms_handoffs_release(&c->pairs);
	ms_dense_release(&c->by_stack);
	ms_free(c->stacks);
	ms_free(c);
}

static int hand_over(struct cross *c, const struct ms_block *block,
		     const struct ms_event *event)
{
	const struct ms_dense_rows rows = { (void **)&c->stacks, &c->count, &c->capacity,
					    sizeof(*c->stacks), &c->by_stack };
	struct ms_handoff handed = { block->thread, event->thread, 1, block->size };
	bool is_new;
	struct handed *row = ms_dense_rows_at(&rows, block->stack, &is_new);

	if (!row)
		return -1;
	if (is_new)
		*row = (struct handed){ .first = *block, .freed = *event };
	row->blocks++;
	c->all.blocks++;
	c->all.bytes += block->size;
	return ms_handoffs_add(&c->pairs, &handed);
}

static void block(void *state, enum ms_change change, const struct ms_block *block,
		  const struct ms_event *event, const struct ms_totals *totals)
{
	struct cross *c = state;

	(void)totals;
	if (change == MS_CHANGE_BEGIN || ms_waste_unseen(event))
		return;
	c->frees++;
	if (block->thread != event->thread)
		c->failed |= hand_over(c, block, event) < 0;
}

static const struct handed *heaviest(const struct cross *c)
{
	const struct handed *most = &c->stacks[0];

	for (size_t i = 1; i < c->count; i++)
		if (c->stacks[i].blocks > most->blocks)
			most = &c->stacks[i];
	return most;
}

static void describe(const struct cross *c, struct ms_finding *f)
{
	const struct handed *stack = heaviest(c);
	const struct ms_handoff *pair = &c->pairs.rows[0];
	const struct ms_finding_point points[] = {
		ms_finding_made("allocated", &stack->first),
		ms_finding_call("freed", &stack->freed, stack->first.size),
	};

	f->count = c->all.blocks;
	f->bytes = c->all.bytes;
	f->severity = f->count >= LOW_COUNT ? MS_SEVERITY_LOW : MS_SEVERITY_INFO;
	f->suggestion = "let threads free what they made, or hand blocks back in batches "
			"or to a pool of each thread's own";
	ms_finding_point(f, &points[0]);
	ms_finding_point(f, &points[1]);
	ms_waste_part(f, "share", ms_waste_share(c->all.blocks, c->frees));
	ms_waste_count(f, "pairs", c->pairs.count);
	ms_waste_thread(f, "made_by", c->input, pair->maker);
	ms_waste_thread(f, "freed_by", c->input, pair->ender);
	ms_waste_count(f, "pair_blocks", pair->blocks);
	ms_waste_bytes(f, "pair_bytes", pair->bytes);
	ms_waste_count(f, "site_blocks", stack->blocks);
}

static ms_status end(void *state, const struct ms_replayed *replayed,
		     struct ms_findings *findings, struct ms_error *err)
{
	struct cross *c = state;
	struct ms_finding *f;

	(void)replayed;
	if (c->failed)
		return ms_fail_memory(err);
	if (c->all.blocks < LEAST || ms_waste_share(c->all.blocks, c->frees) < SHARE)
		return MS_OK;
	ms_handoffs_sort(&c->pairs);
	f = ms_findings_add(findings, &ms_detector_cross_thread_free, "cross_thread");
	if (!f)
		return ms_fail_memory(err);
	describe(c, f);
	return MS_OK;
}

const struct ms_detector ms_detector_cross_thread_free = {
	.name = "cross_thread_free",
	.summary = "many blocks that other threads free than made them",
	.worst = MS_SEVERITY_LOW,
	.unable = unable,
	.begin = begin,
	.block = block,
	.end = end,
	.free = release,
};
