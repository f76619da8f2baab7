/* SPDX-License-Identifier: Apache-2.0 */
/*
 * render.h - engine 8: bytes for people and tools.
 *
 * render knows no engine.  It prints documents (jansson values, composed by the facade)
 * and rows (base/rows.h).  What is printed as JSON is the document itself, and text and
 * CSV are made from the same document, so the three cannot disagree.
 */
#ifndef MS_RENDER_H
#define MS_RENDER_H

#include "analyzer/base/error.h"
#include "analyzer/base/rows.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ms_format { MS_FORMAT_TEXT, MS_FORMAT_JSON, MS_FORMAT_CSV };

/* How text should look. */
struct ms_look {
	unsigned width; /* columns of the terminal; 0: lines are never cut */
	bool colour;
	bool unicode; /* lines of trees may be drawn with box characters */
	bool plot;    /* a timeline is drawn as an area, not listed */
};

/* --- writer.c: where the bytes go
 * ------------------------------------------------------- */

/*
 * The first failure is kept and everything after it is dropped, so that a printer checks
 * once, with ms_writer_finish().
 */
struct ms_writer {
	int (*write)(void *context, const char *data,
		     size_t bytes); /* 0 or an errno value */
	void *context;
	struct ms_look look;
	int failure; /* an errno value */
	size_t used;
	char buffer[16384];
};

void ms_writer_init(struct ms_writer *writer,
		    int (*write)(void *context, const char *data, size_t bytes),
		    void *context, const struct ms_look *look);
