/* SPDX-License-Identifier: Apache-2.0 */
/*
 * owners_find.c - which events of a log the life of an address is made of.
 *
 * Blocks that begin at the address are made and ended by events that bear it, and these
 * are fed to a heap of their own.  A realloc among them has another half, which bears
 * another address: it is among the events of its thread, near in time.  What contains the
 * address without beginning there takes a replay of everything, and so do addresses that
 * were reallocated so often that one replay is cheaper than as many searches.
 */
#include "analyzer/timeline/owners.h"
#include "analyzer/base/alloc.h"

#define MANY_HALVES 256
#define NEAR_NS	    1000000 /* most calls of realloc return within this */

struct waiting { /* the second half of a realloc whose first one bore the address */
	struct ms_event end;
	bool comes; /* it bears the address itself: the cursor delivers it */
};

struct finder {
	struct ms_owner_watch watch;
	const struct ms_store *store;
	struct ms_heap *heap;
	struct waiting *waiting; /* a handful: as many as threads are in realloc */
	size_t waiting_count, waiting_capacity;
	size_t halves;
	bool give_up; /* a replay of everything has to tell */
};

static bool is_end(const struct ms_event *event)
{
	return event->class == MS_CLASS_REALLOC_END ||
	       event->class == MS_CLASS_REALLOC_FREED;
}

static bool same_event(const struct ms_event *a, const struct ms_event *b)
{
	return a->at_ns == b->at_ns && a->address == b->address && a->kind == b->kind &&
	       a->thread == b->thread;
}

/* --- other halves ---------------------------------------------------------------------
 */

/* The second half of a realloc that has begun; class UNKNOWN: it never ended. */
static ms_status find_end(struct finder *f, const struct ms_event *begin,
			  struct ms_event *end, struct ms_error *err)
{
	struct ms_want want = { .from_ns = begin->at_ns, .thread = begin->thread };
	size_t depth = 0;
	struct ms_cursor *cursor;
	struct ms_event event;
	ms_status status = ms_cursor_open_want(&cursor, f->store, &want, err);

	*end = (struct ms_event){ 0 };
	if (status != MS_OK)
		return status;
	while (ms_cursor_next(cursor, &event)) {
		bool same = same_event(&event, begin);

		/* Twice the same in one nanosecond: which one was meant? */
		f->give_up |= same && depth;
		if (depth ? event.class == MS_CLASS_REALLOC_BEGIN : same) {
			depth++;
		} else if (depth && is_end(&event) && --depth == 0) {
			*end = event;
			break;
		}
	}
	ms_cursor_close(cursor);
	return MS_OK;
}

/* The first half of a realloc, if it began at from_ns or later; class UNKNOWN: not. */
static ms_status find_begin_from(struct finder *f, const struct ms_event *end,
				 uint64_t from_ns, struct ms_event *begin,
				 struct ms_error *err)
{
	struct ms_want want = { .from_ns = from_ns,
				.to_ns = end->at_ns ? end->at_ns : 1,
				.thread = end->thread };
	struct ms_cursor *cursor;
	struct ms_pairs pairs;
	struct ms_event event;
	bool found = false;
	ms_status status = ms_cursor_open_want(&cursor, f->store, &want, err);

	*begin = (struct ms_event){ 0 };
	if (status != MS_OK)
		return status;
	ms_pairs_init(&pairs);
	while (status == MS_OK && ms_cursor_next(cursor, &event)) {
		bool same = same_event(&event, end);
		struct ms_block old = ms_event_block(&event);

		if (event.class == MS_CLASS_REALLOC_BEGIN &&
		    ms_pairs_push(&pairs, event.thread, &old) < 0)
			status = ms_fail_memory(err);
		if (!is_end(&event))
			continue;
		f->give_up |= same && found;
		found |= same;
		if (ms_pairs_pop(&pairs, event.thread, &old) && same)
			*begin = (struct ms_event){ .at_ns = old.at_ns,
						    .address = old.address,
						    .thread = old.thread,
						    .kind = old.kind,
						    .class = MS_CLASS_REALLOC_BEGIN };
	}
	ms_pairs_release(&pairs);
	ms_cursor_close(cursor);
	return status;
}

