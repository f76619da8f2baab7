/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_lives.c - of each row of a profile, how long its blocks lived in all, and the
 * most of them that lived at once: what DHAT shows beside sums.
 *
 * Stacks of one row have a maximum together, so that the sums of their blocks are
 * followed event by event.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/facade/choose.h"
#include "analyzer/facade/profile.h"

struct life {
	size_t row;
	uint64_t bytes, blocks, max_bytes, max_blocks; /* as weights have them */
	unsigned __int128 lifetime_ns;
};

struct watch {
	struct ms_profile_fill *fill;
	size_t trace;
	const struct ms_pass *pass;
	struct life *lives;
	size_t count, capacity;
	struct ms_map by_stack; /* to life + 1 */
	struct ms_map by_row;	/* the same */
	uint64_t at_ns;
};

/* The row of a stack is looked for before its first block begins, where that may fail. */
static ms_status find_life(struct watch *w, uint32_t stack, struct ms_error *err)
{
	uint64_t *known = ms_map_at(&w->by_stack, stack, NULL), *life;
	struct ms_profile_row *row;
	ms_status status;
	uint32_t node;
	size_t index;

	if (!known)
		return ms_fail_memory(err);
	if (*known)
		return MS_OK;
	status = ms_profile_tree_node(&w->fill->tree, w->trace, stack, &node, err);
	if (status != MS_OK)
		return status;
	row = ms_profile_row(w->fill, w->trace, node, MS_PROFILE_NONE);
	index = row ? (size_t)(row - w->fill->profile->rows) : 0;
	life = row ? ms_map_at(&w->by_row, index, NULL) : NULL;
	if (!life || (!*life && ms_grow((void **)&w->lives, &w->capacity, w->count,
					sizeof(*w->lives)) < 0))
		return ms_fail_memory(err);
	if (!*life) {
		w->lives[w->count] = (struct life){ .row = index };
		*life = ++w->count;
	}
	*known = *life;
	return MS_OK;
}

static ms_status see_event(void *context, const struct ms_event *event,
			   struct ms_error *err)
{
	struct watch *w = context;
	const struct ms_chosen *chosen = w->pass->chosen;
	ms_status status = MS_OK;

	if (event->class != MS_CLASS_ALLOC && event->class != MS_CLASS_REALLOC_END)
		return MS_OK;
	if (chosen)
		status = chosen->prepare(chosen->context, event, err);
	return status == MS_OK && event->address ? find_life(w, event->stack, err)
						 : status;
}

/* The life that a block is part of; NULL: it does not count. */
static struct life *life_of(struct watch *w, const struct ms_block *block)
{
	const struct ms_chosen *chosen = w->pass->chosen;
	const uint64_t *known = ms_map_find(&w->by_stack, block->stack);

	if (!known || !*known || (chosen && !chosen->wants(chosen->context, block)))
		return NULL;
	return &w->lives[*known - 1];
}

static void lived(const struct watch *w, struct life *life, const struct ms_block *block,
		  uint64_t end_ns)
{
	uint64_t blocks = ms_weigh(w->pass->sample_bytes, block->size).blocks;

	if (end_ns > block->at_ns)
		life->lifetime_ns += (unsigned __int128)(end_ns - block->at_ns) * blocks;
}

static void see_block(void *context, enum ms_change change, const struct ms_block *block,
		      const struct ms_event *event, const struct ms_totals *totals)
{
	struct watch *w = context;
	struct ms_weight weight = ms_weigh(w->pass->sample_bytes, block->size);
	struct life *life = life_of(w, block);

	(void)totals;
	if (!life)
		return;
	if (change == MS_CHANGE_END) {
		life->bytes -= weight.bytes;
		life->blocks -= weight.blocks;
		lived(w, life, block, event->at_ns);
		return;
	}
	life->bytes += weight.bytes;
	life->blocks += weight.blocks;
	if (life->bytes > life->max_bytes ||
	    (life->bytes == life->max_bytes && life->blocks > life->max_blocks)) {
		life->max_bytes = life->bytes;
		life->max_blocks = life->blocks;
	}
}

static bool see_live(void *context, const struct ms_block *block)
{
	struct watch *w = context;
	struct life *life = life_of(w, block);

	if (life)
		lived(w, life, block, w->at_ns);
	return true;
}

static void report(const struct watch *w)
{
	uint64_t sample = w->pass->sample_bytes;

	for (size_t i = 0; i < w->count; i++) {
		const struct life *life = &w->lives[i];
		struct ms_profile_row *row = &w->fill->profile->rows[life->row];
		uint64_t ns = life->lifetime_ns >> 64 ? UINT64_MAX
						      : (uint64_t)life->lifetime_ns;

		row->max_bytes = ms_weight_sum(sample, life->max_bytes);
		row->max_blocks = ms_weight_sum(sample, life->max_blocks);
		row->lifetime_ns = ms_weight_sum(sample, ns);
	}
}

static ms_status replay(struct watch *w, struct ms_error *err)
{
	const struct ms_snapshot *snapshot = w->fill->views.items[w->trace].snapshot;
	struct ms_observer observer = { .block = see_block,
					.context = w,
					.event = see_event };
	struct ms_replay_options options = {
		.store = w->pass->store,
		.to_events = ms_snapshot_totals(snapshot)->events,
		.to_ns = UINT64_MAX,
		.sample_bytes = w->pass->sample_bytes,
		.progress = w->pass->progress,
	};
	struct ms_replayed replayed;
	ms_status status = ms_replay(&replayed, &options, &observer, err);

	if (status != MS_OK)
		return status;
	w->at_ns = ms_snapshot_at_ns(snapshot);
	ms_heap_each(replayed.heap, see_live, w);
	ms_replayed_release(&replayed);
	report(w);
	return MS_OK;
}

ms_status ms_profile_lives(struct ms_profile_fill *fill, size_t trace,
			   struct ms_error *err)
{
	struct ms_choice choice;
	struct watch w = { .fill = fill, .trace = trace, .pass = &choice.pass };
	ms_status status = ms_choice_init(&choice, fill->m, &fill->m->traces[trace],
					  &fill->ask->filter, "following blocks", err);

	ms_map_init(&w.by_stack);
	ms_map_init(&w.by_row);
	if (status == MS_OK)
		status = replay(&w, err);
	ms_map_release(&w.by_stack);
	ms_map_release(&w.by_row);
	ms_free(w.lives);
	ms_choice_release(&choice);
	return status;
}
