/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff_report.c - what is live before and after, as a document.
 */
#include "analyzer/facade/diff.h"
#include "analyzer/facade/times.h"

#include <math.h>

#define JSON_DEPTH 128
#define TEXT_ROWS  20

struct report {
	struct ms_diff diff;
	struct ms_doc doc;
	json_t *rows;
};

static const char *const group_names[MEMSCOPE_GROUP_NONE + 1] = {
	[MEMSCOPE_GROUP_SITE] = "site",	    [MEMSCOPE_GROUP_STACK] = "stack",
	[MEMSCOPE_GROUP_THREAD] = "thread", [MEMSCOPE_GROUP_MODULE] = "module",
	[MEMSCOPE_GROUP_SIZE] = "size",	    [MEMSCOPE_GROUP_FUNCTION] = "function",
	[MEMSCOPE_GROUP_FILE] = "file",	    [MEMSCOPE_GROUP_KIND] = "kind",
};

/* --- figures
 * ---------------------------------------------------------------------------- */

#define LIVE_LACKS (1u << MS_FIGURE_LIVE_BLOCKS | 1u << MS_FIGURE_LIVE_BYTES)

static json_t *error_of(double variance)
{
	double error = ceil(sqrt(variance));

	return ms_json_number(error < 0x1p62 ? (uint64_t)error : UINT64_C(1) << 62);
}

/* Of estimates: how far off each may be; a difference errs as both together. */
static void add_errors(struct ms_doc *doc, json_t *object,
		       const struct ms_figures *before, const struct ms_figures *after)
{
	const unsigned ids[] = { MS_FIGURE_LIVE_BYTES, MS_FIGURE_LIVE_BLOCKS };
	const char *const keys[][3] = {
		{ "before_bytes", "after_bytes", "change_bytes" },
		{ "before_blocks", "after_blocks", "change_blocks" },
	};
	json_t *errors;

	if (!((before->estimated | after->estimated) & LIVE_LACKS))
		return;
	ms_doc_bool(doc, object, "estimated", true);
	errors = ms_doc_object(doc, object, "errors");
	for (size_t i = 0; i < 2; i++) {
		double b = before->variance[ids[i]], a = after->variance[ids[i]];

		ms_doc_value(doc, errors, keys[i][0], error_of(b));
		ms_doc_value(doc, errors, keys[i][1], error_of(a));
		ms_doc_value(doc, errors, keys[i][2], error_of(a + b));
	}
}

static void add_figures(struct ms_doc *doc, json_t *object,
			const struct ms_figures *before, const struct ms_figures *after)
{
	const struct {
		const char *key;
		uint64_t value;
	} rows[] = {
		{ "before_bytes", before->live_bytes },
		{ "before_blocks", before->live_blocks },
		{ "after_bytes", after->live_bytes },
		{ "after_blocks", after->live_blocks },
	};
	bool told = !((before->absent | after->absent) & LIVE_LACKS);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned absent = i < 2 ? before->absent : after->absent;

		ms_doc_value(doc, object, rows[i].key,
			     absent & LIVE_LACKS ? json_null()
						 : ms_json_number(rows[i].value));
	}
	ms_doc_value(
		doc, object, "change_bytes",
		told ? json_integer((json_int_t)(after->live_bytes - before->live_bytes))
		     : json_null());
	ms_doc_value(doc, object, "change_blocks",
		     told ? json_integer((json_int_t)(after->live_blocks -
						      before->live_blocks))
			  : json_null());
	if (told)
		add_errors(doc, object, before, after);
}

/* --- rows
 * ------------------------------------------------------------------------------- */

static void name_size(struct report *r, json_t *row, uint64_t c)
{
	ms_doc_u64(&r->doc, row, "size_from", c ? UINT64_C(1) << (c - 1) : 0);
	ms_doc_u64(&r->doc, row, "size_to",
		   c == 0 ? 0 : (UINT64_C(1) << (c - 1)) * 2 - 1);
}

static void name_thread(struct report *r, json_t *row, const struct ms_diff_row *from)
{
	const struct ms_trace *trace = &r->diff.m->traces[from->trace];
	const struct ms_thread *thread = ms_metadata_thread(trace->meta, from->stack);
	bool one = !r->diff.options.two_traces;

	ms_doc_value(&r->doc, row, "pid",
		     one ? ms_json_number(ms_metadata_process(trace->meta)->pid)
			 : json_null());
	ms_doc_value(&r->doc, row, "tid",
		     one && thread ? ms_json_number(thread->tid) : json_null());
	ms_doc_text(&r->doc, row, "name", thread && *thread->name ? thread->name : NULL);
}

static ms_status name_frame(struct report *r, json_t *row, const struct ms_diff_row *from,
			    struct ms_error *err)
{
	/* A copy: the frames of stacks are added to the same vector. */
	struct ms_frame frame = r->diff.normal.seen.items[from->frame].frame;
	unsigned depth = r->diff.options.depth ? r->diff.options.depth : JSON_DEPTH;

