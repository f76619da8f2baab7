/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.c - the return addresses of a stack, by rules.
 *
 * Inside the thread's known stack words are read as they are; on any other stack
 * (sigaltstack, makecontext) each read is checked.
 *
 * A walk ends early where it meets the last one: a frame with the same pc, sp and rbp
 * leads to the same callers if every word that was read on the way out then is there
 * still.  Those words are read again, without a rule and without waiting for each other.
 */
#include "preload/walk.h"

#include "preload/config.h"
#include "preload/step.h"

#include <string.h>

#define FRAMES_FIRST 512
#define FRAMES_MAX   (4U << 20)

static bool frames_grow(struct ms_thread *t)
{
	uint32_t max = t->frames_max ? t->frames_max * 2 : FRAMES_FIRST;
	size_t bytes = (size_t)max * sizeof *t->frames;
	struct ms_frame *frames, *old = t->frames;
	uint64_t held;

	if (max > FRAMES_MAX)
		return false;
	held = ms_sys_hold_signals();
	frames = ms_map(2 * bytes, true);
	if (frames) {
		if (old) {
			memcpy(frames, old, t->frames_max * sizeof *frames);
			memcpy(frames + max, t->levels, t->frames_max * sizeof *frames);
			ms_unmap(old, 2 * (size_t)t->frames_max * sizeof *frames);
		}
		t->frames = frames;
		t->levels = frames + max;
		t->frames_max = max;
	}
	ms_sys_release_signals(held);
	return frames != NULL;
}

struct ms_frame *ms_walk_add(struct ms_walk *walk, struct ms_thread *t, uint64_t where)
{
	struct ms_frame *f;

	if (MS_UNLIKELY(ms_config.depth && walk->count >= ms_config.depth)) {
		walk->cut = MS_CUT_DEPTH;
		return NULL;
	}
	/* levels hold the fresh frames, the kept ones and the mark of a cut */
	if (MS_UNLIKELY(walk->count + t->level_count + 2 >= t->frames_max) &&
	    !frames_grow(t)) {
		walk->cut = MS_CUT_UNREADABLE;
		return NULL;
	}
	f = &t->frames[walk->count++];
	f->where = where;
	f->sp = f->bp = f->ra_slot = f->bp_slot = f->cfa_slot = 0;
	return f;
}

static inline uint64_t where_of(ms_rule rule, uint64_t pc)
{
	return (uint64_t)ms_rule_module(rule) << MS_FRAME_MODULE_SHIFT |
	       (pc & MS_FRAME_ADDRESS);
}

/* --- meeting the last walk
 * --------------------------------------------------------------- */

/*
 * Of the n outermost levels, the index of the first (from within) that leads elsewhere
 * now; n when all lead where they led.  The level at that index is right itself.
 */
static uint32_t verify(const struct ms_frame *levels, uint32_t n)
{
	const struct ms_frame *last = &levels[0];

	for (uint32_t i = n - 1; i > 0; i--) {
		const struct ms_frame *from = &levels[i], *to = &levels[i - 1];

		if (!from->ra_slot) /* the walk was cut off here, and would be again */
			return n;
		if (*(const uint64_t *)from->ra_slot != (to->where & MS_FRAME_ADDRESS) ||
		    (from->bp_slot && *(const uint64_t *)from->bp_slot != to->bp) ||
		    (from->cfa_slot && *(const uint64_t *)from->cfa_slot != to->sp))
			return i;
	}
	return last->ra_slot && *(const uint64_t *)last->ra_slot ? 0 : n;
}

/* The levels from index `from` outwards to `to`, both included, are frames of this walk.
 */
static bool take_levels(struct ms_walk *walk, struct ms_thread *t, uint32_t from,
			uint32_t to)
{
	for (uint32_t i = from + 1; i-- > to;) {
		struct ms_frame *f = ms_walk_add(walk, t, 0);

		if (!f)
			return false;
		*f = t->levels[i];
		walk->taken++;
	}
	return true;
}

enum met { MET_NOT, MET_REST, MET_FULL };

/*
 * Whether the walk at p has met the last one; *next counts the levels that lie no further
 * in than p.  MET_REST: from here on all is as it was.  Where only a part is, that part
 * is taken and the walk goes on at its end.
 */
static inline enum met meet(struct ms_walk *walk, struct ms_thread *t, uint32_t *next,
			    struct ms_place *p)
{
	const struct ms_frame *l;
	uint32_t wrong;

