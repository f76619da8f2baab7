/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.h - may this run pass?  Budgets, findings and a baseline, judged for CI.
 */
#ifndef MEMSCOPE_GATE_H
#define MEMSCOPE_GATE_H

#include <memscope/analysis.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- what is asked
 * ----------------------------------------------------------------------------- */

enum memscope_gate_metric {
	MEMSCOPE_GATE_LEAKED,	     /* bytes lost, definitely or with such a block */
	MEMSCOPE_GATE_LEAKED_BLOCKS, /* those blocks */
	MEMSCOPE_GATE_UNFREED,	     /* bytes that were never freed */
	MEMSCOPE_GATE_PEAK,	     /* most bytes live at once */
	MEMSCOPE_GATE_ALLOCATIONS,   /* blocks made, those of realloc too */
	MEMSCOPE_GATE_TEMPORARY,     /* blocks freed before their thread made the next */
	MEMSCOPE_GATE_LIVE,	     /* bytes live at an instant */
	MEMSCOPE_GATE_METRICS
};

struct memscope_gate_budget {
	enum memscope_gate_metric metric;
	uint64_t limit; /* bytes or blocks, inclusive; share: thousandths of a percent */
	int share;	/* not 0, of TEMPORARY: the limit is a share of all allocations */
	struct memscope_time at; /* of LIVE; its mark's name stays in the text */
};

/*
 * A metric by its name ("leaked", "leaked-blocks", "unfreed", "peak", "allocations",
 * "temporary", "live") and a limit: SIZE, or N, or P% for "temporary", or SIZE@TIME for
 * "live".  0, or -1 where either is none.
 */
int memscope_gate_parse_budget(const char *metric, const char *limit,
			       struct memscope_gate_budget *budget);

/* How much more than the baseline passes: the larger of the share and the amount. */
struct memscope_gate_tolerance {
	int given;	/* 0: 5%,64KiB,100 */
	uint64_t share; /* thousandths of a percent */
	uint64_t bytes; /* of sizes; nothing for what is leaked */
	uint64_t calls; /* of counts */
};
/* "5%", "5%,64KiB", "5%,64KiB,100": 0, or -1.  What is not said is as by default. */
int memscope_gate_parse_tolerance(const char *text,
				  struct memscope_gate_tolerance *tolerance);

struct memscope_gate_options {
	const struct memscope_gate_budget *budgets;
	size_t budget_count;
	/* Lines "SITE METRIC LIMIT", see memscope-gate(1). */
	const char *const *budget_files;
	size_t budget_file_count;
	/* Detectors' names, "detector:kind" and severities (those above, too), ','
	 * between; "leak" means what is definitely lost. */
	const char *fail_on;
	const char *baseline; /* a trace, or a file of memscope_gate_write_baseline() */
	struct memscope_gate_tolerance tolerance;
	int sum;	/* not 0: budgets are of all traces together, else of each */
	unsigned depth; /* frames of a stack; 0: 16 */
	const char *source_root; /* where the sources are checked out; NULL: not known */
	struct memscope_suppress suppress;
};

/* --- running it
 * ----------------------------------------------------------------------------- */

struct memscope_gate; /* a verdict, independent of the traces */

/*
 * Judge the traces of m.  Without a budget, findings and a baseline in options, it is
 * fail_on "leak,double_free,invalid_free,mismatched_free".  What a trace cannot tell
 * fails, with the reason; a process that became another one (exec) has no leaks.
 *
 * MEMSCOPE_OK whatever the verdict; MEMSCOPE_USAGE, MEMSCOPE_FORMAT (a budget's or
 * baseline's line), MEMSCOPE_IO or MEMSCOPE_NO_MEMORY with *out NULL.
 */
int memscope_gate_run(struct memscope_gate **out, struct memscope *m,
		      const struct memscope_gate_options *options,
		      struct memscope_error *err);
int memscope_gate_failed(const struct memscope_gate *gate); /* 1: it may not pass */
void memscope_gate_free(struct memscope_gate *gate);	    /* NULL is fine */

enum memscope_gate_format {
	MEMSCOPE_GATE_REPORT, /* text, JSON or CSV, as the output says */
	MEMSCOPE_GATE_JUNIT,  /* XML, a suite a process */
	MEMSCOPE_GATE_SARIF,  /* 2.1.0 */
	MEMSCOPE_GATE_MARKDOWN,
	MEMSCOPE_GATE_GITHUB /* workflow commands that annotate lines */
};
/* As often as you like. */
int memscope_gate_print(const struct memscope_gate *gate,
			enum memscope_gate_format format,
			const struct memscope_output *output, struct memscope_error *err);

/*
 * Put figures of all traces of m together, by site, into a file that
 * memscope_gate_options takes as its baseline: small, sorted, without addresses and
 * lines.  What was there is replaced at once, or stays.
 */
int memscope_gate_write_baseline(struct memscope *m, const char *path,
				 const struct memscope_suppress *suppress,
				 struct memscope_error *err);

#ifdef __cplusplus
}
#endif

#endif
