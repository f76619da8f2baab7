/* SPDX-License-Identifier: Apache-2.0 */
/*
 * modules_report.c - modules: where they were, and what their sites made.
 *
 * A module is a path: it may have been loaded several times, and by several processes.
 */
#include "analyzer/facade/choose.h"
#include "analyzer/facade/sites.h"

#include <string.h>

struct report {
	struct memscope *m;
	struct ms_doc doc;
	struct ms_sites sites;
	json_t *rows;
	json_t *by_path; /* rows, borrowed, by their paths */
};

static const char *path_of(const struct report *r, const struct ms_site *site)
{
	return r->sites.seen.items[site->frame].frame.module;
}

/* Does a function of the site's stacks have a name? */
static ms_status find_symbols(struct report *r, const struct ms_site *site, bool *found,
			      struct ms_error *err)
{
	ms_status status = MS_OK;

	*found = false;
	for (uint32_t i = site->first; status == MS_OK && !*found && i != MS_FRAME_NONE;
	     i = r->sites.members[i].next) {
		const struct ms_member *member = &r->sites.members[i];
		const struct ms_frame *frame;

		status = ms_metadata_site(r->m->traces[member->trace].meta, member->stack,
					  &frame, err);
		*found = status == MS_OK && frame && frame->function;
	}
	return status;
}

/* The row of a path, made when need be; NULL after a failure. */
static json_t *row_of(struct report *r, const char *path)
{
	/* Keys must be UTF-8, and a path need not be. */
	json_t *text = ms_json_text(path ? path : ""), *row = NULL;
	const char *key = json_string_value(text);

	if (key)
		row = json_object_get(r->by_path, key);
	if (key && !row) {
		row = ms_doc_append(&r->doc, r->rows);
		ms_doc_text(&r->doc, row, "path", path);
		ms_doc_array(&r->doc, row, "ranges");
		if (!row || json_object_set(r->by_path, key, row) < 0)
			row = NULL;
	}
	r->doc.failed |= !row;
	json_decref(text);
	return row;
}

static ms_status add_sites(struct report *r, struct ms_error *err)
{
	ms_status status = MS_OK;

	for (size_t i = 0; status == MS_OK && !r->doc.failed && i < r->sites.count; i++) {
		const struct ms_site *site = &r->sites.items[i];
		json_t *row = row_of(r, path_of(r, site));
		bool found;

		status = find_symbols(r, site, &found, err);
		ms_doc_bool(&r->doc, row, "symbols", found);
		ms_doc_figures(&r->doc, row, &site->f);
	}
	return status;
}

static void add_ranges(struct report *r, const struct ms_trace *trace)
{
	size_t count;
	const struct ms_module *modules = ms_metadata_modules(trace->meta, &count);

	for (size_t i = 0; i < count && !r->doc.failed; i++) {
		json_t *row = row_of(r, modules[i].path);
		json_t *range = ms_doc_append(&r->doc, json_object_get(row, "ranges"));

		ms_doc_u64(&r->doc, range, "pid", ms_metadata_process(trace->meta)->pid);
		ms_doc_module(&r->doc, range, trace, &modules[i]);
		/* The newest one of all is what a table has room for. */
		ms_doc_module(&r->doc, row, trace, &modules[i]);
	}
}

/* What no stack was filed under has neither figures nor symbols that were looked for. */
static void complete(struct report *r)
{
	const struct ms_figures none = { 0 };
	size_t index;
	json_t *row;

	json_array_foreach (r->rows, index, row) {
		if (json_object_get(row, "symbols") || r->doc.failed)
			continue;
		ms_doc_value(&r->doc, row, "symbols", json_null());
		ms_doc_figures(&r->doc, row, &none);
	}
}

static ms_status compose(struct report *r, struct ms_error *err)
{
	const struct memscope_time end = { 0 };
	struct ms_views views;
	ms_status status = ms_views_init(&views, r->m, &end, NULL, false, err);

	if (status != MS_OK)
		return status;
	status = ms_sites_init(&r->sites, &views, MEMSCOPE_GROUP_MODULE, err);
	if (status == MS_OK) {
		ms_sites_sort(&r->sites, MEMSCOPE_BY_PEAK);
		status = add_sites(r, err);
		ms_sites_release(&r->sites);
	}
	ms_views_release(&views);
	for (size_t i = 0; status == MS_OK && i < r->m->count; i++)
		add_ranges(r, &r->m->traces[i]);
	complete(r);
	return status;
}

int memscope_modules(struct memscope *m, const struct memscope_output *output,
		     struct memscope_error *err)
{
	struct report r = { .m = m, .by_path = json_object() };
	struct ms_error *own = ms_own_error(err);
	json_t *document;
	ms_status status;

	ms_doc_init(&r.doc);
	ms_doc_head(&r.doc, m, NULL);
	r.rows = ms_doc_array(&r.doc, r.doc.root, "rows");
	r.doc.failed |= !r.by_path;
	status = compose(&r, own);
	json_decref(r.by_path);
	document = ms_doc_take(&r.doc);
	if (status == MS_OK)
		return ms_facade_print(document, ms_render_modules, output, own);
	json_decref(document);
	return status;
}
