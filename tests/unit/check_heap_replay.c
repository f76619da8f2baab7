/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_heap_replay.c - replays of random logs: by any number of threads, from any
 * checkpoint, against the heap that is given one event after the other.
 */
#define _GNU_SOURCE
#include "analyzer/base/alloc.h"
#include "analyzer/snapshot/checkpoint.h"
#include "analyzer/snapshot/replay.h"
#include "tests/unit/log_reading.h"

#define THREADS 5
#define STACKS	40
#define PLACES	300
#define EVENTS	14000
#define GAP	2000 /* from one checkpoint to the next, so that there are several */

static uint64_t random_state, random_seed;

static uint64_t below(uint64_t n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 11) % n;
}

/* Every ck_assert writes to a pipe even when it holds: look first. */
#define same(got, want, what)                                               \
	do {                                                                \
		if ((got) != (want))                                        \
			ck_abort_msg("seed %llu: %s is %llu, not %llu",     \
				     (unsigned long long)random_seed, what, \
				     (unsigned long long)(got),             \
				     (unsigned long long)(want));           \
	} while (0)

/* --- random logs ----------------------------------------------------------------------
 */

static void add_mapping(struct log_builder *lb, uint32_t thread, uint64_t ticks)
{
	uint64_t start = (1 + below(64)) << 12, size = (1 + below(8)) << 12;

	if (below(2))
		lb_mapping(lb, thread, ticks, MS_EVENT_MMAP, 0,
			   LB_NUMBERS(1, below(5) ? start : 0, size, 3, 0x22));
	else
		lb_mapping(lb, thread, ticks, MS_EVENT_MUNMAP, 0,
			   LB_NUMBERS(0, start, size));
}

/* Sensible for the most part: lost halves, strange addresses and failures now and then.
 */
static void add_event(struct log_builder *lb, uint64_t ticks)
{
	uint32_t thread = 1 + (uint32_t)below(THREADS);
	uint64_t address = (1 + below(PLACES)) * (below(2) ? 16 : 65536);
	uint32_t stack = (uint32_t)below(below(200) ? STACKS : UINT64_C(1) << 32);
	uint64_t size = below(50) ? below(5000) : below(UINT64_C(1) << 40);
	unsigned dice = (unsigned)below(100);

	if (dice < 42)
		lb_event_aligned(lb, thread, ticks,
				 dice < 9 ? MS_EVENT_NEW : MS_EVENT_MALLOC,
				 dice < 2 ? 0 : address, size, stack, dice == 10 ? 6 : 0);
	else if (dice < 80)
		lb_event(lb, thread, ticks, MS_EVENT_FREE, address, 0, 0);
	else if (dice < 88)
		lb_event(lb, thread, ticks, MS_EVENT_REALLOC_BEGIN, address, 0, 0);
	else if (dice < 97)
		lb_event(lb, thread, ticks, MS_EVENT_REALLOC_END, dice < 90 ? 0 : address,
			 size, stack);
	else if (dice < 99)
		lb_event(lb, thread, ticks, MS_EVENT_REALLOC_FREED, 0, 0, 0);
	else
		add_mapping(lb, thread, ticks);
}

static void random_log(struct log_builder *lb, uint64_t seed)
{
	uint64_t ticks = LB_START_TICKS + 1;

	random_seed = seed;
	random_state = seed * 0x9e3779b97f4a7c15ULL | 1;
	lb_init(lb);
	lb->window_bytes = 1 << 18;
	for (int i = 0; i < EVENTS; i++) {
		ticks += below(4) ? below(30) : 0;
		add_event(lb, ticks);
	}
	lb_end(lb, ticks + 1);
	put(lb);
}

/* --- what a replay tells ---------------------------------------------------------------
 */

struct told { /* everything, folded into a number */
	uint64_t sum, events, changes;
	uint64_t stop_at; /* fail at this event */
};

static void fold(struct told *t, uint64_t value)
{
	t->sum = (t->sum ^ value) * 0x100000001b3ULL;
	t->sum ^= t->sum >> 29;
}

