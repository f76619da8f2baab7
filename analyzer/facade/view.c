/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view.c - traces at one instant, as far as a filter lets their blocks through.
 */
#include "analyzer/facade/view.h"
#include "analyzer/base/alloc.h"

/* Folded pairs have a stack, and they were freed; nothing else of them can be asked. */
static ms_status fold(struct ms_view *view, const struct ms_trace *trace,
		      const struct memscope_filter *filter, struct ms_error *err)
{
	size_t count;
	const struct ms_folded *folded = ms_log_folded(trace->log, &count);
	ms_status status = MS_OK;

	if (filter->live)
		return MS_OK;
	for (size_t i = 0; status == MS_OK && i < count; i++) {
		bool passes = true;

		if (view->filter)
			status = ms_filter_stack(view->filter, folded[i].stack, &passes,
						 err);
		if (status == MS_OK && passes)
			status = ms_tally_fold(&view->tally, &folded[i], err);
	}
	return status;
}

/* What of the tally's figures cannot be told, and what was folded. */
static ms_status apply_mode(struct ms_view *view, const struct ms_trace *trace,
			    const struct memscope_filter *filter, bool whole,
			    struct ms_error *err)
{
	bool culled = ms_log_mode(trace->log)->mode == MS_MODE_CULL;
	unsigned lacks = ms_known_lacks(trace, view->snapshot, whole), groups = lacks;
	ms_status status = MS_OK;

	if (whole && culled && ms_filter_asks_blocks(filter) && !filter->live)
		lacks |= MS_FIGURES_MADE;
	else if (whole && culled)
		status = fold(view, trace, filter, err);
	if (culled && !filter->live)
		groups |= MS_FIGURES_MADE;
	if (whole && ms_log_mode(trace->log)->fell_back)
		groups |= MS_FIGURES_ALL;
	ms_tally_lacks(&view->tally, lacks, lacks | groups);
	return status;
}

static ms_status tally(struct ms_view *view, struct memscope *m,
		       const struct ms_trace *trace, const struct memscope_filter *filter,
		       bool whole, struct ms_error *err)
{
	struct ms_tally_options options = {
		.store = trace->store,
		.snapshot = view->snapshot,
		.sample_bytes = ms_known_sample_bytes(trace),
		.progress = ms_facade_progress(m, "looking at blocks"),
	};
	ms_status status = MS_OK;

	if (ms_filter_is_set(filter)) {
		status = ms_filter_new(&view->filter, m, trace, filter, err);
		options.choose = ms_filter_life;
		options.context = view->filter;
		view->tallied = true;
	}
	if (status != MS_OK)
		return status;
	status = ms_tally_init(&view->tally, &options, err);
	view->detailed = true;
	return status == MS_OK ? apply_mode(view, trace, filter, whole, err) : status;
}

static ms_status fill(struct ms_views *views, const struct memscope_time *at,
		      const struct memscope_filter *filter, bool detailed,
		      struct ms_error *err)
{
	struct memscope *m = views->m;
	struct ms_snapshot **snapshots = ms_alloc_zero(m->count, sizeof(*snapshots));
	ms_status status;

	if (!snapshots)
		return ms_fail_memory(err);
	status = ms_facade_snapshots(m, at, snapshots, err);
	for (size_t i = 0; status == MS_OK && i < m->count; i++)
		views->items[i].snapshot = snapshots[i];
	ms_free(snapshots);
	for (size_t i = 0; status == MS_OK && i < m->count; i++) {
		if (detailed || ms_filter_is_set(filter))
			status = tally(&views->items[i], m, &m->traces[i], filter,
				       views->whole, err);
	}
	return status;
}

/* What is wrong with a filter is said before anything is read. */
static ms_status check(struct memscope *m, const struct memscope_filter *filter,
		       struct ms_error *err)
{
	struct memscope_filter patterns = *filter;
	struct ms_filter *tried;
	ms_status status;

	patterns.use_from = patterns.use_to = 0;
	status = ms_filter_new(&tried, m, &m->traces[0], &patterns, err);
	ms_filter_free(tried);
	return status;
}

ms_status ms_views_init(struct ms_views *views, struct memscope *m,
			const struct memscope_time *at,
			const struct memscope_filter *filter, bool detailed,
			struct ms_error *err)
{
	static const struct memscope_filter none;
	ms_status status = MS_OK;

	*views = (struct ms_views){ .m = m, .whole = at->kind == MEMSCOPE_AT_END };
	if (filter)
		status = check(m, filter, err);
	if (status != MS_OK)
		return status;
	views->items = ms_alloc_zero(m->count, sizeof(*views->items));
	if (!views->items)
		return ms_fail_memory(err);
	status = fill(views, at, filter ? filter : &none, detailed, err);
	if (status != MS_OK)
		ms_views_release(views);
	return status;
}

void ms_views_release(struct ms_views *views)
{
	for (size_t i = 0; views->items && i < views->m->count; i++) {
		struct ms_view *view = &views->items[i];

		ms_snapshot_free(view->snapshot);
		ms_filter_free(view->filter);
		if (view->detailed)
			ms_tally_release(&view->tally);
	}
	ms_free(views->items);
	*views = (struct ms_views){ 0 };
}

/* --- asking
 * ----------------------------------------------------------------------------- */

const struct ms_stack_figures *ms_view_stacks(const struct ms_views *views, size_t i,
					      size_t *count)
{
	const struct ms_view *view = &views->items[i];

	if (!view->tallied)
		return ms_snapshot_stacks(view->snapshot, count);
	*count = view->tally.stack_count;
	return view->tally.stacks;
}

const struct ms_thread_figures *ms_view_thread_figures(const struct ms_views *views,
						       size_t i, size_t *count)
{
	const struct ms_view *view = &views->items[i];

	if (!view->tallied)
		return ms_snapshot_threads(view->snapshot, count);
	*count = view->tally.thread_count;
	return view->tally.threads;
}

struct ms_figures ms_view_size_class(const struct ms_views *views, size_t i, unsigned c)
{
	const struct ms_view *view = &views->items[i];
	const struct ms_trace *trace = &views->m->traces[i];
	struct ms_figures figures;

	if (view->tallied)
		return view->tally.classes[c];
	figures = ms_snapshot_size_classes(view->snapshot)[c];
	ms_known_counted(&figures, trace,
			 ms_log_size_counts(trace->log)->classes[c].blocks,
			 ms_log_size_counts(trace->log)->classes[c].bytes, views->whole);
	return figures;
}

void ms_view_known(const struct ms_views *views, size_t i, struct ms_known *known)
{
	const struct ms_view *view = &views->items[i];
	const struct ms_trace *trace = &views->m->traces[i];

	if (view->tallied)
		ms_known_tallied(known, trace, view->snapshot, &view->tally,
				 views->whole);
	else
		ms_known_find(known, trace, view->snapshot, views->whole);
}

void ms_view_threads(struct ms_doc *doc, json_t *array, const struct ms_views *views,
		     size_t i)
{
	const struct ms_view *view = &views->items[i];

	if (view->tallied)
		ms_doc_tally_threads(doc, array, &views->m->traces[i], &view->tally);
	else
		ms_doc_threads(doc, array, &views->m->traces[i], view->snapshot,
			       views->whole);
}

uint64_t ms_view_at_ns(const struct ms_views *views, size_t i)
{
	const struct ms_trace *trace = &views->m->traces[i];
	bool counted = ms_log_mode(trace->log)->counted;

	return counted && views->whole ? trace->duration_ns
				       : ms_snapshot_at_ns(views->items[i].snapshot);
}
