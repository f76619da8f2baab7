/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter.h - a user's filter, made ready for one trace (private to the facade).
 */
#ifndef MS_FACADE_FILTER_H
#define MS_FACADE_FILTER_H

#include "analyzer/base/strbuf.h"
#include "analyzer/facade/doc.h"

/* Is any condition set? */
bool ms_filter_is_set(const struct memscope_filter *filter);
/* Conditions that a stack alone cannot meet or fail: a time, a thread, a size ... */
bool ms_filter_asks_blocks(const struct memscope_filter *filter);

struct ms_filter;

/*
 * filter as it applies to a trace of m; its texts are not kept.  MS_EUSAGE names a
 * pattern that is none, or conditions that exclude each other.  May replay the log, where
 * a limit is the peak.
 */
MS_MUST_CHECK ms_status ms_filter_new(struct ms_filter **out, struct memscope *m,
				      const struct ms_trace *trace,
				      const struct memscope_filter *filter,
				      struct ms_error *err);
void ms_filter_free(struct ms_filter *filter);

/*
 * Does the stack meet the patterns?  Each stack and each address is looked at once.  No
 * stack at all, and one that the log lacks, meets none.  MS_OK or MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_filter_stack(struct ms_filter *filter, uint32_t stack,
					bool *passes, struct ms_error *err);
/* The patterns, the thread (the log's id) and the size, of events that are no blocks. */
MS_MUST_CHECK ms_status ms_filter_call(struct ms_filter *filter, uint32_t thread,
				       const uint64_t *size, uint32_t stack, bool *passes,
				       struct ms_error *err);
/* What is known of a block when it is made: all but live, freed and lifetime. */
MS_MUST_CHECK ms_status ms_filter_made(struct ms_filter *filter,
				       const struct ms_block *block, bool *passes,
				       struct ms_error *err);
/* Everything.  A choose function of struct ms_tally_options; context is the filter. */
MS_MUST_CHECK ms_status ms_filter_life(void *context, const struct ms_life *life,
				       bool *passes, struct ms_error *err);

/* "filter": the conditions that are set, or null. */
void ms_doc_filter(struct ms_doc *doc, json_t *object,
		   const struct memscope_filter *filter);

#endif
