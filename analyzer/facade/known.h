/* SPDX-License-Identifier: Apache-2.0 */
/*
 * known.h - what a trace lets a report say: figures of the replay, exact counts of the
 * log, and which of them the capture mode leaves unknown (private to the facade).
 */
#ifndef MS_FACADE_KNOWN_H
#define MS_FACADE_KNOWN_H

#include "analyzer/facade/facade.h"

enum ms_known_id { /* in the order of reports */
		   MS_KNOWN_ALLOCATIONS,
		   MS_KNOWN_REALLOCATIONS,
		   MS_KNOWN_DEALLOCATIONS,
		   MS_KNOWN_UNMATCHED,
		   MS_KNOWN_ACTIVE,
		   MS_KNOWN_ALLOCATED,
		   MS_KNOWN_DEALLOCATED,
		   MS_KNOWN_CURRENT_MEMORY,
		   MS_KNOWN_PEAK_MEMORY,
		   MS_KNOWN_FAILED,
		   MS_KNOWN_OVERWRITTEN_BLOCKS,
		   MS_KNOWN_OVERWRITTEN_BYTES,
		   MS_KNOWN_FIGURES
};
extern const char *const ms_known_names[MS_KNOWN_FIGURES]; /* keys of JSON */

struct ms_known { /* the totals of a report */
	uint64_t value[MS_KNOWN_FIGURES];
	unsigned absent; /* bits of ms_known_id: the log cannot tell them */
	unsigned estimated;
	double variance[MS_KNOWN_FIGURES]; /* of estimates */
	uint64_t peak_at_ns;
};

/* whole: of the whole recording, so that the log's exact counts apply. */
void ms_known_find(struct ms_known *known, const struct ms_trace *trace,
		   const struct ms_snapshot *snapshot, bool whole);
/* The same of chosen blocks, at the snapshot's instant. */
void ms_known_tallied(struct ms_known *known, const struct ms_trace *trace,
		      const struct ms_snapshot *snapshot, const struct ms_tally *tally,
		      bool whole);
/* A sum is known where each of its parts is. */
void ms_known_add(struct ms_known *sum, const struct ms_known *known);

/* Put the log's counts of a thread or size class into its figures. */
void ms_known_counted(struct ms_figures *figures, const struct ms_trace *trace,
		      uint64_t allocations, uint64_t allocated, bool whole);
/* Is that instant one of which the log has no events any more? */
bool ms_known_beyond(const struct ms_trace *trace, uint64_t at_ns);
/* The figures of a thread or size class that this trace leaves unknown at its end. */
unsigned ms_known_absent(const struct ms_trace *trace);
/*
 * The figures of a snapshot's groups that it leaves unknown.  Of a log that reached its
 * limit, those of stacks at the end are what they were then.
 */
unsigned ms_known_lacks(const struct ms_trace *trace, const struct ms_snapshot *snapshot,
			bool whole);

/* Does it tell all mappings of the program, to the end? */
bool ms_known_mappings(const struct ms_trace *trace);

/* struct ms_instant_at's; 0 where the log holds every event. */
uint64_t ms_known_sample_bytes(const struct ms_trace *trace);

#endif
