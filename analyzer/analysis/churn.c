/* SPDX-License-Identifier: Apache-2.0 */
/*
 * churn.c - detector: memory that is hardly made before it is freed.
 *
 * temporary: freed before its thread made another block, as the summary counts it: a
 * buffer on the stack, or one that is kept, would do.  short_lived: freed within a
 * millisecond, though others were made meanwhile.  Each pair of calls costs some tens of
 * nanoseconds, so it takes MANY of them to matter, or a SHARE of all calls that is no
 * accident; and a site that mostly makes what stays is not told of.
 */
#include "analyzer/analysis/waste.h"
#include "analyzer/base/alloc.h"

#define MANY	      10000
#define SHARE	      0.05 /* of all calls, with ... */
#define SHARE_LEAST   1000 /* ... at least so many */
#define OF_SITE	      0.5  /* of the site's own */
#define SHORT_OF_SITE 0.9
#define LOW_COUNT     100000 /* some milliseconds */
#define LOW_SHARE     0.2
#define MEDIUM_COUNT  1000000 /* some tens of them */
#define STACK_LEAST   100 /* below it a stack alone does not make names be looked for */

enum { /* sums */
       BRIEF,
       CALLS,
       TEMPORARY,
       TEMPORARY_BYTES,
       SHORT,
       SHORT_BYTES,
       AGES, /* MS_AGES of them: ended at that age */
};
_Static_assert(AGES + MS_AGES <= MS_WASTE_SUMS, "a sum for each");

static bool is_much(uint64_t count, uint64_t all)
{
	return count >= MANY ||
	       (count >= SHARE_LEAST && ms_waste_share(count, all) >= SHARE);
}

bool ms_churn_is_told(uint64_t temporary, uint64_t calls, uint64_t all)
{
	return is_much(temporary, all) && ms_waste_share(temporary, calls) >= OF_SITE;
}

enum ms_severity ms_churn_severity(uint64_t temporary, uint64_t all)
{
	double share = ms_waste_share(temporary, all);

	if (temporary >= MEDIUM_COUNT && share >= LOW_SHARE)
		return MS_SEVERITY_MEDIUM;
	if (temporary >= LOW_COUNT || (temporary >= MANY && share >= LOW_SHARE))
		return MS_SEVERITY_LOW;
	return MS_SEVERITY_INFO;
}

struct churn {
	const struct ms_check_input *input;
	struct ms_waste stacks;
	struct ms_newest *threads;
	size_t thread_count, thread_capacity;
	struct ms_dense by_thread;
	bool tells_temporary;
};

static ms_status begin(void **state, const struct ms_check_input *input,
		       struct ms_error *err)
{
	struct churn *c = ms_alloc_zero(1, sizeof(*c));

	if (!c)
		return ms_fail_memory(err);
	c->input = input;
	c->tells_temporary = !ms_waste_needs_all(input);
	ms_waste_init(&c->stacks);
	ms_dense_init(&c->by_thread);
	*state = c;
	return MS_OK;
}

static void release(void *state)
{
	struct churn *c = state;

	if (!c)
		return;
	ms_waste_release(&c->stacks);
	ms_dense_release(&c->by_thread);
	ms_free(c->threads);
	ms_free(c);
}

static struct ms_dense_rows threads_of(struct churn *c)
{
	return (struct ms_dense_rows){ (void **)&c->threads, &c->thread_count,
				       &c->thread_capacity, sizeof(*c->threads),
				       &c->by_thread };
}

/* What a thread made last, chosen or not. */
static ms_status event(void *state, const struct ms_event *event, struct ms_error *err)
{
	struct churn *c = state;
	const struct ms_dense_rows threads = threads_of(c);
	struct ms_newest *newest;
	bool is_new;

	if (!c->tells_temporary || !event->address || !ms_event_makes(event))
		return MS_OK;
	newest = ms_dense_rows_at(&threads, event->thread, &is_new);
	if (!newest)
		return ms_fail_memory(err);
	*newest = (struct ms_newest){ event->address, event->at_ns };
	return MS_OK;
}

static bool is_temporary(struct churn *c, const struct ms_block *block,
			 const struct ms_event *event)
{
	const struct ms_dense_rows threads = threads_of(c);
	const struct ms_newest *newest = ms_dense_rows_find(&threads, block->thread);

	return c->tells_temporary && newest && ms_block_temporary(newest, block, event);
}

static void count_end(struct churn *c, struct ms_waste_row *row,
		      const struct ms_block *block, const struct ms_event *event,
		      const struct ms_weight *w)
{
	uint64_t lived = event->at_ns > block->at_ns ? event->at_ns - block->at_ns : 0;
	bool temporary = is_temporary(c, block, event);
	unsigned age = ms_age_class(lived);

	row->sums[AGES + age] += w->blocks;
	/* What a realloc moves is realloc_chain's matter. */
	if (event->class == MS_CLASS_REALLOC_END)
		return;
	if (temporary || age == 0)
		row->sums[BRIEF] += w->blocks;
	if (temporary) {
		row->sums[TEMPORARY] += w->blocks;
		row->sums[TEMPORARY_BYTES] += w->bytes;
	}
	if (age == 0) {
		row->sums[SHORT] += w->blocks;
		row->sums[SHORT_BYTES] += w->bytes;
	}
}

