/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources.c - what the tables of SQL share: snapshots, frames, conditions.
 */
#include "analyzer/facade/sources.h"
#include "analyzer/base/alloc.h"
#include "analyzer/facade/leaks.h"
#include "common/units.h"

#include <string.h>

/* --- a session ------------------------------------------------------------------------
 */

ms_status ms_tables_init(struct ms_tables *tables, struct memscope *m,
			 const atomic_bool *stopped, struct ms_error *err)
{
	*tables = (struct ms_tables){ .m = m, .stopped = stopped };
	ms_strbuf_init(&tables->text);
	ms_strbuf_init(&tables->moment_mark);
	tables->sites = ms_alloc_zero(m->count, sizeof(*tables->sites));
	return tables->sites ? MS_OK : ms_fail_memory(err);
}

void ms_tables_release(struct ms_tables *tables)
{
	ms_views_release(&tables->end);
	ms_views_release(&tables->moment);
	ms_strbuf_release(&tables->moment_mark);
	for (size_t i = 0; i < tables->made_count; i++) {
		ms_free(tables->made[i].arguments);
		json_decref(tables->made[i].rows);
	}
	ms_free(tables->made);
	for (size_t i = 0; tables->sites && i < tables->m->count; i++)
		ms_map_release(&tables->sites[i]);
	ms_free(tables->sites);
	if (tables->leaks)
		ms_facade_leaks_release(tables->m, tables->leaks);
	ms_free(tables->leaks);
	ms_strbuf_release(&tables->text);
}

ms_status ms_tables_go_on(const struct ms_tables *tables, struct ms_error *err)
{
	/* Only a wish, nothing is published with it. */
	if (atomic_load_explicit(tables->stopped, memory_order_relaxed))
		return ms_fail(err, MS_EUSAGE, "interrupted");
	return MS_OK;
}

/* --- instants -------------------------------------------------------------------------
 */

ms_status ms_tables_end(struct ms_tables *tables, const struct ms_views **views,
			struct ms_error *err)
{
	struct memscope_time end = { .kind = MEMSCOPE_AT_END };
	ms_status status = MS_OK;

	if (!tables->end.items)
		status = ms_views_init(&tables->end, tables->m, &end, NULL, false, err);
	*views = &tables->end;
	return status;
}

/* The name of a mark that was asked for belongs to its statement: a copy is kept. */
static bool same_moment(const struct ms_tables *tables, const struct memscope_time *at)
{
	return at->kind == tables->moment_at.kind &&
	       at->value == tables->moment_at.value &&
	       strcmp(at->mark ? at->mark : "", ms_strbuf_text(&tables->moment_mark)) ==
		       0;
}

ms_status ms_tables_moment(struct ms_tables *tables, const struct memscope_time *at,
			   const struct ms_views **views, struct ms_error *err)
{
	ms_status status = MS_OK;

	if (at->kind == MEMSCOPE_AT_END)
		return ms_tables_end(tables, views, err);
	if (!tables->moment.items || !same_moment(tables, at)) {
		ms_views_release(&tables->moment);
		tables->moment_at = (struct memscope_time){ at->kind, at->value, NULL };
		ms_strbuf_truncate(&tables->moment_mark, 0);
		ms_strbuf_adds(&tables->moment_mark, at->mark ? at->mark : "");
		if (tables->moment_mark.failed) {
			tables->moment_mark.failed = false;
			return ms_fail_memory(err);
		}
		status = ms_views_init(&tables->moment, tables->m, at, NULL, false, err);
	}
	*views = &tables->moment;
	return status;
}

ms_status ms_tables_leaks(struct ms_tables *tables, const struct ms_trace_leaks **leaks,
			  struct ms_error *err)
{
	static const struct memscope_leaks_options last;
	ms_status status;

	*leaks = tables->leaks;
	if (tables->leaks)
		return MS_OK;
	tables->leaks = ms_alloc_zero(tables->m->count, sizeof(*tables->leaks));
	if (!tables->leaks)
		return ms_fail_memory(err);
	status = ms_facade_leaks(tables->m, &last, tables->leaks, err);
	if (status != MS_OK) {
		ms_facade_leaks_release(tables->m, tables->leaks);
		ms_free(tables->leaks);
		tables->leaks = NULL;
	}
	*leaks = tables->leaks;
	return status;
}

struct memscope ms_tables_one(const struct ms_tables *tables, size_t trace)
{
	struct memscope one = *tables->m;

