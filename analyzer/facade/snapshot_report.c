/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot_report.c - the heap at one instant, grouped as asked.
 */
#include "analyzer/facade/blocks.h"
#include "analyzer/facade/functions.h"
#include "analyzer/facade/sites.h"
#include "analyzer/facade/times.h"

#include <string.h>

#define JSON_DEPTH 128
#define TEXT_ROWS  20

struct report {
	struct memscope *m;
	struct memscope_snapshot_options options;
	struct ms_views views;
	struct ms_doc doc;
	json_t *rows;
	unsigned row_count;
	ms_render_fn *render;
};

static const char *const group_names[] = {
	[MEMSCOPE_GROUP_SITE] = "site",	    [MEMSCOPE_GROUP_STACK] = "stack",
	[MEMSCOPE_GROUP_THREAD] = "thread", [MEMSCOPE_GROUP_MODULE] = "module",
	[MEMSCOPE_GROUP_SIZE] = "size",	    [MEMSCOPE_GROUP_FUNCTION] = "function",
	[MEMSCOPE_GROUP_FILE] = "file",	    [MEMSCOPE_GROUP_KIND] = "kind",
	[MEMSCOPE_GROUP_AGE] = "age",	    [MEMSCOPE_GROUP_NONE] = "block",
};

static const char *const sort_names[] = {
	[MEMSCOPE_BY_PEAK] = "peak_bytes",     [MEMSCOPE_BY_LIVE] = "live_bytes",
	[MEMSCOPE_BY_ALLOCATED] = "allocated", [MEMSCOPE_BY_CALLS] = "allocations",
	[MEMSCOPE_BY_TEMPORARY] = "temporary",
};

/*
 * A group is shown when it has something of what the rows are sorted by: blocks of no
 * bytes are blocks.
 */
static bool is_shown(const struct report *r, const struct ms_figures *f)
{
	switch (r->options.sort) {
	case MEMSCOPE_BY_LIVE:
		return f->absent & 1u << MS_FIGURE_LIVE_BLOCKS ? f->allocations != 0
							       : f->live_blocks != 0;
	case MEMSCOPE_BY_PEAK:
		return f->peak_blocks != 0;
	case MEMSCOPE_BY_TEMPORARY:
		return f->temporary != 0;
	default:
		return f->allocations != 0;
	}
}

/* A new row, or NULL when there are as many as were asked for. */
static json_t *new_row(struct report *r)
{
	if (r->options.top && r->row_count == r->options.top)
		return NULL;
	r->row_count++;
	return ms_doc_append(&r->doc, r->rows);
}

/* --- one function a grouping
 * --------------------------------------------------------------- */

static ms_status add_site(struct report *r, json_t *row, struct ms_sites *sites,
			  const struct ms_site *site, struct ms_error *err)
{
	const struct ms_member *member = &sites->members[site->heaviest];
	const struct ms_trace *trace = &r->m->traces[member->trace];
	unsigned depth = r->options.depth ? r->options.depth : JSON_DEPTH;
	const struct ms_frame *frame = &sites->seen.items[site->frame].frame;

	if (r->options.by == MEMSCOPE_GROUP_FILE)
		ms_doc_text(&r->doc, row, "file", frame->file);
	if (r->options.by == MEMSCOPE_GROUP_FILE ||
	    r->options.by == MEMSCOPE_GROUP_MODULE) {
		ms_doc_text(&r->doc, row, "module", frame->module);
		ms_doc_figures(&r->doc, row, &site->f);
		return MS_OK;
	}
	if (r->options.by == MEMSCOPE_GROUP_STACK) {
		ms_doc_u64(&r->doc, row, "pid", ms_metadata_process(trace->meta)->pid);
		ms_doc_u64(&r->doc, row, "stack_id", member->stack);
	}
	ms_doc_frame(&r->doc, row, frame);
	ms_doc_figures(&r->doc, row, &site->f);
	return ms_doc_stack(&r->doc, row, "stack", &sites->seen, trace->meta,
			    member->stack, depth, err);
}

static ms_status add_sites(struct report *r, struct ms_error *err)
{
	struct ms_sites sites;
	ms_status status = ms_sites_init(&sites, &r->views, r->options.by, err);

	if (status != MS_OK)
		return status;
	ms_sites_sort(&sites, r->options.sort);
	if (r->options.by == MEMSCOPE_GROUP_SITE || r->options.by == MEMSCOPE_GROUP_STACK)
		status = ms_names_of_stacks(
			&sites, 0, r->options.top ? r->options.top : sites.count, err);
	for (size_t i = 0; status == MS_OK && !r->doc.failed && i < sites.count; i++) {
		json_t *row;

		if (!is_shown(r, &sites.items[i].f))
			continue;
		row = new_row(r);
		if (!row)
			break;
		status = add_site(r, row, &sites, &sites.items[i], err);
	}
	ms_sites_release(&sites);
	return status;
}

