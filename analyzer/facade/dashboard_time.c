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
	struct ms_choice choice;
	struct ms_watch watches[3];
	size_t watch_count;
};

struct ms_dashboard_times {
	struct watched *traces;
	size_t count;
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
static ms_status watch_frees(struct watched *w, struct ms_error *err)
{
	ms_status status = ms_flows_watch(&w->watches[0], &w->d->flows[w->index],
					  &w->choice.pass, err);

	w->watch_count += status == MS_OK;
	return status;
}

static ms_status watch_time(struct watched *w, struct ms_error *err)
{
	const struct ms_series_options series = { .pass = w->choice.pass,
						  .meta = w->trace->meta,
						  .to_ns = ms_series_end_ns(
							  w->trace->store, w->trace->log),
						  .buckets = BUCKETS };
	struct ms_slices_options slices = { .pass = w->choice.pass };
	ms_status status = find_rows(w, &slices, err);

	if (status == MS_OK)
		status = ms_series_watch(&w->watches[1], &w->series, &series, err);
	w->watch_count += status == MS_OK;
	slices.buckets = w->series.buckets;
	slices.bucket_count = w->series.count;
	if (status == MS_OK)
		status = ms_slices_watch(&w->watches[2], &w->process->slices, &slices,
					 err);
	w->watch_count += status == MS_OK;
	return status;
}

static bool is_alone(const struct watched *w)
{
	return !w->process->summed;
}

static ms_status begin_trace(struct watched *w, struct ms_error *err)
{
	static const struct memscope_filter every;
	const struct memscope_filter *filter =
		is_alone(w) ? &w->d->options->filter : &every;
	ms_status status = ms_choice_init(&w->choice, w->d->m, w->trace, filter,
					  "following the heap", err);

	if (status == MS_OK)
		status = watch_frees(w, err);
	/* Of those that are not shown by themselves there is no more. */
	if (status == MS_OK && is_alone(w))
		status = watch_time(w, err);
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

static ms_status take_trace(struct watched *w, struct ms_error *err)
{
	struct ms_report_process *p = w->process;
	unsigned mode = ms_log_mode(w->trace->log)->mode;
	ms_status status;

	p->pid = ms_metadata_process(w->trace->meta)->pid;
	p->command = ms_metadata_command(w->trace->meta);
	p->duration_ns = w->trace->duration_ns;
	p->no_slices = mode == MS_MODE_COUNTERS;
	p->no_made = mode == MS_MODE_CULL;
	status = take_series(w, err);
	return status == MS_OK ? take_marks(w, err) : status;
}

/* --- all traces ------------------------------------------------------------------------
 */

ms_status ms_dashboard_times_new(struct ms_dashboard_times **out, struct ms_dashboard *d,
				 struct ms_error *err)
{
	struct ms_dashboard_times *times = ms_alloc_zero(1, sizeof(*times));
	ms_status status = MS_OK;

	*out = times;
	if (times)
		times->traces = ms_alloc_zero(d->m->count, sizeof(*times->traces));
	if (!times || !times->traces)
		return ms_fail_memory(err);
	for (size_t i = 0; status == MS_OK && i < d->m->count; i++) {
		struct watched *w = &times->traces[times->count++];

		*w = (struct watched){ .d = d,
				       .trace = &d->m->traces[i],
				       .index = i,
				       .process =
					       &d->report.processes[d->process_of[i]] };
		ms_dense_init(&w->rows);
		ms_dense_init(&w->threads);
		status = begin_trace(w, err);
	}
	return status;
}

ms_status ms_dashboard_times_run(struct ms_dashboard_times *times, bool silent,
				 struct ms_error *err)
{
	ms_status status = MS_OK;

	for (size_t i = 0; status == MS_OK && i < times->count; i++) {
		struct watched *w = &times->traces[i];
		struct ms_pass pass = w->choice.pass;
		size_t count = w->watch_count;

		if (silent)
			pass.progress = NULL;
		w->watch_count = 0; /* they are freed in any case */
		status = ms_watch_all(&pass, w->watches, count, err);
	}
	return status;
}

ms_status ms_dashboard_times_take(struct ms_dashboard_times *times, struct ms_error *err)
{
	ms_status status = MS_OK;

	for (size_t i = 0; status == MS_OK && i < times->count; i++)
		if (is_alone(&times->traces[i]))
			status = take_trace(&times->traces[i], err);
	return status;
}

void ms_dashboard_times_free(struct ms_dashboard_times *times)
{
	for (size_t i = 0; times && i < times->count; i++) {
		struct watched *w = &times->traces[i];

		while (w->watch_count-- > 0)
			w->watches[w->watch_count].free(
				w->watches[w->watch_count].observer.context);
		ms_choice_release(&w->choice);
		ms_series_release(&w->series);
		ms_dense_release(&w->rows);
		ms_dense_release(&w->threads);
	}
	if (times)
		ms_free(times->traces);
	ms_free(times);
}