static void block(void *state, enum ms_change change, const struct ms_block *block,
		  const struct ms_event *event, const struct ms_totals *totals)
{
	struct churn *c = state;
	struct ms_weight w = ms_weigh(c->input->sample_bytes, block->size);
	struct ms_waste_row *row;

	(void)totals;
	if (change == MS_CHANGE_BEGIN) {
		row = ms_waste_at(&c->stacks, block);
		if (row)
			row->sums[CALLS] += w.blocks;
		return;
	}
	row = ms_waste_find(&c->stacks, block->stack);
	if (row && !ms_waste_unseen(event))
		count_end(c, row, block, event, &w);
}

/* --- what was found -------------------------------------------------------------------
 */

/* Pairs that the mode cull folded; what a filter makes of them cannot be told. */
static void fold(struct churn *c)
{
	size_t count;
	const struct ms_folded *folded = ms_log_folded(c->input->log, &count);

	for (size_t i = 0; !c->input->chosen && i < count; i++) {
		struct ms_block block = { .stack = folded[i].stack };
		struct ms_waste_row *row = ms_waste_at(&c->stacks, &block);

		if (!row)
			return;
		row->sums[CALLS] += folded[i].blocks;
		row->sums[SHORT] += folded[i].lifetimes[0];
		row->sums[BRIEF] += folded[i].lifetimes[0];
		/* bytes are known of all lifetimes together */
		if (folded[i].lifetimes[0] == folded[i].blocks)
			row->sums[SHORT_BYTES] += folded[i].bytes;
		for (unsigned age = 0; age < MS_AGES; age++)
			row->sums[AGES + age] += folded[i].lifetimes[age];
	}
}

static const char *median(const struct ms_waste_row *site)
{
	static const char *const ages[MS_AGES] = { "below 1 ms",      "1 ms to 10 ms",
						   "10 ms to 100 ms", "100 ms to 1 s",
						   "1 s to 10 s",     "above 10 s" };
	uint64_t below = 0;

	for (unsigned age = 0; age < MS_AGES; age++) {
		below += site->sums[AGES + age];
		if (below >= site->sums[CALLS] - below)
			return ages[age];
	}
	return "not ended";
}

static ms_status add(struct ms_findings *findings, const struct ms_waste_row *site,
		     bool temporary, uint64_t all, struct ms_error *err)
{
	const char *kind = temporary ? "temporary" : "short_lived";
	uint64_t count = site->sums[temporary ? TEMPORARY : SHORT];
	struct ms_finding_point point = ms_finding_made("allocated", &site->block);
	struct ms_finding *f = ms_findings_add(findings, &ms_detector_churn, kind);

	if (!f)
		return ms_fail_memory(err);
	f->count = count;
	f->bytes = site->sums[temporary ? TEMPORARY_BYTES : SHORT_BYTES];
	f->severity = temporary		      ? ms_churn_severity(count, all)
		      : count >= MEDIUM_COUNT ? MS_SEVERITY_LOW
					      : MS_SEVERITY_INFO;
	f->suggestion =
		temporary ? "keep the buffer and use it again, or put it on the stack"
			  : "reserve once for all of them, or take them from a pool";
	ms_finding_point(f, &point);
	ms_waste_count(f, "calls", site->sums[CALLS]);
	ms_waste_count(f, kind, count);
	ms_waste_part(f, "share", ms_waste_share(count, site->sums[CALLS]));
	ms_waste_part(f, "share_of_all", ms_waste_share(count, all));
	ms_waste_text(f, "median_lifetime", median(site));
	return MS_OK;
}

struct found {
	struct ms_findings *findings;
	uint64_t all; /* calls */
};

static ms_status judge(void *context, const struct ms_waste_row *site,
		       struct ms_error *err)
{
	const struct found *found = context;
	uint64_t all = found->all;
	uint64_t calls = site->sums[CALLS];
	uint64_t temporary = site->sums[TEMPORARY], brief = site->sums[SHORT];

	if (ms_churn_is_told(temporary, calls, all))
		return add(found->findings, site, true, all, err);
	if (brief >= MANY && ms_waste_share(brief, all) >= SHARE &&
	    ms_waste_share(brief, calls) >= SHORT_OF_SITE)
		return add(found->findings, site, false, all, err);
	return MS_OK;
}

/* Sums over a sample, as they are reported. */
static void report(struct ms_waste_row *row, uint64_t sample_bytes)
{
	for (size_t i = 0; i < MS_WASTE_SUMS; i++)
		row->sums[i] = ms_weight_sum(sample_bytes, row->sums[i]);
}

static ms_status end(void *state, const struct ms_replayed *replayed,
		     struct ms_findings *findings, struct ms_error *err)
{
	struct churn *c = state;
	struct found found = { .findings = findings };

	(void)replayed;
	for (size_t i = 0; i < c->stacks.count; i++)
		report(&c->stacks.rows[i], c->input->sample_bytes);
	fold(c);
	for (size_t i = 0; i < c->stacks.count; i++)
		found.all += c->stacks.rows[i].sums[CALLS];
	return ms_waste_judge(&c->stacks, STACK_LEAST, c->input, judge, &found, err);
}

const struct ms_detector ms_detector_churn = {
	.name = "churn",
	.summary = "blocks that are freed as soon as they are made",
	.worst = MS_SEVERITY_MEDIUM,
	.begin = begin,
	.event = event,
	.block = block,
	.end = end,
	.free = release,
};
