/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile.c - traces as the tables that exports are made of.
 */
#include "analyzer/facade/profile.h"
#include "analyzer/base/alloc.h"
#include "analyzer/facade/leaks.h"

static void describe_process(struct ms_profile_process *out, const struct ms_trace *trace)
{
	const struct ms_process *process = ms_metadata_process(trace->meta);

	*out = (struct ms_profile_process){
		.pid = process->pid,
		.parent_pid = process->parent_pid,
		.start_unix_ns = process->start_unix_ns,
		.duration_ns = trace->duration_ns,
		.page_bytes = process->page_bytes,
		.path = trace->path,
		.command = ms_metadata_command(trace->meta),
		.exe = ms_metadata_fact(trace->meta, "exe", 0),
	};
}

static void describe_threads(struct ms_profile *p, uint32_t process,
			     const struct ms_trace *trace)
{
	size_t count;
	const struct ms_thread *threads = ms_metadata_threads(trace->meta, &count);

	p->processes[process].first_thread = (uint32_t)p->thread_count;
	p->processes[process].thread_count = (uint32_t)count;
	for (size_t i = 0; i < count; i++)
		p->threads[p->thread_count++] =
			(struct ms_profile_thread){ process, threads[i].tid,
						    threads[i].name, threads[i].begin_ns,
						    threads[i].end_ns };
}

ms_status ms_profile_describe(struct ms_profile *p, const struct memscope *m,
			      struct ms_error *err)
{
	size_t threads = 0, count;

	for (size_t i = 0; i < m->count; i++) {
		ms_metadata_threads(m->traces[i].meta, &count);
		threads += count;
	}
	p->processes = ms_alloc_zero(m->count, sizeof(*p->processes));
	p->threads = ms_alloc_zero(threads + 1, sizeof(*p->threads));
	if (!p->processes || !p->threads)
		return ms_fail_memory(err);
	p->process_count = m->count;
	for (size_t i = 0; i < m->count; i++) {
		describe_process(&p->processes[i], &m->traces[i]);
		describe_threads(p, (uint32_t)i, &m->traces[i]);
	}
	return MS_OK;
}

static ms_status fill_trace(struct ms_profile_fill *fill, size_t i, struct ms_error *err)
{
	struct ms_profile_process *process = &fill->profile->processes[i];
	unsigned needs = fill->ask->needs;
	struct ms_known known;
	ms_status status;

	ms_view_known(&fill->views, i, &known);
	process->at_ns = ms_view_at_ns(&fill->views, i);
	process->peak_at_ns = known.peak_at_ns;
	status = ms_profile_rows(fill, i, err);
	if (status == MS_OK)
		status = ms_profile_trace_leaks(
			fill, i, fill->leaks ? &fill->leaks[i] : NULL, err);
	if (status == MS_OK && needs & MS_EXPORT_POINTS)
		status = ms_profile_points(fill, i, err);
	if (status == MS_OK && needs & MS_EXPORT_MOMENTS)
		status = ms_profile_moments(fill, i, err);
	if (status == MS_OK && needs & MS_EXPORT_LIVES)
		status = ms_profile_lives(fill, i, err);
	return status;
}

static bool wants_leaks(const struct ms_profile_ask *ask)
{
	/* A map tells of its own instant, which is the end's or close to it. */
	if (!ask->at_end)
		return false;
	return ask->needs & MS_EXPORT_METRIC ? ask->metric >= MS_METRIC_LEAKED_BYTES
					     : ask->needs & MS_EXPORT_LEAKS;
}

static ms_status find_leaks(struct ms_profile_fill *fill, struct ms_error *err)
{
	static const struct memscope_leaks_options options;

	if (!wants_leaks(fill->ask))
		return MS_OK;
	fill->leaks = ms_alloc_zero(fill->m->count, sizeof(*fill->leaks));
	return fill->leaks ? ms_facade_leaks(fill->m, &options, fill->leaks, err)
			   : ms_fail_memory(err);
}

static ms_status fill_all(struct ms_profile_fill *fill, struct ms_error *err)
{
	const struct ms_profile_ask *ask = fill->ask;
	ms_status status = ms_profile_describe(fill->profile, fill->m, err);

	if (status != MS_OK)
		return status;
	status = ms_views_init(&fill->views, fill->m, &ask->at, &ask->filter, false, err);
	if (status != MS_OK)
		return status;
	status = ms_names_of_views(&fill->views, MS_RESOLVE_STACKS, err);
	if (status == MS_OK)
		status = find_leaks(fill, err);
	for (size_t i = 0; status == MS_OK && i < fill->m->count; i++)
		status = fill_trace(fill, i, err);
	if (status == MS_OK && ask->needs & MS_EXPORT_EVENTS)
		status = ms_profile_events(fill, err);
	if (fill->leaks)
		ms_facade_leaks_release(fill->m, fill->leaks);
	ms_free(fill->leaks);
	ms_views_release(&fill->views);
	return status;
}

ms_status ms_profile_new(struct ms_profile **out, struct memscope *m,
			 const struct ms_profile_ask *ask, struct ms_error *err)
{
	struct ms_profile_fill fill = { .m = m, .ask = ask };
	ms_status status;

	*out = NULL;
	fill.profile = ms_alloc_zero(1, sizeof(*fill.profile));
	if (!fill.profile)
		return ms_fail_memory(err);
	fill.profile->metric = ask->metric;
	status = ms_profile_tree_init(&fill.tree, m, fill.profile, err);
	fill.tree.normal = ask->normal;
	if (status == MS_OK)
		status = fill_all(&fill, err);
	ms_profile_tree_release(&fill.tree);
	if (status == MS_OK)
		*out = fill.profile;
	else
		ms_profile_free(fill.profile);
	return status;
}

void ms_profile_free(struct ms_profile *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->process_count; i++) {
		for (size_t n = 0; n < p->processes[i].moment_count; n++)
			ms_free(p->processes[i].moments[n].items);
		ms_free(p->processes[i].moments);
		ms_free(p->processes[i].points);
		ms_free(p->processes[i].marks);
	}
	ms_profile_events_free(p->replayed);
	ms_free(p->modules);
	ms_free(p->frames);
	ms_free(p->nodes);
	ms_free(p->rows);
	ms_free(p->threads);
	ms_free(p->processes);
	ms_free(p);
}
