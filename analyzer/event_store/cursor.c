/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cursor.c - all events in log order: a merge of the store's segments.
 *
 * A segment is sorted in itself, so the next event is always the least of the open
 * segments' next ones.  These stand in a binary heap; its top keeps delivering without a
 * comparison for as long as it stays below the runner-up, which is most of the time,
 * since threads run in slices.  A segment is opened when its first event is due and
 * closed after its last, so the heap holds about one entry a thread, however many windows
 * the log has.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/event_store/decode.h"
#include "analyzer/event_store/segment.h"

#include <stdlib.h>

struct reader {
	struct ms_decoder decoder;
	struct ms_event next; /* at_ns in ticks */
	const struct ms_segment *segment;
};

struct entry {
	uint64_t ticks; /* of reader->next */
	struct reader *reader;
};

struct ms_cursor {
	struct ms_tick_scale scale;
	const struct ms_segment **starts; /* by order of their first events */
	size_t started, start_count;
	struct reader *readers;
	struct reader **idle; /* readers without a segment */
	size_t idle_count;
	struct entry *heap; /* a binary heap, the least first */
	size_t heap_count;
	uint64_t limit; /* below it heap[0] is the least of all, without looking */
	uint64_t ticks; /* of the event delivered last */
	struct ms_want want;
};

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* Of two segments whose next events bear the same time. */
static int compare_places(const struct ms_segment *a, const struct ms_segment *b)
{
	int order = compare(a->sequence, b->sequence);

	return order ? order : compare(a->position, b->position);
}

static int compare_starts(const void *a, const void *b)
{
	const struct ms_segment *sa = *(const struct ms_segment *const *)a;
	const struct ms_segment *sb = *(const struct ms_segment *const *)b;
	int order = compare(sa->first_ticks, sb->first_ticks);

	return order ? order : compare_places(sa, sb);
}

static int compare_ticks(const void *a, const void *b)
{
	return compare(*(const uint64_t *)a, *(const uint64_t *)b);
}

static bool entry_less(const struct entry *a, const struct entry *b)
{
	if (a->ticks != b->ticks)
		return a->ticks < b->ticks;
	return compare_places(a->reader->segment, b->reader->segment) < 0;
}

static void sift_down(struct ms_cursor *c)
{
	struct entry entry = c->heap[0];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < c->heap_count) {
		if (child + 1 < c->heap_count &&
		    entry_less(&c->heap[child + 1], &c->heap[child]))
			child++;
		if (!entry_less(&c->heap[child], &entry))
			break;
		c->heap[i] = c->heap[child];
		i = child;
	}
	c->heap[i] = entry;
}

static void sift_up(struct ms_cursor *c, size_t i)
{
	struct entry entry = c->heap[i];

	for (; i > 0 && entry_less(&entry, &c->heap[(i - 1) / 2]); i = (i - 1) / 2)
		c->heap[i] = c->heap[(i - 1) / 2];
	c->heap[i] = entry;
}

/*
 * Decode the reader's next event; false at the segment's end.  The segment was whole when
 * it was added; a file that somebody changes since then ends it early.
 */
static inline bool advance(struct reader *r)
{
	enum ms_decoded decoded;

	do
		decoded = ms_decode(&r->decoder, &r->next);
	while (__builtin_expect(decoded == MS_DECODED_RECORD, 0));
	return decoded == MS_DECODED_EVENT && r->next.at_ns <= r->segment->last_ticks;
}

static void open_segment(struct ms_cursor *c, const struct ms_segment *segment)
{
	struct reader *r = c->idle[--c->idle_count];

	r->segment = segment;
	r->decoder = ms_decoder(segment->begin, segment->len_bytes, segment->base_ticks);
	r->next.thread = segment->thread;
	if (!advance(r)) {
		c->idle[c->idle_count++] = r;
		return;
	}
	c->heap[c->heap_count] = (struct entry){ r->next.at_ns, r };
	sift_up(c, c->heap_count++);
}

/* Is the next segment's first event before the heap's top? */
static bool start_due(const struct ms_cursor *c)
{
	const struct ms_segment *next;

	if (c->started == c->start_count)
		return false;
	if (!c->heap_count)
		return true;
	next = c->starts[c->started];
	if (next->first_ticks != c->heap[0].ticks)
		return next->first_ticks < c->heap[0].ticks;
	return compare_places(next, c->heap[0].reader->segment) < 0;
}

