/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc_parts.c - parts that several reports share: process, totals, losses, damage,
 * threads.
 */
#include "analyzer/facade/doc.h"
#include "analyzer/base/map.h"
#include "common/lost.h"

#include <stdio.h>
#include <string.h>

static const char *const stop_reasons[] = {
	[MS_STOP_NONE] = NULL,
	[MS_STOP_SIZE] = "the log reached its size limit",
	[MS_STOP_SPACE] = "the log could not grow",
	[MS_STOP_MAP] = "the log could not be mapped",
	[MS_STOP_GONE] = "the log was moved or removed",
	[MS_STOP_MEMORY] = "the recorder had no memory for its tables",
	[MS_STOP_CONFINED] = "the program locked itself in (seccomp)",
};

static void add_stop(struct ms_doc *doc, json_t *object,
		     const struct ms_wire_status *status)
{
	size_t known = sizeof(stop_reasons) / sizeof(stop_reasons[0]);
	const char *reason =
		status->stop < known ? stop_reasons[status->stop] : "unknown";
	char text[256];

	if (!reason) {
		ms_doc_text(doc, object, "stopped", NULL);
		return;
	}
	if (status->stop_errno)
		snprintf(text, sizeof(text), "%s: %s", reason,
			 strerror((int)status->stop_errno));
	else
		snprintf(text, sizeof(text), "%s", reason);
	ms_doc_text(doc, object, "stopped", text);
}

void ms_doc_process(struct ms_doc *doc, json_t *object, const struct ms_trace *trace)
{
	const struct ms_process *process = ms_metadata_process(trace->meta);
	const struct ms_wire_status *status = ms_log_status(trace->log);

	ms_doc_u64(doc, object, "pid", process->pid);
	ms_doc_text(doc, object, "command", ms_metadata_command(trace->meta));
	ms_doc_u64(doc, object, "start_unix_ns", process->start_unix_ns);
	ms_doc_u64(doc, object, "duration_ns", trace->duration_ns);
	ms_doc_u64(doc, object, "parent_pid", process->parent_pid);
	ms_doc_bool(doc, object, "forked", process->flags & MS_HEAD_FORKED);
	ms_doc_text(doc, object, "end", status->end == MS_END_EXITED ? "exited" : "open");
	ms_doc_text(doc, object, "became",
		    status->end == MS_END_EXITED ? NULL
						 : ms_metadata_became(trace->meta));
	add_stop(doc, object, status);
}

void ms_totals_add(struct ms_totals *sum, const struct ms_totals *totals)
{
	sum->total_allocations += totals->total_allocations;
	sum->total_reallocations += totals->total_reallocations;
	sum->total_deallocations += totals->total_deallocations;
	sum->unmatched_deallocations += totals->unmatched_deallocations;
	sum->active_allocations += totals->active_allocations;
	sum->total_allocated += totals->total_allocated;
	sum->total_deallocated += totals->total_deallocated;
	sum->current_memory += totals->current_memory;
	sum->peak_memory += totals->peak_memory;
	sum->failed_allocations += totals->failed_allocations;
	sum->events += totals->events;
	sum->overwritten_blocks += totals->overwritten_blocks;
	sum->overwritten_bytes += totals->overwritten_bytes;
	sum->peak_at_ns = totals->peak_at_ns;
}

void ms_doc_totals(struct ms_doc *doc, json_t *object, const struct ms_totals *totals)
{
	ms_doc_u64(doc, object, "total_allocations", totals->total_allocations);
	ms_doc_u64(doc, object, "total_reallocations", totals->total_reallocations);
	ms_doc_u64(doc, object, "total_deallocations", totals->total_deallocations);
	ms_doc_u64(doc, object, "unmatched_deallocations",
		   totals->unmatched_deallocations);
	ms_doc_u64(doc, object, "active_allocations", totals->active_allocations);
	ms_doc_u64(doc, object, "total_allocated", totals->total_allocated);
	ms_doc_u64(doc, object, "total_deallocated", totals->total_deallocated);
	ms_doc_u64(doc, object, "current_memory", totals->current_memory);
	ms_doc_u64(doc, object, "peak_memory", totals->peak_memory);
	ms_doc_u64(doc, object, "failed_allocations", totals->failed_allocations);
	ms_doc_u64(doc, object, "overwritten_blocks", totals->overwritten_blocks);
	ms_doc_u64(doc, object, "overwritten_bytes", totals->overwritten_bytes);
}

void ms_mapping_totals_add(struct ms_mapping_totals *sum,
			   const struct ms_mapping_totals *totals)
{
	sum->maps += totals->maps;
	sum->unmaps += totals->unmaps;
	sum->remaps += totals->remaps;
	sum->breaks += totals->breaks;
	sum->failed += totals->failed;
	sum->current_bytes += totals->current_bytes;
	sum->peak_bytes += totals->peak_bytes;
}

