/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chunk_table.c - the chunks of a store as a part of an index, and back.
 *
 * An index that was forged may send a decoder anywhere in a window's body and promise any
 * times; it must not send it elsewhere.
 */
#include "analyzer/event_store/chunk.h"

#include <assert.h>
#include <string.h>

struct table_head {
	uint64_t windows, events;
};

struct table_entry {
	uint64_t ticks, address, floor;
	uint64_t first_ticks, last_ticks;
	uint32_t window, offset, len_bytes, events, thread, bloom_at;
	uint8_t bloom_log2, ends_run;
	uint8_t reserved[6]; /* zero */
};
static_assert(sizeof(struct table_entry) == 72, "an entry of the chunk table");

/* No event is shorter. */
#define EVENT_BYTES_MIN 3

static void put_entry(struct table_entry *entry, const struct ms_store *store,
		      const struct ms_chunk *c)
{
	*entry = (struct table_entry){
		.ticks = c->ticks,
		.address = c->address,
		.floor = c->floor,
		.first_ticks = c->first_ticks,
		.last_ticks = c->last_ticks,
		.window = c->window,
		.offset = (uint32_t)(c->begin - store->windows[c->window].body),
		.len_bytes = c->len_bytes,
		.events = c->events,
		.thread = c->thread,
		.bloom_at = c->bloom_at,
		.bloom_log2 = c->bloom_log2,
		.ends_run = c->ends_run,
	};
}

bool ms_store_save(const struct ms_store *store, struct ms_index_writer *writer)
{
	struct table_head head = { store->window_count, store->events };
	size_t bytes = sizeof(head) + store->count * sizeof(struct table_entry);
	uint8_t *table = ms_alloc(bytes), *p = table + sizeof(head);
	struct table_entry entry;

	if (!table)
		return false;
	memcpy(table, &head, sizeof(head));
	for (size_t i = 0; i < store->count; i++, p += sizeof(entry)) {
		put_entry(&entry, store, &store->chunks[i]);
		memcpy(p, &entry, sizeof(entry));
	}
	ms_index_add(writer, MS_INDEX_CHUNKS, 0, table, bytes);
	ms_free(table);
	return true;
}

/* Does an entry lie in its window, and behind the one before it there? */
static bool is_sound(const struct table_entry *e, const struct table_entry *before,
		     const struct ms_store_window *windows, size_t count)
{
	if (e->window >= count || e->len_bytes > windows[e->window].body_bytes ||
	    e->offset > windows[e->window].body_bytes - e->len_bytes || e->events == 0 ||
	    e->events > e->len_bytes / EVENT_BYTES_MIN || e->thread == 0 ||
	    e->first_ticks > e->last_ticks || e->ends_run > 1 ||
	    (e->bloom_log2 > MS_BLOOM_LOG2 && e->bloom_log2 != MS_NO_BLOOM))
		return false;
	if (!before)
		return true;
	if (e->window != before->window)
		return e->window > before->window && before->ends_run;
	if (e->offset < before->offset + before->len_bytes)
		return false;
	return before->ends_run || (e->thread == before->thread &&
				    e->offset == before->offset + before->len_bytes &&
				    e->first_ticks >= before->last_ticks);
}

static void take_entry(struct ms_chunk *c, const struct table_entry *e,
		       const struct ms_store_window *windows)
{
	*c = (struct ms_chunk){
		.begin = windows[e->window].body + e->offset,
		.ticks = e->ticks,
		.address = e->address,
		.floor = e->floor,
		.first_ticks = e->first_ticks,
		.last_ticks = e->last_ticks,
		.len_bytes = e->len_bytes,
		.events = e->events,
		.window = e->window,
		.thread = e->thread,
		.bloom_at = e->bloom_at,
		.bloom_log2 = e->bloom_log2,
		.ends_run = e->ends_run,
	};
}

/* Fill the chunks, of which there is room for count; false: the table makes no sense. */
static bool take_entries(struct ms_store *store, const uint8_t *p, size_t count,
			 const struct ms_store_window *windows, size_t window_count)
{
	struct table_entry entries[2], *entry = NULL, *before;

	for (size_t i = 0; i < count; i++, p += sizeof(*entry)) {
		before = entry;
		entry = &entries[i % 2];
		memcpy(entry, p, sizeof(*entry));
		if (!is_sound(entry, before, windows, window_count))
			return false;
		take_entry(&store->chunks[i], entry, windows);
		store->events += entry->events;
	}
	return !entry || entry->ends_run;
}

static bool take_table(struct ms_store *store, const uint8_t *bytes, size_t count,
		       const struct ms_store_window *windows, size_t window_count)
{
	struct table_head head;

	memcpy(&head, bytes, sizeof(head));
	store->events = 0;
	return head.windows == window_count &&
	       take_entries(store, bytes + sizeof(head), count, windows, window_count) &&
	       store->events == head.events;
}

ms_status ms_store_load(struct ms_store *store, const struct ms_index *index,
			const struct ms_store_window *windows, size_t window_count,
			bool *used, struct ms_error *err)
{
	const uint8_t *bytes;
	size_t len_bytes, count;

	*used = false;
	if (!ms_index_part(index, MS_INDEX_CHUNKS, 0, &bytes, &len_bytes) ||
	    len_bytes < sizeof(struct table_head) ||
	    (len_bytes - sizeof(struct table_head)) % sizeof(struct table_entry))
		return MS_OK;
	count = (len_bytes - sizeof(struct table_head)) / sizeof(struct table_entry);
	if (count > UINT32_MAX)
		return MS_OK;
	store->chunks = ms_alloc_zero(count, sizeof(*store->chunks));
	store->windows = ms_alloc_zero(window_count, sizeof(*store->windows));
	if (!store->chunks || !store->windows)
		return ms_fail_memory(err);
	store->capacity = count;
	store->window_capacity = window_count;
	if (!take_table(store, bytes, count, windows, window_count)) {
		store->events = 0;
		return MS_OK;
	}
	if (window_count)
		memcpy(store->windows, windows, window_count * sizeof(*windows));
	store->count = count;
	store->window_count = window_count;
	store->index = index;
	*used = true;
	return MS_OK;
}
