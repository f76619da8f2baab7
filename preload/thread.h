/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thread.h - a thread's part of the recording: its state, its window, its name and end.
 */
#ifndef MS_THREAD_H
#define MS_THREAD_H

#include "preload/recorder.h"

/* Once, when threads may have keys: how the end of a thread is learnt. */
void ms_threads_init(void);

/* The state of the calling thread, made if need be; NULL: it has none, or has none any
 * more. */
struct ms_thread *ms_thread_state(void);

/* The stream for a signal handler that interrupted a hook of t; NULL: one is in use
 * already. */
struct ms_thread *ms_thread_nested(struct ms_thread *t);

/*
 * Room for one more event in t's window: a new one when it is full.  false: there is
 * none. Gives the window's owner record where the window was another thread's before.
 */
MS_COLD bool ms_thread_room(struct ms_thread *t);

/* The same for a stream whose next event is of that time. */
MS_COLD bool ms_thread_room_at(struct ms_thread *t, uint64_t ticks);

/* A second stream of t's, for events that come late; NULL: no memory. */
struct ms_thread *ms_thread_delayed(struct ms_thread *t);

/* A state is used no longer: its window and its memory go to the next. */
void ms_thread_give(struct ms_thread *t);

/* A timed hook is left, or ten milliseconds went by: name, sample, calibration. */
MS_COLD void ms_thread_tick(struct ms_thread *t, uint64_t ticks);

/* The exit handlers have run on this thread: seal its windows and those that nobody owns.
 */
void ms_threads_end(void);

/* A state for one event of an ending thread; NULL: it is not ending, or there is no
 * memory. */
struct ms_thread *ms_thread_late(void);
void ms_thread_late_done(struct ms_thread *t);

/* A forked child's one thread: a state anew in the place of the old. */
void ms_thread_forked(void);

#endif
