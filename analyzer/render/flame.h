/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flame.h - a call tree by function and module, as flame graphs show it (private to the
 * facade and render): one figure, or the same figure before and after.
 */
#ifndef MS_RENDER_FLAME_H
#define MS_RENDER_FLAME_H

#include "analyzer/render/profile.h"
#include "analyzer/render/render.h"

struct ms_flame_frame {
	const char *name;   /* as ms_profile_name() has it: hostile */
	const char *module; /* the name of its file; "": not known */
};

struct ms_flame_node { /* node 0 is the root, which has no frame */
	uint32_t parent, frame;
	uint32_t first, next;	    /* child and sibling; 0: none */
	uint32_t depth;		    /* of the root 0 */
	uint64_t value, before;	    /* with all that is below it */
	uint64_t self, self_before; /* of stacks that end here */
};

struct ms_flame {
	struct ms_flame_frame *frames;
	size_t frame_count;
	struct ms_flame_node *nodes;
	size_t node_count;
	uint32_t levels; /* the deepest node's */
	bool cut;	 /* stacks go on beyond MS_FLAME_LEVELS */
	bool compared;	 /* there is a side before */
	bool inverted;	 /* the functions that allocate come first */
	enum ms_metric metric;
	bool estimated;
	struct ms_flame_build *build; /* texts and maps */
};

/* An inverted tree shares nothing between stacks: so many levels of it are kept. */
#define MS_FLAME_LEVELS 512

/* Rows of one process, or of all (MS_PROFILE_NONE). */
struct ms_flame_side {
	const struct ms_profile *profile; /* NULL: there is no such side */
	uint32_t process;
};

struct ms_flame_ask {
	struct ms_flame_side after, before;
	enum ms_metric metric;
	bool inverted;
	bool by_name; /* children in order of their names; else the heaviest first */
};

/* MS_OK or MS_ENOMEM; release it in each case.  The profiles may go before it. */
MS_MUST_CHECK ms_status ms_flame_init(struct ms_flame *flame,
				      const struct ms_flame_ask *ask,
				      struct ms_error *err);
void ms_flame_release(struct ms_flame *flame);

/* --- svg.c ---------------------------------------------------------------------------
 */

struct ms_svg {
	const char *title;  /* hostile */
	const char *detail; /* of when, and which blocks; after the metric's title */
	unsigned width;	    /* in pixels */
};
/* At least so wide, and at most. */
#define MS_SVG_LEAST 300
#define MS_SVG_MOST  20000

/* The graph as one SVG with its script; does not finish the writer.  MS_OK or MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_render_svg(struct ms_writer *writer,
				      const struct ms_flame *flame,
				      const struct ms_svg *svg, struct ms_error *err);

/* --- text_flame.c: the same tree as a document ----------------------------------------
 */

MS_MUST_CHECK ms_status ms_render_flame(struct ms_writer *writer, const json_t *document,
					enum ms_format format, struct ms_error *err);

#endif