	while (*next && t->levels[*next - 1].sp < p->sp)
		--*next;
	if (!*next)
		return MET_NOT;
	l = &t->levels[*next - 1];
	if (l->sp != p->sp || l->bp != p->bp ||
	    (l->where & (MS_FRAME_ADDRESS | MS_WHERE_EXACT)) != p->pc)
		return MET_NOT;
	wrong = verify(t->levels, *next);
	if (wrong == *next) {
		walk->kept = *next;
		walk->cut = 0;
		return MET_REST;
	}
	if (wrong + 1 < *next && !take_levels(walk, t, *next - 1, wrong + 1))
		return MET_FULL;
	l = &t->levels[wrong];
	*p = (struct ms_place){ l->where & MS_FRAME_ADDRESS, l->sp, l->bp };
	*next = 0;
	return MET_NOT;
}

/* --- walking
 * ------------------------------------------------------------------------------- */

/* false: an odd frame was met, the walk must be taken by ms_unwind_stack. */
static inline __attribute__((always_inline)) bool
by_rules(struct ms_walk *walk, struct ms_thread *t, struct ms_place p,
	 const struct ms_stack *s, uint32_t next)
{
	uint32_t generation = t->generation;
	enum ms_step step = MS_STEP_ON;

	while (step == MS_STEP_ON) {
		enum met met = s->checked ? MET_NOT : meet(walk, t, &next, &p);
		struct ms_frame *f;
		ms_rule rule;

		if (met != MET_NOT)
			return true;
		rule = ms_rule_find(p.pc, generation);
		f = ms_walk_add(walk, t, where_of(rule, p.pc));
		if (!f)
			return true;
		if (!s->checked) {
			f->sp = p.sp;
			f->bp = p.bp;
		}
		step = ms_step(&p, s, rule, f, &walk->cut);
	}
	return step != MS_STEP_ODD;
}

static MS_COLD bool by_checked_rules(struct ms_walk *walk, struct ms_thread *t,
				     struct ms_place p)
{
	struct ms_checked checked;
	struct ms_stack s = { .checked = &checked };

	checked.start = checked.end = 0;
	return by_rules(walk, t, p, &s, 0);
}

/* MEMSCOPE_STACKS=fp: the chain of saved frame pointers, as far as it looks like one. */
static MS_COLD void by_frame_pointers(struct ms_walk *walk, struct ms_thread *t,
				      struct ms_place p, bool known)
{
	struct ms_checked checked;
	struct ms_stack s = { p.sp, t->stack_high, known ? NULL : &checked };
	uint64_t next;

	checked.start = checked.end = 0;
	for (;;) {
		ms_rule rule = ms_rule_find(p.pc, t->generation);

		if (!ms_walk_add(walk, t, where_of(rule, p.pc)))
			return;
		walk->cut = 0;
		if (ms_rule_kind(rule) == MS_RULE_LAST)
			return;
		walk->cut = MS_CUT_UNREADABLE;
		if (p.bp < p.sp || !ms_step_read(&s, p.bp, &next) ||
		    !ms_step_read(&s, p.bp + 8, &p.pc))
			return;
		walk->cut = 0;
		if (!p.pc)
			return;
		p.sp = p.bp + 16;
		p.bp = next;
	}
}

static MS_COLD void by_unwinder(struct ms_walk *walk, struct ms_thread *t,
				const uintptr_t *frame)
{
	*walk = (struct ms_walk){ 0 };
	ms_unwind_stack(walk, t, frame);
	for (size_t i = 0; i < walk->count; i++)
		t->frames[i].sp = 0;
}

void ms_walk_stack(struct ms_walk *walk, struct ms_thread *t, const uintptr_t *frame)
{
	struct ms_place p = { frame[1], (uintptr_t)(frame + 2), frame[0] };
	struct ms_stack s = { p.sp, t->stack_high, NULL };
	bool known = p.sp >= t->stack_low && p.sp < t->stack_high, done;

	*walk = (struct ms_walk){ 0 };
	if (MS_UNLIKELY(ms_config.stacks == MS_STACKS_FP)) {
		by_frame_pointers(walk, t, p, known);
		return;
	}
	walk->repeatable = known;
	if (MS_LIKELY(known))
		done = by_rules(walk, t, p, &s, ms_config.depth ? 0 : t->level_count);
	else
		done = by_checked_rules(walk, t, p);
	if (MS_UNLIKELY(!done))
		by_unwinder(walk, t, frame);
}
