/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate.h - the parts of a gate's run (private to the facade).
 *
 * Traces are looked at as subjects: each process by itself, or all together.  What is
 * wrong with them is told once, as problems, to which the checks refer.
 */
#ifndef MS_FACADE_GATE_H
#define MS_FACADE_GATE_H

#include "analyzer/base/arena.h"
#include "analyzer/base/strbuf.h"
#include "analyzer/facade/findings.h"
#include "analyzer/facade/leaks.h"
#include "analyzer/facade/view.h"
#include "common/units.h"

#include <memscope/gate.h>
#include <regex.h>

/* Of sites; LIVE is UNFREED at another instant. */
#define MS_GATE_COLUMNS MEMSCOPE_GATE_LIVE
extern const char *const ms_gate_metric_names[MEMSCOPE_GATE_METRICS];

static inline unsigned ms_gate_column(enum memscope_gate_metric metric)
{
	return metric == MEMSCOPE_GATE_LIVE ? MEMSCOPE_GATE_UNFREED : metric;
}
/* "bytes" or "count". */
const char *ms_gate_unit(enum memscope_gate_metric metric);

/* --- gate_budgets.c --------------------------------------------------------------------
 */

struct ms_gate_budget {
	struct memscope_gate_budget b;
	const char *pattern; /* of the sites whose sum it is of; NULL: the process */
	regex_t regex;	     /* of it */
	const char *file;    /* NULL: an option */
	unsigned line;
	bool matched; /* a site, of some process */
};

struct ms_gate_budgets {
	struct ms_gate_budget *items;
	size_t count, capacity;
	struct ms_arena texts;
};

void ms_gate_budgets_init(struct ms_gate_budgets *budgets);
void ms_gate_budgets_release(struct ms_gate_budgets *budgets);
MS_MUST_CHECK ms_status ms_gate_budget_add(struct ms_gate_budgets *budgets,
					   const struct memscope_gate_budget *budget,
					   struct ms_error *err);
/* The lines of a text; name is of its file.  MS_OK, MS_ENOMEM, or MS_EFORMAT, which names
 * the line. */
MS_MUST_CHECK ms_status ms_gate_budgets_parse(struct ms_gate_budgets *budgets,
					      const char *name, const char *text,
					      size_t len, struct ms_error *err);
MS_MUST_CHECK ms_status ms_gate_budgets_read(struct ms_gate_budgets *budgets,
					     const char *path, struct ms_error *err);
/* A whole file that people write, at most 64 MiB, in text.  MS_OK, MS_EIO or MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_gate_read_file(struct ms_strbuf *text, const char *path,
					  struct ms_error *err);

/* --- gate_lost.c: what is lost and not suppressed --------------------------------------
 */

struct ms_gate_lost { /* of a stack */
	uint32_t trace, stack;
	uint64_t bytes, blocks;
};

struct ms_gate_losses {
	struct ms_gate_lost *items;
	size_t count, capacity;
	struct ms_map by_stack;
	uint64_t bytes, blocks;
	const char *lacks; /* why a trace does not tell; NULL: all do */
	bool excused;	   /* none of the traces has to */
	bool parts;	   /* a map is not whole */
	char text[160];	   /* room for lacks */
};

MS_MUST_CHECK ms_status ms_gate_losses_init(struct ms_gate_losses *losses,
					    struct memscope *m,
					    struct ms_suppressions *suppressions,
					    struct ms_error *err);
void ms_gate_losses_release(struct ms_gate_losses *losses);
/* Did the process become another program, so that it cannot tell and need not? */
bool ms_gate_is_excused(const struct ms_trace *trace);

/* --- gate_figures.c --------------------------------------------------------------------
 */

struct ms_gate_value {
	uint64_t value;
	const char *lacks; /* why it is not known; NULL: it is */
	bool excused;	   /* it does not have to be */
	bool estimated;
};

struct ms_gate_heaviest {
	uint32_t trace, stack;
	uint64_t weight;
};

struct ms_gate_site {
	uint32_t frame; /* in seen */
	uint64_t values[MS_GATE_COLUMNS];
	struct ms_gate_heaviest heaviest[MS_GATE_COLUMNS]; /* of its stacks */
};

struct ms_gate_figures { /* found out when first asked for */
	struct memscope *m;
	struct memscope_time at;
	struct ms_suppressions *suppressions;
	struct ms_views views;
	struct ms_gate_losses losses;
	bool has_views, has_losses, has_sites;
	struct ms_frames_seen seen;
	struct ms_gate_site *sites;
	size_t site_count, site_capacity;
	struct ms_map by_frame;
	unsigned site_lacks; /* bits of columns that stacks do not tell */
};

void ms_gate_figures_init(struct ms_gate_figures *figures, struct memscope *m,
			  const struct memscope_time *at,
			  struct ms_suppressions *suppressions);
void ms_gate_figures_release(struct ms_gate_figures *figures);
/* A column of all traces together. */
MS_MUST_CHECK ms_status ms_gate_figure(struct ms_gate_figures *figures, unsigned column,
				       struct ms_gate_value *value, struct ms_error *err);
/* Fill sites, and site_lacks. */
MS_MUST_CHECK ms_status ms_gate_find_sites(struct ms_gate_figures *figures,
					   struct ms_error *err);

/* --- gate_baseline.c -------------------------------------------------------------------
 */