static void hear_block(void *context, enum ms_change change, const struct ms_block *block,
		       const struct ms_event *event, const struct ms_totals *totals)
{
	const uint64_t *words = (const uint64_t *)(const void *)totals;
	struct told *t = context;

	t->changes++;
	fold(t, change);
	fold(t, block->address);
	fold(t, block->size);
	fold(t, block->at_ns);
	fold(t, (uint64_t)block->stack << 32 | block->thread);
	fold(t, (uint64_t)block->kind << 8 | block->align_log2);
	fold(t, event->at_ns);
	for (size_t i = 0; i < sizeof(*totals) / 8; i++)
		fold(t, words[i]);
}

static ms_status hear_event(void *context, const struct ms_event *event,
			    struct ms_error *err)
{
	struct told *t = context;

	if (++t->events == t->stop_at)
		return ms_fail(err, MS_ESTOP, "that will do");
	fold(t, event->address ^ event->kind);
	return MS_OK;
}

/* One event after the other, on this thread, without batches. */
static void tell_slowly(struct told *told, struct ms_totals *totals,
			const struct ms_store *store, uint64_t sample_bytes)
{
	struct ms_observer observer = { hear_block, told, hear_event };
	struct ms_cursor *cursor;
	struct ms_event event;
	struct ms_heap *heap;

	ck_assert_int_eq(ms_heap_new(&heap, &observer, NULL), MS_OK);
	ck_assert_int_eq(ms_cursor_open(&cursor, store, NULL), MS_OK);
	ms_heap_sampled(heap, sample_bytes);
	while (ms_cursor_next(cursor, &event))
		same(ms_heap_apply(heap, &event, NULL), MS_OK, "status");
	*totals = *ms_heap_totals(heap);
	ms_cursor_close(cursor);
	ms_heap_free(heap);
}

START_TEST(any_number_of_threads_tells_the_same)
{
	for (uint64_t seed = 1; seed <= 6; seed++) {
		uint64_t sample = seed % 2 ? 0 : 700;
		struct told slowly = { 0 };
		struct ms_totals totals;
		struct log_builder lb;
		struct reading r;

		random_log(&lb, seed);
		read_file(&r, path);
		tell_slowly(&slowly, &totals, r.store, sample);
		same(slowly.events, EVENTS, "the number of events");
		for (unsigned threads = 1; threads <= 4; threads++) {
			struct ms_replay_options options = { .store = r.store,
							     .to_events = UINT64_MAX,
							     .to_ns = UINT64_MAX,
							     .sample_bytes = sample,
							     .threads = threads };
			struct told told = { 0 };
			struct ms_observer observer = { hear_block, &told, hear_event };
			struct ms_replayed replayed;

			ck_assert_int_eq(ms_replay(&replayed, &options, &observer, NULL),
					 MS_OK);
			same(told.events, slowly.events, "the number of events");
			same(told.changes, slowly.changes, "the number of changes");
			same(told.sum, slowly.sum, "the sum of all that was told");
			ck_assert_mem_eq(ms_heap_totals(replayed.heap), &totals,
					 sizeof(totals));
			ms_replayed_release(&replayed);
		}
		release(&r);
		lb_release(&lb);
	}
}
END_TEST

START_TEST(an_observer_ends_the_replay_where_it_fails)
{
	struct log_builder lb;
	struct reading r;

	random_log(&lb, 77);
	read_file(&r, path);
	for (unsigned i = 0; i < 8; i++) {
		struct ms_replay_options options = { .store = r.store,
						     .to_events = UINT64_MAX,
						     .to_ns = UINT64_MAX,
						     .threads = 1 + i % 3 };
		struct told told = { .stop_at = 1 + below(EVENTS) };
		struct ms_observer observer = { hear_block, &told, hear_event };
		struct ms_replayed replayed;
		struct ms_error err = { "" };

		ck_assert_int_eq(ms_replay(&replayed, &options, &observer, &err),
				 MS_ESTOP);
		ck_assert_str_eq(err.text, "that will do");
		ck_assert_uint_eq(told.events, told.stop_at);
		ck_assert_ptr_null(replayed.heap);
	}
	release(&r);
	lb_release(&lb);
}
END_TEST

/* --- checkpoints ----------------------------------------------------------------------
 */

#define MOST_KEPT 64

struct kept {
	struct ms_checkpoint_place places[MOST_KEPT];
	struct ms_draft bytes[MOST_KEPT];
	size_t count;
	uint64_t seed; /* how the bytes are spoilt when they are asked for; 0: not */
	struct ms_draft spoilt;
};

