/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff.c - what is live before and after, by group.
 */
#include "analyzer/facade/diff.h"
#include "analyzer/facade/times.h"
#include "analyzer/base/alloc.h"

#include <stdlib.h>
#include <string.h>

const char *const ms_diff_class_names[MS_DIFF_CLASSES] = {
	[MS_DIFF_NEW] = "new",	     [MS_DIFF_GONE] = "gone", [MS_DIFF_GROWN] = "grown",
	[MS_DIFF_SHRUNK] = "shrunk", [MS_DIFF_SAME] = "same",
};

/* One trace at one instant, on one side. */
struct side {
	const struct ms_views *views;
	uint32_t trace;
	bool after;
};

/* The row of key, new when need be; NULL without memory. */
static struct ms_diff_row *row_of(struct ms_diff *d, uint64_t key, uint32_t frame)
{
	bool is_new;
	uint64_t *index = ms_map_at(&d->by_key, key, &is_new);

	if (!index)
		return NULL;
	if (is_new) {
		if (ms_grow((void **)&d->rows, &d->capacity, d->count, sizeof(*d->rows)) <
		    0)
			return NULL;
		d->rows[d->count] = (struct ms_diff_row){ .key = key, .frame = frame };
		*index = d->count++;
	}
	return &d->rows[*index];
}

static ms_status add(struct ms_diff *d, const struct side *side, uint64_t key,
		     uint32_t frame, uint32_t stack, const struct ms_figures *figures,
		     struct ms_error *err)
{
	struct ms_diff_row *row;

	if (frame == MS_FRAME_NONE)
		return ms_fail_memory(err);
	/* What cannot be told is told of every group that calls were made of. */
	if (!figures->live_blocks &&
	    !(figures->absent & 1u << MS_FIGURE_LIVE_BLOCKS && figures->allocations))
		return MS_OK;
	row = row_of(d, key, frame);
	if (!row)
		return ms_fail_memory(err);
	ms_figures_add(side->after ? &row->after : &row->before, figures);
	if (side->after > row->is_after ||
	    (side->after == row->is_after && figures->live_bytes >= row->weight)) {
		row->trace = side->trace;
		row->stack = stack;
		row->weight = figures->live_bytes;
		row->is_after = side->after;
	}
	return MS_OK;
}

/* --- one function a grouping
 * --------------------------------------------------------------- */

/* The part of a frame that a group is told by. */
static struct ms_frame part_of(const struct ms_frame *frame, enum memscope_group by)
{
	struct ms_frame part = { .function = "" };

	if (by == MEMSCOPE_GROUP_FUNCTION) {
		part.function = frame->function;
		part.file = frame->function ? frame->file : NULL;
		part.module = frame->module;
	} else if (by == MEMSCOPE_GROUP_FILE && frame->file) {
		part.file = frame->file;
	} else {
		part.module = frame->module;
	}
	return part;
}

static ms_status add_stack(struct ms_diff *d, const struct side *side,
			   const struct ms_stack_figures *figures, struct ms_error *err)
{
	struct ms_normal *n = &d->normal;
	enum memscope_group by = d->options.by;
	const struct ms_frame *site;
	uint32_t frame, chain;
	uint64_t key;
	ms_status status = ms_metadata_site(d->m->traces[side->trace].meta,
					    figures->stack, &site, err);

	if (status != MS_OK)
		return status;
	key = frame = ms_normal_frame(n, site);
	if (frame == MS_FRAME_NONE)
		return ms_fail_memory(err);
	if (by == MEMSCOPE_GROUP_STACK) {
		status = ms_normal_stack(n, side->trace, figures->stack, &chain, err);
		key = chain;
	} else if (by != MEMSCOPE_GROUP_SITE) {
		struct ms_frame part = part_of(&n->seen.items[frame].frame, by);

		key = frame = ms_frames_add(&n->seen, &part);
	}
	return status == MS_OK
		       ? add(d, side, key, frame, figures->stack, &figures->f, err)
		       : status;
}

