/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leaks.h - the lost blocks of all traces, and their sites (private to the facade).
 */
#ifndef MS_FACADE_LEAKS_H
#define MS_FACADE_LEAKS_H

#include "analyzer/analysis/analysis.h"
#include "analyzer/facade/frames.h"
#include "analyzer/facade/suppressions.h"

#include <memscope/analysis.h>

/* Beside those of the analysis: live at the end of a trace that has no map. */
#define MS_LEAK_UNCLASSIFIED MS_LEAK_KINDS
#define MS_LEAK_GROUPS	     (MS_LEAK_KINDS + 1)
const char *ms_leak_group_name(unsigned kind);

struct ms_trace_leaks {
	const struct ms_pointer_map *map; /* NULL: none was begun */
	const char *reason; /* why nothing is classified; NULL: it is, as far as known */
	char text[160];	    /* room for it */
	bool no_blocks;	    /* the recording's mode does not know the live blocks */
	struct ms_leaks *leaks;
	bool *taken;	/* of each block: a suppression takes it; NULL: none does */
	uint64_t at_ns; /* of the map, or of the last event */
	const struct ms_pointer_map *since_map; /* NULL: nothing is compared */
	struct ms_leaks *since;
};

struct ms_leak_site {
	uint32_t frame;
	unsigned kind;
	uint64_t bytes, blocks, hanging_bytes, hanging_blocks, cycle_blocks;
	uint32_t trace, stack; /* the heaviest of its stacks */
	uint64_t heaviest;
	/* Since an earlier map: what this site had there, of this kind; the blocks above
	 * that are lost and were not, and those of them that were there. */
	uint64_t before_bytes, before_blocks;
	uint64_t new_bytes, new_blocks, unlinked_bytes, unlinked_blocks;
};

struct ms_leak_sites {
	struct ms_frames_seen seen;
	struct ms_leak_site *items; /* the lost first, heaviest first */
	size_t count, capacity;
	struct ms_map by_key;
};

/*
 * What the last pointer map of one trace says; leaks is NULL, with the reason, when it
 * has none.  out is zeroed; free out->leaks in any case.
 */
MS_MUST_CHECK ms_status ms_facade_lost(struct memscope *m, const struct ms_trace *trace,
				       struct ms_trace_leaks *out, struct ms_error *err);

/* For each trace of m; out is zeroed.  Release it in any case. */
MS_MUST_CHECK ms_status ms_facade_leaks(struct memscope *m,
					const struct memscope_leaks_options *options,
					struct ms_trace_leaks *out, struct ms_error *err);
/*
 * Leave to suppressions what they take of the blocks, and what hangs on those; it counts
 * in the totals, and is no site's.  NULL suppressions take nothing.  MS_OK or MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_facade_leaks_suppress(struct memscope *m,
						 struct ms_trace_leaks *leaks,
						 struct ms_suppressions *suppressions,
						 struct ms_error *err);
void ms_facade_leaks_release(struct memscope *m, struct ms_trace_leaks *leaks);

MS_MUST_CHECK ms_status ms_leak_sites_init(struct ms_leak_sites *sites,
					   struct memscope *m,
					   const struct ms_trace_leaks *leaks,
					   struct ms_error *err);
/* What is to be repaired first: lost, perhaps lost, not known, then the others. */
unsigned ms_leak_rank(unsigned kind);
void ms_leak_sites_release(struct ms_leak_sites *sites);

/* Was the block lost since the earlier map?  Without one: is it lost? */
bool ms_leak_is_new(const struct ms_trace_leaks *leaks,
		    const struct ms_leak_block *block);

/* "map" and its circumstances, or null and the reason. */
void ms_doc_leak_map(struct ms_doc *doc, json_t *row, const struct ms_trace_leaks *leaks);
/* key: an object with bytes and blocks. */
void ms_doc_leak_totals(struct ms_doc *doc, json_t *object, const char *key,
			const struct ms_leak_totals *totals);
/* What has changed since an earlier map, as a document. */
MS_MUST_CHECK ms_status ms_facade_leak_changes(
	struct memscope *m, const struct memscope_leaks_options *options,
	const struct ms_trace_leaks *leaks, const struct ms_suppressions *suppressions,
	const struct memscope_output *output, struct ms_error *err);

/* Every block that is not reachable, as rows. */
MS_MUST_CHECK ms_status ms_facade_leak_blocks(struct memscope *m,
					      const struct ms_trace_leaks *leaks,
					      unsigned top,
					      const struct memscope_output *output,
					      struct ms_error *err);

#endif
