/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_json.c - the dashboard's data, as it is typed in dashboard/src/data.ts.
 *
 * Columns of numbers make up nearly all of it, so they are written as they lie, without a
 * document between.  Lists and texts are cut where limits say so, and the page says that.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/render/parts.h"
#include "analyzer/render/report_out.h"

#include <inttypes.h>

struct page {
	struct ms_out out;
	const struct ms_report *report;
	const struct ms_report_limits *limits;
	struct ms_fold stacks; /* as far as there is room */
	struct ms_out_frames frames;
};

/* --- series ---------------------------------------------------------------------------
 */

enum { NEEDS_EVENTS = 1, NEEDS_CALLS = 2, NEEDS_FREES = 4, NEEDS_SAMPLE = 8 };

static const struct figure {
	const char *key;
	size_t offset;
	unsigned needs;
} series[] = {
#define FIGURE(key, member, needs)                                    \
	{                                                             \
		key, offsetof(struct ms_report_bucket, member), needs \
	}
	FIGURE("live_bytes", live_bytes, NEEDS_EVENTS),
	FIGURE("live_blocks", live_blocks, NEEDS_EVENTS),
	FIGURE("peak_bytes", peak_bytes, NEEDS_EVENTS),
	FIGURE("allocations", allocations, NEEDS_CALLS),
	FIGURE("frees", frees, NEEDS_FREES),
	FIGURE("allocated", allocated, NEEDS_CALLS),
	FIGURE("resident", resident_bytes, NEEDS_SAMPLE),
#undef FIGURE
};

struct series_column {
	const struct ms_report_bucket *buckets;
	const struct figure *figure;
};

static void put_end(struct ms_out *out, const void *context, size_t i)
{
	ms_out_u64(out, ((const struct ms_report_bucket *)context)[i].end_ns);
}

static void put_figure(struct ms_out *out, const void *context, size_t i)
{
	const struct series_column *column = context;
	const struct ms_report_bucket *b = &column->buckets[i];
	unsigned needs = column->figure->needs;
	bool absent = (needs & NEEDS_EVENTS && b->no_events) ||
		      (needs & NEEDS_CALLS && b->no_calls) ||
		      (needs & NEEDS_FREES && b->no_frees) ||
		      (needs & NEEDS_SAMPLE && !b->has_resident);

	if (absent)
		ms_out(out, "null");
	else
		ms_out_u64(out,
			   *(const uint64_t *)(const void *)((const char *)b +
							     column->figure->offset));
}

static void put_series(struct ms_out *out, const struct ms_report_process *p)
{
	ms_out_column(out, ",", "buckets", put_end, p->buckets, p->bucket_count);
	ms_out_key(out, "series");
	for (size_t i = 0; i < sizeof(series) / sizeof(series[0]); i++) {
		struct series_column column = { p->buckets, &series[i] };

		ms_out_column(out, i ? "," : "{", series[i].key, put_figure, &column,
			      p->bucket_count);
	}
	ms_out(out, "}");
}

static void put_marks(struct ms_out *out, const struct ms_report_process *p)
{
	size_t limit = out->items;

	ms_out_key(out, "marks");
	ms_out(out, "[");
	for (size_t i = 0; i < p->mark_count && i < limit; i++) {
		ms_out(out, i ? ",{\"at_ns\":" : "{\"at_ns\":");
		ms_out_u64(out, p->marks[i].at_ns);
		ms_out_key(out, "name");
		ms_out_text(out, p->marks[i].name);
		ms_out(out, "}");
	}
	ms_out(out, "]");
	out->cut_items += p->mark_count > limit ? p->mark_count - limit : 0;
}

/* --- threads --------------------------------------------------------------------------
 */

struct thread_column { /* of threads from first on, before end, summed */
	const struct ms_slices *slices;
	size_t first, end;
	bool bytes;
};

static void put_made(struct ms_out *out, const void *context, size_t bucket)
{
	const struct thread_column *column = context;
	uint64_t sum = 0;

	for (size_t t = column->first; t < column->end; t++) {
		const struct ms_made *made =
			&column->slices->threads[t * column->slices->buckets + bucket];

		sum += column->bytes ? made->bytes : made->blocks;
	}
	ms_out_u64(out, sum);
}

static void put_thread(struct ms_out *out, const struct ms_report_process *p,
		       size_t first, size_t end)
{
	const struct ms_report_thread *thread = &p->threads[first];
	struct thread_column made = { &p->slices, first, end, false };
	struct thread_column bytes = { &p->slices, first, end, true };

	ms_out(out, first ? ",{\"tid\":" : "{\"tid\":");
	if (end == first + 1 && thread->tid)
		ms_out_u64(out, thread->tid);
	else
		ms_out(out, "null");
	ms_out_key(out, "name");
	if (end == first + 1)
		ms_out_text(out, thread->name);
	else
		ms_writef(out->writer, "\"(%zu other threads)\"", end - first);
	ms_out_column(out, ",", "allocations", put_made, &made, p->slices.buckets);
	ms_out_column(out, ",", "allocated", put_made, &bytes, p->slices.buckets);
	ms_out(out, "}");
}

