/* SPDX-License-Identifier: Apache-2.0 */
/*
 * step.h - from one frame to its caller by a rule, inline for those who do it often.
 */
#ifndef MS_STEP_H
#define MS_STEP_H

#include "preload/rules.h"
#include "preload/walk.h"

struct ms_place { /* the registers that a rule needs */
	uint64_t pc, sp, bp;
};

struct ms_stack { /* where words may be read without a check; NULL checked */
	uintptr_t low, high;
	struct ms_checked *checked; /* else: every read goes through it */
};

enum ms_step { MS_STEP_ON, MS_STEP_END, MS_STEP_ODD };

static inline __attribute__((always_inline)) bool
ms_step_read(const struct ms_stack *s, uintptr_t at, uint64_t *value)
{
	if (s->checked)
		return ms_checked_read(s->checked, at, value);
	if (MS_UNLIKELY(at < s->low || at > s->high - 8 || at % 8))
		return false;
	*value = *(const uint64_t *)at;
	return true;
}

/* The loader's entry has no unwind information, and nobody called it. */
#define MS_BOTTOM_BYTES 128

static inline bool ms_step_at_bottom(const struct ms_stack *s, uint64_t sp)
{
	return s->high && s->high - sp <= MS_BOTTOM_BYTES;
}

/*
 * Go on from p by rule, noting in frame what was read.  MS_STEP_END with *cut 0: p was
 * the outermost frame; MS_STEP_ODD: no rule describes it, the complete row may.
 */
static inline __attribute__((always_inline)) enum ms_step
ms_step(struct ms_place *p, const struct ms_stack *s, ms_rule rule,
	struct ms_frame *frame, enum ms_cut *cut)
{
	uint64_t cfa, bp = p->bp, cfa_slot = 0, bp_slot = 0;
	unsigned kind = ms_rule_kind(rule);

	*cut = MS_CUT_UNREADABLE;
	if (MS_LIKELY(kind == MS_RULE_RSP)) {
		cfa = p->sp + (uint64_t)ms_rule_cfa(rule);
	} else if (kind == MS_RULE_RBP) {
		cfa = bp + (uint64_t)ms_rule_cfa(rule);
	} else if (kind == MS_RULE_DEREF) {
		cfa_slot = bp + (uint64_t)ms_rule_cfa(rule);
		bp_slot = bp;
		if (!ms_step_read(s, cfa_slot, &cfa) || !ms_step_read(s, bp_slot, &bp))
			return MS_STEP_END;
	} else if (kind == MS_RULE_ODD) {
		return MS_STEP_ODD;
	} else {
		*cut = kind == MS_RULE_LAST || ms_step_at_bottom(s, p->sp)
			       ? 0
			       : MS_CUT_NO_RULE;
		return MS_STEP_END;
	}
	if (MS_UNLIKELY(cfa <= p->sp)) {
		*cut = MS_CUT_LOOP;
		return MS_STEP_END;
	}
	if (ms_rule_rbp(rule)) {
		bp_slot = cfa + (uint64_t)ms_rule_rbp(rule);
		if (MS_UNLIKELY(!ms_step_read(s, bp_slot, &bp)))
			return MS_STEP_END;
	}
	if (MS_UNLIKELY(!ms_step_read(s, cfa - 8, &p->pc)))
		return MS_STEP_END;
	frame->uses_bp = kind != MS_RULE_RSP;
	frame->ra_slot = cfa - 8;
	frame->bp_slot = bp_slot;
	frame->cfa_slot = cfa_slot;
	p->sp = cfa;
	p->bp = bp;
	if (MS_UNLIKELY(!p->pc)) { /* where clone put it: nobody called */
		*cut = 0;
		return MS_STEP_END;
	}
	return MS_STEP_ON;
}

#endif
