/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unbalanced_threads.c - detector: one of several threads makes nearly all blocks.
 *
 * The measure is the busiest thread's share of all allocations.  Threads that make fewer
 * than a hundred blocks (a logger, a timer) do not count as workers.  Of two or three it
 * takes nine tenths, of four and more three quarters, where an even split is a quarter or
 * less.  That may be how the program is meant to be: it is no more than a hint.
 */
#include "analyzer/analysis/waste.h"
#include "analyzer/base/alloc.h"

#define WORKER_LEAST 100
#define ALL_LEAST    10000
#define FEW	     4 /* threads: from here on MANY_SHARE */
#define FEW_SHARE    0.9
#define MANY_SHARE   0.75

struct worker {
	struct ms_block first;
	uint64_t blocks, bytes;
};

struct workers {
	const struct ms_check_input *input;
	struct worker *items;
	size_t count, capacity;
	struct ms_dense by_thread;
	bool failed; /* there was no memory */
};

static const char *unable(const struct ms_check_input *input)
{
	return ms_waste_needs_pairs(input);
}

static ms_status begin(void **state, const struct ms_check_input *input,
		       struct ms_error *err)
{
	struct workers *w = ms_alloc_zero(1, sizeof(*w));

	if (!w)
		return ms_fail_memory(err);
	w->input = input;
	ms_dense_init(&w->by_thread);
	*state = w;
	return MS_OK;
}

static void release(void *state)
{
	struct workers *w = state;

	if (!w)
		return;
	ms_dense_release(&w->by_thread);
	ms_free(w->items);
	ms_free(w);
}

static void block(void *state, enum ms_change change, const struct ms_block *block,
		  const struct ms_event *event, const struct ms_totals *totals)
{
	struct workers *w = state;
	const struct ms_dense_rows rows = { (void **)&w->items, &w->count, &w->capacity,
					    sizeof(*w->items), &w->by_thread };
	struct ms_weight weight = ms_weigh(w->input->sample_bytes, block->size);
	struct worker *worker;
	bool is_new;

	(void)event;
	(void)totals;
	if (change == MS_CHANGE_END)
		return;
	worker = ms_dense_rows_at(&rows, block->thread, &is_new);
	if (!worker) {
		w->failed = true;
		return;
	}
	if (is_new)
		worker->first = *block;
	worker->blocks += weight.blocks;
	worker->bytes += weight.bytes;
}

struct split {
	const struct worker *busiest;
	size_t workers;
	uint64_t blocks; /* of all threads */
};

static struct split split_of(struct workers *w)
{
	struct split split = { 0 };

	for (size_t i = 0; i < w->count; i++) {
		struct worker *worker = &w->items[i];

		worker->blocks = ms_weight_sum(w->input->sample_bytes, worker->blocks);
		worker->bytes = ms_weight_sum(w->input->sample_bytes, worker->bytes);
		split.workers += worker->blocks >= WORKER_LEAST;
		split.blocks += worker->blocks;
		if (!split.busiest || worker->blocks > split.busiest->blocks)
			split.busiest = worker;
	}
	return split;
}

static ms_status end(void *state, const struct ms_replayed *replayed,
		     struct ms_findings *findings, struct ms_error *err)
{
	struct workers *w = state;
	struct split split = split_of(w);
	struct ms_finding *f;
	double share;

	(void)replayed;
	if (w->failed)
		return ms_fail_memory(err);
	if (split.blocks < ALL_LEAST || split.workers < 2)
		return MS_OK;
	share = ms_waste_share(split.busiest->blocks, split.blocks);
	if (share < (split.workers < FEW ? FEW_SHARE : MANY_SHARE))
		return MS_OK;
	f = ms_findings_add(findings, &ms_detector_unbalanced_threads, "one_thread");
	if (!f)
		return ms_fail_memory(err);
	f->severity = MS_SEVERITY_INFO;
	f->count = split.busiest->blocks;
	f->bytes = split.busiest->bytes;
	f->suggestion = "where threads should share the work, look how it is handed out";
	ms_waste_thread(f, "thread", w->input, split.busiest->first.thread);
	ms_waste_part(f, "share", share);
	ms_waste_part(f, "even_share", 1.0 / (double)split.workers);
	ms_waste_count(f, "allocating_threads", split.workers);
	return MS_OK;
}

const struct ms_detector ms_detector_unbalanced_threads = {
	.name = "unbalanced_threads",
	.summary = "one of several threads makes nearly all blocks",
	.worst = MS_SEVERITY_INFO,
	.unable = unable,
	.begin = begin,
	.block = block,
	.end = end,
	.free = release,
};
