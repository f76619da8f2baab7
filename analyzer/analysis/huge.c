/* SPDX-License-Identifier: Apache-2.0 */
/*
 * huge.c - detector: single blocks that are large by themselves, or for their program.
 */
#include "analyzer/analysis/detectors.h"

#define HUGE_BYTES  (UINT64_C(64) << 20)
#define SHARE_BYTES (UINT64_C(1) << 20) /* what is smaller is no matter */
#define SHARE	    2			/* 1 / SHARE of the peak */

static ms_status event(void *state, const struct ms_event *event, struct ms_error *err)
{
	if (!ms_event_makes(event) || !event->address || event->size < SHARE_BYTES)
		return MS_OK;
	return ms_calls_add(state, event, err);
}

static ms_status report(const struct ms_call *call, uint64_t peak,
			struct ms_findings *findings, struct ms_error *err)
{
	bool huge = call->largest >= HUGE_BYTES;
	struct ms_finding *f =
		ms_findings_add(findings, &ms_detector_huge, huge ? "size" : "share");
	struct ms_finding_point point =
		ms_finding_call("allocated", &call->first, call->first.size);

	if (!f)
		return ms_fail_memory(err);
	f->severity = huge ? MS_SEVERITY_LOW : MS_SEVERITY_INFO;
	f->count = call->count;
	f->bytes = call->bytes;
	f->suggestion = huge ? "read or compute in parts, or map a file"
			     : "half of the peak is this block: begin here to lower it";
	ms_finding_point(f, &point);
	ms_finding_evidence(f, &(struct ms_evidence){ .name = "largest",
						      .unit = MS_EVIDENCE_BYTES,
						      .number = call->largest });
	if (peak)
		ms_finding_evidence(f,
				    &(struct ms_evidence){ .name = "share_of_peak",
							   .unit = MS_EVIDENCE_SHARE,
							   .real = (double)call->largest /
								   (double)peak });
	return MS_OK;
}

static ms_status end(void *state, const struct ms_replayed *replayed,
		     struct ms_findings *findings, struct ms_error *err)
{
	const struct ms_calls *calls = state;
	/* Of a sample the peak is an estimate in other units. */
	uint64_t peak = calls->input->sample_bytes
				? 0
				: ms_heap_totals(replayed->heap)->peak_memory;
	ms_status status = MS_OK;

	for (size_t i = 0; status == MS_OK && i < calls->count; i++) {
		const struct ms_call *call = &calls->items[i];

		if (call->largest >= HUGE_BYTES ||
		    (peak && call->largest >= peak / SHARE))
			status = report(call, peak, findings, err);
	}
	return status;
}

const struct ms_detector ms_detector_huge = {
	.name = "huge",
	.summary = "blocks of 64 MiB and more, or of half the peak",
	.worst = MS_SEVERITY_LOW,
	.begin = ms_calls_begin,
	.event = event,
	.end = end,
	.free = ms_calls_free,
};
