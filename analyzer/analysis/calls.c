/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.c - calls by stack and entry point, for detectors that look at one event at a
 * time.
 */
#include "analyzer/analysis/detectors.h"
#include "analyzer/base/alloc.h"

ms_status ms_calls_begin(void **state, const struct ms_check_input *input,
			 struct ms_error *err)
{
	struct ms_calls *calls = ms_alloc_zero(1, sizeof(*calls));

	if (!calls)
		return ms_fail_memory(err);
	calls->input = input;
	ms_map_init(&calls->by_stack);
	*state = calls;
	return MS_OK;
}

void ms_calls_free(void *state)
{
	struct ms_calls *calls = state;

	if (!calls)
		return;
	ms_map_release(&calls->by_stack);
	ms_free(calls->items);
	ms_free(calls);
}

/* The item of the event's stack and kind, new ones with count 0; NULL: no memory. */
static struct ms_call *call_of(struct ms_calls *calls, const struct ms_event *event)
{
	uint64_t *index = ms_map_at(&calls->by_stack,
				    (uint64_t)event->stack << 8 | event->kind, NULL);

	if (!index)
		return NULL;
	if (*index)
		return &calls->items[*index - 1];
	if (ms_grow((void **)&calls->items, &calls->capacity, calls->count,
		    sizeof(*calls->items)) < 0)
		return NULL;
	calls->items[calls->count] = (struct ms_call){ .first = *event };
	*index = ++calls->count;
	return &calls->items[*index - 1];
}

ms_status ms_calls_add(struct ms_calls *calls, const struct ms_event *event,
		       struct ms_error *err)
{
	struct ms_block block = ms_event_block(event);
	struct ms_call *call;
	bool wanted;
	ms_status status = ms_check_wants(calls->input, &block, &wanted, err);

	if (status != MS_OK || !wanted)
		return status;
	call = call_of(calls, event);
	if (!call)
		return ms_fail_memory(err);
	call->count++;
	/* Calls that fail ask for any size. */
	if (__builtin_add_overflow(call->bytes, event->size, &call->bytes))
		call->bytes = UINT64_MAX;
	if (event->size > call->largest)
		call->largest = event->size;
	return MS_OK;
}
