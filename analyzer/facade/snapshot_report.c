/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot_report.c - the heap at one instant, grouped as asked.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/facade/blocks.h"
#include "analyzer/facade/sites.h"

#define JSON_DEPTH 128
#define TEXT_ROWS  20

struct report {
	struct memscope *m;
	struct memscope_snapshot_options options;
	struct ms_snapshot **snapshots;
	struct ms_doc doc;
	json_t *rows;
};

static const char *const group_names[] = {
	[MEMSCOPE_GROUP_SITE] = "site",	    [MEMSCOPE_GROUP_STACK] = "stack",
	[MEMSCOPE_GROUP_THREAD] = "thread", [MEMSCOPE_GROUP_MODULE] = "module",
	[MEMSCOPE_GROUP_SIZE] = "size",	    [MEMSCOPE_GROUP_NONE] = "block",
};

/* Only at the end do counts apply: they have no time. */
static bool is_whole(const struct report *r)
{
	return r->options.at.kind == MEMSCOPE_AT_END;
}

/* --- one function a grouping; rows without a live block are left out
 * -------------------- */

static ms_status add_site(struct report *r, struct ms_sites *sites,
			  const struct ms_site *site, struct ms_error *err)
{
	const struct ms_member *member = &sites->members[site->heaviest];
	const struct ms_trace *trace = &r->m->traces[member->trace];
	unsigned depth = r->options.depth ? r->options.depth : JSON_DEPTH;
	json_t *row = ms_doc_append(&r->doc, r->rows);

	if (r->options.by == MEMSCOPE_GROUP_MODULE) {
		ms_doc_text(&r->doc, row, "module",
			    sites->seen.items[site->frame].frame.module);
		ms_doc_figures(&r->doc, row, &site->f);
		return MS_OK;
	}
	if (r->options.by == MEMSCOPE_GROUP_STACK) {
		ms_doc_u64(&r->doc, row, "pid", ms_metadata_process(trace->meta)->pid);
		ms_doc_u64(&r->doc, row, "stack_id", member->stack);
	}
	ms_doc_frame(&r->doc, row, &sites->seen.items[site->frame].frame);
	ms_doc_figures(&r->doc, row, &site->f);
	return ms_doc_stack(&r->doc, row, "stack", &sites->seen, trace->meta,
			    member->stack, depth, err);
}

static ms_status add_sites(struct report *r, struct ms_error *err)
{
	struct ms_sites sites;
	ms_status status = ms_sites_init(&sites, r->m, r->snapshots, r->options.by, err);
	unsigned rows = 0;

	if (status != MS_OK)
		return status;
	ms_sites_sort(&sites, MEMSCOPE_BY_LIVE);
	for (size_t i = 0; status == MS_OK && !r->doc.failed && i < sites.count; i++) {
		if (r->options.top && rows == r->options.top)
			break;
		if (sites.items[i].f.live_blocks == 0)
			continue;
		rows++;
		status = add_site(r, &sites, &sites.items[i], err);
	}
	ms_sites_release(&sites);
	return status;
}

static ms_status add_threads(struct report *r, struct ms_error *err)
{
	(void)err;
	for (size_t i = 0; i < r->m->count; i++)
		ms_doc_threads(&r->doc, r->rows, &r->m->traces[i], r->snapshots[i],
			       is_whole(r));
	return MS_OK;
}

static void add_size_class(struct report *r, struct ms_figures *sum, size_t i, unsigned c)
{
	const struct ms_trace *trace = &r->m->traces[i];
	struct ms_figures figures = ms_snapshot_size_classes(r->snapshots[i])[c];

	ms_known_counted(&figures, trace,
			 ms_log_size_counts(trace->log)->classes[c].blocks,
			 ms_log_size_counts(trace->log)->classes[c].bytes, is_whole(r));
	ms_figures_add(sum, &figures);
}

static ms_status add_sizes(struct report *r, struct ms_error *err)
{
	(void)err;
	for (unsigned c = 0; c < MS_SIZE_CLASSES; c++) {
		struct ms_figures sum = { 0 };
		json_t *row;

		for (size_t i = 0; i < r->m->count; i++)
			add_size_class(r, &sum, i, c);
		if (sum.absent & 1u << MS_FIGURE_LIVE_BLOCKS ? sum.allocations == 0
							     : sum.live_blocks == 0)
			continue;
		row = ms_doc_append(&r->doc, r->rows);
		ms_doc_u64(&r->doc, row, "size_from", c ? UINT64_C(1) << (c - 1) : 0);
		ms_doc_u64(&r->doc, row, "size_to",
			   c == 0 ? 0 : (UINT64_C(1) << (c - 1)) * 2 - 1);
		ms_doc_figures(&r->doc, row, &sum);
	}
	return MS_OK;
}

