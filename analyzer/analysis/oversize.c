/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oversize.c - detector: blocks that are larger than what was asked for.
 *
 * Allocators round up.  That is derived from the sizes that were asked for (usable.c),
 * for allocators of which it is known; the evidence says which.  A site is told of whose
 * blocks waste a quarter of their memory or more, when that is 64 KiB of the process's
 * peak, or 1 MiB of all that it ever made.
 *
 * How much a site wastes at the peak is found out as aggregate.c does it: what it has
 * live stands still between its own changes.
 */
#include "analyzer/analysis/waste.h"
#include "analyzer/base/alloc.h"

#define SHARE	    0.25
#define PEAK_LEAST  (UINT64_C(64) << 10)
#define ALL_LEAST   (UINT64_C(1) << 20)
#define MEDIUM_PEAK (UINT64_C(16) << 20)
#define STACK_LEAST (UINT64_C(1) << 10) /* below it names need not be looked for */

enum { ALL_WASTE, ALL_USABLE, BLOCKS, LIVE_WASTE, LIVE_USABLE, PEAK_WASTE, PEAK_USABLE };

struct oversize {
	const struct ms_check_input *input;
	const struct ms_usable *usable;
	struct ms_waste stacks; /* most: the peak that PEAK_x were brought up to */
	uint64_t peak_memory, peaks;
};

static const char *unable(const struct ms_check_input *input)
{
	return ms_usable_of(input->meta)
		       ? NULL
		       : "the sizes of this allocator's blocks are not known";
}

static ms_status begin(void **state, const struct ms_check_input *input,
		       struct ms_error *err)
{
	struct oversize *o = ms_alloc_zero(1, sizeof(*o));

	if (!o)
		return ms_fail_memory(err);
	o->input = input;
	o->usable = ms_usable_of(input->meta);
	ms_waste_init(&o->stacks);
	*state = o;
	return MS_OK;
}

static void release(void *state)
{
	struct oversize *o = state;

	if (o)
		ms_waste_release(&o->stacks);
	ms_free(o);
}

static void see_peak(const struct oversize *o, struct ms_waste_row *row)
{
	if (row->most == o->peaks)
		return;
	row->most = o->peaks;
	row->sums[PEAK_WASTE] = row->sums[LIVE_WASTE];
	row->sums[PEAK_USABLE] = row->sums[LIVE_USABLE];
}

static void change_row(struct oversize *o, struct ms_waste_row *row,
		       enum ms_change change, const struct ms_block *block)
{
	struct ms_weight w = ms_weigh(o->input->sample_bytes, block->size);
	uint64_t bytes = o->usable->bytes(block->size);
	uint64_t usable = bytes * w.blocks, waste = (bytes - block->size) * w.blocks;

	see_peak(o, row);
	if (change == MS_CHANGE_END) {
		row->sums[LIVE_WASTE] -= waste;
		row->sums[LIVE_USABLE] -= usable;
		return;
	}
	row->sums[BLOCKS] += w.blocks;
	row->sums[ALL_WASTE] += waste;
	row->sums[ALL_USABLE] += usable;
	row->sums[LIVE_WASTE] += waste;
	row->sums[LIVE_USABLE] += usable;
}

static void block(void *state, enum ms_change change, const struct ms_block *block,
		  const struct ms_event *event, const struct ms_totals *totals)
{
	struct oversize *o = state;
	struct ms_waste_row *row;
	bool risen = totals->peak_memory > o->peak_memory;
	bool by_this = change == MS_CHANGE_BEGIN &&
		       totals->current_memory == totals->peak_memory;

	(void)event;
	o->peak_memory = totals->peak_memory;
	/* by a block that is not chosen: this change came after that peak */
	o->peaks += risen && !by_this;
	row = change == MS_CHANGE_BEGIN ? ms_waste_at(&o->stacks, block)
					: ms_waste_find(&o->stacks, block->stack);
	if (row)
		change_row(o, row, change, block);
	o->peaks += risen && by_this;
}

struct found {
	const struct oversize *oversize;
	struct ms_findings *findings;
};

static ms_status judge(void *context, const struct ms_waste_row *site,
		       struct ms_error *err)
{
	const struct found *found = context;
	const uint64_t *s = site->sums;
	bool at_peak = s[PEAK_WASTE] >= PEAK_LEAST &&
		       ms_waste_share(s[PEAK_WASTE], s[PEAK_USABLE]) >= SHARE;
	bool in_all = s[ALL_WASTE] >= ALL_LEAST &&
		      ms_waste_share(s[ALL_WASTE], s[ALL_USABLE]) >= SHARE;
	struct ms_finding_point point = ms_finding_made("allocated", &site->block);
	struct ms_finding *f;

	if (!at_peak && !in_all)
		return MS_OK;
	f = ms_findings_add(found->findings, &ms_detector_oversize,
			    at_peak ? "at_peak" : "in_all");
	if (!f)
		return ms_fail_memory(err);
	f->count = s[BLOCKS];
	f->bytes = s[at_peak ? PEAK_WASTE : ALL_WASTE];
	f->severity = !at_peak			     ? MS_SEVERITY_INFO
		      : s[PEAK_WASTE] >= MEDIUM_PEAK ? MS_SEVERITY_MEDIUM
						     : MS_SEVERITY_LOW;
	f->suggestion = "ask for sizes that fill a block, or put many small objects into "
			"one";
	ms_finding_point(f, &point);
	ms_waste_bytes(f, "waste_at_peak", s[PEAK_WASTE]);
	ms_waste_bytes(f, "waste_in_all", s[ALL_WASTE]);
	ms_waste_part(f, "share",
		      at_peak ? ms_waste_share(s[PEAK_WASTE], s[PEAK_USABLE])
			      : ms_waste_share(s[ALL_WASTE], s[ALL_USABLE]));
	ms_waste_bytes(f, "block_bytes", site->block.size);
	ms_waste_bytes(f, "usable_bytes",
		       found->oversize->usable->bytes(site->block.size));
	ms_waste_text(f, "basis", found->oversize->usable->name);
	return MS_OK;
}

/* Sums over a sample, as they are reported. */
static void report(struct oversize *o)
{
	for (size_t i = 0; i < o->stacks.count; i++) {
		struct ms_waste_row *row = &o->stacks.rows[i];

		see_peak(o, row);
		for (size_t n = 0; n < MS_WASTE_SUMS; n++)
			row->sums[n] =
				ms_weight_sum(o->input->sample_bytes, row->sums[n]);
	}
}

static ms_status end(void *state, const struct ms_replayed *replayed,
		     struct ms_findings *findings, struct ms_error *err)
{
	struct found found = { state, findings };

	(void)replayed;
	report(state);
	return ms_waste_judge(&found.oversize->stacks, STACK_LEAST, found.oversize->input,
			      judge, &found, err);
}

const struct ms_detector ms_detector_oversize = {
	.name = "oversize",
	.summary = "small blocks that waste a quarter of their memory",
	.worst = MS_SEVERITY_MEDIUM,
	.unable = unable,
	.begin = begin,
	.block = block,
	.end = end,
	.free = release,
};
