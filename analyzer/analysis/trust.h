/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trust.h - how far a log's word can be taken that something did not happen (private to
 * analysis).
 */
#ifndef MS_ANALYSIS_TRUST_H
#define MS_ANALYSIS_TRUST_H

#include "analyzer/analysis/analysis.h"

struct ms_gap { /* recording was off, or was about to be */
	uint64_t from_ns, to_ns;
};

struct ms_trust {
	bool forked;	     /* blocks may be there that the parent made */
	bool lossy;	     /* some event may be missing at any time */
	struct ms_gap *gaps; /* by time, apart from each other */
	size_t count, capacity;
};

/* MS_OK or MS_ENOMEM.  Release it in any case. */
MS_MUST_CHECK ms_status ms_trust_init(struct ms_trust *trust,
				      const struct ms_check_input *input,
				      struct ms_error *err);
void ms_trust_release(struct ms_trust *trust);

/*
 * The time from which to at_ns no gap is; 0: from the beginning.  UINT64_MAX: at_ns
 * itself lies in one.
 */
uint64_t ms_trust_since(const struct ms_trust *trust, uint64_t at_ns);
/* Does the log have all that happened from one event to the other? */
bool ms_trust_between(const struct ms_trust *trust, uint64_t from_ns, uint64_t to_ns);

#endif