/* The lightest ones are summed where there are too many. */
static void put_threads(struct ms_out *out, const struct ms_report_process *p,
			size_t limit)
{
	size_t count = p->no_slices || p->no_made ? 0 : p->slices.thread_count;
	size_t own = count > limit ? limit - 1 : count;

	ms_out_key(out, "thread_rows");
	ms_out(out, "[");
	for (size_t t = 0; t < own; t++)
		put_thread(out, p, t, t + 1);
	if (own < count)
		put_thread(out, p, own, count);
	ms_out(out, "]");
}

/* --- rows and slices ------------------------------------------------------------------
 */

struct row_column {
	const struct page *page;
	size_t first; /* row */
	unsigned metric;
};

static void put_node(struct ms_out *out, const void *context, size_t i)
{
	const struct row_column *column = context;

	ms_out_u64(out, column->page->stacks.rows[column->first + i].node);
}

static void put_metric(struct ms_out *out, const void *context, size_t i)
{
	const struct row_column *column = context;

	ms_out_u64(out,
		   column->page->stacks.rows[column->first + i].value[column->metric]);
}

static void put_site(struct ms_out *out, const void *context, size_t i)
{
	const struct row_column *column = context;
	uint32_t site = column->page->stacks.sites[column->first + i];

	ms_out_i64(out, site == MS_PROFILE_NONE
				? -1
				: (int64_t)column->page->frames.number[site] - 1);
}

static void put_rows(struct page *page, const struct ms_report_process *p, size_t first,
		     size_t count)
{
	struct row_column column = { page, first, 0 };
	struct ms_out *out = &page->out;

	ms_out_key(out, "rows");
	ms_out_column(out, "{", "node", put_node, &column, count);
	ms_out_column(out, ",", "site", put_site, &column, count);
	for (unsigned i = 0; i < MS_METRICS; i++) {
		column.metric = i;
		if (p->absent & 1u << i)
			ms_out_nothing(out, ",", ms_metrics[i].key);
		else
			ms_out_column(out, ",", ms_metrics[i].key, put_metric, &column,
				      count);
	}
	ms_out(out, "}");
}

static void put_cell_row(struct ms_out *out, const void *context, size_t i)
{
	ms_out_u64(out, ((const struct ms_cell *)context)[i].row);
}

static void put_cell_made(struct ms_out *out, const void *context, size_t i)
{
	ms_out_u64(out, ((const struct ms_cell *)context)[i].made);
}

static void put_cell_made_bytes(struct ms_out *out, const void *context, size_t i)
{
	ms_out_u64(out, ((const struct ms_cell *)context)[i].made_bytes);
}

static void put_cell_blocks(struct ms_out *out, const void *context, size_t i)
{
	ms_out_i64(out, ((const struct ms_cell *)context)[i].live_blocks);
}

static void put_cell_bytes(struct ms_out *out, const void *context, size_t i)
{
	ms_out_i64(out, ((const struct ms_cell *)context)[i].live_bytes);
}

static void put_start(struct ms_out *out, const void *context, size_t i)
{
	ms_out_u64(out, ((const size_t *)context)[i]);
}

static void put_slices(struct ms_out *out, const struct ms_report_process *p,
		       const struct ms_slices *slices)
{
	const struct ms_cell *cells = slices->cells;
	size_t count = slices->count;

	ms_out_key(out, "slices");
	ms_out_column(out, "{", "row", put_cell_row, cells, count);
	if (p->no_made) {
		ms_out_nothing(out, ",", "made");
		ms_out_nothing(out, ",", "made_bytes");
	} else {
		ms_out_column(out, ",", "made", put_cell_made, cells, count);
		ms_out_column(out, ",", "made_bytes", put_cell_made_bytes, cells, count);
	}
	ms_out_column(out, ",", "live_blocks", put_cell_blocks, cells, count);
	ms_out_column(out, ",", "live_bytes", put_cell_bytes, cells, count);
	ms_out_column(out, ",", "start", put_start, slices->start, slices->buckets + 1);
	ms_out(out, "}");
}

static void put_head(struct ms_out *out, const struct ms_report_process *p)
{
	ms_out(out, "{\"pid\":");
	if (p->summed)
		ms_out(out, "null");
	else
		ms_out_u64(out, p->pid);
	ms_out_key(out, "command");
	ms_out_text(out, p->command);
	ms_out_key(out, "summed");
	ms_out_u64(out, p->summed);
	ms_out_key(out, "duration_ns");
	ms_out_u64(out, p->duration_ns);
}

