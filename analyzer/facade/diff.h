/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff.h - what is live before and after, by group (private to the facade).
 */
#ifndef MS_FACADE_DIFF_H
#define MS_FACADE_DIFF_H

#include "analyzer/facade/normal.h"
#include "analyzer/facade/view.h"

enum ms_diff_class {
	MS_DIFF_NEW,	/* nothing was live before */
	MS_DIFF_GONE,	/* nothing is live after */
	MS_DIFF_GROWN,	/* more bytes are live, or as many in more blocks */
	MS_DIFF_SHRUNK, /* the contrary */
	MS_DIFF_SAME,
	MS_DIFF_CLASSES
};
extern const char *const ms_diff_class_names[MS_DIFF_CLASSES];

struct ms_diff_row {
	uint64_t key;
	uint32_t frame;	       /* in normal.seen: what the group is called */
	uint32_t trace, stack; /* of its largest stack, after if there is one */
	uint64_t weight;       /* of that stack */
	bool is_after;	       /* it is of the instant after */
	struct ms_figures before, after;
	enum ms_diff_class class;
};

struct ms_diff {
	struct memscope *m;
	struct memscope_diff_options options;
	struct ms_views first, second; /* instants; of two traces second only */
	struct ms_normal normal;
	struct ms_diff_row *rows; /* the largest change first */
	size_t count, capacity;
	struct ms_map by_key;
	/* Of all rows. */
	struct ms_figures before, after;
	size_t in_class[MS_DIFF_CLASSES];
};

/*
 * options as memscope_diff() takes them.  Rows without a block on either side are left
 * out; those that are the same are there.  MS_OK, or nothing to release.
 */
MS_MUST_CHECK ms_status ms_diff_init(struct ms_diff *diff, struct memscope *m,
				     const struct memscope_diff_options *options,
				     struct ms_error *err);
void ms_diff_release(struct ms_diff *diff);

/* after - before of live bytes or blocks, as an int64_t. */
static inline int64_t ms_diff_bytes(const struct ms_diff_row *row)
{
	return (int64_t)(row->after.live_bytes - row->before.live_bytes);
}
static inline int64_t ms_diff_blocks(const struct ms_diff_row *row)
{
	return (int64_t)(row->after.live_blocks - row->before.live_blocks);
}

#endif
