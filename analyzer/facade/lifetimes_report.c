/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lifetimes_report.c - how long blocks lived, in groups.
 */
#define _GNU_SOURCE /* qsort_r */
#include "analyzer/base/alloc.h"
#include "analyzer/facade/choose.h"
#include "analyzer/facade/frames.h"

#include <stdlib.h>

#define TEXT_ROWS 20

struct group {
	uint32_t trace, key; /* of its first row */
	uint32_t frame;	     /* of sites and stacks, in seen */
	struct ms_lived lived;
};

struct report {
	struct memscope *m;
	struct memscope_lifetimes_options options;
	struct ms_doc doc;
	struct ms_frames_seen seen;
	struct ms_lived all;
	struct group *groups;
	size_t count, capacity;
	struct ms_map by_key; /* to 1 + an index */
	bool estimated;
	unsigned missing; /* bits of lifetimes whose blocks were folded and not chosen */
	bool unknown;	  /* some trace holds no events */
};

static const enum ms_lived_by engine_by[] = {
	[MEMSCOPE_LIFETIMES_SITE] = MS_LIVED_BY_STACK,
	[MEMSCOPE_LIFETIMES_STACK] = MS_LIVED_BY_STACK,
	[MEMSCOPE_LIFETIMES_THREAD] = MS_LIVED_BY_THREAD,
	[MEMSCOPE_LIFETIMES_SIZE] = MS_LIVED_BY_SIZE,
	[MEMSCOPE_LIFETIMES_NONE] = MS_LIVED_BY_NONE,
};

static const char *const group_names[] = {
	[MEMSCOPE_LIFETIMES_SITE] = "site",	[MEMSCOPE_LIFETIMES_STACK] = "stack",
	[MEMSCOPE_LIFETIMES_THREAD] = "thread", [MEMSCOPE_LIFETIMES_SIZE] = "size",
	[MEMSCOPE_LIFETIMES_NONE] = "none",
};

static const char *const sort_names[] = {
	[MEMSCOPE_LIFETIMES_BLOCKS] = "blocks",
	[MEMSCOPE_LIFETIMES_BYTES] = "bytes",
	[MEMSCOPE_LIFETIMES_SHORT] = "short",
	[MEMSCOPE_LIFETIMES_LIVE] = "live",
};

/* --- groups ---------------------------------------------------------------------------
 */

static ms_status frame_of(struct report *r, uint32_t trace, uint32_t stack, uint32_t *id,
			  struct ms_error *err)
{
	const struct ms_frame *frame;
	ms_status status = ms_metadata_site(r->m->traces[trace].meta, stack, &frame, err);

	if (status != MS_OK)
		return status;
	*id = ms_frames_id(&r->seen, frame);
	return *id == MS_FRAME_NONE ? ms_fail_memory(err) : MS_OK;
}

static ms_status add_row(struct report *r, uint32_t trace, const struct ms_lived_row *row,
			 struct ms_error *err)
{
	enum memscope_lifetimes_by by = r->options.by;
	struct group group = { .trace = trace, .key = row->key };
	uint64_t key = (uint64_t)trace << 32 | row->key, *index;
	ms_status status = MS_OK;

	if (engine_by[by] == MS_LIVED_BY_STACK)
		status = frame_of(r, trace, row->key, &group.frame, err);
	if (status != MS_OK)
		return status;
	if (by == MEMSCOPE_LIFETIMES_SITE)
		key = group.frame;
	else if (by == MEMSCOPE_LIFETIMES_SIZE)
		key = row->key;
	index = ms_map_at(&r->by_key, key, NULL);
	if (!index ||
	    ms_grow((void **)&r->groups, &r->capacity, r->count, sizeof(*r->groups)) < 0)
		return ms_fail_memory(err);
	if (!*index) {
		r->groups[r->count] = group;
		*index = ++r->count;
	}
	ms_lived_add(&r->groups[*index - 1].lived, &row->lived);
	return MS_OK;
}

