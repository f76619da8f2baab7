/* SPDX-License-Identifier: Apache-2.0 */
/*
 * summary.c - the report of one or more whole traces.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/facade/compose.h"
#include "analyzer/facade/summary_findings.h"

#define TOP_SITES  10
#define TEXT_DEPTH 8
#define JSON_DEPTH 128

struct summary {
	struct memscope *m;
	struct memscope_summary_options options;
	const struct ms_views *views;
	size_t most_sites; /* of each order; 0: all */
	struct ms_known totals;
	bool filtered;
	struct ms_sites sites;
	struct ms_doc doc;
};

static const char *const sort_names[] = {
	[MEMSCOPE_BY_PEAK] = "peak_bytes",     [MEMSCOPE_BY_LIVE] = "live_bytes",
	[MEMSCOPE_BY_ALLOCATED] = "allocated", [MEMSCOPE_BY_CALLS] = "allocations",
	[MEMSCOPE_BY_TEMPORARY] = "temporary",
};

/* The process that began first and the time until the last one ended. */
static void add_process(struct summary *s)
{
	json_t *object = ms_doc_object(&s->doc, s->doc.root, "process");
	const struct ms_trace *first = &s->m->traces[0];
	uint64_t end = 0, begin;

	for (size_t i = 0; i < s->m->count; i++) {
		const struct ms_trace *trace = &s->m->traces[i];
		uint64_t start = ms_metadata_process(trace->meta)->start_unix_ns;

		if (start < ms_metadata_process(first->meta)->start_unix_ns)
			first = trace;
		if (start + trace->duration_ns > end)
			end = start + trace->duration_ns;
	}
	ms_doc_process(&s->doc, object, first);
	/* A sum has no pid. */
	if (s->m->count > 1)
		ms_doc_value(&s->doc, object, "pid", json_null());
	begin = ms_metadata_process(first->meta)->start_unix_ns;
	ms_doc_u64(&s->doc, object, "duration_ns", end > begin ? end - begin : 0);
}

static void add_peak_time(struct summary *s, json_t *row, const struct ms_known *known)
{
	bool told = !(known->absent & 1u << MS_KNOWN_PEAK_MEMORY);

	ms_doc_value(&s->doc, row, "peak_at_ns",
		     told ? ms_json_number(known->peak_at_ns) : json_null());
}

/* What the log knows of the time before it reached its limit. */
static void add_before_limit(struct summary *s, json_t *row, size_t trace)
{
	struct ms_known known;

	if (s->filtered || !ms_log_mode(s->m->traces[trace].log)->fell_back) {
		ms_doc_value(&s->doc, row, "before_limit", json_null());
		return;
	}
	ms_known_find(&known, &s->m->traces[trace], s->views->items[trace].snapshot,
		      false);
	ms_doc_totals(&s->doc, ms_doc_object(&s->doc, row, "before_limit"), &known);
}

/* "processes": each trace by itself, because a sum of peaks is no peak. */
static void add_processes(struct summary *s)
{
	json_t *array = ms_doc_array(&s->doc, s->doc.root, "processes");

	for (size_t i = 0; i < s->m->count; i++) {
		const struct ms_totals *totals =
			ms_snapshot_totals(s->views->items[i].snapshot);
		json_t *row = ms_doc_append(&s->doc, array);
		struct ms_known known;

		ms_doc_text(&s->doc, row, "path", s->m->traces[i].path);
		ms_doc_process(&s->doc, ms_doc_object(&s->doc, row, "process"),
			       &s->m->traces[i]);
		ms_view_known(s->views, i, &known);
		ms_doc_totals(&s->doc, ms_doc_object(&s->doc, row, "totals"), &known);
		ms_doc_mappings(&s->doc, ms_doc_object(&s->doc, row, "mappings"),
				ms_snapshot_mappings(s->views->items[i].snapshot),
				ms_known_mappings(&s->m->traces[i]));
		add_before_limit(s, row, i);
		if (ms_log_mode(s->m->traces[i].log)->mode == MS_MODE_CULL &&
		    !s->filtered)
			ms_doc_culled(&s->doc, ms_doc_object(&s->doc, row, "culled"),
				      &s->m->traces[i]);
		add_peak_time(s, row, &known);
		ms_doc_u64(&s->doc, row, "events", totals->events);
		ms_doc_lost(&s->doc, ms_doc_object(&s->doc, row, "lost"),
			    &s->m->traces[i], 1);
	}
}