struct ms_baseline_row {
	const char *site; /* escaped, as ms_normal_text() has it */
	uint64_t values[MS_GATE_COLUMNS];
	uint32_t frame; /* of figures; MS_FRAME_NONE: none */
	size_t index;	/* of the site in figures */
};

struct ms_baseline {
	struct ms_baseline_row *rows; /* by site, each once; small ones are left out */
	size_t count, capacity;
	uint64_t totals[MS_GATE_COLUMNS];
	unsigned known; /* bits of columns */
	struct ms_arena texts;
};

/* Columns that a baseline has: all but the blocks of what is leaked. */
#define MS_BASELINE_COLUMNS \
	((1u << MS_GATE_COLUMNS) - 1 - (1u << MEMSCOPE_GATE_LEAKED_BLOCKS))
/* Such a figure alone is too small for a row of its own. */
uint64_t ms_baseline_small(unsigned column);

void ms_baseline_init(struct ms_baseline *baseline);
void ms_baseline_release(struct ms_baseline *baseline);
/* Of all that figures have; small: rows of small sites, too. */
MS_MUST_CHECK ms_status ms_baseline_take(struct ms_baseline *baseline,
					 struct ms_gate_figures *figures, bool small,
					 struct ms_error *err);
MS_MUST_CHECK ms_status ms_baseline_parse(struct ms_baseline *baseline, const char *name,
					  const char *text, size_t len,
					  struct ms_error *err);
/* The text of a file that ms_baseline_parse() takes. */
void ms_baseline_text(struct ms_strbuf *text, const struct ms_baseline *baseline);
/* A site, or NULL. */
const struct ms_baseline_row *ms_baseline_find(const struct ms_baseline *baseline,
					       const char *site);

/* --- gate.c, gate_doc.c: the run -------------------------------------------------------
 */

struct ms_gate_run {
	struct memscope *m;
	const struct memscope_gate_options *options;
	const char *fail_on; /* what is asked for, or the default */
	unsigned depth;
	struct ms_gate_budgets budgets;
	struct ms_doc doc;
	json_t *processes, *checks, *problems, *notices; /* arrays of doc */
	json_t *suppressions;				 /* array of doc, too */
	struct ms_map by_fingerprint;			 /* problems, from 1 */
	struct ms_map by_suppression;			 /* a hash, from 1 */
	size_t passed, failed, skipped;			 /* checks */
};

struct ms_gate_subject {
	struct memscope view; /* some of the run's traces */
	size_t process;	      /* its row */
	const char *name;     /* its command, and which of those that have it */
	json_t *row;
	struct ms_suppressions *suppressions; /* of findings */
	struct ms_suppressions *of_losses;    /* counted apart */
	struct ms_gate_figures figures;	      /* at the end */
	bool failed;
};

struct ms_gate_check {
	const char *name; /* "max-peak", "fail-on leak" ... */
	const char *metric, *unit;
	const struct ms_gate_budget *budget; /* or NULL */
	const char *origin;		     /* of what is no budget */
	uint64_t limit, base;
	bool has_base;
	struct ms_gate_value got;
	bool failed;
	const char *reason;	/* more to say; may be NULL */
	const size_t *problems; /* what made it fail */
	size_t problem_count;
};
/* Its row; counts it, and whether it makes the subject fail. */
void ms_gate_add_check(struct ms_gate_run *run, struct ms_gate_subject *subject,
		       const struct ms_gate_check *check);
/* A line that a person should read. */
void ms_gate_notice(struct ms_gate_run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What makes problems of two processes the same: a hash of texts. */
struct ms_gate_print {
	uint64_t hash;
};
void ms_gate_print_begin(struct ms_gate_print *print);
void ms_gate_print_text(struct ms_gate_print *print, const char *text);
/* The function and file of a frame, as ms_normal_text() has them.  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_gate_print_frame(struct ms_gate_print *print,
					    const struct ms_frame *frame,
					    struct ms_error *err);
/*
 * The problem of a fingerprint, of this process too: its number and object.  *is_new: the
 * object is empty but for both.  NULL after a failure of the document.
 */
json_t *ms_gate_problem(struct ms_gate_run *run, const struct ms_gate_subject *subject,
			const struct ms_gate_print *print, size_t *number, bool *is_new);
/*
 * The heaviest of sites by column as member "sites" of a problem, and the heaviest's
 * place as its own.
 */
MS_MUST_CHECK ms_status ms_gate_doc_sites(struct ms_gate_run *run, json_t *problem,
					  struct ms_gate_figures *figures,
					  unsigned column, size_t *indexes, size_t count,
					  struct ms_error *err);
/* gate_suppressed.c: what a subject's suppressions took; then, which took nothing. */
void ms_gate_add_suppressions(struct ms_gate_run *run,
			      const struct ms_gate_subject *subject);
void ms_gate_note_unused(struct ms_gate_run *run);

/* gate_checks.c, gate_findings.c, gate_compare.c: each adds its checks. */
MS_MUST_CHECK ms_status ms_gate_check_budgets(struct ms_gate_run *run,
					      struct ms_gate_subject *subject,
					      struct ms_error *err);
MS_MUST_CHECK ms_status ms_gate_check_findings(struct ms_gate_run *run,
					       struct ms_gate_subject *subject,
					       struct ms_error *err);
MS_MUST_CHECK ms_status ms_gate_check_baseline(struct ms_gate_run *run,
					       struct ms_gate_subject *subject,
					       struct ms_error *err);

#endif