static ms_status add_trace(struct report *r, uint32_t i, struct ms_error *err)
{
	const struct ms_trace *trace = &r->m->traces[i];
	/* Pairs that were folded have no time, thread or size that could be chosen. */
	bool all = !ms_filter_is_set(&r->options.filter);
	size_t folded_count = 0;
	const struct ms_folded *folded = ms_log_folded(trace->log, &folded_count);
	struct ms_lifetimes lifetimes = { 0 };
	struct ms_choice choice;
	ms_status status = ms_choice_init(&choice, r->m, trace, &r->options.filter,
					  "measuring lifetimes", err);

	if (status == MS_OK)
		status = ms_lifetimes_init(&lifetimes, &choice.pass,
					   engine_by[r->options.by], folded,
					   all ? folded_count : 0, err);
	ms_choice_release(&choice);
	if (status != MS_OK)
		return status;
	r->estimated |= choice.pass.sample_bytes != 0;
	r->unknown |= ms_log_mode(trace->log)->mode == MS_MODE_COUNTERS;
	for (size_t n = 0; !all && n < folded_count; n++) {
		for (unsigned c = 0; c < MS_WIRE_LIFETIMES; c++)
			r->missing |= folded[n].lifetimes[c] ? 1u << c : 0;
	}
	ms_lived_add(&r->all, &lifetimes.all);
	for (size_t n = 0; status == MS_OK && n < lifetimes.count; n++)
		status = add_row(r, i, &lifetimes.rows[n], err);
	ms_lifetimes_release(&lifetimes);
	return status;
}

static uint64_t weight_of(const struct ms_lived *lived, enum memscope_lifetimes_sort sort)
{
	uint64_t blocks = 0, bytes = 0;

	for (unsigned c = 0; c < MS_LIVED_CLASSES; c++) {
		blocks += lived->blocks[c];
		bytes += lived->bytes[c];
	}
	switch (sort) {
	case MEMSCOPE_LIFETIMES_BYTES:
		return bytes;
	case MEMSCOPE_LIFETIMES_SHORT:
		return lived->blocks[0];
	case MEMSCOPE_LIFETIMES_LIVE:
		return lived->bytes[MS_LIVED_STILL];
	default:
		return blocks;
	}
}

static int heaviest_first(const void *a, const void *b, void *context)
{
	const struct memscope_lifetimes_options *options = context;
	const struct group *x = a, *y = b;
	uint64_t wx = weight_of(&x->lived, options->sort);
	uint64_t wy = weight_of(&y->lived, options->sort);

	if (wx != wy)
		return wx < wy ? 1 : -1;
	if (x->trace != y->trace)
		return x->trace < y->trace ? -1 : 1;
	return x->key < y->key ? -1 : x->key > y->key;
}

/* --- the document ---------------------------------------------------------------------
 */

static void add_lived(struct report *r, json_t *object, const struct ms_lived *lived)
{
	static const char *const block_keys[MS_LIVED_CLASSES] = {
		"below_1ms", "below_10ms", "below_100ms", "below_1s",
		"below_10s", "longer",	   "live",	  "unknown",
	};
	static const char *const byte_keys[MS_LIVED_CLASSES] = {
		"below_1ms_bytes", "below_10ms_bytes", "below_100ms_bytes",
		"below_1s_bytes",  "below_10s_bytes",  "longer_bytes",
		"live_bytes",	   "unknown_bytes",
	};
	struct ms_estimate figures[2 * MS_LIVED_CLASSES + 2];
	struct ms_estimate *blocks = &figures[0], *bytes = &figures[1];
	unsigned no_blocks = lived->no_blocks | r->missing;

	*blocks = (struct ms_estimate){ "blocks", 0, r->unknown || no_blocks, 0 };
	*bytes = (struct ms_estimate){ "bytes", 0, r->unknown || no_blocks, 0 };
	for (unsigned c = 0; c < MS_LIVED_CLASSES; c++) {
		bool none = r->unknown || no_blocks & 1u << c;

		figures[2 + 2 * c] =
			(struct ms_estimate){ block_keys[c], lived->blocks[c], none,
					      lived->block_variance[c] };
		figures[3 + 2 * c] =
			(struct ms_estimate){ byte_keys[c], lived->bytes[c],
					      none || lived->no_bytes & 1u << c,
					      lived->byte_variance[c] };
		blocks->value += lived->blocks[c];
		bytes->value += lived->bytes[c];
		blocks->variance += lived->block_variance[c];
		bytes->variance += lived->byte_variance[c];
	}
	bytes->value += lived->loose_bytes;
	ms_doc_estimates(&r->doc, object, figures, 2 * MS_LIVED_CLASSES + 2,
			 r->estimated);
	if (lived->culled_blocks) {
		ms_doc_u64(&r->doc, object, "culled_blocks", lived->culled_blocks);
		ms_doc_u64(&r->doc, object, "culled_bytes", lived->culled_bytes);
	}
}

