/* SPDX-License-Identifier: Apache-2.0 */
/*
 * normal.h - frames and stacks that mean the same in two traces (private to the facade).
 *
 * A program's next run has other addresses, its next build other lines, and a build
 * elsewhere other directories; its functions and the names of its files stay.
 */
#ifndef MS_FACADE_NORMAL_H
#define MS_FACADE_NORMAL_H

#include "analyzer/base/arena.h"
#include "analyzer/base/strbuf.h"
#include "analyzer/facade/frames.h"

#define MS_NORMAL_NONE UINT32_MAX

struct ms_normal {
	struct memscope *m;
	bool across; /* traces: else only what the frames say is alike */
	bool lines;
	struct ms_frames_seen seen;
	struct ms_arena texts;
	struct ms_map by_pointer; /* a frame of the metadata to its id, from 1 */
	struct ms_map by_module;  /* a module's path, by pointer, to 1 alike, 2 not */
	struct ms_map by_node;	  /* trace << 32 | node to its chain, from 1 */
	struct ms_map chains;	  /* outer chain << 32 | frame to a chain, from 1 */
	uint32_t *path;
	size_t path_capacity;
};

/*
 * across: two traces of m are compared; lines: their lines count too.  Else all is as the
 * traces have it.  Release it in each case.
 */
void ms_normal_init(struct ms_normal *normal, struct memscope *m, bool across,
		    bool lines);
void ms_normal_release(struct ms_normal *normal);

/* The id in normal->seen of a frame (NULL: no stack); MS_FRAME_NONE: no memory. */
uint32_t ms_normal_frame(struct ms_normal *normal, const struct ms_frame *frame);
/* The id of a frame that has only a name, such as a thread. */
uint32_t ms_normal_name(struct ms_normal *normal, const char *name);
/*
 * A stack as a number: equal for stacks of equal frames.  0 is the empty one.  MS_OK or
 * MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_normal_stack(struct ms_normal *normal, uint32_t trace,
					uint32_t stack, uint32_t *chain,
					struct ms_error *err);

/*
 * Append a frame (NULL: no stack) as a text of its own, the same in each run and build:
 * "function file.c", "function [module]", "[module]"; control characters are escaped.
 */
void ms_normal_text(struct ms_strbuf *text, const struct ms_frame *frame);

#endif
