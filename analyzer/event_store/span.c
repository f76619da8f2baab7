/* SPDX-License-Identifier: Apache-2.0 */
/*
 * span.c - what a cursor has to read: the chunks that may hold what is wanted.
 *
 * Chunks that continue each other are one span, so that a pass over everything has a span
 * for each run, and a lookup one for each place where it has to look.
 */
#define _GNU_SOURCE
#include "analyzer/base/parallel.h"
#include "analyzer/event_store/chunk.h"

#include <stdlib.h>

static bool may_bear(const struct ms_store *store, const struct ms_chunk *c,
		     uint64_t address)
{
	const uint8_t *bytes;
	size_t len_bytes, words;

	if (c->bloom_log2 == MS_NO_BLOOM || !store->index ||
	    !ms_index_part(store->index, MS_INDEX_BLOOMS, c->window, &bytes, &len_bytes))
		return true;
	words = len_bytes / sizeof(uint64_t);
	if (c->bloom_at > words || words - c->bloom_at < (size_t)1 << c->bloom_log2)
		return true;
	return ms_bloom_has((const uint64_t *)(const void *)bytes + c->bloom_at,
			    c->bloom_log2, address);
}

static bool is_chosen(const struct ms_store *store, const struct ms_chunk *c,
		      const struct ms_choice *choice)
{
	return (!choice->thread || c->thread == choice->thread) &&
	       c->last_ticks >= choice->from_ticks &&
	       c->first_ticks <= choice->to_ticks &&
	       (!choice->address || may_bear(store, c, choice->address));
}

/* --- chunks that really bear an address ------------------------------------------------
 */

/* Below so many events a second thread costs more than it does. */
#define PROBE_LEAST (1u << 14)

struct probe {
	const struct ms_store *store;
	uint64_t address;
	uint32_t *chunks; /* that may bear it; then those that do */
	size_t count, capacity;
	uint64_t events; /* of all */
	bool *bears;
};

static void probe_one(void *context, unsigned worker, size_t i)
{
	struct probe *probe = context;
	struct ms_decoder d =
		ms_chunk_decoder(&probe->store->chunks[probe->chunks[i]], 1);
	enum ms_decoded decoded = MS_DECODED_RECORD;
	struct ms_event event = { 0 };
	bool found = false;

	(void)worker;
	while (!found && (decoded == MS_DECODED_RECORD || decoded == MS_DECODED_EVENT)) {
		found = ms_decode_find(&d, probe->address);
		decoded = ms_decode(&d, &event);
		found |= decoded == MS_DECODED_EVENT && event.address == probe->address;
	}
	probe->bears[i] = found;
}

/*
 * Where there is much to look through, all threads find out which chunks are worth the
 * merge.  0, or -1 without memory.
 */
static int probe_all(struct probe *probe)
{
	size_t kept = 0;

	if (!probe->address || probe->events < PROBE_LEAST ||
	    ms_thread_count(probe->store->threads) == 1)
		return 0;
	probe->bears = ms_alloc_zero(probe->count, sizeof(*probe->bears));
	if (!probe->bears)
		return -1;
	ms_parallel(probe->store->threads, probe->count, probe_one, probe);
	for (size_t i = 0; i < probe->count; i++) {
		if (probe->bears[i])
			probe->chunks[kept++] = probe->chunks[i];
	}
	probe->count = kept;
	return 0;
}

/* The chunks that are chosen.  0, or -1 without memory. */
static int choose(struct probe *probe, const struct ms_choice *choice)
{
	for (size_t i = 0; i < probe->store->count; i++) {
		const struct ms_chunk *c = &probe->store->chunks[i];

		if (!is_chosen(probe->store, c, choice))
			continue;
		if (ms_grow((void **)&probe->chunks, &probe->capacity, probe->count,
			    sizeof(*probe->chunks)))
			return -1;
		probe->chunks[probe->count++] = (uint32_t)i;
		probe->events += c->events;
	}
	return probe_all(probe);
}

/* --- spans of them ---------------------------------------------------------------------
 */

/* A chunk of a log is appended to the span that it continues.  0, or -1 without memory.
 */
static int add_chunk(struct ms_spans *spans, const struct ms_store *store, uint32_t i)
{
	struct ms_span *last = spans->count ? &spans->items[spans->count - 1] : NULL;

	if (last && last->first + last->count == i && !store->chunks[i - 1].ends_run) {
		last->count++;
		return 0;
	}
	if (ms_grow((void **)&spans->items, &spans->capacity, spans->count,
		    sizeof(*spans->items)))
		return -1;
	spans->items[spans->count++] = (struct ms_span){ i, 1 };
	return 0;
}

static int compare_spans(const void *a, const void *b, void *context)
{
	const struct ms_store *store = context;
	uint32_t x = ((const struct ms_span *)a)->first;
	uint32_t y = ((const struct ms_span *)b)->first;
	uint64_t tx = store->chunks[x].first_ticks, ty = store->chunks[y].first_ticks;

	if (tx != ty)
		return tx < ty ? -1 : 1;
	if (x == y)
		return 0;
	return ms_chunk_before(store, x, y) ? -1 : 1;
}

static int compare_ticks(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/*
 * When a span is opened, every event before its first has been delivered, so those that
 * end earlier are closed.
 */
static int find_most_open(struct ms_spans *spans, const struct ms_store *store)
{
	uint64_t *ends = ms_alloc(spans->count * sizeof(*ends));
	size_t ended = 0;

	if (!ends)
		return -1;
	for (size_t i = 0; i < spans->count; i++) {
		const struct ms_span *s = &spans->items[i];

		ends[i] = store->chunks[s->first + s->count - 1].last_ticks;
	}
	qsort(ends, spans->count, sizeof(*ends), compare_ticks);
	for (size_t i = 0; i < spans->count; i++) {
		uint64_t begin = store->chunks[spans->items[i].first].first_ticks;

		while (ended < i && ends[ended] < begin)
			ended++;
		if (i + 1 - ended > spans->most_open)
			spans->most_open = i + 1 - ended;
	}
	ms_free(ends);
	return 0;
}

int ms_spans_init(struct ms_spans *spans, const struct ms_store *store,
		  const struct ms_choice *choice)
{
	struct probe probe = { .store = store, .address = choice->address };
	int failed = choose(&probe, choice);

	*spans = (struct ms_spans){ 0 };
	for (size_t i = 0; !failed && i < probe.count; i++)
		failed = add_chunk(spans, store, probe.chunks[i]);
	if (!failed && spans->count)
		qsort_r(spans->items, spans->count, sizeof(*spans->items), compare_spans,
			(void *)(uintptr_t)store);
	if (!failed)
		failed = find_most_open(spans, store);
	ms_free(probe.chunks);
	ms_free(probe.bears);
	if (failed)
		ms_spans_release(spans);
	return failed;
}

void ms_spans_release(struct ms_spans *spans)
{
	ms_free(spans->items);
	*spans = (struct ms_spans){ 0 };
}
