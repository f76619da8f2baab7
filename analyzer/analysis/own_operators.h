/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own_operators.h - whether a call came through an operator new or delete that somebody
 * wrote himself (private to analysis).
 */
#ifndef MS_ANALYSIS_OWN_OPERATORS_H
#define MS_ANALYSIS_OWN_OPERATORS_H

#include "analyzer/analysis/analysis.h"

enum ms_own_operators {
	MS_OWN_NO,    /* it did not */
	MS_OWN_MAYBE, /* the code that called has no name, or its file is not here */
	MS_OWN_YES    /* it did, or may well have done so */
};

struct ms_operators {
	struct ms_metadata *meta;
	const struct ms_module *program; /* itself: its operators are everybody's */
	struct ms_map known;		 /* modules' answers */
};
void ms_operators_init(struct ms_operators *operators, struct ms_metadata *meta);
void ms_operators_release(struct ms_operators *operators);

/*
 * Of a call that made, or ended, a block.  Operators that pass a call on by a jump leave
 * no frame: a program that has some in its symbol table counts as using them.  MS_OK or
 * MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_operators_own(enum ms_own_operators *answer,
					 struct ms_operators *operators, uint32_t stack,
					 struct ms_error *err);

#endif