static ms_status keep(void *context, const struct ms_checkpoint_place *place,
		      const void *bytes, size_t len_bytes, struct ms_error *err)
{
	struct kept *kept = context;
	struct ms_draft *d = &kept->bytes[kept->count];

	(void)err;
	ck_assert_uint_lt(kept->count, MOST_KEPT);
	kept->places[kept->count++] = *place;
	d->bytes = ms_alloc(len_bytes);
	ck_assert_ptr_nonnull(d->bytes);
	memcpy(d->bytes, bytes, len_bytes);
	d->len_bytes = len_bytes;
	return MS_OK;
}

/* A byte or two changed, or cut short; in memory of its own, so that asan sees its end.
 */
static void spoil(struct kept *kept, const struct ms_draft *d)
{
	size_t len_bytes = below(3) ? d->len_bytes : below(d->len_bytes);
	uint8_t *bytes = ms_alloc(len_bytes);

	ck_assert_ptr_nonnull(bytes);
	memcpy(bytes, d->bytes, len_bytes);
	for (unsigned i = 0; len_bytes && i < 2; i++)
		bytes[below(below(2) ? 64 : len_bytes) % len_bytes] ^=
			(uint8_t)(1 + below(255));
	ms_draft_release(&kept->spoilt);
	kept->spoilt = (struct ms_draft){ .bytes = bytes, .len_bytes = len_bytes };
}

static bool fetch(void *context, size_t index, const void **bytes, size_t *len_bytes)
{
	struct kept *kept = context;
	const struct ms_draft *d = &kept->bytes[index];

	if (kept->seed) {
		spoil(kept, d);
		d = &kept->spoilt;
	}
	*bytes = d->bytes;
	*len_bytes = d->len_bytes;
	return true;
}

static void kept_release(struct kept *kept)
{
	for (size_t i = 0; i < kept->count; i++)
		ms_draft_release(&kept->bytes[i]);
	ms_draft_release(&kept->spoilt);
	free(kept);
}

static struct ms_snapshot *take(const struct reading *r, struct ms_instant_at at)
{
	struct ms_snapshot *snapshot;

	ck_assert_int_eq(ms_snapshot_new(&snapshot, r->store, &at, NULL, NULL), MS_OK);
	return snapshot;
}

/* Keeps checkpoints on the way; the caller frees what is kept. */
static struct kept *keep_some(const struct reading *r, uint64_t sample, unsigned threads)
{
	struct kept *kept = calloc(1, sizeof(*kept));
	struct ms_checkpoint_sink sink = { keep, kept, UINT64_C(1) << 40, GAP };

	ck_assert_ptr_nonnull(kept);
	ms_snapshot_free(take(r, (struct ms_instant_at){ .instant = MS_AT_END,
							 .sample_bytes = sample,
							 .threads = threads,
							 .sink = &sink }));
	ck_assert_uint_ge(kept->count, 4);
	ck_assert_uint_eq(kept->places[kept->count - 1].events, EVENTS);
	return kept;
}

struct blocks {
	struct ms_block items[4096];
	size_t count;
};

static bool collect(void *context, const struct ms_block *block)
{
	struct blocks *b = context;

	ck_assert_uint_lt(b->count, 4096);
	b->items[b->count++] = *block;
	return true;
}

static int by_place(const void *a, const void *b)
{
	const struct ms_block *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->at_ns < y->at_ns ? -1 : x->at_ns > y->at_ns;
}

static void same_blocks(const struct ms_snapshot *a, const struct ms_snapshot *b)
{
	struct blocks *x = calloc(2, sizeof(*x)), *y = x + 1;

	ck_assert_ptr_nonnull(x);
	ms_heap_each(ms_snapshot_heap(a), collect, x);
	ms_heap_each(ms_snapshot_heap(b), collect, y);
	same(x->count, y->count, "the number of live blocks");
	qsort(x->items, x->count, sizeof(x->items[0]), by_place);
	qsort(y->items, y->count, sizeof(y->items[0]), by_place);
	for (size_t i = 0; i < x->count; i++) {
		same(x->items[i].address, y->items[i].address, "an address");
		same(x->items[i].size, y->items[i].size, "a size");
		same(x->items[i].at_ns, y->items[i].at_ns, "a time");
		same(x->items[i].stack, y->items[i].stack, "a stack");
		same(x->items[i].thread, y->items[i].thread, "a thread");
		same(x->items[i].kind, y->items[i].kind, "a kind");
		same(x->items[i].align_log2, y->items[i].align_log2, "an alignment");
	}
	free(x);
}

