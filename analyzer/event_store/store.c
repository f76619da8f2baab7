/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.c - the index of a log's events.
 *
 * Every window is decoded once when it is added: this finds what is damaged before any
 * report is printed, where each thread's runs of events begin and end, and where in them
 * a decoder can begin.
 */
#include "analyzer/event_store/chunk.h"
#include "common/wire.h"

#include <string.h>

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
	ms_free(store->chunks);
	ms_free(store->windows);
	ms_free(store);
}

void ms_store_set_scale(struct ms_store *store, struct ms_tick_scale scale)
{
	store->scale = scale;
}

void ms_store_set_threads(struct ms_store *store, unsigned threads)
{
	store->threads = threads;
}

/* --- reading a window ------------------------------------------------------------------
 */

/* Filters are small beside the events that they stand for, but not of very few. */
#define BLOOM_LEAST 32

struct reading {
	struct ms_store_part *part;
	struct ms_decoder decoder;
	struct ms_chunk chunk; /* that is being read */
	uint64_t *bloom;       /* MS_BLOOM_WORDS for it; NULL: nobody wants filters */
	uint64_t *blooms;      /* of the chunks before */
	size_t words, room;
};

static void begin_chunk(struct reading *r)
{
	const struct ms_decoder *d = &r->decoder;

	r->chunk.begin = d->p;
	r->chunk.ticks = d->ticks;
	r->chunk.address = d->address;
	r->chunk.floor = d->floor;
	r->chunk.events = 0;
	r->chunk.bloom_log2 = MS_NO_BLOOM;
	if (r->bloom)
		memset(r->bloom, 0, MS_BLOOM_WORDS * sizeof(*r->bloom));
}

/* Keep the filter of a chunk.  0, or -1 without memory. */
static int end_bloom(struct reading *r)
{
	unsigned log2;

	if (!r->bloom || r->chunk.events < BLOOM_LEAST)
		return 0;
	if (r->words + MS_BLOOM_WORDS > r->room) {
		size_t room = r->room ? 2 * r->room : 16 * MS_BLOOM_WORDS;
		uint64_t *grown = ms_realloc(r->blooms, room * sizeof(*grown));

		if (!grown)
			return -1;
		r->blooms = grown;
		r->room = room;
	}
	log2 = ms_bloom_fold(r->bloom);
	memcpy(r->blooms + r->words, r->bloom, sizeof(*r->bloom) << log2);
	r->chunk.bloom_at = (uint32_t)r->words;
	r->chunk.bloom_log2 = (uint8_t)log2;
	r->words += (size_t)1 << log2;
	return 0;
}

/* The chunk ends before end, unless it has no events.  0, or -1 without memory. */
static int end_chunk(struct reading *r, const uint8_t *end)
{
	struct ms_store_part *part = r->part;

	if (!r->chunk.events)
		return 0;
	if (end_bloom(r) || ms_grow((void **)&part->chunks, &part->capacity, part->count,
				    sizeof(r->chunk)))
		return -1;
	r->chunk.len_bytes = (uint32_t)(end - r->chunk.begin);
	part->chunks[part->count++] = r->chunk;
	part->events += r->chunk.events;
	return 0;
}

/* The run ends before end: the last of its chunks is marked. */
static int end_run(struct reading *r, const uint8_t *end)
{
	if (end_chunk(r, end))
		return -1;
	if (r->part->count)
		r->part->chunks[r->part->count - 1].ends_run = true;
	return 0;
}

/* One event came, and maybe plain ones behind it. */
static int take_events(struct reading *r, const struct ms_event *event)
{
	if (!r->chunk.events++)
		r->chunk.first_ticks = event->at_ns;
	if (r->bloom && event->address)
		ms_bloom_put(r->bloom, event->address);
	if (r->chunk.events < MS_CHUNK_EVENTS)
		r->chunk.events += (uint32_t)ms_decode_skim(
			&r->decoder, MS_CHUNK_EVENTS - r->chunk.events, r->bloom);
	r->chunk.last_ticks = ms_decoder_time(&r->decoder);
	if (r->chunk.events < MS_CHUNK_EVENTS)
		return 0;
	if (end_chunk(r, r->decoder.p))
		return -1;
	begin_chunk(r);
	return 0;
}

