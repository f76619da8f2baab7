/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suppressions.h - findings that somebody has decided to live with (private to the
 * facade).
 *
 * LeakSanitizer's lines (leak:PATTERN), Valgrind's blocks, those that a program embeds
 * (__lsan_default_suppressions), and ours for what the C library keeps for itself.
 */
#ifndef MS_FACADE_SUPPRESSIONS_H
#define MS_FACADE_SUPPRESSIONS_H

#include "analyzer/facade/frames.h"

#include <memscope/analysis.h>

struct ms_suppression {
	const char *name;   /* LSan: the pattern; Valgrind and ours: the name */
	const char *origin; /* a file's path, the program's, or "built-in" */
	unsigned line;	    /* in it; 0: none */
	bool built_in;
	bool from_user;		/* a file's: it is said when it takes nothing */
	uint64_t findings;	/* that it took: stacks, of each kind */
	uint64_t blocks, bytes; /* of these */
};

struct ms_suppressions;

/*
 * Read those that options name; NULL options: the built-in ones.  Programs' own are added
 * per trace, when its first stack is asked for.  MS_EIO: a file cannot be read;
 * MS_EFORMAT names its line that is none; MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_suppressions_new(struct ms_suppressions **out,
					    struct memscope *m,
					    const struct memscope_suppress *options,
					    struct ms_error *err);
void ms_suppressions_free(struct ms_suppressions *suppressions); /* NULL is fine */

/* What is to be suppressed. */
struct ms_suppressible {
	const char *detector;  /* "leak", "double_free" ... */
	const char *kind;      /* "definite", "interior", "new[]/delete" ... */
	uint32_t trace, stack; /* of a leak: where it was allocated; else of the fault */
	uint8_t event;	       /* the call that has that stack; 0: not known */
	uint64_t blocks, bytes;
};

/*
 * *by: the first that takes it, which counts it; NULL: none.  NULL suppressions take
 * nothing.  Answers are kept by stack.  MS_OK or MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_suppressed(struct ms_suppressions *suppressions,
				      const struct ms_suppressible *what,
				      const struct ms_suppression **by,
				      struct ms_error *err);
/* The index-th of all; NULL: there are fewer. */
const struct ms_suppression *
ms_suppressions_item(const struct ms_suppressions *suppressions, size_t index);
/* The index-th thing that a report's reader should know; NULL: there are fewer. */
const char *ms_suppressions_note(const struct ms_suppressions *suppressions,
				 size_t index);

/*
 * The members "suppressed" (totals, and "by", what took something), and where there are
 * any "unused_suppressions" (of the user's files) and "suppression_notes".
 */
void ms_doc_suppressions(struct ms_doc *doc, json_t *object,
			 const struct ms_suppressions *suppressions);

#endif