static ms_status find_begin(struct finder *f, const struct ms_event *end,
			    struct ms_event *begin, struct ms_error *err)
{
	uint64_t near = NEAR_NS, from;
	ms_status status;

	do {
		from = end->at_ns > near ? end->at_ns - near : 0;
		status = find_begin_from(f, end, from, begin, err);
		near = near < UINT64_MAX / 64 ? near * 64 : UINT64_MAX;
	} while (status == MS_OK && begin->class == MS_CLASS_UNKNOWN && from > 0);
	return status;
}

/* --- feeding --------------------------------------------------------------------------
 */

/* old_address: of the realloc that the event ends, where the heap does not know it. */
static ms_status feed(struct finder *f, const struct ms_event *event,
		      uint64_t old_address, struct ms_error *err)
{
	ms_status status = ms_owner_event(&f->watch, event, err);

	f->watch.old_address = old_address;
	return status == MS_OK ? ms_heap_apply(f->heap, event, err) : status;
}

/* The second half that comes first, before at_ns; waiting_count: none. */
static size_t first_waiting(const struct finder *f, uint64_t at_ns)
{
	const struct waiting *w = f->waiting;
	size_t first = f->waiting_count;

	for (size_t i = 0; i < f->waiting_count; i++) {
		if (!w[i].comes && w[i].end.at_ns <= at_ns &&
		    (first == f->waiting_count || w[i].end.at_ns < w[first].end.at_ns))
			first = i;
	}
	return first;
}

/* Which of several events of one nanosecond is the first, only a cursor over all knows.
 */
static bool is_tied(const struct finder *f, size_t waiting, uint64_t at_ns)
{
	uint64_t ns = f->waiting[waiting].end.at_ns;
	unsigned same = ns == at_ns;

	for (size_t i = 0; i < f->waiting_count; i++)
		same += f->waiting[i].end.at_ns == ns;
	return same > 1;
}

static ms_status feed_waiting(struct finder *f, uint64_t at_ns, struct ms_error *err)
{
	ms_status status = MS_OK;
	size_t first;

	while (status == MS_OK && !f->give_up) {
		first = first_waiting(f, at_ns);
		if (first == f->waiting_count)
			return MS_OK;
		f->give_up = is_tied(f, first, at_ns);
		status = feed(f, &f->waiting[first].end, 0, err);
		f->waiting[first] = f->waiting[--f->waiting_count];
	}
	return status;
}

static ms_status feed_begin(struct finder *f, const struct ms_event *begin,
			    struct ms_error *err)
{
	struct waiting waiting = { .comes = false };
	ms_status status = find_end(f, begin, &waiting.end, err);

	f->give_up |= ++f->halves > MANY_HALVES;
	if (status == MS_OK)
		status = feed(f, begin, 0, err);
	if (status != MS_OK || waiting.end.class == MS_CLASS_UNKNOWN)
		return status;
	waiting.comes = waiting.end.address == f->watch.address;
	if (ms_grow((void **)&f->waiting, &f->waiting_capacity, f->waiting_count,
		    sizeof(*f->waiting)) < 0)
		return ms_fail_memory(err);
	f->waiting[f->waiting_count++] = waiting;
	return MS_OK;
}

/* Did a realloc of this very address end with it?  Forget that it waits then. */
static bool was_waiting(struct finder *f, const struct ms_event *end)
{
	for (size_t i = 0; i < f->waiting_count; i++) {
		if (!f->waiting[i].comes || !same_event(&f->waiting[i].end, end))
			continue;
		f->waiting[i] = f->waiting[--f->waiting_count];
		return true;
	}
	return false;
}

