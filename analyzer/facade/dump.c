/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump.c - the events of traces as rows, straight from the stores.
 *
 * The halves of a realloc or an mremap become one row at the second one's time; what
 * waits between them is all that is remembered.
 */
#include "analyzer/facade/blocks.h"
#include "analyzer/facade/marks.h"

#include <string.h>

enum { PROCESS, TIME, THREAD, KIND, ADDRESS, SIZE, OLD_ADDRESS, STACK, SITE, COLUMNS };

static const struct ms_column columns[COLUMNS] = {
	[PROCESS] = { "process", "process", MS_TYPE_ID, 7, "its id" },
	[TIME] = { "time_ns", "time, s", MS_TYPE_INSTANT, 12,
		   "since the recording began" },
	[THREAD] = { "thread", "thread", MS_TYPE_ID, 7, "the kernel's id" },
	[KIND] = { "kind", "kind", MS_TYPE_TEXT, 8, "the function that was called" },
	[ADDRESS] = { "address", "address", MS_TYPE_ADDRESS, 14, "0: the call failed" },
	[SIZE] = { "size", "bytes", MS_TYPE_COUNT, 9, "bytes asked for" },
	[OLD_ADDRESS] = { "old_address", "old address", MS_TYPE_ADDRESS, 14,
			  "of a realloc or an mremap" },
	[STACK] = { "stack", "stack", MS_TYPE_ID, 6, "its stack's node" },
	[SITE] = { "site", "site", MS_TYPE_TEXT, 0, "function and line of the call" },
};

struct dump {
	struct memscope *m;
	struct memscope_dump_options options;
	bool filtered, marked; /* marked: what became of blocks matters */
	bool sites, processes; /* columns */
	size_t index;	       /* of the trace after this one */
	uint64_t unfinished;
	struct ms_strbuf site;
	struct ms_meter meter;
	uint64_t total; /* events seen, of all traces */
	/* of one trace */
	const struct ms_trace *trace; /* NULL: none is open */
	struct ms_cursor *cursor;
	struct ms_pairs pairs;
	struct ms_filter *filter;
	struct ms_marks marks;
	uint64_t from_ns, to_ns, seen;
};

/* --- traces, one after the other
 * ----------------------------------------------------------- */

static ms_status later_of(struct dump *d, const struct memscope_time *at, uint64_t *ns,
			  struct ms_error *err)
{
	uint64_t other;
	ms_status status = ms_facade_time_ns(d->m, d->trace, at, &other, err);

	if (status == MS_OK && other > *ns)
		*ns = other;
	return status;
}

static ms_status earlier_of(struct dump *d, const struct memscope_time *at, uint64_t *ns,
			    struct ms_error *err)
{
	uint64_t other;
	ms_status status = ms_facade_time_ns(d->m, d->trace, at, &other, err);

	if (status == MS_OK && other < *ns)
		*ns = other;
	return status;
}

static ms_status find_range(struct dump *d, struct ms_error *err)
{
	const struct memscope_dump_options *o = &d->options;
	ms_status status = MS_OK;

	d->from_ns = 0;
	d->to_ns = UINT64_MAX;
	if (o->use_from)
		status = later_of(d, &o->from, &d->from_ns, err);
	if (status == MS_OK && o->filter.use_from)
		status = later_of(d, &o->filter.from, &d->from_ns, err);
	if (status == MS_OK && o->use_to)
		status = earlier_of(d, &o->to, &d->to_ns, err);
	if (status == MS_OK && o->filter.use_to)
		status = earlier_of(d, &o->filter.to, &d->to_ns, err);
	return status;
}

static void close_trace(struct dump *d)
{
	if (!d->trace)
		return;
	d->unfinished += d->pairs.waiting;
	ms_cursor_close(d->cursor);
	ms_pairs_release(&d->pairs);
	ms_filter_free(d->filter);
	ms_marks_release(&d->marks);
	d->cursor = NULL;
	d->filter = NULL;
	d->trace = NULL;
}

static ms_status open_trace(struct dump *d, struct ms_error *err)
{
	ms_status status;

	d->trace = &d->m->traces[d->index++];
	d->seen = 0;
	ms_pairs_init(&d->pairs);
	status = find_range(d, err);
	if (status == MS_OK && d->filtered)
		status = ms_filter_new(&d->filter, d->m, d->trace, &d->options.filter,
				       err);
	if (status == MS_OK && d->marked)
		status = ms_marks_init(&d->marks, d->m, d->trace, d->filter, err);
	/* What was replayed before has told its own progress. */
	(void)ms_facade_progress(d->m, "writing events");
	return status == MS_OK ? ms_cursor_open(&d->cursor, d->trace->store, err)
			       : status;
}

/* --- rows
 * ------------------------------------------------------------------------------- */

static bool has_size(const struct ms_event *event)
{
	return event->class != MS_CLASS_FREE && event->class != MS_CLASS_UNKNOWN;
}

static ms_status is_wanted(struct dump *d, const struct ms_event *event,
			   const struct ms_block *old, bool *wanted, struct ms_error *err)
{
	uint64_t size = event->class == MS_CLASS_REALLOC_FREED ? 0 : event->size;

	*wanted = event->at_ns >= d->from_ns &&
		  (!d->marked || ms_marks_has(&d->marks, d->seen - 1));
	if (!*wanted || !d->filter)
		return MS_OK;
	return ms_filter_call(d->filter, event->thread, has_size(event) ? &size : NULL,
			      event->stack ? event->stack : old->stack, wanted, err);
}