static void same_snapshots(const struct ms_snapshot *a, const struct ms_snapshot *b)
{
	size_t n, m;
	const struct ms_stack_figures *stacks = ms_snapshot_stacks(a, &n);
	const struct ms_stack_figures *stacks_b = ms_snapshot_stacks(b, &m);
	const struct ms_thread_figures *threads, *threads_b;

	same(n, m, "the number of stacks");
	for (size_t i = 0; i < n; i++) {
		same(stacks[i].stack, stacks_b[i].stack, "a stack");
		same(memcmp(&stacks[i].f, &stacks_b[i].f, sizeof(stacks[i].f)), 0,
		     "the difference of a stack's figures");
	}
	threads = ms_snapshot_threads(a, &n);
	threads_b = ms_snapshot_threads(b, &m);
	same(n, m, "the number of threads");
	for (size_t i = 0; i < n; i++) {
		same(threads[i].thread, threads_b[i].thread, "a thread");
		same(memcmp(&threads[i].f, &threads_b[i].f, sizeof(threads[i].f)), 0,
		     "the difference of a thread's figures");
	}
	ck_assert_mem_eq(ms_snapshot_size_classes(a), ms_snapshot_size_classes(b),
			 MS_SIZE_CLASSES * sizeof(struct ms_figures));
	ck_assert_mem_eq(ms_snapshot_totals(a), ms_snapshot_totals(b),
			 sizeof(struct ms_totals));
	ck_assert_mem_eq(ms_snapshot_mappings(a), ms_snapshot_mappings(b),
			 sizeof(struct ms_mapping_totals));
	same(ms_snapshot_at_ns(a), ms_snapshot_at_ns(b), "the instant");
	same_blocks(a, b);
}

/* The instant with the source (NULL: none), by so many threads. */
static void same_with(const struct reading *r, struct ms_instant_at at, unsigned threads,
		      const struct ms_checkpoint_source *source)
{
	struct ms_snapshot *from_start, *from_there;

	at.threads = 1;
	from_start = take(r, at);
	at.threads = threads;
	at.source = source;
	from_there = take(r, at);
	same_snapshots(from_there, from_start);
	ms_snapshot_free(from_start);
	ms_snapshot_free(from_there);
}

START_TEST(checkpoints_and_threads_change_no_figure)
{
	for (uint64_t seed = 1; seed <= 6; seed++) {
		uint64_t sample = seed % 3 ? 0 : 700;
		struct ms_checkpoint_source source;
		struct log_builder lb;
		struct reading r;
		struct kept *kept;

		random_log(&lb, seed);
		read_file(&r, path);
		kept = keep_some(&r, sample, 1 + seed % 3);
		source = (struct ms_checkpoint_source){ kept->places, kept->count, fetch,
							kept };
		for (unsigned i = 0; i < 12; i++) {
			struct ms_instant_at at = {
				.instant = (enum ms_instant[]){ MS_AT_END, MS_AT_PEAK,
								MS_AT_NS }[i % 3],
				.at_ns = below(kept->places[kept->count - 1].last_ns),
				.sample_bytes = sample,
			};

			/* now and then at a checkpoint's very time */
			if (i % 4 == 0)
				at.at_ns = kept->places[below(kept->count)].last_ns;
			same_with(&r, at, 1 + i % 4, i % 5 ? &source : NULL);
		}
		same_with(&r, (struct ms_instant_at){ .instant = MS_AT_START }, 2,
			  &source);
		kept_release(kept);
		release(&r);
		lb_release(&lb);
	}
}
END_TEST

