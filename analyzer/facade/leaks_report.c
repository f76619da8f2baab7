/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leaks_report.c - memscope_leaks(): the document of lost blocks.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/facade/compose.h"
#include "analyzer/facade/filter.h"

#define TEXT_ROWS  20
#define JSON_DEPTH 128
#define TEXT_DEPTH 8

struct report {
	struct memscope *m;
	struct memscope_leaks_options options;
	struct ms_trace_leaks *traces;
	struct ms_suppressions *suppressions;
	struct ms_doc doc;
};

void ms_doc_leak_map(struct ms_doc *doc, json_t *row, const struct ms_trace_leaks *t)
{
	json_t *map;

	ms_doc_text(doc, row, "reason", t->reason);
	if (!t->map || !t->leaks) {
		ms_doc_value(doc, row, "map", json_null());
		return;
	}
	map = ms_doc_object(doc, row, "map");
	ms_doc_map(doc, map, t->map);
	ms_doc_bool(doc, map, "whole", t->leaks->whole);
	ms_doc_u64(doc, map, "unscanned_bytes", t->leaks->unscanned_bytes);
	ms_doc_u64(doc, map, "whole_stacks", t->leaks->whole_stacks);
	ms_doc_u64(doc, map, "registerless", t->leaks->registerless);
}

static void add_processes(struct report *r)
{
	json_t *array = ms_doc_array(&r->doc, r->doc.root, "processes");

	for (size_t i = 0; i < r->m->count; i++) {
		json_t *row = ms_doc_append(&r->doc, array);

		ms_doc_text(&r->doc, row, "path", r->m->traces[i].path);
		ms_doc_process(&r->doc, row, &r->m->traces[i]);
		ms_doc_leak_map(&r->doc, row, &r->traces[i]);
	}
}

void ms_doc_leak_totals(struct ms_doc *doc, json_t *object, const char *key,
			const struct ms_leak_totals *totals)
{
	json_t *to = ms_doc_object(doc, object, key);

	ms_doc_u64(doc, to, "bytes", totals->bytes);
	ms_doc_u64(doc, to, "blocks", totals->blocks);
}

static void add_totals(struct ms_leak_totals *sum, const struct ms_leak_totals *more)
{
	sum->bytes += more->bytes;
	sum->blocks += more->blocks;
}

static void put_all_totals(struct report *r)
{
	struct ms_leak_totals kinds[MS_LEAK_GROUPS] = { 0 }, heuristic = { 0 },
			      cycles = { 0 };
	uint64_t rings = 0;

	for (size_t i = 0; i < r->m->count; i++) {
		const struct ms_leaks *l = r->traces[i].leaks;

		for (unsigned k = 0; l && k < MS_LEAK_KINDS; k++)
			add_totals(&kinds[k], &l->kinds[k]);
		for (size_t b = 0; l && !r->traces[i].map && b < l->count; b++)
			add_totals(
				&kinds[MS_LEAK_UNCLASSIFIED],
				&(struct ms_leak_totals){ l->blocks[b].block.size, 1 });
		if (!l)
			continue;
		add_totals(&heuristic, &l->heuristic);
		add_totals(&cycles, &l->cycles);
		rings += l->rings;
	}
	for (unsigned k = 0; k < MS_LEAK_GROUPS; k++)
		ms_doc_leak_totals(&r->doc, r->doc.root, ms_leak_group_name(k),
				   &kinds[k]);
	ms_doc_leak_totals(&r->doc, r->doc.root, "heuristic", &heuristic);
	ms_doc_leak_totals(&r->doc, r->doc.root, "cycles", &cycles);
	/* Which of the chosen blocks are of one ring is not known. */
	ms_doc_value(&r->doc, r->doc.root, "rings",
		     ms_filter_is_set(&r->options.filter) ? json_null()
							  : ms_json_number(rings));
}

