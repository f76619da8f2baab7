/* SPDX-License-Identifier: Apache-2.0 */
/*
 * detectors.h - what the detectors are called, for their table, and what they share
 * (private to analysis).
 */
#ifndef MS_ANALYSIS_DETECTORS_H
#define MS_ANALYSIS_DETECTORS_H

#include "analyzer/analysis/bad_frees.h"

extern const struct ms_detector ms_detector_leak;
extern const struct ms_detector ms_detector_double_free;
extern const struct ms_detector ms_detector_invalid_free;
extern const struct ms_detector ms_detector_mismatched_free;
extern const struct ms_detector ms_detector_cross_module_free;
extern const struct ms_detector ms_detector_failed;
extern const struct ms_detector ms_detector_growth;
extern const struct ms_detector ms_detector_zero_size;
extern const struct ms_detector ms_detector_huge;
extern const struct ms_detector ms_detector_churn;
extern const struct ms_detector ms_detector_realloc_chain;
extern const struct ms_detector ms_detector_oversize;
extern const struct ms_detector ms_detector_cross_thread_free;
extern const struct ms_detector ms_detector_unbalanced_threads;
extern const struct ms_detector ms_detector_burst;
extern const struct ms_detector ms_detector_fragmentation;

/* --- calls.c: calls by stack and entry point ------------------------------------------
 */

struct ms_call {
	struct ms_event first;
	uint64_t count, bytes; /* asked for */
	uint64_t largest;
};

struct ms_calls { /* zero: none */
	const struct ms_check_input *input;
	struct ms_call *items; /* in order of first appearance */
	size_t count, capacity;
	struct ms_map by_stack; /* stack << 8 | kind, to 1 + an index */
};

/* A detector's begin() and free() whose state is calls alone. */
MS_MUST_CHECK ms_status ms_calls_begin(void **state, const struct ms_check_input *input,
				       struct ms_error *err);
void ms_calls_free(void *state);
/* Count an event, unless it is of a block that is not chosen.  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_calls_add(struct ms_calls *calls, const struct ms_event *event,
				     struct ms_error *err);

#endif
