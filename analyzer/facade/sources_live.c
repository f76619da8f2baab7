/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources_live.c - the table live(at): the blocks that live at an instant.
 */
#include "analyzer/facade/block_scan.h"
#include "analyzer/base/alloc.h"

enum { AGE = MS_BLOCK_WEIGHT + 1, AT, COLUMNS }; /* after those of allocations */

static const struct ms_source_column columns[COLUMNS] = {
	[MS_BLOCK_TRACE] = MS_TRACE_COLUMN,
	[MS_BLOCK_PROCESS] = MS_PROCESS_COLUMN,
	[MS_BLOCK_ADDRESS] = { "address", MS_TYPE_ADDRESS, MS_SOURCE_KEY, 0,
			       "of the block" },
	[MS_BLOCK_SIZE] = { "size", MS_TYPE_BYTES, 0, 0, "bytes asked for" },
	[MS_BLOCK_ALIGN] = { "align", MS_TYPE_BYTES, 0, 0,
			     "alignment asked for; NULL: none was" },
	[MS_BLOCK_KIND] = { "kind", MS_TYPE_TEXT, 0, 0,
			    "function that made it: malloc, calloc, realloc, new ..." },
	[MS_BLOCK_T_ALLOC] = { "t_alloc", MS_TYPE_INSTANT, MS_SOURCE_KEY, 0,
			       "when it was made, ns since the recording began" },
	[MS_BLOCK_THREAD] = { "thread", MS_TYPE_ID, 0, 0,
			      "kernel id of the thread that made it" },
	[MS_BLOCK_STACK] = { "stack", MS_TYPE_ID, 0, 0,
			     "where it was made, see the table stacks; NULL: not known" },
	[MS_BLOCK_FUNCTION] = MS_FUNCTION_COLUMN,
	[MS_BLOCK_FILE] = MS_FILE_COLUMN,
	[MS_BLOCK_LINE] = MS_LINE_COLUMN,
	[MS_BLOCK_MODULE] = MS_MODULE_COLUMN,
	[MS_BLOCK_TYPE] = { "type", MS_TYPE_TEXT, 0, 0,
			    "C++ or Rust type that a function's name tells; NULL: none" },
	[MS_BLOCK_WEIGHT] = { "weight", MS_TYPE_REAL, 0, 0,
			      "how many blocks it stands for: 1, or more in a log of "
			      "samples" },
	[AGE] = { "age", MS_TYPE_NS, 0, 0, "ns from t_alloc to the instant" },
	[AT] = { "at", MS_TYPE_TEXT, MS_SOURCE_PARAMETER, 0,
		 "the instant: 'start', 'end' (default), 'peak', '12.5s', '40%', "
		 "'mark:NAME' or ns" },
};

struct live_scan {
	struct ms_scan base; /* first */
	struct ms_tables *tables;
	struct memscope_time at; /* its mark is the scan's own */
	char *mark;
	struct ms_bound trace, process;
	struct ms_block_row *rows; /* of the trace that is read */
	size_t next, count, capacity;
	bool begun, failed;
	struct ms_block_view view;
};

static struct live_scan *scan_of(struct ms_scan *base)
{
	return (struct live_scan *)(void *)base;
}

static bool collect(void *context, const struct ms_block *block)
{
	struct live_scan *s = context;

	s->failed =
		ms_grow((void **)&s->rows, &s->capacity, s->count, sizeof(*s->rows)) < 0;
	if (!s->failed)
		s->rows[s->count++] = (struct ms_block_row){ .block = *block };
	return !s->failed;
}

/* The heap is asked for anew: a scan of another instant may have been begun since. */
static ms_status begin_trace(struct live_scan *s, struct ms_error *err)
{
	const struct ms_trace *trace = &s->tables->m->traces[s->view.trace];
	const struct ms_snapshot *snapshot;
	const struct ms_views *views;
	ms_status status = ms_tables_moment(s->tables, &s->at, &views, err);

	s->next = s->count = 0;
	if (status != MS_OK)
		return status;
	snapshot = views->items[s->view.trace].snapshot;
	s->view.meta = trace->meta;
	s->view.now_ns = ms_snapshot_at_ns(snapshot);
	s->view.sample_bytes = ms_known_sample_bytes(trace);
	ms_heap_each(ms_snapshot_heap(snapshot), collect, s);
	ms_block_rows_sort(s->rows, s->count);
	return s->failed ? ms_fail_memory(err) : MS_OK;
}

static ms_status next(struct ms_scan *base, bool *more, struct ms_error *err)
{
	struct live_scan *s = scan_of(base);
	ms_status status = MS_OK;

	while (status == MS_OK && s->next == s->count) {
		s->view.trace += s->begun;
		s->begun = true;
		*more = ms_plan_trace(s->tables, &s->trace, &s->process, &s->view.trace);
		if (!*more)
			return MS_OK;
		status = begin_trace(s, err);
	}
	*more = status == MS_OK;
	if (*more)
		s->view.row = &s->rows[s->next++];
	return status;
}

static ms_status value(struct ms_scan *base, size_t column, struct ms_value *out,
		       struct ms_error *err)
{
	struct live_scan *s = scan_of(base);

	return ms_block_value(s->tables, &s->view,
			      column == AGE ? MS_BLOCK_AGE : (enum ms_block_column)column,
			      out, err);
}

static void close_scan(struct ms_scan *base)
{
	ms_free(scan_of(base)->rows);
	ms_free(scan_of(base)->mark);
	ms_free(base);
}

static ms_status open_scan(struct ms_scan **out, const struct ms_source *source,
			   const struct ms_scan_plan *plan, struct ms_error *err)
{
	struct live_scan *s = ms_alloc_zero(1, sizeof(*s));
	ms_status status;

	*out = NULL;
	if (!s)
		return ms_fail_memory(err);
	s->base = (struct ms_scan){ next, value, close_scan };
	s->tables = source->context;
	s->trace = ms_plan_bound(plan, MS_BLOCK_TRACE);
	s->process = ms_plan_bound(plan, MS_BLOCK_PROCESS);
	status = ms_tables_time(&s->at, plan->arguments[0], err);
	if (status == MS_OK && s->at.mark) {
		s->at.mark = s->mark = ms_strdup(s->at.mark);
		status = s->mark ? MS_OK : ms_fail_memory(err);
	}
	if (status == MS_OK)
		*out = &s->base;
	else
		ms_free(s);
	return status;
}

static void estimate(const struct ms_source *source, unsigned needs, double *rows,
		     double *reads)
{
	const struct ms_tables *tables = source->context;

	(void)needs;
	*reads = 0;
	for (size_t i = 0; i < tables->m->count; i++)
		*reads += (double)ms_store_event_count(tables->m->traces[i].store);
	*rows = *reads / 20;
}

const struct ms_source ms_source_live = {
	.name = "live",
	.doc = "live(at): the blocks that live at an instant, by default the end.",
	.columns = columns,
	.column_count = COLUMNS,
	.estimate = estimate,
	.open = open_scan,
};
