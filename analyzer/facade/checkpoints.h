/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoints.h - the checkpoints of a log, in its index (private to the facade).
 */
#ifndef MS_FACADE_CHECKPOINTS_H
#define MS_FACADE_CHECKPOINTS_H

#include "analyzer/capture/capture.h"
#include "analyzer/snapshot/snapshot.h"

struct ms_checkpoints;

/* Those that the log's index has, if any.  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_checkpoints_new(struct ms_checkpoints **out,
					   struct ms_log *log, struct ms_error *err);
void ms_checkpoints_free(struct ms_checkpoints *checkpoints);

/*
 * What a replay may begin at; NULL: there are none.
 */
const struct ms_checkpoint_source *
ms_checkpoints_source(const struct ms_checkpoints *checkpoints);
/*
 * Where a replay of the whole log is to leave its checkpoints, when the index wants some;
 * else NULL.  The replay's success is then told by ms_checkpoints_kept().
 */
struct ms_checkpoint_sink *ms_checkpoints_sink(struct ms_checkpoints *checkpoints);
void ms_checkpoints_kept(struct ms_checkpoints *checkpoints);

#endif
