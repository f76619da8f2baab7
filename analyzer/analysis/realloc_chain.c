/* SPDX-License-Identifier: Apache-2.0 */
/*
 * realloc_chain.c - detector: blocks that grow by the same few bytes again and again.
 *
 * A block that grows to n bytes by steps of s is reallocated n/s times, and each time
 * that it cannot grow in place all of it is copied: n*n/2s bytes.  One that grows by a
 * factor is reallocated some dozen times.  A chain is told of from STEPS steps on that
 * are equal, or within a tenth of the first of them: a factor of 1.1 makes no more than
 * two such.
 */
#include "analyzer/analysis/waste.h"
#include "analyzer/base/alloc.h"

#define STEPS	     8
#define CLOSE	     10	  /* a step is close to another within a part of so many */
#define GROWN_LEAST  1024 /* bytes: who cares about less */
#define LOW_STEPS    1000
#define LOW_MOVED    (UINT64_C(1) << 20)
#define MEDIUM_MOVED (UINT64_C(64) << 20)

enum { CHAIN_STEPS, CHAINS, MOVED, GROWN /* bytes, by all steps */ };

struct chain {	       /* of a live block that a realloc made */
	uint64_t step; /* the first of the run */
	uint64_t run;  /* steps like it, one after the other */
	uint64_t moved, grown;
	uint64_t next_free;
};

struct chains {
	const struct ms_check_input *input;
	struct ms_waste stacks;
	struct chain *items; /* from 1 */
	size_t count, capacity;
	uint64_t free;	  /* the first that is not in use; 0: none */
	struct ms_map at; /* address to chain */
	/* the old block of the realloc that is being told, if it has one */
	bool has_old;
	struct ms_block old;
	struct chain old_chain; /* run 0: it had none */
};

static const char *unable(const struct ms_check_input *input)
{
	return ms_waste_needs_all(input);
}

static ms_status begin(void **state, const struct ms_check_input *input,
		       struct ms_error *err)
{
	struct chains *c = ms_alloc_zero(1, sizeof(*c));

	if (!c)
		return ms_fail_memory(err);
	c->input = input;
	c->count = 1;
	ms_waste_init(&c->stacks);
	ms_map_init(&c->at);
	*state = c;
	return MS_OK;
}

static void release(void *state)
{
	struct chains *c = state;

	if (!c)
		return;
	ms_waste_release(&c->stacks);
	ms_map_release(&c->at);
	ms_free(c->items);
	ms_free(c);
}

/* The chain of a block that is no more; run 0: it had none. */
static struct chain take(struct chains *c, uint64_t address)
{
	struct chain chain = { 0 };
	uint64_t index;

	if (!ms_map_remove(&c->at, address, &index))
		return chain;
	chain = c->items[index];
	c->items[index].next_free = c->free;
	c->free = index;
	return chain;
}

static int put(struct chains *c, uint64_t address, const struct chain *chain)
{
	uint64_t index = c->free;

	take(c, address);
	if (index) {
		c->free = c->items[index].next_free;
	} else {
		if (ms_grow((void **)&c->items, &c->capacity, c->count,
			    sizeof(*c->items)) < 0)
			return -1;
		index = c->count++;
	}
	c->items[index] = *chain;
	return ms_map_put(&c->at, address, index);
}

static bool is_close(uint64_t step, uint64_t to)
{
	return (step > to ? step - to : to - step) <= to / CLOSE;
}

/* Count steps of a chain that is long enough, at the stack that made the last. */
static void count(struct chains *c, const struct ms_block *block,
		  const struct chain *chain, uint64_t steps, uint64_t moved,
		  uint64_t grown)
{
	struct ms_waste_row *row = ms_waste_at(&c->stacks, block);

	if (!row)
		return;
	row->sums[CHAIN_STEPS] += steps;
	row->sums[CHAINS] += steps > 1;
	row->sums[MOVED] += moved;
	row->sums[GROWN] += grown;
	if (chain->run > row->most) {
		row->most = chain->run;
		row->of_most = chain->step;
	}
}

/* old has become block, which is larger. */
static void grow(struct chains *c, const struct ms_block *block)
{
	struct chain chain = c->old_chain;
	uint64_t step = block->size - c->old.size;
	uint64_t moved = block->address != c->old.address ? c->old.size : 0;

	if (!chain.run || !is_close(step, chain.step))
		chain = (struct chain){ .step = step };
	chain.run++;
	chain.moved += moved;
	chain.grown += step;
	if (chain.run == STEPS)
		count(c, block, &chain, STEPS, chain.moved, chain.grown);
	else if (chain.run > STEPS)
		count(c, block, &chain, 1, moved, step);
	c->stacks.failed |= put(c, block->address, &chain) < 0;
}

static ms_status event(void *state, const struct ms_event *event, struct ms_error *err)
{
	struct chains *c = state;

	(void)event;
	(void)err;
	c->has_old = false;
	return MS_OK;
}

static void block(void *state, enum ms_change change, const struct ms_block *block,
		  const struct ms_event *event, const struct ms_totals *totals)
{
	struct chains *c = state;

	(void)totals;
	if (change == MS_CHANGE_BEGIN) {
		if (c->has_old && block->size > c->old.size)
			grow(c, block);
		return;
	}
	if (event->class != MS_CLASS_REALLOC_END || !event->address || c->has_old) {
		take(c, block->address);
		return;
	}
	c->has_old = true;
	c->old = *block;
	c->old_chain = take(c, block->address);
}

static enum ms_severity severity_of(const struct ms_waste_row *site)
{
	if (site->sums[MOVED] >= MEDIUM_MOVED)
		return MS_SEVERITY_MEDIUM;
	return site->sums[MOVED] >= LOW_MOVED || site->sums[CHAIN_STEPS] >= LOW_STEPS
		       ? MS_SEVERITY_LOW
		       : MS_SEVERITY_INFO;
}

static ms_status judge(void *findings, const struct ms_waste_row *site,
		       struct ms_error *err)
{
	struct ms_finding_point point = ms_finding_made("reallocated", &site->block);
	struct ms_finding *f;

	if (site->sums[GROWN] < GROWN_LEAST)
		return MS_OK;
	f = ms_findings_add(findings, &ms_detector_realloc_chain, "constant_steps");
	if (!f)
		return ms_fail_memory(err);
	f->count = site->sums[CHAIN_STEPS];
	f->bytes = site->sums[MOVED];
	f->severity = severity_of(site);
	f->suggestion =
		"let the capacity grow by a factor, such as half of it, or reserve "
		"what is known to be needed";
	ms_finding_point(f, &point);
	ms_waste_count(f, "chains", site->sums[CHAINS]);
	ms_waste_count(f, "steps", site->sums[CHAIN_STEPS]);
	ms_waste_count(f, "longest_chain", site->most);
	ms_waste_bytes(f, "step_bytes", site->of_most);
	ms_waste_bytes(f, "moved_bytes", site->sums[MOVED]);
	return MS_OK;
}

static ms_status end(void *state, const struct ms_replayed *replayed,
		     struct ms_findings *findings, struct ms_error *err)
{
	struct chains *c = state;

	(void)replayed;
	return ms_waste_judge(&c->stacks, STEPS, c->input, judge, findings, err);
}

const struct ms_detector ms_detector_realloc_chain = {
	.name = "realloc_chain",
	.summary = "blocks that grow by equal steps, not by a factor",
	.worst = MS_SEVERITY_MEDIUM,
	.unable = unable,
	.begin = begin,
	.event = event,
	.block = block,
	.end = end,
	.free = release,
};
