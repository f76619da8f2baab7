/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dashboard_stacks.c - every stack of all traces as a row of the dashboard.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/facade/dashboard.h"

/*
 * Nodes and rows that are followed over time: more would be no help to a reader, and each
 * may have something to tell of every part of the time.
 */
#define MOST_ROWS 50000

/* The nodes of a trace's stacks. */
static ms_status find_nodes(struct ms_dashboard *d, size_t trace, struct ms_error *err)
{
	size_t count;
	const struct ms_stack_figures *stacks =
		ms_view_stacks(&d->fill.views, trace, &count);
	ms_status status = MS_OK;

	d->nodes[trace] = ms_alloc(count * sizeof(*d->nodes[trace]));
	if (!d->nodes[trace])
		return ms_fail_memory(err);
	for (size_t i = 0; status == MS_OK && i < count; i++)
		status = ms_profile_tree_node(&d->fill.tree, trace, stacks[i].stack,
					      &d->nodes[trace][i], err);
	return status;
}

/* Rows of a trace, what is lost too. */
static ms_status add_trace(struct ms_dashboard *d, size_t trace, struct ms_error *err)
{
	struct ms_report_process *process = &d->report.processes[d->process_of[trace]];
	struct ms_profile *p = d->fill.profile;
	size_t first = p->row_count;
	ms_status status = find_nodes(d, trace, err);

	p->absent = 0;
	if (status == MS_OK)
		status = ms_profile_rows(&d->fill, trace, err);
	if (status == MS_OK)
		status = ms_profile_trace_leaks(&d->fill, trace, &d->leaks[trace], err);
	process->absent |= p->absent;
	for (size_t i = first; i < p->row_count; i++)
		p->rows[i].process = (uint32_t)d->process_of[trace];
	return status;
}

/* The frames that stacks are filed under, by node. */
static ms_status find_sites(struct ms_dashboard *d, uint32_t *site_of, size_t trace,
			    struct ms_error *err)
{
	size_t count;
	const struct ms_stack_figures *stacks =
		ms_view_stacks(&d->fill.views, trace, &count);
	ms_status status = MS_OK;

	for (size_t i = 0; status == MS_OK && i < count; i++) {
		uint32_t *site = &site_of[d->nodes[trace][i]];
		const struct ms_frame *frame;

		if (*site != MS_PROFILE_NONE)
			continue;
		status = ms_metadata_site(d->m->traces[trace].meta, stacks[i].stack,
					  &frame, err);
		if (status != MS_OK || !frame)
			continue;
		*site = ms_profile_tree_frame(&d->fill.tree, trace, frame);
		if (*site == MS_PROFILE_NONE)
			status = ms_fail_memory(err);
	}
	return status;
}

/* Sites of rows; by_node has room for one of each node. */
static ms_status fill_sites(struct ms_dashboard *d, uint32_t *by_node, uint32_t *sites,
			    struct ms_error *err)
{
	const struct ms_profile *p = d->fill.profile;
	ms_status status = MS_OK;

	for (size_t i = 0; i < p->node_count; i++)
		by_node[i] = MS_PROFILE_NONE;
	for (size_t t = 0; status == MS_OK && t < d->m->count; t++)
		status = find_sites(d, by_node, t, err);
	for (size_t i = 0; i < p->row_count; i++)
		sites[i] = by_node[p->rows[i].node];
	return status;
}

static ms_status fold(struct ms_dashboard *d, struct ms_error *err)
{
	const struct ms_profile *p = d->fill.profile;
	uint32_t *by_node = ms_alloc(p->node_count * sizeof(*by_node));
	uint32_t *sites = ms_alloc(p->row_count * sizeof(*sites));
	struct ms_fold_source source = { p->nodes, p->node_count, p->rows, sites,
					 p->row_count };
	ms_status status = by_node && sites ? fill_sites(d, by_node, sites, err)
					    : ms_fail_memory(err);

	if (status == MS_OK)
		status = ms_fold_init(&d->report.stacks, &source, MOST_ROWS, err);
	ms_free(by_node);
	ms_free(sites);
	return status;
}

ms_status ms_dashboard_stacks(struct ms_dashboard *d, struct ms_error *err)
{
	ms_status status = ms_profile_describe(d->fill.profile, d->m, err);

	for (size_t p = 0; status == MS_OK && p < d->report.process_count; p++) {
		for (size_t t = 0; status == MS_OK && t < d->m->count; t++) {
			if (d->process_of[t] == p)
				status = add_trace(d, t, err);
		}
	}
	return status == MS_OK ? fold(d, err) : status;
}
