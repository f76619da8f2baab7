/* SPDX-License-Identifier: Apache-2.0 */
/*
 * function_graph.c - who calls whom, with figures.
 */
#include "analyzer/render/function_graph.h"
#include "analyzer/base/alloc.h"

/* --- calls
 * ------------------------------------------------------------------------------ */

static uint64_t hash_of(uint32_t caller, uint32_t callee, uint32_t line)
{
	uint64_t hash = ((uint64_t)caller << 32 | callee) * 0x9e3779b97f4a7c15ULL;

	return (hash ^ hash >> 29 ^ line) * 0xbf58476d1ce4e5b9ULL;
}

/* The edge of a call, new when need be; NULL: no memory. */
static struct ms_graph_edge *edge_of(struct ms_function_graph *graph, uint32_t caller,
				     uint32_t callee, uint32_t line)
{
	for (uint64_t key = hash_of(caller, callee, line);; key++) {
		uint64_t *index = ms_map_at(&graph->known, key, NULL);
		struct ms_graph_edge *edge;

		if (!index)
			return NULL;
		if (!*index) {
			if (ms_grow((void **)&graph->edges, &graph->edge_capacity,
				    graph->edge_count, sizeof(*graph->edges)) < 0)
				return NULL;
			graph->edges[graph->edge_count] = (struct ms_graph_edge){
				.caller = caller, .callee = callee, .line = line
			};
			*index = ++graph->edge_count;
		}
		edge = &graph->edges[*index - 1];
		if (edge->caller == caller && edge->callee == callee &&
		    edge->line == line)
			return edge;
	}
}

static void add(uint64_t sums[MS_METRICS], const uint64_t values[MS_METRICS])
{
	for (unsigned i = 0; i < MS_METRICS; i++)
		sums[i] += values[i];
}

/* One frame of a stack; callee is the frame that it called, MS_PROFILE_NONE the leaf's.
 */
static int add_frame(struct ms_function_graph *graph, const struct ms_profile_row *row,
		     uint64_t serial, uint32_t frame, uint32_t callee)
{
	const struct ms_profile_frame *frames = graph->profile->frames;
	bool leaf = callee == MS_PROFILE_NONE;
	uint32_t id = graph->names.of[frame];
	struct ms_graph_function *function = &graph->functions[id];
	struct ms_graph_edge *edge =
		edge_of(graph, id, leaf ? MS_PROFILE_NONE : graph->names.of[callee],
			graph->lines ? frames[frame].line : 0);

	if (!edge)
		return -1;
	if (leaf)
		add(function->self, row->value);
	if (function->last_row != serial)
		add(function->inclusive, row->value);
	if (edge->last_row != serial)
		add(edge->value, row->value);
	if (!leaf)
		edge->callee_line = frames[callee].line;
	function->last_row = edge->last_row = serial;
	return 0;
}

ms_status ms_function_graph_init(struct ms_function_graph *graph,
				 const struct ms_profile *profile, bool lines,
				 struct ms_error *err)
{
	ms_status status;

	*graph = (struct ms_function_graph){ .profile = profile, .lines = lines };
	ms_map_init(&graph->known);
	status = ms_frame_functions_init(&graph->names, profile, err);
	if (status != MS_OK)
		return status;
	graph->functions =
		ms_alloc_zero(graph->names.count + 1, sizeof(*graph->functions));
	if (!graph->functions)
		return ms_fail_memory(err);
	graph->function_count = graph->names.count;
	for (size_t i = 0; i < graph->function_count; i++)
		graph->functions[i].frame = graph->names.first[i];
	for (size_t i = 0; i < profile->row_count; i++) {
		const struct ms_profile_row *row = &profile->rows[i];
		uint32_t callee = MS_PROFILE_NONE;

		for (uint32_t n = row->node; n; n = profile->nodes[n].parent) {
			uint32_t frame = profile->nodes[n].frame;

			if (add_frame(graph, row, i + 1, frame, callee) < 0)
				return ms_fail_memory(err);
			callee = frame;
		}
	}
	return MS_OK;
}

void ms_function_graph_release(struct ms_function_graph *graph)
{
	ms_free(graph->functions);
	ms_frame_functions_release(&graph->names);
	ms_free(graph->edges);
	ms_map_release(&graph->known);
}
