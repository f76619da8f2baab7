/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dashboard_time.c - each process over time: its series, and what each stack and thread
 * did in each part of it.
 */
#define _GNU_SOURCE /* qsort_r */
#include "analyzer/base/alloc.h"
#include "analyzer/facade/choose.h"
#include "analyzer/facade/dashboard.h"

#include <stdio.h>
#include <stdlib.h>

#define BUCKETS 240
/* With rows of their own over time; the last one is of all the others. */
#define THREADS 64
#define MARKS	10000

struct watched { /* one trace */
	struct ms_dashboard *d;
	const struct ms_trace *trace;
	size_t index; /* of the trace */
	struct ms_report_process *process;
	struct ms_dense rows, threads;
	struct ms_series series;
};

/* --- which stack has which row --------------------------------------------------------
 */

static int map_stacks(struct watched *w, uint32_t *row_at, uint32_t *count)
{
	const struct ms_fold *fold = &w->d->report.stacks;
	const uint32_t *nodes = w->d->nodes[w->index];
	size_t begin, end, stack_count;
	const struct ms_stack_figures *stacks =
		ms_view_stacks(&w->d->fill.views, w->index, &stack_count);

	ms_fold_rows_of(fold, w->d->process_of[w->index], &begin, &end);
	for (size_t i = 0; i < fold->node_count; i++)
		row_at[i] = MS_PROFILE_NONE;
	for (size_t i = begin; i < end; i++)
		row_at[fold->rows[i].node] = (uint32_t)(i - begin);
	for (size_t i = 0; i < stack_count; i++) {
		uint32_t row = row_at[fold->node_of[nodes[i]]];

		if (row != MS_PROFILE_NONE &&
		    ms_dense_put(&w->rows, stacks[i].stack, row) < 0)
			return -1;
	}
	*count = (uint32_t)(end - begin);
	return 0;
}

/* --- which thread has which row -------------------------------------------------------
 */

static int busier(const void *a, const void *b, void *context)
{
	const struct ms_thread_figures *threads = context;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct ms_figures *x = &threads[i].f, *y = &threads[j].f;

	if (x->allocations != y->allocations)
		return x->allocations < y->allocations ? 1 : -1;
	return i < j ? -1 : i > j;
}

static void describe_thread(struct watched *w, struct ms_report_thread *out, uint32_t id)
{
	const struct ms_thread *thread = ms_metadata_thread(w->trace->meta, id);

	out->tid = thread ? thread->tid : 0;
	out->name = thread && *thread->name ? thread->name : NULL;
}

/* Those that are not shown by themselves. */
static int describe_others(struct watched *w, struct ms_report_thread *out, size_t count)
{
	char text[64];
	int len = snprintf(text, sizeof(text), "(%zu other threads)", count);

	out->name = ms_arena_text(&w->d->texts, text, (size_t)len);
	return out->name ? 0 : -1;
}

static int map_sorted(struct watched *w, const struct ms_thread_figures *threads,
		      uint32_t *sorted, size_t count, uint32_t *rows)
{
	size_t own = count > THREADS ? THREADS - 1 : count;

	for (size_t i = 0; i < count; i++)
		sorted[i] = (uint32_t)i;
	if (count)
		qsort_r(sorted, count, sizeof(*sorted), busier,
			(void *)(uintptr_t)threads);
	for (size_t i = 0; i < count; i++) {
		uint32_t id = threads[sorted[i]].thread;

		if (ms_dense_put(&w->threads, id, (uint32_t)(i < own ? i : own)) < 0)
			return -1;
		if (i < own)
			describe_thread(w, &w->process->threads[i], id);
	}
	*rows = (uint32_t)(own + (own < count));
	return own < count ? describe_others(w, &w->process->threads[own], count - own)
			   : 0;
}

static int map_threads(struct watched *w, uint32_t *rows)
{
	size_t count;
	const struct ms_thread_figures *threads =
		ms_view_thread_figures(&w->d->fill.views, w->index, &count);
	uint32_t *sorted = ms_alloc(count * sizeof(*sorted));
	int failed = -1;

	w->process->threads = ms_alloc_zero(THREADS, sizeof(*w->process->threads));
	if (sorted && w->process->threads)
		failed = map_sorted(w, threads, sorted, count, rows);
	ms_free(sorted);
	return failed;
}

/* --- one pass -------------------------------------------------------------------------
 */

static ms_status find_rows(struct watched *w, struct ms_slices_options *slices,
			   struct ms_error *err)
{
	uint32_t *row_at = ms_alloc(w->d->report.stacks.node_count * sizeof(*row_at));
	int failed = !row_at || map_stacks(w, row_at, &slices->rows) < 0 ||
		     map_threads(w, &slices->threads) < 0;

	ms_free(row_at);
	slices->row_of_stack = &w->rows;
	slices->row_of_thread = &w->threads;
	return failed ? ms_fail_memory(err) : MS_OK;
}

/* What there is is counted, so that all is freed. */
static ms_status begin_watches(struct watched *w, const struct ms_pass *pass,
			       struct ms_watch watches[3], size_t *count,
			       struct ms_error *err)
{
	const struct ms_series_options series = { .pass = *pass,
						  .meta = w->trace->meta,
						  .to_ns = ms_series_end_ns(
							  w->trace->store, w->trace->log),
						  .buckets = BUCKETS };
	struct ms_slices_options slices = { .pass = *pass };
	ms_status status = find_rows(w, &slices, err);

