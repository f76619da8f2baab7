/* SPDX-License-Identifier: Apache-2.0 */
/*
 * callgrind.c - costs of functions and of their calls, as callgrind writes them.
 *
 * The form is in Valgrind's manual, "Callgrind Format Specification".  Each metric is an
 * event.  Names end at the end of their line, so that line ends in them are escaped.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/render/formats.h"
#include "analyzer/render/function_graph.h"
#include "analyzer/render/parts.h"

#include <inttypes.h>
#include <stdlib.h>

static const char *const events[MS_METRICS] = {
	[MS_METRIC_LIVE_BYTES] = "Live",
	[MS_METRIC_LIVE_BLOCKS] = "LiveBlocks",
	[MS_METRIC_PEAK_BYTES] = "Peak",
	[MS_METRIC_PEAK_BLOCKS] = "PeakBlocks",
	[MS_METRIC_ALLOCATED] = "Bytes",
	[MS_METRIC_ALLOCATIONS] = "Allocations",
	[MS_METRIC_TEMPORARY] = "Temporary",
	[MS_METRIC_LEAKED_BYTES] = "Leaked",
	[MS_METRIC_LEAKED_BLOCKS] = "LeakedBlocks",
};

static void write_costs(struct ms_writer *writer, const struct ms_profile *profile,
			const uint64_t value[MS_METRICS])
{
	for (unsigned i = 0; i < MS_METRICS; i++) {
		enum ms_metric metric = ms_metric_order[i];

		if (!(profile->absent & 1u << metric))
			ms_writef(writer, " %" PRIu64, value[metric]);
	}
	ms_write_text(writer, "\n");
}

static void write_head(struct ms_writer *writer, const struct ms_profile *profile)
{
	uint64_t totals[MS_METRICS];

	ms_writef(writer,
		  "# callgrind format\nversion: 1\ncreator: memscope " MS_VERSION
		  "\npid: %" PRIu64 "\ncmd: ",
		  profile->processes[0].pid);
	ms_write_escaped(writer, profile->processes[0].command, 0);
	ms_write_text(writer, "\npart: 1\n\npositions: line\nevents:");
	for (unsigned i = 0; i < MS_METRICS; i++) {
		totals[i] = ms_profile_total(profile, (enum ms_metric)i);
		if (!(profile->absent & 1u << ms_metric_order[i]))
			ms_writef(writer, " %s", events[ms_metric_order[i]]);
	}
	ms_write_text(writer, "\nsummary:");
	write_costs(writer, profile, totals);
}

/* "ob=", "fl=" and "fn=" of a function, or those of a callee. */
static int write_function(struct ms_writer *writer, const struct ms_function_graph *graph,
			  uint32_t function, const char *const keys[3])
{
	const struct ms_profile *profile = graph->profile;
	uint32_t frame = graph->functions[function].frame;
	const struct ms_profile_frame *f = &profile->frames[frame];
	const char *module = ms_profile_module_path(profile, f);
	struct ms_strbuf name;
	bool failed;

	ms_strbuf_init(&name);
	ms_profile_name(&name, profile, frame);
	ms_write_text(writer, keys[0]);
	ms_write_escaped(writer, module ? module : "???", 0);
	ms_writef(writer, "\n%s", keys[1]);
	ms_write_escaped(writer, f->file ? f->file : "???", 0);
	/* Numbered, so that a name that looks like a number is none. */
	ms_writef(writer, "\n%s(%" PRIu32 ") ", keys[2], function + 1);
	ms_write_escaped(writer, ms_strbuf_text(&name), 0);
	ms_write_text(writer, "\n");
	failed = name.failed;
	ms_strbuf_release(&name);
	return failed ? -1 : 0;
}

static int by_caller(const void *a, const void *b)
{
	const struct ms_graph_edge *x = a, *y = b;

	if (x->caller != y->caller)
		return x->caller < y->caller ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	/* What it asked for itself comes first. */
	return x->callee + 1 < y->callee + 1 ? -1 : x->callee + 1 > y->callee + 1;
}

static int write_edge(struct ms_writer *writer, const struct ms_function_graph *graph,
		      const struct ms_graph_edge *edge)
{
	static const char *const callee[3] = { "cob=", "cfi=", "cfn=" };
	/* How often it called is not known: how many allocations came of it is. */
	uint64_t calls = edge->value[MS_METRIC_ALLOCATIONS];

	if (edge->callee != MS_PROFILE_NONE) {
		if (write_function(writer, graph, edge->callee, callee) < 0)
			return -1;
		ms_writef(writer, "calls=%" PRIu64 " %" PRIu32 "\n", calls ? calls : 1,
			  edge->callee_line);
	}
	ms_writef(writer, "%" PRIu32, edge->line);
	write_costs(writer, graph->profile, edge->value);
	return 0;
}

ms_status ms_export_callgrind(struct ms_writer *writer, const struct ms_profile *profile,
			      struct ms_error *err)
{
	static const char *const caller[3] = { "\nob=", "fl=", "fn=" };
	struct ms_function_graph graph;
	ms_status status = ms_function_graph_init(&graph, profile, true, err);
	uint32_t last = MS_PROFILE_NONE;
	int failed = 0;

	if (status == MS_OK)
		write_head(writer, profile);
	if (status == MS_OK && graph.edge_count)
		qsort(graph.edges, graph.edge_count, sizeof(*graph.edges), by_caller);
	for (size_t i = 0; status == MS_OK && !failed && i < graph.edge_count; i++) {
		if (graph.edges[i].caller != last)
			failed = write_function(writer, &graph, graph.edges[i].caller,
						caller) < 0;
		last = graph.edges[i].caller;
		if (!failed)
			failed = write_edge(writer, &graph, &graph.edges[i]) < 0;
	}
	ms_function_graph_release(&graph);
	return failed ? ms_fail_memory(err) : status;
}
