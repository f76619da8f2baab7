/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_pending.c - events that waited when the recording ended.
 *
 * In the mode cull a block lies in a ring of its thread until its event is written. Those
 * that still wait become events here, encoded as the recorder would have, so that nobody
 * downstream sees a difference.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/capture/log.h"
#include "common/event.h"
#include "common/varint.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* One ring, copied out of the file. */
struct ring {
	uint32_t thread;
	struct ms_wire_pending *items;
	size_t count;
};

static unsigned kind_of(const struct ms_wire_pending *item)
{
	return (unsigned)(item->address >> 8 & 0xff);
}

static bool is_sound(const struct ms_wire_pending *item)
{
	return item->address >> 16 && (item->address & 0xff) < 64 &&
	       ms_event_kind_info(kind_of(item))->class == MS_CLASS_ALLOC;
}

/* Was it being written, and had that been done? */
static bool is_there(const struct ms_store *store, const struct ring *ring,
		     const struct ms_wire_pending *item)
{
	return item->state == MS_PENDING_WRITTEN &&
	       ms_store_run_ends(store, ring->thread, item->ticks);
}

static int by_time(const void *a, const void *b)
{
	const struct ms_wire_pending *x = a, *y = b;

	return x->ticks < y->ticks ? -1 : x->ticks > y->ticks;
}

/* Keep what waits, in order of time. */
static void select_items(struct ms_log *log, const struct ms_store *store,
			 struct ring *ring, const uint8_t *body, size_t count,
			 uint64_t offset)
{
	for (size_t i = 0; i < count; i++) {
		struct ms_wire_pending item;

		memcpy(&item, body + i * sizeof(item), sizeof(item));
		if (item.state == MS_PENDING_NONE || is_there(store, ring, &item))
			continue;
		if (is_sound(&item))
			ring->items[ring->count++] = item;
		else
			ms_log_damaged(log, offset + i * sizeof(item), sizeof(item),
				       "a pending block that makes no sense");
	}
	qsort(ring->items, ring->count, sizeof(*ring->items), by_time);
}

static uint8_t *encode(uint8_t *p, const struct ms_wire_pending *item, uint64_t delta)
{
	uint64_t address = item->address >> 16;
	uint8_t align = (uint8_t)item->address;

	*p++ = (uint8_t)(MS_TAG_EXTENDED | 3 << MS_TAG_TIME_SHIFT |
			 (item->stack ? MS_TAG_STACK : 0));
	*p++ = (uint8_t)(kind_of(item) | MS_EXT_RAW | (align ? MS_EXT_ALIGN : 0));
	memcpy(p, &delta, 8);
	memcpy(p + 8, &address, 8);
	p += 16;
	if (align)
		*p++ = align;
	p = ms_varint_put(p, item->size);
	return item->stack ? ms_varint_put(p, item->stack) : p;
}

static ms_status add_ring(struct ms_log *log, struct ms_store *store,
			  const struct ring *ring, uint64_t sequence,
			  struct ms_error *err)
{
	uint8_t *body = ms_alloc(ring->count * MS_EVENT_BYTES_MAX + 16), *p = body;
	struct ms_store_window window = { .body = body,
					  .sequence = sequence,
					  .base_ticks = ring->items[0].ticks,
					  .thread = ring->thread };
	struct ms_store_fault fault;

	if (!body || ms_grow((void **)&log->bodies, &log->body_room, log->body_count,
			     sizeof(*log->bodies))) {
		ms_free(body);
		return ms_fail_memory(err);
	}
	log->bodies[log->body_count++] = body;
	for (size_t i = 0; i < ring->count; i++)
		p = encode(p, &ring->items[i],
			   i ? ring->items[i].ticks - ring->items[i - 1].ticks : 0);
	window.body_bytes = (size_t)(p - body);
	return ms_store_add_window(store, &window, &fault, err);
}

static ms_status read_ring(struct ms_log *log, struct ms_store *store,
			   const struct ms_log_window *window, struct ms_error *err)
{
	uint64_t bytes;
	const uint8_t *body = ms_log_body(log, window, &bytes);
	size_t count = (size_t)(bytes / sizeof(struct ms_wire_pending));
	struct ms_wire_pending first;
	struct ring ring = { 0 };
	ms_status status = MS_OK;

	if (count < 2)
		return MS_OK;
	memcpy(&first, body, sizeof(first));
	ring.thread = first.stack;
	ring.items = ms_alloc_zero(count, sizeof(*ring.items));
	if (!ring.items)
		return ms_fail_memory(err);
	select_items(log, store, &ring, body + sizeof(first), count - 1,
		     window->offset + window->header_bytes + sizeof(first));
	if (ring.count)
		status = add_ring(log, store, &ring, window->sequence, err);
	ms_free(ring.items);
	return status;
}

ms_status ms_log_read_pending(struct ms_log *log, struct ms_store *store,
			      struct ms_error *err)
{
	ms_status status = MS_OK;

	for (size_t i = 0; status == MS_OK && i < log->window_count; i++) {
		if (log->windows[i].kind == MS_WINDOW_COUNTERS &&
		    log->windows[i].owner == MS_COUNTERS_PENDING)
			status = read_ring(log, store, &log->windows[i], err);
	}
	return status;
}
