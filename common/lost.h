/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lost.h - counters of what was not recorded, one row each.
 *
 * Indices are part of the log (struct ms_wire_status), names are the keys of "lost" in
 * JSON.  A counter may only be added at the end.
 */
#ifndef MS_LOST_H
#define MS_LOST_H

/*      id                index name                     meaning */
#define MS_LOST_KINDS(X)                                                                 \
	X(PAUSED_ALLOCS, 0, "paused_allocations",                                        \
	  "allocations made while recording was paused")                                 \
	X(PAUSED_BYTES, 1, "paused_bytes", "bytes requested by them")                    \
	X(PAUSED_FREES, 2, "paused_frees", "frees made while recording was paused")      \
	X(STOPPED_ALLOCS, 3, "stopped_allocations",                                      \
	  "allocations after recording had to stop (size limit, disk full)")             \
	X(STOPPED_BYTES, 4, "stopped_bytes", "bytes requested by them")                  \
	X(STOPPED_FREES, 5, "stopped_frees", "frees after recording had to stop")        \
	X(NESTED_EVENTS, 6, "nested_events",                                             \
	  "events of signal handlers that interrupted a handler inside a hook")          \
	X(THREADLESS_EVENTS, 7, "threadless_events",                                     \
	  "events of threads without a recorder state")                                  \
	X(BOOT_EVENTS, 8, "boot_events",                                                 \
	  "calls served by the boot arena before the real allocator was known")          \
	X(CUT_STACKS, 9, "cut_stacks", "stacks that end before the outermost frame")     \
	X(NO_STACKS, 10, "missing_stacks", "events without a stack for want of room")    \
	X(CLOCK_BACKWARD, 11, "clock_backward", "times the clock went back on a thread") \
	X(MODULES, 12, "modules", "modules that could not be described")                 \
	X(META_RECORDS, 13, "records", "descriptive records without room in the log")    \
	X(ABANDONED_HOOKS, 14, "abandoned_hooks",                                        \
	  "hooks left by longjmp out of a signal handler; their event may be missing")   \
	X(PAUSED_MAPPINGS, 15, "paused_mappings",                                        \
	  "calls of mmap and its relatives while recording was paused")                  \
	X(STOPPED_MAPPINGS, 16, "stopped_mappings",                                      \
	  "calls of mmap and its relatives after recording had to stop")                 \
	X(UNFOLLOWED, 17, "unfollowed_samples",                                          \
	  "sampled blocks left out: their end could not have been noticed")

enum ms_lost {
#define X(id, index, name, meaning) MS_LOST_##id = index,
	MS_LOST_KINDS(X)
#undef X
		MS_LOST_COUNT
};

#endif
