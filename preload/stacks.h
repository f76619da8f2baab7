/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stacks.h - stacks as nodes of a trie, each written to the log once.
 */
#ifndef MS_STACKS_H
#define MS_STACKS_H

#include "preload/judge.h"
#include "preload/memo.h"
#include "preload/modules.h"

/* The long way: by walking. */
MS_COLD uint32_t ms_stack_walk(struct ms_thread *thread, const uintptr_t *frame);

/*
 * The node of the stack whose hook has the frame pointer frame; 0: none (switched off, or
 * no memory).  Only full stacks are ever in the memo, so nothing else is asked for here.
 */
static inline uint32_t ms_stack_take(struct ms_thread *t, const uintptr_t *frame)
{
	uint32_t node = 0;

	if (MS_LIKELY(ms_modules_generation() == t->generation))
		node = ms_memo_find(&t->memo, frame);
	if (MS_UNLIKELY(!node))
		node = ms_stack_walk(t, frame);
	ms_judge_stack(frame, node);
	return node;
}

#endif
