/* SPDX-License-Identifier: Apache-2.0 */
/*
 * function_graph.c - who calls whom, with figures.
 */
#include "analyzer/render/function_graph.h"
#include "analyzer/base/alloc.h"

#include <inttypes.h>

/* --- functions
 * -------------------------------------------------------------------------- */

/* What tells a function: module, file, and its name, which may be an address. */
static int64_t key_of(struct ms_text_table *keys, struct ms_strbuf *text,
		      const struct ms_profile *profile, uint32_t frame)
{
	const struct ms_profile_frame *f = &profile->frames[frame];

	ms_strbuf_clear(text);
	ms_strbuf_appendf(text, "%" PRIu32 "\n", f->module);
	ms_strbuf_adds(text, f->file ? f->file : "");
	ms_strbuf_addc(text, '\n');
	ms_profile_name(text, profile, frame);
	return text->failed ? -1 : ms_text_table_add(keys, ms_strbuf_text(text));
}

static int find_functions(struct ms_function_graph *graph)
{
	struct ms_text_table keys;
	struct ms_strbuf text;
	int failed = 0;

	ms_strbuf_init(&text);
	ms_text_table_init(&keys);
	for (size_t i = 0; !failed && i < graph->profile->frame_count; i++) {
		int64_t id = key_of(&keys, &text, graph->profile, (uint32_t)i);

		failed = id < 0;
		if (failed)
			break;
		graph->function_of[i] = (uint32_t)id;
		if ((size_t)id < graph->function_count)
			continue;
		failed = ms_grow((void **)&graph->functions, &graph->function_capacity,
				 graph->function_count, sizeof(*graph->functions)) < 0;
		if (!failed)
			graph->functions[graph->function_count++] =
				(struct ms_graph_function){ .frame = (uint32_t)i };
	}
	ms_text_table_release(&keys);
	ms_strbuf_release(&text);
	return failed ? -1 : 0;
}

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
	uint32_t id = graph->function_of[frame];
	struct ms_graph_function *function = &graph->functions[id];
	struct ms_graph_edge *edge =
		edge_of(graph, id, leaf ? MS_PROFILE_NONE : graph->function_of[callee],
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
	*graph = (struct ms_function_graph){ .profile = profile, .lines = lines };
	ms_map_init(&graph->known);
	graph->function_of =
		ms_alloc_zero(profile->frame_count + 1, sizeof(*graph->function_of));
	if (!graph->function_of || find_functions(graph) < 0)
		return ms_fail_memory(err);
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
	ms_free(graph->function_of);
	ms_free(graph->edges);
	ms_map_release(&graph->known);
}
