/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile.h - what exports are made of: frames, a call tree, and figures at its nodes.
 *
 * The facade fills a struct ms_profile, a format of export.h prints it.  render knows no
 * engine: these are plain tables, and their texts are hostile (as the log has them).
 */
#ifndef MS_RENDER_PROFILE_H
#define MS_RENDER_PROFILE_H

#include "analyzer/base/error.h"
#include "analyzer/base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MS_PROFILE_NONE UINT32_MAX /* no frame, no thread, no module */

enum ms_metric { /* at an instant; of the blocks that a filter lets through */
		 MS_METRIC_LIVE_BYTES,
		 MS_METRIC_LIVE_BLOCKS,
		 MS_METRIC_PEAK_BYTES, /* live at the peak of the process */
		 MS_METRIC_PEAK_BLOCKS,
		 MS_METRIC_ALLOCATED, /* bytes of all blocks made */
		 MS_METRIC_ALLOCATIONS,
		 MS_METRIC_TEMPORARY,	 /* freed before the thread made another */
		 MS_METRIC_LEAKED_BYTES, /* definitely and indirectly, by the last map */
		 MS_METRIC_LEAKED_BLOCKS,
		 MS_METRICS
};

struct ms_metric_info {
	const char *name; /* of --metric */
	const char *key;  /* as in JSON of the reports */
	const char *title;
	bool bytes;
};
extern const struct ms_metric_info ms_metrics[MS_METRICS];
/* All of them as lists show them: the peak first. */
extern const enum ms_metric ms_metric_order[MS_METRICS];
/* The metric of that name, or -1. */
int ms_metric_find(const char *name);

struct ms_profile_module {
	const char *path;
	const uint8_t *build_id;
	size_t build_id_bytes;	   /* 0: it has none, or is not known */
	uint64_t start, end, base; /* mapped at [start, end); 0 when not known */
};

struct ms_profile_frame {
	const char *function, *file; /* NULL: not known */
	uint64_t address;	     /* of one of its places: where a call returns to, in
					the module, absolute when there is none */
	uint32_t module;	     /* index, or MS_PROFILE_NONE */
	uint32_t line;		     /* 0: not known */
	bool inlined;		     /* into the frame of the parent node */
	const char *cut; /* why the stack ends here unseen (no frame); NULL: it does not
			  */
};

struct ms_profile_node { /* node 0 is the root, which has no frame */
	uint32_t parent; /* smaller than the node's own index */
	uint32_t frame;
};

struct ms_profile_thread {
	uint32_t process;
	uint64_t tid;		   /* the kernel's; 0: not known */
	const char *name;	   /* "": none */
	uint64_t begin_ns, end_ns; /* end: UINT64_MAX while it was there */
};

/* What one stack made.  Several rows may have one node. */
struct ms_profile_row {
	uint32_t node, process;
	uint32_t thread; /* MS_PROFILE_NONE: of several, or not told apart */
	uint64_t value[MS_METRICS];
	/* When asked for: the most bytes that lived at once and how many blocks these
	 * were, and the lifetimes of all its blocks together. */
	uint64_t max_bytes, max_blocks, lifetime_ns;
};

struct ms_profile_point { /* the heap at an instant */
	uint64_t at_ns, live_bytes, live_blocks;
	uint64_t peak_bytes, peak_at_ns; /* the most since the point before */
	uint64_t allocations, frees;	 /* calls since the point before */
	uint64_t resident_bytes;
	bool has_resident;
};

struct ms_profile_live {
	uint64_t bytes;
	uint32_t node;
};

struct ms_profile_moment { /* what lived at a point */
	size_t point;
	struct ms_profile_live *items; /* those with any */
	size_t count;
};

struct ms_profile_mark {
	uint64_t at_ns;
	uint32_t thread; /* index, or MS_PROFILE_NONE */
	const char *name;
};

struct ms_profile_process {
	uint64_t pid, parent_pid, start_unix_ns;
	uint64_t at_ns;	      /* the instant of live figures */
	uint64_t duration_ns; /* of the recording */
	uint64_t peak_at_ns;  /* the instant of peak figures */
	uint32_t page_bytes;
	const char *path, *command, *exe; /* exe: NULL when not known */
	uint32_t first_thread, thread_count;
	struct ms_profile_point *points; /* when asked for */
	size_t point_count;
	struct ms_profile_moment *moments; /* when asked for: the last point first */
	size_t moment_count;
	struct ms_profile_mark *marks; /* when points are asked for */
	size_t mark_count;
};

struct ms_profile_event { /* a block begins, or ends */
	uint64_t at_ns, size;
	uint64_t block; /* tells it from all others that live */
	uint32_t node;
	uint32_t thread; /* that made it: the log's number */
	bool begins;
	bool temporary; /* it ends, before its thread made another */
	bool peak; /* it begins, and the blocks that count take the most bytes then */
};
/* No event follows one for which it was not MS_OK. */
typedef ms_status ms_profile_visit(void *context, const struct ms_profile_event *event,
				   struct ms_error *err);

struct ms_profile {
	struct ms_profile_module *modules;
	size_t module_count;
	struct ms_profile_frame *frames;
	size_t frame_count;
	struct ms_profile_node *nodes;
	size_t node_count;
	struct ms_profile_row *rows;
	size_t row_count;
	struct ms_profile_thread *threads;
	size_t thread_count;
	struct ms_profile_process *processes;
	size_t process_count;
	unsigned absent;       /* bits of ms_metric: the recordings cannot tell them */
	unsigned estimated;    /* bits of those that are estimates */
	enum ms_metric metric; /* the one that was asked for */
	/* When asked for: every block that counts, in order, at a price.  MS_OK,
	 * MS_ENOMEM or what visit returned. */
	ms_status (*replay)(const struct ms_profile *profile, ms_profile_visit *visit,
			    void *context, struct ms_error *err);
	void *replayed; /* replay's own */
};

/* The sum of a metric over all rows. */
uint64_t ms_profile_total(const struct ms_profile *profile, enum ms_metric metric);
/*
 * Of each node, what its rows have of a metric and, unless self_only, what the nodes
 * below it have.  node_count values, for ms_free(); NULL: no memory.
 */
uint64_t *ms_profile_sums(const struct ms_profile *profile, enum ms_metric metric,
			  bool self_only);
/* The nodes from below the root to a node, in room that grows. */
struct ms_node_path {
	uint32_t *nodes;
	size_t count, capacity;
};
/* 0, or -1 without memory. */
int ms_profile_path(struct ms_node_path *path, const struct ms_profile *profile,
		    uint32_t node);
/* Room for that many; 0, or -1 without memory. */
int ms_node_path_reserve(struct ms_node_path *path, size_t count);
void ms_node_path_release(struct ms_node_path *path);
/*
 * What a frame is called: its function; else its address and the name of its module's
 * file; "(no stack)" or why it was cut.  As it is, not escaped.
 */
void ms_profile_name(struct ms_strbuf *text, const struct ms_profile *profile,
		     uint32_t frame);
/* The path of a frame's module, or NULL. */
const char *ms_profile_module_path(const struct ms_profile *profile,
				   const struct ms_profile_frame *frame);

#endif
