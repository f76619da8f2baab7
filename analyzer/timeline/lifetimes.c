/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lifetimes.c - how long blocks lived, by what made them.
 */
#include "analyzer/timeline/pass.h"
#include "analyzer/base/alloc.h"

struct watch {
	struct ms_lifetimes *out;
	const struct ms_pass *pass;
	enum ms_lived_by by;
	uint64_t overwritten; /* as the heap had it last */
};

static uint32_t key_of(enum ms_lived_by by, const struct ms_block *block)
{
	if (by == MS_LIVED_BY_THREAD)
		return block->thread;
	if (by == MS_LIVED_BY_SIZE)
		return block->size ? 64 - (unsigned)__builtin_clzll(block->size) : 0;
	return block->stack;
}

static struct ms_keyed rows_of(struct ms_lifetimes *out)
{
	return (struct ms_keyed){ (void **)&out->rows, &out->count, &out->capacity,
				  sizeof(*out->rows), &out->by_key };
}

/* The row of key, made when need be; NULL without memory. */
static struct ms_lived *row_at(struct ms_lifetimes *out, uint32_t key)
{
	struct ms_keyed rows = rows_of(out);
	bool is_new;
	struct ms_lived_row *row = ms_keyed_at(&rows, key, &is_new);

	if (!row)
		return NULL;
	row->key = key;
	return &row->lived;
}

static struct ms_lived *row_of(struct watch *w, const struct ms_block *block)
{
	struct ms_keyed rows = rows_of(w->out);
	struct ms_lived_row *row = NULL;

	if (w->by != MS_LIVED_BY_NONE)
		row = ms_keyed_find(&rows, key_of(w->by, block));
	return row ? &row->lived : NULL;
}

static void add(struct ms_lived *lived, unsigned c, const struct ms_weight *w)
{
	lived->blocks[c] += w->blocks;
	lived->bytes[c] += w->bytes;
	lived->block_variance[c] += w->block_variance;
	lived->byte_variance[c] += w->byte_variance;
}

static void count(struct watch *w, const struct ms_block *block, unsigned c)
{
	struct ms_weight weight = ms_weigh(w->pass->sample_bytes, block->size);
	struct ms_lived *row = row_of(w, block);

	add(&w->out->all, c, &weight);
	if (row)
		add(row, c, &weight);
}

/* --- the replay -----------------------------------------------------------------------
 */

/* Make room for the block that an event may make: nothing can fail afterwards. */
static ms_status see_event(void *context, const struct ms_event *event,
			   struct ms_error *err)
{
	struct watch *w = context;
	struct ms_block block = ms_event_block(event);
	ms_status status;

	if (!event->address || !ms_event_makes(event))
		return MS_OK;
	status = ms_pass_prepare(w->pass, event, err);
	if (status == MS_OK && w->by != MS_LIVED_BY_NONE &&
	    ms_pass_wants(w->pass, &block) && !row_at(w->out, key_of(w->by, &block)))
		status = ms_fail_memory(err);
	return status;
}

static void see_block(void *context, enum ms_change change, const struct ms_block *block,
		      const struct ms_event *event, const struct ms_totals *totals)
{
	struct watch *w = context;
	bool overwritten = totals->overwritten_blocks != w->overwritten;

	w->overwritten = totals->overwritten_blocks;
	if (change == MS_CHANGE_BEGIN || !ms_pass_wants(w->pass, block))
		return;
	count(w, block,
	      overwritten ? (unsigned)MS_LIVED_UNKNOWN
			  : ms_age_class(event->at_ns > block->at_ns
						 ? event->at_ns - block->at_ns
						 : 0));
}

static bool see_live(void *context, const struct ms_block *block)
{
	struct watch *w = context;

	if (ms_pass_wants(w->pass, block))
		count(w, block, MS_LIVED_STILL);
	return true;
}

static ms_status count_all(struct watch *w, struct ms_error *err)
{
	struct ms_observer observer = { .block = see_block,
					.context = w,
					.event = see_event };
	struct ms_replayed replayed;
	ms_status status = ms_pass_run(&replayed, w->pass, &observer, err);

	if (status != MS_OK)
		return status;
	ms_heap_each(replayed.heap, see_live, w);
	w->out->end_ns = replayed.last_ns;
	ms_replayed_release(&replayed);
	return MS_OK;
}

