/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sizes_report.c - the sizes that were asked for.
 *
 * Classes are those of a snapshot of the end; exact sizes come from a pass of their own.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/facade/choose.h"
#include "analyzer/facade/view.h"

#include <stdlib.h>

#define TEXT_ROWS 20

struct report {
	struct memscope *m;
	struct memscope_sizes_options options;
	struct ms_doc doc;
	struct ms_size_row *rows; /* of all traces */
	size_t count, capacity;
	struct ms_map by_size; /* to 1 + an index */
	uint64_t other_blocks;
	bool estimated, no_calls, no_events;
};

/* --- classes --------------------------------------------------------------------------
 */

static void add_class(struct report *r, json_t *rows, const struct ms_views *views,
		      unsigned c)
{
	uint64_t from = c ? UINT64_C(1) << (c - 1) : 0;
	struct ms_figures sum = { 0 };
	json_t *row;

	for (size_t i = 0; i < r->m->count; i++) {
		struct ms_figures figures = ms_view_size_class(views, i, c);

		ms_figures_add(&sum, &figures);
	}
	if (!sum.allocations && !sum.live_blocks)
		return;
	row = ms_doc_append(&r->doc, rows);
	ms_doc_text(&r->doc, row, "row", "class");
	ms_doc_u64(&r->doc, row, "size_from", from);
	ms_doc_u64(&r->doc, row, "size_to", from ? from * 2 - 1 : 0);
	ms_doc_figures(&r->doc, row, &sum);
}

static ms_status add_classes(struct report *r, struct ms_error *err)
{
	json_t *rows = ms_doc_array(&r->doc, r->doc.root, "classes");
	const struct memscope_time end = { 0 };
	struct ms_views views;
	ms_status status =
		ms_views_init(&views, r->m, &end, &r->options.filter, false, err);

	if (status != MS_OK)
		return status;
	for (unsigned c = 0; c < MS_SIZE_CLASSES && !r->doc.failed; c++)
		add_class(r, rows, &views, c);
	ms_views_release(&views);
	return MS_OK;
}

/* --- exact sizes ----------------------------------------------------------------------
 */

static ms_status add_size(struct report *r, const struct ms_size_row *row,
			  struct ms_error *err)
{
	uint64_t *index = ms_map_at(&r->by_size, row->size, NULL);
	struct ms_size_row *sum;

	if (!index ||
	    ms_grow((void **)&r->rows, &r->capacity, r->count, sizeof(*r->rows)) < 0)
		return ms_fail_memory(err);
	if (!*index) {
		r->rows[r->count] = (struct ms_size_row){ .size = row->size };
		*index = ++r->count;
	}
	sum = &r->rows[*index - 1];
	sum->blocks += row->blocks;
	sum->live_blocks += row->live_blocks;
	sum->block_variance += row->block_variance;
	sum->live_variance += row->live_variance;
	return MS_OK;
}

static ms_status add_trace(struct report *r, const struct ms_trace *trace,
			   struct ms_error *err)
{
	struct ms_unknown unknown = ms_unknown_at(trace, trace->duration_ns);
	struct ms_sizes sizes = { 0 };
	struct ms_choice choice;
	ms_status status = ms_choice_init(&choice, r->m, trace, &r->options.filter,
					  "counting sizes", err);

	if (status == MS_OK)
		status = ms_sizes_init(&sizes, &choice.pass, err);
	ms_choice_release(&choice);
	r->estimated |= choice.pass.sample_bytes != 0;
	r->no_events |= unknown.events;
	r->no_calls |= unknown.calls;
	r->other_blocks += sizes.other_blocks;
	for (size_t i = 0; status == MS_OK && i < sizes.count; i++)
		status = add_size(r, &sizes.rows[i], err);
	ms_sizes_release(&sizes);
	return status;
}

static int most_frequent_first(const void *a, const void *b)
{
	const struct ms_size_row *x = a, *y = b;

	if (x->blocks != y->blocks)
		return x->blocks < y->blocks ? 1 : -1;
	return x->size < y->size ? -1 : x->size > y->size;
}

/* Sums of one size: a product that does not fit is the largest number there is. */
static uint64_t bytes_of(uint64_t size, uint64_t blocks)
{
	uint64_t bytes;

	return __builtin_mul_overflow(size, blocks, &bytes) ? UINT64_MAX : bytes;
}

static void add_row(struct report *r, json_t *rows, const struct ms_size_row *size)
{
	json_t *row = ms_doc_append(&r->doc, rows);
	double squared = (double)size->size * (double)size->size;
	const struct ms_estimate figures[] = {
		{ "allocations", size->blocks, r->no_calls, size->block_variance },
		{ "allocated", bytes_of(size->size, size->blocks), r->no_calls,
		  size->block_variance * squared },
		{ "live_blocks", size->live_blocks, r->no_events, size->live_variance },
		{ "live_bytes", bytes_of(size->size, size->live_blocks), r->no_events,
		  size->live_variance * squared },
	};

	ms_doc_text(&r->doc, row, "row", "size");
	ms_doc_u64(&r->doc, row, "size_from", size->size);
	ms_doc_u64(&r->doc, row, "size_to", size->size);
	ms_doc_estimates(&r->doc, row, figures, sizeof(figures) / sizeof(figures[0]),
			 r->estimated);
}

static ms_status compose(struct report *r, struct ms_error *err)
{
	ms_status status = MS_OK;
	json_t *rows;

	ms_doc_head(&r->doc, r->m, &r->options.filter);
	for (size_t i = 0; status == MS_OK && i < r->m->count; i++)
		status = add_trace(r, &r->m->traces[i], err);
	if (status == MS_OK)
		status = add_classes(r, err);
	if (status != MS_OK)
		return status;
	if (r->count)
		qsort(r->rows, r->count, sizeof(*r->rows), most_frequent_first);
	ms_doc_value(&r->doc, r->doc.root, "distinct_sizes",
		     r->no_calls || r->estimated || r->other_blocks
			     ? json_null()
			     : ms_json_number(r->count));
	ms_doc_value(&r->doc, r->doc.root, "other_blocks",
		     r->no_calls ? json_null() : ms_json_number(r->other_blocks));
	rows = ms_doc_array(&r->doc, r->doc.root, "sizes");
	for (size_t i = 0; i < r->count && !r->doc.failed; i++) {
		if (r->options.top && i == r->options.top)
			break;
		add_row(r, rows, &r->rows[i]);
	}
	return MS_OK;
}

int memscope_sizes(struct memscope *m, const struct memscope_sizes_options *options,
		   const struct memscope_output *output, struct memscope_error *err)
{
	struct report r = { .m = m };
	struct ms_error *own = ms_own_error(err);
	json_t *document;
	ms_status status;

	if (options)
		r.options = *options;
	if (r.options.top == 0 && output->format == MEMSCOPE_TEXT)
		r.options.top = TEXT_ROWS;
	ms_map_init(&r.by_size);
	ms_doc_init(&r.doc);
	status = compose(&r, own);
	ms_map_release(&r.by_size);
	ms_free(r.rows);
	document = ms_doc_take(&r.doc);
	if (status == MS_OK)
		return ms_facade_print(document, ms_render_sizes, output, own);
	json_decref(document);
	return status;
}
