/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h - what the dashboard shows: documents, a call tree, and figures over time.
 *
 * The facade fills a struct ms_report and html.c prints it as a page.  What is in the
 * page is told by analyzer/render/dashboard/src/data.ts; both change together.
 */
#ifndef MS_RENDER_REPORT_H
#define MS_RENDER_REPORT_H

#include "analyzer/base/slices.h"
#include "analyzer/render/profile.h"

#include <jansson.h>

struct ms_report_bucket { /* as a series has them */
	uint64_t end_ns;
	uint64_t live_bytes, live_blocks, peak_bytes;
	uint64_t allocations, frees, allocated;
	uint64_t resident_bytes;
	bool no_events; /* none of the figures can be told */
	bool no_calls;	/* neither allocations nor what was allocated */
	bool no_frees;
	bool has_resident;
};

struct ms_report_thread { /* those of slices.threads, the heaviest first */
	uint64_t tid;	  /* 0: not known */
	const char *name; /* NULL: none */
};

struct ms_report_process {
	uint64_t pid, duration_ns;
	const char *command;
	size_t summed; /* so many processes in one: it has rows alone; 0: it is one */
	struct ms_report_bucket *buckets;
	size_t bucket_count;
	struct ms_profile_mark *marks;
	size_t mark_count;
	struct ms_report_thread *threads;
	struct ms_slices slices; /* rows: from the process's first one on */
	bool no_slices;		 /* the recording cannot tell them */
	bool no_made;		 /* nor what was made within them */
	unsigned absent;	 /* bits of ms_metric: of its rows */
};

/* Stacks of a profile, cut to those that matter: see ms_fold_init(). */
struct ms_fold {
	struct ms_profile_node *nodes; /* one without a frame: what was folded there */
	size_t node_count;
	struct ms_profile_row *rows; /* one a node and process, process after process */
	uint32_t *sites;	     /* of each: a frame, or MS_PROFILE_NONE */
	size_t row_count;
	uint32_t *node_of; /* of each node before: where its rows are now */
	uint32_t *row_of;  /* of each row before */
	uint64_t folded;   /* rows that went where the tree was cut, and their ... */
	uint64_t bytes;	   /* ... allocated bytes */
};

struct ms_report {
	const char *title, *generated_by;
	json_t *summary, *info, *leaks, *check, *threads;
	json_t *sources;		  /* NULL: none */
	const struct ms_profile *profile; /* whose frames the nodes have */
	struct ms_fold stacks;
	struct ms_report_process *processes;
	size_t process_count;
};

/* --- report_fold.c
 * ---------------------------------------------------------------------- */

struct ms_fold_source {
	const struct ms_profile_node *nodes;
	size_t node_count;
	const struct ms_profile_row *rows; /* process after process */
	const uint32_t *sites;		   /* NULL: none is known */
	size_t row_count;
};

/*
 * The same tree with its heaviest nodes alone, and their rows: nodes and rows together
 * are about budget.  How heavy a node is tells the largest of its shares, with all that
 * is below it, of a metric's total.  The rows of others are summed in a child without a
 * frame of the last node on their way that is kept, so that each sum stays what it was.
 * MS_OK, or MS_ENOMEM with nothing to release.
 */
MS_MUST_CHECK ms_status ms_fold_init(struct ms_fold *fold,
				     const struct ms_fold_source *source, size_t budget,
				     struct ms_error *err);
void ms_fold_release(struct ms_fold *fold);
/*
 * Slices of the rows before, from first_before on, as slices of the rows of fold; the
 * threads are not looked at.  MS_OK, or MS_ENOMEM with nothing to release.
 */
MS_MUST_CHECK ms_status ms_fold_slices(struct ms_slices *out, const struct ms_fold *fold,
				       const struct ms_slices *slices,
				       size_t first_before, struct ms_error *err);
/* The first row of a process, and one past its last. */
void ms_fold_rows_of(const struct ms_fold *fold, size_t process, size_t *begin,
		     size_t *end);

/* --- report_json.c
 * ---------------------------------------------------------------------- */

struct ms_report_limits {  /* so that it fits */
	size_t budget;	   /* of stacks: see ms_fold_init() */
	size_t items;	   /* of a list */
	size_t text_bytes; /* of a text */
	size_t threads;	   /* that have rows of their own over time */
};

struct ms_writer;
/* The data of the page.  MS_OK or MS_ENOMEM; does not finish the writer. */
MS_MUST_CHECK ms_status ms_report_json(struct ms_writer *writer,
				       const struct ms_report *report,
				       const struct ms_report_limits *limits,
				       struct ms_error *err);

/* --- html.c
 * ------------------------------------------------------------------------------ */

#define MS_HTML_BYTES (5u << 20) /* a page has no more */

/* Was the dashboard there when this library was built? */
bool ms_html_has_page(void);
/*
 * The whole page; lists and stacks are cut until it fits.  MS_OK, MS_ENOMEM, or MS_EUSAGE
 * where there is no dashboard.
 */
MS_MUST_CHECK ms_status ms_render_html(struct ms_writer *writer,
				       const struct ms_report *report,
				       struct ms_error *err);
/* The same with a page of the caller's, and room for so many bytes. */
MS_MUST_CHECK ms_status ms_html_fill(struct ms_writer *writer,
				     const struct ms_report *report, const char *page,
				     size_t page_bytes, size_t most_bytes,
				     struct ms_error *err);

#endif
