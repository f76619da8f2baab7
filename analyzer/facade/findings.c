/* SPDX-License-Identifier: Apache-2.0 */
/*
 * findings.c - the findings of all traces, by detector, kind and site.
 */
#include "analyzer/facade/findings.h"
#include "analyzer/base/alloc.h"
#include "analyzer/facade/choose.h"

#include <stdlib.h>
#include <string.h>

struct pass { /* over one trace */
	struct memscope *m;
	uint32_t trace;
	const struct memscope_check_options *options;
	struct ms_suppressions *suppressions;
	uint64_t wanted;
	struct ms_site_findings *out;
};

/* --- lists of names --------------------------------------------------------------------
 */

/* The next name of a list with ',' between them; false at the end. */
static bool next_name(const char **list, const char **name, size_t *len)
{
	while (*list && **list == ',')
		++*list;
	if (!*list || !**list)
		return false;
	*name = *list;
	*len = strcspn(*list, ",");
	*list += *len;
	return true;
}

static int severity_index(const char *name, size_t len)
{
	for (int i = 0; i < MS_SEVERITIES; i++) {
		if (strlen(ms_severity_names[i]) == len &&
		    memcmp(ms_severity_names[i], name, len) == 0)
			return i;
	}
	return -1;
}

static ms_status find_wanted(uint64_t *wanted, const char *only, struct ms_error *err)
{
	const char *name;
	size_t len;

	*wanted = only ? 0 : UINT64_MAX;
	while (next_name(&only, &name, &len)) {
		int i = ms_detector_index(name, len);

		if (i < 0)
			return ms_fail(err, MS_EUSAGE, "there is no detector '%.*s'",
				       (int)(len < 100 ? len : 100), name);
		*wanted |= UINT64_C(1) << i;
	}
	return MS_OK;
}

bool ms_finding_fails(const struct ms_finding *finding, const char *fail_on)
{
	const char *name;
	size_t len;

	while (next_name(&fail_on, &name, &len)) {
		int severity = severity_index(name, len);
		int detector = ms_detector_index(name, len);

		if (severity >= 0 && (int)finding->severity >= severity)
			return true;
		if (detector >= 0 && ms_detectors[detector] == finding->detector)
			return true;
	}
	return false;
}

ms_status ms_findings_failing(size_t *count, const struct ms_site_findings *findings,
			      const char *fail_on, struct ms_error *err)
{
	const char *list = fail_on, *name;
	size_t len;

	*count = 0;
	while (next_name(&list, &name, &len)) {
		if (severity_index(name, len) < 0 && ms_detector_index(name, len) < 0)
			return ms_fail(err, MS_EUSAGE,
				       "'%.*s' is neither a detector nor a severity",
				       (int)(len < 100 ? len : 100), name);
	}
	for (size_t i = 0; i < findings->count; i++)
		*count += ms_finding_fails(&findings->items[i].sum, fail_on);
	return MS_OK;
}

/* --- grouping --------------------------------------------------------------------------
 */

/* The number of a kind, from 0; -1: no memory. */
static int64_t kind_number(struct ms_site_findings *out, const char *kind)
{
	for (size_t i = 0; i < out->kind_count; i++) {
		if (strcmp(out->kinds[i], kind) == 0)
			return (int64_t)i;
	}
	if (ms_grow((void **)&out->kinds, &out->kind_capacity, out->kind_count,
		    sizeof(*out->kinds)) < 0)
		return -1;
	out->kinds[out->kind_count] = kind;
	return (int64_t)out->kind_count++;
}

static ms_status frame_of(struct pass *pass, const struct ms_finding *finding,
			  uint32_t *id, struct ms_error *err)
{
	struct ms_metadata *meta = pass->m->traces[pass->trace].meta;
	const struct ms_frame *frame;
	ms_status status;

	*id = MS_FRAME_NONE;
	if (!finding->point_count)
		return MS_OK;
	status = ms_metadata_site(meta, finding->points[0].stack, &frame, err);
	if (status != MS_OK)
		return status;
	*id = ms_frames_id(&pass->out->seen, frame);
	return *id == MS_FRAME_NONE ? ms_fail_memory(err) : MS_OK;
}

