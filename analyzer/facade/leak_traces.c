/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leak_traces.c - what each trace says of its lost blocks, or why it cannot.
 */
#include "analyzer/facade/leaks.h"
#include "analyzer/base/alloc.h"
#include "analyzer/facade/filter.h"
#include "analyzer/facade/known.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *ms_leak_group_name(unsigned kind)
{
	return kind < MS_LEAK_KINDS ? ms_leak_names[kind] : "unclassified";
}

/* --- why there is no map ---------------------------------------------------------------
 */

static void say_state(struct ms_trace_leaks *leaks, const struct ms_pointer_map *map)
{
	snprintf(leaks->text, sizeof(leaks->text), "no pointer map: %s",
		 ms_map_state_text(map->state));
	if (map->error && map->error < 4096)
		snprintf(leaks->text + strlen(leaks->text),
			 sizeof(leaks->text) - strlen(leaks->text), ": %s",
			 strerror((int)map->error));
	leaks->reason = leaks->text;
}

/* No map was even tried. */
static const char *untold(const struct ms_trace *trace)
{
	if (ms_log_status(trace->log)->end == MS_END_EXITED || ms_log_left(trace->log))
		return "no pointer map: it was recorded with MEMSCOPE_HEAPMAP=off, or before "
		       "there were any";
	if (ms_metadata_became(trace->meta))
		return "no pointer map: the program became another one (exec)";
	return "no pointer map: the program was killed, or is still running";
}

static const char *mode_lacks(const struct ms_trace *trace)
{
	const struct ms_log_mode *mode = ms_log_mode(trace->log);

	if (mode->mode == MS_MODE_COUNTERS)
		return "the mode counters records no blocks";
	if (mode->mode == MS_MODE_SAMPLE)
		return "the mode sample records some blocks only, and which of the others "
		       "point to them is not known";
	if (mode->fell_back)
		return "the log reached its size limit: which blocks were live afterwards is "
		       "not known";
	if (ms_log_status(trace->log)->stop != MS_STOP_NONE)
		return "recording stopped early: which blocks were live afterwards is not "
		       "known";
	return NULL;
}

/* The one that is asked for, or the last that was begun. */
static const struct ms_pointer_map *find_map(const struct ms_trace *trace,
					     unsigned number,
					     const struct ms_pointer_map **failed)
{
	size_t count;
	const struct ms_pointer_map *maps = ms_log_maps(trace->log, &count);

	*failed = NULL;
	for (size_t i = count; i-- > 0;) {
		if (number && maps[i].number != number)
			continue;
		if (maps[i].state == MS_NOMAP_BEGUN)
			return &maps[i];
		if (!*failed)
			*failed = &maps[i];
	}
	return NULL;
}

/* --- live blocks without a map ---------------------------------------------------------
 */

struct live {
	struct ms_leaks *leaks;
	size_t capacity;
	bool failed;
};

static bool take_block(void *context, const struct ms_block *block)
{
	struct live *live = context;
	struct ms_leaks *leaks = live->leaks;

	live->failed = ms_grow((void **)&leaks->blocks, &live->capacity, leaks->count,
			       sizeof(*leaks->blocks)) < 0;
	if (!live->failed)
		leaks->blocks[leaks->count++] =
			(struct ms_leak_block){ .block = *block,
						.kind = MS_LEAK_UNCLASSIFIED,
						.root = MS_LEAK_NO_ROOT };
	return !live->failed;
}

static int by_address(const void *a, const void *b)
{
	const struct ms_leak_block *x = a, *y = b;

	return x->block.address < y->block.address ? -1
						   : x->block.address > y->block.address;
}

static ms_status list_live(struct memscope *m, const struct ms_trace *trace,
			   struct ms_trace_leaks *out, struct ms_error *err)
{
	struct ms_replay_options options = { .store = trace->store,
					     .to_events = UINT64_MAX,
					     .to_ns = UINT64_MAX,
					     .progress = ms_facade_progress(
						     m, "replaying the heap") };
	struct ms_replayed heap;
	struct live live = { .leaks = ms_alloc_zero(1, sizeof(*live.leaks)) };
	ms_status status;

	if (!live.leaks)
		return ms_fail_memory(err);
	out->leaks = live.leaks;
	status = ms_replay(&heap, &options, NULL, err);
	if (status != MS_OK)
		return status;
	out->at_ns = heap.last_ns;
	ms_heap_each(heap.heap, take_block, &live);
	ms_replayed_release(&heap);
	if (live.failed)
		return ms_fail_memory(err);
	if (live.leaks->count)
		qsort(live.leaks->blocks, live.leaks->count, sizeof(*live.leaks->blocks),
		      by_address);
	return MS_OK;
}

/* --- blocks that are chosen ------------------------------------------------------------
 */

struct choice {
	struct ms_filter *filter;
	uint64_t at_ns; /* their age is that of then */
};

