/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline.h - batches of work through stages, by a few threads (private to snapshot).
 */
#ifndef MS_PIPELINE_H
#define MS_PIPELINE_H

#include "analyzer/base/error.h"

#include <stdbool.h>

#define MS_PIPELINE_STAGES 4 /* at most */

struct ms_pipeline {
	/*
	 * A stage of the batch in place, below places.  Each stage takes batches in
	 * order and one at a time, so it may keep state of its own; a batch is in one
	 * stage at a time.  Whatever one call has written the next one sees: that of the
	 * same stage, and that of the same place.  The first stage sets *last with the
	 * last batch.
	 */
	ms_status (*stages[MS_PIPELINE_STAGES])(void *context, unsigned place, bool *last,
						struct ms_error *err);
	unsigned stage_count;
	unsigned places; /* batches that may be under way, at least 1 */
	void *context;
};

/*
 * Run all batches, on the calling thread and up to threads - 1 others that end before
 * this returns.  MS_OK, or the first failure of a stage, after which no other begins.
 */
MS_MUST_CHECK ms_status ms_pipeline_run(const struct ms_pipeline *pipeline,
					unsigned threads, struct ms_error *err);

#endif