static void add_totals(struct summary *s)
{
	bool one = s->m->count == 1;
	bool mappings_known = true;
	struct ms_mapping_totals mappings = { 0 };
	uint64_t events = 0;

	for (size_t i = 0; i < s->m->count; i++) {
		struct ms_known known;

		ms_view_known(s->views, i, &known);
		ms_known_add(&s->totals, &known);
		ms_mapping_totals_add(&mappings,
				      ms_snapshot_mappings(s->views->items[i].snapshot));
		mappings_known &= ms_known_mappings(&s->m->traces[i]);
		events += ms_snapshot_totals(s->views->items[i].snapshot)->events;
	}
	ms_doc_totals(&s->doc, ms_doc_object(&s->doc, s->doc.root, "totals"), &s->totals);
	ms_doc_mappings(&s->doc, ms_doc_object(&s->doc, s->doc.root, "mappings"),
			&mappings, mappings_known);
	if (one)
		add_peak_time(s, s->doc.root, &s->totals);
	else
		ms_doc_value(&s->doc, s->doc.root, "peak_at_ns", json_null());
	ms_doc_bool(&s->doc, s->doc.root, "peak_is_sum", !one);
	ms_doc_u64(&s->doc, s->doc.root, "events", events);
}

static void add_threads(struct summary *s)
{
	json_t *array = ms_doc_array(&s->doc, s->doc.root, "threads");

	for (size_t i = 0; i < s->m->count; i++)
		ms_view_threads(&s->doc, array, s->views, i);
}

static ms_status add_site(struct summary *s, json_t *array, size_t index,
			  struct ms_error *err)
{
	const struct ms_site *site = &s->sites.items[index];
	const struct ms_member *heaviest = &s->sites.members[site->heaviest];
	unsigned depth = s->options.depth;
	json_t *row = ms_doc_append(&s->doc, array);
	ms_status status;

	ms_doc_frame(&s->doc, row, &s->sites.seen.items[site->frame].frame);
	ms_doc_figures(&s->doc, row, &site->f);
	status = ms_doc_stack(&s->doc, row, "stack", &s->sites.seen,
			      s->m->traces[heaviest->trace].meta, heaviest->stack,
			      depth ? depth : JSON_DEPTH, err);
	if (status == MS_OK && index < s->options.top)
		status = ms_doc_callers(&s->doc, row, "callers", &s->sites, site,
					s->options.sort, depth ? depth : TEXT_DEPTH, err);
	return status;
}

/* Mark the heaviest sites of each order, by the numbers of their frames. */
static void choose_sites(struct summary *s, bool *chosen)
{
	for (int sort = MEMSCOPE_BY_PEAK; sort <= MEMSCOPE_BY_TEMPORARY; sort++) {
		ms_sites_sort(&s->sites, (enum memscope_sort)sort);
		for (size_t i = 0; i < s->sites.count && i < s->most_sites; i++)
			chosen[s->sites.items[i].frame] = true;
	}
}

/* The sites that are not chosen come after the others, whose order stays. */
static ms_status keep_heaviest(struct summary *s, size_t *count, struct ms_error *err)
{
	bool *chosen = ms_alloc_zero(s->sites.seen.count, sizeof(*chosen));

	if (!chosen)
		return ms_fail_memory(err);
	choose_sites(s, chosen);
	ms_sites_sort(&s->sites, s->options.sort);
	*count = 0;
	for (size_t i = 0; i < s->sites.count; i++) {
		struct ms_site site = s->sites.items[i];

		if (!chosen[site.frame])
			continue;
		s->sites.items[i] = s->sites.items[*count];
		s->sites.items[(*count)++] = site;
	}
	ms_free(chosen);
	ms_doc_u64(&s->doc, s->doc.root, "site_count", s->sites.count);
	return MS_OK;
}

