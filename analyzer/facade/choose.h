/* SPDX-License-Identifier: Apache-2.0 */
/*
 * choose.h - a user's filter as the timeline asks it (private to the facade).
 */
#ifndef MS_FACADE_CHOOSE_H
#define MS_FACADE_CHOOSE_H

#include "analyzer/facade/filter.h"
#include "analyzer/timeline/timeline.h"

struct ms_choice {
	struct ms_filter *filter; /* NULL: every block */
	struct ms_chosen chosen;
	struct ms_pass pass; /* over the whole trace */
};

/* MS_EUSAGE for conditions on the end of a block.  Release it in each case. */
MS_MUST_CHECK ms_status ms_choice_init(struct ms_choice *choice, struct memscope *m,
				       const struct ms_trace *trace,
				       const struct memscope_filter *filter,
				       const char *doing, struct ms_error *err);
void ms_choice_release(struct ms_choice *choice);

/* What the mode of a trace leaves unknown at an instant, for the timeline's reports. */
struct ms_unknown {
	bool events; /* everything that is made of events */
	bool calls;  /* calls, and the bytes of them */
};
struct ms_unknown ms_unknown_at(const struct ms_trace *trace, uint64_t at_ns);

/* "version", "filter", and "processes": each trace's path and process. */
void ms_doc_head(struct ms_doc *doc, const struct memscope *m,
		 const struct memscope_filter *filter);

/* A figure that may be absent, or an estimate with its variance. */
struct ms_estimate {
	const char *key;
	uint64_t value;
	bool absent;
	double variance; /* 0 and below: none */
};
/* Each as a member of object, the standard errors of estimates in its "errors". */
void ms_doc_estimates(struct ms_doc *doc, json_t *object,
		      const struct ms_estimate *figures, size_t count, bool estimated);

/* The member thread is the kernel's id, null when it is not known. */
void ms_doc_tid(struct ms_doc *doc, json_t *object, const char *key,
		const struct ms_trace *trace, uint32_t thread);

#endif
