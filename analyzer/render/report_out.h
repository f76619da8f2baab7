/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_out.h - JSON as it is written, without a document between (private to render).
 *
 * Columns of numbers make up nearly all of a page's data.  Lists and texts are cut, so
 * that a hostile log's cannot fill the page.
 */
#ifndef MS_RENDER_REPORT_OUT_H
#define MS_RENDER_REPORT_OUT_H

#include "analyzer/base/map.h"
#include "analyzer/render/report.h"
#include "analyzer/render/render.h"

struct ms_out {
	struct ms_writer *writer;
	size_t items, text_bytes; /* the most of a list, and of a text */
	uint64_t cut_items;	  /* of lists, so far */
};

/* As it is. */
void ms_out(struct ms_out *out, const char *text);
void ms_out_u64(struct ms_out *out, uint64_t value);
void ms_out_i64(struct ms_out *out, int64_t value);
/* A string, with bytes that are no UTF-8 as ms_json_text() has them.  NULL: null. */
void ms_out_text(struct ms_out *out, const char *text);
/* A member that is not an object's first. */
void ms_out_key(struct ms_out *out, const char *key);
void ms_out_value(struct ms_out *out, const json_t *value); /* NULL: null */
void ms_out_document(struct ms_out *out, const char *key, const json_t *document);

/* One value of a column. */
typedef void ms_out_fn(struct ms_out *out, const void *context, size_t i);
/* A member that is an array of count values; before: "{" or ",". */
void ms_out_column(struct ms_out *out, const char *before, const char *key,
		   ms_out_fn *put_one, const void *context, size_t count);
/* A member that is null. */
void ms_out_nothing(struct ms_out *out, const char *before, const char *key);

/* --- report_frames.c: texts, frames and nodes
 * ---------------------------------------------- */

struct ms_out_frames {
	const struct ms_profile *profile;
	uint32_t *number; /* of each frame of the profile: its number in the page + 1 */
	uint32_t *frames; /* of the profile, by their number in the page */
	size_t count;
	/* Texts, each once. */
	const char **texts;
	uint32_t *same_hash; /* the one before, + 1; 0: none */
	struct ms_map by_hash;
	size_t text_count, text_capacity, hash_capacity;
	bool failed; /* no memory */
};

/* Those that the nodes and sites of stacks have.  MS_OK, or MS_ENOMEM; release it in each
 * case. */
MS_MUST_CHECK ms_status ms_out_frames_init(struct ms_out_frames *frames,
					   const struct ms_profile *profile,
					   const struct ms_fold *stacks,
					   struct ms_error *err);
void ms_out_frames_release(struct ms_out_frames *frames);
/* "frames", "nodes" and "strings".  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_out_tree(struct ms_out *out, struct ms_out_frames *frames,
				    const struct ms_fold *stacks, struct ms_error *err);

#endif
