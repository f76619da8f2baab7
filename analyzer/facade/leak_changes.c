/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leak_changes.c - two pointer maps compared: what was lost between them, and what that
 * is still reached has grown.
 *
 * A server's first map has what its start-up lost and what its caches hold; what grows
 * from one map to the next is what goes on.
 */
#include "analyzer/facade/filter.h"
#include "analyzer/facade/leaks.h"

#include <stdlib.h>

struct report {
	struct memscope *m;
	const struct memscope_leaks_options *options;
	const struct ms_trace_leaks *traces;
	const struct ms_suppressions *suppressions;
	struct ms_doc doc;
};

static int64_t growth(const struct ms_leak_site *site)
{
	return (int64_t)(site->bytes - site->before_bytes);
}

/* Lost blocks that were not, or reachable ones that are more. */
static bool has_changed(const struct ms_leak_site *site)
{
	return site->new_blocks || (site->kind == MS_LEAK_REACHABLE && growth(site) > 0);
}

static int first_to_repair(const void *a, const void *b)
{
	const struct ms_leak_site *x = a, *y = b;
	int64_t by_x = x->new_blocks ? (int64_t)x->new_bytes : growth(x);
	int64_t by_y = y->new_blocks ? (int64_t)y->new_bytes : growth(y);

	if (x->kind != y->kind)
		return ms_leak_rank(x->kind) < ms_leak_rank(y->kind) ? -1 : 1;
	if (by_x != by_y)
		return by_x < by_y ? 1 : -1;
	/* ids follow the order of first appearance, which a log always gives alike */
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

static void add_totals(struct report *r, const struct ms_leak_sites *sites)
{
	struct ms_leak_totals lost[MS_LEAK_GROUPS] = { { 0 } }, unlinked = { 0 };
	json_t *object = ms_doc_object(&r->doc, r->doc.root, "new");
	uint64_t bytes = 0, blocks = 0;

	for (size_t i = 0; i < sites->count; i++) {
		const struct ms_leak_site *s = &sites->items[i];

		lost[s->kind].bytes += s->new_bytes;
		lost[s->kind].blocks += s->new_blocks;
		unlinked.bytes += s->unlinked_bytes;
		unlinked.blocks += s->unlinked_blocks;
		bytes += s->kind == MS_LEAK_REACHABLE ? s->bytes - s->before_bytes : 0;
		blocks += s->kind == MS_LEAK_REACHABLE ? s->blocks - s->before_blocks : 0;
	}
	for (unsigned k = 0; k < MS_LEAK_REACHABLE; k++)
		ms_doc_leak_totals(&r->doc, object, ms_leak_group_name(k), &lost[k]);
	ms_doc_leak_totals(&r->doc, object, "unlinked", &unlinked);
	object = ms_doc_object(&r->doc, r->doc.root, "reachable");
	ms_doc_value(&r->doc, object, "bytes_change", json_integer((json_int_t)bytes));
	ms_doc_value(&r->doc, object, "blocks_change", json_integer((json_int_t)blocks));
}

static void add_processes(struct report *r)
{
	json_t *array = ms_doc_array(&r->doc, r->doc.root, "processes");

	for (size_t i = 0; i < r->m->count; i++) {
		const struct ms_trace_leaks *t = &r->traces[i];
		json_t *row = ms_doc_append(&r->doc, array), *since;

		ms_doc_text(&r->doc, row, "path", r->m->traces[i].path);
		ms_doc_process(&r->doc, row, &r->m->traces[i]);
		ms_doc_leak_map(&r->doc, row, t);
		if (!t->since) {
			ms_doc_value(&r->doc, row, "since", json_null());
			continue;
		}
		since = ms_doc_object(&r->doc, row, "since");
		ms_doc_map(&r->doc, since, t->since_map);
		ms_doc_bool(&r->doc, since, "whole", t->since->whole);
	}
}

static ms_status add_site(struct report *r, json_t *array, struct ms_leak_sites *sites,
			  const struct ms_leak_site *site, struct ms_error *err)
{
	const struct ms_trace *trace = &r->m->traces[site->trace];
	json_t *row = ms_doc_append(&r->doc, array);

	ms_doc_text(&r->doc, row, "kind", ms_leak_group_name(site->kind));
	ms_doc_u64(&r->doc, row, "new_bytes", site->new_bytes);
	ms_doc_u64(&r->doc, row, "new_blocks", site->new_blocks);
	ms_doc_u64(&r->doc, row, "unlinked_bytes", site->unlinked_bytes);
	ms_doc_u64(&r->doc, row, "unlinked_blocks", site->unlinked_blocks);
	ms_doc_u64(&r->doc, row, "before_bytes", site->before_bytes);
	ms_doc_u64(&r->doc, row, "before_blocks", site->before_blocks);
	ms_doc_u64(&r->doc, row, "bytes", site->bytes);
	ms_doc_u64(&r->doc, row, "blocks", site->blocks);
	ms_doc_value(&r->doc, row, "bytes_change",
		     json_integer((json_int_t)growth(site)));
	ms_doc_frame(&r->doc, row, &sites->seen.items[site->frame].frame);
	return ms_doc_stack(&r->doc, row, "stack", &sites->seen, trace->meta, site->stack,
			    r->options->depth, err);
}

static ms_status add_sites(struct report *r, struct ms_error *err)
{
	json_t *array = ms_doc_array(&r->doc, r->doc.root, "sites");
	struct ms_leak_sites sites;
	ms_status status = ms_leak_sites_init(&sites, r->m, r->traces, err);
	size_t shown = 0, more = 0;

	if (status != MS_OK)
		return status;
	add_totals(r, &sites);
	if (sites.count)
		qsort(sites.items, sites.count, sizeof(*sites.items), first_to_repair);
	for (size_t i = 0; status == MS_OK && !r->doc.failed && i < sites.count; i++) {
		if (!has_changed(&sites.items[i]))
			continue;
		if (r->options->top && shown == r->options->top) {
			more++;
			continue;
		}
		shown++;
		status = add_site(r, array, &sites, &sites.items[i], err);
	}
	ms_doc_u64(&r->doc, r->doc.root, "more_sites", more);
	ms_leak_sites_release(&sites);
	return status;
}

ms_status ms_facade_leak_changes(struct memscope *m,
				 const struct memscope_leaks_options *options,
				 const struct ms_trace_leaks *leaks,
				 const struct ms_suppressions *suppressions,
				 const struct memscope_output *output,
				 struct ms_error *err)
{
	struct report r = {
		.m = m, .options = options, .traces = leaks, .suppressions = suppressions
	};
	json_t *document;
	ms_status status;

	ms_doc_init(&r.doc);
	ms_doc_u64(&r.doc, r.doc.root, "version", 1);
	ms_doc_bool(&r.doc, r.doc.root, "interior", options->interior);
	ms_doc_filter(&r.doc, r.doc.root, &options->filter);
	add_processes(&r);
	status = add_sites(&r, err);
	ms_doc_suppressions(&r.doc, r.doc.root, suppressions);
	document = ms_doc_take(&r.doc);
	if (status == MS_OK)
		return ms_facade_print(document, ms_render_leak_changes, output, err);
	json_decref(document);
	return status;
}
