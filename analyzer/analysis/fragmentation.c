/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fragmentation.c - detector: memory that the heap has given up and the process still
 * has.
 *
 * The log has the process's resident memory about every 10 ms in which it called the
 * allocator, and what was live then.  Resident includes code, stacks, the recorder and
 * what the program maps itself, so resident alone says nothing: what counts is how much
 * more there is beyond what lives than at the sample with the most live, less what was
 * mapped since and less the recorder's tables.  It is at least so much.
 *
 * When live has fallen by three tenths, resident is twice what lives, and 16 MiB of it
 * came since, for a tenth of the run, live blocks pin their neighbours' pages.  Those
 * that lie nearly alone in a page at the log's end say where they were made.
 */
#include "analyzer/analysis/waste.h"
#include "analyzer/base/alloc.h"

#include <stdlib.h>

#define FALLEN	0.7 /* live, of its most */
#define RATIO	2   /* resident to live */
#define LEAST	(UINT64_C(16) << 20)
#define MEDIUM	(UINT64_C(256) << 20)
#define LASTING 10 /* a part of so many of the run */
#define SPARSE	10 /* a page's live bytes are less than a part of so many */
#define HALF	2  /* the same, of those that tell whose blocks stay */

struct instant {
	uint64_t at_ns, resident, live, mapped;
};

struct fragmentation {
	const struct ms_check_input *input;
	struct instant *instants; /* by time */
	size_t count, next;
	uint64_t live; /* now, as the heap has it */
	uint64_t peak; /* the most so far, the same */
	struct ms_mappings *mappings;
};

static int compare(const void *a, const void *b)
{
	const struct instant *one = a, *other = b;

	return one->at_ns < other->at_ns ? -1 : one->at_ns > other->at_ns;
}

static const char *unable(const struct ms_check_input *input)
{
	return input->chosen ? "it is about the whole process, not about chosen blocks"
			     : NULL;
}

static void release(void *state)
{
	struct fragmentation *f = state;

	if (!f)
		return;
	ms_mappings_free(f->mappings);
	ms_free(f->instants);
	ms_free(f);
}

static ms_status begin(void **state, const struct ms_check_input *input,
		       struct ms_error *err)
{
	size_t count;
	const struct ms_sample *samples = ms_metadata_samples(input->meta, &count);
	struct fragmentation *f;

	if (count < 3)
		return MS_OK;
	f = ms_alloc_zero(1, sizeof(*f));
	*state = f;
	if (!f)
		return ms_fail_memory(err);
	f->input = input;
	f->count = count;
	f->instants = ms_alloc_zero(count, sizeof(*f->instants));
	if (!f->instants)
		return ms_fail_memory(err);
	for (size_t i = 0; i < count; i++)
		f->instants[i] =
			(struct instant){ .at_ns = samples[i].at_ns,
					  .resident = samples[i].resident_bytes };
	qsort(f->instants, count, sizeof(*f->instants), compare);
	return ms_mappings_new(&f->mappings, err);
}

/* What was so at every sample before that time. */
static void pass(struct fragmentation *f, uint64_t at_ns)
{
	for (; f->next < f->count && f->instants[f->next].at_ns < at_ns; f->next++) {
		struct instant *i = &f->instants[f->next];

		i->live = ms_weight_sum(f->input->sample_bytes, f->live);
		i->mapped = ms_mappings_totals(f->mappings)->current_bytes;
	}
}

static ms_status event(void *state, const struct ms_event *event, struct ms_error *err)
{
	struct fragmentation *f = state;

	pass(f, event->at_ns);
	return event->class >= MS_CLASS_MAP ? ms_mappings_apply(f->mappings, event, err)
					    : MS_OK;
}

static void block(void *state, enum ms_change change, const struct ms_block *block,
		  const struct ms_event *event, const struct ms_totals *totals)
{
	struct fragmentation *f = state;

	(void)change;
	(void)block;
	(void)event;
	f->live = totals->current_memory;
	f->peak = totals->peak_memory;
}