static ms_status put_process(struct page *page, size_t i, struct ms_error *err)
{
	const struct ms_report_process *p = &page->report->processes[i];
	struct ms_slices slices = { 0 };
	struct ms_out *out = &page->out;
	size_t begin, end, before;
	ms_status status = MS_OK;

	ms_fold_rows_of(&page->report->stacks, i, &before, &end);
	ms_fold_rows_of(&page->stacks, i, &begin, &end);
	put_head(out, p);
	put_series(out, p);
	put_marks(out, p);
	put_threads(out, p, page->limits->threads);
	put_rows(page, p, begin, end - begin);
	if (p->no_slices)
		ms_out_nothing(out, ",", "slices");
	else
		status = ms_fold_slices(&slices, &page->stacks, &p->slices, before, err);
	if (!p->no_slices && status == MS_OK)
		put_slices(out, p, &slices);
	ms_free(slices.cells);
	ms_free(slices.start);
	ms_out(out, "}");
	return status;
}

static ms_status put_processes(struct page *page, struct ms_error *err)
{
	ms_status status = MS_OK;

	ms_out_key(&page->out, "processes");
	ms_out(&page->out, "[");
	for (size_t i = 0; status == MS_OK && i < page->report->process_count; i++) {
		ms_out(&page->out, i ? "," : "");
		status = put_process(page, i, err);
	}
	ms_out(&page->out, "]");
	return status;
}

/* --- the whole ------------------------------------------------------------------------
 */

/* After all else: what had to be left out of it. */
static void put_folded(struct page *page)
{
	uint64_t rows = page->report->stacks.folded + page->stacks.folded;
	uint64_t bytes = page->report->stacks.bytes + page->stacks.bytes;
	struct ms_out *out = &page->out;
	char size[MS_HUMAN_BYTES];

	ms_out_key(out, "folded");
	if (!rows && !out->cut_items) {
		ms_out(out, "null");
		return;
	}
	ms_out(out, "{\"rows\":");
	ms_out_u64(out, rows);
	ms_out_key(out, "bytes");
	ms_out_u64(out, bytes);
	ms_out_key(out, "items");
	ms_out_u64(out, out->cut_items);
	ms_out(out, ",\"text\":\"");
	if (rows)
		ms_writef(out->writer,
			  "%" PRIu64 " light stacks (%s allocated) are summed as "
			  "(folded) below what they share%s",
			  rows, ms_human_size(size, bytes), out->cut_items ? "; " : "");
	if (out->cut_items)
		ms_writef(out->writer,
			  "%" PRIu64 " entries of lists longer than %zu are left out",
			  out->cut_items, out->items);
	ms_out(out, "\"}");
}

static void put_documents(struct page *page)
{
	const struct ms_report *report = page->report;
	struct ms_out *out = &page->out;

	ms_out(out, "{\"version\":1");
	ms_out_key(out, "title");
	ms_out_text(out, report->title);
	ms_out_key(out, "generated_by");
	ms_out_text(out, report->generated_by);
	ms_out_document(out, "summary", report->summary);
	ms_out_document(out, "info", report->info);
	ms_out_document(out, "leaks", report->leaks);
	ms_out_document(out, "check", report->check);
	ms_out_document(out, "threads", report->threads);
	ms_out_document(out, "sources", report->sources);
}

static ms_status put_all(struct page *page, struct ms_error *err)
{
	ms_status status = ms_out_frames_init(&page->frames, page->report->profile,
					      &page->stacks, err);

	if (status == MS_OK) {
		put_documents(page);
		status = put_processes(page, err);
	}
	if (status == MS_OK)
		status = ms_out_tree(&page->out, &page->frames, &page->stacks, err);
	ms_out_frames_release(&page->frames);
	if (status == MS_OK) {
		put_folded(page);
		ms_out(&page->out, "}\n");
	}
	return status;
}

ms_status ms_report_json(struct ms_writer *writer, const struct ms_report *report,
			 const struct ms_report_limits *limits, struct ms_error *err)
{
	const struct ms_fold *stacks = &report->stacks;
	struct ms_fold_source source = { stacks->nodes, stacks->node_count, stacks->rows,
					 stacks->sites, stacks->row_count };
	struct page page = { .out = { .writer = writer,
				      .items = limits->items,
				      .text_bytes = limits->text_bytes },
			     .report = report,
			     .limits = limits };
	ms_status status = ms_fold_init(&page.stacks, &source, limits->budget, err);

	if (status != MS_OK)
		return status;
	status = put_all(&page, err);
	ms_fold_release(&page.stacks);
	return status;
}
