/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_events.c - every block that counts as it begins and ends, for formats that are
 * streams of events.
 *
 * The log is replayed when the format asks, so that memory does not grow with events.
 * What a stack is in the tree was found before: a visitor of a replay's blocks cannot
 * fail there.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/facade/choose.h"
#include "analyzer/facade/profile.h"

struct newest { /* the block that a thread made last */
	uint64_t address, at_ns;
};

struct source {
	struct ms_choice choice;
	struct ms_map by_stack; /* a node of the log to one of the tree */
	uint32_t no_stack;	/* the node of what has none there */
	uint64_t to_events, peak_event;
};

struct watch {
	const struct source *source;
	uint64_t event; /* the one that is applied, from 1 */
	struct ms_map threads;
	struct newest *newest;
	size_t newest_capacity;
	uint64_t live, most, most_event; /* bytes of what counts */
	ms_profile_visit *visit;	 /* NULL: only the peak is looked for */
	void *context;
	ms_status status; /* of visit */
	struct ms_error *err;
};

static bool wants(const struct source *s, const struct ms_block *block)
{
	const struct ms_chosen *chosen = s->choice.pass.chosen;

	return !chosen || chosen->wants(chosen->context, block);
}

/* Room for a thread, where failing is possible. */
static ms_status see_event(void *context, const struct ms_event *event,
			   struct ms_error *err)
{
	struct watch *w = context;
	const struct ms_chosen *chosen = w->source->choice.pass.chosen;
	size_t count = w->threads.count;
	bool is_new;
	uint64_t *index;

	w->event++;
	if (event->class != MS_CLASS_ALLOC && event->class != MS_CLASS_REALLOC_END)
		return w->status;
	index = ms_map_at(&w->threads, event->thread, &is_new);
	if (!index || (is_new && ms_grow((void **)&w->newest, &w->newest_capacity, count,
					 sizeof(*w->newest)) < 0))
		return ms_fail_memory(err);
	if (is_new) {
		w->newest[count] = (struct newest){ 0 };
		*index = count;
	}
	if (chosen && w->status == MS_OK)
		return chosen->prepare(chosen->context, event, err);
	return w->status;
}

/* Blocks that do not count are blocks of their thread, too. */
static struct newest *newest_of(struct watch *w, uint32_t thread)
{
	const uint64_t *index = ms_map_find(&w->threads, thread);

	return index ? &w->newest[*index] : NULL;
}

static bool is_temporary(struct watch *w, const struct ms_block *block,
			 const struct ms_event *event)
{
	const struct newest *newest = newest_of(w, block->thread);

	return (event->class == MS_CLASS_FREE ||
		event->class == MS_CLASS_REALLOC_FREED) &&
	       newest && newest->address == block->address &&
	       newest->at_ns == block->at_ns;
}

static void tell(struct watch *w, bool begins, const struct ms_block *block,
		 const struct ms_event *event)
{
	const uint64_t *node = ms_map_find(&w->source->by_stack, block->stack);
	struct ms_profile_event out = {
		.at_ns = event->at_ns,
		.size = block->size,
		.block = block->address,
		.node = node ? (uint32_t)*node : w->source->no_stack,
		.thread = block->thread,
		.begins = begins,
		.temporary = !begins && is_temporary(w, block, event),
		.peak = begins && w->event == w->source->peak_event,
	};

	if (w->visit && w->status == MS_OK)
		w->status = w->visit(w->context, &out, w->err);
}

static void see_block(void *context, enum ms_change change, const struct ms_block *block,
		      const struct ms_event *event, const struct ms_totals *totals)
{
	struct watch *w = context;
	bool begins = change == MS_CHANGE_BEGIN;
	struct newest *newest = newest_of(w, block->thread);

	(void)totals;
	if (wants(w->source, block)) {
		w->live += begins ? block->size : -block->size;
		if (w->live > w->most) {
			w->most = w->live;
			w->most_event = w->event;
		}
		tell(w, begins, block, event);
	}
	if (begins && newest)
		*newest = (struct newest){ block->address, block->at_ns };
}

static ms_status run(struct watch *w, struct ms_error *err)
{
	const struct source *s = w->source;
	struct ms_observer observer = { .block = see_block,
					.context = w,
					.event = see_event };
	struct ms_replay_options options = { .store = s->choice.pass.store,
					     .to_events = s->to_events,
					     .to_ns = UINT64_MAX,
					     .progress = s->choice.pass.progress };
	struct ms_replayed replayed;
	ms_status status;

	ms_map_init(&w->threads);
	w->err = err;
	status = ms_replay(&replayed, &options, &observer, err);
	if (status == MS_OK)
		ms_replayed_release(&replayed);
	ms_map_release(&w->threads);
	ms_free(w->newest);
	return status == MS_OK ? w->status : status;
}

static ms_status replay(const struct ms_profile *profile, ms_profile_visit *visit,
			void *context, struct ms_error *err)
{
	struct watch w = { .source = profile->replayed,
			   .visit = visit,
			   .context = context };

	return run(&w, err);
}

static ms_status check(const struct ms_trace *trace, struct ms_error *err)
{
	unsigned mode = ms_log_mode(trace->log)->mode;

	if (mode == MS_MODE_FULL)
		return MS_OK;
	return ms_fail(err, MS_EUSAGE,
		       "%s: this format has every allocation, and the log, of the mode "
		       "%s, has not",
		       trace->path,
		       mode == MS_MODE_SAMPLE ? "sample"
		       : mode == MS_MODE_CULL ? "cull"
					      : "counters");
}

/* The event at which the blocks that count take the most. */
static ms_status find_peak(struct source *s, const struct ms_snapshot *snapshot,
			   struct ms_error *err)
{
	struct watch w = { .source = s };
	ms_status status;

	s->to_events = ms_snapshot_totals(snapshot)->events;
	s->peak_event = ms_snapshot_totals(snapshot)->peak_event;
	if (!s->choice.filter)
		return MS_OK;
	status = run(&w, err);
	s->peak_event = w.most_event;
	return status;
}

ms_status ms_profile_events(struct ms_profile_fill *fill, struct ms_error *err)
{
	const struct ms_trace *trace = &fill->m->traces[0];
	struct source *s;
	ms_status status = check(trace, err);

	if (status != MS_OK)
		return status;
	s = ms_alloc_zero(1, sizeof(*s));
	if (!s)
		return ms_fail_memory(err);
	fill->profile->replay = replay;
	fill->profile->replayed = s;
	status = ms_choice_init(&s->choice, fill->m, trace, &fill->ask->filter,
				"writing events", err);
	if (status == MS_OK)
		status = ms_profile_tree_node(&fill->tree, 0, 0, &s->no_stack, err);
	if (status == MS_OK)
		status = find_peak(s, fill->views.items[0].snapshot, err);
	/* All stacks of blocks that count are in the tree: they have rows. */
	s->by_stack = fill->tree.by_stack[0];
	ms_map_init(&fill->tree.by_stack[0]);
	return status;
}

void ms_profile_events_free(void *replayed)
{
	struct source *s = replayed;

	if (!s)
		return;
	ms_choice_release(&s->choice);
	ms_map_release(&s->by_stack);
	ms_free(s);
}