/* --- when -----------------------------------------------------------------------------
 */

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* What is resident beyond what lives, more than at the peak; 0: not so. */
static uint64_t retained(const struct fragmentation *f, const struct instant *peak,
			 const struct instant *now)
{
	uint64_t cost[MS_COST_COUNT], bytes = less(now->resident, now->live);

	if ((double)now->live > FALLEN * (double)peak->live ||
	    now->resident / RATIO < now->live)
		return 0;
	bytes = less(bytes, less(peak->resident, peak->live));
	bytes = less(bytes, less(now->mapped, peak->mapped));
	if (ms_metadata_cost(f->input->meta, cost))
		bytes = less(bytes, cost[MS_COST_TABLE_BYTES]);
	return bytes >= LEAST ? bytes : 0;
}

struct state {
	const struct instant *peak, *worst; /* worst: with the most retained */
	uint64_t bytes, lasted_ns;
	bool to_end; /* it lasts until the last sample */
};

/* The longest time of it, if it is long. */
static bool find(const struct fragmentation *f, struct state *out)
{
	const struct instant *peak = f->instants, *end = f->instants + f->count;
	uint64_t run = end[-1].at_ns - f->instants[0].at_ns, from = 0;
	struct state now;

	for (const struct instant *i = f->instants; i < end; i++)
		if (i->live > peak->live)
			peak = i;
	*out = (struct state){ .peak = peak };
	now = *out;
	for (const struct instant *i = peak; i < end; i++) {
		uint64_t bytes = retained(f, peak, i);

		if (!bytes) {
			now = (struct state){ .peak = peak };
			continue;
		}
		if (!now.worst)
			from = i->at_ns;
		now.lasted_ns = i->at_ns - from;
		now.to_end = i + 1 == end;
		if (bytes > now.bytes) {
			now.bytes = bytes;
			now.worst = i;
		}
		if (now.lasted_ns >= out->lasted_ns)
			*out = now;
	}
	return out->worst && out->lasted_ns >= run / LASTING;
}

/* --- pages that few live bytes pin ----------------------------------------------------
 */

struct pages {
	struct ms_map live; /* page to its live bytes, of those that are not full */
	struct ms_waste stacks;
	uint64_t page_bytes, sparse, sparse_bytes;
	bool failed;
};

/* The block's first and last page, and its bytes there; those between are full. */
static unsigned edges(const struct pages *p, const struct ms_block *block,
		      uint64_t page[2], uint64_t bytes[2])
{
	uint64_t size = block->size ? block->size : 1, end;

	if (__builtin_add_overflow(block->address, size, &end))
		return 0;
	page[0] = block->address / p->page_bytes;
	page[1] = (end - 1) / p->page_bytes;
	if (page[0] == page[1]) {
		bytes[0] = size;
		return 1;
	}
	bytes[0] = (page[0] + 1) * p->page_bytes - block->address;
	bytes[1] = end - page[1] * p->page_bytes;
	return 2;
}

static bool add_edges(void *context, const struct ms_block *block)
{
	struct pages *p = context;
	uint64_t page[2], bytes[2];
	unsigned n = edges(p, block, page, bytes);

	for (unsigned i = 0; i < n; i++) {
		uint64_t *live = ms_map_at(&p->live, page[i], NULL);

		if (live)
			*live += bytes[i];
		p->failed |= !live;
	}
	return !p->failed;
}

/* Whose blocks have a page nearly to themselves. */
static bool add_stacks(void *context, const struct ms_block *block)
{
	struct pages *p = context;
	uint64_t page[2], bytes[2];
	unsigned n = edges(p, block, page, bytes);

	for (unsigned i = 0; i < n; i++) {
		const uint64_t *live = ms_map_find(&p->live, page[i]);
		struct ms_waste_row *row;

		if (!live || *live >= p->page_bytes / HALF)
			continue;
		row = ms_waste_at(&p->stacks, block);
		if (row)
			row->sums[0]++;
	}
	return !p->stacks.failed;
}

