/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.c - the index of a log's events.
 *
 * Every window is decoded once when it is added: this finds what is damaged before any
 * report is printed, and where each thread's runs of events begin and end.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/event_store/decode.h"
#include "analyzer/event_store/segment.h"
#include "common/wire.h"

uint64_t ms_ticks_to_ns(const struct ms_tick_scale *scale, uint64_t ticks)
{
	unsigned __int128 ns;

	if (ticks <= scale->start_ticks)
		return 0;
	ns = (unsigned __int128)(ticks - scale->start_ticks) * scale->mult >> 32;
	return ns > UINT64_MAX ? UINT64_MAX : (uint64_t)ns;
}

ms_status ms_store_new(struct ms_store **out, struct ms_error *err)
{
	*out = ms_alloc_zero(1, sizeof(**out));
	if (!*out)
		return ms_fail_memory(err);
	(*out)->scale.mult = UINT64_C(1) << 32;
	return MS_OK;
}

void ms_store_free(struct ms_store *store)
{
	if (!store)
		return;
	ms_free(store->segments);
	ms_free(store);
}

void ms_store_set_scale(struct ms_store *store, struct ms_tick_scale scale)
{
	store->scale = scale;
}

/* Append run, which ends at end, unless it has no events.  0, or -1 without memory. */
static int end_run(struct ms_store *store, struct ms_segment *run, const uint8_t *end)
{
	if (!run->events)
		return 0;
	if (ms_grow((void **)&store->segments, &store->capacity, store->count,
		    sizeof(*run)))
		return -1;
	run->len_bytes = (size_t)(end - run->begin);
	store->segments[store->count++] = *run;
	store->events += run->events;
	run->position++;
	return 0;
}

static void begin_run(struct ms_segment *run, const struct ms_decoder *d, uint32_t thread)
{
	run->begin = d->p;
	run->base_ticks = d->ticks;
	run->thread = thread;
	run->events = 0;
}

/* Split the window into runs.  0, or -1 without memory; d then tells how it ended. */
static int split(struct ms_store *store, struct ms_decoder *d, struct ms_segment *run,
		 const uint8_t **item)
{
	enum ms_decoded decoded;
	struct ms_event event;
	uint32_t thread;

	for (;;) {
		*item = d->p;
		decoded = ms_decode(d, &event);
		if (__builtin_expect(decoded == MS_DECODED_EVENT, 1)) {
			if (!run->events++)
				run->first_ticks = event.at_ns;
			run->last_ticks = event.at_ns;
		} else if (decoded != MS_DECODED_RECORD) {
			return end_run(store, run, *item);
		} else if (d->type == MS_RECORD_THREAD) {
			if (end_run(store, run, *item))
				return -1;
			if (!ms_decode_thread(d, &thread))
				return 0;
			begin_run(run, d, thread);
		}
	}
}

ms_status ms_store_add_window(struct ms_store *store,
			      const struct ms_store_window *window,
			      struct ms_store_fault *fault, struct ms_error *err)
{
	struct ms_decoder d =
		ms_decoder(window->body, window->body_bytes, window->base_ticks);
	struct ms_segment run = { .sequence = window->sequence };
	size_t count = store->count;
	const uint8_t *item;

	*fault = (struct ms_store_fault){ 0 };
	begin_run(&run, &d, window->thread);
	if (split(store, &d, &run, &item)) {
		while (store->count > count)
			store->events -= store->segments[--store->count].events;
		return ms_fail_memory(err);
	}
	if (d.fault) {
		fault->offset = (size_t)(item - window->body);
		fault->what = d.fault;
	}
	return MS_OK;
}

uint64_t ms_store_event_count(const struct ms_store *store)
{
	return store->events;
}

bool ms_store_tick_range(const struct ms_store *store, uint64_t *first, uint64_t *last)
{
	*first = *last = 0;
	for (size_t i = 0; i < store->count; i++) {
		const struct ms_segment *s = &store->segments[i];

		if (i == 0 || s->first_ticks < *first)
			*first = s->first_ticks;
		if (i == 0 || s->last_ticks > *last)
			*last = s->last_ticks;
	}
	return store->count > 0;
}

bool ms_store_run_ends(const struct ms_store *store, uint32_t thread, uint64_t ticks)
{
	for (size_t i = 0; i < store->count; i++) {
		if (store->segments[i].thread == thread &&
		    store->segments[i].last_ticks == ticks)
			return true;
	}
	return false;
}
