/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suppressions.c - which finding is taken by which suppression, and what each took.
 */
#include "analyzer/facade/suppressions.h"
#include "analyzer/analysis/analysis.h"
#include "analyzer/base/alloc.h"
#include "analyzer/facade/facade.h"
#include "analyzer/facade/suppress_files.h"
#include "analyzer/facade/suppress_rules.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Answers for one kind of one detector's findings. */
struct answers {
	const char *detector, *kind;
	struct ms_map by_stack; /* trace << 32 | stack to a rule's place + 1, or 0 */
};

struct ms_suppressions {
	struct memscope *m;
	struct ms_rules rules;
	struct ms_programs programs;
	bool embedded; /* programs' own count */
	struct answers *answers;
	size_t count, capacity;
	struct ms_stack_frames frames; /* of the stack that is looked at */
	uint32_t trace, stack;	       /* whose frames these are */
	bool filled, whole;	       /* not whole: as far as built-in ones look */
};

ms_status ms_suppressions_new(struct ms_suppressions **out, struct memscope *m,
			      const struct memscope_suppress *options,
			      struct ms_error *err)
{
	static const struct memscope_suppress defaults;
	struct ms_suppressions *s = ms_alloc_zero(1, sizeof(*s));
	ms_status status = MS_OK;

	*out = NULL;
	if (!s)
		return ms_fail_memory(err);
	if (!options)
		options = &defaults;
	s->m = m;
	s->embedded = !options->no_embedded;
	ms_rules_init(&s->rules);
	ms_programs_init(&s->programs);
	for (size_t i = 0; status == MS_OK && i < options->file_count; i++)
		status = ms_rules_read(&s->rules, options->files[i], err);
	if (status == MS_OK && !options->no_built_in)
		status = ms_rules_add_built_in(&s->rules, err);
	if (status == MS_OK)
		*out = s;
	else
		ms_suppressions_free(s);
	return status;
}

void ms_suppressions_free(struct ms_suppressions *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++)
		ms_map_release(&s->answers[i].by_stack);
	ms_free(s->answers);
	ms_free(s->frames.items);
	ms_programs_release(&s->programs);
	ms_rules_release(&s->rules);
	ms_free(s);
}

const struct ms_suppression *ms_suppressions_item(const struct ms_suppressions *s,
						  size_t index)
{
	return s && index < s->rules.count ? &s->rules.items[index]->shown : NULL;
}

const char *ms_suppressions_note(const struct ms_suppressions *s, size_t index)
{
	return s ? ms_programs_note(&s->programs, index) : NULL;
}

/* --- what a rule is about --------------------------------------------------------------
 */

static bool is_about(const struct ms_rule *rule, const char *detector)
{
	static const struct {
		const char *faults, *detector;
	} groups[] = { { "leak", "leak" },
		       { "leak", "growth" },
		       { "free", "double_free" },
		       { "free", "invalid_free" },
		       { "free", "mismatched_free" } };

	for (size_t i = 0; i < COUNT(groups); i++)
		if (strcmp(groups[i].faults, rule->faults) == 0 &&
		    strcmp(groups[i].detector, detector) == 0)
			return true;
	return strcmp(rule->faults, detector) == 0;
}

/* What is no kind of leak is taken by a rule of any kind. */
static bool is_kind(const struct ms_rule *rule, const char *kind)
{
	for (unsigned k = 0; k < MS_LEAK_KINDS; k++)
		if (strcmp(kind, ms_leak_names[k]) == 0)
			return rule->kinds >> k & 1;
	return rule->kinds != 0;
}

/* --- the stack -------------------------------------------------------------------------
 */

static ms_status add_frame(struct ms_suppressions *s, const struct ms_frame *frame,
			   struct ms_error *err)
{
	if (ms_grow((void **)&s->frames.items, &s->frames.capacity, s->frames.count,
		    sizeof(struct ms_frame *)) < 0)
		return ms_fail_memory(err);
	s->frames.items[s->frames.count++] = frame;
	return MS_OK;
}

