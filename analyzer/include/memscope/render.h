/* SPDX-License-Identifier: Apache-2.0 */
/*
 * render.h - where reports go and how they look, and the formats of other tools.
 */
#ifndef MEMSCOPE_RENDER_H
#define MEMSCOPE_RENDER_H

#include <memscope/memscope.h>

#ifdef __cplusplus
extern "C" {
#endif

enum memscope_format { MEMSCOPE_TEXT, MEMSCOPE_JSON, MEMSCOPE_CSV };

/* Where a report goes and how text looks. */
struct memscope_output {
	/* Take all the bytes: 0, or an errno value. */
	int (*write)(void *context, const char *data, size_t bytes);
	void *context;
	enum memscope_format format;
	unsigned width; /* of the terminal, in columns; 0: lines are never cut */
	int colour;	/* not 0: escape sequences for colour */
	int unicode;	/* not 0: trees are drawn with box characters */
	int plot;	/* not 0: text of a timeline is a plot, not a list */
};

/* --- other tools' formats
 * ----------------------------------------------------------------- */

struct memscope_render_options {
	const char *format; /* a name that memscope_render_formats() lists */
	/*
	 * Of formats that show one figure: "peak" (NULL: that), "live", "allocated",
	 * "calls", "temporary", "leaked", "peak-blocks", "live-blocks", "leaked-blocks".
	 */
	const char *metric;
	/*
	 * What is live, is live then; where it is not said, at the filter's "to", or at
	 * the end.
	 */
	int use_at;
	struct memscope_time at;
	struct memscope_filter filter; /* of the blocks that are counted */
	const char
		*title; /* of the page of "html"; NULL: the command that was recorded */
	int no_sources; /* not 0: it shows no source lines */
	/* Of "svg", whose title may be set too: */
	int inverted;	/* not 0: the functions that allocate first, callers below */
	unsigned width; /* in pixels; 0: 1200 */
	/*
	 * What changed: of two traces from the first to the second; else from the
	 * filter's "from" (or the start) to its "to" (or the end).  The metric is "live",
	 * where it is not said.
	 */
	enum memscope_compare {
		MEMSCOPE_COMPARE_NOT,
		MEMSCOPE_COMPARE_INSTANTS,
		MEMSCOPE_COMPARE_TRACES
	} compare;
};

/*
 * Write traces as another tool reads them.  MEMSCOPE_USAGE: there is no such format or
 * metric, or the recordings cannot tell it.
 */
int memscope_render(struct memscope *m, const struct memscope_render_options *options,
		    const struct memscope_output *output, struct memscope_error *err);
/* The same to a file, which is there when all of it is; what was there is replaced. */
int memscope_render_file(struct memscope *m,
			 const struct memscope_render_options *options, const char *path,
			 struct memscope_error *err);
/* A flame graph as a tree of text. */
struct memscope_flame_options {
	const char *metric; /* as above */
	int use_at;	    /* as above */
	struct memscope_time at;
	struct memscope_filter filter;
	int inverted;	    /* not 0: the functions that allocate first, callers below */
	unsigned depth;	    /* levels; 0: all */
	int use_least;	    /* not 0: the next holds; else it is 5000 */
	unsigned least_ppm; /* millionths of all that a function must have to be shown */
};

/* Who called whom, with what each has of a metric. */
int memscope_flame(struct memscope *m, const struct memscope_flame_options *options,
		   const struct memscope_output *output, struct memscope_error *err);

/* Print the formats: name, extension, what they hold, who opens them. */
int memscope_render_formats(const struct memscope_output *output,
			    struct memscope_error *err);
/* Not 0: there is such a format, and it is no text. */
int memscope_render_is_binary(const char *format);

#ifdef __cplusplus
}
#endif

#endif
