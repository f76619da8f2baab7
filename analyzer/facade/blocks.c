/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blocks.c - blocks one by one, as rows.
 */
#include "analyzer/facade/blocks.h"
#include "analyzer/base/alloc.h"
#include "analyzer/facade/filter.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SPARE 1024 /* beyond twice the limit, before the smallest are let go */

struct found {
	struct ms_block block;
	uint64_t end_ns; /* of the block, or the instant */
	size_t trace;
};

struct blocks {
	struct memscope *m;
	const struct memscope_snapshot_options *options;
	struct ms_snapshot **snapshots;
	struct ms_filter *filter; /* of the trace that is looked at */
	struct found *items;
	size_t count, capacity, index;
	size_t trace;
	ms_status status;
	struct ms_error *err;
	struct ms_strbuf site;
};

enum { ADDRESS, SIZE, KIND, AT, AGE, PID, THREAD, STACK, SITE, COLUMNS };

static const struct ms_column columns[COLUMNS] = {
	[ADDRESS] = { "address", "address", MS_TYPE_ADDRESS, 14, "of the block" },
	[SIZE] = { "size", "bytes", MS_TYPE_COUNT, 0, "bytes asked for" },
	[KIND] = { "kind", "made by", MS_TYPE_TEXT, 0, "the function that made it" },
	[AT] = { "at_ns", "at, s", MS_TYPE_INSTANT, 0, "when it was made" },
	[AGE] = { "age_ns", "age", MS_TYPE_NS, 0,
		  "at the instant, or when it was freed" },
	[PID] = { "pid", "pid", MS_TYPE_ID, 0, "of the process" },
	[THREAD] = { "thread", "thread", MS_TYPE_ID, 0,
		     "kernel id of the thread that made it" },
	[STACK] = { "stack", "stack", MS_TYPE_ID, 0, "its stack's node" },
	[SITE] = { "site", "site", MS_TYPE_TEXT, 0,
		   "function and line that asked for it" },
};

static int largest_first(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->block.size != y->block.size)
		return x->block.size < y->block.size ? 1 : -1;
	if (x->trace != y->trace)
		return x->trace < y->trace ? -1 : 1;
	if (x->block.address != y->block.address)
		return x->block.address < y->block.address ? -1 : 1;
	return x->block.at_ns < y->block.at_ns ? -1 : x->block.at_ns > y->block.at_ns;
}

static void keep(struct blocks *b, const struct ms_life *life)
{
	size_t top = b->options->top;

	if (top && top < SIZE_MAX / 4 && b->count >= 2 * top + SPARE) {
		qsort(b->items, b->count, sizeof(*b->items), largest_first);
		b->count = top;
	}
	if (ms_grow((void **)&b->items, &b->capacity, b->count, sizeof(*b->items)) < 0) {
		b->status = ms_fail_memory(b->err);
		return;
	}
	b->items[b->count++] = (struct found){ *life->block, life->end_ns, b->trace };
}

static ms_status take_life(void *context, const struct ms_life *life, uint64_t event,
			   struct ms_error *err)
{
	struct blocks *b = context;
	bool passes = true;

	(void)event;
	if (b->filter)
		b->status = ms_filter_life(b->filter, life, &passes, err);
	if (b->status == MS_OK && passes)
		keep(b, life);
	return b->status;
}

static bool take_live(void *context, const struct ms_block *block)
{
	struct blocks *b = context;
	uint64_t now = ms_snapshot_at_ns(b->snapshots[b->trace]);

	return take_life(b, &(struct ms_life){ block, NULL, now }, 0, b->err) == MS_OK;
}

/* Only a replay sees what is not there any more. */
static ms_status collect_freed(struct blocks *b)
{
	const struct ms_snapshot *snapshot = b->snapshots[b->trace];
	const struct ms_trace *trace = &b->m->traces[b->trace];
	struct ms_lives_options options = {
		.store = trace->store,
		.to_events = ms_snapshot_totals(snapshot)->events,
		.at_ns = ms_snapshot_at_ns(snapshot),
		.sample_bytes = ms_known_sample_bytes(trace),
		.progress = ms_facade_progress(b->m, "looking at blocks"),
		.ended = take_life,
		.context = b,
	};

	return ms_lives_each(&options, b->err);
}

static ms_status collect(struct blocks *b, const struct memscope_filter *filter)
{
	if (ms_filter_is_set(filter))
		b->status = ms_filter_new(&b->filter, b->m, &b->m->traces[b->trace],
					  filter, b->err);
	if (b->status == MS_OK && filter->freed)
		b->status = collect_freed(b);
	else if (b->status == MS_OK)
		ms_heap_each(ms_snapshot_heap(b->snapshots[b->trace]), take_live, b);
	ms_filter_free(b->filter);
	b->filter = NULL;
	return b->status;
}

