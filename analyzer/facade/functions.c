/* SPDX-License-Identifier: Apache-2.0 */
/*
 * functions.c - figures of functions, by themselves and with all that they call.
 */
#define _GNU_SOURCE /* qsort_r */
#include "analyzer/facade/functions.h"
#include "analyzer/base/alloc.h"
#include "analyzer/facade/sites.h"

#include <stdlib.h>

/* The function of a frame, new when need be; NULL without memory. */
static struct ms_function *function_of(struct ms_functions *functions,
				       const struct ms_frame *frame)
{
	uint64_t key = (uint64_t)(uintptr_t)frame;
	uint64_t *known = ms_map_at(&functions->by_frame, key, NULL);
	struct ms_frame part = { 0 };
	uint32_t id;

	if (!known)
		return NULL;
	if (*known)
		return &functions->items[*known - 1];
	if (frame) {
		part.function = frame->function;
		part.file = frame->function ? frame->file : NULL;
		part.module = frame->module;
	}
	id = ms_frames_add(&functions->seen, &part);
	if (id == MS_FRAME_NONE)
		return NULL;
	if (id == functions->count) {
		if (ms_grow((void **)&functions->items, &functions->capacity,
			    functions->count, sizeof(*functions->items)) < 0)
			return NULL;
		functions->items[functions->count++] =
			(struct ms_function){ .frame = id };
	}
	*known = (uint64_t)id + 1;
	return &functions->items[id];
}

/* serial: of the stack, from 1, so that recursion counts once. */
static struct ms_function *include(struct ms_functions *functions,
				   const struct ms_frame *frame,
				   const struct ms_figures *figures, uint64_t serial)
{
	struct ms_function *function = function_of(functions, frame);

	if (function && function->last_stack != serial) {
		ms_figures_add(&function->inclusive, figures);
		function->last_stack = serial;
	}
	return function;
}

static ms_status add_stack(struct ms_functions *functions, struct ms_metadata *meta,
			   const struct ms_stack_figures *stack, uint64_t serial,
			   struct ms_error *err)
{
	const struct ms_frame *site, *frame;
	struct ms_function *function;
	struct ms_walk walk;
	ms_status status = ms_metadata_site(meta, stack->stack, &site, err);

	if (status != MS_OK)
		return status;
	function = include(functions, site, &stack->f, serial);
	if (!function)
		return ms_fail_memory(err);
	ms_figures_add(&function->self, &stack->f);
	ms_walk_begin(&walk, meta, stack->stack);
	do
		status = ms_walk_next(&walk, &frame, err);
	while (status == MS_OK && frame && frame != site);
	while (status == MS_OK && frame) {
		status = ms_walk_next(&walk, &frame, err);
		if (frame && !include(functions, frame, &stack->f, serial))
			return ms_fail_memory(err);
	}
	return status;
}

static ms_status add_all(struct ms_functions *functions, const struct ms_views *views,
			 struct ms_error *err)
{
	const struct ms_progress *progress =
		ms_facade_progress(views->m, "looking up functions and lines");
	ms_status status = MS_OK;
	uint64_t serial = 0;

	for (size_t t = 0; status == MS_OK && t < views->m->count; t++) {
		struct ms_meter meter;
		size_t count;
		const struct ms_stack_figures *stacks = ms_view_stacks(views, t, &count);

		ms_meter_init(&meter, progress, count);
		for (size_t i = 0; status == MS_OK && i < count; i++) {
			status = add_stack(functions, views->m->traces[t].meta,
					   &stacks[i], ++serial, err);
			ms_meter_at(&meter, i);
		}
	}
	return status;
}

ms_status ms_functions_init(struct ms_functions *functions, const struct ms_views *views,
			    struct ms_error *err)
{
	ms_status status;

	*functions = (struct ms_functions){ 0 };
	ms_frames_init(&functions->seen);
	ms_map_init(&functions->by_frame);
	status = ms_names_of_views(views, MS_RESOLVE_STACKS, err);
	if (status == MS_OK)
		status = add_all(functions, views, err);
	if (status != MS_OK)
		ms_functions_release(functions);
	return status;
}

void ms_functions_release(struct ms_functions *functions)
{
	ms_frames_release(&functions->seen);
	ms_map_release(&functions->by_frame);
	ms_free(functions->items);
	*functions = (struct ms_functions){ 0 };
}

static int by_figure(const void *a, const void *b, void *context)
{
	const struct ms_function *x = a, *y = b;
	enum memscope_sort sort = *(const enum memscope_sort *)context;
	uint64_t fx = ms_figure(&x->inclusive, sort), fy = ms_figure(&y->inclusive, sort);

	if (fx == fy) {
		fx = ms_figure(&x->self, sort);
		fy = ms_figure(&y->self, sort);
	}
	if (fx != fy)
		return fx < fy ? 1 : -1;
	return x->frame < y->frame ? -1 : 1;
}

void ms_functions_sort(struct ms_functions *functions, enum memscope_sort sort)
{
	if (functions->count)
		qsort_r(functions->items, functions->count, sizeof(*functions->items),
			by_figure, &sort);
}
