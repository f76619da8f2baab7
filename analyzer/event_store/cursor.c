/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cursor.c - events in log order: a merge of spans.
 *
 * A span is sorted in itself, so the next event is always the least of the open spans'
 * next ones.  These stand in a binary heap; its top keeps delivering without a comparison
 * for as long as it stays below the runner-up, which is most of the time, since threads
 * run in slices.  A span is opened when its first event is due and closed after its last,
 * so the heap holds about one entry a thread, however many windows the log has.
 */
#include "analyzer/event_store/chunk.h"

struct reader {
	struct ms_decoder decoder;
	struct ms_event next;  /* at_ns in ticks */
	uint64_t last_ticks;   /* of the span */
	uint32_t first, count; /* its chunks */
};

struct entry {
	uint64_t ticks; /* of reader->next */
	struct reader *reader;
};

struct ms_cursor {
	const struct ms_store *store;
	struct ms_tick_scale scale;
	struct ms_spans spans;
	size_t started; /* of the spans */
	struct reader *readers;
	struct reader **idle; /* readers without a span */
	size_t idle_count;
	struct entry *heap; /* a binary heap, the least first */
	size_t heap_count;
	uint64_t limit; /* below it heap[0] is the least of all, without looking */
	uint64_t ticks; /* of the event delivered last */
	struct ms_choice choice;
};

static bool entry_less(const struct ms_cursor *c, const struct entry *a,
		       const struct entry *b)
{
	if (a->ticks != b->ticks)
		return a->ticks < b->ticks;
	return ms_chunk_before(c->store, a->reader->first, b->reader->first);
}

static void sift_down(struct ms_cursor *c)
{
	struct entry entry = c->heap[0];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < c->heap_count) {
		if (child + 1 < c->heap_count &&
		    entry_less(c, &c->heap[child + 1], &c->heap[child]))
			child++;
		if (!entry_less(c, &c->heap[child], &entry))
			break;
		c->heap[i] = c->heap[child];
		i = child;
	}
	c->heap[i] = entry;
}

static void sift_up(struct ms_cursor *c, size_t i)
{
	struct entry entry = c->heap[i];

	for (; i > 0 && entry_less(c, &entry, &c->heap[(i - 1) / 2]); i = (i - 1) / 2)
		c->heap[i] = c->heap[(i - 1) / 2];
	c->heap[i] = entry;
}

/*
 * Decode the reader's next event; false at the span's end.  The span was whole when it
 * was added; a file that somebody changes since then ends it early.
 */
static inline bool advance(struct reader *r)
{
	enum ms_decoded decoded;

	do
		decoded = ms_decode(&r->decoder, &r->next);
	while (__builtin_expect(decoded == MS_DECODED_RECORD, 0));
	return decoded == MS_DECODED_EVENT && r->next.at_ns <= r->last_ticks;
}

/* The same for the next one that bears the address that is wanted. */
static bool advance_to(struct reader *r, uint64_t address)
{
	for (;;) {
		ms_decode_find(&r->decoder, address);
		if (!advance(r))
			return false;
		if (r->next.address == address)
			return true;
	}
}

static bool advance_wanted(const struct ms_cursor *c, struct reader *r)
{
	return c->choice.address ? advance_to(r, c->choice.address) : advance(r);
}

/* The first event of a span that is wanted; what comes later is late enough as well. */
static bool begin_reader(const struct ms_cursor *c, struct reader *r)
{
	bool more;

	do
		more = advance_wanted(c, r);
	while (more && r->next.at_ns < c->choice.from_ticks);
	return more;
}

static void open_span(struct ms_cursor *c, const struct ms_span *span)
{
	const struct ms_chunk *chunks = c->store->chunks;
	struct reader *r = c->idle[--c->idle_count];

	r->first = span->first;
	r->count = span->count;
	r->decoder = ms_chunk_decoder(&chunks[span->first], span->count);
	r->last_ticks = chunks[span->first + span->count - 1].last_ticks;
	r->next.thread = chunks[span->first].thread;
	if (!begin_reader(c, r)) {
		c->idle[c->idle_count++] = r;
		return;
	}
	c->heap[c->heap_count] = (struct entry){ r->next.at_ns, r };
	sift_up(c, c->heap_count++);
}

/* Is the next span's first event before the heap's top? */
static bool start_due(const struct ms_cursor *c)
{
	uint32_t first;
	uint64_t ticks;

	if (c->started == c->spans.count)
		return false;
	if (!c->heap_count)
		return true;
	first = c->spans.items[c->started].first;
	ticks = c->store->chunks[first].first_ticks;
	if (ticks != c->heap[0].ticks)
		return ticks < c->heap[0].ticks;
	return ms_chunk_before(c->store, first, c->heap[0].reader->first);
}