void ms_write(struct ms_writer *writer, const char *data, size_t bytes);
void ms_write_text(struct ms_writer *writer, const char *text);
void ms_writef(struct ms_writer *writer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* n times c. */
void ms_write_pad(struct ms_writer *writer, char c, size_t n);
/*
 * Hostile text, escaped, cut to at most columns (0: not cut) with a mark where it was
 * cut. Returns the columns taken.
 */
size_t ms_write_escaped(struct ms_writer *writer, const char *text, size_t columns);
/* Escape sequences, when the look has colour: heads, less important text, and back. */
void ms_write_bold(struct ms_writer *writer);
void ms_write_dim(struct ms_writer *writer);
void ms_write_plain(struct ms_writer *writer);
/* Write out what is buffered.  MS_OK; MS_ESTOP when the reader is gone (EPIPE); MS_EIO.
 */
MS_MUST_CHECK ms_status ms_writer_finish(struct ms_writer *writer, struct ms_error *err);

/* --- rows
 * -------------------------------------------------------------------------------- */

/*
 * Print all rows: JSON as an array of objects, CSV with a line of names first (quoted as
 * in RFC 4180; lines end in LF), text as an aligned table.  Text holds back some hundred
 * rows to measure them and streams the rest.  Does not finish the writer.  MS_OK,
 * MS_ENOMEM, or what next() returned; a failing writer stops it early.
 */
MS_MUST_CHECK ms_status ms_render_rows(struct ms_writer *writer, struct ms_rows *rows,
				       enum ms_format format, struct ms_error *err);

/* Rows over an array of objects; a column takes the member of its name. */
struct ms_array_rows {
	struct ms_rows rows;
	const json_t *array;
	size_t index, limit;
};
/* At most limit rows (0: all). */
void ms_array_rows_init(struct ms_array_rows *rows, const json_t *array, size_t limit,
			const struct ms_column *columns, size_t column_count);

/* --- documents
 * --------------------------------------------------------------------------- */

/* A document as JSON, indented, with a newline.  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_render_json(struct ms_writer *writer, const json_t *document,
				       struct ms_error *err);
/* Every scalar of a document as a row "key,value" ("traces[0].process.pid,4711"). */
MS_MUST_CHECK ms_status ms_render_flat_csv(struct ms_writer *writer,
					   const json_t *document, struct ms_error *err);

/* One of the reports that the facade composes; format as asked. */
MS_MUST_CHECK ms_status ms_render_summary(struct ms_writer *writer,
					  const json_t *document, enum ms_format format,
					  struct ms_error *err);
MS_MUST_CHECK ms_status ms_render_info(struct ms_writer *writer, const json_t *document,
				       enum ms_format format, struct ms_error *err);
MS_MUST_CHECK ms_status ms_render_snapshot(struct ms_writer *writer,
					   const json_t *document, enum ms_format format,
					   struct ms_error *err);
MS_MUST_CHECK ms_status ms_render_top(struct ms_writer *writer, const json_t *document,
				      enum ms_format format, struct ms_error *err);

MS_MUST_CHECK ms_status ms_render_diff(struct ms_writer *writer, const json_t *document,
				       enum ms_format format, struct ms_error *err);

MS_MUST_CHECK ms_status ms_render_timeline(struct ms_writer *writer,
					   const json_t *document, enum ms_format format,
					   struct ms_error *err);
MS_MUST_CHECK ms_status ms_render_pointer(struct ms_writer *writer,
					  const json_t *document, enum ms_format format,
					  struct ms_error *err);
MS_MUST_CHECK ms_status ms_render_lifetimes(struct ms_writer *writer,
					    const json_t *document, enum ms_format format,
					    struct ms_error *err);
MS_MUST_CHECK ms_status ms_render_sizes(struct ms_writer *writer, const json_t *document,
					enum ms_format format, struct ms_error *err);
MS_MUST_CHECK ms_status ms_render_threads(struct ms_writer *writer,
					  const json_t *document, enum ms_format format,
					  struct ms_error *err);
MS_MUST_CHECK ms_status ms_render_modules(struct ms_writer *writer,
					  const json_t *document, enum ms_format format,
					  struct ms_error *err);
MS_MUST_CHECK ms_status ms_render_leaks(struct ms_writer *writer, const json_t *document,
					enum ms_format format, struct ms_error *err);
MS_MUST_CHECK ms_status ms_render_check(struct ms_writer *writer, const json_t *document,
					enum ms_format format, struct ms_error *err);
MS_MUST_CHECK ms_status ms_render_leak_changes(struct ms_writer *writer,
					       const json_t *document,
					       enum ms_format format,
					       struct ms_error *err);

/* The verdict of a gate (facade/gate.c), for people and for the tools of CI. */
MS_MUST_CHECK ms_status ms_render_gate(struct ms_writer *writer, const json_t *document,
				       enum ms_format format, struct ms_error *err);
MS_MUST_CHECK ms_status ms_render_gate_junit(struct ms_writer *writer,
					     const json_t *document,
					     enum ms_format format, struct ms_error *err);
MS_MUST_CHECK ms_status ms_render_gate_sarif(struct ms_writer *writer,
					     const json_t *document,
					     enum ms_format format, struct ms_error *err);
MS_MUST_CHECK ms_status ms_render_gate_markdown(struct ms_writer *writer,
						const json_t *document,
						enum ms_format format,
						struct ms_error *err);
MS_MUST_CHECK ms_status ms_render_gate_github(struct ms_writer *writer,
					      const json_t *document,
					      enum ms_format format,
					      struct ms_error *err);
/* A figure in its unit, "bytes", "count" or "share" (thousandths of a percent): at least
 * 32 bytes of room. */
const char *ms_amount_text(char *text, const char *unit, uint64_t value);

/* --- values of documents
 * ------------------------------------------------------------------ */

/*
 * text as a JSON string: bytes that are no UTF-8 become \xNN, everything else stays
 * (jansson escapes control characters).  NULL text is null.  NULL without memory.
 */
json_t *ms_json_text(const char *text);
/* A whole number; those above INT64_MAX, which only a forged log has, become reals. */
json_t *ms_json_number(uint64_t number);
/* The member as a number, 0 when it is absent or none. */
uint64_t ms_json_u64(const json_t *object, const char *key);
/* The member as text, NULL when it is absent or none. */
const char *ms_json_string(const json_t *object, const char *key);

#endif