/* The item of a finding's detector, kind, severity and site; new ones have count 0. */
static struct ms_site_finding *item_of(struct ms_site_findings *out,
				       const struct ms_finding *finding, uint32_t frame)
{
	const char *name = finding->detector->name;
	uint64_t detector = (uint64_t)ms_detector_index(name, strlen(name));
	int64_t kind = kind_number(out, finding->kind);
	uint64_t key = (uint64_t)frame << 32 | detector << 24 |
		       (uint64_t)finding->severity << 20 | (uint64_t)kind;
	uint64_t *index = kind < 0 ? NULL : ms_map_at(&out->by_key, key, NULL);

	if (!index)
		return NULL;
	if (*index)
		return &out->items[*index - 1];
	if (ms_grow((void **)&out->items, &out->capacity, out->count,
		    sizeof(*out->items)) < 0)
		return NULL;
	out->items[out->count] = (struct ms_site_finding){ .frame = frame };
	*index = ++out->count;
	return &out->items[*index - 1];
}

static ms_status suppress(struct pass *pass, const struct ms_finding *finding,
			  bool *taken, struct ms_error *err)
{
	/* the first one has the site: of a bad free the free, not an earlier one */
	const struct ms_finding_point *fault = &finding->points[0];
	const struct ms_suppressible what = { .detector = finding->detector->name,
					      .kind = finding->kind,
					      .trace = pass->trace,
					      .stack = fault->stack,
					      .event = fault->kind,
					      .blocks = finding->count,
					      .bytes = finding->bytes };
	const struct ms_suppression *by = NULL;
	ms_status status = MS_OK;

	if (finding->point_count)
		status = ms_suppressed(pass->suppressions, &what, &by, err);
	*taken = by != NULL;
	return status;
}

static ms_status add(struct pass *pass, const struct ms_finding *finding,
		     struct ms_error *err)
{
	struct ms_site_finding *item;
	uint64_t count, bytes;
	uint32_t frame;
	ms_status status;
	bool taken;

	if ((int)finding->severity < (int)pass->options->least)
		return MS_OK;
	status = suppress(pass, finding, &taken, err);
	pass->out->suppressed += taken;
	if (status != MS_OK || taken)
		return status;
	status = frame_of(pass, finding, &frame, err);
	if (status != MS_OK)
		return status;
	item = item_of(pass->out, finding, frame);
	if (!item)
		return ms_fail_memory(err);
	count = item->sum.count + finding->count;
	if (__builtin_add_overflow(item->sum.bytes, finding->bytes, &bytes))
		bytes = UINT64_MAX;
	if (!item->sum.detector || finding->bytes > item->heaviest_bytes ||
	    (finding->bytes == item->heaviest_bytes &&
	     finding->count > item->heaviest_count)) {
		item->sum = *finding;
		item->trace = pass->trace;
		item->heaviest_bytes = finding->bytes;
		item->heaviest_count = finding->count;
	}
	item->sum.count = count;
	item->sum.bytes = bytes;
	return MS_OK;
}

/* The names that the sites of findings need, found at once. */
static ms_status resolve(struct pass *pass, const struct ms_findings *findings,
			 struct ms_error *err)
{
	const struct ms_trace *trace = &pass->m->traces[pass->trace];
	uint32_t *nodes = ms_alloc((findings->count + 1) * sizeof(*nodes));
	size_t count = 0;
	ms_status status;

	if (!nodes)
		return ms_fail_memory(err);
	for (size_t i = 0; i < findings->count; i++) {
		if (findings->items[i].point_count)
			nodes[count++] = findings->items[i].points[0].stack;
	}
	status = ms_metadata_resolve(trace->meta, MS_RESOLVE_SITES, nodes, count,
				     trace->threads, err);
	ms_free(nodes);
	return status;
}

/* --- one trace -------------------------------------------------------------------------
 */

static ms_status note_unable(struct pass *pass, const struct ms_check_input *input,
			     struct ms_error *err)
{
	struct ms_site_findings *out = pass->out;

