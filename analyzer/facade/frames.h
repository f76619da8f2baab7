/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frames.h - frames by what they say, not by where they lie (private to the facade).
 *
 * Two addresses on one source line, or the same function in two traces, are one frame.
 */
#ifndef MS_FACADE_FRAMES_H
#define MS_FACADE_FRAMES_H

#include "analyzer/base/map.h"
#include "analyzer/facade/doc.h"

#define MS_FRAME_NONE UINT32_MAX

struct ms_frame_entry {
	struct ms_frame frame; /* texts belong to the metadata */
	uint32_t same_hash;    /* the next entry of that hash, or MS_FRAME_NONE */
	json_t *json;	       /* made when first asked for */
};

struct ms_frames_seen {
	struct ms_frame_entry *items;
	size_t count, capacity;
	struct ms_map by_hash;	  /* to the newest entry */
	struct ms_map by_pointer; /* frames of the metadata do not move */
};

void ms_frames_init(struct ms_frames_seen *seen);
void ms_frames_release(struct ms_frames_seen *seen);

/*
 * The id of a frame, from 0: the same for frames of equal function, file, line and module
 * (and address, where the function is not known).  NULL is the frame of events without a
 * stack.  MS_FRAME_NONE: no memory.
 */
uint32_t ms_frames_id(struct ms_frames_seen *seen, const struct ms_frame *frame);
/* The same for a frame that the caller made and that may go: its texts must stay. */
uint32_t ms_frames_add(struct ms_frames_seen *seen, const struct ms_frame *frame);

/* Why a stack was cut (enum ms_cut), as text; NULL: it was not. */
const char *ms_cut_reason(unsigned cut);
/* function, file, line, module, address or cut of a frame as members of object. */
void ms_doc_frame(struct ms_doc *doc, json_t *object, const struct ms_frame *frame);

/* A walk along the frames of a stack, from the leaf. */
struct ms_walk {
	struct ms_metadata *meta;
	uint32_t node;
	const struct ms_frame *frames;
	size_t index, count;
};

void ms_walk_begin(struct ms_walk *walk, struct ms_metadata *meta, uint32_t stack);
/* The next frame outwards, NULL at the end.  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_walk_next(struct ms_walk *walk, const struct ms_frame **frame,
				     struct ms_error *err);

/*
 * A stack as an array of frames, leaf first.  Of more than depth calls (0: no limit) the
 * outermost quarter is kept too, and an object {"omitted": n} stands for those between.
 */
MS_MUST_CHECK ms_status ms_doc_stack(struct ms_doc *doc, json_t *object, const char *key,
				     struct ms_frames_seen *seen,
				     struct ms_metadata *meta, uint32_t stack,
				     unsigned depth, struct ms_error *err);

#endif