void ms_doc_mappings(struct ms_doc *doc, json_t *object,
		     const struct ms_mapping_totals *totals)
{
	ms_doc_u64(doc, object, "maps", totals->maps);
	ms_doc_u64(doc, object, "unmaps", totals->unmaps);
	ms_doc_u64(doc, object, "remaps", totals->remaps);
	ms_doc_u64(doc, object, "breaks", totals->breaks);
	ms_doc_u64(doc, object, "failed", totals->failed);
	ms_doc_u64(doc, object, "current_bytes", totals->current_bytes);
	ms_doc_u64(doc, object, "peak_bytes", totals->peak_bytes);
}

void ms_doc_figures(struct ms_doc *doc, json_t *object, const struct ms_figures *figures)
{
	ms_doc_u64(doc, object, "allocations", figures->allocations);
	ms_doc_u64(doc, object, "allocated", figures->allocated);
	ms_doc_u64(doc, object, "live_blocks", figures->live_blocks);
	ms_doc_u64(doc, object, "live_bytes", figures->live_bytes);
	ms_doc_u64(doc, object, "peak_bytes", figures->peak_bytes);
	ms_doc_u64(doc, object, "peak_blocks", figures->peak_blocks);
	ms_doc_u64(doc, object, "temporary", figures->temporary);
}

void ms_doc_lost(struct ms_doc *doc, json_t *object, const struct ms_trace *traces,
		 size_t count)
{
	static const char *const names[MS_LOST_COUNT] = {
#define X(id, index, name, meaning) [index] = name,
		MS_LOST_KINDS(X)
#undef X
	};

	for (size_t i = 0; i < MS_WIRE_COUNTERS; i++) {
		uint64_t sum = 0;
		char unknown[32];

		for (size_t t = 0; t < count; t++)
			sum += ms_log_status(traces[t].log)->lost[i];
		snprintf(unknown, sizeof(unknown), "unknown_%zu", i);
		if (i < MS_LOST_COUNT)
			ms_doc_u64(doc, object, names[i], sum);
		else if (sum) /* a counter of a later minor version */
			ms_doc_u64(doc, object, unknown, sum);
	}
}

void ms_doc_damage(struct ms_doc *doc, json_t *array, const struct ms_trace *trace)
{
	size_t count;
	const struct ms_damage *damage = ms_log_damage(trace->log, &count);

	for (size_t i = 0; i < count; i++) {
		json_t *row = ms_doc_append(doc, array);

		ms_doc_text(doc, row, "path", trace->path);
		ms_doc_u64(doc, row, "offset", damage[i].offset);
		ms_doc_u64(doc, row, "length", damage[i].length);
		ms_doc_text(doc, row, "what", damage[i].what);
	}
}

/* --- threads --------------------------------------------------------------------------
 */

static void add_thread(struct ms_doc *doc, json_t *array, const struct ms_trace *trace,
		       const struct ms_thread *thread, const struct ms_figures *figures)
{
	json_t *row = ms_doc_append(doc, array);

	ms_doc_u64(doc, row, "pid", ms_metadata_process(trace->meta)->pid);
	ms_doc_value(doc, row, "tid", thread ? ms_json_number(thread->tid) : json_null());
	ms_doc_text(doc, row, "name", thread && *thread->name ? thread->name : NULL);
	ms_doc_value(doc, row, "begin_ns",
		     thread ? ms_json_number(thread->begin_ns) : json_null());
	ms_doc_value(doc, row, "end_ns",
		     thread && thread->end_ns != UINT64_MAX
			     ? ms_json_number(thread->end_ns)
			     : json_null());
	ms_doc_figures(doc, row, figures);
}

void ms_doc_threads(struct ms_doc *doc, json_t *array, const struct ms_trace *trace,
		    const struct ms_snapshot *snapshot)
{
	static const struct ms_figures none;
	size_t thread_count, figure_count;
	const struct ms_thread *threads = ms_metadata_threads(trace->meta, &thread_count);
	const struct ms_thread_figures *figures =
		ms_snapshot_threads(snapshot, &figure_count);
	struct ms_map by_id;

	ms_map_init(&by_id);
	for (size_t i = 0; i < figure_count; i++) {
		if (ms_map_put(&by_id, figures[i].thread, i) < 0)
			doc->failed = true;
	}
	for (size_t i = 0; i < thread_count; i++) {
		uint64_t index = 0;
		bool has = ms_map_remove(&by_id, threads[i].id, &index);

		add_thread(doc, array, trace, &threads[i],
			   has ? &figures[index].f : &none);
	}
	/* Threads whose description was lost. */
	for (size_t i = 0; i < figure_count; i++) {
		if (ms_map_find(&by_id, figures[i].thread))
			add_thread(doc, array, trace, NULL, &figures[i].f);
	}
	ms_map_release(&by_id);
}
