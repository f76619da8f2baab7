/* SPDX-License-Identifier: Apache-2.0 */
/*
 * finding.c - what detectors find, put together piece by piece.
 */
#include "analyzer/analysis/analysis.h"
#include "analyzer/base/alloc.h"

#include <assert.h>

const char *const ms_severity_names[MS_SEVERITIES] = {
	[MS_SEVERITY_INFO] = "info",	     [MS_SEVERITY_LOW] = "low",
	[MS_SEVERITY_MEDIUM] = "medium",     [MS_SEVERITY_HIGH] = "high",
	[MS_SEVERITY_CRITICAL] = "critical",
};

struct ms_finding *ms_findings_add(struct ms_findings *findings,
				   const struct ms_detector *detector, const char *kind)
{
	if (ms_grow((void **)&findings->items, &findings->capacity, findings->count,
		    sizeof(*findings->items)) < 0)
		return NULL;
	findings->items[findings->count] =
		(struct ms_finding){ .detector = detector, .kind = kind };
	return &findings->items[findings->count++];
}

void ms_findings_release(struct ms_findings *findings)
{
	ms_free(findings->items);
	*findings = (struct ms_findings){ 0 };
}

void ms_finding_point(struct ms_finding *finding, const struct ms_finding_point *point)
{
	assert(finding->point_count < MS_FINDING_POINTS);
	finding->points[finding->point_count++] = *point;
}

struct ms_finding_point ms_finding_made(const char *what, const struct ms_block *block)
{
	return (struct ms_finding_point){ .what = what,
					  .at_ns = block->at_ns,
					  .address = block->address,
					  .size = block->size,
					  .stack = block->stack,
					  .thread = block->thread,
					  .kind = block->kind };
}

struct ms_finding_point ms_finding_call(const char *what, const struct ms_event *event,
					uint64_t size)
{
	return (struct ms_finding_point){ .what = what,
					  .at_ns = event->at_ns,
					  .address = event->address,
					  .size = size,
					  .stack = event->stack,
					  .thread = event->thread,
					  .kind = event->kind };
}

void ms_finding_evidence(struct ms_finding *finding, const struct ms_evidence *evidence)
{
	assert(finding->evidence_count < MS_FINDING_EVIDENCE);
	finding->evidence[finding->evidence_count++] = *evidence;
}