static void report(struct ms_lived *lived, uint64_t sample_bytes)
{
	for (unsigned c = 0; c < MS_LIVED_CLASSES; c++) {
		lived->blocks[c] = ms_weight_sum(sample_bytes, lived->blocks[c]);
		lived->bytes[c] = ms_weight_sum(sample_bytes, lived->bytes[c]);
	}
}

/* --- pairs that the mode cull folded --------------------------------------------------
 */

/* Their bytes are known of all classes together: of each where there is but one. */
static void fold(struct ms_lived *lived, const struct ms_folded *folded)
{
	unsigned classes = 0, last = 0;

	for (unsigned c = 0; c < MS_WIRE_LIFETIMES; c++) {
		lived->blocks[c] += folded->lifetimes[c];
		if (!folded->lifetimes[c])
			continue;
		classes |= 1u << c;
		last = c;
	}
	lived->culled_blocks += folded->blocks;
	lived->culled_bytes += folded->bytes;
	if (classes == 1u << last) {
		lived->bytes[last] += folded->bytes;
	} else {
		lived->no_bytes |= classes;
		lived->loose_bytes += folded->bytes;
	}
}

static ms_status fold_all(struct watch *w, const struct ms_folded *folded, size_t n,
			  struct ms_error *err)
{
	unsigned classes = 0;

	for (size_t i = 0; i < n; i++) {
		struct ms_lived *row = NULL;

		fold(&w->out->all, &folded[i]);
		for (unsigned c = 0; c < MS_WIRE_LIFETIMES; c++)
			classes |= folded[i].lifetimes[c] ? 1u << c : 0;
		if (w->by != MS_LIVED_BY_STACK)
			continue;
		row = row_at(w->out, folded[i].stack);
		if (!row)
			return ms_fail_memory(err);
		fold(row, &folded[i]);
	}
	if (w->by == MS_LIVED_BY_THREAD || w->by == MS_LIVED_BY_SIZE) {
		for (size_t i = 0; i < w->out->count; i++)
			w->out->rows[i].lived.no_blocks |= classes;
	}
	return MS_OK;
}

/* --- the door -------------------------------------------------------------------------
 */

ms_status ms_lifetimes_init(struct ms_lifetimes *out, const struct ms_pass *pass,
			    enum ms_lived_by by, const struct ms_folded *folded,
			    size_t folded_count, struct ms_error *err)
{
	struct watch watch = { .out = out, .pass = pass, .by = by };
	ms_status status;

	*out = (struct ms_lifetimes){ 0 };
	ms_map_init(&out->by_key);
	status = count_all(&watch, err);
	if (status == MS_OK) {
		report(&out->all, pass->sample_bytes);
		for (size_t i = 0; i < out->count; i++)
			report(&out->rows[i].lived, pass->sample_bytes);
		status = fold_all(&watch, folded, folded_count, err);
	}
	if (status != MS_OK)
		ms_lifetimes_release(out);
	return status;
}

void ms_lifetimes_release(struct ms_lifetimes *lifetimes)
{
	ms_free(lifetimes->rows);
	ms_map_release(&lifetimes->by_key);
	*lifetimes = (struct ms_lifetimes){ 0 };
}

void ms_lived_add(struct ms_lived *sum, const struct ms_lived *lived)
{
	for (unsigned c = 0; c < MS_LIVED_CLASSES; c++) {
		sum->blocks[c] += lived->blocks[c];
		sum->bytes[c] += lived->bytes[c];
		sum->block_variance[c] += lived->block_variance[c];
		sum->byte_variance[c] += lived->byte_variance[c];
	}
	sum->no_bytes |= lived->no_bytes;
	sum->no_blocks |= lived->no_blocks;
	sum->culled_blocks += lived->culled_blocks;
	sum->culled_bytes += lived->culled_bytes;
	sum->loose_bytes += lived->loose_bytes;
}