static ms_status add_stacks(struct ms_diff *d, const struct side *side,
			    struct ms_error *err)
{
	struct ms_meter meter;
	size_t count;
	const struct ms_stack_figures *stacks =
		ms_view_stacks(side->views, side->trace, &count);
	ms_status status =
		ms_names_of_view(side->views, side->trace,
				 d->options.by == MEMSCOPE_GROUP_STACK ? MS_RESOLVE_STACKS
								       : MS_RESOLVE_SITES,
				 err);

	ms_meter_init(&meter, ms_facade_progress(d->m, "looking up functions and lines"),
		      count);
	for (size_t i = 0; status == MS_OK && i < count; i++) {
		status = add_stack(d, side, &stacks[i], err);
		ms_meter_at(&meter, i);
	}
	return status;
}

/* Another run's threads have other ids: there, names tell them apart. */
static ms_status add_threads(struct ms_diff *d, const struct side *side,
			     struct ms_error *err)
{
	struct ms_metadata *meta = d->m->traces[side->trace].meta;
	size_t count;
	const struct ms_thread_figures *threads =
		ms_view_thread_figures(side->views, side->trace, &count);
	ms_status status = MS_OK;

	for (size_t i = 0; status == MS_OK && i < count; i++) {
		const struct ms_thread *thread =
			ms_metadata_thread(meta, threads[i].thread);
		uint32_t name = ms_normal_name(&d->normal, thread ? thread->name : "");
		uint64_t key = d->options.two_traces
				       ? name
				       : (uint64_t)side->trace << 32 | threads[i].thread;

		status = add(d, side, key, name, threads[i].thread, &threads[i].f, err);
	}
	return status;
}

static ms_status add_sizes(struct ms_diff *d, const struct side *side,
			   struct ms_error *err)
{
	ms_status status = MS_OK;

	for (unsigned c = 0; status == MS_OK && c < MS_SIZE_CLASSES; c++) {
		struct ms_figures f = ms_view_size_class(side->views, side->trace, c);

		status = add(d, side, c, 0, 0, &f, err);
	}
	return status;
}

static ms_status add_kinds(struct ms_diff *d, const struct side *side,
			   struct ms_error *err)
{
	const struct ms_figures *kinds = side->views->items[side->trace].tally.kinds;
	ms_status status = MS_OK;

	for (unsigned k = 0; status == MS_OK && k < MS_EVENT_KIND_MAX; k++) {
		uint32_t name = ms_normal_name(&d->normal, ms_event_kind_info(k)->name);

		status = add(d, side, name, name, 0, &kinds[k], err);
	}
	return status;
}

typedef ms_status add_fn(struct ms_diff *d, const struct side *side,
			 struct ms_error *err);

static add_fn *const adders[MEMSCOPE_GROUP_NONE + 1] = {
	[MEMSCOPE_GROUP_SITE] = add_stacks,	[MEMSCOPE_GROUP_STACK] = add_stacks,
	[MEMSCOPE_GROUP_FUNCTION] = add_stacks, [MEMSCOPE_GROUP_FILE] = add_stacks,
	[MEMSCOPE_GROUP_MODULE] = add_stacks,	[MEMSCOPE_GROUP_THREAD] = add_threads,
	[MEMSCOPE_GROUP_SIZE] = add_sizes,	[MEMSCOPE_GROUP_KIND] = add_kinds,
};

/* --- comparing
 * -------------------------------------------------------------------------- */

static enum ms_diff_class class_of(const struct ms_diff_row *row)
{
	int64_t bytes = ms_diff_bytes(row), blocks = ms_diff_blocks(row);

	if (!row->before.live_blocks && row->after.live_blocks)
		return MS_DIFF_NEW;
	if (row->before.live_blocks && !row->after.live_blocks)
		return MS_DIFF_GONE;
	if (bytes || blocks)
		return (bytes ? bytes : blocks) > 0 ? MS_DIFF_GROWN : MS_DIFF_SHRUNK;
	return MS_DIFF_SAME;
}

static uint64_t size_of(int64_t change)
{
	return change < 0 ? 0 - (uint64_t)change : (uint64_t)change;
}

/* The keys follow the order of first appearance, which logs always give alike. */
static int largest_change_first(const void *a, const void *b)
{
	const struct ms_diff_row *x = a, *y = b;
	const uint64_t pairs[][2] = {
		{ size_of(ms_diff_bytes(x)), size_of(ms_diff_bytes(y)) },
		{ size_of(ms_diff_blocks(x)), size_of(ms_diff_blocks(y)) },
		{ x->after.live_bytes, y->after.live_bytes },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (pairs[i][0] != pairs[i][1])
			return pairs[i][0] < pairs[i][1] ? 1 : -1;
	}
	return x->key < y->key ? -1 : x->key > y->key;
}