static ms_status passes(void *context, const struct ms_block *block, bool *wanted,
			struct ms_error *err)
{
	struct choice *choice = context;
	struct ms_life life = { .block = block, .end_ns = choice->at_ns };

	return ms_filter_life(choice->filter, &life, wanted, err);
}

static ms_status choose(struct memscope *m, const struct ms_trace *trace,
			const struct memscope_filter *filter, struct ms_trace_leaks *out,
			struct ms_error *err)
{
	struct choice choice = { .at_ns = out->at_ns };
	ms_status status;

	if (!ms_filter_is_set(filter))
		return MS_OK;
	status = ms_filter_new(&choice.filter, m, trace, filter, err);
	if (status == MS_OK && out->leaks)
		status = ms_leaks_choose(out->leaks, passes, &choice, err);
	if (status == MS_OK && out->since)
		status = ms_leaks_choose(out->since, passes, &choice, err);
	ms_filter_free(choice.filter);
	return status;
}

/* --- all traces ------------------------------------------------------------------------
 */

static struct ms_leaks_options options_of(struct memscope *m,
					  const struct ms_trace *trace,
					  const struct memscope_leaks_options *options)
{
	return (struct ms_leaks_options){ .store = trace->store,
					  .log = trace->log,
					  .interior = options->interior,
					  .progress = ms_facade_progress(
						  m, "looking for pointers") };
}

/* The earlier map; without it nothing can be said of what has changed. */
static ms_status read_since(struct memscope *m, const struct ms_trace *trace,
			    const struct memscope_leaks_options *options,
			    struct ms_trace_leaks *out, struct ms_error *err)
{
	const struct ms_pointer_map *failed;
	struct ms_leaks_options own = options_of(m, trace, options);

	own.map = find_map(trace, options->since, &failed);
	if (!own.map || !out->map) {
		if (failed && out->map)
			say_state(out, failed);
		else if (out->map)
			out->reason = "it has no pointer map of that number to compare "
				      "with";
		ms_leaks_free(out->leaks);
		out->leaks = NULL;
		return MS_OK;
	}
	if (own.map->at_ns >= out->map->at_ns)
		return ms_fail(err, MS_EUSAGE,
			       "%s: pointer map %u is not earlier than map %u",
			       trace->path, own.map->number, out->map->number);
	out->since_map = own.map;
	return ms_leaks_new(&out->since, &own, err);
}

static ms_status read_map(struct memscope *m, const struct ms_trace *trace,
			  const struct memscope_leaks_options *options,
			  struct ms_trace_leaks *out, struct ms_error *err)
{
	const struct ms_pointer_map *failed;
	struct ms_leaks_options own = options_of(m, trace, options);

	out->reason = mode_lacks(trace);
	out->no_blocks = out->reason;
	if (out->no_blocks)
		return MS_OK;
	out->map = own.map = find_map(trace, options->map, &failed);
	if (own.map) {
		out->at_ns = own.map->at_ns;
		return ms_leaks_new(&out->leaks, &own, err);
	}
	if (failed)
		say_state(out, failed);
	else
		out->reason = options->map ? "it has no pointer map of that number"
					   : untold(trace);
	return MS_OK;
}

ms_status ms_facade_lost(struct memscope *m, const struct ms_trace *trace,
			 struct ms_trace_leaks *out, struct ms_error *err)
{
	static const struct memscope_leaks_options last;

	return read_map(m, trace, &last, out, err);
}

static ms_status read_trace(struct memscope *m, const struct ms_trace *trace,
			    const struct memscope_leaks_options *options,
			    struct ms_trace_leaks *out, struct ms_error *err)
{
	ms_status status = read_map(m, trace, options, out, err);

	if (status == MS_OK && !out->map && !out->no_blocks)
		status = list_live(m, trace, out, err);
	if (status == MS_OK && options->since && !out->no_blocks)
		status = read_since(m, trace, options, out, err);
	if (status == MS_OK)
		status = choose(m, trace, &options->filter, out, err);
	return status;
}

ms_status ms_facade_leaks(struct memscope *m,
			  const struct memscope_leaks_options *options,
			  struct ms_trace_leaks *out, struct ms_error *err)
{
	ms_status status = MS_OK;

	for (size_t i = 0; status == MS_OK && i < m->count; i++)
		status = read_trace(m, &m->traces[i], options, &out[i], err);
	return status;
}

void ms_facade_leaks_release(struct memscope *m, struct ms_trace_leaks *leaks)
{
	for (size_t i = 0; i < m->count; i++) {
		ms_leaks_free(leaks[i].leaks);
		ms_free(leaks[i].taken);
		ms_leaks_free(leaks[i].since);
	}
}

bool ms_leak_is_new(const struct ms_trace_leaks *leaks, const struct ms_leak_block *block)
{
	const struct ms_leak_block *before =
		leaks->since ? ms_leaks_find(leaks->since, &block->block) : NULL;

	return block->kind != MS_LEAK_REACHABLE &&
	       (!before || before->kind == MS_LEAK_REACHABLE);
}