	one.traces = &tables->m->traces[trace];
	one.count = 1;
	return one;
}

ms_status ms_tables_time(struct memscope_time *time, const char *text,
			 struct ms_error *err)
{
	*time = (struct memscope_time){ MEMSCOPE_AT_END, 0, NULL };
	if (!text || memscope_parse_time(text, time) == 0)
		return MS_OK;
	time->kind = MEMSCOPE_AT_NS;
	if (ms_parse_number(text, &time->value))
		return MS_OK;
	return ms_fail(err, MS_EUSAGE,
		       "'%.60s' is no time: start, end, peak, 12.5s, 830ms, 40%%, "
		       "mark:NAME or nanoseconds",
		       text);
}

/* --- what ids mean --------------------------------------------------------------------
 */

ms_status ms_tables_site(struct ms_tables *tables, size_t trace, uint32_t stack,
			 const struct ms_frame **frame, struct ms_error *err)
{
	struct ms_map *map = &tables->sites[trace];
	const uint64_t *known = ms_map_find(map, stack);
	ms_status status;

	if (known) {
		*frame = (const struct ms_frame *)(uintptr_t)*known;
		return MS_OK;
	}
	status = ms_metadata_site(tables->m->traces[trace].meta, stack, frame, err);
	if (status == MS_OK && ms_map_put(map, stack, (uint64_t)(uintptr_t)*frame) < 0)
		status = ms_fail_memory(err);
	return status;
}

ms_status ms_tables_trace(const struct ms_tables *tables, uint64_t process, size_t *trace,
			  struct ms_error *err)
{
	*trace = SIZE_MAX;
	for (size_t i = 0; i < tables->m->count; i++) {
		if (ms_metadata_process(tables->m->traces[i].meta)->pid != process)
			continue;
		if (*trace != SIZE_MAX)
			return ms_fail(err, MS_EUSAGE,
				       "several traces are of process %llu: use the "
				       "columns of the tables, or stacks and frames with "
				       "their trace",
				       (unsigned long long)process);
		*trace = i;
	}
	return MS_OK;
}

struct ms_value ms_frame_value(const struct ms_frame *frame, enum ms_frame_part part)
{
	static const struct ms_frame none;

	if (!frame)
		frame = &none;
	switch (part) {
	case MS_PART_FUNCTION:
		return ms_text(frame->function);
	case MS_PART_FILE:
		return ms_text(frame->file);
	case MS_PART_MODULE:
		return ms_text(frame->module);
	default:
		return ms_number_if(frame->line, frame->line);
	}
}

struct ms_value ms_thread_value(const struct ms_metadata *meta, uint32_t thread)
{
	const struct ms_thread *known = ms_metadata_thread(meta, thread);

	return ms_number_if(known && known->tid, known ? known->tid : 0);
}

/* --- conditions -----------------------------------------------------------------------
 */

struct ms_bound ms_plan_bound(const struct ms_scan_plan *plan, size_t column)
{
	for (size_t i = 0; i < plan->bound_count; i++) {
		if (plan->bounds[i].column == column)
			return plan->bounds[i];
	}
	return (struct ms_bound){ column, 0, UINT64_MAX };
}

bool ms_plan_trace(const struct ms_tables *tables, const struct ms_bound *number,
		   const struct ms_bound *pid, size_t *trace)
{
	for (; *trace < tables->m->count; ++*trace) {
		const struct ms_metadata *meta = tables->m->traces[*trace].meta;

		if (ms_bound_has(number, *trace + 1) &&
		    ms_bound_has(pid, ms_metadata_process(meta)->pid))
			return true;
	}
	return false;
}

bool ms_plan_want(const struct ms_trace *trace, const struct ms_bound *time,
		  const struct ms_bound *thread, struct ms_want *want)
{
	size_t count, found = 0;
	const struct ms_thread *threads = ms_metadata_threads(trace->meta, &count);

	*want = (struct ms_want){ .from_ns = time->from };
	/* No limit is 0 there. */
	want->to_ns = time->to == UINT64_MAX ? 0 : time->to ? time->to : 1;
	if (thread->from == 0 && thread->to == UINT64_MAX)
		return true;
	for (size_t i = 0; i < count; i++) {
		if (!ms_bound_has(thread, threads[i].tid))
			continue;
		want->thread = found++ ? 0 : threads[i].id;
	}
	return found > 0;
}
