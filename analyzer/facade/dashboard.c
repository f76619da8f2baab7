/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dashboard.c - one page of all that the engines tell.
 */
#include "analyzer/facade/dashboard.h"
#include "analyzer/base/alloc.h"
#include "analyzer/base/parallel.h"
#include "analyzer/facade/compose.h"

#include <stdio.h>
#include <string.h>

#define SITES 150 /* of each order; of leaks twice as many */
#define DEPTH 32  /* of a site's stack: the flame graph has the whole ones */
#define TOP   10  /* sites whose callers are shown */

/* --- what can be asked for ------------------------------------------------------------
 */

static ms_status check(const struct memscope_render_options *options,
		       struct ms_error *err)
{
	const struct memscope_filter *filter = &options->filter;

	if (!ms_html_has_page())
		return ms_fail(err, MS_EUSAGE,
			       "this build has no dashboard: install nodejs and npm, and "
			       "build it again (make dashboard all)");
	if (options->use_at)
		return ms_fail(err, MS_EUSAGE,
			       "the dashboard has every instant, none can be chosen");
	if (filter->live || filter->freed || filter->use_lifetime)
		return ms_fail(err, MS_EUSAGE,
			       "the dashboard follows blocks over time: it cannot choose "
			       "them by their end");
	return MS_OK;
}

/* --- which process has which place ----------------------------------------------------
 */

static uint64_t weight_of(const struct ms_dashboard *d, size_t trace)
{
	struct ms_known known;

	ms_view_known(&d->fill.views, trace, &known);
	return known.absent & 1u << MS_KNOWN_PEAK_MEMORY
		       ? known.value[MS_KNOWN_ALLOCATED]
		       : known.value[MS_KNOWN_PEAK_MEMORY];
}

/* Is it among the heaviest?  Of equal ones the first are. */
static bool is_shown(const struct ms_dashboard *d, size_t trace)
{
	uint64_t own = weight_of(d, trace);
	size_t before = 0;

	for (size_t i = 0; i < d->m->count && before < MS_DASHBOARD_PROCESSES; i++) {
		uint64_t other = weight_of(d, i);

		before += other > own || (other == own && i < trace);
	}
	return before < MS_DASHBOARD_PROCESSES;
}

static ms_status place_processes(struct ms_dashboard *d, struct ms_error *err)
{
	size_t count = d->m->count, shown = 0;
	struct ms_report_process *rest;
	char text[64];

	d->report.processes =
		ms_alloc_zero(MS_DASHBOARD_PROCESSES + 1, sizeof(*d->report.processes));
	if (!d->report.processes)
		return ms_fail_memory(err);
	for (size_t i = 0; i < count; i++)
		d->process_of[i] = count <= MS_DASHBOARD_PROCESSES || is_shown(d, i)
					   ? shown++
					   : MS_DASHBOARD_PROCESSES;
	d->report.process_count = shown + (shown < count);
	if (shown == count)
		return MS_OK;
	rest = &d->report.processes[MS_DASHBOARD_PROCESSES];
	rest->summed = count - shown;
	rest->no_slices = true;
	snprintf(text, sizeof(text), "(%zu other processes)", rest->summed);
	rest->command = ms_arena_text(&d->texts, text, strlen(text));
	return rest->command ? MS_OK : ms_fail_memory(err);
}

/* --- documents ------------------------------------------------------------------------
 */

static ms_status compose(struct ms_dashboard *d, struct ms_error *err)
{
	struct ms_report *r = &d->report;
	const struct memscope_summary_options summary = { .sort = MEMSCOPE_BY_PEAK,
							  .top = TOP,
							  .depth = DEPTH,
							  .filter = d->options->filter };
	const struct memscope_leaks_options leaks = {
		.all = 1, .top = 2 * SITES, .depth = DEPTH, .filter = d->options->filter
	};
	ms_status status = ms_compose_summary(&r->summary, d->m, &d->fill.views, &summary,
					      SITES, err);

	if (status == MS_OK)
		status = ms_compose_info(&r->info, d->m, false, err);
	if (status == MS_OK)
		status = ms_compose_threads(&r->threads, d->m, &d->fill.views, d->flows,
					    err);
	if (status == MS_OK)
		status = ms_compose_leaks(&r->leaks, d->m, &leaks, d->leaks,
					  d->suppressions, err);
	return status == MS_OK ? ms_dashboard_sources(d, err) : status;
}

