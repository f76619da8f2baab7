/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owners.c - gathering the owners of an address from what a heap tells.
 */
#include "analyzer/timeline/owners.h"
#include "analyzer/base/alloc.h"

void ms_owner_watch_init(struct ms_owner_watch *w, struct ms_owners *out,
			 uint64_t address, bool inside)
{
	*w = (struct ms_owner_watch){ .out = out, .address = address, .inside = inside };
	ms_map_init(&w->open);
	ms_pairs_init(&w->pairs);
}

void ms_owner_watch_release(struct ms_owner_watch *w)
{
	ms_map_release(&w->open);
	ms_pairs_release(&w->pairs);
}

static bool has(const struct ms_owner_watch *w, const struct ms_block *block)
{
	uint64_t size = block->size ? block->size : 1;

	if (!w->inside)
		return block->address == w->address;
	return w->address >= block->address && w->address - block->address < size;
}

/*
 * While a realloc waits, its old address may have a new owner: the address alone does not
 * tell a block.
 */
static uint64_t key_of(const struct ms_block *block)
{
	return (block->address ^ block->thread) + block->at_ns * 0x9e3779b97f4a7c15ULL;
}

static int reserve_owner(struct ms_owners *out)
{
	return ms_grow((void **)&out->items, &out->capacity, out->count,
		       sizeof(*out->items));
}

/* --- mappings -------------------------------------------------------------------------
 */

static void end_mapping(struct ms_owner_watch *w, size_t index, enum ms_owner_end how,
			const struct ms_event *event)
{
	struct ms_owner *owner = &w->out->items[index - 1];

	owner->end = how;
	owner->ended = *event;
	owner->moved_to = how == MS_OWNER_MOVED ? event->address : 0;
}

/* The second half of an mremap: what the first one ended was moved, or is back. */
static void end_remap(struct ms_owner_watch *w, const struct ms_event *event)
{
	if (event->address) {
		end_mapping(w, w->remapped, MS_OWNER_MOVED, event);
		return;
	}
	w->out->items[w->remapped - 1].end = MS_OWNER_LIVES;
	w->mapped = w->mapped ? w->mapped : w->remapped;
}

static ms_status see_mapping(struct ms_owner_watch *w, const struct ms_event *event,
			     struct ms_error *err)
{
	bool is_end = event->class == MS_CLASS_REMAP_END && w->remapped &&
		      w->remapper == event->thread;
	uint64_t start, end, from = 0;
	bool takes, there;

	there = ms_mapping_range(event, &start, &end, &takes) && w->address >= start &&
		w->address < end;
	if (is_end) {
		from = w->out->items[w->remapped - 1].block.address;
		end_remap(w, event);
		w->remapped = 0;
	}
	if (!there)
		return MS_OK;
	if (w->mapped)
		end_mapping(w, w->mapped, MS_OWNER_UNMAPPED, event);
	if (event->class == MS_CLASS_REMAP_BEGIN && w->mapped) {
		w->remapped = w->mapped;
		w->remapper = event->thread;
	}
	w->mapped = 0;
	if (!takes)
		return MS_OK;
	if (reserve_owner(w->out) < 0)
		return ms_fail_memory(err);
	w->out->items[w->out->count] =
		(struct ms_owner){ .block = ms_event_block(event), .moved_from = from };
	w->out->items[w->out->count].block.address = start;
	w->out->items[w->out->count].block.size = end - start;
	w->mapped = ++w->out->count;
	return MS_OK;
}

/* --- blocks ---------------------------------------------------------------------------
 */

void ms_owner_settle(struct ms_owner_watch *w)
{
	w->out->unmatched += w->frees && !w->ended;
	w->frees = false;
}

/* The old address of a realloc, from its first half. */
static ms_status follow(struct ms_owner_watch *w, const struct ms_event *event,
			struct ms_error *err)
{
	struct ms_block old = ms_event_block(event);

	if (event->class == MS_CLASS_REALLOC_BEGIN)
		return ms_pairs_push(&w->pairs, event->thread, &old) < 0
			       ? ms_fail_memory(err)
			       : MS_OK;
	if ((event->class == MS_CLASS_REALLOC_END ||
	     event->class == MS_CLASS_REALLOC_FREED) &&
	    ms_pairs_pop(&w->pairs, event->thread, &old))
		w->old_address = old.address;
	return MS_OK;
}

ms_status ms_owner_event(void *watch, const struct ms_event *event, struct ms_error *err)
{
	struct ms_owner_watch *w = watch;
	struct ms_block block = ms_event_block(event);

	ms_owner_settle(w);
	w->old_address = 0;
	w->ended = false;
	w->frees = event->class == MS_CLASS_FREE && event->address == w->address;
	if (event->class >= MS_CLASS_MAP)
		return w->inside ? see_mapping(w, event, err) : MS_OK;
	if (w->follows && follow(w, event, err) != MS_OK)
		return MS_ENOMEM;
	if (!event->address || !ms_event_makes(event) || !has(w, &block))
		return MS_OK;
	/* Room for it: a change of the heap cannot fail. */
	if (reserve_owner(w->out) < 0 || !ms_map_at(&w->open, key_of(&block), NULL))
		return ms_fail_memory(err);
	return MS_OK;
}

static void begin(struct ms_owner_watch *w, const struct ms_block *block)
{
	/* There is room: even if a block of the same key has taken its place along. */
	uint64_t *open = has(w, block) ? ms_map_at(&w->open, key_of(block), NULL) : NULL;

	if (!open)
		return;
	w->out->items[w->out->count] =
		(struct ms_owner){ .block = *block, .moved_from = w->old_address };
	*open = ++w->out->count;
}

static void end(struct ms_owner_watch *w, const struct ms_block *block,
		const struct ms_event *event, bool overwritten)
{
	bool moved = event->class == MS_CLASS_REALLOC_END && !overwritten;
	struct ms_owner *owner;
	uint64_t index;

	if (!has(w, block) || !ms_map_remove(&w->open, key_of(block), &index) || !index)
		return;
	w->ended = true;
	owner = &w->out->items[index - 1];
	owner->ended = *event;
	owner->moved_to = moved ? event->address : 0;
	owner->end = overwritten ? MS_OWNER_OVERWRITTEN
		     : moved	 ? MS_OWNER_MOVED
				 : MS_OWNER_FREED;
}

void ms_owner_block(void *watch, enum ms_change change, const struct ms_block *block,
		    const struct ms_event *event, const struct ms_totals *totals)
{
	struct ms_owner_watch *w = watch;
	bool overwritten = totals->overwritten_blocks != w->overwritten;

	w->overwritten = totals->overwritten_blocks;
	if (change == MS_CHANGE_BEGIN)
		begin(w, block);
	else
		end(w, block, event, overwritten);
}
