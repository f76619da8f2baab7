/* SPDX-License-Identifier: Apache-2.0 */
/*
 * findings.h - the findings of all traces, by site (private to the facade).
 */
#ifndef MS_FACADE_FINDINGS_H
#define MS_FACADE_FINDINGS_H

#include "analyzer/facade/leaks.h"
#include "analyzer/facade/suppressions.h"

struct ms_site_finding {       /* findings of one detector, kind and site */
	struct ms_finding sum; /* its points and evidence are the heaviest one's */
	uint32_t trace;	       /* of the points */
	uint32_t frame;	       /* in seen; MS_FRAME_NONE: of the process */
	uint64_t heaviest_bytes, heaviest_count;
};

/* A detector that could not look at a trace. */
struct ms_unable {
	const struct ms_detector *detector;
	uint32_t trace;
	char *why; /* for a person */
};

struct ms_site_findings {
	struct ms_frames_seen seen;
	struct ms_site_finding *items; /* the most severe first, then the heaviest */
	size_t count, capacity;
	struct ms_map by_key;
	const char **kinds; /* each once */
	size_t kind_count, kind_capacity;
	struct ms_unable *unable; /* by trace */
	size_t unable_count, unable_capacity;
	uint64_t suppressed; /* findings that a suppression took */
};

/*
 * Of every trace of m, what options ask for; top, depth and fail_on are not looked at.
 * MS_EUSAGE names a detector of options->only that there is none.  Release out in any
 * case.
 */
MS_MUST_CHECK ms_status ms_facade_findings(struct memscope *m,
					   const struct memscope_check_options *options,
					   struct ms_suppressions *suppressions,
					   struct ms_site_findings *out,
					   struct ms_error *err);
void ms_site_findings_release(struct ms_site_findings *findings);
/*
 * How many of the findings fail_on, a list as memscope_check() takes it, is about: names
 * of detectors, and severities for these and worse ones.  NULL: none.  MS_EUSAGE names
 * what is neither.
 */
MS_MUST_CHECK ms_status ms_findings_failing(size_t *count,
					    const struct ms_site_findings *findings,
					    const char *fail_on, struct ms_error *err);
/* Is finding one of these?  fail_on is a list that has been looked at. */
bool ms_finding_fails(const struct ms_finding *finding, const char *fail_on);
/*
 * "findings": an array of objects with the keys of memscope-analyze(1), the first top (0:
 * all) of them; "more_findings": how many there are besides.
 */
MS_MUST_CHECK ms_status ms_doc_findings(struct ms_doc *doc, json_t *object,
					struct memscope *m,
					struct ms_site_findings *findings, unsigned top,
					unsigned depth, struct ms_error *err);

#endif
