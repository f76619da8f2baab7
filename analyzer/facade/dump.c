/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump.c - the events of a trace as rows, straight from the store.
 *
 * The halves of a realloc or an mremap become one row at the second one's time; what
 * waits between them is all that is remembered.
 */
#include "analyzer/facade/blocks.h"

#include <string.h>

enum { TIME, THREAD, KIND, ADDRESS, SIZE, OLD_ADDRESS, STACK, SITE, COLUMNS };

static const struct ms_column columns[COLUMNS] = {
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
	const struct ms_trace *trace;
	struct ms_cursor *cursor;
	struct ms_pairs pairs;
	uint64_t from_ns, to_ns;
	bool sites;
	struct ms_strbuf site;
	struct ms_meter meter;
	uint64_t seen;
};

/* The next event that is a row; *old is the block that its realloc took (address 0:
 * none). */
static ms_status next_event(struct dump *d, struct ms_event *event, struct ms_block *old,
			    bool *more, struct ms_error *err)
{
	*more = true;
	while (ms_cursor_next(d->cursor, event) && event->at_ns <= d->to_ns) {
		struct ms_block begun = { .address = event->address,
					  .stack = event->stack };

		ms_meter_at(&d->meter, d->seen++);
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
		if (event->at_ns >= d->from_ns)
			return MS_OK;
	}
	*more = false;
	return MS_OK;
}

static ms_status next_row(struct ms_rows *rows, struct ms_value *values, bool *more,
			  struct ms_error *err)
{
	struct dump *d = rows->context;
	const struct ms_thread *thread;
	struct ms_event event;
	struct ms_block old;
	ms_status status = next_event(d, &event, &old, more, err);
	uint32_t stack;

	if (status != MS_OK || !*more)
		return status;
	thread = ms_metadata_thread(d->trace->meta, event.thread);
	stack = event.stack ? event.stack : old.stack;
	memset(values, 0, rows->column_count * sizeof(*values));
	values[TIME].number = event.at_ns;
	values[THREAD] = (struct ms_value){ .absent = !thread,
					    .number = thread ? thread->tid : 0 };
	values[KIND].text = ms_event_kind_info(event.kind)->name;
	values[ADDRESS].number =
		event.class == MS_CLASS_REALLOC_FREED ? 0 : event.address;
	/* The log does not say how large a freed block was. */
	values[SIZE] = (struct ms_value){
		.absent = event.class == MS_CLASS_FREE || event.class == MS_CLASS_UNKNOWN,
		.number = event.class == MS_CLASS_REALLOC_FREED ? 0 : event.size
	};
	values[OLD_ADDRESS] =
		(struct ms_value){ .absent = !old.address, .number = old.address };
	values[STACK] = (struct ms_value){ .absent = !stack, .number = stack };
	if (!d->sites)
		return MS_OK;
	status = ms_facade_site_text(&d->site, d->trace->meta, stack, err);
	values[SITE] =
		(struct ms_value){ .absent = !stack, .text = ms_strbuf_text(&d->site) };
	return status;
}

static ms_status find_range(struct dump *d, struct memscope *m,
			    const struct memscope_dump_options *options,
			    struct ms_error *err)
{
	ms_status status = MS_OK;

	d->from_ns = 0;
	d->to_ns = UINT64_MAX;
	if (options && options->use_from)
		status = ms_facade_time_ns(m, d->trace, &options->from, &d->from_ns, err);
	if (status == MS_OK && options && options->use_to)
		status = ms_facade_time_ns(m, d->trace, &options->to, &d->to_ns, err);
	return status;
}

int memscope_dump(struct memscope *m, const struct memscope_dump_options *options,
		  const struct memscope_output *output, uint64_t *unfinished,
		  struct memscope_error *err)
{
	struct dump d = { .trace = &m->traces[0] };
	struct ms_rows rows = { columns, SITE, next_row, &d };
	struct ms_error *own = ms_own_error(err);
	ms_status status;

	if (unfinished)
		*unfinished = 0;
	if (m->count != 1)
		return ms_fail(own, MS_EUSAGE, "one trace at a time can be dumped");
	/* CSV and JSON have the columns that are promised, no more. */
	d.sites = options && options->stacks && output->format == MEMSCOPE_TEXT;
	rows.column_count = d.sites ? COLUMNS : SITE;
	ms_pairs_init(&d.pairs);
	ms_strbuf_init(&d.site);
	status = find_range(&d, m, options, own);
	ms_meter_init(&d.meter, ms_facade_progress(m, "writing events"),
		      ms_store_event_count(d.trace->store));
	if (status == MS_OK)
		status = ms_cursor_open(&d.cursor, d.trace->store, own);
	if (status == MS_OK)
		status = ms_facade_print_rows(&rows, "events", output, own);
	if (unfinished)
		*unfinished = d.pairs.waiting;
	ms_cursor_close(d.cursor);
	ms_strbuf_release(&d.site);
	ms_pairs_release(&d.pairs);
	return status;
}
