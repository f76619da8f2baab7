/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources_stacks.c - the tables stacks and frames, and functions of a stack.
 *
 * A stack is a node of the log's trie: the leaf, and its callers up to the root.  So each
 * call path that occurs is a stack, whether or not an event has it.
 */
#include "analyzer/facade/frames.h"
#include "analyzer/facade/sources.h"
#include "analyzer/base/alloc.h"

#include <inttypes.h>
#include <string.h>

#define TEXT_FRAMES 64
/* A forged log may chain millions of frames. */
#define MOST_FRAMES 131072

enum { TRACE, PROCESS, STACK, OWN }; /* columns of both */
enum { DEPTH = OWN, FUNCTION, FILE_NAME, LINE, MODULE, TYPE, TEXT, STACK_COLUMNS };
enum {
	LEVEL = OWN,
	FRAME_FUNCTION,
	FRAME_FILE,
	FRAME_LINE,
	FRAME_MODULE,
	ADDRESS,
	INLINED,
	CUT,
	FRAME_COLUMNS
};

static const struct ms_source_column stack_columns[STACK_COLUMNS] = {
	[TRACE] = MS_TRACE_COLUMN,
	[PROCESS] = MS_PROCESS_COLUMN,
	[STACK] = { "stack", MS_TYPE_ID, MS_SOURCE_KEY | MS_SOURCE_EQUAL | MS_SOURCE_SEEK,
		    0, "number of the stack, in its trace" },
	[DEPTH] = { "depth", MS_TYPE_COUNT, 0, 0,
		    "calls in it, inlined ones not counted" },
	[FUNCTION] = MS_FUNCTION_COLUMN,
	[FILE_NAME] = MS_FILE_COLUMN,
	[LINE] = MS_LINE_COLUMN,
	[MODULE] = MS_MODULE_COLUMN,
	[TYPE] = { "type", MS_TYPE_TEXT, 0, 0,
		   "C++ or Rust type that a function's name tells; NULL: none" },
	[TEXT] = { "text", MS_TYPE_TEXT, 0, 0,
		   "its frames in a line, the innermost first, at most 64" },
};

static const struct ms_source_column frame_columns[FRAME_COLUMNS] = {
	[TRACE] = MS_TRACE_COLUMN,
	[PROCESS] = MS_PROCESS_COLUMN,
	[STACK] = { "stack", MS_TYPE_ID, MS_SOURCE_KEY | MS_SOURCE_EQUAL | MS_SOURCE_SEEK,
		    0, "the stack that it is in" },
	[LEVEL] = { "level", MS_TYPE_ID, MS_SOURCE_KEY, 0, "from the innermost, 0" },
	[FRAME_FUNCTION] = { "function", MS_TYPE_TEXT, 0, 0, "NULL: not known" },
	[FRAME_FILE] = { "file", MS_TYPE_TEXT, 0, 0, "source file; NULL: not known" },
	[FRAME_LINE] = { "line", MS_TYPE_ID, 0, 0, "NULL: not known" },
	[FRAME_MODULE] = { "module", MS_TYPE_TEXT, 0, 0,
			   "program or library; NULL: not known" },
	[ADDRESS] = { "address", MS_TYPE_ADDRESS, 0, 0,
		      "where the call returns to, in the module" },
	[INLINED] = { "inlined", MS_TYPE_ID, 0, 0,
		      "1: into the frame of the next level" },
	[CUT] = { "cut", MS_TYPE_ID, 0, 0,
		  "not 0: the stack ends here unseen, see memscope-log(5)" },
};

struct stack_scan {
	struct ms_scan base; /* first */
	struct ms_tables *tables;
	struct ms_bound trace_bound, process, stack;
	size_t trace;
	uint64_t next_stack; /* of the trace */
	uint32_t node;
	struct ms_walk walk; /* frames */
	const struct ms_frame *frame;
	uint64_t level;
	struct ms_strbuf text;
};

static struct stack_scan *scan_of(struct ms_scan *base)
{
	return (struct stack_scan *)(void *)base;
}