static ms_status feed_end(struct finder *f, const struct ms_event *end,
			  struct ms_error *err)
{
	struct ms_event begin;
	ms_status status;

	if (was_waiting(f, end))
		return feed(f, end, f->watch.address, err);
	f->give_up |= ++f->halves > MANY_HALVES;
	status = find_begin(f, end, &begin, err);
	/* Both halves, so that the heap pairs no other with this one. */
	if (status == MS_OK && begin.class == MS_CLASS_REALLOC_BEGIN)
		status = feed(f, &begin, 0, err);
	return status == MS_OK ? feed(f, end, begin.address, err) : status;
}

static ms_status feed_all(struct finder *f, struct ms_cursor *cursor,
			  struct ms_error *err)
{
	ms_status status = MS_OK;
	struct ms_event event;

	while (status == MS_OK && !f->give_up && ms_cursor_next(cursor, &event)) {
		status = feed_waiting(f, event.at_ns, err);
		if (status != MS_OK)
			return status;
		if (event.class == MS_CLASS_REALLOC_BEGIN)
			status = feed_begin(f, &event, err);
		else if (is_end(&event))
			status = feed_end(f, &event, err);
		else
			status = feed(f, &event, 0, err);
	}
	if (status == MS_OK)
		status = feed_waiting(f, UINT64_MAX, err);
	return status;
}

/* *done is false, and out empty, when there is too much of it. */
static ms_status find_exact(struct ms_owners *out, const struct ms_store *store,
			    uint64_t address, bool *done, struct ms_error *err)
{
	struct finder f = { .store = store };
	struct ms_observer observer = { .block = ms_owner_block, .context = &f.watch };
	struct ms_want want = { .address = address };
	struct ms_cursor *cursor = NULL;
	ms_status status;

	ms_owner_watch_init(&f.watch, out, address, false);
	status = ms_heap_new(&f.heap, &observer, err);
	if (status == MS_OK)
		status = ms_cursor_open_want(&cursor, store, &want, err);
	if (status == MS_OK)
		status = feed_all(&f, cursor, err);
	ms_owner_settle(&f.watch);
	*done = !f.give_up;
	if (!*done)
		ms_owners_release(out);
	ms_cursor_close(cursor);
	ms_heap_free(f.heap);
	ms_free(f.waiting);
	ms_owner_watch_release(&f.watch);
	return status;
}

/* --- the door -------------------------------------------------------------------------
 */

static ms_status find_all(struct ms_owners *out, const struct ms_store *store,
			  uint64_t address, bool inside,
			  const struct ms_progress *progress, struct ms_error *err)
{
	struct ms_pass pass = { .store = store,
				.to_ns = UINT64_MAX,
				.progress = progress };
	struct ms_owner_watch watch;
	struct ms_observer observer = { .block = ms_owner_block,
					.context = &watch,
					.event = ms_owner_event };
	struct ms_replayed replayed;
	ms_status status;

	ms_owner_watch_init(&watch, out, address, inside);
	watch.follows = true;
	status = ms_pass_run(&replayed, &pass, &observer, err);
	ms_owner_settle(&watch);
	ms_owner_watch_release(&watch);
	if (status == MS_OK)
		ms_replayed_release(&replayed);
	return status;
}

ms_status ms_owners_init(struct ms_owners *out, const struct ms_store *store,
			 uint64_t address, bool inside,
			 const struct ms_progress *progress, struct ms_error *err)
{
	bool done = false;
	ms_status status = MS_OK;

	*out = (struct ms_owners){ 0 };
	if (!inside && address)
		status = find_exact(out, store, address, &done, err);
	if (status == MS_OK && !done)
		status = find_all(out, store, address, inside, progress, err);
	if (status != MS_OK)
		ms_owners_release(out);
	return status;
}

void ms_owners_release(struct ms_owners *owners)
{
	ms_free(owners->items);
	*owners = (struct ms_owners){ 0 };
}
