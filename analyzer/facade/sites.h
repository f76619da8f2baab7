/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sites.h - the stacks of one or more snapshots, grouped (private to the facade).
 */
#ifndef MS_FACADE_SITES_H
#define MS_FACADE_SITES_H

#include "analyzer/facade/frames.h"
#include "analyzer/facade/view.h"

struct ms_member { /* a stack of a site */
	uint32_t trace, stack;
	const struct ms_figures *f;
	uint32_t next; /* of the same site, or MS_FRAME_NONE */
};

struct ms_site {
	uint32_t frame; /* in seen */
	struct ms_figures f;
	uint32_t first; /* of its members */
	uint32_t heaviest;
};

struct ms_sites {
	struct memscope *m;
	struct ms_frames_seen seen;
	struct ms_site *items;
	size_t count, capacity;
	struct ms_member *members;
	size_t member_count, member_capacity;
	struct ms_map by_key;
};

/* by: SITE, STACK (every stack is a group), MODULE or FILE (of the site's frame). */
MS_MUST_CHECK ms_status ms_sites_init(struct ms_sites *sites,
				      const struct ms_views *views,
				      enum memscope_group by, struct ms_error *err);
void ms_sites_release(struct ms_sites *sites);

/* The figure that a sort order looks at; DEFAULT: the peak. */
uint64_t ms_figure(const struct ms_figures *figures, enum memscope_sort sort);
/* Heaviest first, each with its heaviest member; equal ones in a stable order. */
void ms_sites_sort(struct ms_sites *sites, enum memscope_sort sort);

/*
 * callers.c: who called a site, as rows of a tree merged from its stacks:
 * {"level","branch","last","weight", frame...}; with "more" instead of a frame for
 * callers that are not shown, with "beyond" where frames further out are not.  A branch
 * is the first frame after a fork, the last of its siblings when "last".  depth: frames
 * along one path.
 */
MS_MUST_CHECK ms_status ms_doc_callers(struct ms_doc *doc, json_t *object,
				       const char *key, struct ms_sites *sites,
				       const struct ms_site *site,
				       enum memscope_sort sort, unsigned depth,
				       struct ms_error *err);

#endif
