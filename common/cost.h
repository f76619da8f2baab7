/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cost.h - what recording cost, one row a figure.
 *
 * Indices are the keys of MS_RECORD_COST.  A key may only be added at the end.
 */
#ifndef MS_COST_H
#define MS_COST_H

/*      id                key name                  meaning */
#define MS_COST_KINDS(X)                                                            \
	X(TIMED_HOOKS, 0, "timed_hooks", "hooks of this thread that were timed")    \
	X(TIMED_TICKS, 1, "timed_ticks",                                            \
	  "ticks spent in them, the real function left out")                        \
	X(ROOM_TICKS, 2, "room_ticks",                                              \
	  "ticks spent looking for room in the log, all of them")                   \
	X(KNOWN_STACKS, 3, "known_stacks", "stacks found among those seen before")  \
	X(WALKED_STACKS, 4, "walked_stacks", "stacks that had to be walked")        \
	X(WALKED_FRAMES, 5, "walked_frames", "frames of them found by rules")       \
	X(VERIFIED_FRAMES, 6, "verified_frames",                                    \
	  "frames of them that were as in the walk before")                         \
	X(WINDOWS, 7, "windows", "windows of the log that this thread wrote to")    \
	X(EVENT_BYTES, 8, "event_bytes", "bytes of events written")                 \
	X(RULE_MISSES, 9, "rule_misses",                                            \
	  "process: unwind rules worked out, the cache did not have them")          \
	X(TABLE_BYTES, 10, "table_bytes",                                           \
	  "process: memory of the recorder's own tables, now")                      \
	X(LOG_BYTES, 11, "log_bytes", "process: bytes of the file extended so far") \
	X(GROWTHS, 12, "growths", "process: times that the file was extended")      \
	X(CPU_NS, 13, "cpu_ns", "process: processor time used so far, in nanoseconds")

enum ms_cost {
#define X(id, key, name, meaning) MS_COST_##id = key,
	MS_COST_KINDS(X)
#undef X
		MS_COST_COUNT
};

#define MS_COST_THREAD_COUNT (MS_COST_EVENT_BYTES + 1) /* keys of threads come first */

#endif
