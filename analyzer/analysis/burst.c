/* SPDX-License-Identifier: Apache-2.0 */
/*
 * burst.c - detector: a short stretch in which the heap grows, or calls come, far faster
 * than at other times.
 *
 * Time is cut into hundredths, of 10 ms at least; a log of fewer than twenty of them has
 * no other times.  A burst has TIMES the median of those in which there were calls, and a
 * tenth of the whole; when it lasts longer than a twentieth of the time it is a phase,
 * and when it begins with the program it is the start.
 */
#include "analyzer/analysis/waste.h"
#include "analyzer/base/alloc.h"

#include <stdlib.h>

#define BUCKETS	     100
#define BUCKET_LEAST UINT64_C(10000000) /* nanoseconds */
#define FEWEST	     20
#define ACTIVE_LEAST 10 /* buckets with calls: else there is no median to speak of */
#define TIMES	     10
#define SHARE	     0.1
#define LONGEST	     20 /* a part of so many */
#define CALLS_LEAST  10000
#define GROWN_CALLS  1000 /* one large block is no burst */
#define GROWN_LEAST  (UINT64_C(4) << 20)
#define LOW_GROWN    (UINT64_C(64) << 20)

struct bucket {
	uint64_t calls, made; /* made: bytes */
	int64_t grown;
};

struct burst {
	const struct ms_check_input *input;
	struct bucket *buckets;
	size_t count;
	uint64_t width; /* nanoseconds */
	bool tells_calls;
};

struct stretch { /* buckets from first, up to last */
	size_t first, last;
	uint64_t sum;	/* of what it is a burst of */
	uint64_t whole; /* of all buckets */
	uint64_t median;
};

static ms_status begin(void **state, const struct ms_check_input *input,
		       struct ms_error *err)
{
	uint64_t duration = ms_log_duration_ns(input->log);
	uint64_t width = duration / BUCKETS + 1;
	struct burst *b;

	if (width < BUCKET_LEAST)
		width = BUCKET_LEAST;
	if (duration / width < FEWEST)
		return MS_OK;
	b = ms_alloc_zero(1, sizeof(*b));
	*state = b;
	if (!b)
		return ms_fail_memory(err);
	b->input = input;
	b->width = width;
	b->count = (size_t)(duration / width) + 1;
	b->tells_calls = !ms_waste_needs_pairs(input);
	b->buckets = ms_alloc_zero(b->count, sizeof(*b->buckets));
	return b->buckets ? MS_OK : ms_fail_memory(err);
}

static void release(void *state)
{
	struct burst *b = state;

	if (b)
		ms_free(b->buckets);
	ms_free(b);
}

static void block(void *state, enum ms_change change, const struct ms_block *block,
		  const struct ms_event *event, const struct ms_totals *totals)
{
	struct burst *b = state;
	struct ms_weight w = ms_weigh(b->input->sample_bytes, block->size);
	uint64_t index = event->at_ns / b->width;
	struct bucket *bucket = &b->buckets[index < b->count ? index : b->count - 1];

	(void)totals;
	if (change == MS_CHANGE_BEGIN) {
		bucket->calls += w.blocks;
		bucket->made += w.bytes;
		bucket->grown = (int64_t)((uint64_t)bucket->grown + w.bytes);
	} else {
		bucket->grown = (int64_t)((uint64_t)bucket->grown - w.bytes);
	}
}

/* --- where it is ----------------------------------------------------------------------
 */

static uint64_t calls_of(const struct bucket *bucket)
{
	return bucket->calls;
}

static uint64_t grown_of(const struct bucket *bucket)
{
	return bucket->grown > 0 ? (uint64_t)bucket->grown : 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return one < other ? -1 : one > other;
}

/* Of the buckets with calls; false: they are too few. */
static bool find_median(const struct burst *b, uint64_t (*of)(const struct bucket *),
			uint64_t *median)
{
	uint64_t values[BUCKETS + 1];
	size_t n = 0;

	for (size_t i = 0; i < b->count && n < BUCKETS + 1; i++)
		if (b->buckets[i].calls)
			values[n++] = of(&b->buckets[i]);
	if (n < ACTIVE_LEAST)
		return false;
	qsort(values, n, sizeof(values[0]), compare);
	*median = values[n / 2];
	return true;
}

static bool is_fast(const struct stretch *all, uint64_t value)
{
	return value / TIMES >= all->median && value > 0 &&
	       ms_waste_share(value, all->whole) >= SHARE / 2;
}

static size_t first_active(const struct burst *b)
{
	size_t i = 0;

	while (i < b->count && !b->buckets[i].calls)
		i++;
	return i;
}

/* The heaviest stretch that is short; false: there is none. */
static bool find(const struct burst *b, uint64_t (*of)(const struct bucket *),
		 struct stretch *out)
{
	struct stretch all = { .last = b->count }, now;
	bool found = false;

	if (!find_median(b, of, &all.median))
		return false;
	for (size_t i = 0; i < b->count; i++)
		all.whole += of(&b->buckets[i]);
	*out = (struct stretch){ 0 };
	for (size_t i = 0; i < b->count; i++) {
		now = all;
		now.first = i;
		while (i < b->count && is_fast(&all, of(&b->buckets[i])))
			now.sum += of(&b->buckets[i++]);
		now.last = i;
		if (now.sum <= out->sum || now.first <= first_active(b) ||
		    (now.last - now.first - 1) * LONGEST >= b->count ||
		    ms_waste_share(now.sum, now.whole) < SHARE)
			continue;
		*out = now;
		found = true;
	}
	return found;
}

/* --- what was found -------------------------------------------------------------------
 */

