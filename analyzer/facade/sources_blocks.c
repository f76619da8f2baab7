/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources_blocks.c - the tables allocations and live: one row a block.
 *
 * What is asked decides how much is read: a block's birth is one event; its end needs the
 * events up to there, applied to a heap; its chain of reallocs all events before, too.
 */
#include "analyzer/facade/block_scan.h"
#include "analyzer/base/alloc.h"

#include <string.h>

/* --- values of a block ----------------------------------------------------------------
 */

static const char *const ended_names[] = {
	[MS_ENDED_NOT] = NULL,
	[MS_ENDED_FREE] = "free",
	[MS_ENDED_REALLOC] = "realloc",
	[MS_ENDED_LOST] = "lost",
};

static struct ms_value trace_number(const struct ms_block_view *v)
{
	return ms_number(v->trace + 1);
}

static struct ms_value process(const struct ms_block_view *v)
{
	return ms_number(ms_metadata_process(v->meta)->pid);
}

static struct ms_value address(const struct ms_block_view *v)
{
	return ms_number(v->row->block.address);
}

static struct ms_value size(const struct ms_block_view *v)
{
	return ms_number(v->row->block.size);
}

static struct ms_value align(const struct ms_block_view *v)
{
	unsigned log2 = v->row->block.align_log2;

	return ms_number_if(log2 && log2 < 64, UINT64_C(1) << (log2 & 63));
}

static struct ms_value kind(const struct ms_block_view *v)
{
	return ms_text(ms_event_kind_info(v->row->block.kind)->name);
}

static struct ms_value t_alloc(const struct ms_block_view *v)
{
	return ms_number(v->row->block.at_ns);
}

static struct ms_value thread(const struct ms_block_view *v)
{
	return ms_thread_value(v->meta, v->row->block.thread);
}

static struct ms_value stack(const struct ms_block_view *v)
{
	return ms_number_if(v->row->block.stack, v->row->block.stack);
}

static bool was_freed(const struct ms_block_view *v)
{
	return v->row->ended == MS_ENDED_FREE || v->row->ended == MS_ENDED_REALLOC;
}

static struct ms_value t_free(const struct ms_block_view *v)
{
	return ms_number_if(v->row->ended, v->row->end_ns);
}

static struct ms_value lifetime(const struct ms_block_view *v)
{
	uint64_t from = v->row->block.at_ns, to = v->row->end_ns;

	return ms_number_if(v->row->ended, to > from ? to - from : 0);
}

static struct ms_value ended(const struct ms_block_view *v)
{
	return ms_text(ended_names[v->row->ended]);
}

static struct ms_value free_kind(const struct ms_block_view *v)
{
	return ms_text(was_freed(v) ? ms_event_kind_info(v->row->end_kind)->name : NULL);
}

static struct ms_value free_thread(const struct ms_block_view *v)
{
	struct ms_value value = ms_thread_value(v->meta, v->row->end_thread);

	value.absent |= !was_freed(v);
	return value;
}

static struct ms_value free_stack(const struct ms_block_view *v)
{
	return ms_number_if(was_freed(v) && v->row->end_stack, v->row->end_stack);
}

static struct ms_value temporary(const struct ms_block_view *v)
{
	return ms_number_if(v->tells_temporary, v->row->temporary);
}

static struct ms_value previous(const struct ms_block_view *v)
{
	return ms_number_if(v->row->previous, v->row->previous);
}

static struct ms_value next_address(const struct ms_block_view *v)
{
	return ms_number_if(v->row->ended == MS_ENDED_REALLOC && v->row->next,
			    v->row->next);
}

static struct ms_value chain(const struct ms_block_view *v)
{
	return ms_number_if(v->row->chain, v->row->chain);
}

static struct ms_value weight(const struct ms_block_view *v)
{
	return (struct ms_value){ .real = ms_block_weight(v->sample_bytes,
							  v->row->block.size) };
}

/* Only blocks at an instant have one. */
static struct ms_value age(const struct ms_block_view *v)
{
	uint64_t from = v->row->block.at_ns;

