/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lives.c - each block's whole life, for those who choose by it.
 */
#include "analyzer/snapshot/snapshot.h"

struct run {
	const struct ms_lives_options *options;
	uint64_t event; /* the one that is being applied, from 1 */
	uint64_t at_ns;
	ms_status status; /* of the observer's block function, which returns none */
	struct ms_error *err;
};

static void see_life(struct run *run, const struct ms_life *life)
{
	if (run->status == MS_OK)
		run->status = run->options->ended(run->options->context, life, run->event,
						  run->err);
}

static void see_block(void *context, enum ms_change change, const struct ms_block *block,
		      const struct ms_event *event, const struct ms_totals *totals)
{
	struct run *run = context;

	(void)totals;
	if (change == MS_CHANGE_END)
		see_life(run, &(struct ms_life){ block, event, event->at_ns });
	else if (run->options->begun && run->status == MS_OK)
		run->status = run->options->begun(run->options->context, block,
						  run->event, run->err);
}

static ms_status see_event(void *context, const struct ms_event *event,
			   struct ms_error *err)
{
	struct run *run = context;

	(void)event;
	(void)err;
	run->event++;
	return run->status;
}

static bool see_live(void *context, const struct ms_block *block)
{
	struct run *run = context;

	see_life(run, &(struct ms_life){ block, NULL, run->at_ns });
	return run->status == MS_OK;
}

ms_status ms_lives_each(const struct ms_lives_options *options, struct ms_error *err)
{
	struct run run = { .options = options, .err = err };
	struct ms_observer observer = { .block = see_block,
					.context = &run,
					.event = see_event };
	struct ms_replay_options replay = { .store = options->store,
					    .to_events = options->to_events,
					    .to_ns = UINT64_MAX,
					    .sample_bytes = options->sample_bytes,
					    .progress = options->progress };
	struct ms_replayed replayed;
	ms_status status = ms_replay(&replayed, &replay, &observer, err);

	if (status != MS_OK)
		return status;
	/* What lives now outlived the last event. */
	run.event++;
	run.at_ns = options->at_ns == UINT64_MAX ? replayed.last_ns : options->at_ns;
	ms_heap_each(replayed.heap, see_live, &run);
	ms_replayed_release(&replayed);
	return run.status;
}