static ms_status add_functions(struct report *r, struct ms_error *err)
{
	struct ms_functions functions;
	ms_status status = ms_functions_init(&functions, &r->views, err);

	if (status != MS_OK)
		return status;
	ms_functions_sort(&functions, r->options.sort);
	for (size_t i = 0; !r->doc.failed && i < functions.count; i++) {
		const struct ms_function *function = &functions.items[i];
		const struct ms_frame *frame =
			&functions.seen.items[function->frame].frame;
		json_t *row;

		if (!is_shown(r, &function->inclusive))
			continue;
		row = new_row(r);
		if (!row)
			break;
		ms_doc_text(&r->doc, row, "function", frame->function);
		ms_doc_text(&r->doc, row, "file", frame->file);
		ms_doc_text(&r->doc, row, "module", frame->module);
		ms_doc_figures(&r->doc, row, &function->self);
		ms_doc_figures(&r->doc, ms_doc_object(&r->doc, row, "inclusive"),
			       &function->inclusive);
	}
	ms_functions_release(&functions);
	return status;
}

static ms_status add_threads(struct report *r, struct ms_error *err)
{
	(void)err;
	for (size_t i = 0; i < r->m->count; i++)
		ms_view_threads(&r->doc, r->rows, &r->views, i);
	return MS_OK;
}

static ms_status add_sizes(struct report *r, struct ms_error *err)
{
	(void)err;
	for (unsigned c = 0; c < MS_SIZE_CLASSES; c++) {
		struct ms_figures sum = { 0 };
		json_t *row;

		for (size_t i = 0; i < r->m->count; i++) {
			struct ms_figures f = ms_view_size_class(&r->views, i, c);

			ms_figures_add(&sum, &f);
		}
		if (!is_shown(r, &sum))
			continue;
		row = ms_doc_append(&r->doc, r->rows);
		ms_doc_u64(&r->doc, row, "size_from", c ? UINT64_C(1) << (c - 1) : 0);
		ms_doc_u64(&r->doc, row, "size_to",
			   c == 0 ? 0 : (UINT64_C(1) << (c - 1)) * 2 - 1);
		ms_doc_figures(&r->doc, row, &sum);
	}
	return MS_OK;
}

static ms_status add_ages(struct report *r, struct ms_error *err)
{
	(void)err;
	for (unsigned c = 0; c < MS_AGES; c++) {
		struct ms_figures sum = { 0 };
		json_t *row;

		for (size_t i = 0; i < r->m->count; i++)
			ms_figures_add(&sum, &r->views.items[i].tally.ages[c]);
		if (!is_shown(r, &sum))
			continue;
		row = ms_doc_append(&r->doc, r->rows);
		ms_doc_u64(&r->doc, row, "age_from_ns", ms_age_from_ns(c));
		ms_doc_value(&r->doc, row, "age_to_ns",
			     c + 1 < MS_AGES ? ms_json_number(ms_age_from_ns(c + 1) - 1)
					     : json_null());
		ms_doc_figures(&r->doc, row, &sum);
	}
	return MS_OK;
}

/* Several kinds of event are one function to a user: each family at its first kind. */
static ms_status add_kinds(struct report *r, struct ms_error *err)
{
	(void)err;
	for (unsigned first = 0; first < MS_EVENT_KIND_MAX; first++) {
		const char *name = ms_event_kind_info(first)->name;
		struct ms_figures sum = { 0 };
		json_t *row;
		unsigned seen = 0;

		for (unsigned k = 0; k < MS_EVENT_KIND_MAX; k++) {
			if (strcmp(ms_event_kind_info(k)->name, name) != 0)
				continue;
			seen += k < first;
			for (size_t i = 0; i < r->m->count; i++)
				ms_figures_add(&sum, &r->views.items[i].tally.kinds[k]);
		}
		if (seen || !is_shown(r, &sum))
			continue;
		row = ms_doc_append(&r->doc, r->rows);
		ms_doc_text(&r->doc, row, "kind", name);
		ms_doc_figures(&r->doc, row, &sum);
	}
	return MS_OK;
}

typedef ms_status add_fn(struct report *r, struct ms_error *err);