	for (size_t i = 0; i < ms_detector_count; i++) {
		const char *why = pass->wanted >> i & 1
					  ? ms_detector_unable(ms_detectors[i], input)
					  : NULL;
		struct ms_unable *unable;

		if (!why)
			continue;
		if (ms_grow((void **)&out->unable, &out->unable_capacity,
			    out->unable_count, sizeof(*out->unable)) < 0)
			return ms_fail_memory(err);
		unable = &out->unable[out->unable_count];
		*unable = (struct ms_unable){ ms_detectors[i], pass->trace,
					      ms_strdup(why) };
		if (!unable->why)
			return ms_fail_memory(err);
		out->unable_count++;
	}
	return MS_OK;
}

static ms_status check(struct pass *pass, const struct ms_check_input *input,
		       struct ms_error *err)
{
	struct ms_findings findings = { 0 };
	ms_status status = note_unable(pass, input, err);

	if (status == MS_OK)
		status = ms_check(&findings, pass->wanted, input, err);
	if (status == MS_OK)
		status = resolve(pass, &findings, err);
	for (size_t i = 0; status == MS_OK && i < findings.count; i++)
		status = add(pass, &findings.items[i], err);
	ms_findings_release(&findings);
	return status;
}

static bool wants_leaks(uint64_t wanted)
{
	int leak = ms_detector_index("leak", 4);

	return leak >= 0 && wanted >> leak & 1;
}

static ms_status check_trace(struct pass *pass, struct ms_error *err)
{
	const struct ms_trace *trace = &pass->m->traces[pass->trace];
	struct ms_trace_leaks read = { 0 };
	const struct ms_trace_leaks *lost =
		pass->m->lost ? &pass->m->lost[pass->trace] : &read;
	struct ms_choice choice;
	struct ms_check_input input = { .store = trace->store,
					.log = trace->log,
					.meta = trace->meta,
					.threads = trace->threads };
	ms_status status = ms_choice_init(&choice, pass->m, trace, &pass->options->filter,
					  "looking for faults", err);

	if (status == MS_OK && wants_leaks(pass->wanted) && lost == &read)
		status = ms_facade_lost(pass->m, trace, &read, err);
	if (status == MS_OK) {
		input.leaks = lost->map ? lost->leaks : NULL;
		input.no_leaks = lost->reason;
		input.sample_bytes = choice.pass.sample_bytes;
		input.chosen = choice.pass.chosen;
		input.progress = ms_facade_progress(pass->m, "looking for faults");
		status = check(pass, &input, err);
	}
	ms_leaks_free(read.leaks);
	ms_choice_release(&choice);
	return status;
}

/* --- all traces ------------------------------------------------------------------------
 */

static int worst_first(const void *a, const void *b)
{
	const struct ms_site_finding *x = a, *y = b;
	const struct ms_finding *f = &x->sum, *g = &y->sum;
	int order;

	if (f->severity != g->severity)
		return f->severity < g->severity ? 1 : -1;
	if (f->bytes != g->bytes)
		return f->bytes < g->bytes ? 1 : -1;
	if (f->count != g->count)
		return f->count < g->count ? 1 : -1;
	order = strcmp(f->detector->name, g->detector->name);
	order = order ? order : strcmp(f->kind, g->kind);
	/* ids follow the order of first appearance, which a log always gives alike */
	return order ? order : x->frame < y->frame ? -1 : x->frame > y->frame;
}

ms_status ms_facade_findings(struct memscope *m,
			     const struct memscope_check_options *options,
			     struct ms_suppressions *suppressions,
			     struct ms_site_findings *out, struct ms_error *err)
{
	struct pass pass = {
		.m = m, .options = options, .suppressions = suppressions, .out = out
	};
	ms_status status;

	*out = (struct ms_site_findings){ 0 };
	ms_frames_init(&out->seen);
	ms_map_init(&out->by_key);
	status = find_wanted(&pass.wanted, options->only, err);
	for (; status == MS_OK && pass.trace < m->count; pass.trace++)
		status = check_trace(&pass, err);
	if (status == MS_OK && out->count)
		qsort(out->items, out->count, sizeof(*out->items), worst_first);
	return status;
}

void ms_site_findings_release(struct ms_site_findings *findings)
{
	ms_frames_release(&findings->seen);
	ms_map_release(&findings->by_key);
	for (size_t i = 0; i < findings->unable_count; i++)
		ms_free(findings->unable[i].why);
	ms_free(findings->unable);
	ms_free(findings->kinds);
	ms_free(findings->items);
	*findings = (struct ms_site_findings){ 0 };
}
