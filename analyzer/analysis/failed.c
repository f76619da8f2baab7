/* SPDX-License-Identifier: Apache-2.0 */
/*
 * failed.c - detector: calls that got no memory.
 *
 * Few programs look at what malloc returns, and fewer test what they do then.
 */
#include "analyzer/analysis/detectors.h"

static ms_status event(void *state, const struct ms_event *event, struct ms_error *err)
{
	if (event->address || !ms_event_makes(event))
		return MS_OK;
	return ms_calls_add(state, event, err);
}

static ms_status end(void *state, const struct ms_replayed *replayed,
		     struct ms_findings *findings, struct ms_error *err)
{
	const struct ms_calls *calls = state;

	(void)replayed;
	for (size_t i = 0; i < calls->count; i++) {
		const struct ms_call *call = &calls->items[i];
		struct ms_finding *f =
			ms_findings_add(findings, &ms_detector_failed,
					ms_event_kind_info(call->first.kind)->name);
		struct ms_finding_point point =
			ms_finding_call("failed", &call->first, call->first.size);

		if (!f)
			return ms_fail_memory(err);
		f->severity = MS_SEVERITY_MEDIUM;
		f->count = call->count;
		f->bytes = call->bytes;
		f->suggestion =
			"look at what the call returns, and bound the size when it "
			"comes from outside";
		ms_finding_point(f, &point);
		ms_finding_evidence(f, &(struct ms_evidence){ .name = "largest",
							      .unit = MS_EVIDENCE_BYTES,
							      .number = call->largest });
	}
	return MS_OK;
}

const struct ms_detector ms_detector_failed = {
	.name = "failed",
	.summary = "calls that got no memory",
	.worst = MS_SEVERITY_MEDIUM,
	.begin = ms_calls_begin,
	.event = event,
	.end = end,
	.free = ms_calls_free,
};
