/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.h - the return addresses of a stack, from a hook outwards.
 */
#ifndef MS_WALK_H
#define MS_WALK_H

#include "preload/recorder.h"

/*
 * One frame of a walk: module id << 48 | MS_WHERE_EXACT where the frame was interrupted,
 * not left by a call | address.
 */
#define MS_FRAME_MODULE_SHIFT 48
#define MS_FRAME_ADDRESS      ((1ULL << 47) - 1)

struct ms_walk {
	size_t count;	 /* frames in thread->frames, leaf first */
	enum ms_cut cut; /* 0: the outermost frame was reached */
};

/*
 * Walk from the caller of the hook whose frame pointer is frame: frame[0] is the caller's
 * rbp, frame[1] the return address, frame + 2 the caller's rsp.
 */
void ms_walk_stack(struct ms_walk *walk, struct ms_thread *thread,
		   const uintptr_t *frame);

/* Append one frame to thread->frames; false when there is no room (walk->cut is set). */
bool ms_walk_add(struct ms_walk *walk, struct ms_thread *thread, uint64_t frame);

/* --- checked.c: reads that cannot fault
 * --------------------------------------------------- */

struct ms_checked { /* the last stretch that was read */
	uintptr_t start, end;
	uint8_t bytes[512];
};

/* The word at address, which may be unmapped.  A system call where the stretch is new. */
bool ms_checked_read(struct ms_checked *c, uintptr_t address, uint64_t *value);

/* --- unwind.c: any frame that has unwind information
 * -------------------------------------- */

/* The whole walk by complete rows and all registers: slow, for stacks with odd frames. */
void ms_unwind_stack(struct ms_walk *walk, struct ms_thread *thread,
		     const uintptr_t *frame);

#endif
