/* SPDX-License-Identifier: Apache-2.0 */
/*
 * marks.c - which events made blocks of some life.
 *
 * What becomes of a block is known after its event was passed, so a listing of events
 * needs a replay before it.  A bit an event is all that is kept of it.
 */
#include "analyzer/facade/marks.h"
#include "analyzer/base/alloc.h"

struct run {
	struct ms_marks *marks;
	struct ms_filter *filter;
	struct ms_map made; /* live blocks to the number of their event */
	uint64_t event;	    /* the one that is being applied, from 1 */
	uint64_t last_ns;
	ms_status status;
	struct ms_error *err;
};

/* A realloc's old block may share its address with a new one, hardly its time as well. */
static uint64_t key_of(const struct ms_block *block)
{
	return block->address * UINT64_C(0x9e3779b97f4a7c15) ^
	       block->at_ns * UINT64_C(0xff51afd7ed558ccd);
}

static void look_at(struct run *run, const struct ms_life *life)
{
	uint64_t event;
	bool passes = false;

	if (run->status != MS_OK ||
	    !ms_map_remove(&run->made, key_of(life->block), &event))
		return;
	run->status = ms_filter_life(run->filter, life, &passes, run->err);
	if (passes && event - 1 < run->marks->count)
		run->marks->bits[(event - 1) / 8] |= (uint8_t)(1u << (event - 1) % 8);
}

static void see_block(void *context, enum ms_change change, const struct ms_block *block,
		      const struct ms_event *event, const struct ms_totals *totals)
{
	struct run *run = context;

	(void)totals;
	if (change == MS_CHANGE_END)
		look_at(run, &(struct ms_life){ block, event, event->at_ns });
	else if (run->status == MS_OK &&
		 ms_map_put(&run->made, key_of(block), run->event) < 0)
		run->status = ms_fail_memory(run->err);
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

	look_at(run, &(struct ms_life){ block, NULL, run->last_ns });
	return run->status == MS_OK;
}

ms_status ms_marks_init(struct ms_marks *marks, struct memscope *m,
			const struct ms_trace *trace, struct ms_filter *filter,
			struct ms_error *err)
{
	struct run run = { .marks = marks, .filter = filter, .err = err };
	struct ms_observer observer = { .block = see_block,
					.context = &run,
					.event = see_event };
	struct ms_replay_options options = {
		.store = trace->store,
		.to_events = UINT64_MAX,
		.to_ns = UINT64_MAX,
		.sample_bytes = ms_known_sample_bytes(trace),
		.progress = ms_facade_progress(m, "looking at blocks"),
	};
	struct ms_replayed replayed;
	ms_status status;

	*marks = (struct ms_marks){ .count = ms_store_event_count(trace->store) };
	marks->bits = ms_alloc_zero((size_t)(marks->count / 8 + 1), 1);
	if (!marks->bits)
		return ms_fail_memory(err);
	ms_map_init(&run.made);
	status = ms_replay(&replayed, &options, &observer, err);
	if (status == MS_OK) {
		run.last_ns = replayed.last_ns;
		ms_heap_each(replayed.heap, see_live, &run);
		ms_replayed_release(&replayed);
		status = run.status;
	}
	ms_map_release(&run.made);
	return status;
}

void ms_marks_release(struct ms_marks *marks)
{
	ms_free(marks->bits);
	*marks = (struct ms_marks){ 0 };
}
