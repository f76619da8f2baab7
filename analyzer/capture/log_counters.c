/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_counters.c - the capture mode, and the exact counts that lie in the log.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/capture/log.h"

#include <string.h>

void ms_log_mode_told(struct ms_log *log, unsigned mode, uint64_t parameter,
		      uint64_t ticks)
{
	if (log->mode.mode && ticks >= log->mode_ticks)
		return;
	log->mode.mode = mode;
	log->mode.parameter = parameter;
	log->mode_ticks = ticks;
}

static void add_counts(struct ms_counts *sum, const struct ms_wire_totals *totals)
{
	sum->allocations += totals->allocations;
	sum->reallocations += totals->reallocations;
	sum->deallocations += totals->deallocations;
	sum->failed += totals->failed;
	sum->allocated += totals->allocated;
}

/* The counts of a thread, made if need be; NULL without memory. */
static struct ms_counts *counts_of(struct ms_log *log, struct ms_map *threads,
				   uint32_t thread)
{
	bool is_new;
	uint64_t *index = ms_map_at(threads, thread, &is_new);

	if (!index)
		return NULL;
	if (!is_new)
		return &log->thread_counts[*index].c;
	if (ms_grow((void **)&log->thread_counts, &log->thread_room, log->thread_count,
		    sizeof(*log->thread_counts)))
		return NULL;
	*index = log->thread_count;
	log->thread_counts[log->thread_count] =
		(struct ms_thread_counts){ thread, { 0 } };
	return &log->thread_counts[log->thread_count++].c;
}

static bool is_used(const struct ms_wire_totals *totals)
{
	static const struct ms_wire_totals none;

	return memcmp(totals, &none, sizeof(none)) != 0;
}

static ms_status add_totals(struct ms_log *log, struct ms_map *threads,
			    const uint8_t *body, uint64_t bytes)
{
	struct ms_wire_totals totals;
	struct ms_counts *counts;

	for (; bytes >= sizeof(totals); bytes -= sizeof(totals)) {
		memcpy(&totals, body, sizeof(totals));
		body += sizeof(totals);
		if (!is_used(&totals))
			continue;
		counts = counts_of(log, threads, totals.thread);
		if (!counts)
			return MS_ENOMEM;
		add_counts(counts, &totals);
		add_counts(&log->counts, &totals);
	}
	return MS_OK;
}

static void add_sizes(struct ms_log *log, const uint8_t *body, uint64_t bytes)
{
	struct ms_wire_sizes sizes;

	for (; bytes >= sizeof(sizes); bytes -= sizeof(sizes)) {
		memcpy(&sizes, body, sizeof(sizes));
		body += sizeof(sizes);
		for (unsigned c = 0; c < MS_WIRE_SIZE_CLASSES; c++) {
			log->sizes.classes[c].blocks += sizes.classes[c].blocks;
			log->sizes.classes[c].bytes += sizes.classes[c].bytes;
		}
	}
}

static ms_status add_folded(struct ms_log *log, struct ms_map *stacks,
			    const struct ms_wire_folded *from)
{
	struct ms_folded *to;
	bool is_new;
	uint64_t *index = ms_map_at(stacks, from->stack, &is_new);

	if (!index)
		return MS_ENOMEM;
	if (is_new) {
		if (ms_grow((void **)&log->folded, &log->folded_room, log->folded_count,
			    sizeof(*log->folded)))
			return MS_ENOMEM;
		*index = log->folded_count++;
		log->folded[*index] = (struct ms_folded){ .stack = from->stack };
	}
	to = &log->folded[*index];
	to->blocks += from->blocks;
	to->bytes += from->bytes;
	to->largest = from->largest > to->largest ? from->largest : to->largest;
	for (unsigned i = 0; i < MS_WIRE_LIFETIMES; i++)
		to->lifetimes[i] += from->lifetimes[i];
	return MS_OK;
}

static ms_status add_folds(struct ms_log *log, struct ms_map *stacks, const uint8_t *body,
			   uint64_t bytes)
{
	struct ms_wire_folded folded;
	ms_status status = MS_OK;

	for (; status == MS_OK && bytes >= sizeof(folded); bytes -= sizeof(folded)) {
		memcpy(&folded, body, sizeof(folded));
		body += sizeof(folded);
		if (folded.blocks)
			status = add_folded(log, stacks, &folded);
	}
	return status;
}

/* Entries of other kinds are of later versions. */
static ms_status add_window(struct ms_log *log, struct ms_map *threads,
			    struct ms_map *stacks, const struct ms_log_window *window)
{
	uint64_t bytes;
	const uint8_t *body = ms_log_body(log, window, &bytes);

	log->mode.counted = true;
	if (window->owner == MS_COUNTERS_TOTALS)
		return add_totals(log, threads, body, bytes);
	if (window->owner == MS_COUNTERS_FOLDED)
		return add_folds(log, stacks, body, bytes);
	if (window->owner == MS_COUNTERS_SIZES)
		add_sizes(log, body, bytes);
	return MS_OK;
}

ms_status ms_log_read_counters(struct ms_log *log, struct ms_error *err)
{
	ms_status status = MS_OK;
	struct ms_map threads, stacks;

	ms_map_init(&threads);
	ms_map_init(&stacks);
	for (size_t i = 0; status == MS_OK && i < log->window_count; i++) {
		if (log->windows[i].kind == MS_WINDOW_COUNTERS)
			status = add_window(log, &threads, &stacks, &log->windows[i]);
	}
	ms_map_release(&threads);
	ms_map_release(&stacks);
	if (status != MS_OK)
		return ms_fail_memory(err);
	if (!log->mode.mode && !log->mode.counted)
		log->mode.mode = MS_MODE_FULL; /* a log from before there were modes */
	if (log->mode.counted && log->mode.mode != MS_MODE_COUNTERS &&
	    log->status.stop == MS_STOP_SIZE) {
		log->mode.fell_back = true;
		log->mode.fell_back_ns =
			ms_ticks_to_ns(&log->scale, log->status.stop_ticks);
	}
	return MS_OK;
}

const struct ms_log_mode *ms_log_mode(const struct ms_log *log)
{
	return &log->mode;
}

const struct ms_counts *ms_log_counts(const struct ms_log *log)
{
	return &log->counts;
}

const struct ms_thread_counts *ms_log_thread_counts(const struct ms_log *log,
						    size_t *count)
{
	*count = log->thread_count;
	return log->thread_counts;
}

const struct ms_wire_sizes *ms_log_size_counts(const struct ms_log *log)
{
	return &log->sizes;
}

const struct ms_folded *ms_log_folded(const struct ms_log *log, size_t *count)
{
	*count = log->folded_count;
	return log->folded;
}