typedef ms_status add_fn(struct report *r, struct ms_error *err);

static add_fn *const adders[] = {
	[MEMSCOPE_GROUP_SITE] = add_sites,     [MEMSCOPE_GROUP_STACK] = add_sites,
	[MEMSCOPE_GROUP_THREAD] = add_threads, [MEMSCOPE_GROUP_MODULE] = add_sites,
	[MEMSCOPE_GROUP_SIZE] = add_sizes,
};

/* --- the document
 * ----------------------------------------------------------------------- */

static const char *const time_names[] = {
	[MEMSCOPE_AT_END] = "end",	   [MEMSCOPE_AT_START] = "start",
	[MEMSCOPE_AT_PEAK] = "peak",	   [MEMSCOPE_AT_NS] = "time",
	[MEMSCOPE_AT_PERCENT] = "percent",
};

/* Of the last event, or of the recording's end where calls were counted without one. */
static uint64_t instant_ns(const struct report *r, size_t trace)
{
	bool counted = ms_log_mode(r->m->traces[trace].log)->counted;

	return counted && is_whole(r) ? r->m->traces[trace].duration_ns
				      : ms_snapshot_at_ns(r->snapshots[trace]);
}

static void add_head(struct report *r)
{
	struct ms_doc *doc = &r->doc;
	struct ms_known totals = { 0 };
	json_t *array;

	ms_doc_u64(doc, doc->root, "version", 1);
	ms_doc_text(doc, doc->root, "at", time_names[r->options.at.kind]);
	ms_doc_value(doc, doc->root, "at_ns",
		     r->m->count == 1 ? ms_json_number(instant_ns(r, 0)) : json_null());
	array = ms_doc_array(doc, doc->root, "processes");
	for (size_t i = 0; i < r->m->count; i++) {
		json_t *row = ms_doc_append(doc, array);
		struct ms_known known;

		ms_doc_text(doc, row, "path", r->m->traces[i].path);
		ms_doc_process(doc, row, &r->m->traces[i]);
		ms_doc_u64(doc, row, "at_ns", instant_ns(r, i));
		ms_known_find(&known, &r->m->traces[i], r->snapshots[i], is_whole(r));
		ms_known_add(&totals, &known);
	}
	ms_doc_totals(doc, ms_doc_object(doc, doc->root, "totals"), &totals);
	ms_doc_text(doc, doc->root, "by", group_names[r->options.by]);
	ms_doc_u64(doc, doc->root, "top", r->options.top);
}

static ms_status print_groups(struct report *r, const struct memscope_output *output,
			      struct ms_error *err)
{
	json_t *document;
	ms_status status;

	ms_doc_init(&r->doc);
	add_head(r);
	r->rows = ms_doc_array(&r->doc, r->doc.root, "rows");
	status = adders[r->options.by](r, err);
	document = ms_doc_take(&r->doc);
	if (status == MS_OK)
		return ms_facade_print(document, ms_render_snapshot, output, err);
	json_decref(document);
	return status;
}

static ms_status check_options(const struct memscope_snapshot_options *options,
			       struct ms_error *err)
{
	if ((unsigned)options->by > MEMSCOPE_GROUP_NONE)
		return ms_fail(err, MS_EUSAGE, "no such grouping");
	if ((unsigned)options->at.kind > MEMSCOPE_AT_PERCENT)
		return ms_fail(err, MS_EUSAGE, "no such time");
	return MS_OK;
}

int memscope_snapshot(struct memscope *m, const struct memscope_snapshot_options *options,
		      const struct memscope_output *output, struct memscope_error *err)
{
	struct report r = { .m = m };
	struct ms_error *own = ms_own_error(err);
	ms_status status;

	if (options)
		r.options = *options;
	status = check_options(&r.options, own);
	if (status != MS_OK)
		return status;
	if (r.options.top == 0 && output->format == MEMSCOPE_TEXT)
		r.options.top = TEXT_ROWS;
	r.snapshots = ms_alloc_zero(m->count, sizeof(struct ms_snapshot *));
	if (!r.snapshots)
		return ms_fail_memory(own);
	status = ms_facade_snapshots(m, &r.options.at, r.snapshots, own);
	if (status == MS_OK && r.options.by == MEMSCOPE_GROUP_NONE)
		status = ms_facade_blocks(m, r.snapshots, r.options.top, output, own);
	else if (status == MS_OK)
		status = print_groups(&r, output, own);
	ms_facade_snapshots_free(m, r.snapshots);
	ms_free(r.snapshots);
	return status;
}