/* Bring the least event to the top after the top has changed. */
static void settle(struct ms_cursor *c)
{
	if (c->heap_count)
		sift_down(c);
	while (start_due(c))
		open_segment(c, c->starts[c->started++]);
	c->limit = UINT64_MAX;
	for (size_t i = 1; i < 3 && i < c->heap_count; i++)
		c->limit = c->heap[i].ticks < c->limit ? c->heap[i].ticks : c->limit;
	if (c->started < c->start_count && c->starts[c->started]->first_ticks < c->limit)
		c->limit = c->starts[c->started]->first_ticks;
}

static inline bool next(struct ms_cursor *c, struct ms_event *event)
{
	struct reader *top;

	if (!c->heap_count)
		return false;
	top = c->heap[0].reader;
	*event = top->next;
	c->ticks = event->at_ns;
	event->at_ns = ms_ticks_to_ns(&c->scale, event->at_ns);
	if (__builtin_expect(advance(top), 1)) {
		c->heap[0].ticks = top->next.at_ns;
		if (top->next.at_ns < c->limit)
			return true;
	} else {
		c->idle[c->idle_count++] = top;
		c->heap[0] = c->heap[--c->heap_count];
	}
	settle(c);
	return true;
}

static bool is_wanted(const struct ms_cursor *c, const struct ms_event *event)
{
	const struct ms_want *want = &c->want;

	return event->at_ns >= want->from_ns &&
	       (c->ticks > want->after_ticks || !want->after_ticks) &&
	       (!want->thread || event->thread == want->thread) &&
	       (!want->address || event->address == want->address);
}

bool ms_cursor_next(struct ms_cursor *c, struct ms_event *event)
{
	do {
		if (!next(c, event))
			return false;
		if (c->want.to_ns && event->at_ns > c->want.to_ns)
			return false;
	} while (!is_wanted(c, event));
	return true;
}

size_t ms_cursor_batch(struct ms_cursor *c, struct ms_event *events, size_t n)
{
	size_t i = 0;

	while (i < n && ms_cursor_next(c, &events[i]))
		i++;
	return i;
}

uint64_t ms_cursor_ticks(const struct ms_cursor *c)
{
	return c->ticks;
}

/*
 * The most segments that can be open at once.  When one opens, every event before its
 * first has been delivered, so those that end earlier are closed.
 */
static size_t most_open(const struct ms_cursor *c, const uint64_t *ends)
{
	size_t most = 0, ended = 0;

	for (size_t i = 0; i < c->start_count; i++) {
		while (ended < i && ends[ended] < c->starts[i]->first_ticks)
			ended++;
		most = i + 1 - ended > most ? i + 1 - ended : most;
	}
	return most;
}

/* Sort the segments, and get room for as many as can be open.  0, or -1 without memory.
 */
static int prepare(struct ms_cursor *c, const struct ms_store *store)
{
	size_t n = c->start_count = store->count, open;
	uint64_t *ends = ms_alloc(n * sizeof(*ends));

	c->starts = ms_alloc(n * sizeof(*c->starts));
	if (!ends || !c->starts) {
		ms_free(ends);
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		c->starts[i] = &store->segments[i];
		ends[i] = store->segments[i].last_ticks;
	}
	qsort(c->starts, n, sizeof(*c->starts), compare_starts);
	qsort(ends, n, sizeof(*ends), compare_ticks);
	open = most_open(c, ends);
	ms_free(ends);
	c->heap = ms_alloc_zero(open, sizeof(*c->heap));
	c->readers = ms_alloc_zero(open, sizeof(*c->readers));
	c->idle = ms_alloc_zero(open, sizeof(struct reader *));
	if (!c->heap || !c->readers || !c->idle)
		return -1;
	while (c->idle_count < open) {
		c->idle[c->idle_count] = &c->readers[c->idle_count];
		c->idle_count++;
	}
	return 0;
}

ms_status ms_cursor_open(struct ms_cursor **out, const struct ms_store *store,
			 struct ms_error *err)
{
	return ms_cursor_open_want(out, store, &(struct ms_want){ 0 }, err);
}

ms_status ms_cursor_open_want(struct ms_cursor **out, const struct ms_store *store,
			      const struct ms_want *want, struct ms_error *err)
{
	struct ms_cursor *c = ms_alloc_zero(1, sizeof(*c));

	*out = NULL;
	if (!c)
		return ms_fail_memory(err);
	c->scale = store->scale;
	c->want = *want;
	if (prepare(c, store)) {
		ms_cursor_close(c);
		return ms_fail_memory(err);
	}
	settle(c);
	*out = c;
	return MS_OK;
}

void ms_cursor_close(struct ms_cursor *c)
{
	if (!c)
		return;
	ms_free(c->starts);
	ms_free(c->readers);
	ms_free(c->idle);
	ms_free(c->heap);
	ms_free(c);
}
