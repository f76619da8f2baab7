/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay.h - a replay that keeps figures (private to snapshot).
 */
#ifndef MS_REPLAY_H
#define MS_REPLAY_H

#include "analyzer/snapshot/aggregate.h"
#include "analyzer/snapshot/snapshot.h"

/*
 * As ms_replay(), with figures in aggregate, which is new; on failure it holds anything.
 * Only with an aggregate are checkpoints kept.
 */
MS_MUST_CHECK ms_status ms_replay_figures(struct ms_replayed *out,
					  struct ms_aggregate *aggregate,
					  const struct ms_replay_options *options,
					  const struct ms_observer *observer,
					  struct ms_error *err);
#endif