static ms_status fill_frames(struct ms_suppressions *s,
			     const struct ms_suppressible *what, bool whole,
			     struct ms_error *err)
{
	const struct ms_frame *frame;
	struct ms_walk walk;
	ms_status status;
	bool more = true;

	if (s->filled && s->trace == what->trace && s->stack == what->stack &&
	    s->whole >= whole)
		return MS_OK;
	s->filled = false;
	s->frames.count = 0;
	ms_walk_begin(&walk, s->m->traces[what->trace].meta, what->stack);
	do {
		status = ms_walk_next(&walk, &frame, err);
		if (status == MS_OK && frame)
			status = add_frame(s, frame, err);
		/* a name costs: of most stacks the first frame says that it is not the
		 * libraries' */
		more = frame && (whole || ms_built_in_library(frame));
	} while (status == MS_OK && more && s->frames.count < MS_SUPPRESS_FRAMES);
	s->filled = status == MS_OK;
	s->trace = what->trace;
	s->stack = what->stack;
	s->whole = whole;
	return status;
}

static bool applies(const struct ms_suppressions *s, const struct ms_rule *rule,
		    const struct ms_suppressible *what)
{
	return is_about(rule, what->detector) && is_kind(rule, what->kind) &&
	       (!rule->program ||
		ms_programs_has(&s->programs, what->trace, rule->program));
}

/* *place: of the first rule that takes it, plus one; 0: none does. */
static ms_status look(struct ms_suppressions *s, const struct ms_suppressible *what,
		      uint64_t *place, struct ms_error *err)
{
	*place = 0;
	for (size_t i = 0; !*place && i < s->rules.count; i++) {
		const struct ms_rule *rule = s->rules.items[i];

		if (!applies(s, rule, what))
			continue;
		if (fill_frames(s, what, !rule->built_in, err) != MS_OK)
			return MS_ENOMEM;
		s->frames.event = what->event;
		if (ms_rule_matches(rule, &s->frames))
			*place = i + 1;
	}
	return MS_OK;
}

/* --- answers ---------------------------------------------------------------------------
 */

static struct ms_map *answers_of(struct ms_suppressions *s,
				 const struct ms_suppressible *what)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->answers[i].detector, what->detector) == 0 &&
		    strcmp(s->answers[i].kind, what->kind) == 0)
			return &s->answers[i].by_stack;
	if (ms_grow((void **)&s->answers, &s->capacity, s->count, sizeof(*s->answers)) <
	    0)
		return NULL;
	s->answers[s->count] =
		(struct answers){ .detector = what->detector, .kind = what->kind };
	ms_map_init(&s->answers[s->count].by_stack);
	return &s->answers[s->count++].by_stack;
}

ms_status ms_suppressed(struct ms_suppressions *s, const struct ms_suppressible *what,
			const struct ms_suppression **by, struct ms_error *err)
{
	uint64_t key = (uint64_t)what->trace << 32 | what->stack, place;
	struct ms_suppression *taker;
	const uint64_t *known;
	struct ms_map *map;
	ms_status status = MS_OK;

	*by = NULL;
	if (!s)
		return MS_OK;
	if (s->embedded)
		status = ms_programs_add(&s->programs, &s->rules, s->m, what->trace, err);
	map = status == MS_OK ? answers_of(s, what) : NULL;
	if (!map)
		return status == MS_OK ? ms_fail_memory(err) : status;
	known = ms_map_find(map, key);
	place = known ? *known : 0;
	if (!known) {
		status = look(s, what, &place, err);
		if (status == MS_OK && ms_map_put(map, key, place) < 0)
			status = ms_fail_memory(err);
	}
	if (status != MS_OK || !place)
		return status;
	taker = &s->rules.items[place - 1]->shown;
	taker->findings += !known;
	taker->blocks += what->blocks;
	taker->bytes += what->bytes;
	*by = taker;
	return MS_OK;
}
