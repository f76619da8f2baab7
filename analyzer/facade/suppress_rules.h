/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suppress_rules.h - suppressions as they are written, and what they match (private to
 * the facade).
 *
 * Texts are hostile: files and programs may hold anything.
 */
#ifndef MS_FACADE_SUPPRESS_RULES_H
#define MS_FACADE_SUPPRESS_RULES_H

#include "analyzer/base/arena.h"
#include "analyzer/facade/suppressions.h"

/* A line of one of Valgrind's blocks. */
enum ms_rule_place { MS_PLACE_FUNCTION, MS_PLACE_OBJECT, MS_PLACE_SOURCE, MS_PLACE_ANY };
struct ms_rule_line {
	enum ms_rule_place place;
	const char *pattern;
	const char *readable; /* of a mangled function; NULL: it is none */
	bool wild;	      /* pattern has '*' or '?' */
	bool readable_wild;
	uint32_t line; /* SOURCE: 0 is any */
};

#define MS_RULE_ALL_KINDS UINT32_MAX

struct ms_rule {
	struct ms_suppression shown; /* what the contract gives out: it stays where it is
				      */
	const char *faults;  /* "leak", "free": groups of detectors; else one detector */
	uint32_t kinds;	     /* of leaks: bits of MS_LEAK_x */
	uint32_t program;    /* whose own it is, from 1; 0: it is for all */
	const char *pattern; /* LSan's; NULL: Valgrind's or built in */
	struct ms_rule_line *lines;
	size_t line_count;
	const struct ms_built_in *built_in;
};

struct ms_rules {
	struct ms_arena arena; /* every text and rule */
	struct ms_rule **items;
	size_t count, capacity;
};

void ms_rules_init(struct ms_rules *rules);
void ms_rules_release(struct ms_rules *rules);
/* A new, zeroed rule at the end; NULL: no memory. */
struct ms_rule *ms_rules_add(struct ms_rules *rules);

/* Beyond this a file is none of suppressions. */
#define MS_SUPPRESS_FILE_BYTES (4u << 20)

/*
 * Add the rules of a text of either form, told by its first line that is no comment.
 * origin must stay.  MS_EFORMAT names the line that is none; MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_rules_parse(struct ms_rules *rules, const char *text,
				       size_t len, const char *origin, uint32_t program,
				       struct ms_error *err);

/* A walk over a text's lines, without the blanks around them; empty ones and comments are
 * left out. */
struct ms_rule_text {
	struct ms_rules *rules;
	const char *next, *end;
	const char *line; /* of len bytes */
	size_t len;
	unsigned number;
	const char *origin;
	uint32_t program;
};
bool ms_rule_text_next(struct ms_rule_text *text);
/* "ORIGIN:LINE: " before what is said. */
ms_status ms_rule_text_fail(const struct ms_rule_text *text, struct ms_error *err,
			    const char *why);
/* text->line is the first one that counts. */
MS_MUST_CHECK ms_status ms_rules_parse_lsan(struct ms_rule_text *text,
					    struct ms_error *err);
MS_MUST_CHECK ms_status ms_rules_parse_valgrind(struct ms_rule_text *text,
						struct ms_error *err);

/*
 * As sanitizer_common's TemplateMatch(): pattern is somewhere in text, '*' stands for
 * anything, '^' and '$' for the ends.  NULL or empty text matches nothing.
 */
bool ms_lsan_match(const char *pattern, const char *text);
/* As Valgrind's string_match(): all of text, '*' and '?' as in a shell. */
bool ms_name_match(const char *pattern, const char *text);
/* The length of a name without what compilers and linkers put behind it (".part.0",
 * " [clone .cold]", "@@VERSION"). */
size_t ms_plain_name(const char *name);

/* --- matching -------------------------------------------------------------------------
 */

/* The frames of a stack, from the leaf, as many as anybody matches. */
#define MS_SUPPRESS_FRAMES 4096
struct ms_stack_frames {
	const struct ms_frame **items;
	size_t count, capacity;
	uint8_t event; /* the call that has this stack; 0: not known */
};

bool ms_rule_matches(const struct ms_rule *rule, const struct ms_stack_frames *stack);
/*
 * Lines of Valgrind's form for a frame's call of the allocator: the names that its
 * replacements have.
 */
bool ms_valgrind_match(const struct ms_rule_line *lines, size_t count,
		       const struct ms_stack_frames *stack);

/* suppress_built_in.c: what the C and the C++ library keep for themselves. */
struct ms_built_in {
	const char *name, *summary;
	const char *const *functions; /* patterns; NULL: see modules */
	const char *module;	      /* NULL: any of the libraries; else of the leaf */
	const char *caller; /* the leaf's module's caller is of it; NULL: anybody */
	bool below;	    /* what the functions allocate themselves is the caller's */
};
/* The index-th; NULL: there are fewer. */
const struct ms_built_in *ms_built_in_item(size_t index);
MS_MUST_CHECK ms_status ms_rules_add_built_in(struct ms_rules *rules,
					      struct ms_error *err);
/* Whether a frame is one of these libraries': past the first that is not, no more is
 * looked at. */
bool ms_built_in_library(const struct ms_frame *frame);
bool ms_built_in_match(const struct ms_built_in *built_in,
		       const struct ms_stack_frames *stack);

#endif
