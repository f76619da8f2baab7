/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode_runs.c - many events at a time: where nearly all of the time of a pass goes.
 */
#include "analyzer/event_store/bloom.h"
#include "analyzer/event_store/plain_event.h"

/* Tags of the six kinds that have one of their own: all of their shapes. */
#define TIME_BYTES(code)    (1u << (code))
#define ADDRESS_BYTES(code) ((code) + 1 + 2 * ((code) == 3))
#define SHAPE(tag, event, cls, size, t, a, s)                                      \
	[(tag) | (t) << MS_TAG_TIME_SHIFT | (a) << MS_TAG_ADDRESS_SHIFT | (s)] = { \
		.address_at = 1 + TIME_BYTES(t),                                   \
		.rest_at = 1 + TIME_BYTES(t) + ADDRESS_BYTES(a),                   \
		.kind = MS_EVENT_##event,                                          \
		.class = MS_CLASS_##cls,                                           \
		.has_size = size,                                                  \
	},
#define SHAPES_A(tag, event, cls, size, t, s) \
	SHAPE(tag, event, cls, size, t, 0, s) \
	SHAPE(tag, event, cls, size, t, 1, s) \
	SHAPE(tag, event, cls, size, t, 2, s) \
	SHAPE(tag, event, cls, size, t, 3, s)
#define SHAPES_T(tag, event, cls, size, s)    \
	SHAPES_A(tag, event, cls, size, 0, s) \
	SHAPES_A(tag, event, cls, size, 1, s) \
	SHAPES_A(tag, event, cls, size, 2, s) \
	SHAPES_A(tag, event, cls, size, 3, s)
#define SHAPES(tag, event, cls, size)      \
	SHAPES_T(tag, event, cls, size, 0) \
	SHAPES_T(tag, event, cls, size, MS_TAG_STACK)

const struct ms_tag_shape ms_tag_shapes[256] = {
	SHAPES(MS_TAG_MALLOC, MALLOC, ALLOC, true) SHAPES(MS_TAG_FREE, FREE, FREE, false)
		SHAPES(MS_TAG_CALLOC, CALLOC, ALLOC,
		       true) SHAPES(MS_TAG_NEW, NEW, ALLOC,
				    true) SHAPES(MS_TAG_DELETE, DELETE, FREE, false)
			SHAPES(MS_TAG_REALLOC_BEGIN, REALLOC_BEGIN, REALLOC_BEGIN, false)
};

/* Up to here, an event may be decoded without looking for the end of the bytes. */
static const uint8_t *safe_end(const struct ms_decoder *d)
{
	return d->end - d->p < MS_EVENT_BYTES_MAX ? d->p
						  : d->end - MS_EVENT_BYTES_MAX + 1;
}

size_t ms_decode_many(struct ms_decoder *d, struct ms_event *events, size_t n,
		      struct ms_decode_run *run)
{
	struct ms_plain state = { d->ticks, d->address };
	const struct ms_tick_scale scale = *run->scale;
	const uint64_t floor = d->floor, below = run->below;
	const uint8_t *p = d->p, *end = safe_end(d), *next;
	uint64_t last = 0;
	size_t i = 0;

	while (i < n && p < end) {
		struct ms_event *event = &events[i];
		uint64_t ticks;

		next = ms_take_plain(p, &state, event);
		if (__builtin_expect(!next, 0))
			break;
		p = next;
		i++;
		ticks = state.ticks < floor ? floor : state.ticks;
		event->thread = run->thread;
		event->detail = 0;
		event->flags = 0;
		if (__builtin_expect(ticks >= below, 0)) {
			event->at_ns = ticks;
			break;
		}
		last = ticks;
		event->at_ns = ms_ticks_to_ns(&scale, ticks);
	}
	d->p = p;
	d->ticks = state.ticks;
	d->address = state.address;
	run->last = last;
	return i;
}

static inline __attribute__((always_inline)) size_t skim(struct ms_decoder *d, size_t n,
							 uint64_t *bloom)
{
	struct ms_plain state = { d->ticks, d->address };
	const uint8_t *p = d->p, *end = safe_end(d), *next;
	struct ms_event event;
	size_t i = 0;

	for (; i < n && p < end; i++) {
		next = ms_take_plain(p, &state, &event);
		if (__builtin_expect(!next, 0))
			break;
		p = next;
		if (bloom && event.address)
			ms_bloom_put(bloom, event.address);
	}
	d->p = p;
	d->ticks = state.ticks;
	d->address = state.address;
	return i;
}

static __attribute__((noinline)) size_t skim_only(struct ms_decoder *d, size_t n)
{
	return skim(d, n, NULL);
}

size_t ms_decode_skim(struct ms_decoder *d, size_t n, uint64_t *bloom)
{
	return bloom ? skim(d, n, bloom) : skim_only(d, n);
}

bool ms_decode_find(struct ms_decoder *d, uint64_t address)
{
	struct ms_plain state = { d->ticks, d->address }, before;
	const uint8_t *p = d->p, *end = safe_end(d), *next;
	struct ms_event event;
	bool found = false;

	while (p < end) {
		before = state;
		next = ms_take_plain(p, &state, &event);
		if (__builtin_expect(!next, 0))
			break;
		if (__builtin_expect(event.address == address, 0)) {
			state = before;
			found = true;
			break;
		}
		p = next;
	}
	d->p = p;
	d->ticks = state.ticks;
	d->address = state.address;
	return found;
}