	if (status == MS_OK)
		status = ms_flows_watch(&watches[0], &w->d->flows[w->index], pass, err);
	*count += status == MS_OK;
	if (status == MS_OK)
		status = ms_series_watch(&watches[1], &w->series, &series, err);
	*count += status == MS_OK;
	slices.buckets = w->series.buckets;
	slices.bucket_count = w->series.count;
	if (status == MS_OK)
		status = ms_slices_watch(&watches[2], &w->process->slices, &slices, err);
	*count += status == MS_OK;
	return status;
}

static ms_status watch_all(struct watched *w, struct ms_error *err)
{
	struct ms_watch watches[3];
	struct ms_choice choice;
	size_t count = 0;
	ms_status status =
		ms_choice_init(&choice, w->d->m, w->trace, &w->d->options->filter,
			       "following the heap", err);

	if (status == MS_OK)
		status = begin_watches(w, &choice.pass, watches, &count, err);
	if (status == MS_OK)
		status = ms_watch_all(&choice.pass, watches, count, err);
	else
		while (count-- > 0)
			watches[count].free(watches[count].observer.context);
	ms_choice_release(&choice);
	return status;
}

/* --- what the page has of it ----------------------------------------------------------
 */

static void take_bucket(struct ms_report_bucket *out, const struct ms_bucket *b,
			const struct ms_trace *trace)
{
	struct ms_unknown unknown = ms_unknown_at(trace, b->end_ns);

	*out = (struct ms_report_bucket){
		.end_ns = b->end_ns,
		.live_bytes = b->sums.live_bytes,
		.live_blocks = b->sums.live_blocks,
		.peak_bytes = b->peak_bytes,
		.allocations = b->sums.allocations,
		.frees = b->sums.frees,
		.allocated = b->sums.allocated,
		.resident_bytes = b->resident_bytes,
		.no_events = unknown.events,
		.no_calls = unknown.calls,
		.no_frees = unknown.calls || ms_known_sample_bytes(trace),
		.has_resident = b->has_resident,
	};
}

static ms_status take_series(struct watched *w, struct ms_error *err)
{
	struct ms_report_process *p = w->process;

	p->buckets = ms_alloc_zero(w->series.count, sizeof(*p->buckets));
	if (!p->buckets)
		return ms_fail_memory(err);
	p->bucket_count = w->series.count;
	for (size_t i = 0; i < p->bucket_count; i++)
		take_bucket(&p->buckets[i], &w->series.buckets[i], w->trace);
	return MS_OK;
}

static ms_status take_marks(struct watched *w, struct ms_error *err)
{
	struct ms_report_process *p = w->process;
	size_t count;
	const struct ms_mark *marks = ms_metadata_marks(w->trace->meta, &count);

	count = count < MARKS ? count : MARKS;
	p->marks = ms_alloc_zero(count, sizeof(*p->marks));
	if (!p->marks)
		return ms_fail_memory(err);
	p->mark_count = count;
	for (size_t i = 0; i < count; i++)
		p->marks[i] = (struct ms_profile_mark){ marks[i].at_ns, MS_PROFILE_NONE,
							marks[i].name };
	return MS_OK;
}

static ms_status add_trace(struct ms_dashboard *d, size_t i, struct ms_error *err)
{
	const struct ms_trace *trace = &d->m->traces[i];
	struct ms_report_process *p = &d->report.processes[d->process_of[i]];
	struct watched w = { .d = d, .trace = trace, .index = i, .process = p };
	unsigned mode = ms_log_mode(trace->log)->mode;
	ms_status status;

	p->pid = ms_metadata_process(trace->meta)->pid;
	p->command = ms_metadata_command(trace->meta);
	p->duration_ns = trace->duration_ns;
	p->no_slices = mode == MS_MODE_COUNTERS;
	p->no_made = mode == MS_MODE_CULL;
	ms_dense_init(&w.rows);
	ms_dense_init(&w.threads);
	status = watch_all(&w, err);
	if (status == MS_OK)
		status = take_series(&w, err);
	if (status == MS_OK)
		status = take_marks(&w, err);
	ms_series_release(&w.series);
	ms_dense_release(&w.rows);
	ms_dense_release(&w.threads);
	return status;
}

/* Of processes that are not shown by themselves: the flows of their threads alone. */
static ms_status follow_frees(struct ms_dashboard *d, size_t i, struct ms_error *err)
{
	const struct ms_trace *trace = &d->m->traces[i];
	const struct ms_pass pass = { .store = trace->store,
				      .to_ns = UINT64_MAX,
				      .sample_bytes = ms_known_sample_bytes(trace) };

	return ms_flows_init(&d->flows[i], &pass, err);
}

ms_status ms_dashboard_time(struct ms_dashboard *d, struct ms_error *err)
{
	ms_status status = MS_OK;

	for (size_t i = 0; status == MS_OK && i < d->m->count; i++) {
		if (d->report.processes[d->process_of[i]].summed)
			status = follow_frees(d, i, err);
		else
			status = add_trace(d, i, err);
	}
	return status;
}
