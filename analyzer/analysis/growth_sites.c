/* SPDX-License-Identifier: Apache-2.0 */
/*
 * growth_sites.c - which sites grow, and the process as a whole.
 *
 * By site, since a leak may come from many stacks: by how a request got there, or through
 * recursion.
 */
#include "analyzer/analysis/growth.h"
#include "analyzer/analysis/detectors.h"
#include "analyzer/analysis/trend.h"
#include "analyzer/base/alloc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_BYTES   16384
#define LEAST_SHARE   0.001 /* of what lives at the end */
#define SITES_MAX     1000  /* the largest growths */
#define SHORT_NS      UINT64_C(10000000000)
#define NS_PER_SECOND 1e9
#define HOUR_SECONDS  3600
#define GIB	      0x1p30

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const suggestion =
	"find what keeps these blocks (leaks --since, with pointer maps of two moments), "
	"then free them or bound what holds them";

/* A site, or the process. */
struct subject {
	const struct ms_frame *frame; /* of a site; NULL: no stack was recorded */
	uint32_t first, count;	      /* of its stacks, in the order of struct order */
	uint32_t heaviest;	      /* place in stacks: that has grown most */
	double growth;		      /* bytes */
	struct ms_growth_live at[2];
	uint64_t now;
	double values[MS_GROWTH_COUNT];
	struct ms_trend trend;
	struct ms_block oldest; /* of its heaviest stack, of those that live still */
	uint64_t *made;		/* when those that live still were */
	size_t made_count, made_capacity;
};

struct member { /* a stack, and its site */
	const struct ms_frame *frame;
	uint32_t stack; /* place in stacks */
};

struct work {
	struct ms_growth *g;
	struct member *members; /* by site */
	struct subject *sites;
	size_t site_count, site_capacity;
	uint32_t *site_of; /* by place in stacks: 1 and its site's place; 0: no such */
	bool failed;
};

static double whole(const struct ms_growth *g, double value)
{
	return g->input.sample_bytes ? value / (1 << MS_WEIGHT_BITS) : value;
}

static double rise(const struct ms_growth *g, const struct ms_growth_live *at)
{
	return whole(g, (double)at[1].bytes) - whole(g, (double)at[0].bytes);
}

/* --- sites ----------------------------------------------------------------------------
 */

static int compare_texts(const char *a, const char *b)
{
	return a == b ? 0 : !a ? -1 : !b ? 1 : strcmp(a, b);
}

/* By what a frame says: several addresses may be one line. */
static int compare_frames(const struct ms_frame *a, const struct ms_frame *b)
{
	int order;

	if (a == b || !a || !b)
		return a == b ? 0 : !a ? -1 : 1;
	order = compare_texts(a->function, b->function);
	if (!order)
		order = compare_texts(a->file, b->file);
	if (!order)
		order = compare_texts(a->module, b->module);
	if (!order)
		order = a->line < b->line ? -1 : a->line > b->line;
	if (!order && !a->function)
		order = a->address < b->address ? -1 : a->address > b->address;
	return order;
}

static int by_site(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = compare_frames(x->frame, y->frame);

	return order ? order : x->stack < y->stack ? -1 : x->stack > y->stack;
}

static ms_status find_members(struct work *w, struct ms_error *err)
{
	struct ms_growth *g = w->g;
	uint32_t *nodes = ms_alloc_zero(g->stack_count, sizeof(*nodes));
	ms_status status;

	w->members = ms_alloc_zero(g->stack_count, sizeof(*w->members));
	w->site_of = ms_alloc_zero(g->stack_count, sizeof(*w->site_of));
	if (!nodes || !w->members || !w->site_of) {
		ms_free(nodes);
		return ms_fail_memory(err);
	}
	for (size_t i = 0; i < g->stack_count; i++)
		nodes[i] = g->stacks[i].stack;
	status = ms_metadata_resolve(g->input.meta, MS_RESOLVE_SITES, nodes,
				     g->stack_count, g->input.threads, err);
	ms_free(nodes);
	for (size_t i = 0; status == MS_OK && i < g->stack_count; i++) {
		w->members[i].stack = (uint32_t)i;
		status = ms_metadata_site(g->input.meta, g->stacks[i].stack,
					  &w->members[i].frame, err);
	}
	if (status == MS_OK)
		qsort(w->members, g->stack_count, sizeof(*w->members), by_site);
	return status;
}