/* The site that made most, of blocks or of bytes, in the stretch; block.stack 0: none. */
static ms_status find_site(const struct burst *b, const struct stretch *stretch,
			   bool by_bytes, struct ms_waste_row *out, struct ms_error *err)
{
	struct ms_want want = { .from_ns = stretch->first * b->width,
				.to_ns = stretch->last * b->width - 1 };
	const struct ms_waste_row *heaviest;
	struct ms_waste stacks, sites;
	struct ms_cursor *cursor;
	struct ms_event event;
	ms_status status = ms_cursor_open_want(&cursor, b->input->store, &want, err);

	*out = (struct ms_waste_row){ 0 };
	ms_waste_init(&stacks);
	ms_waste_init(&sites);
	while (status == MS_OK && ms_cursor_next(cursor, &event)) {
		struct ms_block made = ms_event_block(&event);
		struct ms_weight w = ms_weigh(b->input->sample_bytes, event.size);
		struct ms_waste_row *row;
		bool wanted;

		if (!event.address || !ms_event_makes(&event))
			continue;
		status = ms_check_wants(b->input, &made, &wanted, err);
		if (status != MS_OK || !wanted)
			continue;
		row = ms_waste_at(&stacks, &made);
		if (!row)
			status = ms_fail_memory(err);
		else
			row->sums[0] += by_bytes ? w.bytes : w.blocks;
	}
	if (status == MS_OK)
		status = ms_waste_sites(&sites, &stacks, 1, b->input, err);
	heaviest = ms_waste_heaviest(&sites);
	if (status == MS_OK && heaviest)
		*out = *heaviest;
	ms_cursor_close(cursor);
	ms_waste_release(&stacks);
	ms_waste_release(&sites);
	return status;
}

static uint64_t per_second(const struct burst *b, uint64_t sum, size_t buckets)
{
	return (uint64_t)((double)sum / ((double)buckets * (double)b->width / 1e9));
}

static void describe(const struct burst *b, struct ms_finding *f,
		     const struct stretch *stretch, const struct ms_waste_row *site,
		     uint64_t site_whole, bool by_bytes)
{
	uint64_t rate = per_second(b, stretch->sum, stretch->last - stretch->first);
	uint64_t median = per_second(b, stretch->median, 1);
	struct ms_finding_point point = ms_finding_made("allocated", &site->block);

	f->suggestion = "look what comes together then, and whether it can be spread out "
			"or reserved before";
	if (site->sums[0])
		ms_finding_point(f, &point);
	ms_waste_time(f, "from_ns", stretch->first * b->width);
	ms_waste_time(f, "to_ns", stretch->last * b->width);
	if (by_bytes) {
		ms_waste_bytes(f, "bytes_per_s", rate);
		ms_waste_bytes(f, "median_bytes_per_s", median);
	} else {
		ms_waste_count(f, "calls_per_s", rate);
		ms_waste_count(f, "median_calls_per_s", median);
	}
	ms_waste_part(f, "share", ms_waste_share(stretch->sum, stretch->whole));
	ms_waste_part(f, "site_share", ms_waste_share(site->sums[0], site_whole));
}

/* *told: of growth, what was told; of calls, where they are told of already. */
static ms_status judge(struct burst *b, bool by_bytes, struct stretch *told,
		       struct ms_findings *findings, struct ms_error *err)
{
	uint64_t mean = b->input->sample_bytes, calls = 0, made = 0;
	struct ms_waste_row site;
	struct stretch stretch;
	struct ms_finding *f;
	ms_status status;

	if (!find(b, by_bytes ? grown_of : calls_of, &stretch) ||
	    (stretch.first < told->last && told->first < stretch.last))
		return MS_OK;
	for (size_t i = stretch.first; i < stretch.last; i++) {
		calls += b->buckets[i].calls;
		made += b->buckets[i].made;
	}
	if (by_bytes ? stretch.sum < GROWN_LEAST || calls < GROWN_CALLS
		     : stretch.sum < CALLS_LEAST)
		return MS_OK;
	status = find_site(b, &stretch, by_bytes, &site, err);
	if (status != MS_OK)
		return status;
	site.sums[0] = ms_weight_sum(mean, site.sums[0]);
	f = ms_findings_add(findings, &ms_detector_burst, by_bytes ? "growth" : "calls");
	if (!f)
		return ms_fail_memory(err);
	f->count = calls;
	f->bytes = by_bytes ? stretch.sum : made;
	f->severity =
		by_bytes && stretch.sum >= LOW_GROWN ? MS_SEVERITY_LOW : MS_SEVERITY_INFO;
	*told = stretch;
	describe(b, f, &stretch, &site, by_bytes ? made : calls, by_bytes);
	return MS_OK;
}

static ms_status end(void *state, const struct ms_replayed *replayed,
		     struct ms_findings *findings, struct ms_error *err)
{
	struct burst *b = state;
	uint64_t mean = b->input->sample_bytes;
	struct stretch told = { 0 };
	ms_status status;

	(void)replayed;
	for (size_t i = 0; i < b->count; i++) {
		struct bucket *bucket = &b->buckets[i];

		bucket->calls = ms_weight_sum(mean, bucket->calls);
		bucket->made = ms_weight_sum(mean, bucket->made);
		bucket->grown = (int64_t)ms_weight_sum(mean, grown_of(bucket));
	}
	status = judge(b, true, &told, findings, err);
	if (status == MS_OK && b->tells_calls)
		status = judge(b, false, &told, findings, err);
	return status;
}

const struct ms_detector ms_detector_burst = {
	.name = "burst",
	.summary = "a short time of far more growth or calls than at others",
	.worst = MS_SEVERITY_LOW,
	.begin = begin,
	.block = block,
	.end = end,
	.free = release,
};
