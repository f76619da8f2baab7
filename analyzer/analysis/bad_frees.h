/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bad_frees.h - frees of what was no block, and what it was (private to analysis).
 */
#ifndef MS_ANALYSIS_BAD_FREES_H
#define MS_ANALYSIS_BAD_FREES_H

#include "analyzer/analysis/trust.h"

enum ms_bad_free_kind {
	MS_BAD_AGAIN,	    /* was freed before, and not handed out since */
	MS_BAD_INTERIOR,    /* lies inside a block, one that lives or the last that did */
	MS_BAD_STACK,	    /* on a thread's stack */
	MS_BAD_STATIC,	    /* in a module: its data, its code */
	MS_BAD_MAPPED,	    /* in memory that the program mapped itself */
	MS_BAD_NOT_A_BLOCK, /* nothing that the log knows */
	MS_BAD_UNKNOWN,	    /* events were lost: it may be right */
	MS_BAD_KINDS
};

struct ms_bad_free {
	struct ms_event event; /* of class FREE or REALLOC_BEGIN */
	uint64_t ordinal;      /* of it, from 1 */
	uint8_t kind;	       /* enum ms_bad_free_kind */
	bool certain;	       /* it is unmatched; else only if its block does not live */
	bool has_block;	       /* that had the address, or has: block is it */
	bool has_freed;	       /* freed is what ended it, or freed the address before */
	struct ms_block block;
	struct ms_event freed;
	const struct ms_module *module; /* STATIC: which */
};

struct ms_bad_frees {
	const struct ms_check_input *input;
	struct ms_bad_free *items; /* in log order; after ms_bad_frees_look() by stacks */
	size_t count, capacity;
	uint64_t more; /* that there was no room for */
	/* while watching */
	uint64_t ordinal;
	struct ms_pairs reallocs; /* which wait for their second half */
	struct ms_bad_free last;  /* whose effect is not complete yet */
	bool has_last, ended;
	uint64_t overwritten;
	bool failed; /* no memory */
};

void ms_bad_frees_init(struct ms_bad_frees *bad, const struct ms_check_input *input);
void ms_bad_frees_release(struct ms_bad_frees *bad);
/* Watch a replay of the whole log, every event and every change.  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_bad_frees_event(struct ms_bad_frees *bad,
					   const struct ms_event *event,
					   struct ms_error *err);
void ms_bad_frees_block(struct ms_bad_frees *bad, enum ms_change change,
			const struct ms_totals *totals);
/*
 * After it: look the addresses up, in another replay when there are any, and keep those
 * frees that are wrong for sure, or MS_BAD_UNKNOWN, and of chosen blocks.  MS_OK or
 * MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_bad_frees_look(struct ms_bad_frees *bad, struct ms_error *err);

/* How many items from index on have its stacks and kind: the first is of all. */
size_t ms_bad_frees_alike(const struct ms_bad_frees *bad, size_t index);
/* struct ms_detector's unable(), of those that look at them. */
const char *ms_bad_frees_unable(const struct ms_check_input *input);

/* bad_places.c: who had the addresses when they were freed.  Sets kind and block of each
 * item; those that are right after all get MS_BAD_KINDS. */
MS_MUST_CHECK ms_status ms_bad_places(struct ms_bad_frees *bad,
				      const struct ms_trust *trust, struct ms_error *err);

#endif
