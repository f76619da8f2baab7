/* SPDX-License-Identifier: Apache-2.0 */
/*
 * times.h - points of a recording's time (private to the facade).
 */
#ifndef MS_FACADE_TIMES_H
#define MS_FACADE_TIMES_H

#include "analyzer/facade/doc.h"

/* Whether it is a point at all; a caller of the library may have put anything there. */
bool ms_time_valid(const struct memscope_time *time);

/*
 * A point as a snapshot takes it; *at_ns is for MS_AT_NS.  MS_OK, or MS_EUSAGE where it
 * is no point, or the trace has no mark of that name.
 */
MS_MUST_CHECK ms_status ms_time_instant(const struct ms_trace *trace,
					const struct memscope_time *at,
					enum ms_instant *instant, uint64_t *at_ns,
					struct ms_error *err);

/* "at" with the kind of a valid point, and "mark" with the name of one. */
void ms_doc_at(struct ms_doc *doc, json_t *object, const struct memscope_time *at);

/* A point in one text, as a user would write it. */
void ms_doc_limit(struct ms_doc *doc, json_t *object, const char *key,
		  const struct memscope_time *time);

#endif
