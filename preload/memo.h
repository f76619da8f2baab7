/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memo.h - stacks that a thread has seen, found again without walking.
 *
 * A walk depends only on (pc, sp, rbp) and on the stack words that it read.  So a stack
 * that was walked once is kept as the list of those words and what they held; when the
 * first frames lead to a key that is known and all words are as they were, it is the same
 * stack, exactly, and no load had to wait for another.
 */
#ifndef MS_MEMO_H
#define MS_MEMO_H

#include "preload/walk.h"

/*
 * The node of the stack at frame, or 0.  *key: what to remember it by when it is walked
 * now; 0: this stack cannot be remembered.  The thread's own stack only.
 */
uint32_t ms_memo_find(struct ms_thread *thread, const uintptr_t *frame, uint64_t *key);

/*
 * Remember the stack of the walk that was just interned: thread->levels, count of them,
 * are all of it.  Nothing happens when there is no memory or a frame lies too far out.
 */
MS_COLD void ms_memo_put(struct ms_thread *thread, const uintptr_t *frame, uint64_t key,
			 uint32_t node);

/* The code has changed, or the state goes to another thread. */
void ms_memo_forget(struct ms_memo *memo);

#endif
