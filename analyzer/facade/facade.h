/* SPDX-License-Identifier: Apache-2.0 */
/*
 * facade.h - what is behind struct memscope: the engines, introduced to each other.
 */
#ifndef MS_FACADE_H
#define MS_FACADE_H

#include "analyzer/base/progress.h"
#include "analyzer/capture/capture.h"
#include "analyzer/event_store/event_store.h"
#include "analyzer/facade/names.h"
#include "analyzer/metadata/metadata.h"
#include "analyzer/render/render.h"
#include "analyzer/snapshot/snapshot.h"

#include <memscope/capture.h>
#include <memscope/event_store.h>
#include <memscope/snapshot.h>
#include <memscope/timeline.h>

struct ms_trace {
	char *path;
	struct ms_store *store;
	struct ms_metadata *meta;
	struct ms_log *log;
	uint64_t duration_ns;
	struct ms_checkpoints *checkpoints;
	unsigned threads; /* that may work on it; 0: one a processor */
};

struct ms_trace_leaks;
struct memscope {
	struct ms_trace *traces;
	size_t count;
	struct ms_names names;
	/* Of each trace's last pointer map, while a report has read them; or NULL. */
	const struct ms_trace_leaks *lost;
	void (*progress)(void *context, const char *what, uint64_t done, uint64_t total);
	void *progress_context;
	const char *doing;	 /* what is told to progress */
	struct ms_progress tell; /* forwards to it */
	char line[1024];	 /* of memscope_damage() */
};

/* The public error and status are the engines' own, by another name. */
_Static_assert(sizeof(struct ms_error) == sizeof(struct memscope_error), "one error");
_Static_assert((int)MEMSCOPE_STOPPED == (int)MS_ESTOP, "one status");
static inline struct ms_error *ms_own_error(struct memscope_error *err)
{
	return (struct ms_error *)(void *)err;
}

/*
 * Open another trace for what m finds names by; m outlives it.  MS_OK, or what
 * memscope_open() fails with and nothing to close.
 */
MS_MUST_CHECK ms_status ms_facade_open_beside(struct memscope *beside,
					      const struct memscope *m, const char *path,
					      struct ms_error *err);
void ms_facade_close_beside(struct memscope *beside);

/* A shorter log is read as fast as its index would be. */
#define MS_FACADE_INDEX_LEAST (16u << 20)

/* The engines' progress, named; NULL when nobody listens. */
const struct ms_progress *ms_facade_progress(struct memscope *m, const char *doing);

/*
 * A snapshot of one trace, at an instant, with the figures that the events give: begun
 * at a checkpoint, or leaving some.  MS_OK or MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_facade_snapshot(struct ms_snapshot **out,
					   const struct ms_trace *trace,
					   enum ms_instant instant, uint64_t at_ns,
					   const struct ms_progress *progress,
					   struct ms_error *err);

/* One snapshot a trace: out has room for m->count, all NULL on failure. */
MS_MUST_CHECK ms_status ms_facade_snapshots(struct memscope *m,
					    const struct memscope_time *at,
					    struct ms_snapshot **out,
					    struct ms_error *err);
void ms_facade_snapshots_free(struct memscope *m, struct ms_snapshot **snapshots);

/*
 * The point in nanoseconds of one trace, UINT64_MAX for its end.  MS_OK, MS_ENOMEM, or
 * MS_EUSAGE where it is no point or the trace has no mark of that name.
 */
MS_MUST_CHECK ms_status ms_facade_time_ns(struct memscope *m,
					  const struct ms_trace *trace,
					  const struct memscope_time *at, uint64_t *ns,
					  struct ms_error *err);

/*
 * Print document by render to output and free it.  NULL document: out of memory.
 */
typedef ms_status ms_render_fn(struct ms_writer *writer, const json_t *document,
			       enum ms_format format, struct ms_error *err);
MS_MUST_CHECK ms_status ms_facade_print(json_t *document, ms_render_fn *render,
					const struct memscope_output *output,
					struct ms_error *err);
/* A writer to output.  Allocated: its buffer is large.  NULL: no memory. */
struct ms_writer *ms_facade_writer(const struct memscope_output *output);

#endif
