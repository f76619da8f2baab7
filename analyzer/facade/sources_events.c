/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sources_events.c - the table events: every call that the log has, in order.
 *
 * As in dump, the halves of a realloc or an mremap are one row at the second one's time.
 * What only the first half has needs all events before.
 */
#include "analyzer/facade/sources.h"
#include "analyzer/base/alloc.h"

#define CHECK_EVENTS 4096

enum {
	TRACE,
	PROCESS,
	TIME,
	THREAD,
	KIND,
	FORM,
	ADDRESS,
	SIZE,
	ALIGN,
	OLD_ADDRESS,
	STACK,
	FUNCTION, /* in the order of enum ms_frame_part */
	FILE_NAME,
	LINE,
	MODULE,
	COLUMNS
};

enum { NEEDS_HALVES = 1 };

static const struct ms_source_column columns[COLUMNS] = {
	[TRACE] = MS_TRACE_COLUMN,
	[PROCESS] = MS_PROCESS_COLUMN,
	[TIME] = { "time_ns", MS_TYPE_INSTANT,
		   MS_SOURCE_KEY | MS_SOURCE_RANGE | MS_SOURCE_SEEK_UNLESS(NEEDS_HALVES),
		   0, "ns since the recording began" },
	[THREAD] = { "thread", MS_TYPE_ID,
		     MS_SOURCE_KEY | MS_SOURCE_EQUAL | MS_SOURCE_SEEK, 0,
		     "kernel id of the thread that called" },
	[KIND] = { "kind", MS_TYPE_TEXT, MS_SOURCE_KEY, 0,
		   "function that was called: malloc, free, realloc, new, mmap ..." },
	[FORM] = { "form", MS_TYPE_TEXT, 0, 0,
		   "the exact entry point: new nothrow, realloc(NULL) ..." },
	[ADDRESS] = { "address", MS_TYPE_ADDRESS,
		      MS_SOURCE_KEY | MS_SOURCE_EQUAL |
			      MS_SOURCE_SEEK_UNLESS(NEEDS_HALVES),
		      0, "of the block or range; 0: the call failed" },
	[SIZE] = { "size", MS_TYPE_BYTES, 0, 0, "bytes asked for; NULL for frees" },
	[ALIGN] = { "align", MS_TYPE_BYTES, 0, 0, "alignment asked for; NULL: none was" },
	[OLD_ADDRESS] = { "old_address", MS_TYPE_ADDRESS, 0, NEEDS_HALVES,
			  "what a realloc or an mremap was given" },
	[STACK] = { "stack", MS_TYPE_ID, 0, NEEDS_HALVES,
		    "where the call was made; NULL: not known" },
	[FUNCTION] = { "function", MS_TYPE_TEXT, 0, NEEDS_HALVES,
		       "that called the allocator; NULL: not known" },
	[FILE_NAME] = { "file", MS_TYPE_TEXT, 0, NEEDS_HALVES,
			"source file of that call, or NULL" },
	[LINE] = { "line", MS_TYPE_ID, 0, NEEDS_HALVES, "line of that call, or NULL" },
	[MODULE] = { "module", MS_TYPE_TEXT, 0, NEEDS_HALVES,
		     "program or library of that call, or NULL" },
};

struct event_scan {
	struct ms_scan base; /* first */
	struct ms_tables *tables;
	struct ms_bound trace_bound, process, time, thread, address;
	bool halves;
	size_t trace;
	struct ms_cursor *cursor; /* NULL: between two traces */
	struct ms_pairs pairs;
	struct ms_event event;
	uint32_t stack;
	uint64_t old_address, seen;
	struct ms_meter meter;
};

static struct event_scan *scan_of(struct ms_scan *base)
{
	return (struct event_scan *)(void *)base;
}

static ms_status begin_trace(struct event_scan *s, struct ms_error *err)
{
	const struct ms_trace *trace = &s->tables->m->traces[s->trace];
	struct ms_want want;

	s->seen = 0;
	ms_meter_init(&s->meter, ms_facade_progress(s->tables->m, "reading events"),
		      ms_store_event_count(trace->store));
	if (!ms_plan_want(trace, &s->time, &s->thread, &want))
		return MS_OK;
	/* The halves of a realloc bear different addresses. */
	if (s->halves)
		want.from_ns = 0;
	else if (s->address.from == s->address.to)
		want.address = s->address.from;
	return ms_cursor_open_want(&s->cursor, trace->store, &want, err);
}

static void end_trace(struct event_scan *s)
{
	ms_cursor_close(s->cursor);
	s->cursor = NULL;
	ms_pairs_release(&s->pairs);
	s->trace++;
}

/* An event that is a row, or not: the first half of one. */
static ms_status take(struct event_scan *s, bool *row, struct ms_error *err)
{
	const struct ms_event *event = &s->event;
	struct ms_block old = { .address = event->address, .stack = event->stack };

	*row = event->class != MS_CLASS_REALLOC_BEGIN &&
	       event->class != MS_CLASS_REMAP_BEGIN;
	if (!*row) {
		if (s->halves && ms_pairs_push(&s->pairs, event->thread, &old) < 0)
			return ms_fail_memory(err);
		return MS_OK;
	}
	old = (struct ms_block){ 0 };
	if (s->halves && (event->class == MS_CLASS_REALLOC_END ||
			  event->class == MS_CLASS_REALLOC_FREED ||
			  event->class == MS_CLASS_REMAP_END))
		ms_pairs_pop(&s->pairs, event->thread, &old);
	s->old_address = old.address;
	s->stack = event->stack ? event->stack : old.stack;
	*row = event->at_ns >= s->time.from;
	return MS_OK;
}

