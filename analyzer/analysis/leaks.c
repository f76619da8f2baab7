/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leaks.c - the live heap of a pointer map's instant, with what the map says of it.
 */
#include "analyzer/analysis/pointer_map.h"
#include "analyzer/base/alloc.h"

#include <stdlib.h>

const char *const ms_leak_names[MS_LEAK_KINDS] = {
	[MS_LEAK_DEFINITE] = "definite",
	[MS_LEAK_INDIRECT] = "indirect",
	[MS_LEAK_POSSIBLE] = "possible",
	[MS_LEAK_REACHABLE] = "reachable",
};

struct run {
	struct ms_map_words words;
	struct ms_replayed heap;
	struct ms_leaks *leaks;
	size_t capacity;
	bool failed;
};

static void begins(void *context, enum ms_change change, const struct ms_block *block,
		   const struct ms_event *event, const struct ms_totals *totals)
{
	struct run *run = context;

	(void)event;
	(void)totals;
	if (change == MS_CHANGE_BEGIN &&
	    ms_map_words_hold(&run->words, block->address, block->size) < 0)
		run->failed = true;
}

static bool take_block(void *context, const struct ms_block *block)
{
	struct run *run = context;
	struct ms_leaks *leaks = run->leaks;

	if (ms_grow((void **)&leaks->blocks, &run->capacity, leaks->count,
		    sizeof(*leaks->blocks)) < 0) {
		run->failed = true;
		return false;
	}
	leaks->blocks[leaks->count++] = (struct ms_leak_block){ .block = *block };
	return true;
}

static int by_address(const void *a, const void *b)
{
	const struct ms_leak_block *x = a, *y = b;

	if (x->block.address != y->block.address)
		return x->block.address < y->block.address ? -1 : 1;
	return x->block.at_ns < y->block.at_ns ? -1 : x->block.at_ns > y->block.at_ns;
}

static bool is_root(void *context, uint64_t address)
{
	struct run *run = context;

	return ms_map_words_root(&run->words, address,
				 ms_mappings_has(run->heap.mappings, address));
}

static ms_status replay(struct run *run, const struct ms_leaks_options *options,
			struct ms_error *err)
{
	struct ms_replay_options replay = { .store = options->store,
					    .to_events = UINT64_MAX,
					    .to_ns = options->map->at_ns,
					    .progress = options->progress };
	struct ms_observer observer = { .block = begins, .context = run };
	ms_status status = ms_replay(&run->heap, &replay, &observer, err);

	if (status != MS_OK)
		return status;
	ms_map_words_held(&run->words);
	ms_heap_each(run->heap.heap, take_block, run);
	if (run->failed)
		return ms_fail_memory(err);
	if (run->leaks->count)
		qsort(run->leaks->blocks, run->leaks->count, sizeof(struct ms_leak_block),
		      by_address);
	return MS_OK;
}

static ms_status find_kinds(struct run *run, bool interior, struct ms_error *err)
{
	struct ms_leaks *leaks = run->leaks;
	struct ms_reach reach = { .blocks = leaks->blocks,
				  .count = leaks->count,
				  .pointers = run->words.pointers,
				  .tables = run->words.tables,
				  .numbers = run->words.numbers,
				  .roots = run->words.registers,
				  .is_root = is_root,
				  .context = run,
				  .interior = interior };

	leaks->unscanned_bytes = run->words.unscanned_bytes;
	leaks->whole_stacks = run->words.whole_stacks;
	leaks->registerless = run->words.registerless;
	leaks->whole = run->words.whole;
	return ms_reach_run(&reach, leaks, err);
}

ms_status ms_leaks_new(struct ms_leaks **out, const struct ms_leaks_options *options,
		       struct ms_error *err)
{
	struct run run = { .leaks = ms_alloc_zero(1, sizeof(*run.leaks)) };
	ms_status status;

	*out = NULL;
	if (!run.leaks)
		return ms_fail_memory(err);
	status = ms_map_words_read(&run.words, options->log, options->map->number, err);
	if (status == MS_OK) {
		status = replay(&run, options, err);
		if (status == MS_OK)
			status = find_kinds(&run, options->interior, err);
		ms_replayed_release(&run.heap);
		ms_map_words_release(&run.words);
	}
	if (status == MS_OK)
		*out = run.leaks;
	else
		ms_leaks_free(run.leaks);
	return status;
}

void ms_leaks_free(struct ms_leaks *leaks)
{
	if (!leaks)
		return;
	ms_free(leaks->blocks);
	ms_free(leaks);
}
