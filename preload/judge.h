/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.h - where a build for tests (tests/judge) looks over the recorder's shoulder.
 */
#ifndef MS_JUDGE_H
#define MS_JUDGE_H

#include <stdint.h>

#ifdef MS_JUDGE
/* A node was made; frame as in struct ms_frame's where. */
void ms_judge_node(uint32_t id, uint64_t frame, uint32_t parent);
/* The stack of the hook with this frame pointer was found to be node. */
void ms_judge_stack(const uintptr_t *frame, uint32_t node);
#else
#define ms_judge_node(id, frame, parent) ((void)0)
#define ms_judge_stack(frame, node)	 ((void)0)
#endif

#endif
