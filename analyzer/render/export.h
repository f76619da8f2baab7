/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export.h - the formats of other tools: a table, one row and one file each.
 */
#ifndef MS_RENDER_EXPORT_H
#define MS_RENDER_EXPORT_H

#include "analyzer/render/profile.h"
#include "analyzer/render/render.h"

/* What of a profile a format asks for, beside frames, nodes and rows. */
enum ms_export_need {
	MS_EXPORT_THREADS = 1,	/* rows by thread */
	MS_EXPORT_LEAKS = 2,	/* the metrics of leaks, where there is a pointer map */
	MS_EXPORT_POINTS = 4,	/* the heap over time, and marks */
	MS_EXPORT_METRIC = 8,	/* shows one metric: --metric chooses it */
	MS_EXPORT_LIVES = 16,	/* maxima and lifetimes of rows, by no thread */
	MS_EXPORT_MOMENTS = 32, /* what lived at some of the points */
	MS_EXPORT_ONE = 64,	/* knows one process only */
	MS_EXPORT_EVENTS = 128, /* every event, of recordings that have them all */
	MS_EXPORT_ALL = 256,	/* more than a profile: the facade has a way of its own */
	MS_EXPORT_FLAME = 512,	/* a flame graph: the facade has a way of its own */
};

struct ms_export {
	const char *name, *extension;
	const char *what;    /* one line */
	const char *readers; /* who opens it */
	bool binary;
	unsigned needs; /* bits of ms_export_need */
	/* Print all of it; does not finish the writer.  MS_OK, or MS_ENOMEM.  NULL: it
	 * needs MS_EXPORT_ALL or MS_EXPORT_FLAME. */
	ms_status (*write)(struct ms_writer *writer, const struct ms_profile *profile,
			   struct ms_error *err);
};

extern const struct ms_export ms_exports[];
extern const size_t ms_export_count;
/* The format of that name, or NULL. */
const struct ms_export *ms_export_find(const char *name);
/* The list of formats, as a document: {"formats":[{...}]}.  NULL: no memory. */
json_t *ms_export_list(void);
/* A document of it as text, JSON or CSV. */
MS_MUST_CHECK ms_status ms_render_formats(struct ms_writer *writer,
					  const json_t *document, enum ms_format format,
					  struct ms_error *err);

#endif
