/* SPDX-License-Identifier: Apache-2.0 */
/*
 * double_free.c - detector: blocks that were freed again.
 */
#include "analyzer/analysis/detectors.h"

static const char *what_ended(const struct ms_event *event)
{
	return event->class == MS_CLASS_FREE ? "freed" : "reallocated";
}

static ms_status add(struct ms_findings *findings, const struct ms_bad_free *bad,
		     uint64_t count, struct ms_error *err)
{
	bool is_free = bad->event.class == MS_CLASS_FREE;
	struct ms_finding *f = ms_findings_add(findings, &ms_detector_double_free,
					       is_free ? "freed" : "reallocated");
	uint64_t size = bad->block.size;
	struct ms_finding_point point = ms_finding_call(
		is_free ? "freed again" : "reallocated after it was freed", &bad->event,
		size);

	if (!f)
		return ms_fail_memory(err);
	f->severity = MS_SEVERITY_CRITICAL;
	f->count = count;
	f->bytes = size * count;
	f->suggestion =
		"let one owner free the block, and forget the pointer when it has";
	ms_finding_point(f, &point);
	if (bad->has_freed) {
		point = ms_finding_call(what_ended(&bad->freed), &bad->freed, size);
		point.address = bad->event.address;
		ms_finding_point(f, &point);
	}
	if (bad->has_block) {
		point = ms_finding_made("allocated", &bad->block);
		ms_finding_point(f, &point);
	}
	if (bad->has_freed)
		ms_finding_evidence(f,
				    &(struct ms_evidence){ .name = "between_ns",
							   .unit = MS_EVIDENCE_NS,
							   .number = bad->event.at_ns -
								     bad->freed.at_ns });
	return MS_OK;
}

static ms_status bad_frees(const struct ms_bad_frees *bad, struct ms_findings *findings,
			   struct ms_error *err)
{
	ms_status status = MS_OK;
	size_t n;

	for (size_t i = 0; status == MS_OK && i < bad->count; i += n) {
		n = ms_bad_frees_alike(bad, i);
		if (bad->items[i].kind == MS_BAD_AGAIN)
			status = add(findings, &bad->items[i], n, err);
	}
	return status;
}

const struct ms_detector ms_detector_double_free = {
	.name = "double_free",
	.summary = "blocks that were freed again",
	.worst = MS_SEVERITY_CRITICAL,
	.unable = ms_bad_frees_unable,
	.bad_frees = bad_frees,
};