static ms_status add_sites(struct summary *s, struct ms_error *err)
{
	json_t *array = ms_doc_array(&s->doc, s->doc.root, "sites");
	ms_status status = ms_sites_init(&s->sites, s->views, MEMSCOPE_GROUP_SITE, err);
	size_t count = s->sites.count;

	if (status != MS_OK)
		return status;
	if (s->most_sites)
		status = keep_heaviest(s, &count, err);
	else
		ms_sites_sort(&s->sites, s->options.sort);
	if (status == MS_OK)
		status = ms_names_of_stacks(&s->sites, s->options.top, count, err);
	for (size_t i = 0; status == MS_OK && !s->doc.failed && i < count; i++)
		status = add_site(s, array, i, err);
	if (status == MS_OK)
		status = ms_doc_brief_findings(&s->doc, s->m, &s->totals, &s->sites,
					       s->filtered, err);
	ms_sites_release(&s->sites);
	return status;
}

static ms_status compose(struct summary *s, struct ms_error *err)
{
	json_t *damage;
	ms_status status;

	ms_doc_init(&s->doc);
	ms_doc_u64(&s->doc, s->doc.root, "version", 1);
	add_process(s);
	ms_doc_filter(&s->doc, s->doc.root, &s->options.filter);
	add_totals(s);
	add_threads(s);
	status = add_sites(s, err);
	ms_doc_text(&s->doc, s->doc.root, "sorted_by", sort_names[s->options.sort]);
	ms_doc_u64(&s->doc, s->doc.root, "top", s->options.top);
	ms_doc_lost(&s->doc, ms_doc_object(&s->doc, s->doc.root, "lost"), s->m->traces,
		    s->m->count);
	damage = ms_doc_array(&s->doc, s->doc.root, "damage");
	for (size_t i = 0; i < s->m->count; i++)
		ms_doc_damage(&s->doc, damage, &s->m->traces[i]);
	add_processes(s);
	return status;
}

ms_status ms_compose_summary(json_t **out, struct memscope *m,
			     const struct ms_views *views,
			     const struct memscope_summary_options *options, size_t sites,
			     struct ms_error *err)
{
	struct summary s = { .m = m,
			     .options = *options,
			     .views = views,
			     .most_sites = sites,
			     .filtered = ms_filter_is_set(&options->filter) };
	ms_status status = compose(&s, err);

	return ms_doc_end(&s.doc, out, status, err);
}

int memscope_summary(struct memscope *m, const struct memscope_summary_options *options,
		     const struct memscope_output *output, struct memscope_error *err)
{
	struct memscope_summary_options own_options = { 0 };
	struct ms_error *own = ms_own_error(err);
	struct ms_views views;
	json_t *document;
	ms_status status;

	if (options)
		own_options = *options;
	if ((unsigned)own_options.sort > MEMSCOPE_BY_TEMPORARY)
		return ms_fail(own, MS_EUSAGE, "no such order");
	if (own_options.sort == MEMSCOPE_BY_DEFAULT)
		own_options.sort = MEMSCOPE_BY_PEAK;
	if (own_options.top == 0)
		own_options.top = TOP_SITES;
	status = ms_views_init(&views, m, &(struct memscope_time){ 0 },
			       &own_options.filter, false, own);
	if (status != MS_OK)
		return status;
	status = ms_compose_summary(&document, m, &views, &own_options, 0, own);
	ms_views_release(&views);
	if (status != MS_OK)
		return status;
	return ms_facade_print(document, ms_render_summary, output, own);
}
