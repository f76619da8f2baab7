/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.h - what the recorder tells the judge, in the build that has one.
 */
#ifndef MS_JUDGE_H
#define MS_JUDGE_H

#include "preload/recorder.h"

/* A node was made: frame as in struct ms_frame's where. */
void ms_judge_node(uint32_t id, uint64_t frame, uint32_t parent);

/* The stack of the hook at frame was found to be node. */
void ms_judge_stack(const uintptr_t *frame, uint32_t node);

#endif
