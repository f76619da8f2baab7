/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stacks.h - stacks as nodes of a trie, each written to the log once.
 */
#ifndef MS_STACKS_H
#define MS_STACKS_H

#include "preload/recorder.h"

/*
 * The node of the stack whose hook has the frame pointer frame; 0: none (switched off, or
 * no memory).  A thread keeps its last stack, so a part that did not change costs a
 * comparison.
 */
uint32_t ms_stack_take(struct ms_thread *thread, const uintptr_t *frame);

#endif
