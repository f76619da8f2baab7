/* SPDX-License-Identifier: Apache-2.0 */
/*
 * marks.h - which events made blocks of some life (private to the facade).
 */
#ifndef MS_FACADE_MARKS_H
#define MS_FACADE_MARKS_H

#include "analyzer/facade/filter.h"

struct ms_marks {
	uint8_t *bits; /* by number of event, from 0 */
	uint64_t count;
};

/*
 * Replay a trace and mark the events that made blocks which filter lets through, as they
 * are at the end.  MS_OK, MS_ENOMEM or what the filter says; release it in each case.
 */
MS_MUST_CHECK ms_status ms_marks_init(struct ms_marks *marks, struct memscope *m,
				      const struct ms_trace *trace,
				      struct ms_filter *filter, struct ms_error *err);
void ms_marks_release(struct ms_marks *marks);

static inline bool ms_marks_has(const struct ms_marks *marks, uint64_t event)
{
	return event < marks->count && marks->bits[event / 8] >> event % 8 & 1;
}

#endif