	return ms_number(v->now_ns > from ? v->now_ns - from : 0);
}

typedef struct ms_value value_fn(const struct ms_block_view *v);

/* --- allocations ----------------------------------------------------------------------
 */

static const struct ms_source_column columns[MS_BLOCK_COLUMNS] = {
	[MS_BLOCK_TRACE] = MS_TRACE_COLUMN,
	[MS_BLOCK_PROCESS] = MS_PROCESS_COLUMN,
	[MS_BLOCK_ADDRESS] = { "address", MS_TYPE_ADDRESS,
			       MS_SOURCE_KEY | MS_SOURCE_EQUAL |
				       MS_SOURCE_SEEK_UNLESS(MS_NEEDS_END),
			       0, "of the block" },
	[MS_BLOCK_SIZE] = { "size", MS_TYPE_BYTES, MS_SOURCE_RANGE, 0,
			    "bytes asked for" },
	[MS_BLOCK_ALIGN] = { "align", MS_TYPE_BYTES, 0, 0,
			     "alignment asked for; NULL: none was" },
	[MS_BLOCK_KIND] = { "kind", MS_TYPE_TEXT, 0, 0,
			    "function that made it: malloc, calloc, realloc, new ..." },
	[MS_BLOCK_T_ALLOC] = { "t_alloc", MS_TYPE_INSTANT,
			       MS_SOURCE_KEY | MS_SOURCE_RANGE |
				       MS_SOURCE_SEEK_UNLESS(MS_NEEDS_CHAIN),
			       0, "when it was made, ns since the recording began" },
	[MS_BLOCK_THREAD] = { "thread", MS_TYPE_ID,
			      MS_SOURCE_KEY | MS_SOURCE_EQUAL |
				      MS_SOURCE_SEEK_UNLESS(MS_NEEDS_END),
			      0, "kernel id of the thread that made it" },
	[MS_BLOCK_STACK] = { "stack", MS_TYPE_ID, MS_SOURCE_EQUAL, 0,
			     "where it was made, see the table stacks; NULL: not known" },
	[MS_BLOCK_FUNCTION] = MS_FUNCTION_COLUMN,
	[MS_BLOCK_FILE] = MS_FILE_COLUMN,
	[MS_BLOCK_LINE] = MS_LINE_COLUMN,
	[MS_BLOCK_MODULE] = MS_MODULE_COLUMN,
	[MS_BLOCK_TYPE] = { "type", MS_TYPE_TEXT, 0, 0,
			    "C++ or Rust type that a function's name tells; NULL: none" },
	[MS_BLOCK_T_FREE] = { "t_free", MS_TYPE_INSTANT, MS_SOURCE_RANGE, MS_NEEDS_END,
			      "when it ended; NULL: it was live at the end" },
	[MS_BLOCK_LIFETIME] = { "lifetime", MS_TYPE_NS, 0, MS_NEEDS_END,
				"ns from t_alloc to t_free" },
	[MS_BLOCK_ENDED] = { "ended", MS_TYPE_TEXT, 0, MS_NEEDS_END,
			     "free, realloc, or lost: its address was handed out again, "
			     "its free was not seen (t_free is that time); NULL: live" },
	[MS_BLOCK_FREE_KIND] = { "free_kind", MS_TYPE_TEXT, 0, MS_NEEDS_END,
				 "function that ended it" },
	[MS_BLOCK_FREE_THREAD] = { "free_thread", MS_TYPE_ID, 0, MS_NEEDS_END,
				   "kernel id of the thread that ended it" },
	[MS_BLOCK_FREE_STACK] = { "free_stack", MS_TYPE_ID, 0, MS_NEEDS_END,
				  "where it ended; NULL: live, or not known" },
	[MS_BLOCK_TEMPORARY] = { "temporary", MS_TYPE_ID, 0, MS_NEEDS_END,
				 "1: freed before its thread made another block" },
	[MS_BLOCK_NEXT] = { "next", MS_TYPE_ADDRESS, 0, MS_NEEDS_END,
			    "address of the block that a realloc made of it" },
	[MS_BLOCK_PREVIOUS] = { "previous", MS_TYPE_ADDRESS, 0,
				MS_NEEDS_END | MS_NEEDS_CHAIN,
				"address of the block that it was reallocated from" },
	[MS_BLOCK_CHAIN] = { "chain", MS_TYPE_ID, 0, MS_NEEDS_END | MS_NEEDS_CHAIN,
			     "the same for all blocks that reallocs made of one, in a "
			     "trace" },
	[MS_BLOCK_WEIGHT] = { "weight", MS_TYPE_REAL, 0, 0,
			      "how many blocks it stands for: 1, or more in a log of "
			      "samples" },
};

