/* SPDX-License-Identifier: Apache-2.0 */
/*
 * function_graph.h - who calls whom, with figures (private to render): what callgrind and
 * Graphviz show.
 *
 * A stack counts once for each function and each call in it, however often it recurs.
 */
#ifndef MS_RENDER_FUNCTION_GRAPH_H
#define MS_RENDER_FUNCTION_GRAPH_H

#include "analyzer/base/map.h"
#include "analyzer/render/frame_functions.h"

struct ms_graph_function { /* of one name, file and module */
	uint32_t frame;	   /* one of its frames */
	uint64_t self[MS_METRICS], inclusive[MS_METRICS];
	uint64_t last_row; /* + 1; that was counted */
};

/* A call; or what a function asked for itself, where callee is MS_PROFILE_NONE. */
struct ms_graph_edge {
	uint32_t caller, callee;
	uint32_t line;	      /* of the caller; 0: not known, or not told apart */
	uint32_t callee_line; /* of one such call */
	uint64_t value[MS_METRICS];
	uint64_t last_row;
};

struct ms_function_graph {
	const struct ms_profile *profile;
	bool lines; /* calls of different lines are different */
	struct ms_graph_function *functions;
	size_t function_count;
	struct ms_frame_functions names;
	struct ms_graph_edge *edges;
	size_t edge_count, edge_capacity;
	struct ms_map known; /* a hash of caller, callee and line to edge + 1 */
};

/* MS_OK or MS_ENOMEM; release it in each case. */
MS_MUST_CHECK ms_status ms_function_graph_init(struct ms_function_graph *graph,
					       const struct ms_profile *profile,
					       bool lines, struct ms_error *err);
void ms_function_graph_release(struct ms_function_graph *graph);

#endif
