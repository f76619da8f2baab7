/* SPDX-License-Identifier: Apache-2.0 */
/*
 * walk.h - the return addresses of a stack, from a hook outwards.
 */
#ifndef MS_WALK_H
#define MS_WALK_H

#include "preload/recorder.h"

#define MS_FRAME_MODULE_SHIFT 48
#define MS_FRAME_ADDRESS      ((1ULL << 47) - 1)

struct ms_walk {
	size_t count;	 /* fresh frames in thread->frames, leaf first */
	size_t kept;	 /* outer frames that are those of thread->levels still */
	size_t taken;	 /* of the fresh ones: those that were verified, not walked */
	enum ms_cut cut; /* 0: the outermost frame was reached */
	bool repeatable; /* by rules, inside the thread's own stack: may be remembered */
};

/*
 * Walk from the caller of the hook whose frame pointer is frame: frame[0] is the caller's
 * rbp, frame[1] the return address, frame + 2 the caller's rsp.
 */
void ms_walk_stack(struct ms_walk *walk, struct ms_thread *thread,
		   const uintptr_t *frame);

/*
 * Room for one more frame of the walk, zeroed but for where; NULL when the depth asked
 * for is reached or there is no memory (walk->cut is set).
 */
struct ms_frame *ms_walk_add(struct ms_walk *walk, struct ms_thread *thread,
			     uint64_t where);

/* --- checked.c: reads that cannot fault --------------------------------------------- */

struct ms_checked { /* the last stretch that was read */
	uintptr_t start, end;
	uint8_t bytes[512];
};

/* The word at address, which may be unmapped.  A system call where the stretch is new. */
bool ms_checked_read(struct ms_checked *c, uintptr_t address, uint64_t *value);

/* --- unwind.c: any frame that has unwind information ---------------------------------
 */

/* The whole walk by complete rows and all registers: slow, for stacks with odd frames. */
void ms_unwind_stack(struct ms_walk *walk, struct ms_thread *thread,
		     const uintptr_t *frame);

#endif
