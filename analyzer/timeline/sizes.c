/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sizes.c - the sizes that were asked for, each by itself.
 *
 * A log may have as many sizes as blocks; beyond a limit, new ones share one row.
 */
#include "analyzer/timeline/pass.h"
#include "analyzer/base/alloc.h"

#include <stdlib.h>

struct watch {
	struct ms_sizes *out;
	const struct ms_pass *pass;
};

static struct ms_keyed rows_of(struct ms_sizes *out)
{
	return (struct ms_keyed){ (void **)&out->rows, &out->count, &out->capacity,
				  sizeof(*out->rows), &out->by_size };
}

static ms_status see_event(void *context, const struct ms_event *event,
			   struct ms_error *err)
{
	struct watch *w = context;
	struct ms_keyed rows = rows_of(w->out);
	struct ms_size_row *row;
	ms_status status;
	bool is_new;

	if (!event->address || !ms_event_makes(event))
		return MS_OK;
	status = ms_pass_prepare(w->pass, event, err);
	if (status != MS_OK || w->out->count == MS_SIZES_MAX)
		return status;
	row = ms_keyed_at(&rows, event->size, &is_new);
	if (!row)
		return ms_fail_memory(err);
	row->size = event->size;
	return MS_OK;
}

static void see_block(void *context, enum ms_change change, const struct ms_block *block,
		      const struct ms_event *event, const struct ms_totals *totals)
{
	struct watch *w = context;
	struct ms_keyed rows = rows_of(w->out);
	struct ms_size_row *row = ms_keyed_find(&rows, block->size);
	struct ms_weight weight;

	(void)event;
	(void)totals;
	if (!ms_pass_wants(w->pass, block))
		return;
	weight = ms_weigh(w->pass->sample_bytes, block->size);
	if (change == MS_CHANGE_BEGIN) {
		*(row ? &row->blocks : &w->out->other_blocks) += weight.blocks;
		*(row ? &row->live_blocks : &w->out->other_live) += weight.blocks;
	} else {
		*(row ? &row->live_blocks : &w->out->other_live) -= weight.blocks;
	}
	if (!row)
		return;
	row->block_variance += change == MS_CHANGE_BEGIN ? weight.block_variance : 0;
	row->live_variance += change == MS_CHANGE_BEGIN ? weight.block_variance
							: -weight.block_variance;
}

static int most_frequent_first(const void *a, const void *b)
{
	const struct ms_size_row *x = a, *y = b;

	if (x->blocks != y->blocks)
		return x->blocks < y->blocks ? 1 : -1;
	return x->size < y->size ? -1 : x->size > y->size;
}

static void finish(struct ms_sizes *out, uint64_t sample_bytes)
{
	size_t kept = 0;

	for (size_t i = 0; i < out->count; i++) {
		struct ms_size_row *row = &out->rows[i];

		if (!row->blocks)
			continue; /* none of them was chosen */
		row->blocks = ms_weight_sum(sample_bytes, row->blocks);
		row->live_blocks = ms_weight_sum(sample_bytes, row->live_blocks);
		out->rows[kept++] = *row;
	}
	out->count = kept;
	out->other_blocks = ms_weight_sum(sample_bytes, out->other_blocks);
	out->other_live = ms_weight_sum(sample_bytes, out->other_live);
	if (kept)
		qsort(out->rows, kept, sizeof(*out->rows), most_frequent_first);
	ms_map_release(&out->by_size);
	ms_map_init(&out->by_size);
}

ms_status ms_sizes_init(struct ms_sizes *out, const struct ms_pass *pass,
			struct ms_error *err)
{
	struct watch watch = { out, pass };
	struct ms_observer observer = { .block = see_block,
					.context = &watch,
					.event = see_event };
	struct ms_replayed replayed;
	ms_status status;

	*out = (struct ms_sizes){ 0 };
	ms_map_init(&out->by_size);
	status = ms_pass_run(&replayed, pass, &observer, err);
	if (status != MS_OK) {
		ms_sizes_release(out);
		return status;
	}
	ms_replayed_release(&replayed);
	finish(out, pass->sample_bytes);
	return MS_OK;
}

void ms_sizes_release(struct ms_sizes *sizes)
{
	ms_free(sizes->rows);
	ms_map_release(&sizes->by_size);
	*sizes = (struct ms_sizes){ 0 };
}
