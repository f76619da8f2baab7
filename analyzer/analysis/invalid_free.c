/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invalid_free.c - detector: frees of what never was the start of a block.
 */
#include "analyzer/analysis/detectors.h"

static const struct {
	const char *kind, *suggestion;
} kinds[MS_BAD_KINDS] = {
	[MS_BAD_INTERIOR] = { "interior",
			      "free the pointer that the allocation returned: keep it "
			      "beside the one that moves" },
	[MS_BAD_STACK] = { "stack", "local variables, and the program's arguments, are "
				    "never freed" },
	[MS_BAD_STATIC] = { "static", "global variables and literals are never freed: "
				      "copy what is to be owned" },
	[MS_BAD_MAPPED] = { "mapped", "give memory of mmap back by munmap" },
	[MS_BAD_NOT_A_BLOCK] = { "not_a_block",
				 "look for a pointer that was never set, or that was "
				 "overwritten" },
	[MS_BAD_UNKNOWN] = { "unknown", "events were lost: it may be right; record "
					"again without losses" },
};

static void add_where(struct ms_finding *f, const struct ms_bad_free *bad)
{
	struct ms_finding_point point;

	if (bad->has_freed) {
		point = ms_finding_call("freed before", &bad->freed, bad->block.size);
		point.address = bad->block.address;
		ms_finding_point(f, &point);
	}
	if (bad->has_block) {
		point = ms_finding_made("inside of what was allocated", &bad->block);
		ms_finding_point(f, &point);
		ms_finding_evidence(
			f, &(struct ms_evidence){ .name = "offset",
						  .unit = MS_EVIDENCE_BYTES,
						  .number = bad->event.address -
							    bad->block.address });
	}
	if (bad->module)
		ms_finding_evidence(f,
				    &(struct ms_evidence){ .name = "module",
							   .unit = MS_EVIDENCE_TEXT,
							   .text = bad->module->path });
}

static ms_status add(struct ms_findings *findings, const struct ms_bad_free *bad,
		     uint64_t count, struct ms_error *err)
{
	struct ms_finding *f = ms_findings_add(findings, &ms_detector_invalid_free,
					       kinds[bad->kind].kind);
	struct ms_finding_point point;

	if (!f)
		return ms_fail_memory(err);
	point = ms_finding_call(bad->event.class == MS_CLASS_FREE ? "freed"
								  : "reallocated",
				&bad->event, 0);
	f->severity =
		bad->kind == MS_BAD_UNKNOWN ? MS_SEVERITY_INFO : MS_SEVERITY_CRITICAL;
	f->count = count;
	f->suggestion = kinds[bad->kind].suggestion;
	ms_finding_point(f, &point);
	add_where(f, bad);
	return MS_OK;
}

/* Of the whole process: there was no room to look at them. */
static ms_status add_more(struct ms_findings *findings, uint64_t count,
			  struct ms_error *err)
{
	struct ms_finding *f = ms_findings_add(findings, &ms_detector_invalid_free,
					       kinds[MS_BAD_UNKNOWN].kind);

	if (!f)
		return ms_fail_memory(err);
	f->severity = MS_SEVERITY_INFO;
	f->count = count;
	f->suggestion = "there were too many to look at each: repair the others first";
	return MS_OK;
}

static ms_status bad_frees(const struct ms_bad_frees *bad, struct ms_findings *findings,
			   struct ms_error *err)
{
	ms_status status = MS_OK;
	size_t n;

	for (size_t i = 0; status == MS_OK && i < bad->count; i += n) {
		n = ms_bad_frees_alike(bad, i);
		if (kinds[bad->items[i].kind].kind)
			status = add(findings, &bad->items[i], n, err);
	}
	return status == MS_OK && bad->more ? add_more(findings, bad->more, err) : status;
}

const struct ms_detector ms_detector_invalid_free = {
	.name = "invalid_free",
	.summary = "frees of what never was the start of a block",
	.worst = MS_SEVERITY_CRITICAL,
	.unable = ms_bad_frees_unable,
	.bad_frees = bad_frees,
};
