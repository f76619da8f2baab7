/* SPDX-License-Identifier: Apache-2.0 */
/*
 * functions.h - figures of functions, by themselves and with all that they call (private
 * to the facade).
 */
#ifndef MS_FACADE_FUNCTIONS_H
#define MS_FACADE_FUNCTIONS_H

#include "analyzer/facade/frames.h"
#include "analyzer/facade/view.h"

struct ms_function {
	uint32_t frame;		     /* in seen; without line and address */
	struct ms_figures self;	     /* of stacks that are filed under it */
	struct ms_figures inclusive; /* of stacks that it is in, however often */
	uint64_t last_stack;	     /* that was added to inclusive; 0: none */
};

struct ms_functions {
	struct ms_frames_seen seen;
	struct ms_map by_frame;	   /* a frame of the metadata to its function, from 1 */
	struct ms_function *items; /* by id in seen */
	size_t count, capacity;
};

/*
 * A function is a name in a file and module; what has no name is one function a module,
 * and one of no module.  Frames of allocators that a stack begins with belong to no
 * function: they call nobody.  MS_OK, or MS_ENOMEM with nothing to release.
 */
MS_MUST_CHECK ms_status ms_functions_init(struct ms_functions *functions,
					  const struct ms_views *views,
					  struct ms_error *err);
void ms_functions_release(struct ms_functions *functions);
/* Those with the most below them first. */
void ms_functions_sort(struct ms_functions *functions, enum memscope_sort sort);

#endif
