/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_cursor.c - the merge against a slow and obvious model: all events in one array,
 * sorted by (time, window sequence, position).
 */
#include "analyzer/base/alloc.h"
#include "analyzer/event_store/event_store.h"
#include "tests/unit/log_builder.h"

#include <check.h>
#include <time.h>

struct model_event {
	struct ms_event event;
	uint64_t sequence;
	size_t position;
};

struct model {
	struct model_event *events;
	size_t count, room;
};

static uint64_t random_state;

/* xorshift64*: the same sequence from the same seed everywhere. */
static uint64_t random_below(uint64_t n)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (random_state * 0x2545f4914f6cdd1dULL >> 16) % n;
}

static void model_add(struct model *m, const struct ms_event *event, uint64_t sequence)
{
	if (m->count == m->room) {
		m->room = m->room ? 2 * m->room : 1024;
		m->events = realloc(m->events, m->room * sizeof(*m->events));
		ck_assert_ptr_nonnull(m->events);
	}
	m->events[m->count] = (struct model_event){ *event, sequence, m->count };
	m->count++;
}

static int model_compare(const void *a, const void *b)
{
	const struct model_event *x = a, *y = b;

	if (x->event.at_ns != y->event.at_ns)
		return x->event.at_ns < y->event.at_ns ? -1 : 1;
	if (x->sequence != y->sequence)
		return x->sequence < y->sequence ? -1 : 1;
	return x->position < y->position ? -1 : x->position > y->position;
}

static struct ms_event random_event(uint32_t thread, uint64_t ticks)
{
	static const uint8_t kinds[] = { 1,  2,	 3,  5,	 10, 14, 17,
					 20, 24, 33, 40, 41, 42, 43 };
	struct ms_event e = { .at_ns = ticks, .thread = thread };

	e.kind = kinds[random_below(sizeof(kinds))];
	e.class = (uint8_t)ms_event_kind_info(e.kind)->class;
	e.address = random_below(8)
			    ? 0x7f0000000010 + 16 * random_below(1 << random_below(30))
			    : random_below(UINT64_MAX);
	if (lb_makes_block(e.kind))
		e.size = random_below(UINT64_C(1) << random_below(60));
	if (random_below(2))
		e.stack = (uint32_t)random_below(UINT64_C(1) << random_below(32)) + 1;
	if (random_below(5) == 0)
		e.align_log2 = (uint8_t)random_below(64);
	return e;
}

/* A record that hands the window over to a random thread at a random time. */
static bool hand_over(struct log_builder *lb, size_t w, uint64_t spread, uint32_t *thread,
		      uint64_t *ticks)
{
	uint8_t payload[32], *p = payload;

	*thread = 1 + (uint32_t)random_below(5);
	*ticks = random_below(spread);
	p = ms_varint_put(p, *thread);
	p = ms_varint_put(p, *ticks);
	if (!lb_record_in(lb, w, MS_RECORD_THREAD, payload, (size_t)(p - payload)))
		return false;
	lb->windows[w].ticks = *ticks;
	lb->windows[w].address = 0;
	return true;
}

/*
 * An munmap some ticks after the event before: readers that do not know it pass over it,
 * so that it counts for nobody's time but its own and, since times never go back, *floor.
 */
static bool add_mapping(struct log_builder *lb, struct model *m, size_t w,
			uint32_t thread, uint64_t *floor)
{
	struct ms_event e = { .thread = thread,
			      .kind = MS_EVENT_MUNMAP,
			      .class = MS_CLASS_UNMAP,
			      .address = 4096 * (1 + random_below(100)),
			      .size = random_below(1 << 20) };
	uint64_t delta = random_below(50);
	uint8_t bytes[64], payload[48], *p = payload;

	p = ms_varint_put(p, delta);
	p = ms_varint_put(p, 0);
	p = ms_varint_put(p, e.address);
	p = ms_varint_put(p, e.size);
	bytes[0] = MS_TAG_EXTENDED;
	bytes[1] = (uint8_t)e.kind;
	bytes[2] = (uint8_t)((p - payload) << 1 | 1);
	memcpy(bytes + 3, payload, (size_t)(p - payload));
	if (!lb_append(lb, w, bytes, 3 + (size_t)(p - payload)))
		return false;
	e.at_ns = lb->windows[w].ticks + delta;
	e.at_ns = e.at_ns < *floor ? *floor : e.at_ns;
	*floor = e.at_ns;
	model_add(m, &e, lb->sequence);
	return true;
}

