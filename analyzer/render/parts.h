/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parts.h - what render's files share (private to render).
 */
#ifndef MS_RENDER_PARTS_H
#define MS_RENDER_PARTS_H

#include "analyzer/render/render.h"
#include "common/units.h"

/* Room for any value of a row but a text. */
#define MS_VALUE_BYTES 40

uint64_t ms_json_as_u64(const json_t *value);
/* A value on one line.  0, or -1 without memory. */
int ms_write_json(struct ms_writer *writer, const json_t *value);
/* Text as a JSON string, as ms_json_text() has it; NULL is null.  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_write_json_text(struct ms_writer *writer, const char *text,
					   struct ms_error *err);

/* One format each; values has room for a row. */
ms_status ms_render_json_rows(struct ms_writer *writer, struct ms_rows *rows,
			      struct ms_value *values, struct ms_error *err);
ms_status ms_render_csv_rows(struct ms_writer *writer, struct ms_rows *rows,
			     struct ms_value *values, struct ms_error *err);
ms_status ms_render_table(struct ms_writer *writer, struct ms_rows *rows,
			  struct ms_error *err);
/* The objects of array as CSV, a row each; a column takes the member of its name. */
MS_MUST_CHECK ms_status ms_render_csv_array(struct ms_writer *writer, const json_t *array,
					    const struct ms_column *columns,
					    size_t column_count, struct ms_error *err);

/*
 * A number that reads back as the same, with a point or an exponent in it; NULL where it
 * is none or infinite.
 */
const char *ms_real_text(char buffer[MS_VALUE_BYTES], double real);

/* One CSV field: quoted when it holds a comma, a quote or a line end. */
void ms_write_csv_field(struct ms_writer *writer, const char *text);

/* A line of its own over a part of a report. */
void ms_write_heading(struct ms_writer *writer, const char *title);
/* The last component of a path; the text itself when it has none.  NULL: NULL. */
const char *ms_base_name(const char *path);
/* name without template arguments, parameters and return type, cut to room - 1 bytes. */
void ms_short_name(char *out, size_t room, const char *name);
/*
 * A frame of a document in at most columns (0: no limit): function, file:line or
 * [module].  Returns the columns taken.
 */
size_t ms_write_frame(struct ms_writer *writer, const json_t *frame, size_t columns);
/* The frames of a stack, a line each, indented. */
void ms_write_stack(struct ms_writer *writer, const json_t *stack, unsigned indent);
/* part of whole in hundredths of a percent, rounded; 0 when whole is 0. */
uint64_t ms_share(uint64_t part, uint64_t whole);
/* "45.2 %", "<0.1 %". */
const char *ms_share_text(char buffer[MS_HUMAN_BYTES], uint64_t part, uint64_t whole);

/* part of whole as a bar of at most columns, in place of text. */
struct ms_strbuf;
void ms_bar(struct ms_strbuf *text, const struct ms_look *look, uint64_t part,
	    uint64_t whole, unsigned columns);
/* The same, written, and blanks up to so many columns; text is room for it. */
void ms_write_bar(struct ms_writer *writer, struct ms_strbuf *text, uint64_t part,
		  uint64_t whole, unsigned columns);
/* text_plot.c: what was live over time, of one process of a timeline, as an area. */
void ms_write_plot(struct ms_writer *writer, const json_t *process, const json_t *rows,
		   size_t first, size_t count);
/* The first process's command, how many there are, and how they were recorded. */
void ms_write_command(struct ms_writer *writer, const json_t *processes);

/* Which branches of a tree go on below the line at hand; zero at first. */
#define MS_TREE_LEVELS 16
struct ms_tree_lines {
	bool through[MS_TREE_LEVELS + 1];
};
/*
 * What is drawn before a row of a tree at a level of at most MS_TREE_LEVELS: "branch",
 * where a branch begins there, and "last", of its siblings, tell how.  Returns the
 * columns taken.
 */
size_t ms_write_tree_lines(struct ms_writer *writer, struct ms_tree_lines *lines,
			   const json_t *row, uint64_t level);
/* The tree of a site's callers, indented; whole: the weight of the site, or its estimate.
 */
void ms_write_callers(struct ms_writer *writer, const json_t *callers, uint64_t whole,
		      bool estimated, unsigned indent);
/* A new array of the limit objects with the largest member key.  NULL: no memory. */
json_t *ms_json_heaviest(const json_t *array, const char *key, size_t limit);

/*
 * What a row of a grouping (its "by") is called; lines of a stack after the first begin
 * at column indent.  No line end.
 */
void ms_write_group(struct ms_writer *writer, const char *by, const json_t *row,
		    unsigned indent);
/* The kind of the instant at object's "at", and a mark's name. */
void ms_write_at(struct ms_writer *writer, const json_t *object);
/* A line that says which blocks a report is about; nothing without a filter. */
void ms_write_filter(struct ms_writer *writer, const json_t *filter);

/* What suppressions took, by which; those of files that took nothing; what could not be
 * read.  Nothing where there is nothing. */
void ms_write_suppressed(struct ms_writer *writer, const json_t *document);
/* text_leaks.c: a process and its pointer map; a site's stack. */
void ms_write_leak_process(struct ms_writer *writer, const json_t *process);
void ms_write_leak_stack(struct ms_writer *writer, const json_t *stack);

/* Parts of reports: what was lost, and what of the log could not be used. */
void ms_write_losses(struct ms_writer *writer, const json_t *lost);
void ms_write_damage(struct ms_writer *writer, const json_t *damage);
/* A date and time in UTC: "2026-11-22 22:57:53 UTC". */
void ms_write_date(struct ms_writer *writer, uint64_t unix_ns);
/*
 * A figure of a document: "~" before an estimate, "-" where the log cannot tell it.  An
 * object names its estimates in "errors", each with its standard error.
 */
#define MS_FIGURE_BYTES (MS_HUMAN_BYTES + 1)
const char *ms_figure_size(char buffer[MS_FIGURE_BYTES], const json_t *object,
			   const char *key);
const char *ms_figure_count(char buffer[MS_FIGURE_BYTES], const json_t *object,
			    const char *key);
#define MS_ERROR_COLUMNS                                            \
	{ "errors.allocations", "", MS_TYPE_COUNT, 0, "" },         \
		{ "errors.allocated", "", MS_TYPE_BYTES, 0, "" },   \
		{ "errors.live_blocks", "", MS_TYPE_COUNT, 0, "" }, \
		{ "errors.live_bytes", "", MS_TYPE_BYTES, 0, "" },  \
		{ "errors.peak_bytes", "", MS_TYPE_BYTES, 0, "" },  \
	{                                                           \
		"errors.peak_blocks", "", MS_TYPE_COUNT, 0, ""      \
	}
bool ms_figure_known(const json_t *object, const char *key);
/* Its standard error, or NULL when it is no estimate. */
const json_t *ms_figure_error(const json_t *object, const char *key);
/* Lines that say how the process was recorded, where it was not in full; each begins with
 * a line end. */
void ms_write_mode(struct ms_writer *writer, const json_t *process);
/* ", exited", or lines that say how else the recording ended; no line end. */
void ms_write_end(struct ms_writer *writer, const json_t *process);

#endif
