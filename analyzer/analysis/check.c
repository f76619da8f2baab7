/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.c - the detectors that are wanted, over one replay.
 *
 * A replay is what costs: all of them watch the same one, and when none needs one there
 * is none.
 */
#include "analyzer/analysis/bad_frees.h"

#define MOST 64 /* detectors: a bit for each */

struct watcher {
	const struct ms_detector *detector;
	void *state;
};

struct run {
	const struct ms_check_input *input;
	struct watcher all[MOST];
	size_t count;
	/* the same, those who want to be told */
	struct watcher events[MOST], blocks[MOST];
	size_t event_count, block_count;
	bool wants_bad_frees;
	struct ms_bad_frees bad_frees;
};

/* Does it watch a replay? */
static bool watches(const struct ms_detector *detector)
{
	return detector->event || detector->block || detector->bad_frees;
}

const char *ms_detector_unable(const struct ms_detector *detector,
			       const struct ms_check_input *input)
{
	if (watches(detector) && ms_log_mode(input->log)->mode == MS_MODE_COUNTERS)
		return "the mode counters records no blocks";
	return detector->unable ? detector->unable(input) : NULL;
}

ms_status ms_check_wants(const struct ms_check_input *input, const struct ms_block *block,
			 bool *wanted, struct ms_error *err)
{
	const struct ms_chosen *chosen = input->chosen;
	const struct ms_event made = { .at_ns = block->at_ns,
				       .address = block->address,
				       .size = block->size,
				       .stack = block->stack,
				       .thread = block->thread,
				       .kind = block->kind,
				       .class = MS_CLASS_ALLOC,
				       .align_log2 = block->align_log2 };
	ms_status status = MS_OK;

	if (chosen && chosen->prepare)
		status = chosen->prepare(chosen->context, &made, err);
	*wanted = status == MS_OK && (!chosen || chosen->wants(chosen->context, block));
	return status;
}

static ms_status tell_event(void *context, const struct ms_event *event,
			    struct ms_error *err)
{
	struct run *run = context;
	const struct ms_chosen *chosen = run->input->chosen;
	ms_status status = MS_OK;

	/* What tell_block() asks cannot fail. */
	if (chosen && chosen->prepare && ms_event_makes(event))
		status = chosen->prepare(chosen->context, event, err);
	if (status == MS_OK && run->wants_bad_frees)
		status = ms_bad_frees_event(&run->bad_frees, event, err);
	for (size_t i = 0; status == MS_OK && i < run->event_count; i++)
		status = run->events[i].detector->event(run->events[i].state, event, err);
	return status;
}

static void tell_block(void *context, enum ms_change change, const struct ms_block *block,
		       const struct ms_event *event, const struct ms_totals *totals)
{
	struct run *run = context;
	const struct ms_chosen *chosen = run->input->chosen;

	if (run->wants_bad_frees)
		ms_bad_frees_block(&run->bad_frees, change, totals);
	if (chosen && !chosen->wants(chosen->context, block))
		return;
	for (size_t i = 0; i < run->block_count; i++)
		run->blocks[i].detector->block(run->blocks[i].state, change, block, event,
					       totals);
}

/* Those who want a state and make none are not asked again. */
static ms_status begin(struct run *run, const struct ms_detector *detector,
		       struct ms_error *err)
{
	struct watcher watcher = { .detector = detector };
	ms_status status = MS_OK;

	if (ms_detector_unable(detector, run->input))
		return MS_OK;
	if (detector->begin)
		status = detector->begin(&watcher.state, run->input, err);
	if (status != MS_OK || (detector->begin && !watcher.state)) {
		if (watcher.state)
			detector->free(watcher.state);
		return status;
	}
	run->all[run->count++] = watcher;
	if (detector->event)
		run->events[run->event_count++] = watcher;
	if (detector->block)
		run->blocks[run->block_count++] = watcher;
	run->wants_bad_frees |= detector->bad_frees != NULL;
	return MS_OK;
}

static ms_status replay(struct run *run, struct ms_replayed *replayed,
			struct ms_error *err)
{
	const struct ms_check_input *input = run->input;
	struct ms_replay_options options = { .store = input->store,
					     .to_events = UINT64_MAX,
					     .to_ns = UINT64_MAX,
					     .sample_bytes = input->sample_bytes,
					     .threads = input->threads,
					     .progress = input->progress };
	struct ms_observer observer = { .block = tell_block,
					.context = run,
					.event = tell_event };

	return ms_replay(replayed, &options, &observer, err);
}

static ms_status end_all(struct run *run, const struct ms_replayed *replayed,
			 struct ms_findings *findings, struct ms_error *err)
{
	ms_status status = MS_OK;

	if (run->wants_bad_frees)
		status = ms_bad_frees_look(&run->bad_frees, err);
	for (size_t i = 0; status == MS_OK && i < run->count; i++) {
		const struct ms_detector *detector = run->all[i].detector;

		if (detector->end)
			status = detector->end(run->all[i].state,
					       watches(detector) ? replayed : NULL,
					       findings, err);
		if (status == MS_OK && detector->bad_frees)
			status = detector->bad_frees(&run->bad_frees, findings, err);
	}
	return status;
}

ms_status ms_check(struct ms_findings *findings, uint64_t wanted,
		   const struct ms_check_input *input, struct ms_error *err)
{
	struct run run = { .input = input };
	struct ms_replayed replayed = { 0 };
	ms_status status = MS_OK;

	ms_bad_frees_init(&run.bad_frees, input);
	for (size_t i = 0; status == MS_OK && i < ms_detector_count; i++) {
		if (wanted >> i & 1)
			status = begin(&run, ms_detectors[i], err);
	}
	if (status == MS_OK &&
	    (run.event_count || run.block_count || run.wants_bad_frees))
		status = replay(&run, &replayed, err);
	if (status == MS_OK)
		status = end_all(&run, &replayed, findings, err);
	ms_replayed_release(&replayed);
	for (size_t i = 0; i < run.count; i++) {
		if (run.all[i].detector->free)
			run.all[i].detector->free(run.all[i].state);
	}
	ms_bad_frees_release(&run.bad_frees);
	return status;
}