/*
 * One window of random events, at most most, sometimes handed over to another thread on
 * the way: one record in every rare.
 */
static void fill_window(struct log_builder *lb, struct model *m, uint64_t spread,
			uint64_t most, uint64_t rare)
{
	uint64_t ticks = random_below(spread), n = random_below(most), floor = 0;
	uint32_t thread = 1 + (uint32_t)random_below(5);
	size_t w = lb_open(lb, MS_WINDOW_EVENTS, thread, ticks);
	bool room = true;

	while (room && n--) {
		if (random_below(rare) == 0) {
			room = hand_over(lb, w, spread, &thread, &ticks);
			floor = 0;
		} else if (random_below(30) == 0) {
			room = add_mapping(lb, m, w, thread, &floor);
		} else if (random_below(rare) == 0) {
			room = lb_record_in(lb, w, MS_RECORD_COST, "skip me", 7);
		} else {
			struct ms_event e;

			ticks += random_below(3) ? random_below(4)
						 : random_below(spread / 8);
			e = random_event(thread, ticks);
			room = lb_event_in(lb, w, ticks, e.kind, e.address, e.size,
					   e.stack, e.align_log2);
			e.at_ns = ticks < floor ? floor : ticks;
			if (room)
				model_add(m, &e, lb->sequence);
		}
	}
}

static void add_windows(struct log_builder *lb, struct ms_store *store)
{
	struct ms_store_fault fault;

	/* backwards, since the order of adding must not matter */
	for (size_t i = lb->window_count; i-- > 0;) {
		struct ms_wire_window *wire = lb_wire(lb, i);
		struct ms_store_window window = {
			.body = (const uint8_t *)wire + 64,
			.body_bytes = wire->commit,
			.sequence = wire->sequence,
			.base_ticks = wire->base_ticks,
			.thread = wire->owner,
		};

		ck_assert_int_eq(ms_store_add_window(store, &window, &fault, NULL),
				 MS_OK);
		ck_assert_msg(!fault.what, "%s at %zu", fault.what, fault.offset);
	}
}

static void check_equal(const struct ms_event *got, const struct ms_event *want, size_t i,
			uint64_t seed)
{
	ck_assert_msg(got->at_ns == want->at_ns && got->address == want->address &&
			      got->size == want->size && got->stack == want->stack &&
			      got->thread == want->thread && got->kind == want->kind &&
			      got->class == want->class &&
			      got->align_log2 == want->align_log2,
		      "event %zu differs, seed %llu", i, (unsigned long long)seed);
}

static bool is_wanted(const struct ms_event *e, uint64_t ticks,
		      const struct ms_want *want)
{
	return e->at_ns >= want->from_ns && (!want->to_ns || e->at_ns <= want->to_ns) &&
	       (!want->after_ticks || ticks > want->after_ticks) &&
	       (!want->thread || e->thread == want->thread) &&
	       (!want->address || e->address == want->address);
}

/* A limit is the value of some event, or near it, half of the time none. */
static uint64_t random_limit(uint64_t value)
{
	if (random_below(2))
		return 0;
	return value + random_below(3) - (value > 0 ? random_below(2) : 0);
}

static struct ms_want random_want(const struct model *m,
				  const struct ms_tick_scale *scale)
{
	struct ms_want want = { 0 };
	const struct ms_event *a, *b;

	if (!m->count)
		return want;
	a = &m->events[random_below(m->count)].event;
	b = &m->events[random_below(m->count)].event;
	want.from_ns = random_limit(ms_ticks_to_ns(scale, a->at_ns));
	want.to_ns = random_limit(ms_ticks_to_ns(scale, b->at_ns));
	want.after_ticks = random_limit(a->at_ns);
	want.thread = random_below(3) ? 0 : b->thread;
	want.address = random_below(3) ? 0 : a->address;
	return want;
}