START_TEST(an_observer_may_begin_at_a_checkpoint)
{
	struct ms_replay_options options = { .to_events = UINT64_MAX,
					     .to_ns = UINT64_MAX,
					     .threads = 2 };
	struct ms_checkpoint_source source;
	struct told whole = { 0 };
	struct ms_totals totals;
	struct log_builder lb;
	struct reading r;
	struct kept *kept;

	random_log(&lb, 31);
	read_file(&r, path);
	kept = keep_some(&r, 0, 2);
	source = (struct ms_checkpoint_source){ kept->places, kept->count, fetch, kept };
	options.store = r.store;
	options.source = &source;
	tell_slowly(&whole, &totals, r.store, 0);
	for (size_t i = 0; i < kept->count; i++) {
		struct told told = { 0 };
		struct ms_observer observer = { hear_block, &told, hear_event };
		struct ms_replayed replayed;

		options.from_ns = kept->places[i].last_ns;
		ck_assert_int_eq(ms_replay(&replayed, &options, &observer, NULL), MS_OK);
		ck_assert_uint_eq(told.events, EVENTS - kept->places[i].events);
		ck_assert_mem_eq(ms_heap_totals(replayed.heap), &totals, sizeof(totals));
		ms_replayed_release(&replayed);
	}
	kept_release(kept);
	release(&r);
	lb_release(&lb);
}
END_TEST

/* Wrong bytes may give wrong figures, but never harm; cut ones are seen. */
START_TEST(spoilt_checkpoints_do_no_harm)
{
	struct ms_checkpoint_source source;
	struct log_builder lb;
	struct reading r;
	struct kept *kept;

	random_log(&lb, 5);
	read_file(&r, path);
	kept = keep_some(&r, 0, 1);
	kept->seed = 1;
	source = (struct ms_checkpoint_source){ kept->places, kept->count, fetch, kept };
	for (unsigned i = 0; i < 400; i++) {
		uint64_t ns = kept->places[below(kept->count)].last_ns;

		ms_snapshot_free(take(&r, (struct ms_instant_at){ .instant = MS_AT_NS,
								  .at_ns = ns + 1,
								  .threads = 1,
								  .source = &source }));
	}
	kept->seed = 0;
	for (size_t i = 0; i < kept->count; i++)
		kept->bytes[i].len_bytes--;
	same_with(&r, (struct ms_instant_at){ .instant = MS_AT_END }, 2, &source);
	same_with(&r, (struct ms_instant_at){ .instant = MS_AT_PEAK }, 1, &source);
	kept_release(kept);
	release(&r);
	lb_release(&lb);
}
END_TEST

/* --- memory ---------------------------------------------------------------------------
 */

static ms_status keep_nothing(void *context, const struct ms_checkpoint_place *place,
			      const void *bytes, size_t len_bytes, struct ms_error *err)
{
	uint64_t *count = context;

	(void)place;
	(void)bytes;
	(void)len_bytes;
	(void)err;
	++*count;
	return MS_OK;
}

START_TEST(every_failing_allocation_is_told)
{
	struct log_builder lb;
	struct reading r;

	random_log(&lb, 9);
	read_file(&r, path);
	for (unsigned threads = 1; threads <= 2; threads++) {
		unsigned long n = 0;
		ms_status status;

		do {
			uint64_t kept = 0;
			struct ms_checkpoint_sink sink = { keep_nothing, &kept,
							   UINT64_C(1) << 40, GAP };
			struct ms_instant_at at = { .instant = MS_AT_END,
						    .threads = threads,
						    .sink = &sink };
			struct ms_snapshot *snapshot;

			ms_alloc_fail_at(++n);
			status = ms_snapshot_new(&snapshot, r.store, &at, NULL, NULL);
			ms_alloc_fail_at(0);
			ms_snapshot_free(snapshot);
			ck_assert(status == MS_OK || status == MS_ENOMEM);
			ck_assert((status == MS_OK) == (snapshot != NULL));
		} while (status != MS_OK);
		ck_assert_uint_gt(n, 30);
	}
	release(&r);
	lb_release(&lb);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("heap_replay");
	TCase *tcase = tcase_create("random logs");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 300);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, any_number_of_threads_tells_the_same);
	tcase_add_test(tcase, an_observer_ends_the_replay_where_it_fails);
	tcase_add_test(tcase, checkpoints_and_threads_change_no_figure);
	tcase_add_test(tcase, an_observer_may_begin_at_a_checkpoint);
	tcase_add_test(tcase, spoilt_checkpoints_do_no_harm);
	tcase_add_test(tcase, every_failing_allocation_is_told);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
