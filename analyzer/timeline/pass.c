/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pass.c - what the passes over a log share.
 */
#include "analyzer/timeline/pass.h"

ms_status ms_pass_run(struct ms_replayed *out, const struct ms_pass *pass,
		      const struct ms_observer *observer, struct ms_error *err)
{
	struct ms_replay_options replay = { .store = pass->store,
					    .to_events = UINT64_MAX,
					    .to_ns = pass->to_ns,
					    .sample_bytes = pass->sample_bytes,
					    .progress = pass->progress };

	return ms_replay(out, &replay, observer, err);
}

ms_status ms_pass_prepare(const struct ms_pass *pass, const struct ms_event *event,
			  struct ms_error *err)
{
	const struct ms_chosen *chosen = pass->chosen;

	return chosen && chosen->prepare ? chosen->prepare(chosen->context, event, err)
					 : MS_OK;
}