/* The next event of the open trace that is a row; *old is the block that its realloc took
 * (address 0: none). */
static ms_status next_of_trace(struct dump *d, struct ms_event *event,
			       struct ms_block *old, bool *more, struct ms_error *err)
{
	while (ms_cursor_next(d->cursor, event) && event->at_ns <= d->to_ns) {
		struct ms_block begun = { .address = event->address,
					  .stack = event->stack };
		ms_status status;

		d->seen++;
		ms_meter_at(&d->meter, d->total++);
		*old = (struct ms_block){ 0 };
		if (event->class == MS_CLASS_REALLOC_BEGIN ||
		    event->class == MS_CLASS_REMAP_BEGIN) {
			if (ms_pairs_push(&d->pairs, event->thread, &begun) < 0)
				return ms_fail_memory(err);
			continue;
		}
		if (event->class == MS_CLASS_REMAP_END ||
		    event->class == MS_CLASS_REALLOC_END ||
		    event->class == MS_CLASS_REALLOC_FREED)
			ms_pairs_pop(&d->pairs, event->thread, old);
		status = is_wanted(d, event, old, more, err);
		if (status != MS_OK || *more)
			return status;
	}
	*more = false;
	return MS_OK;
}

static ms_status next_event(struct dump *d, struct ms_event *event, struct ms_block *old,
			    bool *more, struct ms_error *err)
{
	ms_status status = MS_OK;

	*more = false;
	while (status == MS_OK && !*more) {
		if (!d->trace && d->index == d->m->count)
			return MS_OK;
		if (!d->trace)
			status = open_trace(d, err);
		if (status == MS_OK)
			status = next_of_trace(d, event, old, more, err);
		if (status == MS_OK && !*more)
			close_trace(d);
	}
	return status;
}

static void fill_row(const struct dump *d, struct ms_value *values,
		     const struct ms_event *event, const struct ms_block *old)
{
	const struct ms_thread *thread =
		ms_metadata_thread(d->trace->meta, event->thread);
	uint32_t stack = event->stack ? event->stack : old->stack;
	bool freed = event->class == MS_CLASS_REALLOC_FREED;

	values[PROCESS].number = ms_metadata_process(d->trace->meta)->pid;
	values[TIME].number = event->at_ns;
	values[THREAD] = (struct ms_value){ .absent = !thread,
					    .number = thread ? thread->tid : 0 };
	values[KIND].text = ms_event_kind_info(event->kind)->name;
	values[ADDRESS].number = freed ? 0 : event->address;
	/* The log does not say how large a freed block was. */
	values[SIZE] = (struct ms_value){ .absent = !has_size(event),
					  .number = freed ? 0 : event->size };
	values[OLD_ADDRESS] =
		(struct ms_value){ .absent = !old->address, .number = old->address };
	values[STACK] = (struct ms_value){ .absent = !stack, .number = stack };
}

static ms_status next_row(struct ms_rows *rows, struct ms_value *values, bool *more,
			  struct ms_error *err)
{
	struct dump *d = rows->context;
	struct ms_value all[COLUMNS] = { 0 };
	struct ms_event event;
	struct ms_block old;
	ms_status status = next_event(d, &event, &old, more, err);

	if (status != MS_OK || !*more)
		return status;
	fill_row(d, all, &event, &old);
	if (d->sites) {
		status = ms_facade_site_text(&d->site, d->trace->meta,
					     (uint32_t)all[STACK].number, err);
		all[SITE] = (struct ms_value){ .absent = all[STACK].absent,
					       .text = ms_strbuf_text(&d->site) };
	}
	memcpy(values, &all[d->processes ? PROCESS : TIME],
	       rows->column_count * sizeof(*values));
	return status;
}

static uint64_t events_of_all(const struct memscope *m)
{
	uint64_t events = 0;

	for (size_t i = 0; i < m->count; i++)
		events += ms_store_event_count(m->traces[i].store);
	return events;
}

int memscope_dump(struct memscope *m, const struct memscope_dump_options *options,
		  const struct memscope_output *output, uint64_t *unfinished,
		  struct memscope_error *err)
{
	struct dump d = { .m = m, .processes = m->count > 1 };
	unsigned first = d.processes ? PROCESS : TIME;
	struct ms_rows rows = { &columns[first], SITE - first, next_row, &d };
	struct ms_error *own = ms_own_error(err);
	ms_status status;

	if (options)
		d.options = *options;
	/* CSV and JSON have the columns that are promised, no more. */
	d.sites = d.options.stacks && output->format == MEMSCOPE_TEXT;
	rows.column_count += d.sites;
	d.filtered = ms_filter_is_set(&d.options.filter);
	d.marked = d.options.filter.live || d.options.filter.freed ||
		   d.options.filter.use_lifetime;
	ms_strbuf_init(&d.site);
	ms_meter_init(&d.meter, ms_facade_progress(m, "writing events"),
		      events_of_all(m));
	/* What is wrong with the options is found before anything is written. */
	status = open_trace(&d, own);
	if (status == MS_OK)
		status = ms_facade_print_rows(&rows, "events", output, own);
	close_trace(&d);
	if (unfinished)
		*unfinished = d.unfinished;
	ms_strbuf_release(&d.site);
	return status;
}