/* Cut the window into chunks.  0, or -1 without memory. */
static int read_events(struct reading *r, const uint8_t *body)
{
	struct ms_decoder *d = &r->decoder;
	struct ms_event event = { 0 };

	for (;;) {
		const uint8_t *item = d->p;
		enum ms_decoded decoded = ms_decode(d, &event);

		if (decoded == MS_DECODED_EVENT) {
			if (take_events(r, &event))
				return -1;
		} else if (decoded == MS_DECODED_RECORD) {
			if (d->type != MS_RECORD_THREAD)
				continue;
			if (end_run(r, item))
				return -1;
			if (ms_decode_thread(d, &r->chunk.thread)) {
				begin_chunk(r);
				continue;
			}
		} else if (end_run(r, item)) {
			return -1;
		}
		if (d->fault)
			r->part->fault = (struct ms_store_fault){ (size_t)(item - body),
								  d->fault };
		if (decoded != MS_DECODED_EVENT)
			return 0;
	}
}

ms_status ms_store_read_window(struct ms_store_part *out,
			       const struct ms_store_window *window,
			       struct ms_index_writer *writer, uint32_t number,
			       struct ms_error *err)
{
	struct reading r = {
		.part = out,
		.decoder =
			ms_decoder(window->body, window->body_bytes, window->base_ticks),
		.chunk = { .thread = window->thread, .window = number },
	};
	bool good = true;

	*out = (struct ms_store_part){ 0 };
	if (writer) {
		r.bloom = ms_alloc(MS_BLOOM_WORDS * sizeof(*r.bloom));
		good = r.bloom != NULL;
	}
	if (good) {
		begin_chunk(&r);
		good = read_events(&r, window->body) == 0;
	}
	if (good && r.words)
		ms_index_add(writer, MS_INDEX_BLOOMS, number, r.blooms,
			     r.words * sizeof(*r.blooms));
	ms_free(r.bloom);
	ms_free(r.blooms);
	if (good)
		return MS_OK;
	ms_store_part_release(out);
	return ms_fail_memory(err);
}

void ms_store_part_release(struct ms_store_part *part)
{
	ms_free(part->chunks);
	*part = (struct ms_store_part){ 0 };
}

/* --- the store -------------------------------------------------------------------------
 */

/* Room for count more chunks, and growing by halves.  0, or -1 without memory. */
static int reserve(struct ms_store *store, size_t count)
{
	size_t room = store->capacity + store->capacity / 2;
	struct ms_chunk *grown;

	if (count <= store->capacity - store->count)
		return 0;
	if (store->count + count > UINT32_MAX)
		return -1;
	if (room < store->count + count)
		room = store->count + count;
	grown = ms_realloc(store->chunks, room * sizeof(*grown));
	if (!grown)
		return -1;
	store->chunks = grown;
	store->capacity = room;
	return 0;
}

ms_status ms_store_add_part(struct ms_store *store, const struct ms_store_window *window,
			    struct ms_store_part *part, struct ms_error *err)
{
	bool good = !ms_store_room(store) && !reserve(store, part->count);

	for (size_t i = 0; good && i < part->count; i++) {
		store->chunks[store->count] = part->chunks[i];
		store->chunks[store->count++].window = (uint32_t)store->window_count;
	}
	if (good) {
		store->windows[store->window_count++] = *window;
		store->events += part->events;
	}
	ms_store_part_release(part);
	return good ? MS_OK : ms_fail_memory(err);
}

ms_status ms_store_add_window(struct ms_store *store,
			      const struct ms_store_window *window,
			      struct ms_store_fault *fault, struct ms_error *err)
{
	struct ms_store_part part;
	ms_status status = ms_store_read_window(&part, window, NULL, 0, err);

	*fault = part.fault;
	return status == MS_OK ? ms_store_add_part(store, window, &part, err) : status;
}

uint64_t ms_store_event_count(const struct ms_store *store)
{
	return store->events;
}

bool ms_store_tick_range(const struct ms_store *store, uint64_t *first, uint64_t *last)
{
	*first = *last = 0;
	for (size_t i = 0; i < store->count; i++) {
		const struct ms_chunk *c = &store->chunks[i];

		if (i == 0 || c->first_ticks < *first)
			*first = c->first_ticks;
		if (i == 0 || c->last_ticks > *last)
			*last = c->last_ticks;
	}
	return store->count > 0;
}

bool ms_store_run_ends(const struct ms_store *store, uint32_t thread, uint64_t ticks)
{
	for (size_t i = 0; i < store->count; i++) {
		const struct ms_chunk *c = &store->chunks[i];

		if (c->ends_run && c->thread == thread && c->last_ticks == ticks)
			return true;
	}
	return false;
}