static ms_status add_site(struct report *r, json_t *array, struct ms_leak_sites *sites,
			  const struct ms_leak_site *site, struct ms_error *err)
{
	const struct ms_trace *trace = &r->m->traces[site->trace];
	json_t *row = ms_doc_append(&r->doc, array);

	ms_doc_text(&r->doc, row, "kind", ms_leak_group_name(site->kind));
	ms_doc_u64(&r->doc, row, "bytes", site->bytes);
	ms_doc_u64(&r->doc, row, "blocks", site->blocks);
	ms_doc_u64(&r->doc, row, "hanging_bytes", site->hanging_bytes);
	ms_doc_u64(&r->doc, row, "hanging_blocks", site->hanging_blocks);
	ms_doc_u64(&r->doc, row, "cycle_blocks", site->cycle_blocks);
	ms_doc_frame(&r->doc, row, &sites->seen.items[site->frame].frame);
	return ms_doc_stack(&r->doc, row, "stack", &sites->seen, trace->meta, site->stack,
			    r->options.depth, err);
}

/* Text is about what to repair, unless all is asked for. */
static bool is_shown(const struct report *r, const struct ms_leak_site *site)
{
	return r->options.all || site->kind == MS_LEAK_DEFINITE ||
	       site->kind == MS_LEAK_POSSIBLE || site->kind == MS_LEAK_UNCLASSIFIED;
}

static ms_status add_sites(struct report *r, struct ms_error *err)
{
	json_t *array = ms_doc_array(&r->doc, r->doc.root, "sites");
	struct ms_leak_sites sites;
	ms_status status = ms_leak_sites_init(&sites, r->m, r->traces, err);
	size_t shown = 0, more = 0;

	if (status != MS_OK)
		return status;
	for (size_t i = 0; status == MS_OK && !r->doc.failed && i < sites.count; i++) {
		if (!is_shown(r, &sites.items[i]))
			continue;
		if (r->options.top && shown == r->options.top) {
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

ms_status ms_compose_leaks(json_t **out, struct memscope *m,
			   const struct memscope_leaks_options *options,
			   struct ms_trace_leaks *traces,
			   const struct ms_suppressions *suppressions,
			   struct ms_error *err)
{
	struct report r = { .m = m, .options = *options, .traces = traces };
	ms_status status;

	ms_doc_init(&r.doc);
	ms_doc_u64(&r.doc, r.doc.root, "version", 1);
	ms_doc_bool(&r.doc, r.doc.root, "interior", r.options.interior);
	ms_doc_filter(&r.doc, r.doc.root, &r.options.filter);
	put_all_totals(&r);
	add_processes(&r);
	ms_doc_suppressions(&r.doc, r.doc.root, suppressions);
	status = add_sites(&r, err);
	return ms_doc_end(&r.doc, out, status, err);
}

static ms_status print(struct report *r, const struct memscope_output *output,
		       struct ms_error *err)
{
	json_t *document;
	ms_status status;

	r->options.all |= output->format != MEMSCOPE_TEXT;
	status = ms_compose_leaks(&document, r->m, &r->options, r->traces,
				  r->suppressions, err);
	if (status != MS_OK)
		return status;
	return ms_facade_print(document, ms_render_leaks, output, err);
}

int memscope_leaks(struct memscope *m, const struct memscope_leaks_options *options,
		   const struct memscope_output *output, struct memscope_error *err)
{
	struct report r = { .m = m };
	struct ms_error *own = ms_own_error(err);
	bool text = output->format == MEMSCOPE_TEXT;
	ms_status status;

	if (options)
		r.options = *options;
	if (!r.options.top && text)
		r.options.top = TEXT_ROWS;
	if (!r.options.depth)
		r.options.depth = text ? TEXT_DEPTH : JSON_DEPTH;
	status = ms_suppressions_new(&r.suppressions, m, &r.options.suppress, own);
	if (status != MS_OK)
		return status;
	r.traces = ms_alloc_zero(m->count, sizeof(*r.traces));
	if (!r.traces)
		status = ms_fail_memory(own);
	else
		status = ms_facade_leaks(m, &r.options, r.traces, own);
	if (status == MS_OK)
		status = ms_facade_leaks_suppress(m, r.traces, r.suppressions, own);
	if (status == MS_OK && r.options.blocks)
		status = ms_facade_leak_blocks(m, r.traces, r.options.top, output, own);
	else if (status == MS_OK && r.options.since)
		status = ms_facade_leak_changes(m, &r.options, r.traces, r.suppressions,
						output, own);
	else if (status == MS_OK)
		status = print(&r, output, own);
	if (r.traces)
		ms_facade_leaks_release(m, r.traces);
	ms_free(r.traces);
	ms_suppressions_free(r.suppressions);
	return status;
}