/* The next stack of any trace. */
static ms_status next_stack(struct ms_scan *base, bool *more, struct ms_error *err)
{
	struct stack_scan *s = scan_of(base);
	uint32_t module, parent;
	uint64_t offset;

	*more = false;
	while (ms_plan_trace(s->tables, &s->trace_bound, &s->process, &s->trace)) {
		struct ms_metadata *meta = s->tables->m->traces[s->trace].meta;
		uint64_t limit = ms_metadata_node_limit(meta);

		for (; s->next_stack < limit && s->next_stack <= s->stack.to;) {
			s->node = (uint32_t)s->next_stack++;
			if (!ms_metadata_node(meta, s->node, &module, &offset, &parent))
				continue;
			*more = true;
			return ms_tables_go_on(s->tables, err);
		}
		s->trace++;
		s->next_stack = s->stack.from;
	}
	return MS_OK;
}

static ms_status next_frame(struct ms_scan *base, bool *more, struct ms_error *err)
{
	struct stack_scan *s = scan_of(base);
	ms_status status = MS_OK;

	*more = true;
	s->level++;
	if (s->frame)
		status = ms_walk_next(&s->walk, &s->frame, err);
	while (status == MS_OK && *more && (!s->frame || s->level >= MOST_FRAMES)) {
		status = next_stack(base, more, err);
		if (status != MS_OK || !*more)
			break;
		ms_walk_begin(&s->walk, s->tables->m->traces[s->trace].meta, s->node);
		s->level = 0;
		status = ms_walk_next(&s->walk, &s->frame, err);
	}
	return status;
}

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path;
}

static void add_frame(struct ms_strbuf *text, const struct ms_frame *frame)
{
	const char *module = base_name(frame->module);

	if (frame->cut)
		ms_strbuf_adds(text, "[cut]");
	else if (frame->function)
		ms_strbuf_adds(text, frame->function);
	else
		ms_strbuf_appendf(text, "[%s+0x%" PRIx64 "]", module ? module : "",
				  frame->address);
	if (frame->file)
		ms_strbuf_appendf(text, " %s:%" PRIu32, base_name(frame->file),
				  frame->line);
}

static ms_status stack_text(struct ms_strbuf *text, struct ms_metadata *meta,
			    uint32_t stack, uint64_t depth, struct ms_error *err)
{
	const struct ms_frame *frame = NULL;
	ms_status status = MS_OK;
	struct ms_walk walk;

	ms_strbuf_clear(text);
	ms_walk_begin(&walk, meta, stack);
	for (uint64_t i = 0; status == MS_OK && i < depth; i++) {
		status = ms_walk_next(&walk, &frame, err);
		if (status != MS_OK || !frame)
			break;
		ms_strbuf_adds(text, i ? " < " : "");
		add_frame(text, frame);
	}
	return status == MS_OK && text->failed ? ms_fail_memory(err) : status;
}

static uint64_t depth_of(const struct ms_metadata *meta, uint32_t stack)
{
	uint32_t module;
	uint64_t offset, depth = 0;

	while (depth < MOST_FRAMES &&
	       ms_metadata_node(meta, stack, &module, &offset, &stack))
		depth++;
	return depth;
}

/* Of both tables; false: it is a column of its own. */
static bool common_value(const struct stack_scan *s, size_t column, struct ms_value *out)
{
	const struct ms_metadata *meta = s->tables->m->traces[s->trace].meta;
	const uint64_t values[OWN] = { [TRACE] = s->trace + 1,
				       [PROCESS] = ms_metadata_process(meta)->pid,
				       [STACK] = s->node };

	if (column >= OWN)
		return false;
	*out = ms_number(values[column]);
	return true;
}

static ms_status stack_value(struct ms_scan *base, size_t column, struct ms_value *out,
			     struct ms_error *err)
{
	struct stack_scan *s = scan_of(base);
	struct ms_metadata *meta = s->tables->m->traces[s->trace].meta;
	const struct ms_frame *frame;
	ms_status status = MS_OK;

