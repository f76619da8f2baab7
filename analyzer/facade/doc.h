/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doc.h - composing documents without a check at every line (private to the facade).
 *
 * The first failed allocation is remembered; everything after it does nothing, and the
 * composer looks once, at the end.
 */
#ifndef MS_FACADE_DOC_H
#define MS_FACADE_DOC_H

#include "analyzer/facade/known.h"

struct ms_doc {
	json_t *root;
	bool failed;
};

void ms_doc_init(struct ms_doc *doc);
/* The document, now the caller's; NULL when something failed. */
json_t *ms_doc_take(struct ms_doc *doc);
/*
 * The document to *out where status, of composing it, is MS_OK; else *out is NULL and
 * the document is freed.  Returns status, or MS_ENOMEM where something failed.
 */
MS_MUST_CHECK ms_status ms_doc_end(struct ms_doc *doc, json_t **out, ms_status status,
				   struct ms_error *err);

/* Each puts a member into object (borrowed, may be NULL after a failure). */
void ms_doc_value(struct ms_doc *doc, json_t *object, const char *key, json_t *value);
void ms_doc_u64(struct ms_doc *doc, json_t *object, const char *key, uint64_t value);
void ms_doc_text(struct ms_doc *doc, json_t *object, const char *key, const char *text);
void ms_doc_bool(struct ms_doc *doc, json_t *object, const char *key, bool value);
void ms_doc_hex(struct ms_doc *doc, json_t *object, const char *key, uint64_t value);
/* The new member, borrowed; NULL after a failure. */
json_t *ms_doc_object(struct ms_doc *doc, json_t *object, const char *key);
json_t *ms_doc_array(struct ms_doc *doc, json_t *object, const char *key);
/* A new object at the end of array, borrowed. */
json_t *ms_doc_append(struct ms_doc *doc, json_t *array);
/* value (a new reference) at the end of array. */
void ms_doc_append_value(struct ms_doc *doc, json_t *array, json_t *value);

/* Parts that several reports share. */
void ms_doc_process(struct ms_doc *doc, json_t *object, const struct ms_trace *trace);
void ms_doc_totals(struct ms_doc *doc, json_t *object, const struct ms_known *known);
void ms_mapping_totals_add(struct ms_mapping_totals *sum,
			   const struct ms_mapping_totals *totals);
void ms_doc_mappings(struct ms_doc *doc, json_t *object,
		     const struct ms_mapping_totals *totals, bool known);
void ms_doc_figures(struct ms_doc *doc, json_t *object, const struct ms_figures *figures);
/* The pairs that the mode cull folded. */
void ms_doc_culled(struct ms_doc *doc, json_t *object, const struct ms_trace *trace);
/* Counters of common/lost.h, summed over m's traces or of one trace. */
void ms_doc_lost(struct ms_doc *doc, json_t *object, const struct ms_trace *traces,
		 size_t count);
void ms_doc_damage(struct ms_doc *doc, json_t *array, const struct ms_trace *trace);
/* A module: its path, where it was, its build-id (info.c). */
void ms_doc_module(struct ms_doc *doc, json_t *object, const struct ms_trace *trace,
		   const struct ms_module *module);
/* doc_maps.c: pointer maps; texts of enum ms_map_why and ms_map_state (NULL: it was
 * begun), and "exited", "_exit", "quick_exit" or "open". */
void ms_doc_map(struct ms_doc *doc, json_t *row, const struct ms_pointer_map *map);
void ms_doc_maps(struct ms_doc *doc, json_t *array, const struct ms_trace *trace);
const char *ms_map_why_text(unsigned why);
const char *ms_map_state_text(unsigned state);
const char *ms_end_text(const struct ms_trace *trace);
/* The threads' facts and figures; whole: of the whole recording. */
void ms_doc_threads(struct ms_doc *doc, json_t *array, const struct ms_trace *trace,
		    const struct ms_snapshot *snapshot, bool whole);
/* The threads that made chosen blocks. */
void ms_doc_tally_threads(struct ms_doc *doc, json_t *array, const struct ms_trace *trace,
			  const struct ms_tally *tally);

#endif
