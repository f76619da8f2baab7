/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc_parts.c - parts that several reports share: process, totals, losses, damage,
 * threads.
 */
#include "analyzer/facade/doc.h"
#include "analyzer/base/alloc.h"
#include "analyzer/base/map.h"
#include "common/lost.h"

#include <math.h>
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
	[MS_STOP_CUT] = "somebody cut the log short",
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

static void add_mode(struct ms_doc *doc, json_t *object, const struct ms_log_mode *mode)
{
	static const char *const names[] = { [MS_MODE_FULL] = "full",
					     [MS_MODE_CULL] = "cull",
					     [MS_MODE_SAMPLE] = "sample",
					     [MS_MODE_COUNTERS] = "counters" };
	bool known = mode->mode && mode->mode < sizeof(names) / sizeof(names[0]);

	ms_doc_text(doc, object, "mode", known ? names[mode->mode] : "unknown");
	ms_doc_value(doc, object, "sample_bytes",
		     mode->mode == MS_MODE_SAMPLE ? ms_json_number(mode->parameter)
						  : json_null());
	ms_doc_value(doc, object, "cull_ns",
		     mode->mode == MS_MODE_CULL ? ms_json_number(mode->parameter)
						: json_null());
	ms_doc_value(doc, object, "totals_only_from_ns",
		     mode->fell_back ? ms_json_number(mode->fell_back_ns) : json_null());
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
	ms_doc_text(doc, object, "end", ms_end_text(trace));
	ms_doc_text(doc, object, "became",
		    status->end == MS_END_EXITED ? NULL
						 : ms_metadata_became(trace->meta));
	add_stop(doc, object, status);
	add_mode(doc, object, ms_log_mode(trace->log));
}

/* The standard errors of estimates, by their keys. */
struct errors {
	struct ms_doc *doc;
	json_t *object, *list;
};

static void add_error(struct errors *errors, const char *key, double variance)
{
	double error = ceil(sqrt(variance));

	if (!errors->list) {
		ms_doc_bool(errors->doc, errors->object, "estimated", true);
		errors->list = ms_doc_object(errors->doc, errors->object, "errors");
	}
	ms_doc_u64(errors->doc, errors->list, key,
		   error < 0x1p62 ? (uint64_t)error : UINT64_C(1) << 62);
}