	if (common_value(s, column, out))
		return MS_OK;
	if (column == DEPTH) {
		*out = ms_number(depth_of(meta, s->node));
	} else if (column == TYPE || column == TEXT) {
		status = column == TYPE
				 ? ms_type_of_stack(&s->text, meta, s->node, err)
				 : stack_text(&s->text, meta, s->node, TEXT_FRAMES, err);
		*out = ms_text(s->text.len ? ms_strbuf_text(&s->text) : NULL);
	} else {
		status = ms_tables_site(s->tables, s->trace, s->node, &frame, err);
		if (status == MS_OK)
			*out = ms_frame_value(frame,
					      MS_PART_FUNCTION + (column - FUNCTION));
	}
	return status;
}

static ms_status frame_value(struct ms_scan *base, size_t column, struct ms_value *out,
			     struct ms_error *err)
{
	struct stack_scan *s = scan_of(base);
	const struct ms_frame *frame = s->frame;

	(void)err;
	if (common_value(s, column, out))
		return MS_OK;
	switch (column) {
	case LEVEL:
		*out = ms_number(s->level);
		break;
	case ADDRESS:
		*out = ms_number_if(frame->address || frame->module, frame->address);
		break;
	case INLINED:
		*out = ms_number(frame->inlined);
		break;
	case CUT:
		*out = ms_number(frame->cut);
		break;
	default:
		*out = ms_frame_value(frame,
				      MS_PART_FUNCTION + (column - FRAME_FUNCTION));
	}
	return MS_OK;
}

static void close_scan(struct ms_scan *base)
{
	ms_strbuf_release(&scan_of(base)->text);
	ms_free(base);
}

static ms_status open_scan(struct stack_scan **out, const struct ms_source *source,
			   const struct ms_scan_plan *plan, struct ms_error *err)
{
	struct stack_scan *s = ms_alloc_zero(1, sizeof(*s));

	*out = s;
	if (!s)
		return ms_fail_memory(err);
	s->tables = source->context;
	s->trace_bound = ms_plan_bound(plan, TRACE);
	s->process = ms_plan_bound(plan, PROCESS);
	s->stack = ms_plan_bound(plan, STACK);
	s->next_stack = s->stack.from;
	ms_strbuf_init(&s->text);
	return MS_OK;
}

static ms_status open_stacks(struct ms_scan **out, const struct ms_source *source,
			     const struct ms_scan_plan *plan, struct ms_error *err)
{
	struct stack_scan *s;
	ms_status status = open_scan(&s, source, plan, err);

	if (s)
		s->base = (struct ms_scan){ next_stack, stack_value, close_scan };
	*out = s ? &s->base : NULL;
	return status;
}

static ms_status open_frames(struct ms_scan **out, const struct ms_source *source,
			     const struct ms_scan_plan *plan, struct ms_error *err)
{
	struct stack_scan *s;
	ms_status status = open_scan(&s, source, plan, err);

	if (s)
		s->base = (struct ms_scan){ next_frame, frame_value, close_scan };
	*out = s ? &s->base : NULL;
	return status;
}

static void estimate_stacks(const struct ms_source *source, unsigned needs, double *rows,
			    double *reads)
{
	const struct ms_tables *tables = source->context;

	(void)needs;
	*rows = *reads = 0;
	for (size_t i = 0; i < tables->m->count; i++)
		*rows += ms_metadata_node_limit(tables->m->traces[i].meta);
}

static void estimate_frames(const struct ms_source *source, unsigned needs, double *rows,
			    double *reads)
{
	estimate_stacks(source, needs, rows, reads);
	*rows *= 16;
}

const struct ms_source ms_source_stacks = {
	.name = "stacks",
	.doc = "Every call path of the log, also those that are part of a longer one.",
	.columns = stack_columns,
	.column_count = STACK_COLUMNS,
	.estimate = estimate_stacks,
	.open = open_stacks,
};

