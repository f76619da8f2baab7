/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aggregate.h - figures per stack, per thread and per size class (private to snapshot).
 */
#ifndef MS_AGGREGATE_H
#define MS_AGGREGATE_H

#include "analyzer/base/dense.h"
#include "analyzer/snapshot/snapshot.h"
#include "analyzer/snapshot/weight.h"

/*
 * A group's figures while events come: one cache line.  What is live is what was made
 * less what was ended.
 */
struct ms_group {
	uint64_t allocations, allocated;
	uint64_t frees, freed;
	uint64_t peak_blocks, peak_bytes;
	uint64_t peak_serial; /* the peak that these were last brought up to */
	uint64_t temporary;
};

/* Of a log of samples, beside each group. */
struct ms_group_variance {
	double made_blocks, made_bytes;
	double live_blocks, live_bytes;
	double peak_blocks, peak_bytes;
};

struct ms_groups {
	struct ms_group *items;
	uint32_t *ids;
	struct ms_group_variance *variances; /* NULL: not of samples */
	struct ms_newest *newest;	     /* of threads */
	size_t count, capacity, id_capacity, variance_capacity, newest_capacity;
	struct ms_dense rows;
};

struct ms_aggregate {
	struct ms_groups stacks, threads;
	struct ms_group classes[MS_SIZE_CLASSES];
	struct ms_group_variance class_variances[MS_SIZE_CLASSES];
	uint64_t peak_serial; /* how often current_memory has risen above all before */
	uint64_t peak_memory;
	uint64_t sample_bytes; /* as struct ms_instant_at has it */
};

/* sample_bytes: see struct ms_instant_at. */
void ms_aggregate_init(struct ms_aggregate *aggregate, uint64_t sample_bytes);
void ms_aggregate_release(struct ms_aggregate *aggregate);
/* The row of an id, made if need be.  0, or -1 without memory. */
int ms_aggregate_stack(struct ms_aggregate *aggregate, uint32_t stack, uint32_t *row);
int ms_aggregate_thread(struct ms_aggregate *aggregate, uint32_t thread, uint32_t *row);

/* Make room for what the event may begin.  0, or -1 without memory. */
static inline int ms_aggregate_reserve(struct ms_aggregate *a,
				       const struct ms_event *event)
{
	uint32_t row;

	if (!event->address ||
	    (event->class != MS_CLASS_ALLOC && event->class != MS_CLASS_REALLOC_END))
		return 0;
	if (!ms_dense_find(&a->stacks.rows, event->stack, &row) &&
	    ms_aggregate_stack(a, event->stack, &row) < 0)
		return -1;
	return ms_dense_find(&a->threads.rows, event->thread, &row)
		       ? 0
		       : ms_aggregate_thread(a, event->thread, &row);
}

/*
 * A block has begun, or was ended by event, and stands for w.  peak_memory is the
 * process's, this change included.
 */
void ms_aggregate_change(struct ms_aggregate *aggregate, enum ms_change change,
			 const struct ms_block *block, const struct ms_event *event,
			 const struct ms_weight *w, uint64_t peak_memory);
/* Bring every group's peak figures up to the process's peak. */
void ms_aggregate_settle(struct ms_aggregate *aggregate);
/* The figures of a group of a settled aggregate, as they are reported. */
struct ms_figures ms_aggregate_figures(const struct ms_aggregate *aggregate,
				       const struct ms_group *group,
				       const struct ms_group_variance *variance);

/* 0 for 0, else the number of bits of size: class c holds [2^(c-1), 2^c). */
static inline unsigned ms_size_class(uint64_t size)
{
	return size ? 64 - (unsigned)__builtin_clzll(size) : 0;
}

#endif
