/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counters.h - exact totals, kept in the log itself: what was counted survives SIGKILL.
 */
#ifndef MS_PRELOAD_COUNTERS_H
#define MS_PRELOAD_COUNTERS_H

#include "preload/recorder.h"

/*
 * Make the entries that threads share when they get none of their own.  false: there is
 * no room, and nothing can be counted.
 */
bool ms_counters_begin(void);

/* A zeroed entry of a COUNTERS window, or NULL.  Not safe from being jumped out of. */
void *ms_counters_take(enum ms_counters kind);

enum ms_counted {
	MS_COUNTED_ALLOC,
	MS_COUNTED_REALLOC,
	MS_COUNTED_FREE,
	MS_COUNTED_FAILURE
};

/* Count a call of t's; size of the first two only. */
void ms_counters_add(struct ms_thread *t, enum ms_counted what, size_t size);

#endif
