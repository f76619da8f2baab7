/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay_calls.c - every event of a trace, and what it did, told to a caller's functions.
 */
#include "analyzer/facade/choose.h"

struct player {
	const struct memscope_replay_options *options;
	const struct ms_trace *trace;
	struct ms_counter counter;
	uint64_t from_ns;
	bool stopped;
};

static uint64_t tid_of(const struct player *p, uint32_t id)
{
	const struct ms_thread *thread = ms_metadata_thread(p->trace->meta, id);

	return thread ? thread->tid : 0;
}

static struct memscope_replay_totals totals_of(const struct player *p)
{
	struct ms_sums s = p->counter.now;

	ms_sums_report(&s, p->counter.pass->sample_bytes);
	return (struct memscope_replay_totals){ .live_bytes = s.live_bytes,
						.live_blocks = s.live_blocks,
						.allocations = s.allocations,
						.reallocations = s.reallocations,
						.frees = s.frees,
						.failed = s.failed,
						.allocated = s.allocated,
						.freed = s.freed };
}

static struct memscope_replay_event event_of(const struct player *p,
					     const struct ms_event *event)
{
	return (struct memscope_replay_event){
		.at_ns = event->at_ns,
		.thread = tid_of(p, event->thread),
		.kind = ms_event_kind_info(event->kind)->name,
		.address = event->address,
		.size = event->size,
		.stack = event->stack,
		.begins = event->class == MS_CLASS_REALLOC_BEGIN ||
			  event->class == MS_CLASS_REMAP_BEGIN,
	};
}

static bool is_told(const struct player *p, const struct ms_event *event)
{
	return !p->stopped && event->at_ns >= p->from_ns &&
	       (!p->options->thread || tid_of(p, event->thread) == p->options->thread);
}

static ms_status see_event(void *context, const struct ms_event *event,
			   struct ms_error *err)
{
	struct player *p = context;
	ms_status status;

	if (p->stopped)
		return MS_ESTOP;
	status = ms_counter_event(&p->counter, event, err);
	if (status == MS_OK && p->options->event && is_told(p, event)) {
		struct memscope_replay_totals totals = totals_of(p);
		struct memscope_replay_event told = event_of(p, event);

		if (p->options->event(p->options->context, &told, &totals))
			return MS_ESTOP;
	}
	return status;
}

static void see_block(void *context, enum ms_change change, const struct ms_block *block,
		      const struct ms_event *event, const struct ms_totals *totals)
{
	struct player *p = context;
	struct memscope_replay_block told = {
		.address = block->address,
		.size = block->size,
		.at_ns = block->at_ns,
		.stack = block->stack,
		.kind = ms_event_kind_info(block->kind)->name
	};
	struct memscope_replay_event by;
	struct memscope_replay_totals now;

	ms_counter_block(&p->counter, change, block, event, totals);
	if (!p->options->block || !is_told(p, event))
		return;
	told.thread = tid_of(p, block->thread);
	by = event_of(p, event);
	now = totals_of(p);
	p->stopped = p->options->block(p->options->context,
				       change == MS_CHANGE_BEGIN ? MEMSCOPE_BLOCK_BEGAN
								 : MEMSCOPE_BLOCK_ENDED,
				       &told, &by, &now) != 0;
}

static ms_status play(struct player *p, struct ms_pass *pass, struct ms_error *err)
{
	struct ms_replay_options replay = { .store = pass->store,
					    .to_events = UINT64_MAX,
					    .to_ns = pass->to_ns,
					    .sample_bytes = pass->sample_bytes,
					    .progress = pass->progress };
	struct ms_observer observer = { .block = see_block,
					.context = p,
					.event = see_event };
	struct ms_replayed replayed;
	ms_status status;

	ms_counter_init(&p->counter, pass);
	status = ms_replay(&replayed, &replay, &observer, err);
	if (status != MS_OK)
		return status;
	ms_replayed_release(&replayed);
	return p->stopped ? MS_ESTOP : MS_OK;
}

int memscope_replay(struct memscope *m, const struct memscope_replay_options *options,
		    struct memscope_error *err)
{
	struct ms_error *own = ms_own_error(err);
	struct player p = { .options = options };
	struct ms_pass pass = { .to_ns = UINT64_MAX };
	ms_status status = MS_OK;

	if (options->trace >= m->count)
		return ms_fail(own, MS_EUSAGE, "no such trace");
	p.trace = &m->traces[options->trace];
	if (options->use_from)
		status = ms_facade_time_ns(m, p.trace, &options->from, &p.from_ns, own);
	if (status == MS_OK && options->use_to)
		status = ms_facade_time_ns(m, p.trace, &options->to, &pass.to_ns, own);
	pass.store = p.trace->store;
	pass.sample_bytes = ms_known_sample_bytes(p.trace);
	pass.progress = ms_facade_progress(m, "replaying events");
	if (status == MS_OK)
		status = play(&p, &pass, own);
	return status;
}