static value_fn *const values[MS_BLOCK_AGE + 1] = {
	[MS_BLOCK_TRACE] = trace_number,
	[MS_BLOCK_PROCESS] = process,
	[MS_BLOCK_ADDRESS] = address,
	[MS_BLOCK_SIZE] = size,
	[MS_BLOCK_ALIGN] = align,
	[MS_BLOCK_KIND] = kind,
	[MS_BLOCK_T_ALLOC] = t_alloc,
	[MS_BLOCK_THREAD] = thread,
	[MS_BLOCK_STACK] = stack,
	[MS_BLOCK_T_FREE] = t_free,
	[MS_BLOCK_LIFETIME] = lifetime,
	[MS_BLOCK_ENDED] = ended,
	[MS_BLOCK_FREE_KIND] = free_kind,
	[MS_BLOCK_FREE_THREAD] = free_thread,
	[MS_BLOCK_FREE_STACK] = free_stack,
	[MS_BLOCK_TEMPORARY] = temporary,
	[MS_BLOCK_NEXT] = next_address,
	[MS_BLOCK_PREVIOUS] = previous,
	[MS_BLOCK_CHAIN] = chain,
	[MS_BLOCK_WEIGHT] = weight,
	[MS_BLOCK_AGE] = age,
};

ms_status ms_block_value(struct ms_tables *tables, const struct ms_block_view *view,
			 enum ms_block_column column, struct ms_value *value,
			 struct ms_error *err)
{
	uint32_t node = view->row->block.stack;
	const struct ms_frame *frame;
	ms_status status;

	if (column == MS_BLOCK_TYPE) {
		status = ms_type_of_stack(&tables->text, view->meta, node, err);
		*value = ms_text(tables->text.len ? ms_strbuf_text(&tables->text) : NULL);
		return status;
	}
	if (column < MS_BLOCK_FUNCTION || column > MS_BLOCK_MODULE) {
		*value = values[column](view);
		return MS_OK;
	}
	status = ms_tables_site(tables, view->trace, node, &frame, err);
	*value = ms_frame_value(frame, MS_PART_FUNCTION + (column - MS_BLOCK_FUNCTION));
	return status;
}

static const char *const need_words[] = { "frees", "realloc chains", NULL };

static void estimate(const struct ms_source *source, unsigned needs, double *rows,
		     double *reads)
{
	const struct ms_tables *tables = source->context;
	double events = 0;

	(void)needs;
	for (size_t i = 0; i < tables->m->count; i++)
		events += (double)ms_store_event_count(tables->m->traces[i].store);
	*rows = events / 2;
	*reads = 0;
}

/* Blocks come as they are made, or as they end. */
static int order(const struct ms_source *source, unsigned needs)
{
	const struct ms_tables *tables = source->context;

	return tables->m->count == 1 && !needs ? MS_BLOCK_T_ALLOC : -1;
}

const struct ms_source ms_source_allocations = {
	.name = "allocations",
	.doc = "Every block that was made, live or ended.  A realloc ends one and makes "
	       "another.",
	.columns = columns,
	.column_count = MS_BLOCK_COLUMNS,
	.estimate = estimate,
	.order = order,
	.need_words = need_words,
	.open = ms_block_scan_open,
};