/* At most n events by one call or by many. */
static size_t take(struct ms_cursor *cursor, struct ms_event *events, size_t n)
{
	if (n > 1)
		return ms_cursor_batch(cursor, events, n);
	return ms_cursor_next(cursor, events) ? 1 : 0;
}

/* What a cursor delivers is what the model has of it, taken in pieces of up to most. */
static void check_want(const struct ms_store *store, const struct model *m,
		       const struct ms_tick_scale *scale, const struct ms_want *want,
		       size_t most, uint64_t seed)
{
	struct ms_event got[64], event;
	struct ms_cursor *cursor;
	size_t count = 0, at = 0, total = 0;

	ck_assert_int_eq(ms_cursor_open_want(&cursor, store, want, NULL), MS_OK);
	for (size_t i = 0; i < m->count; i++) {
		uint64_t ticks = m->events[i].event.at_ns;

		event = m->events[i].event;
		event.at_ns = ms_ticks_to_ns(scale, ticks);
		if (!is_wanted(&event, ticks, want))
			continue;
		if (at == count) {
			count = take(cursor, got, 1 + random_below(most));
			at = 0;
			ck_assert_msg(count > 0, "%zu events are not all, seed %llu",
				      total, (unsigned long long)seed);
		}
		check_equal(&got[at++], &event, i, seed);
		total++;
		if (at == count)
			ck_assert_uint_eq(ms_cursor_ticks(cursor), ticks);
	}
	ck_assert_uint_eq(at, count);
	ck_assert_uint_eq(take(cursor, got, 1 + random_below(2)), 0);
	ck_assert_uint_eq(ms_cursor_batch(cursor, got, 64), 0);
	ms_cursor_close(cursor);
}

struct shape { /* of a random log */
	uint64_t windows, most, rare;
	uint32_t window_bytes;
};

static void run_seed(uint64_t seed, const struct shape *shape)
{
	struct ms_tick_scale scale = { 0, UINT64_C(1) << 32 };
	struct log_builder lb;
	struct model model = { 0 };
	struct ms_store *store;
	uint64_t windows, spread, first, last;

	random_state = seed * 0x9e3779b97f4a7c15ULL + 1;
	windows = random_below(shape->windows);
	spread = 16 + random_below(UINT64_C(1) << random_below(36));
	if (random_below(2))
		scale = (struct ms_tick_scale){ random_below(spread),
						1 + random_below(UINT64_C(1) << 35) };
	lb_init(&lb);
	lb.window_bytes = shape->window_bytes;
	while (windows--)
		fill_window(&lb, &model, spread, shape->most, shape->rare);
	if (model.count)
		qsort(model.events, model.count, sizeof(*model.events), model_compare);
	ck_assert_int_eq(ms_store_new(&store, NULL), MS_OK);
	ms_store_set_scale(store, scale);
	add_windows(&lb, store);
	ck_assert_uint_eq(ms_store_event_count(store), model.count);
	ck_assert_int_eq(ms_store_tick_range(store, &first, &last), model.count > 0);
	if (model.count) {
		ck_assert_uint_eq(first, model.events[0].event.at_ns);
		ck_assert_uint_eq(last, model.events[model.count - 1].event.at_ns);
	}
	check_want(store, &model, &scale, &(struct ms_want){ 0 }, 1, seed);
	check_want(store, &model, &scale, &(struct ms_want){ 0 }, 64, seed);
	for (int i = 0; i < 6; i++) {
		struct ms_want want = random_want(&model, &scale);

		check_want(store, &model, &scale, &want, i % 2 ? 64 : 4, seed);
	}
	ms_store_free(store);
	lb_release(&lb);
	free(model.events);
}

