/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_threads.c - which thread made what with a stack.
 *
 * A snapshot has figures of stacks and of threads, not of both at once: that takes one
 * more replay, which most reports do not need.
 */
#include "analyzer/facade/profile.h"
#include "analyzer/base/alloc.h"

#include <stdlib.h>

static int by_stack(const void *a, const void *b)
{
	const struct ms_pair_figures *x = a, *y = b;

	if (x->stack != y->stack)
		return x->stack < y->stack ? -1 : 1;
	return x->thread < y->thread ? -1 : x->thread > y->thread;
}

ms_status ms_thread_pairs_init(struct ms_thread_pairs *pairs,
			       const struct ms_views *views, size_t i,
			       struct ms_error *err)
{
	const struct ms_view *view = &views->items[i];
	const struct ms_trace *trace = &views->m->traces[i];
	struct ms_tally_options options = {
		.store = trace->store,
		.snapshot = view->snapshot,
		.sample_bytes = ms_known_sample_bytes(trace),
		.pairs = true,
		.progress = ms_facade_progress(views->m, "looking at threads"),
	};
	struct ms_tally tally;
	ms_status status;

	*pairs = (struct ms_thread_pairs){ 0 };
	if (view->filter) {
		options.choose = ms_filter_life;
		options.context = view->filter;
	}
	status = ms_tally_init(&tally, &options, err);
	if (status == MS_OK) {
		pairs->items = tally.pairs;
		pairs->count = tally.pair_count;
		tally.pairs = NULL;
	}
	ms_tally_release(&tally);
	if (pairs->count)
		qsort(pairs->items, pairs->count, sizeof(*pairs->items), by_stack);
	return status;
}

void ms_thread_pairs_release(struct ms_thread_pairs *pairs)
{
	ms_free(pairs->items);
	*pairs = (struct ms_thread_pairs){ 0 };
}

const struct ms_pair_figures *ms_thread_pairs_of(const struct ms_thread_pairs *pairs,
						 uint32_t stack, size_t *count)
{
	size_t low = 0, high = pairs->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (pairs->items[middle].stack < stack)
			low = middle + 1;
		else
			high = middle;
	}
	*count = 0;
	while (low + *count < pairs->count && pairs->items[low + *count].stack == stack)
		++*count;
	return pairs->items + low;
}