static add_fn *const adders[] = {
	[MEMSCOPE_GROUP_SITE] = add_sites,     [MEMSCOPE_GROUP_STACK] = add_sites,
	[MEMSCOPE_GROUP_THREAD] = add_threads, [MEMSCOPE_GROUP_MODULE] = add_sites,
	[MEMSCOPE_GROUP_SIZE] = add_sizes,     [MEMSCOPE_GROUP_FUNCTION] = add_functions,
	[MEMSCOPE_GROUP_FILE] = add_sites,     [MEMSCOPE_GROUP_KIND] = add_kinds,
	[MEMSCOPE_GROUP_AGE] = add_ages,
};

/* --- the document
 * ----------------------------------------------------------------------- */

static void add_head(struct report *r)
{
	struct ms_doc *doc = &r->doc;
	struct ms_known totals = { 0 };
	json_t *array;

	ms_doc_u64(doc, doc->root, "version", 1);
	ms_doc_at(doc, doc->root, &r->options.at);
	ms_doc_value(doc, doc->root, "at_ns",
		     r->m->count == 1 ? ms_json_number(ms_view_at_ns(&r->views, 0))
				      : json_null());
	array = ms_doc_array(doc, doc->root, "processes");
	for (size_t i = 0; i < r->m->count; i++) {
		json_t *row = ms_doc_append(doc, array);
		struct ms_known known;

		ms_doc_text(doc, row, "path", r->m->traces[i].path);
		ms_doc_process(doc, row, &r->m->traces[i]);
		ms_doc_u64(doc, row, "at_ns", ms_view_at_ns(&r->views, i));
		ms_view_known(&r->views, i, &known);
		ms_known_add(&totals, &known);
	}
	ms_doc_totals(doc, ms_doc_object(doc, doc->root, "totals"), &totals);
	ms_doc_filter(doc, doc->root, &r->options.filter);
	ms_doc_text(doc, doc->root, "by", group_names[r->options.by]);
	ms_doc_text(doc, doc->root, "sorted_by", sort_names[r->options.sort]);
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
		return ms_facade_print(document, r->render, output, err);
	json_decref(document);
	return status;
}

static ms_status check_options(const struct memscope_snapshot_options *options,
			       struct ms_error *err)
{
	if ((unsigned)options->by > MEMSCOPE_GROUP_NONE)
		return ms_fail(err, MS_EUSAGE, "no such grouping");
	if ((unsigned)options->sort > MEMSCOPE_BY_TEMPORARY)
		return ms_fail(err, MS_EUSAGE, "no such order");
	if (!ms_time_valid(&options->at))
		return ms_fail(err, MS_EUSAGE, "no such time");
	return MS_OK;
}

static void set_defaults(struct memscope_snapshot_options *options,
			 const struct memscope_output *output)
{
	if (options->top == 0 && output->format == MEMSCOPE_TEXT)
		options->top = TEXT_ROWS;
	/* Of freed blocks none is live. */
	if (options->sort == MEMSCOPE_BY_DEFAULT)
		options->sort =
			options->filter.freed ? MEMSCOPE_BY_ALLOCATED : MEMSCOPE_BY_LIVE;
}

static ms_status print(struct report *r, const struct memscope_snapshot_options *options,
		       const struct memscope_output *output, struct ms_error *err)
{
	bool detailed;
	ms_status status;

	status = check_options(options, err);
	if (status != MS_OK)
		return status;
	r->options = *options;
	set_defaults(&r->options, output);
	if (r->options.by == MEMSCOPE_GROUP_NONE)
		return ms_facade_blocks(r->m, &r->options, output, err);
	detailed = r->options.by == MEMSCOPE_GROUP_KIND ||
		   r->options.by == MEMSCOPE_GROUP_AGE;
	status = ms_views_init(&r->views, r->m, &r->options.at, &r->options.filter,
			       detailed, err);
	if (status != MS_OK)
		return status;
	status = print_groups(r, output, err);
	ms_views_release(&r->views);
	return status;
}

int memscope_snapshot(struct memscope *m, const struct memscope_snapshot_options *options,
		      const struct memscope_output *output, struct memscope_error *err)
{
	static const struct memscope_snapshot_options none;
	struct report r = { .m = m, .render = ms_render_snapshot };

	return print(&r, options ? options : &none, output, ms_own_error(err));
}

int memscope_top(struct memscope *m, const struct memscope_snapshot_options *options,
		 const struct memscope_output *output, struct memscope_error *err)
{
	struct memscope_snapshot_options own = { 0 };
	struct report r = { .m = m, .render = ms_render_top };

	if (options)
		own = *options;
	own.by = MEMSCOPE_GROUP_SITE;
	own.depth = 0;
	return print(&r, &own, output, ms_own_error(err));
}