void ms_facade_frame_text(struct ms_strbuf *text, const struct ms_frame *frame)
{
	const char *file = frame->file ? strrchr(frame->file, '/') : NULL;
	const char *module = frame->module ? strrchr(frame->module, '/') : NULL;

	file = file ? file + 1 : frame->file;
	module = module ? module + 1 : frame->module;
	if (frame->function)
		ms_strbuf_adds(text, frame->function);
	if (file)
		ms_strbuf_appendf(text, "%s%s:%" PRIu32, frame->function ? " " : "", file,
				  frame->line);
	else if (!frame->function)
		ms_strbuf_appendf(text, "[%s+0x%" PRIx64 "]", module ? module : "",
				  frame->address);
	else if (module)
		ms_strbuf_appendf(text, " [%s]", module);
}

ms_status ms_facade_site_text(struct ms_strbuf *text, struct ms_metadata *meta,
			      uint32_t stack, struct ms_error *err)
{
	const struct ms_frame *frame;
	ms_status status = ms_metadata_site(meta, stack, &frame, err);

	ms_strbuf_clear(text);
	if (status != MS_OK || !frame)
		return status;
	ms_facade_frame_text(text, frame);
	return text->failed ? ms_fail_memory(err) : MS_OK;
}

static ms_status next_block(struct ms_rows *rows, struct ms_value *values, bool *more,
			    struct ms_error *err)
{
	struct blocks *b = rows->context;
	const struct ms_thread *thread;
	const struct ms_block *block;
	struct ms_metadata *meta;
	uint64_t end;
	ms_status status;

	*more = b->index < b->count && (!b->options->top || b->index < b->options->top);
	if (!*more)
		return MS_OK;
	block = &b->items[b->index].block;
	meta = b->m->traces[b->items[b->index].trace].meta;
	end = b->items[b->index].end_ns;
	b->index++;
	status = ms_facade_site_text(&b->site, meta, block->stack, err);
	thread = ms_metadata_thread(meta, block->thread);
	memset(values, 0, COLUMNS * sizeof(*values));
	values[ADDRESS].number = block->address;
	values[SIZE].number = block->size;
	values[KIND].text = ms_event_kind_info(block->kind)->name;
	values[AT].number = block->at_ns;
	values[AGE].number = end > block->at_ns ? end - block->at_ns : 0;
	values[PID].number = ms_metadata_process(meta)->pid;
	values[THREAD] = (struct ms_value){ .absent = !thread,
					    .number = thread ? thread->tid : 0 };
	values[STACK] =
		(struct ms_value){ .absent = !block->stack, .number = block->stack };
	values[SITE] = (struct ms_value){ .absent = !block->stack,
					  .text = ms_strbuf_text(&b->site) };
	return status;
}

ms_status ms_facade_print_rows(struct ms_rows *rows, const char *key,
			       const struct memscope_output *output, struct ms_error *err)
{
	struct ms_writer *writer = ms_facade_writer(output);
	enum ms_format format = (enum ms_format)output->format;
	ms_status status, finished;

	if (!writer)
		return ms_fail_memory(err);
	if (format == MS_FORMAT_JSON)
		ms_writef(writer, "{\"version\": 1, \"%s\": ", key);
	status = ms_render_rows(writer, rows, format, err);
	if (format == MS_FORMAT_JSON)
		ms_write_text(writer, "}\n");
	finished = ms_writer_finish(writer, status == MS_OK ? err : NULL);
	ms_free(writer);
	return status != MS_OK ? status : finished;
}

ms_status ms_facade_blocks(struct memscope *m,
			   const struct memscope_snapshot_options *options,
			   const struct memscope_output *output, struct ms_error *err)
{
	struct blocks b = { .m = m, .options = options, .err = err };
	struct ms_rows rows = { columns, COLUMNS, next_block, &b };

	b.snapshots = ms_alloc_zero(m->count, sizeof(*b.snapshots));
	if (!b.snapshots)
		return ms_fail_memory(err);
	ms_strbuf_init(&b.site);
	b.status = ms_facade_snapshots(m, &options->at, b.snapshots, err);
	for (b.trace = 0; b.status == MS_OK && b.trace < m->count; b.trace++)
		b.status = collect(&b, &options->filter);
	if (b.count)
		qsort(b.items, b.count, sizeof(*b.items), largest_first);
	if (b.status == MS_OK)
		b.status = ms_facade_print_rows(&rows, "blocks", output, err);
	ms_facade_snapshots_free(m, b.snapshots);
	ms_strbuf_release(&b.site);
	ms_free(b.items);
	ms_free(b.snapshots);
	return b.status;
}