static ms_status find_pages(struct pages *p, const struct ms_heap *heap,
			    struct ms_error *err)
{
	uint64_t page, live;
	size_t position = 0;

	ms_heap_each(heap, add_edges, p);
	if (p->failed)
		return ms_fail_memory(err);
	while (ms_map_next(&p->live, &position, &page, &live)) {
		if (live >= p->page_bytes / SPARSE)
			continue;
		p->sparse++;
		p->sparse_bytes += live;
	}
	ms_heap_each(heap, add_stacks, p);
	return p->stacks.failed ? ms_fail_memory(err) : MS_OK;
}

/* --- what was found -------------------------------------------------------------------
 */

static void describe(struct ms_finding *f, const struct state *state, uint64_t peak,
		     const struct pages *pages, const struct ms_waste *sites)
{
	const struct ms_waste_row *site = ms_waste_heaviest(sites);

	f->count = 1;
	f->bytes = state->bytes;
	f->severity = state->bytes >= MEDIUM ? MS_SEVERITY_MEDIUM : MS_SEVERITY_LOW;
	f->suggestion = "keep what lives long apart from what comes and goes, or give "
			"memory back with malloc_trim";
	if (site) {
		struct ms_finding_point point =
			ms_finding_made("still live", &site->block);

		ms_finding_point(f, &point);
	}
	ms_waste_time(f, "at_ns", state->worst->at_ns);
	ms_waste_time(f, "lasted_ns", state->lasted_ns);
	ms_waste_bytes(f, "live_bytes", state->worst->live);
	ms_waste_bytes(f, "resident_bytes", state->worst->resident);
	if (state->worst->live)
		ms_waste_real(f, "ratio",
			      (double)state->worst->resident /
				      (double)state->worst->live);
	ms_waste_bytes(f, "peak_live_bytes", peak);
	ms_waste_count(f, "sparse_pages_at_end", pages->sparse);
	ms_waste_bytes(f, "sparse_live_bytes", pages->sparse_bytes);
}

static ms_status add(const struct fragmentation *f, const struct state *state,
		     struct pages *pages, const struct ms_heap *heap,
		     struct ms_findings *findings, struct ms_error *err)
{
	struct ms_finding *finding;
	struct ms_waste sites;
	ms_status status = find_pages(pages, heap, err);

	ms_waste_init(&sites);
	/* what lives at the end is what stayed, if it is still so then */
	if (status == MS_OK && state->to_end)
		status = ms_waste_sites(&sites, &pages->stacks, 1, f->input, err);
	finding = status == MS_OK ? ms_findings_add(findings, &ms_detector_fragmentation,
						    "retained")
				  : NULL;
	if (finding)
		describe(finding, state, ms_weight_sum(f->input->sample_bytes, f->peak),
			 pages, &sites);
	else if (status == MS_OK)
		status = ms_fail_memory(err);
	ms_waste_release(&sites);
	return status;
}

static ms_status end(void *state, const struct ms_replayed *replayed,
		     struct ms_findings *findings, struct ms_error *err)
{
	struct fragmentation *f = state;
	struct pages pages = { .page_bytes =
				       ms_metadata_process(f->input->meta)->page_bytes };
	struct state found;
	ms_status status;

	pass(f, UINT64_MAX);
	if (!find(f, &found))
		return MS_OK;
	if (!pages.page_bytes)
		pages.page_bytes = MS_WIRE_PAGE;
	ms_map_init(&pages.live);
	ms_waste_init(&pages.stacks);
	status = add(f, &found, &pages, replayed->heap, findings, err);
	ms_map_release(&pages.live);
	ms_waste_release(&pages.stacks);
	return status;
}

const struct ms_detector ms_detector_fragmentation = {
	.name = "fragmentation",
	.summary = "memory that the heap gave up and the process still has",
	.worst = MS_SEVERITY_MEDIUM,
	.unable = unable,
	.begin = begin,
	.event = event,
	.block = block,
	.end = end,
	.free = release,
};