static ms_status next_of_trace(struct event_scan *s, bool *row, struct ms_error *err)
{
	ms_status status = MS_OK;

	*row = false;
	while (status == MS_OK && !*row) {
		if (s->seen++ % CHECK_EVENTS == 0) {
			ms_meter_at(&s->meter, s->seen);
			status = ms_tables_go_on(s->tables, err);
		}
		if (status == MS_OK && !ms_cursor_next(s->cursor, &s->event))
			return MS_OK;
		if (status == MS_OK)
			status = take(s, row, err);
	}
	return status;
}

static ms_status next(struct ms_scan *base, bool *more, struct ms_error *err)
{
	struct event_scan *s = scan_of(base);
	ms_status status = MS_OK;

	*more = false;
	while (status == MS_OK && !*more) {
		if (!s->cursor &&
		    !ms_plan_trace(s->tables, &s->trace_bound, &s->process, &s->trace))
			return MS_OK;
		if (!s->cursor)
			status = begin_trace(s, err);
		if (status == MS_OK && s->cursor)
			status = next_of_trace(s, more, err);
		if (status == MS_OK && !*more)
			end_trace(s);
	}
	return status;
}

static bool has_size(unsigned class)
{
	return class != MS_CLASS_FREE && class != MS_CLASS_UNKNOWN;
}

static ms_status value(struct ms_scan *base, size_t column, struct ms_value *out,
		       struct ms_error *err)
{
	struct event_scan *s = scan_of(base);
	const struct ms_event *event = &s->event;
	struct ms_metadata *meta = s->tables->m->traces[s->trace].meta;
	bool freed = event->class == MS_CLASS_REALLOC_FREED;
	const struct ms_frame *frame;
	ms_status status = MS_OK;

	switch (column) {
	case TRACE:
		*out = ms_number(s->trace + 1);
		break;
	case PROCESS:
		*out = ms_number(ms_metadata_process(meta)->pid);
		break;
	case TIME:
		*out = ms_number(event->at_ns);
		break;
	case THREAD:
		*out = ms_thread_value(meta, event->thread);
		break;
	case KIND:
		*out = ms_text(ms_event_kind_info(event->kind)->name);
		break;
	case FORM:
		*out = ms_text(ms_event_kind_info(event->kind)->form);
		break;
	case ADDRESS:
		*out = ms_number(freed ? 0 : event->address);
		break;
	case SIZE:
		*out = ms_number_if(has_size(event->class), freed ? 0 : event->size);
		break;
	case ALIGN:
		*out = ms_number_if(event->align_log2 && event->align_log2 < 64,
				    UINT64_C(1) << (event->align_log2 & 63));
		break;
	case OLD_ADDRESS:
		*out = ms_number_if(s->old_address, s->old_address);
		break;
	case STACK:
		*out = ms_number_if(s->stack, s->stack);
		break;
	default:
		status = ms_tables_site(s->tables, s->trace, s->stack, &frame, err);
		if (status == MS_OK)
			*out = ms_frame_value(frame,
					      MS_PART_FUNCTION + (column - FUNCTION));
	}
	return status;
}

static void close_scan(struct ms_scan *base)
{
	ms_cursor_close(scan_of(base)->cursor);
	ms_pairs_release(&scan_of(base)->pairs);
	ms_free(base);
}

static ms_status open_scan(struct ms_scan **out, const struct ms_source *source,
			   const struct ms_scan_plan *plan, struct ms_error *err)
{
	struct event_scan *s = ms_alloc_zero(1, sizeof(*s));

	*out = NULL;
	if (!s)
		return ms_fail_memory(err);
	s->base = (struct ms_scan){ next, value, close_scan };
	s->tables = source->context;
	ms_pairs_init(&s->pairs);
	s->trace_bound = ms_plan_bound(plan, TRACE);
	s->process = ms_plan_bound(plan, PROCESS);
	s->time = ms_plan_bound(plan, TIME);
	s->thread = ms_plan_bound(plan, THREAD);
	s->address = ms_plan_bound(plan, ADDRESS);
	s->halves = plan->needs & NEEDS_HALVES;
	*out = &s->base;
	return MS_OK;
}

static const char *const need_words[] = { "first halves of reallocs", NULL };

static void estimate(const struct ms_source *source, unsigned needs, double *rows,
		     double *reads)
{
	const struct ms_tables *tables = source->context;

	(void)needs;
	*rows = *reads = 0;
	for (size_t i = 0; i < tables->m->count; i++)
		*rows += (double)ms_store_event_count(tables->m->traces[i].store);
}

static int order(const struct ms_source *source, unsigned needs)
{
	const struct ms_tables *tables = source->context;

	(void)needs;
	return tables->m->count == 1 ? TIME : -1;
}

const struct ms_source ms_source_events = {
	.name = "events",
	.doc = "Every call that was recorded, in order; a realloc or an mremap is one row.",
	.columns = columns,
	.column_count = COLUMNS,
	.estimate = estimate,
	.order = order,
	.need_words = need_words,
	.open = open_scan,
};
