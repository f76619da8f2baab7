/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slices.c - who made what in each part of a time, and what lived of it.
 *
 * A row that does nothing within a bucket has no cell there: memory is bounded by what
 * happened, and by rows times buckets.  The rows that did something are listed as they
 * first do, and become cells when the bucket ends.
 */
#include "analyzer/timeline/pass.h"
#include "analyzer/base/alloc.h"

#include <stdlib.h>

struct sums { /* of a log of samples in 2^-16ths */
	uint64_t made, made_bytes, live_blocks, live_bytes;
};

struct row {
	struct sums now, told; /* told: as the cells so far have it */
	bool listed;
};

struct watch {
	struct ms_slices_options options;
	struct ms_slices *out;
	struct row *rows;
	uint32_t *listed; /* rows of the bucket that is being filled */
	size_t listed_count;
	size_t bucket;
	struct sums *threads; /* made alone, so far in the bucket */
};

static int by_row(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t rounded(const struct watch *w, uint64_t sum)
{
	return ms_weight_sum(w->options.pass.sample_bytes, sum);
}

static struct ms_cell cell_of(const struct watch *w, uint32_t index)
{
	const struct sums *now = &w->rows[index].now, *told = &w->rows[index].told;

	return (struct ms_cell){
		.row = index,
		.made = rounded(w, now->made) - rounded(w, told->made),
		.made_bytes = rounded(w, now->made_bytes) - rounded(w, told->made_bytes),
		.live_blocks = (int64_t)(rounded(w, now->live_blocks) -
					 rounded(w, told->live_blocks)),
		.live_bytes = (int64_t)(rounded(w, now->live_bytes) -
					rounded(w, told->live_bytes)),
	};
}

static void end_threads(struct watch *w)
{
	size_t buckets = w->out->buckets;

	for (uint32_t t = 0; t < w->options.threads; t++) {
		w->out->threads[t * buckets + w->bucket] =
			(struct ms_made){ rounded(w, w->threads[t].made),
					  rounded(w, w->threads[t].made_bytes) };
		w->threads[t] = (struct sums){ 0 };
	}
}

/* MS_OK or MS_ENOMEM. */
static ms_status end_bucket(struct watch *w, struct ms_error *err)
{
	struct ms_slices *out = w->out;

	if (w->listed_count)
		qsort(w->listed, w->listed_count, sizeof(*w->listed), by_row);
	for (size_t i = 0; i < w->listed_count; i++) {
		struct row *row = &w->rows[w->listed[i]];

		if (ms_grow((void **)&out->cells, &out->capacity, out->count,
			    sizeof(*out->cells)) < 0)
			return ms_fail_memory(err);
		out->cells[out->count++] = cell_of(w, w->listed[i]);
		row->told = row->now;
		row->listed = false;
	}
	w->listed_count = 0;
	end_threads(w);
	w->bucket++;
	out->start[w->bucket] = out->count;
	return MS_OK;
}

static ms_status see_event(void *context, const struct ms_event *event,
			   struct ms_error *err)
{
	struct watch *w = context;
	ms_status status = MS_OK;

	while (status == MS_OK && w->bucket < w->out->buckets &&
	       event->at_ns > w->options.buckets[w->bucket].end_ns)
		status = end_bucket(w, err);
	if (status == MS_OK && ms_event_makes(event))
		status = ms_pass_prepare(&w->options.pass, event, err);
	return status;
}

static void add(struct sums *sums, enum ms_change change, const struct ms_weight *weight)
{
	if (change == MS_CHANGE_END) {
		sums->live_blocks -= weight->blocks;
		sums->live_bytes -= weight->bytes;
		return;
	}
	sums->made += weight->blocks;
	sums->made_bytes += weight->bytes;
	sums->live_blocks += weight->blocks;
	sums->live_bytes += weight->bytes;
}

static void see_block(void *context, enum ms_change change, const struct ms_block *block,
		      const struct ms_event *event, const struct ms_totals *totals)
{
	struct watch *w = context;
	struct ms_weight weight;
	uint32_t row, thread;

	(void)event;
	(void)totals;
	if (w->bucket == w->out->buckets || !ms_pass_wants(&w->options.pass, block))
		return;
	weight = ms_weigh(w->options.pass.sample_bytes, block->size);
	if (ms_dense_find(w->options.row_of_stack, block->stack, &row)) {
		if (!w->rows[row].listed)
			w->listed[w->listed_count++] = row;
		w->rows[row].listed = true;
		add(&w->rows[row].now, change, &weight);
	}
	if (change == MS_CHANGE_BEGIN &&
	    ms_dense_find(w->options.row_of_thread, block->thread, &thread))
		add(&w->threads[thread], change, &weight);
}

static ms_status end_watch(void *context, struct ms_error *err)
{
	struct watch *w = context;
	ms_status status = MS_OK;

	while (status == MS_OK && w->bucket < w->out->buckets)
		status = end_bucket(w, err);
	return status;
}

static void free_watch(void *context)
{
	struct watch *w = context;

	ms_free(w->rows);
	ms_free(w->listed);
	ms_free(w->threads);
	ms_free(w);
}

/* 0, or -1 without memory. */
static int make_room(struct watch *w)
{
	const struct ms_slices_options *options = &w->options;
	struct ms_slices *out = w->out;
	size_t buckets = options->bucket_count;

	w->rows = ms_alloc_zero(options->rows, sizeof(*w->rows));
	w->listed = ms_alloc_zero(options->rows, sizeof(*w->listed));
	w->threads = ms_alloc_zero(options->threads, sizeof(*w->threads));
	out->start = ms_alloc_zero(buckets + 1, sizeof(*out->start));
	out->threads = ms_alloc_zero(options->threads * buckets, sizeof(*out->threads));
	out->buckets = buckets;
	out->thread_count = options->threads;
	return w->rows && w->listed && w->threads && out->start && out->threads ? 0 : -1;
}

ms_status ms_slices_watch(struct ms_watch *watch, struct ms_slices *out,
			  const struct ms_slices_options *options, struct ms_error *err)
{
	struct watch *w = ms_alloc_zero(1, sizeof(*w));

	*out = (struct ms_slices){ 0 };
	if (!w)
		return ms_fail_memory(err);
	w->options = *options;
	w->out = out;
	if (make_room(w) < 0) {
		free_watch(w);
		ms_slices_release(out);
		return ms_fail_memory(err);
	}
	*watch = (struct ms_watch){
		.observer = { .block = see_block, .context = w, .event = see_event },
		.end = end_watch,
		.free = free_watch
	};
	return MS_OK;
}

void ms_slices_release(struct ms_slices *slices)
{
	ms_free(slices->cells);
	ms_free(slices->start);
	ms_free(slices->threads);
	*slices = (struct ms_slices){ 0 };
}