void ms_doc_totals(struct ms_doc *doc, json_t *object, const struct ms_known *known)
{
	struct errors errors = { doc, object, NULL };

	for (size_t i = 0; i < MS_KNOWN_FIGURES; i++)
		ms_doc_value(doc, object, ms_known_names[i],
			     known->absent & 1u << i ? json_null()
						     : ms_json_number(known->value[i]));
	for (size_t i = 0; i < MS_KNOWN_FIGURES; i++) {
		if (known->estimated & ~known->absent & 1u << i)
			add_error(&errors, ms_known_names[i], known->variance[i]);
	}
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
		     const struct ms_mapping_totals *totals, bool known)
{
	const struct {
		const char *key;
		uint64_t value;
	} rows[] = {
		{ "maps", totals->maps },
		{ "unmaps", totals->unmaps },
		{ "remaps", totals->remaps },
		{ "breaks", totals->breaks },
		{ "failed", totals->failed },
		{ "current_bytes", totals->current_bytes },
		{ "peak_bytes", totals->peak_bytes },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ms_doc_value(doc, object, rows[i].key,
			     known ? ms_json_number(rows[i].value) : json_null());
}

void ms_doc_figures(struct ms_doc *doc, json_t *object, const struct ms_figures *figures)
{
	const struct {
		const char *key;
		uint64_t value;
	} rows[MS_FIGURES] = {
		[MS_FIGURE_ALLOCATIONS] = { "allocations", figures->allocations },
		[MS_FIGURE_ALLOCATED] = { "allocated", figures->allocated },
		[MS_FIGURE_LIVE_BLOCKS] = { "live_blocks", figures->live_blocks },
		[MS_FIGURE_LIVE_BYTES] = { "live_bytes", figures->live_bytes },
		[MS_FIGURE_PEAK_BYTES] = { "peak_bytes", figures->peak_bytes },
		[MS_FIGURE_PEAK_BLOCKS] = { "peak_blocks", figures->peak_blocks },
		[MS_FIGURE_TEMPORARY] = { "temporary", figures->temporary },
	};
	struct errors errors = { doc, object, NULL };

	for (unsigned i = 0; i < MS_FIGURES; i++)
		ms_doc_value(doc, object, rows[i].key,
			     figures->absent & 1u << i ? json_null()
						       : ms_json_number(rows[i].value));
	if (figures->culled)
		ms_doc_u64(doc, object, "culled", figures->culled);
	for (unsigned i = 0; i < MS_FIGURES; i++) {
		if (figures->estimated & ~figures->absent & 1u << i)
			add_error(&errors, rows[i].key, figures->variance[i]);
	}
}

void ms_doc_culled(struct ms_doc *doc, json_t *object, const struct ms_trace *trace)
{
	static const char *const names[MS_WIRE_LIFETIMES] = { "below_1ms",   "below_10ms",
							      "below_100ms", "below_1s",
							      "below_10s",   "longer" };
	struct ms_folded sum = { 0 };
	size_t count;
	const struct ms_folded *folded = ms_log_folded(trace->log, &count);
	json_t *lifetimes;

	for (size_t i = 0; i < count; i++) {
		sum.blocks += folded[i].blocks;
		sum.bytes += folded[i].bytes;
		sum.largest =
			folded[i].largest > sum.largest ? folded[i].largest : sum.largest;
		for (unsigned l = 0; l < MS_WIRE_LIFETIMES; l++)
			sum.lifetimes[l] += folded[i].lifetimes[l];
	}
	ms_doc_u64(doc, object, "blocks", sum.blocks);
	ms_doc_u64(doc, object, "bytes", sum.bytes);
	ms_doc_u64(doc, object, "largest", sum.largest);
	lifetimes = ms_doc_object(doc, object, "lifetimes");
	for (unsigned l = 0; l < MS_WIRE_LIFETIMES; l++)
		ms_doc_u64(doc, lifetimes, names[l], sum.lifetimes[l]);
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

/* Figures by thread id: those of the snapshot, with what the log counted. */
struct thread_row {
	uint32_t thread;
	struct ms_figures f;
};

static struct ms_figures *row_of(struct thread_row *rows, struct ms_map *by_id,
				 uint32_t thread, bool *failed)
{
	bool is_new;
	uint64_t *index = ms_map_at(by_id, thread, &is_new);

	*failed |= !index;
	if (index && is_new) {
		*index = by_id->count - 1;
		rows[*index].thread = thread;
	}
	return index ? &rows[*index].f : NULL;
}

/* rows has room for the threads of both. */
static void fill_rows(struct thread_row *rows, struct ms_map *by_id,
		      const struct ms_trace *trace, const struct ms_snapshot *snapshot,
		      bool whole, bool *failed)
{
	size_t figure_count, count;
	const struct ms_thread_figures *figures =
		ms_snapshot_threads(snapshot, &figure_count);
	const struct ms_thread_counts *counts = ms_log_thread_counts(trace->log, &count);

	for (size_t i = 0; i < figure_count && !*failed; i++) {
		struct ms_figures *f = row_of(rows, by_id, figures[i].thread, failed);

		if (f)
			*f = figures[i].f;
	}
	for (size_t i = 0; i < count && !*failed; i++) {
		struct ms_figures *f = row_of(rows, by_id, counts[i].thread, failed);

		if (f)
			ms_known_counted(f, trace,
					 counts[i].c.allocations +
						 counts[i].c.reallocations,
					 counts[i].c.allocated, whole);
	}
}

static void add_rows(struct ms_doc *doc, json_t *array, const struct ms_trace *trace,
		     struct thread_row *rows, struct ms_map *by_id, unsigned absent)
{
	size_t thread_count, row_count = by_id->count;
	const struct ms_thread *threads = ms_metadata_threads(trace->meta, &thread_count);
	struct ms_figures none = { .absent = absent };

	for (size_t i = 0; i < thread_count; i++) {
		uint64_t index = 0;
		bool has = ms_map_remove(by_id, threads[i].id, &index);

		add_thread(doc, array, trace, &threads[i], has ? &rows[index].f : &none);
	}
	/* Threads whose description was lost. */
	for (size_t i = 0; i < row_count; i++) {
		if (ms_map_find(by_id, rows[i].thread))
			add_thread(doc, array, trace, NULL, &rows[i].f);
	}
}

void ms_doc_threads(struct ms_doc *doc, json_t *array, const struct ms_trace *trace,
		    const struct ms_snapshot *snapshot, bool whole)
{
	size_t figure_count, count;
	struct thread_row *rows;
	struct ms_map by_id;

	ms_snapshot_threads(snapshot, &figure_count);
	ms_log_thread_counts(trace->log, &count);
	rows = ms_alloc_zero(figure_count + count, sizeof(*rows));
	if (!rows) {
		doc->failed = true;
		return;
	}
	ms_map_init(&by_id);
	fill_rows(rows, &by_id, trace, snapshot, whole, &doc->failed);
	if (!doc->failed)
		add_rows(doc, array, trace, rows, &by_id,
			 whole ? ms_known_absent(trace)
			       : ms_known_lacks(trace, snapshot, whole));
	ms_map_release(&by_id);
	ms_free(rows);
}

void ms_doc_tally_threads(struct ms_doc *doc, json_t *array, const struct ms_trace *trace,
			  const struct ms_tally *tally)
{
	for (size_t i = 0; i < tally->thread_count; i++)
		add_thread(doc, array, trace,
			   ms_metadata_thread(trace->meta, tally->threads[i].thread),
			   &tally->threads[i].f);
}
