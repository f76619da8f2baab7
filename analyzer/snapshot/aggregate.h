/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aggregate.h - figures per stack, per thread and per size class (private to snapshot).
 */
#ifndef MS_AGGREGATE_H
#define MS_AGGREGATE_H

#include "analyzer/base/map.h"
#include "analyzer/snapshot/snapshot.h"

/* What a group needs beside its figures. */
struct ms_group_state {
	uint64_t peak_serial; /* the peak that peak_bytes was last brought up to */
	uint64_t newest;      /* threads: address of the block made last */
	uint64_t newest_ns;
};

struct ms_aggregate {
	struct ms_stack_figures *stacks;
	struct ms_thread_figures *threads;
	struct ms_figures classes[MS_SIZE_CLASSES];
	struct ms_group_state *stack_states;
	struct ms_group_state *thread_states;
	struct ms_group_state class_states[MS_SIZE_CLASSES];
	size_t stack_capacity, stack_state_capacity;
	size_t thread_capacity, thread_state_capacity;
	struct ms_map stack_index, thread_index;
	uint64_t peak_serial; /* how often current_memory has risen above all before */
	uint64_t peak_memory;
	uint64_t sample_bytes; /* as struct ms_instant_at has it */
};

void ms_aggregate_init(struct ms_aggregate *aggregate);
void ms_aggregate_release(struct ms_aggregate *aggregate);
/* Make room for what the event may begin.  0, or -1 without memory. */
int ms_aggregate_reserve(struct ms_aggregate *aggregate, const struct ms_event *event);
/* A struct ms_observer's block function; context is the aggregate. */
void ms_aggregate_block(void *context, enum ms_change change,
			const struct ms_block *block, const struct ms_event *event,
			const struct ms_totals *totals);
/* The figures of a stack, made if need be; NULL without memory. */
struct ms_figures *ms_aggregate_stack(struct ms_aggregate *aggregate, uint32_t stack);
/* Bring every group's peak figures up to the process's peak. */
void ms_aggregate_finish(struct ms_aggregate *aggregate);

/* 0 for 0, else the number of bits of size: class c holds [2^(c-1), 2^c). */
static inline unsigned ms_size_class(uint64_t size)
{
	return size ? 64 - (unsigned)__builtin_clzll(size) : 0;
}

#endif
