/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.c - the return addresses of a stack, by rules.
 *
 * Inside the thread's known stack words are read as they are; on any other stack
 * (sigaltstack, makecontext) each read is checked.
 */
#include "preload/walk.h"

#include "preload/config.h"
#include "preload/rules.h"

#include <string.h>

#define FRAMES_MAX (4U << 20)

static bool frames_grow(struct ms_thread *t)
{
	uint32_t max = t->frames_max ? t->frames_max * 2 : 2048;
	size_t frame_bytes = max * sizeof *t->frames,
	       level_bytes = max * sizeof *t->levels;
	uint64_t *frames;
	struct ms_level *levels;

	if (max > FRAMES_MAX)
		return false;
	frames = ms_map(frame_bytes + level_bytes, true);
	if (!frames)
		return false;
	levels = (struct ms_level *)(frames + max);
	if (t->frames_max) {
		memcpy(frames, t->frames, t->frames_max * sizeof *frames);
		memcpy(levels, t->levels, t->frames_max * sizeof *levels);
		ms_sys_munmap(t->frames,
			      t->frames_max * (sizeof *t->frames + sizeof *t->levels));
	}
	t->frames = frames;
	t->levels = levels;
	t->frames_max = max;
	return true;
}

bool ms_walk_add(struct ms_walk *walk, struct ms_thread *t, uint64_t frame)
{
	if (ms_config.depth && walk->count >= ms_config.depth) {
		walk->cut = MS_CUT_DEPTH;
		return false;
	}
	/* two levels of room stay free for the mark of a cut */
	if (walk->count + 2 >= t->frames_max && !frames_grow(t)) {
		walk->cut = MS_CUT_UNREADABLE;
		return false;
	}
	t->frames[walk->count++] = frame;
	return true;
}

struct stack { /* where words may be read without a check */
	uintptr_t low, high;
	struct ms_checked checked;
};

static inline __attribute__((always_inline)) bool read_word(struct stack *s, bool checked,
							    uintptr_t at, uint64_t *value)
{
	if (checked)
		return ms_checked_read(&s->checked, at, value);
	if (MS_UNLIKELY(at < s->low || at > s->high - 8 || at % 8))
		return false;
	*value = *(const uint64_t *)at;
	return true;
}

/* The loader's entry has no unwind information, and nobody called it. */
#define BOTTOM_BYTES 128

static bool at_bottom(const struct stack *s, uint64_t sp)
{
	return s->high && s->high - sp <= BOTTOM_BYTES;
}

enum step { STEP_ON, STEP_END, STEP_ODD };

struct place {
	uint64_t pc, sp, bp;
};

static inline __attribute__((always_inline)) enum step
follow(struct place *p, struct stack *s, bool checked, ms_rule rule, struct ms_walk *walk)
{
	uint64_t cfa, bp = p->bp;
	int64_t saved = ms_rule_rbp(rule);

	walk->cut = MS_CUT_UNREADABLE;
	switch (ms_rule_kind(rule)) {
	case MS_RULE_RSP:
		cfa = p->sp + (uint64_t)ms_rule_cfa(rule);
		break;
	case MS_RULE_RBP:
		cfa = p->bp + (uint64_t)ms_rule_cfa(rule);
		break;
	case MS_RULE_DEREF:
		if (!read_word(s, checked, p->bp + (uint64_t)ms_rule_cfa(rule), &cfa) ||
		    !read_word(s, checked, p->bp, &bp))
			return STEP_END;
		break;
	case MS_RULE_LAST:
		walk->cut = 0;
		return STEP_END;
	case MS_RULE_ODD:
		return STEP_ODD;
	default:
		walk->cut = at_bottom(s, p->sp) ? 0 : MS_CUT_NO_RULE;
		return STEP_END;
	}
	if (MS_UNLIKELY(cfa <= p->sp)) {
		walk->cut = MS_CUT_LOOP;
		return STEP_END;
	}
	if (!read_word(s, checked, cfa - 8, &p->pc) ||
	    (saved && !read_word(s, checked, cfa + (uint64_t)saved, &bp)))
		return STEP_END;
	p->sp = cfa;
	p->bp = bp;
	if (MS_UNLIKELY(!p->pc)) { /* where clone put it: nobody called */
		walk->cut = 0;
		return STEP_END;
	}
	return STEP_ON;
}

/* false: an odd frame was met, the walk must be taken by ms_unwind_stack. */
static inline __attribute__((always_inline)) bool by_rules(struct ms_walk *walk,
							   struct ms_thread *t,
							   struct place p,
							   struct stack *s, bool checked)
{
	uint32_t generation = ms_modules_generation();
	enum step step = STEP_ON;

	while (step == STEP_ON) {
		ms_rule rule = ms_rule_find(p.pc, generation);

		if (!ms_walk_add(walk, t,
				 (uint64_t)ms_rule_module(rule) << MS_FRAME_MODULE_SHIFT |
					 (p.pc & MS_FRAME_ADDRESS)))
			return true;
		step = follow(&p, s, checked, rule, walk);
	}
	return step != STEP_ODD;
}

static MS_COLD bool by_checked_rules(struct ms_walk *walk, struct ms_thread *t,
				     struct place p)
{
	struct stack s = { 0 };

	return by_rules(walk, t, p, &s, true);
}

/* MEMSCOPE_STACKS=fp: the chain of saved frame pointers, as far as it looks like one. */
static void by_frame_pointers(struct ms_walk *walk, struct ms_thread *t, struct place p,
			      struct stack *s, bool checked)
{
	uint32_t generation = ms_modules_generation();
	uint64_t next;

	for (;;) {
		ms_rule rule = ms_rule_find(p.pc, generation);

		if (!ms_walk_add(walk, t,
				 (uint64_t)ms_rule_module(rule) << MS_FRAME_MODULE_SHIFT |
					 (p.pc & MS_FRAME_ADDRESS)))
			return;
		if (ms_rule_kind(rule) == MS_RULE_LAST)
			return;
		walk->cut = MS_CUT_UNREADABLE;
		if (p.bp < p.sp || !read_word(s, checked, p.bp, &next) ||
		    !read_word(s, checked, p.bp + 8, &p.pc))
			return;
		walk->cut = 0;
		if (!p.pc)
			return;
		p.sp = p.bp + 16;
		p.bp = next;
	}
}

void ms_walk_stack(struct ms_walk *walk, struct ms_thread *t, const uintptr_t *frame)
{
	struct place p = { frame[1], (uintptr_t)(frame + 2), frame[0] };
	struct stack s;
	bool known = p.sp >= t->stack_low && p.sp < t->stack_high;

	*walk = (struct ms_walk){ 0, 0 };
	s.low = p.sp;
	s.high = t->stack_high;
	if (ms_config.stacks == MS_STACKS_FP) {
		s.checked.start = s.checked.end = 0;
		by_frame_pointers(walk, t, p, &s, !known);
		return;
	}
	if (MS_LIKELY(known) ? by_rules(walk, t, p, &s, false)
			     : by_checked_rules(walk, t, p))
		return;
	*walk = (struct ms_walk){ 0, 0 };
	ms_unwind_stack(walk, t, frame);
}