/* Bring the least event to the top after the top has changed. */
static void settle(struct ms_cursor *c)
{
	if (c->heap_count)
		sift_down(c);
	while (start_due(c))
		open_span(c, &c->spans.items[c->started++]);
	c->limit = UINT64_MAX;
	for (size_t i = 1; i < 3 && i < c->heap_count; i++)
		c->limit = c->heap[i].ticks < c->limit ? c->heap[i].ticks : c->limit;
	if (c->started < c->spans.count) {
		uint32_t first = c->spans.items[c->started].first;
		uint64_t ticks = c->store->chunks[first].first_ticks;

		c->limit = ticks < c->limit ? ticks : c->limit;
	}
}

/* The top's event was delivered, and more says whether it has another. */
static inline void step(struct ms_cursor *c, bool more)
{
	struct reader *top = c->heap[0].reader;

	if (__builtin_expect(more, 1)) {
		c->heap[0].ticks = top->next.at_ns;
		if (top->next.at_ns < c->limit)
			return;
	} else {
		c->idle[c->idle_count++] = top;
		c->heap[0] = c->heap[--c->heap_count];
	}
	settle(c);
}

static inline void deliver(struct ms_cursor *c, struct ms_event *event)
{
	*event = c->heap[0].reader->next;
	c->ticks = event->at_ns;
	event->at_ns = ms_ticks_to_ns(&c->scale, c->ticks);
}

static void stop(struct ms_cursor *c)
{
	c->heap_count = 0;
	c->started = c->spans.count;
}

bool ms_cursor_next(struct ms_cursor *c, struct ms_event *event)
{
	struct reader *top;

	if (!c->heap_count)
		return false;
	top = c->heap[0].reader;
	if (__builtin_expect(top->next.at_ns > c->choice.to_ticks, 0)) {
		stop(c);
		return false;
	}
	deliver(c, event);
	step(c, advance_wanted(c, top));
	return true;
}

/* Before this time the top's events can be delivered without looking at others. */
static uint64_t run_limit(const struct ms_cursor *c)
{
	uint64_t limit = c->heap[0].reader->last_ticks;

	limit = c->limit < limit ? c->limit : limit;
	return c->choice.to_ticks < limit ? c->choice.to_ticks : limit;
}

/*
 * Deliver the top's event, and more of its span, into events[0] to events[n - 1]: how
 * many.  Its next one is left with it, so that the merge goes on from there.
 */
static size_t run_on(struct ms_cursor *c, struct ms_event *events, size_t n,
		     uint64_t below)
{
	struct reader *top = c->heap[0].reader;
	struct ms_decode_run run = { .below = below,
				     .scale = &c->scale,
				     .thread = top->next.thread };
	size_t count;

	deliver(c, events++);
	count = ms_decode_many(&top->decoder, events, n - 1, &run);
	if (count && ms_decoder_time(&top->decoder) >= below) {
		top->next = events[--count];
		step(c, top->next.at_ns <= top->last_ticks);
	} else {
		step(c, advance(top));
	}
	if (count)
		c->ticks = run.last;
	return 1 + count;
}

size_t ms_cursor_batch(struct ms_cursor *c, struct ms_event *events, size_t n)
{
	size_t i = 0;

	while (i < n && c->heap_count) {
		uint64_t below = run_limit(c);

		if (!c->choice.address && c->heap[0].ticks < below)
			i += run_on(c, events + i, n - i, below);
		else if (ms_cursor_next(c, &events[i]))
			i++;
	}
	return i;
}

uint64_t ms_cursor_ticks(const struct ms_cursor *c)
{
	return c->ticks;
}

/* Find what to read, and get room for as many as can be open.  0, or -1 without memory.
 */
static int prepare(struct ms_cursor *c)
{
	size_t open;

	if (ms_spans_init(&c->spans, c->store, &c->choice))
		return -1;
	open = c->spans.most_open;
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

/* The least time that becomes ns or more; UINT64_MAX when none does. */
static uint64_t first_tick(const struct ms_tick_scale *scale, uint64_t ns)
{
	uint64_t low = 0, high = UINT64_MAX;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (ms_ticks_to_ns(scale, middle) < ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void choose(struct ms_cursor *c, const struct ms_want *want)
{
	struct ms_choice *choice = &c->choice;

	*choice = (struct ms_choice){ .to_ticks = UINT64_MAX,
				      .address = want->address,
				      .thread = want->thread };
	if (want->to_ns && want->to_ns < ms_ticks_to_ns(&c->scale, UINT64_MAX))
		choice->to_ticks = first_tick(&c->scale, want->to_ns + 1) - 1;
	if (want->from_ns)
		choice->from_ticks = first_tick(&c->scale, want->from_ns);
	if (want->after_ticks >= choice->from_ticks && want->after_ticks)
		choice->from_ticks = want->after_ticks + 1;
	/* nothing is that late */
	if (want->after_ticks == UINT64_MAX ||
	    want->from_ns > ms_ticks_to_ns(&c->scale, UINT64_MAX)) {
		choice->from_ticks = UINT64_MAX;
		choice->to_ticks = 0;
	}
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
	c->store = store;
	c->scale = store->scale;
	choose(c, want);
	if (prepare(c)) {
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
	ms_spans_release(&c->spans);
	ms_free(c->readers);
	ms_free(c->idle);
	ms_free(c->heap);
	ms_free(c);
}
