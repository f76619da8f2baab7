/* SPDX-License-Identifier: Apache-2.0 */
/*
 * svg_report.c - a flame graph of traces, or of what changed in them.
 *
 * What is compared is what diff compares: the same views at the same instants, and frames
 * of two traces made alike in the same way, so that the totals are the same.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/facade/flame_facade.h"
#include "common/units.h"

#include <stdio.h>

#define WIDTH 1200

struct graph {
	struct memscope *m;
	const struct memscope_render_options *options;
	struct ms_profile_ask ask;
	struct ms_profile *after, *before;
	struct ms_normal normal; /* of two traces */
	struct ms_flame flame;
};

static ms_status read_profile(struct graph *g, const struct ms_profile_ask *ask,
			      struct ms_profile **out, struct ms_error *err)
{
	ms_status status = ms_profile_new(out, g->m, ask, err);

	return status == MS_OK ? ms_profile_check(*out, ask->needs, err) : status;
}

/* Both sides are whole heaps: from and to are instants, and choose no blocks. */
static ms_status read_instants(struct graph *g, struct ms_flame_ask *flame,
			       struct ms_error *err)
{
	static const struct memscope_time start = { .kind = MEMSCOPE_AT_START };
	static const struct memscope_time end = { .kind = MEMSCOPE_AT_END };
	const struct memscope_filter *filter = &g->options->filter;
	struct ms_profile_ask ask = g->ask;
	ms_status status;

	ask.filter.use_from = ask.filter.use_to = 0;
	ask.at = filter->use_to ? filter->to : end;
	ask.at_end = ask.at.kind == MEMSCOPE_AT_END;
	status = read_profile(g, &ask, &g->after, err);
	if (status != MS_OK)
		return status;
	ask.at = filter->use_from ? filter->from : start;
	ask.at_end = ask.at.kind == MEMSCOPE_AT_END;
	status = read_profile(g, &ask, &g->before, err);
	flame->before = (struct ms_flame_side){ g->before, MS_PROFILE_NONE };
	return status;
}

static ms_status read_traces(struct graph *g, struct ms_flame_ask *flame,
			     struct ms_error *err)
{
	ms_status status;

	if (g->m->count != 2)
		return ms_fail(err, MS_EUSAGE, "two traces can be compared, not %zu",
			       g->m->count);
	ms_normal_init(&g->normal, g->m, true, false);
	g->ask.normal = &g->normal;
	status = read_profile(g, &g->ask, &g->after, err);
	flame->before = (struct ms_flame_side){ g->after, 0 };
	flame->after.process = 1;
	return status;
}

static ms_status read_one(struct graph *g, struct ms_flame_ask *flame,
			  struct ms_error *err)
{
	(void)flame;
	return read_profile(g, &g->ask, &g->after, err);
}

typedef ms_status read_fn(struct graph *g, struct ms_flame_ask *flame,
			  struct ms_error *err);

static read_fn *const readers[] = {
	[MEMSCOPE_COMPARE_NOT] = read_one,
	[MEMSCOPE_COMPARE_INSTANTS] = read_instants,
	[MEMSCOPE_COMPARE_TRACES] = read_traces,
};

static ms_status fill(struct graph *g, struct ms_error *err)
{
	struct ms_flame_ask flame = { .metric = g->ask.metric,
				      .inverted = g->options->inverted,
				      .by_name = true,
				      .after.process = MS_PROFILE_NONE };
	ms_status status = readers[g->options->compare](g, &flame, err);

	if (status != MS_OK)
		return status;
	flame.after.profile = g->after;
	return ms_flame_init(&g->flame, &flame, err);
}

/* --- what is said of it ---------------------------------------------------------------
 */

static bool is_filtered(const struct memscope_filter *f, bool compared)
{
	return f->thread || f->use_size || f->site || f->function || f->file ||
	       f->module || f->live || f->freed || f->use_lifetime ||
	       (!compared && (f->use_from || f->use_to));
}