static void add_stack(const struct ms_growth *g, struct subject *site, uint32_t place)
{
	const struct ms_growth_stack *stack = &g->stacks[place];

	for (unsigned i = 0; i < 2; i++) {
		site->at[i].bytes += stack->at[i].bytes;
		site->at[i].blocks += stack->at[i].blocks;
		site->at[i].variance += stack->at[i].variance;
	}
	if (!site->count++ || rise(g, stack->at) > rise(g, g->stacks[site->heaviest].at))
		site->heaviest = place;
}

static double least_growth(const struct ms_growth *g)
{
	return fmax(LEAST_BYTES, LEAST_SHARE * whole(g, (double)g->at[1].bytes));
}

static int by_growth(const void *a, const void *b)
{
	const struct subject *x = a, *y = b;

	if (x->growth != y->growth)
		return x->growth < y->growth ? 1 : -1;
	return x->first < y->first ? -1 : x->first > y->first;
}

/* Those that have grown enough. */
static ms_status find_sites(struct work *w, struct ms_error *err)
{
	struct ms_growth *g = w->g;
	struct subject site;

	for (uint32_t i = 0; i < g->stack_count; i += site.count) {
		site = (struct subject){ .frame = w->members[i].frame, .first = i };
		while (i + site.count < g->stack_count &&
		       !compare_frames(site.frame, w->members[i + site.count].frame))
			add_stack(g, &site, w->members[i + site.count].stack);
		site.growth = rise(g, site.at);
		if (site.growth < least_growth(g))
			continue;
		if (ms_grow((void **)&w->sites, &w->site_capacity, w->site_count,
			    sizeof(*w->sites)) < 0)
			return ms_fail_memory(err);
		w->sites[w->site_count++] = site;
	}
	if (w->site_count)
		qsort(w->sites, w->site_count, sizeof(*w->sites), by_growth);
	if (w->site_count > SITES_MAX)
		w->site_count = SITES_MAX;
	for (size_t s = 0; s < w->site_count; s++)
		for (uint32_t i = 0; i < w->sites[s].count; i++)
			w->site_of[w->members[w->sites[s].first + i].stack] =
				(uint32_t)s + 1;
	return MS_OK;
}

/* --- their course ---------------------------------------------------------------------
 */

static ms_status fill_values(struct work *w, struct ms_error *err)
{
	struct ms_growth *g = w->g;
	uint64_t *now = ms_alloc_zero(g->stack_count, sizeof(*now));
	size_t next = 0;

	if (!now)
		return ms_fail_memory(err);
	for (unsigned part = 0; part <= MS_GROWTH_LAST; part++) {
		for (; next < g->point_count && g->points[next].part == part; next++) {
			const struct ms_growth_point *p = &g->points[next];
			uint32_t site = w->site_of[p->stack];

			if (site)
				w->sites[site - 1].now += p->bytes - now[p->stack];
			now[p->stack] = p->bytes;
		}
		for (size_t s = 0; part >= MS_GROWTH_FIRST && s < w->site_count; s++)
			w->sites[s].values[part - MS_GROWTH_FIRST] =
				whole(g, (double)w->sites[s].now);
	}
	ms_free(now);
	return MS_OK;
}

static ms_status find_trend(const struct ms_growth *g, struct subject *subject,
			    struct ms_error *err)
{
	ms_status status =
		ms_trend_find(&subject->trend, subject->values, MS_GROWTH_COUNT, err);
	double error = sqrt(fmax(0, subject->at[1].variance));