static void add_group(struct report *r, json_t *rows, const struct group *group)
{
	const struct ms_trace *trace = &r->m->traces[group->trace];
	enum memscope_lifetimes_by by = r->options.by;
	json_t *row = ms_doc_append(&r->doc, rows);
	const struct ms_thread *thread;

	if (by == MEMSCOPE_LIFETIMES_STACK || by == MEMSCOPE_LIFETIMES_THREAD)
		ms_doc_u64(&r->doc, row, "pid", ms_metadata_process(trace->meta)->pid);
	if (by == MEMSCOPE_LIFETIMES_STACK)
		ms_doc_u64(&r->doc, row, "stack_id", group->key);
	if (engine_by[by] == MS_LIVED_BY_STACK)
		ms_doc_frame(&r->doc, row, &r->seen.items[group->frame].frame);
	if (by == MEMSCOPE_LIFETIMES_THREAD) {
		thread = ms_metadata_thread(trace->meta, group->key);
		ms_doc_tid(&r->doc, row, "tid", trace, group->key);
		ms_doc_text(&r->doc, row, "name",
			    thread && *thread->name ? thread->name : NULL);
	}
	if (by == MEMSCOPE_LIFETIMES_SIZE) {
		uint64_t from = group->key ? UINT64_C(1) << (group->key - 1) : 0;

		ms_doc_u64(&r->doc, row, "size_from", from);
		ms_doc_u64(&r->doc, row, "size_to", from ? from * 2 - 1 : 0);
	}
	add_lived(r, row, &group->lived);
}

static ms_status compose(struct report *r, struct ms_error *err)
{
	ms_status status = MS_OK;
	json_t *rows;

	ms_doc_head(&r->doc, r->m, &r->options.filter);
	for (uint32_t i = 0; status == MS_OK && i < r->m->count; i++)
		status = add_trace(r, i, err);
	if (status != MS_OK)
		return status;
	add_lived(r, ms_doc_object(&r->doc, r->doc.root, "all"), &r->all);
	ms_doc_text(&r->doc, r->doc.root, "by", group_names[r->options.by]);
	ms_doc_text(&r->doc, r->doc.root, "sorted_by", sort_names[r->options.sort]);
	ms_doc_u64(&r->doc, r->doc.root, "groups", r->count);
	rows = ms_doc_array(&r->doc, r->doc.root, "rows");
	if (r->count)
		qsort_r(r->groups, r->count, sizeof(*r->groups), heaviest_first,
			&r->options);
	for (size_t i = 0; i < r->count && !r->doc.failed; i++) {
		if (r->options.top && i == r->options.top)
			break;
		add_group(r, rows, &r->groups[i]);
	}
	return MS_OK;
}

int memscope_lifetimes(struct memscope *m,
		       const struct memscope_lifetimes_options *options,
		       const struct memscope_output *output, struct memscope_error *err)
{
	struct report r = { .m = m };
	struct ms_error *own = ms_own_error(err);
	json_t *document;
	ms_status status;

	if (options)
		r.options = *options;
	if ((unsigned)r.options.by > MEMSCOPE_LIFETIMES_NONE)
		return ms_fail(own, MS_EUSAGE, "no such grouping");
	if ((unsigned)r.options.sort > MEMSCOPE_LIFETIMES_LIVE)
		return ms_fail(own, MS_EUSAGE, "no such order");
	if (r.options.top == 0 && output->format == MEMSCOPE_TEXT)
		r.options.top = TEXT_ROWS;
	ms_frames_init(&r.seen);
	ms_map_init(&r.by_key);
	ms_doc_init(&r.doc);
	status = compose(&r, own);
	ms_frames_release(&r.seen);
	ms_map_release(&r.by_key);
	ms_free(r.groups);
	document = ms_doc_take(&r.doc);
	if (status == MS_OK)
		return ms_facade_print(document, ms_render_lifetimes, output, own);
	json_decref(document);
	return status;
}