static void compare(struct ms_diff *d)
{
	for (size_t i = 0; i < d->count; i++) {
		struct ms_diff_row *row = &d->rows[i];

		row->class = class_of(row);
		d->in_class[row->class]++;
		ms_figures_add(&d->before, &row->before);
		ms_figures_add(&d->after, &row->after);
	}
	if (d->count)
		qsort(d->rows, d->count, sizeof(*d->rows), largest_change_first);
}

/* A log without events has no groups that could say that nothing is known. */
static ms_status add_side(struct ms_diff *d, const struct ms_views *views, uint32_t trace,
			  bool after, struct ms_error *err)
{
	struct side side = { views, trace, after };
	struct ms_figures *sum = after ? &d->after : &d->before;
	struct ms_known known;

	ms_view_known(views, trace, &known);
	if (known.absent & 1u << MS_KNOWN_CURRENT_MEMORY)
		sum->absent |= 1u << MS_FIGURE_LIVE_BLOCKS | 1u << MS_FIGURE_LIVE_BYTES;
	return adders[d->options.by](d, &side, err);
}

static ms_status add_all(struct ms_diff *d, struct ms_error *err)
{
	ms_status status = MS_OK;

	if (d->options.two_traces) {
		status = add_side(d, &d->second, 0, false, err);
		return status == MS_OK ? add_side(d, &d->second, 1, true, err) : status;
	}
	for (uint32_t t = 0; status == MS_OK && t < d->m->count; t++) {
		status = add_side(d, &d->first, t, false, err);
		if (status == MS_OK)
			status = add_side(d, &d->second, t, true, err);
	}
	return status;
}

static ms_status check(const struct memscope *m,
		       const struct memscope_diff_options *options, struct ms_error *err)
{
	if ((unsigned)options->by > MEMSCOPE_GROUP_NONE || !adders[options->by])
		return ms_fail(err, MS_EUSAGE, "no grouping to compare by");
	if (!ms_time_valid(&options->from) || !ms_time_valid(&options->to))
		return ms_fail(err, MS_EUSAGE, "no such time");
	if (options->two_traces && m->count != 2)
		return ms_fail(err, MS_EUSAGE, "two traces can be compared, not %zu",
			       m->count);
	if (options->filter.freed)
		return ms_fail(err, MS_EUSAGE, "what was freed is live on neither side");
	return MS_OK;
}

static ms_status fill(struct ms_diff *d, struct ms_error *err)
{
	const struct memscope_diff_options *o = &d->options;
	struct memscope_time start = { .kind = MEMSCOPE_AT_START };
	bool detailed = o->by == MEMSCOPE_GROUP_KIND;
	ms_status status = MS_OK;

	if (!o->two_traces)
		status = ms_views_init(&d->first, d->m, o->use_from ? &o->from : &start,
				       &o->filter, detailed, err);
	if (status == MS_OK)
		status = ms_views_init(&d->second, d->m, &o->to, &o->filter, detailed,
				       err);
	if (status == MS_OK)
		status = add_all(d, err);
	if (status == MS_OK)
		compare(d);
	return status;
}

ms_status ms_diff_init(struct ms_diff *d, struct memscope *m,
		       const struct memscope_diff_options *options, struct ms_error *err)
{
	ms_status status = check(m, options, err);

	*d = (struct ms_diff){ .m = m, .options = *options };
	if (status != MS_OK)
		return status;
	ms_normal_init(&d->normal, m, options->two_traces, options->lines);
	ms_map_init(&d->by_key);
	status = fill(d, err);
	if (status != MS_OK)
		ms_diff_release(d);
	return status;
}

void ms_diff_release(struct ms_diff *d)
{
	ms_views_release(&d->first);
	ms_views_release(&d->second);
	ms_normal_release(&d->normal);
	ms_map_release(&d->by_key);
	ms_free(d->rows);
	*d = (struct ms_diff){ 0 };
}
