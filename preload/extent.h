/* SPDX-License-Identifier: Apache-2.0 */
/*
 * extent.h - mapped stretches of the log's file, which windows are carved from.
 */
#ifndef MS_EXTENT_H
#define MS_EXTENT_H

#include "preload/recorder.h"

/*
 * Room for a window of about *bytes, which becomes what it is (less where an extent
 * ends). NULL: recording has stopped (the reason is noted).
 */
void *ms_extent_take(size_t *bytes);

/* For those who map a stretch of the log: bus.c looks for it. */
void ms_extent_mapped(struct ms_extent *extent);

/*
 * Map room ahead for what is recorded once the file cannot be opened any more, the first
 * `touched` bytes so that not even a system call is needed.  It is sparse, and what stays
 * unused is cut off at the end.  Nothing happens when there is such room already.
 */
#define MS_RESERVE_BYTES   (64UL << 20)
#define MS_RESERVE_TOUCHED (4UL << 20)
MS_COLD void ms_extent_reserve(size_t touched);

/* Cut off what was never handed out at the end of the file. */
void ms_extent_trim(void);

#endif