	switch (r->diff.options.by) {
	case MEMSCOPE_GROUP_KIND:
		ms_doc_text(&r->doc, row, "kind", frame.function);
		return MS_OK;
	case MEMSCOPE_GROUP_FUNCTION:
		ms_doc_text(&r->doc, row, "function", frame.function);
		/* fall through */
	case MEMSCOPE_GROUP_FILE:
		ms_doc_text(&r->doc, row, "file", frame.file);
		/* fall through */
	case MEMSCOPE_GROUP_MODULE:
		ms_doc_text(&r->doc, row, "module", frame.module);
		return MS_OK;
	default:
		ms_doc_frame(&r->doc, row, &frame);
		return ms_doc_stack(&r->doc, row, "stack", &r->diff.normal.seen,
				    r->diff.m->traces[from->trace].meta, from->stack,
				    depth, err);
	}
}

static ms_status add_row(struct report *r, const struct ms_diff_row *from,
			 struct ms_error *err)
{
	json_t *row = ms_doc_append(&r->doc, r->rows);

	ms_doc_text(&r->doc, row, "class", ms_diff_class_names[from->class]);
	add_figures(&r->doc, row, &from->before, &from->after);
	if (r->diff.options.by == MEMSCOPE_GROUP_SIZE)
		name_size(r, row, from->key);
	else if (r->diff.options.by == MEMSCOPE_GROUP_THREAD)
		name_thread(r, row, from);
	else
		return name_frame(r, row, from, err);
	return MS_OK;
}

static ms_status add_rows(struct report *r, struct ms_error *err)
{
	ms_status status = MS_OK;
	unsigned rows = 0;

	r->rows = ms_doc_array(&r->doc, r->doc.root, "rows");
	for (size_t i = 0; status == MS_OK && !r->doc.failed && i < r->diff.count; i++) {
		if (r->diff.options.top && rows == r->diff.options.top)
			break;
		if (r->diff.rows[i].class == MS_DIFF_SAME && !r->diff.options.all)
			continue;
		status = add_row(r, &r->diff.rows[i], err);
		rows++;
	}
	return status;
}

/* --- the document
 * ----------------------------------------------------------------------- */

/* The processes of one side, and the sum of what is live there. */
static void add_side(struct report *r, const char *key, const struct ms_views *views,
		     const struct memscope_time *at, size_t from, size_t to)
{
	json_t *object = ms_doc_object(&r->doc, r->doc.root, key);
	struct ms_known totals = { 0 };
	json_t *array;

	ms_doc_at(&r->doc, object, at);
	array = ms_doc_array(&r->doc, object, "processes");
	for (size_t i = from; i < to; i++) {
		json_t *row = ms_doc_append(&r->doc, array);
		struct ms_known known;

		ms_doc_text(&r->doc, row, "path", r->diff.m->traces[i].path);
		ms_doc_process(&r->doc, row, &r->diff.m->traces[i]);
		ms_doc_u64(&r->doc, row, "at_ns", ms_view_at_ns(views, i));
		ms_view_known(views, i, &known);
		ms_known_add(&totals, &known);
	}
	ms_doc_totals(&r->doc, ms_doc_object(&r->doc, object, "totals"), &totals);
}

static void add_head(struct report *r)
{
	const struct memscope_diff_options *options = &r->diff.options;
	size_t count = r->diff.m->count;
	static const struct memscope_time start = { .kind = MEMSCOPE_AT_START };
	const struct memscope_time *from = options->use_from ? &options->from : &start;
	json_t *classes;

	ms_doc_u64(&r->doc, r->doc.root, "version", 1);
	ms_doc_text(&r->doc, r->doc.root, "compared",
		    options->two_traces ? "traces" : "instants");
	if (options->two_traces) {
		add_side(r, "before", &r->diff.second, &options->to, 0, 1);
		add_side(r, "after", &r->diff.second, &options->to, 1, 2);
	} else {
		add_side(r, "before", &r->diff.first, from, 0, count);
		add_side(r, "after", &r->diff.second, &options->to, 0, count);
	}
	ms_doc_filter(&r->doc, r->doc.root, &options->filter);
	add_figures(&r->doc, ms_doc_object(&r->doc, r->doc.root, "change"),
		    &r->diff.before, &r->diff.after);
	classes = ms_doc_object(&r->doc, r->doc.root, "groups");
	for (unsigned c = 0; c < MS_DIFF_CLASSES; c++)
		ms_doc_u64(&r->doc, classes, ms_diff_class_names[c], r->diff.in_class[c]);
	ms_doc_text(&r->doc, r->doc.root, "by", group_names[options->by]);
	ms_doc_u64(&r->doc, r->doc.root, "top", options->top);
}

int memscope_diff(struct memscope *m, const struct memscope_diff_options *options,
		  const struct memscope_output *output, struct memscope_error *err)
{
	struct memscope_diff_options defaults = { 0 };
	struct ms_error *own = ms_own_error(err);
	struct report r = { 0 };
	json_t *document;
	ms_status status;

	if (options)
		defaults = *options;
	if (defaults.top == 0 && output->format == MEMSCOPE_TEXT)
		defaults.top = TEXT_ROWS;
	status = ms_diff_init(&r.diff, m, &defaults, own);
	if (status != MS_OK)
		return status;
	ms_doc_init(&r.doc);
	add_head(&r);
	status = add_rows(&r, own);
	document = ms_doc_take(&r.doc);
	ms_diff_release(&r.diff);
	if (status == MS_OK)
		return ms_facade_print(document, ms_render_diff, output, own);
	json_decref(document);
	return status;
}