/* At which instant, where that matters and there is one. */
static void describe(struct graph *g, struct ms_strbuf *text)
{
	const struct ms_profile_process *process = &g->after->processes[0];
	bool compared = g->options->compare != MEMSCOPE_COMPARE_NOT;
	bool live = g->ask.metric == MS_METRIC_LIVE_BYTES ||
		    g->ask.metric == MS_METRIC_LIVE_BLOCKS;
	char from[MS_HUMAN_BYTES], to[MS_HUMAN_BYTES];

	if (g->m->count == 1 && compared)
		ms_strbuf_appendf(text, ", from %s to %s",
				  ms_human_time(from, g->before->processes[0].at_ns),
				  ms_human_time(to, process->at_ns));
	else if (g->m->count == 1 && live)
		ms_strbuf_appendf(text, " after %s", ms_human_time(to, process->at_ns));
	if (is_filtered(&g->options->filter, compared))
		ms_strbuf_adds(text, ", of the blocks that were asked for");
}

static void name(struct graph *g, struct ms_strbuf *text)
{
	const char *command = g->after->processes[g->m->count - 1].command;

	if (g->options->title) {
		ms_strbuf_adds(text, g->options->title);
		return;
	}
	ms_strbuf_adds(text, command && *command ? command : "(unknown command)");
	if (g->options->compare == MEMSCOPE_COMPARE_TRACES)
		ms_strbuf_adds(text, ", beside the run before");
	else if (g->m->count > 1)
		ms_strbuf_appendf(text, " and %zu more", g->m->count - 1);
}

static ms_status print(struct graph *g, const struct memscope_output *output,
		       struct ms_error *err)
{
	struct ms_writer *writer = ms_facade_writer(output);
	struct ms_svg svg = { .width = g->options->width ? g->options->width : WIDTH };
	struct ms_strbuf title, detail;
	ms_status status, finished;

	if (!writer)
		return ms_fail_memory(err);
	ms_strbuf_init(&title);
	ms_strbuf_init(&detail);
	name(g, &title);
	describe(g, &detail);
	svg.title = ms_strbuf_text(&title);
	svg.detail = ms_strbuf_text(&detail);
	status = title.failed || detail.failed
			 ? ms_fail_memory(err)
			 : ms_render_svg(writer, &g->flame, &svg, err);
	finished = ms_writer_finish(writer, status == MS_OK ? err : NULL);
	ms_strbuf_release(&title);
	ms_strbuf_release(&detail);
	ms_free(writer);
	return status != MS_OK ? status : finished;
}

static ms_status check(const struct memscope_render_options *o, struct ms_error *err)
{
	if ((unsigned)o->compare > MEMSCOPE_COMPARE_TRACES)
		return ms_fail(err, MS_EUSAGE, "no such comparison");
	if (o->width && (o->width < MS_SVG_LEAST || o->width > MS_SVG_MOST))
		return ms_fail(err, MS_EUSAGE, "a graph is %u to %u pixels wide, not %u",
			       MS_SVG_LEAST, MS_SVG_MOST, o->width);
	if (o->compare == MEMSCOPE_COMPARE_INSTANTS && o->use_at)
		return ms_fail(err, MS_EUSAGE,
			       "two instants are \"from\" and \"to\", not \"at\"");
	if (o->compare && o->filter.freed)
		return ms_fail(err, MS_EUSAGE, "what was freed is live on neither side");
	return MS_OK;
}

ms_status ms_facade_svg(struct memscope *m, const struct memscope_render_options *options,
			const struct ms_profile_ask *ask,
			const struct memscope_output *output, struct ms_error *err)
{
	struct graph g = { .m = m, .options = options, .ask = *ask };
	ms_status status = check(options, err);

	if (status == MS_OK)
		status = fill(&g, err);
	if (status == MS_OK)
		status = print(&g, output, err);
	ms_flame_release(&g.flame);
	ms_profile_free(g.after);
	ms_profile_free(g.before);
	if (g.ask.normal)
		ms_normal_release(&g.normal);
	return status;
}
