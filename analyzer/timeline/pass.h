/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pass.h - what the passes over a log share (private to timeline).
 */
#ifndef MS_TIMELINE_PASS_H
#define MS_TIMELINE_PASS_H

#include "analyzer/base/keyed.h"
#include "analyzer/timeline/timeline.h"

/* Replay what pass says; what remains of the replay is the caller's.  As ms_replay(). */
MS_MUST_CHECK ms_status ms_pass_run(struct ms_replayed *out, const struct ms_pass *pass,
				    const struct ms_observer *observer,
				    struct ms_error *err);

static inline bool ms_pass_wants(const struct ms_pass *pass, const struct ms_block *block)
{
	return !pass->chosen || pass->chosen->wants(pass->chosen->context, block);
}

/* Of an event that makes a block: look up what wants() needs. */
MS_MUST_CHECK ms_status ms_pass_prepare(const struct ms_pass *pass,
					const struct ms_event *event,
					struct ms_error *err);

#endif
