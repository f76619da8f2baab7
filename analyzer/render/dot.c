/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dot.c - the call graph for Graphviz: functions by what was asked for in and below them.
 *
 * What matters little is left out, as gprof2dot does: functions below half a percent of
 * the whole, calls below a tenth.  The darker, the more.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/base/escape.h"
#include "analyzer/render/formats.h"
#include "analyzer/render/function_graph.h"
#include "analyzer/render/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LEAST_NODE 200	/* of the whole, one part in that many */
#define LEAST_EDGE 1000 /* the same of calls */
#define LONGEST	   80	/* columns of a name */

/* Inside a quoted string: a name is text, and its backslashes are no line breaks. */
static void write_quoted(struct ms_writer *writer, const char *text)
{
	char part[LONGEST + 1], safe[8 * LONGEST];

	ms_short_name(part, sizeof(part), text);
	ms_escape(safe, sizeof(safe), part, strlen(part));
	for (const char *c = safe; *c; c++) {
		if (*c == '"' || *c == '\\')
			ms_write(writer, "\\", 1);
		ms_write(writer, c, 1);
	}
}

static void write_figure(struct ms_writer *writer, enum ms_metric metric, uint64_t value,
			 uint64_t whole)
{
	char figure[MS_HUMAN_BYTES], share[MS_HUMAN_BYTES];

	if (ms_metrics[metric].bytes)
		ms_human_size(figure, value);
	else
		ms_human_count(figure, value);
	ms_writef(writer, "%s (%s)", figure, ms_share_text(share, value, whole));
}

/* Hue from blue to red and the more saturated, the larger the share. */
static void write_colour(struct ms_writer *writer, uint64_t value, uint64_t whole)
{
	double share = whole ? (double)value / (double)whole : 0;

	ms_writef(writer, "\"%.3f %.3f %.3f\"", 0.6 * (1 - share), 0.15 + 0.55 * share,
		  1.0 - 0.15 * share);
}

static bool matters(uint64_t value, uint64_t whole, uint64_t least)
{
	return value && value >= whole / least;
}

static int write_node(struct ms_writer *writer, const struct ms_function_graph *graph,
		      size_t i, uint64_t whole)
{
	const struct ms_profile *profile = graph->profile;
	const struct ms_graph_function *f = &graph->functions[i];
	const struct ms_profile_frame *frame = &profile->frames[f->frame];
	const char *place =
		frame->file ? frame->file : ms_profile_module_path(profile, frame);
	struct ms_strbuf name;
	bool failed;

	ms_strbuf_init(&name);
	ms_profile_name(&name, profile, f->frame);
	ms_writef(writer, "\tf%zu [label=\"", i);
	write_quoted(writer, ms_strbuf_text(&name));
	if (place) {
		ms_write_text(writer, "\\n");
		write_quoted(writer, ms_base_name(place));
	}
	ms_write_text(writer, "\\n");
	write_figure(writer, profile->metric, f->inclusive[profile->metric], whole);
	if (f->self[profile->metric]) {
		ms_write_text(writer, "\\nitself ");
		write_figure(writer, profile->metric, f->self[profile->metric], whole);
	}
	ms_write_text(writer, "\", fillcolor=");
	write_colour(writer, f->inclusive[profile->metric], whole);
	ms_writef(writer, ", comment=\"%" PRIu64 " %" PRIu64 "\"];\n",
		  f->inclusive[profile->metric], f->self[profile->metric]);
	failed = name.failed;
	ms_strbuf_release(&name);
	return failed ? -1 : 0;
}

static void write_edge(struct ms_writer *writer, const struct ms_graph_edge *edge,
		       enum ms_metric metric, uint64_t whole)
{
	uint64_t value = edge->value[metric];
	double share = whole ? (double)value / (double)whole : 0;

	ms_writef(writer, "\tf%" PRIu32 " -> f%" PRIu32 " [label=\"", edge->caller,
		  edge->callee);
	write_figure(writer, metric, value, whole);
	ms_writef(writer, "\", penwidth=%.2f, comment=\"%" PRIu64 "\"];\n",
		  0.5 + 4 * share, value);
}

static ms_status write_graph(struct ms_writer *writer,
			     const struct ms_function_graph *graph, struct ms_error *err)
{
	enum ms_metric metric = graph->profile->metric;
	uint64_t whole = ms_profile_total(graph->profile, metric);
	size_t left_out = 0;

	for (size_t i = 0; i < graph->function_count; i++) {
		uint64_t value = graph->functions[i].inclusive[metric];

		if (!matters(value, whole, LEAST_NODE))
			left_out += value != 0;
		else if (write_node(writer, graph, i, whole) < 0)
			return ms_fail_memory(err);
	}
	for (size_t i = 0; i < graph->edge_count; i++) {
		const struct ms_graph_edge *e = &graph->edges[i];

		if (e->callee == MS_PROFILE_NONE ||
		    !matters(e->value[metric], whole, LEAST_EDGE) ||
		    !matters(graph->functions[e->caller].inclusive[metric], whole,
			     LEAST_NODE) ||
		    !matters(graph->functions[e->callee].inclusive[metric], whole,
			     LEAST_NODE))
			continue;
		write_edge(writer, e, metric, whole);
	}
	ms_writef(writer, "\tlabel=\"%s: ", ms_metrics[metric].title);
	write_figure(writer, metric, whole, whole);
	ms_writef(writer, "; %zu functions of less than 0.5 %% are not shown\";\n}\n",
		  left_out);
	return MS_OK;
}

ms_status ms_export_dot(struct ms_writer *writer, const struct ms_profile *profile,
			struct ms_error *err)
{
	struct ms_function_graph graph;
	ms_status status = ms_function_graph_init(&graph, profile, false, err);

	ms_write_text(writer, "digraph memscope {\n"
			      "\tnode [shape=box, style=filled, fontname=\"sans-serif\", "
			      "fontsize=10];\n"
			      "\tedge [fontname=\"sans-serif\", fontsize=9];\n"
			      "\tlabelloc=t;\n");
	if (status == MS_OK)
		status = write_graph(writer, &graph, err);
	ms_function_graph_release(&graph);
	return status;
}
