/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flows.c - which thread ended whose blocks.
 */
#include "analyzer/timeline/pass.h"
#include "analyzer/base/alloc.h"

struct watch {
	struct ms_flows *out;
	struct ms_pass pass;	   /* of all blocks */
	struct ms_counter counter; /* of all, for what was unmatched */
	uint32_t last_thread;	   /* that made the call before */
	uint64_t overwritten;
	bool failed; /* there was no memory */
};

/* NULL: it has none yet. */
static struct ms_flow *row_of(const struct ms_flows *flows, uint32_t thread)
{
	uint32_t index;

	return ms_dense_find(&flows->by_thread, thread, &index) ? &flows->rows[index]
								: NULL;
}

/* The row of a thread, made when need be; NULL: no memory. */
static struct ms_flow *row_at(struct ms_flows *out, uint32_t thread)
{
	struct ms_flow *row = row_of(out, thread);

	if (row)
		return row;
	if (out->count >= UINT32_MAX - 1 ||
	    ms_grow((void **)&out->rows, &out->capacity, out->count, sizeof(*out->rows)) <
		    0 ||
	    ms_dense_put(&out->by_thread, thread, (uint32_t)out->count) < 0)
		return NULL;
	row = &out->rows[out->count++];
	*row = (struct ms_flow){ .thread = thread };
	return row;
}

const struct ms_flow *ms_flows_of(const struct ms_flows *flows, uint32_t thread)
{
	return row_of(flows, thread);
}

/* What the call before did is complete: it may have been for a block that is unknown. */
static void settle(struct watch *w)
{
	uint64_t before = w->counter.now.unmatched;
	struct ms_flow *row = row_of(w->out, w->last_thread);

	ms_counter_settle(&w->counter);
	if (row)
		row->unmatched += w->counter.now.unmatched - before;
}

static ms_status see_event(void *context, const struct ms_event *event,
			   struct ms_error *err)
{
	struct watch *w = context;

	settle(w);
	w->last_thread = event->thread;
	if (event->class == MS_CLASS_UNKNOWN || event->class > MS_CLASS_REALLOC_FREED)
		return MS_OK;
	if (!row_at(w->out, event->thread))
		return ms_fail_memory(err);
	return ms_counter_event(&w->counter, event, err);
}

static void begin(struct watch *w, const struct ms_block *block,
		  const struct ms_weight *weight)
{
	struct ms_flow *maker = row_of(w->out, block->thread);

	if (!maker)
		return;
	maker->live_blocks += weight->blocks;
	maker->live_bytes += weight->bytes;
	if (maker->live_bytes > maker->peak_bytes) {
		maker->peak_bytes = maker->live_bytes;
		maker->peak_at_ns = block->at_ns;
	}
}

static void end(struct watch *w, const struct ms_block *block,
		const struct ms_event *event, const struct ms_weight *weight,
		bool overwritten)
{
	struct ms_flow *maker = row_of(w->out, block->thread);
	struct ms_flow *ender = row_of(w->out, event->thread);
	struct ms_handoff handed;

	if (!maker || !ender)
		return;
	maker->live_blocks -= weight->blocks;
	maker->live_bytes -= weight->bytes;
	if (overwritten)
		return;
	if (maker == ender) {
		maker->own += weight->blocks;
		maker->own_bytes += weight->bytes;
		return;
	}
	maker->by_others += weight->blocks;
	maker->by_others_bytes += weight->bytes;
	ender->of_others += weight->blocks;
	ender->of_others_bytes += weight->bytes;
	handed = (struct ms_handoff){ block->thread, event->thread, weight->blocks,
				      weight->bytes };
	w->failed |= ms_handoffs_add(&w->out->pairs, &handed) < 0;
}

static void see_block(void *context, enum ms_change change, const struct ms_block *block,
		      const struct ms_event *event, const struct ms_totals *totals)
{
	struct watch *w = context;
	bool overwritten = totals->overwritten_blocks != w->overwritten;
	struct ms_weight weight = ms_weigh(w->pass.sample_bytes, block->size);

	w->overwritten = totals->overwritten_blocks;
	ms_counter_block(&w->counter, change, block, event, totals);
	if (change == MS_CHANGE_BEGIN)
		begin(w, block, &weight);
	else
		end(w, block, event, &weight, overwritten);
}

static void report(struct ms_flow *row, uint64_t sample_bytes)
{
	uint64_t *sums[] = {
		&row->own,	  &row->own_bytes,	 &row->of_others,
		&row->by_others,  &row->of_others_bytes, &row->by_others_bytes,
		&row->live_bytes, &row->live_blocks,	 &row->peak_bytes
	};

	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		*sums[i] = ms_weight_sum(sample_bytes, *sums[i]);
}

static ms_status end_watch(void *context, struct ms_error *err)
{
	struct watch *w = context;
	struct ms_flows *out = w->out;
	uint64_t mean = w->pass.sample_bytes;

	if (w->failed)
		return ms_fail_memory(err);
	settle(w);
	for (size_t i = 0; i < out->count; i++)
		report(&out->rows[i], mean);
	ms_handoffs_sort(&out->pairs);
	for (size_t i = 0; i < out->pairs.count; i++) {
		struct ms_handoff *pair = &out->pairs.rows[i];

		pair->blocks = ms_weight_sum(mean, pair->blocks);
		pair->bytes = ms_weight_sum(mean, pair->bytes);
	}
	out->pairs.rest.blocks = ms_weight_sum(mean, out->pairs.rest.blocks);
	out->pairs.rest.bytes = ms_weight_sum(mean, out->pairs.rest.bytes);
	return MS_OK;
}

ms_status ms_flows_watch(struct ms_watch *watch, struct ms_flows *out,
			 const struct ms_pass *pass, struct ms_error *err)
{
	struct watch *w = ms_alloc_zero(1, sizeof(*w));

	*out = (struct ms_flows){ 0 };
	ms_dense_init(&out->by_thread);
	ms_handoffs_init(&out->pairs, MS_HANDOFFS_MAX);
	if (!w)
		return ms_fail_memory(err);
	w->out = out;
	w->pass = *pass;
	w->pass.chosen = NULL;
	ms_counter_init(&w->counter, &w->pass);
	*watch = (struct ms_watch){
		.observer = { .block = see_block, .context = w, .event = see_event },
		.end = end_watch,
		.free = ms_free
	};
	return MS_OK;
}

ms_status ms_flows_init(struct ms_flows *out, const struct ms_pass *pass,
			struct ms_error *err)
{
	struct ms_watch watch;
	ms_status status = ms_flows_watch(&watch, out, pass, err);

	if (status != MS_OK)
		return status;
	status = ms_watch_all(pass, &watch, 1, err);
	if (status != MS_OK)
		ms_flows_release(out);
	return status;
}

void ms_flows_release(struct ms_flows *flows)
{
	ms_free(flows->rows);
	ms_dense_release(&flows->by_thread);
	ms_handoffs_release(&flows->pairs);
	*flows = (struct ms_flows){ 0 };
}