static uint64_t first_seed(void)
{
	const char *given = getenv("MS_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);

	printf("check_cursor: MS_TEST_SEED=%llu\n", (unsigned long long)seed);
	return seed;
}

/* Runs of several chunks each, which lookups enter in the middle. */
START_TEST(long_runs_equal_the_model)
{
	static const struct shape shape = { 4, 12000, 5000, 256 * 1024 };
	uint64_t seed = first_seed();

	for (uint64_t i = 0; i < 6; i++)
		run_seed(seed + i, &shape);
}
END_TEST

START_TEST(merge_equals_the_model)
{
	static const struct shape shape = { 20, 120, 20, 2 * MS_WIRE_PAGE };
	uint64_t seed = first_seed();

	for (uint64_t i = 0; i < 300; i++)
		run_seed(seed + i, &shape);
}
END_TEST

START_TEST(ticks_become_nanoseconds)
{
	struct ms_tick_scale half = { .start_ticks = 100, .mult = UINT64_C(1) << 31 };
	struct ms_tick_scale huge = { .start_ticks = 0, .mult = UINT64_MAX };

	ck_assert_uint_eq(ms_ticks_to_ns(&half, 100), 0);
	ck_assert_uint_eq(ms_ticks_to_ns(&half, 99), 0);
	ck_assert_uint_eq(ms_ticks_to_ns(&half, 300), 100);
	ck_assert_uint_eq(ms_ticks_to_ns(&half, UINT64_MAX), (UINT64_MAX - 100) / 2);
	ck_assert_uint_eq(ms_ticks_to_ns(&huge, UINT64_MAX), UINT64_MAX);
}
END_TEST

START_TEST(the_scale_applies)
{
	struct ms_tick_scale scale = { .start_ticks = 1000, .mult = UINT64_C(3) << 32 };
	struct log_builder lb;
	struct ms_store *store;
	struct ms_cursor *cursor;
	struct ms_event event;

	lb_init(&lb);
	lb_event(&lb, 7, 1500, MS_EVENT_MALLOC, 0x1010, 5, 0);
	ck_assert_int_eq(ms_store_new(&store, NULL), MS_OK);
	ms_store_set_scale(store, scale);
	add_windows(&lb, store);
	ck_assert_int_eq(ms_cursor_open(&cursor, store, NULL), MS_OK);
	ck_assert(ms_cursor_next(cursor, &event));
	ck_assert_uint_eq(event.at_ns, 1500);
	ck_assert_uint_eq(event.thread, 7);
	ck_assert(!ms_cursor_next(cursor, &event));
	ms_cursor_close(cursor);
	ms_store_free(store);
	lb_release(&lb);
}
END_TEST

static ms_status open_all(struct log_builder *lb)
{
	struct ms_store_window window = { .body = lb->data + MS_WIRE_PAGE + 64,
					  .body_bytes = lb_wire(lb, 0)->commit,
					  .sequence = 1,
					  .thread = 1 };
	struct ms_store_fault fault;
	struct ms_cursor *cursor = NULL;
	struct ms_store *store;
	struct ms_error err;
	ms_status status = ms_store_new(&store, &err);

	for (int i = 0; status == MS_OK && i < 20; i++)
		status = ms_store_add_window(store, &window, &fault, &err);
	if (status == MS_OK)
		status = ms_cursor_open(&cursor, store, &err);
	if (status == MS_ENOMEM)
		ck_assert_str_eq(err.text, "out of memory");
	ms_cursor_close(cursor);
	ms_store_free(store);
	return status;
}

START_TEST(every_allocation_fails)
{
	struct log_builder lb;
	unsigned long total;

	lb_init(&lb);
	lb_event(&lb, 1, 1500, MS_EVENT_MALLOC, 0x1010, 5, 0);
	ms_alloc_fail_at(0);
	ck_assert_int_eq(open_all(&lb), MS_OK);
	total = ms_alloc_count();
	ck_assert_uint_gt(total, 5);
	for (unsigned long n = 1; n <= total; n++) {
		ms_alloc_fail_at(n);
		ck_assert_int_eq(open_all(&lb), MS_ENOMEM);
	}
	ms_alloc_fail_at(0);
	lb_release(&lb);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cursor");
	TCase *tests = tcase_create("cursor");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, merge_equals_the_model);
	tcase_add_test(tests, long_runs_equal_the_model);
	tcase_add_test(tests, ticks_become_nanoseconds);
	tcase_add_test(tests, the_scale_applies);
	tcase_add_test(tests, every_allocation_fails);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
