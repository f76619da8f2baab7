/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waste.h - what the detectors of waste share: sums by stack, then by site (private to
 * analysis).
 */
#ifndef MS_ANALYSIS_WASTE_H
#define MS_ANALYSIS_WASTE_H

#include "analyzer/analysis/detectors.h"
#include "analyzer/base/dense.h"
#include "analyzer/base/keyed.h"

#define MS_WASTE_SUMS 12

struct ms_waste_row {	       /* of a stack, or of a site */
	struct ms_block block; /* the first one made there; of a site's heaviest stack */
	uint64_t heaviest;     /* sums[0] of that */
	const struct ms_frame *frame; /* of a site, or NULL */
	/* What it means is the detector's; sums[0] is what makes it a finding. */
	uint64_t sums[MS_WASTE_SUMS];
	uint64_t most, of_most; /* the largest of something, and what goes with it */
};

struct ms_waste { /* zero: none */
	struct ms_waste_row *rows;
	size_t count, capacity;
	struct ms_dense by_stack; /* of stacks */
	struct ms_map by_site;	  /* of sites */
	bool failed;		  /* there was no memory for a row */
};

void ms_waste_init(struct ms_waste *waste);
void ms_waste_release(struct ms_waste *waste);
/* The row of the block's stack, made when need be; NULL without memory. */
struct ms_waste_row *ms_waste_at(struct ms_waste *waste, const struct ms_block *block);
/* The same if it is there. */
struct ms_waste_row *ms_waste_find(const struct ms_waste *waste, uint32_t stack);
/*
 * Sum up the rows of stacks by site, unless none has least of sums[0]: sites, which is
 * empty before, then stays so, and no names are looked for.  MS_OK or MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_waste_sites(struct ms_waste *sites,
				       const struct ms_waste *stacks, uint64_t least,
				       const struct ms_check_input *input,
				       struct ms_error *err);

/* The same, each site told to judge.  As that fails, or MS_ENOMEM, of stacks too. */
MS_MUST_CHECK ms_status ms_waste_judge(const struct ms_waste *stacks, uint64_t least,
				       const struct ms_check_input *input,
				       ms_status (*judge)(void *context,
							  const struct ms_waste_row *site,
							  struct ms_error *err),
				       void *context, struct ms_error *err);
/* The row with the most of sums[0]; NULL: there is none. */
const struct ms_waste_row *ms_waste_heaviest(const struct ms_waste *waste);

/* The event does not end the block as a call does: its address was handed out anew. */
static inline bool ms_waste_unseen(const struct ms_event *event)
{
	return event->class == MS_CLASS_ALLOC ||
	       (event->class == MS_CLASS_REALLOC_END && !event->address);
}

/* part of whole, 0 to 1; 0 of nothing. */
double ms_waste_share(uint64_t part, uint64_t whole);
/* Evidence of one figure; what goes through a sample is whole by then. */
void ms_waste_count(struct ms_finding *finding, const char *name, uint64_t number);
void ms_waste_bytes(struct ms_finding *finding, const char *name, uint64_t number);
void ms_waste_time(struct ms_finding *finding, const char *name, uint64_t ns);
void ms_waste_real(struct ms_finding *finding, const char *name, double real);
void ms_waste_part(struct ms_finding *finding, const char *name, double share);
void ms_waste_text(struct ms_finding *finding, const char *name, const char *text);
/* The kernel's id of a thread, where the log has it. */
void ms_waste_thread(struct ms_finding *finding, const char *name,
		     const struct ms_check_input *input, uint32_t thread);

/* unable() of those that need every event. */
const char *ms_waste_needs_all(const struct ms_check_input *input);
/* The same, and of those that can use a sample. */
const char *ms_waste_needs_pairs(const struct ms_check_input *input);

/* --- usable.c: how large the blocks are that an allocator hands out -------------------
 */

struct ms_usable {
	const char *name; /* of the allocator, as evidence of it */
	/* The bytes that a block of size can hold, or less where that differs. */
	uint64_t (*bytes)(uint64_t size);
};

/* What is known of the log's allocator, or NULL. */
const struct ms_usable *ms_usable_of(const struct ms_metadata *meta);

#endif
