/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zero_size.c - detector: blocks of no bytes, and realloc(p, 0).
 *
 * malloc(0) takes as much memory as malloc(24).  realloc(p, 0) is worse: what it does
 * differs between C libraries, and C23 makes it undefined.
 */
#include "analyzer/analysis/detectors.h"

static ms_status event(void *state, const struct ms_event *event, struct ms_error *err)
{
	bool made = ms_event_makes(event) && event->address && !event->size;

	return made || event->class == MS_CLASS_REALLOC_FREED
		       ? ms_calls_add(state, event, err)
		       : MS_OK;
}

static ms_status end(void *state, const struct ms_replayed *replayed,
		     struct ms_findings *findings, struct ms_error *err)
{
	const struct ms_calls *calls = state;

	(void)replayed;
	for (size_t i = 0; i < calls->count; i++) {
		const struct ms_call *call = &calls->items[i];
		bool made = call->first.class == MS_CLASS_ALLOC;
		struct ms_finding_point point = ms_finding_call(
			made ? "allocated" : "reallocated", &call->first, 0);
		struct ms_finding *f = ms_findings_add(findings, &ms_detector_zero_size,
						       made ? "empty" : "realloc");

		if (!f)
			return ms_fail_memory(err);
		f->severity = made ? MS_SEVERITY_INFO : MS_SEVERITY_LOW;
		f->count = call->count;
		f->suggestion = made ? "leave the call out when there is nothing to store"
				     : "call free: realloc(p, 0) is undefined since C23";
		ms_finding_point(f, &point);
	}
	return MS_OK;
}

const struct ms_detector ms_detector_zero_size = {
	.name = "zero_size",
	.summary = "blocks of no bytes, and realloc to no bytes",
	.worst = MS_SEVERITY_LOW,
	.begin = ms_calls_begin,
	.event = event,
	.end = end,
	.free = ms_calls_free,
};
