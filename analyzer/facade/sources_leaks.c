/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources_leaks.c - the table leaks: the live blocks of each trace's last pointer map, by
 * what points to them.
 */
#include "analyzer/facade/block_scan.h"
#include "analyzer/facade/leaks.h"
#include "analyzer/base/alloc.h"

enum {
	TRACE,
	PROCESS,
	ADDRESS,
	SIZE,
	KIND,
	ROOT,
	HANGING_BLOCKS,
	HANGING_BYTES,
	CYCLE,
	HEURISTIC,
	CALL,
	T_ALLOC,
	AGE,
	THREAD,
	STACK,
	FUNCTION,
	FILE_NAME,
	LINE,
	MODULE,
	CODE,
	TYPE,
	COLUMNS
};

static const struct ms_source_column columns[COLUMNS] = {
	[TRACE] = MS_TRACE_COLUMN,
	[PROCESS] = MS_PROCESS_COLUMN,
	[ADDRESS] = { "address", MS_TYPE_ADDRESS, MS_SOURCE_KEY, 0, "of the block" },
	[SIZE] = { "size", MS_TYPE_BYTES, 0, 0, "bytes asked for" },
	[KIND] = { "kind", MS_TYPE_TEXT, 0, 0,
		   "definite, indirect, possible or reachable; unclassified: live at the "
		   "end of a trace without a map" },
	[ROOT] = { "root", MS_TYPE_ADDRESS, 0, 0,
		   "the definitely lost block that an indirect one hangs on, or NULL" },
	[HANGING_BLOCKS] = { "hanging_blocks", MS_TYPE_COUNT, 0, 0,
			     "blocks that are lost with this one" },
	[HANGING_BYTES] = { "hanging_bytes", MS_TYPE_BYTES, 0, 0, "bytes of them" },
	[CYCLE] = { "cycle", MS_TYPE_COUNT, 0, 0,
		    "1: lost, and one of a ring of blocks that point to each other" },
	[HEURISTIC] = { "heuristic", MS_TYPE_COUNT, 0, 0,
			"1: reachable by a pointer into its middle that C++ explains" },
	[CALL] = { "call", MS_TYPE_TEXT, 0, 0,
		   "function that made it: malloc, calloc, realloc, new ..." },
	[T_ALLOC] = { "t_alloc", MS_TYPE_INSTANT, MS_SOURCE_KEY, 0,
		      "when it was made, ns since the recording began" },
	[AGE] = { "age", MS_TYPE_NS, 0, 0, "ns from t_alloc to the map" },
	[THREAD] = { "thread", MS_TYPE_ID, 0, 0, "kernel id of the thread that made it" },
	[STACK] = { "stack", MS_TYPE_ID, 0, 0,
		    "where it was made, see the table stacks; NULL: not known" },
	[FUNCTION] = MS_FUNCTION_COLUMN,
	[FILE_NAME] = MS_FILE_COLUMN,
	[LINE] = MS_LINE_COLUMN,
	[MODULE] = MS_MODULE_COLUMN,
	[CODE] = { "code", MS_TYPE_ADDRESS, 0, 0,
		   "address of that call in the module, where the function is not known" },
	[TYPE] = { "type", MS_TYPE_TEXT, 0, 0,
		   "C++ or Rust type that a function's name tells; NULL: none" },
};

/* Those that other tables of blocks have, too. */
static const unsigned char block_columns[COLUMNS] = {
	[TRACE] = MS_BLOCK_TRACE,     [PROCESS] = MS_BLOCK_PROCESS,
	[ADDRESS] = MS_BLOCK_ADDRESS, [SIZE] = MS_BLOCK_SIZE,
	[CALL] = MS_BLOCK_KIND,	      [T_ALLOC] = MS_BLOCK_T_ALLOC,
	[AGE] = MS_BLOCK_AGE,	      [THREAD] = MS_BLOCK_THREAD,
	[STACK] = MS_BLOCK_STACK,     [FUNCTION] = MS_BLOCK_FUNCTION,
	[FILE_NAME] = MS_BLOCK_FILE,  [LINE] = MS_BLOCK_LINE,
	[MODULE] = MS_BLOCK_MODULE,   [TYPE] = MS_BLOCK_TYPE,
};

struct leak_scan {
	struct ms_scan base; /* first */
	struct ms_tables *tables;
	struct ms_bound trace, process;
	const struct ms_trace_leaks *leaks; /* of the trace that is read */
	size_t next;			    /* block; after the current one */
	bool begun;
	struct ms_block_row row;
	struct ms_block_view view;
};