const struct ms_source ms_source_frames = {
	.name = "frames",
	.doc = "The frames of every stack, the inlined ones too.",
	.columns = frame_columns,
	.column_count = FRAME_COLUMNS,
	.estimate = estimate_frames,
	.open = open_frames,
};

/* --- functions ------------------------------------------------------------------------
 */

/* false: an argument is NULL or no such stack: so is the value. */
static ms_status find_stack(struct ms_tables *tables, const struct ms_value *arguments,
			    size_t *trace, uint32_t *stack, bool *found,
			    struct ms_error *err)
{
	ms_status status = MS_OK;

	*found = false;
	if (arguments[0].own != MS_TYPE_SIGNED || arguments[1].own != MS_TYPE_SIGNED ||
	    arguments[0].absent || arguments[1].absent ||
	    arguments[1].number > UINT32_MAX)
		return MS_OK;
	status = ms_tables_trace(tables, arguments[0].number, trace, err);
	*stack = (uint32_t)arguments[1].number;
	*found = status == MS_OK && *trace != SIZE_MAX;
	return status;
}

static struct ms_value text_of(const struct ms_strbuf *text)
{
	return (struct ms_value){ .own = MS_TYPE_TEXT,
				  .absent = text->len == 0,
				  .text = ms_strbuf_text(text) };
}

static ms_status call_stack_text(const struct ms_source_function *function,
				 const struct ms_value *arguments, size_t count,
				 struct ms_value *value, struct ms_error *err)
{
	struct ms_tables *tables = function->context;
	uint64_t depth = TEXT_FRAMES;
	uint32_t stack;
	size_t trace;
	bool found;
	ms_status status = find_stack(tables, arguments, &trace, &stack, &found, err);

	if (status != MS_OK || !found)
		return status;
	if (count > 2 && arguments[2].own == MS_TYPE_SIGNED && !arguments[2].absent)
		depth = arguments[2].number < MOST_FRAMES ? arguments[2].number
							  : MOST_FRAMES;
	status = stack_text(&tables->text, tables->m->traces[trace].meta, stack, depth,
			    err);
	*value = text_of(&tables->text);
	return status;
}

static ms_status call_function_of(const struct ms_source_function *function,
				  const struct ms_value *arguments, size_t count,
				  struct ms_value *value, struct ms_error *err)
{
	struct ms_tables *tables = function->context;
	const struct ms_frame *frame;
	uint32_t stack;
	size_t trace;
	bool found;
	ms_status status = find_stack(tables, arguments, &trace, &stack, &found, err);

	(void)count;
	if (status != MS_OK || !found)
		return status;
	status = ms_tables_site(tables, trace, stack, &frame, err);
	if (status == MS_OK)
		*value = ms_frame_value(frame, MS_PART_FUNCTION);
	value->own = MS_TYPE_TEXT;
	return status;
}

static ms_status call_type_of(const struct ms_source_function *function,
			      const struct ms_value *arguments, size_t count,
			      struct ms_value *value, struct ms_error *err)
{
	struct ms_tables *tables = function->context;
	uint32_t stack;
	size_t trace;
	bool found;
	ms_status status = find_stack(tables, arguments, &trace, &stack, &found, err);

	(void)count;
	if (status != MS_OK || !found)
		return status;
	status = ms_type_of_stack(&tables->text, tables->m->traces[trace].meta, stack,
				  err);
	*value = text_of(&tables->text);
	return status;
}

const struct ms_source_function ms_function_stack_text = {
	"stack_text",
	"stack_text(process, stack [, depth])",
	"the frames of a stack in a line, the innermost first",
	2,
	3,
	NULL,
	call_stack_text,
};

const struct ms_source_function ms_function_function_of = {
	"function_of",
	"function_of(process, stack)",
	"the function that a stack is filed under",
	2,
	2,
	NULL,
	call_function_of,
};

const struct ms_source_function ms_function_type_of = {
	"type_of",
	"type_of(process, stack)",
	"the C++ or Rust type that a function's name in a stack tells",
	2,
	2,
	NULL,
	call_type_of,
};
