/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cull.h - the mode cull: a block that its thread frees soon becomes a few counts.
 *
 * A block waits in a ring of its thread until it is old enough to be worth an event.  The
 * ring lies in the log, so that nothing is lost when the process ends, however it does.
 */
#ifndef MS_CULL_H
#define MS_CULL_H

#include "common/event.h"
#include "preload/recorder.h"

/* Now and then: how long the limit is in ticks. */
void ms_cull_tune(void);

void ms_cull_made(struct ms_thread *t, const uintptr_t *frame, enum ms_event_kind kind,
		  const void *p, size_t size, unsigned align_log2);
void ms_cull_ends(struct ms_thread *t, const uintptr_t *frame, enum ms_event_kind kind,
		  const void *p);

/* The stream that events which waited go to; NULL: none. */
const struct ms_thread *ms_cull_stream(const struct ms_thread *t);

/* The thread is ending: all that waits is written. */
void ms_cull_flush(struct ms_thread *t);

#endif
