/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flame_report.c - a flame graph as a document: its nodes in order, each after its
 * caller.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/facade/choose.h"
#include "analyzer/facade/flame_facade.h"
#include "analyzer/facade/times.h"

#define MILLION	  1000000
#define LEAST_PPM 5000

struct report {
	const struct memscope_flame_options *options;
	struct ms_profile_ask ask;
	struct ms_flame flame;
	uint64_t least_ppm;
	struct ms_doc doc;
	json_t *rows;
	uint32_t *row_of; /* + 1, of each node that is shown */
	uint32_t *level;  /* of the branch that each is on */
	size_t row_count;
};

/* --- which are shown ------------------------------------------------------------------
 */

static bool is_shown(const struct report *r, uint32_t i)
{
	const struct ms_flame_node *node = &r->flame.nodes[i];

	return node->value && (!r->options->depth || node->depth <= r->options->depth) &&
	       (unsigned __int128)node->value * MILLION >=
		       (unsigned __int128)r->flame.nodes[0].value * r->least_ppm;
}

/* The first of a node and its later siblings that is shown; 0: none is. */
static uint32_t first_shown(const struct report *r, uint32_t i)
{
	while (i && !is_shown(r, i))
		i = r->flame.nodes[i].next;
	return i;
}

static size_t count_hidden(const struct report *r)
{
	size_t count = 0;

	for (uint32_t i = 1; i < r->flame.node_count; i++) {
		bool above =
			!r->flame.nodes[i].parent || r->row_of[r->flame.nodes[i].parent];

		count += above && r->flame.nodes[i].value && !r->row_of[i];
	}
	return count;
}

/* --- rows -----------------------------------------------------------------------------
 */

static void add_row(struct report *r, uint32_t i)
{
	const struct ms_flame_node *node = &r->flame.nodes[i];
	const struct ms_flame_frame *frame = &r->flame.frames[node->frame];
	uint32_t next = first_shown(r, node->next);
	bool branch = next || first_shown(r, r->flame.nodes[node->parent].first) != i;
	json_t *row = ms_doc_append(&r->doc, r->rows);
	uint64_t whole = r->flame.nodes[0].value;

	r->row_of[i] = (uint32_t)++r->row_count;
	r->level[i] = r->level[node->parent] + branch;
	ms_doc_u64(&r->doc, row, "depth", node->depth);
	ms_doc_value(&r->doc, row, "caller",
		     node->parent ? ms_json_number(r->row_of[node->parent] - 1)
				  : json_null());
	ms_doc_text(&r->doc, row, "name", frame->name);
	ms_doc_text(&r->doc, row, "module", *frame->module ? frame->module : NULL);
	ms_doc_u64(&r->doc, row, "value", node->value);
	ms_doc_u64(&r->doc, row, "self", node->self);
	ms_doc_value(&r->doc, row, "percent",
		     json_real(whole ? 100.0 * (double)node->value / (double)whole : 0));
	ms_doc_u64(&r->doc, row, "level", r->level[i]);
	ms_doc_bool(&r->doc, row, "branch", branch);
	ms_doc_bool(&r->doc, row, "last", !next);
}

/* Callers before what they call, without recursion: stacks may be very deep. */
static void add_rows(struct report *r)
{
	const struct ms_flame_node *nodes = r->flame.nodes;
	uint32_t i = first_shown(r, nodes[0].first);

	while (i && !r->doc.failed) {
		uint32_t next;

		add_row(r, i);
		next = first_shown(r, nodes[i].first);
		for (; !next && i; i = nodes[i].parent)
			next = first_shown(r, nodes[i].next);
		i = next;
	}
}

static void add_head(struct report *r, struct memscope *m)
{
	const struct ms_metric_info *metric = &ms_metrics[r->ask.metric];
	struct ms_doc *doc = &r->doc;

	ms_doc_head(doc, m, &r->options->filter);
	ms_doc_at(doc, doc->root, &r->ask.at);
	ms_doc_text(doc, doc->root, "metric", metric->name);
	ms_doc_text(doc, doc->root, "title", metric->title);
	ms_doc_text(doc, doc->root, "unit", metric->bytes ? "bytes" : "blocks");
	ms_doc_u64(doc, doc->root, "total", r->flame.nodes[0].value);
	ms_doc_bool(doc, doc->root, "estimated", r->flame.estimated);
	ms_doc_bool(doc, doc->root, "inverted", r->options->inverted);
	ms_doc_value(doc, doc->root, "least_percent",
		     json_real((double)r->least_ppm / (MILLION / 100)));
	ms_doc_bool(doc, doc->root, "cut", r->flame.cut);
}

/* --- the document ---------------------------------------------------------------------
 */

static ms_status read_tree(struct report *r, struct memscope *m, struct ms_error *err)
{
	struct ms_profile *profile = NULL;
	struct ms_flame_ask flame = { .metric = r->ask.metric,
				      .inverted = r->options->inverted,
				      .after.process = MS_PROFILE_NONE };
	ms_status status = ms_profile_new(&profile, m, &r->ask, err);

	if (status == MS_OK)
		status = ms_profile_check(profile, r->ask.needs, err);
	flame.after.profile = profile;
	if (status == MS_OK)
		status = ms_flame_init(&r->flame, &flame, err);
	ms_profile_free(profile);
	return status;
}

static json_t *compose(struct report *r, struct memscope *m)
{
	r->row_of = ms_alloc_zero(r->flame.node_count, sizeof(*r->row_of));
	r->level = ms_alloc_zero(r->flame.node_count, sizeof(*r->level));
	if (!r->row_of || !r->level)
		return NULL;
	ms_doc_init(&r->doc);
	add_head(r, m);
	r->rows = ms_doc_array(&r->doc, r->doc.root, "rows");
	add_rows(r);
	ms_doc_u64(&r->doc, r->doc.root, "hidden", count_hidden(r));
	return ms_doc_take(&r->doc);
}

int memscope_flame(struct memscope *m, const struct memscope_flame_options *options,
		   const struct memscope_output *output, struct memscope_error *err)
{
	static const struct memscope_flame_options none;
	struct report r = { .options = options ? options : &none };
	struct ms_error *own = ms_own_error(err);
	json_t *document;
	ms_status status;

	r.least_ppm = r.options->use_least ? r.options->least_ppm : LEAST_PPM;
	status = ms_profile_ask_init(&r.ask, r.options->metric,
				     r.options->use_at ? &r.options->at : NULL,
				     &r.options->filter, own);
	if (status == MS_OK)
		status = read_tree(&r, m, own);
	document = status == MS_OK ? compose(&r, m) : NULL;
	ms_flame_release(&r.flame);
	ms_free(r.row_of);
	ms_free(r.level);
	return status == MS_OK ? ms_facade_print(document, ms_render_flame, output, own)
			       : (int)status;
}