static struct leak_scan *scan_of(struct ms_scan *base)
{
	return (struct leak_scan *)(void *)base;
}

static size_t count_of(const struct leak_scan *s)
{
	return s->leaks && s->leaks->leaks ? s->leaks->leaks->count : 0;
}

static ms_status begin_trace(struct leak_scan *s, struct ms_error *err)
{
	const struct ms_trace_leaks *all;
	ms_status status = ms_tables_go_on(s->tables, err);

	if (status == MS_OK)
		status = ms_tables_leaks(s->tables, &all, err);
	if (status != MS_OK)
		return status;
	s->leaks = &all[s->view.trace];
	s->view.meta = s->tables->m->traces[s->view.trace].meta;
	s->view.now_ns = s->leaks->at_ns;
	s->view.row = &s->row;
	s->next = 0;
	return MS_OK;
}

static ms_status next(struct ms_scan *base, bool *more, struct ms_error *err)
{
	struct leak_scan *s = scan_of(base);
	ms_status status = MS_OK;

	while (status == MS_OK && s->next == count_of(s)) {
		s->view.trace += s->begun;
		s->begun = true;
		*more = ms_plan_trace(s->tables, &s->trace, &s->process, &s->view.trace);
		if (!*more)
			return MS_OK;
		status = begin_trace(s, err);
	}
	*more = status == MS_OK;
	if (*more)
		s->row.block = s->leaks->leaks->blocks[s->next++].block;
	return status;
}

static ms_status code_value(struct leak_scan *s, struct ms_value *out,
			    struct ms_error *err)
{
	const struct ms_frame *frame;
	ms_status status =
		ms_tables_site(s->tables, s->view.trace, s->row.block.stack, &frame, err);
	bool known = status == MS_OK && frame && !frame->function &&
		     (frame->address || frame->module);

	*out = ms_number_if(known, known ? frame->address : 0);
	return status;
}

static struct ms_value leak_value(const struct leak_scan *s, size_t column)
{
	const struct ms_leaks *leaks = s->leaks->leaks;
	const struct ms_leak_block *b = &leaks->blocks[s->next - 1];
	bool has_root = b->root != MS_LEAK_NO_ROOT;

	switch (column) {
	case KIND:
		return ms_text(ms_leak_group_name(b->kind));
	case ROOT:
		return ms_number_if(has_root,
				    has_root ? leaks->blocks[b->root].block.address : 0);
	case HANGING_BLOCKS:
		return ms_number(b->hanging_blocks);
	case HANGING_BYTES:
		return ms_number(b->hanging_bytes);
	case CYCLE:
		return ms_number(b->cycle);
	default:
		return ms_number(b->heuristic);
	}
}

static ms_status value(struct ms_scan *base, size_t column, struct ms_value *out,
		       struct ms_error *err)
{
	struct leak_scan *s = scan_of(base);

	if (column == CODE)
		return code_value(s, out, err);
	if (column == TRACE || block_columns[column])
		return ms_block_value(s->tables, &s->view,
				      (enum ms_block_column)block_columns[column], out,
				      err);
	*out = leak_value(s, column);
	return MS_OK;
}

static void close_scan(struct ms_scan *base)
{
	ms_free(base);
}

static ms_status open_scan(struct ms_scan **out, const struct ms_source *source,
			   const struct ms_scan_plan *plan, struct ms_error *err)
{
	struct leak_scan *s = ms_alloc_zero(1, sizeof(*s));

	*out = NULL;
	if (!s)
		return ms_fail_memory(err);
	s->base = (struct ms_scan){ next, value, close_scan };
	s->tables = source->context;
	s->trace = ms_plan_bound(plan, TRACE);
	s->process = ms_plan_bound(plan, PROCESS);
	*out = &s->base;
	return MS_OK;
}

static void estimate(const struct ms_source *source, unsigned needs, double *rows,
		     double *reads)
{
	(void)needs;
	ms_made_estimate(source, true, rows, reads);
	*rows = *reads / 20;
}

_Static_assert(MS_BLOCK_TRACE == 0, "the one column that 0 in block_columns names");

const struct ms_source ms_source_leaks = {
	.name = "leaks",
	.doc = "The blocks that were live when each trace's last pointer map was taken, by "
	       "what pointed to them; see the command leaks.",
	.columns = columns,
	.column_count = COLUMNS,
	.estimate = estimate,
	.open = open_scan,
};