/* --- what takes longest: two readings of the logs at once ------------------------------
 */

struct reading {
	struct ms_dashboard *d;
	struct ms_dashboard_times *times;
	bool at_once;
	struct part {
		ms_status status;
		struct ms_error error;
	} parts[2];
};

static ms_status find_faults(struct ms_dashboard *d, struct ms_error *err)
{
	const struct memscope_check_options options = { .top = 2 * SITES,
							.depth = DEPTH,
							.filter = d->options->filter };
	size_t failing;
	ms_status status;

	/* What is lost of chosen blocks alone is not all that a detector asks for. */
	d->m->lost = ms_filter_is_set(&d->options->filter) ? NULL : d->leaks;
	status = ms_compose_check(&d->report.check, &failing, d->m, &options, err);
	d->m->lost = NULL;
	return status;
}

static void read_part(void *context, unsigned worker, size_t i)
{
	struct reading *r = context;
	struct part *part = &r->parts[i];

	(void)worker;
	part->status = i ? ms_dashboard_times_run(r->times, r->at_once, &part->error)
			 : find_faults(r->d, &part->error);
}

/* A filter asks for names, which one thread at a time may do. */
static ms_status read_parts(struct reading *r, struct ms_error *err)
{
	unsigned threads = ms_filter_is_set(&r->d->options->filter)
				   ? 1
				   : ms_thread_count(r->d->m->traces[0].threads);

	r->at_once = threads > 1;
	ms_parallel(r->at_once ? 2 : 1, 2, read_part, r);
	for (size_t i = 0; i < 2; i++) {
		if (r->parts[i].status == MS_OK)
			continue;
		if (err)
			*err = r->parts[i].error;
		return r->parts[i].status;
	}
	return ms_dashboard_times_take(r->times, err);
}

static ms_status read_logs(struct ms_dashboard *d, struct ms_error *err)
{
	struct reading r = { .d = d };
	ms_status status = ms_dashboard_times_new(&r.times, d, err);

	if (status == MS_OK)
		status = read_parts(&r, err);
	ms_dashboard_times_free(r.times);
	return status;
}

static ms_status name_it(struct ms_dashboard *d, struct ms_error *err)
{
	const char *command = ms_metadata_command(d->m->traces[0].meta);
	struct ms_strbuf title;

	d->report.generated_by = "memscope " MEMSCOPE_VERSION;
	d->report.title = d->options->title ? d->options->title : command;
	if (d->options->title || d->m->count == 1)
		return MS_OK;
	ms_strbuf_init(&title);
	ms_strbuf_appendf(&title, "%s and %zu more", command, d->m->count - 1);
	d->report.title = ms_arena_text(&d->texts, ms_strbuf_text(&title), title.len);
	ms_strbuf_release(&title);
	return d->report.title ? MS_OK : ms_fail_memory(err);
}

/* --- the whole ------------------------------------------------------------------------
 */

static ms_status print(const struct ms_dashboard *d, const struct memscope_output *output,
		       struct ms_error *err)
{
	struct ms_writer *writer = ms_facade_writer(output);
	ms_status status, finished;

	if (!writer)
		return ms_fail_memory(err);
	status = ms_render_html(writer, &d->report, err);
	finished = ms_writer_finish(writer, status == MS_OK ? err : NULL);
	ms_free(writer);
	return status != MS_OK ? status : finished;
}