	/* What samples estimate may not be there at all. */
	if (subject->growth < least_growth(g) || subject->growth < 2 * error)
		subject->trend.rising = false;
	return status;
}

/* --- how old the blocks are -----------------------------------------------------------
 */

static bool is_older(const struct ms_block *block, const struct ms_block *than)
{
	return !than->address || block->at_ns < than->at_ns ||
	       (block->at_ns == than->at_ns && block->address < than->address);
}

static bool note_age(void *context, const struct ms_block *block)
{
	struct work *w = context;
	uint32_t place;
	bool known = ms_dense_find(&w->g->by_stack, block->stack, &place);
	uint32_t site = known ? w->site_of[place] : 0;
	struct subject *s = site ? &w->sites[site - 1] : NULL;

	if (!s || !s->trend.rising)
		return true;
	if (place == s->heaviest && is_older(block, &s->oldest))
		s->oldest = *block;
	w->failed = ms_grow((void **)&s->made, &s->made_capacity, s->made_count,
			    sizeof(*s->made)) < 0;
	if (!w->failed)
		s->made[s->made_count++] = block->at_ns;
	return !w->failed;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* --- telling --------------------------------------------------------------------------
 */

static enum ms_severity severity_of(const struct ms_growth *g, double per_second)
{
	if (g->span_ns < SHORT_NS)
		return MS_SEVERITY_LOW; /* it may be starting up still */
	return per_second * HOUR_SECONDS >= whole(g, (double)g->at[1].bytes)
		       ? MS_SEVERITY_HIGH
		       : MS_SEVERITY_MEDIUM;
}

static uint64_t as_count(double value)
{
	return value < 0 ? 0 : value < 0x1p63 ? (uint64_t)(value + 0.5) : INT64_MAX;
}

static void tell_course(struct ms_finding *finding, const struct ms_growth *g,
			const struct subject *s, double per_second, double low)
{
	const struct ms_evidence evidence[] = {
		{ .name = "p_value", .unit = MS_EVIDENCE_REAL, .real = s->trend.p_value },
		{ .name = "bytes_per_hour",
		  .unit = MS_EVIDENCE_BYTES,
		  .number = as_count(per_second * HOUR_SECONDS) },
		{ .name = "bytes_per_hour_low",
		  .unit = MS_EVIDENCE_BYTES,
		  .number = as_count(low * HOUR_SECONDS) },
		{ .name = "from_bytes",
		  .unit = MS_EVIDENCE_BYTES,
		  .number = as_count(whole(g, (double)s->at[0].bytes)) },
		{ .name = "to_bytes",
		  .unit = MS_EVIDENCE_BYTES,
		  .number = as_count(whole(g, (double)s->at[1].bytes)) },
		{ .name = "gib_in_ns",
		  .unit = MS_EVIDENCE_NS,
		  .number = as_count(GIB / per_second * NS_PER_SECOND) },
	};
	double error = sqrt(fmax(0, s->at[1].variance));

	for (size_t i = 0; i < COUNT(evidence); i++)
		ms_finding_evidence(finding, &evidence[i]);
	if (g->input.sample_bytes)
		ms_finding_evidence(finding,
				    &(struct ms_evidence){ .name = "standard_error",
							   .unit = MS_EVIDENCE_BYTES,
							   .number = as_count(error) });
}

static void tell_age(struct ms_finding *finding, const struct ms_growth *g,
		     struct subject *s)
{
	uint64_t made;

	if (!s->made_count)
		return;
	qsort(s->made, s->made_count, sizeof(*s->made), by_number);
	made = s->made[s->made_count / 2];
	ms_finding_evidence(
		finding, &(struct ms_evidence){
				 .name = "median_age_ns",
				 .unit = MS_EVIDENCE_NS,
				 .number = g->span_ns > made ? g->span_ns - made : 0 });
}

static ms_status tell(struct ms_findings *findings, const struct ms_growth *g,
		      struct subject *s, const char *kind, struct ms_error *err)
{
	double steps = NS_PER_SECOND * MS_GROWTH_PARTS / (double)g->span_ns;
	double per_second = s->trend.slope * steps;
	struct ms_finding *finding = ms_findings_add(findings, &ms_detector_growth, kind);

	if (!finding)
		return ms_fail_memory(err);
	finding->severity = severity_of(g, per_second);
	finding->count = as_count(whole(g, (double)s->at[1].blocks) -
				  whole(g, (double)s->at[0].blocks));
	finding->bytes = as_count(s->growth);
	finding->suggestion = suggestion;
	tell_course(finding, g, s, per_second, s->trend.slope_low * steps);
	if (s->count) {
		struct ms_finding_point point = ms_finding_made("allocated", &s->oldest);

		point.stack = g->stacks[s->heaviest].stack;
		ms_finding_point(finding, &point);
		tell_age(finding, g, s);
	}
	return MS_OK;
}

static ms_status tell_sites(struct work *w, const struct ms_replayed *replayed,
			    struct ms_findings *findings, struct ms_error *err)
{
	ms_status status = MS_OK;

	ms_heap_each(replayed->heap, note_age, w);
	if (w->failed)
		return ms_fail_memory(err);
	for (size_t i = 0; status == MS_OK && i < w->site_count; i++)
		if (w->sites[i].trend.rising)
			status = tell(findings, w->g, &w->sites[i], "site", err);
	return status;
}

/* --- the door -------------------------------------------------------------------------
 */

static ms_status look_at_process(const struct ms_growth *g, struct ms_findings *findings,
				 size_t before, struct ms_error *err)
{
	struct subject process = { .growth = rise(g, g->at),
				   .at = { g->at[0], g->at[1] } };
	ms_status status;

	for (unsigned i = 0; i < MS_GROWTH_COUNT; i++)
		process.values[i] =
			whole(g, (double)g->process[MS_GROWTH_FIRST + i].bytes);
	status = find_trend(g, &process, err);
	if (status == MS_OK && process.trend.rising)
		status = tell(findings, g, &process, "process", err);
	/* Its sites say it all. */
	if (status == MS_OK && process.trend.rising && before)
		findings->items[findings->count - 1].severity = MS_SEVERITY_INFO;
	return status;
}

static ms_status look_at_sites(struct ms_growth *g, const struct ms_replayed *replayed,
			       struct ms_findings *findings, struct ms_error *err)
{
	struct work w = { .g = g };
	ms_status status = find_members(&w, err);

	if (status == MS_OK)
		status = find_sites(&w, err);
	if (status == MS_OK)
		status = fill_values(&w, err);
	for (size_t i = 0; status == MS_OK && i < w.site_count; i++)
		status = find_trend(g, &w.sites[i], err);
	if (status == MS_OK)
		status = tell_sites(&w, replayed, findings, err);
	for (size_t i = 0; i < w.site_count; i++)
		ms_free(w.sites[i].made);
	ms_free(w.sites);
	ms_free(w.members);
	ms_free(w.site_of);
	return status;
}

ms_status ms_growth_find(struct ms_growth *g, const struct ms_replayed *replayed,
			 struct ms_findings *findings, struct ms_error *err)
{
	size_t before = findings->count;
	double rises = 0;
	ms_status status = MS_OK;

	for (size_t i = 0; i < g->stack_count; i++)
		rises += fmax(0, rise(g, g->stacks[i].at));
	/* Names take long to find: not for what can be no finding. */
	if (rises < LEAST_BYTES)
		return MS_OK;
	status = look_at_sites(g, replayed, findings, err);
	return status == MS_OK
		       ? look_at_process(g, findings, findings->count - before, err)
		       : status;
}
