/* SPDX-License-Identifier: Apache-2.0 */
/*
 * analysis.h - findings: what of the heap is lost.
 */
#ifndef MEMSCOPE_ANALYSIS_H
#define MEMSCOPE_ANALYSIS_H

#include <memscope/render.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Findings that are not to be reported, and do not fail a gate. */
struct memscope_suppress {
	/* LeakSanitizer's (leak:PATTERN a line) or Valgrind's form, told by what is in it
	 */
	const char *const *files;
	size_t file_count;
	int no_built_in; /* not 0: report what the C library keeps for itself, too */
	int no_embedded; /* not 0: leave aside what programs embed for LeakSanitizer */
};

struct memscope_leaks_options {
	unsigned map;	/* which pointer map of each trace, from 1; 0: the last */
	unsigned since; /* not 0: what has changed since this one */
	int interior; /* not 0: pointers into a block's middle count as those to its start
		       */
	int all;      /* not 0: text shows indirect and reachable blocks' sites too */
	int blocks;   /* not 0: every block that is not reachable, instead of sites */
	unsigned top; /* rows; 0: 20 in text, all in JSON and CSV */
	unsigned depth; /* frames of a stack; 0: 8 in text, 128 in JSON */
	/* what they take counts in the totals, and is no site's nor listed */
	struct memscope_suppress suppress;
	struct memscope_filter filter; /* of the blocks that are told; age: their lifetime
					*/
};

/*
 * The live blocks of a pointer map's instant by how they are reached: definite, indirect,
 * possible, reachable, as memcheck defines them.  A trace without a map has its live
 * blocks listed as unclassified, and says why.  JSON has the keys of memscope-analyze(1);
 * CSV is the table of sites, or of blocks.
 *
 * With since: blocks that were lost between two maps, and the sites whose reachable bytes
 * have grown.  MEMSCOPE_USAGE when that map is not the earlier one.
 */
int memscope_leaks(struct memscope *m, const struct memscope_leaks_options *options,
		   const struct memscope_output *output, struct memscope_error *err);

/* Print the built-in suppressions: their names, and what they stand for. */
int memscope_suppressions(const struct memscope_output *output,
			  struct memscope_error *err);

enum memscope_severity {
	MEMSCOPE_INFO,
	MEMSCOPE_LOW,
	MEMSCOPE_MEDIUM,
	MEMSCOPE_HIGH,
	MEMSCOPE_CRITICAL
};

struct memscope_check_options {
	const char *only; /* detectors' names with ',' between them; NULL: all */
	enum memscope_severity least; /* findings below it are left out */
	const char *fail_on; /* names and severities: what makes *failed 1; NULL: none */
	unsigned top;	     /* findings; 0: 20 in text, all in JSON and CSV */
	unsigned depth;	     /* frames of a stack; 0: 8 in text, 128 in JSON */
	struct memscope_filter filter; /* of the blocks that are looked at */
	struct memscope_suppress suppress;
};

/*
 * What the detectors find, one row for each detector, kind and site.  *failed (may be
 * NULL): there is a finding of options->fail_on.  MEMSCOPE_USAGE names a detector that
 * does not exist.
 */
int memscope_check(struct memscope *m, const struct memscope_check_options *options,
		   int *failed, const struct memscope_output *output,
		   struct memscope_error *err);

/* Print the detectors, what each finds and how severe that may be. */
int memscope_detectors(const struct memscope_output *output, struct memscope_error *err);

#ifdef __cplusplus
}
#endif

#endif