static ms_status read_all(struct ms_dashboard *d, struct ms_error *err)
{
	const struct memscope_leaks_options leaks = { .filter = d->options->filter };
	ms_status status = place_processes(d, err);

	if (status == MS_OK)
		status = ms_names_of_views(&d->fill.views, MS_RESOLVE_STACKS, err);
	if (status == MS_OK)
		status = ms_facade_leaks(d->m, &leaks, d->leaks, err);
	if (status == MS_OK)
		status = ms_suppressions_new(&d->suppressions, d->m, NULL, err);
	if (status == MS_OK)
		status = ms_facade_leaks_suppress(d->m, d->leaks, d->suppressions, err);
	if (status == MS_OK)
		status = ms_dashboard_stacks(d, err);
	if (status == MS_OK)
		status = read_logs(d, err);
	if (status == MS_OK)
		status = name_it(d, err);
	return status == MS_OK ? compose(d, err) : status;
}

static ms_status make(struct ms_dashboard *d, const struct memscope_output *output,
		      struct ms_error *err)
{
	size_t count = d->m->count;
	const struct memscope_filter *filter = &d->options->filter;
	ms_status status;

	d->leaks = ms_alloc_zero(count, sizeof(*d->leaks));
	d->flows = ms_alloc_zero(count, sizeof(*d->flows));
	d->process_of = ms_alloc_zero(count, sizeof(*d->process_of));
	d->nodes = ms_alloc_zero(count, sizeof(*d->nodes));
	d->fill.profile = ms_alloc_zero(1, sizeof(*d->fill.profile));
	if (!d->leaks || !d->flows || !d->process_of || !d->nodes || !d->fill.profile)
		return ms_fail_memory(err);
	d->report.profile = d->fill.profile;
	status = ms_profile_tree_init(&d->fill.tree, d->m, d->fill.profile, err);
	if (status == MS_OK)
		status = ms_views_init(&d->fill.views, d->m, &d->ask.at,
				       ms_filter_is_set(filter) ? filter : NULL, false,
				       err);
	if (status == MS_OK) {
		status = read_all(d, err);
		if (status == MS_OK)
			status = print(d, output, err);
		ms_views_release(&d->fill.views);
	}
	ms_profile_tree_release(&d->fill.tree);
	return status;
}

static void release_report(struct ms_report *r)
{
	for (size_t i = 0; r->processes && i < r->process_count; i++) {
		ms_free(r->processes[i].buckets);
		ms_free(r->processes[i].marks);
		ms_free(r->processes[i].threads);
		ms_slices_release(&r->processes[i].slices);
	}
	ms_free(r->processes);
	ms_fold_release(&r->stacks);
	json_decref(r->summary);
	json_decref(r->info);
	json_decref(r->leaks);
	json_decref(r->check);
	json_decref(r->threads);
	json_decref(r->sources);
}

static void release(struct ms_dashboard *d)
{
	release_report(&d->report);
	if (d->leaks)
		ms_facade_leaks_release(d->m, d->leaks);
	for (size_t i = 0; i < d->m->count; i++) {
		if (d->flows)
			ms_flows_release(&d->flows[i]);
		if (d->nodes)
			ms_free(d->nodes[i]);
	}
	ms_free(d->leaks);
	ms_suppressions_free(d->suppressions);
	ms_free(d->flows);
	ms_free(d->process_of);
	ms_free(d->nodes);
	ms_profile_free(d->fill.profile);
	ms_arena_release(&d->texts);
}

ms_status ms_facade_dashboard(struct memscope *m,
			      const struct memscope_render_options *options,
			      const struct memscope_output *output, struct ms_error *err)
{
	struct ms_dashboard d = { .m = m, .options = options };
	ms_status status = check(options, err);

	if (status != MS_OK)
		return status;
	d.ask.at_end = true;
	d.ask.filter = options->filter;
	d.fill.m = m;
	d.fill.ask = &d.ask;
	ms_arena_init(&d.texts);
	status = make(&d, output, err);
	release(&d);
	return status;
}
