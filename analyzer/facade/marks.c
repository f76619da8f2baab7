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
};

/* A realloc's old block may share its address with a new one, hardly its time as well. */
static uint64_t key_of(const struct ms_block *block)
{
	return block->address * UINT64_C(0x9e3779b97f4a7c15) ^
	       block->at_ns * UINT64_C(0xff51afd7ed558ccd);
}

static ms_status see_begin(void *context, const struct ms_block *block, uint64_t event,
			   struct ms_error *err)
{
	struct run *run = context;

	return ms_map_put(&run->made, key_of(block), event) < 0 ? ms_fail_memory(err)
								: MS_OK;
}

static ms_status see_end(void *context, const struct ms_life *life, uint64_t event,
			 struct ms_error *err)
{
	struct run *run = context;
	uint64_t made;
	bool passes;
	ms_status status;

	(void)event;
	if (!ms_map_remove(&run->made, key_of(life->block), &made))
		return MS_OK;
	status = ms_filter_life(run->filter, life, &passes, err);
	if (status == MS_OK && passes && made - 1 < run->marks->count)
		run->marks->bits[(made - 1) / 8] |= (uint8_t)(1u << (made - 1) % 8);
	return status;
}

ms_status ms_marks_init(struct ms_marks *marks, struct memscope *m,
			const struct ms_trace *trace, struct ms_filter *filter,
			struct ms_error *err)
{
	struct run run = { .marks = marks, .filter = filter };
	struct ms_lives_options options = {
		.store = trace->store,
		.to_events = UINT64_MAX,
		.at_ns = UINT64_MAX,
		.sample_bytes = ms_known_sample_bytes(trace),
		.progress = ms_facade_progress(m, "looking at blocks"),
		.begun = see_begin,
		.ended = see_end,
		.context = &run,
	};
	ms_status status;

	*marks = (struct ms_marks){ .count = ms_store_event_count(trace->store) };
	marks->bits = ms_alloc_zero((size_t)(marks->count / 8 + 1), 1);
	if (!marks->bits)
		return ms_fail_memory(err);
	ms_map_init(&run.made);
	status = ms_lives_each(&options, err);
	ms_map_release(&run.made);
	return status;
}

void ms_marks_release(struct ms_marks *marks)
{
	ms_free(marks->bits);
	*marks = (struct ms_marks){ 0 };
}
