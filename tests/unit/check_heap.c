/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_heap.c - heap.c, heap_count.c and aggregate.c against a slow and obvious model.
 *
 * The model keeps a linear list of blocks and a copy of every figure at each peak.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/snapshot/heap.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define THREADS	 4
#define STACKS	 7
#define PLACES	 40 /* few addresses: they are reused and collide */
#define MAX_LIVE 4096

static uint64_t random_state, random_seed;

/*
 * Every ck_assert writes to a pipe even when it holds, which is most of the time of a
 * test that compares millions of figures: look first.
 */
#define same(got, want, what, index)                                                  \
	do {                                                                          \
		if ((got) != (want))                                                  \
			ck_abort_msg("seed %llu: %s %zu is %llu, the model has %llu", \
				     (unsigned long long)random_seed, what,           \
				     (size_t)(index), (unsigned long long)(got),      \
				     (unsigned long long)(want));                     \
	} while (0)

static uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static unsigned below(unsigned n)
{
	return (unsigned)(random_next() >> 20) % n;
}

/* --- the model ------------------------------------------------------------------------
 */

struct model {
	struct ms_block live[MAX_LIVE];
	bool in_transit[MAX_LIVE]; /* waits for its second half */
	size_t live_count;
	struct {
		bool known;
		uint64_t serial; /* which block: its index moves */
	} pending[THREADS][64];
	size_t pending_count[THREADS];
	uint64_t serials[MAX_LIVE], next_serial;
	uint64_t newest[THREADS]; /* serial of the block that the thread made last */
	struct ms_totals totals;
	struct ms_figures stacks[STACKS], threads[THREADS], classes[MS_SIZE_CLASSES];
};

static void model_each_figures(struct model *m, const struct ms_block *b,
			       void (*change)(struct ms_figures *f, uint64_t size,
					      bool flag),
			       bool flag)
{
	change(&m->stacks[b->stack], b->size, flag);
	change(&m->threads[b->thread], b->size, flag);
	change(&m->classes[ms_size_class(b->size)], b->size, flag);
}

static void figures_begin(struct ms_figures *f, uint64_t size, bool flag)
{
	(void)flag;
	f->allocations++;
	f->allocated += size;
	f->live_blocks++;
	f->live_bytes += size;
}

static void figures_end(struct ms_figures *f, uint64_t size, bool temporary)
{
	f->frees++;
	f->freed += size;
	f->live_blocks--;
	f->live_bytes -= size;
	f->temporary += temporary;
}

static void figures_peak(struct ms_figures *f, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		f[i].peak_bytes = f[i].live_bytes;
		f[i].peak_blocks = f[i].live_blocks;
	}
}

static int model_find(const struct model *m, uint64_t address)
{
	for (size_t i = 0; i < m->live_count; i++) {
		if (m->live[i].address == address && !m->in_transit[i])
			return (int)i;
	}
	return -1;
}

static int model_by_serial(const struct model *m, uint64_t serial)
{
	for (size_t i = 0; i < m->live_count; i++) {
		if (m->serials[i] == serial)
			return (int)i;
	}
	return -1;
}

static void model_remove(struct model *m, int i, bool freed)
{
	struct ms_block b = m->live[i];
	bool temporary = freed && m->newest[b.thread] == m->serials[i];

	m->live_count--;
	m->live[i] = m->live[m->live_count];
	m->serials[i] = m->serials[m->live_count];
	m->in_transit[i] = m->in_transit[m->live_count];
	m->totals.active_allocations--;
	m->totals.current_memory -= b.size;
	model_each_figures(m, &b, figures_end, temporary);
}

static void model_overwrite(struct model *m, int i)
{
	m->totals.overwritten_blocks++;
	m->totals.overwritten_bytes += m->live[i].size;
	model_remove(m, i, false);
}

static void model_add(struct model *m, const struct ms_event *e)
{
	struct ms_block b = { e->address, e->size, e->at_ns,	 e->stack,
			      e->thread,  e->kind, e->align_log2 };
	int there = model_find(m, e->address);

	if (there >= 0)
		model_overwrite(m, there);
	if (m->live_count == MAX_LIVE)
		ck_abort_msg("the model is full");
	m->live[m->live_count] = b;
	m->in_transit[m->live_count] = false;
	m->serials[m->live_count] = ++m->next_serial;
	m->newest[b.thread] = m->next_serial;
	m->live_count++;
	m->totals.active_allocations++;
	m->totals.total_allocated += b.size;
	m->totals.current_memory += b.size;
	model_each_figures(m, &b, figures_begin, false);
	if (m->totals.current_memory > m->totals.peak_memory) {
		m->totals.peak_memory = m->totals.current_memory;
		m->totals.peak_at_ns = e->at_ns;
		m->totals.peak_event = m->totals.events;
		figures_peak(m->stacks, STACKS);
		figures_peak(m->threads, THREADS);
		figures_peak(m->classes, MS_SIZE_CLASSES);
	}
}

/* The block whose realloc ends now, or -1. */
static int model_pop(struct model *m, uint32_t thread)
{
	size_t n = m->pending_count[thread];

	if (n == 0)
		return -1;
	m->pending_count[thread] = --n;
	return m->pending[thread][n].known
		       ? model_by_serial(m, m->pending[thread][n].serial)
		       : -1;
}

static void model_realloc_begin(struct model *m, const struct ms_event *e)
{
	int i = model_find(m, e->address);
	size_t n = m->pending_count[e->thread]++;

	m->pending[e->thread][n].known = i >= 0;
	if (i >= 0) {
		m->in_transit[i] = true;
		m->pending[e->thread][n].serial = m->serials[i];
	}
}

static void model_realloc_end(struct model *m, const struct ms_event *e)
{
	int i = model_pop(m, e->thread);

	if (!e->address) {
		m->totals.failed_allocations++;
		if (i >= 0 && model_find(m, m->live[i].address) >= 0)
			model_overwrite(m, i);
		else if (i >= 0)
			m->in_transit[i] = false;
		return;
	}
	m->totals.total_reallocations++;
	if (i >= 0) {
		m->totals.total_deallocated += m->live[i].size;
		model_remove(m, i, false);
	} else {
		m->totals.unmatched_deallocations++;
	}
	model_add(m, e);
}

static void model_end(struct model *m, int i)
{
	m->totals.total_deallocations++;
	if (i < 0) {
		m->totals.unmatched_deallocations++;
		return;
	}
	m->totals.total_deallocated += m->live[i].size;
	model_remove(m, i, true);
}

static void model_apply(struct model *m, const struct ms_event *e)
{
	m->totals.events++;
	switch (e->class) {
	case MS_CLASS_ALLOC:
		if (e->address) {
			m->totals.total_allocations++;
			model_add(m, e);
		} else {
			m->totals.failed_allocations++;
		}
		break;
	case MS_CLASS_FREE:
		model_end(m, model_find(m, e->address));
		break;
	case MS_CLASS_REALLOC_BEGIN:
		model_realloc_begin(m, e);
		break;
	case MS_CLASS_REALLOC_END:
		model_realloc_end(m, e);
		break;
	case MS_CLASS_REALLOC_FREED:
		model_end(m, model_pop(m, e->thread));
		break;
	}
}

/* --- comparing ------------------------------------------------------------------------
 */

static void same_totals(const struct ms_totals *got, const struct ms_totals *want)
{
	const uint64_t *g = (const uint64_t *)got, *w = (const uint64_t *)want;

	for (size_t i = 0; i < sizeof(*got) / sizeof(*g); i++)
		same(g[i], w[i], "field of the totals", i);
	same(got->total_allocations - got->total_deallocations +
		     got->unmatched_deallocations - got->overwritten_blocks,
	     got->active_allocations, "invariant", 1);
	same(got->total_allocated - got->total_deallocated - got->overwritten_bytes,
	     got->current_memory, "invariant", 2);
}

struct seen {
	const struct model *model;
	size_t count;
};

static bool see(void *context, const struct ms_block *block)
{
	struct seen *seen = context;
	const struct model *m = seen->model;
	size_t found = 0;

	for (size_t i = 0; i < m->live_count; i++)
		found += m->live[i].address == block->address &&
			 m->live[i].size == block->size &&
			 m->live[i].at_ns == block->at_ns &&
			 m->live[i].stack == block->stack &&
			 m->live[i].thread == block->thread;
	same(found, (size_t)1, "copies of a block", 0);
	seen->count++;
	return true;
}

static void same_blocks(const struct ms_heap *heap, const struct model *m)
{
	struct seen seen = { m, 0 };

	ms_heap_each(heap, see, &seen);
	same(seen.count, m->live_count, "live blocks", 0);
	same(seen.count, m->totals.active_allocations, "active_allocations", 0);
}

static void same_figures(struct ms_figures got, const struct ms_figures *want)
{
	const uint64_t *g = (const uint64_t *)&got, *w = (const uint64_t *)want;

	for (size_t i = 0; i < sizeof(got) / sizeof(*g); i++)
		same(g[i], w[i], "figure", i);
}

static void same_groups(struct ms_aggregate *a, const struct model *m)
{
	ms_aggregate_settle(a);
	for (size_t i = 0; i < a->stacks.count; i++)
		same_figures(ms_aggregate_figures(a, &a->stacks.items[i], NULL),
			     &m->stacks[a->stacks.ids[i]]);
	for (size_t i = 0; i < a->threads.count; i++)
		same_figures(ms_aggregate_figures(a, &a->threads.items[i], NULL),
			     &m->threads[a->threads.ids[i]]);
	for (size_t i = 0; i < MS_SIZE_CLASSES; i++)
		same_figures(ms_aggregate_figures(a, &a->classes[i], NULL),
			     &m->classes[i]);
}

/* --- random events --------------------------------------------------------------------
 */

static struct ms_event event_of(unsigned kind, uint32_t thread, uint64_t address,
				uint64_t size)
{
	static uint64_t now;

	return (struct ms_event){ .at_ns = ++now,
				  .address = address,
				  .size = size,
				  .stack = below(STACKS),
				  .thread = thread,
				  .kind = (uint8_t)kind,
				  .class = (uint8_t)ms_event_kind_info(kind)->class };
}

/* Mostly sensible, now and then a lost half, a strange address or a failed call. */
static struct ms_event random_event(const struct model *m)
{
	uint64_t address = (1 + below(PLACES)) * (below(2) ? 16 : 4096 * 16);
	uint32_t thread = below(THREADS);
	bool pending = m->pending_count[thread] > 0;
	unsigned dice = below(100);

	if (m->live_count > 30 && dice < 30)
		dice = 55;
	if (dice < 40)
		return event_of(MS_EVENT_MALLOC, thread, dice < 2 ? 0 : address,
				below(5000));
	if (dice < 70)
		return event_of(MS_EVENT_FREE, thread, address, 0);
	if (dice < 80 && m->pending_count[thread] < 8)
		return event_of(MS_EVENT_REALLOC_BEGIN, thread, address, 0);
	if (dice < 93 || (pending && dice < 97))
		return event_of(MS_EVENT_REALLOC_END, thread, dice < 83 ? 0 : address,
				below(5000));
	if (dice < 99)
		return event_of(MS_EVENT_REALLOC_FREED, thread, 0, 0);
	return event_of(MS_EVENT_FUTURE + 1, thread, address, 1);
}

struct fixture {
	struct model model;
	struct ms_aggregate aggregate;
	struct ms_heap *heap;
};

static struct fixture *fixture_new(uint64_t seed)
{
	struct fixture *f = calloc(1, sizeof(*f));

	ck_assert_ptr_nonnull(f);
	random_seed = seed;
	random_state = seed * 0x9e3779b97f4a7c15ULL | 1;
	ms_aggregate_init(&f->aggregate, 0);
	ck_assert_int_eq(ms_heap_new(&f->heap, NULL, NULL), MS_OK);
	f->heap->aggregate = &f->aggregate;
	return f;
}

static void fixture_free(struct fixture *f)
{
	ms_heap_free(f->heap);
	ms_aggregate_release(&f->aggregate);
	free(f);
}

static void apply(struct fixture *f, const struct ms_event *e)
{
	same(ms_heap_apply(f->heap, e, NULL), MS_OK, "status", 0);
	model_apply(&f->model, e);
}

START_TEST(random_events_equal_the_model)
{
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct fixture *f = fixture_new(seed);

		for (int i = 0; i < 3000; i++) {
			struct ms_event e = random_event(&f->model);

			apply(f, &e);
			same_totals(ms_heap_totals(f->heap), &f->model.totals);
			if (i % 50 == 0)
				same_blocks(f->heap, &f->model);
		}
		same_blocks(f->heap, &f->model);
		same_groups(&f->aggregate, &f->model);
		fixture_free(f);
	}
}
END_TEST

/* Growing first, so that tables, chains and transits all have to be enlarged. */
static struct ms_event growing_event(const struct model *m, int i)
{
	uint32_t thread = below(THREADS);

	if (i >= 3000)
		return random_event(m);
	if (i % 50 == 49 && m->pending_count[thread] < 60)
		return event_of(MS_EVENT_REALLOC_BEGIN, thread,
				16 * (1 + (uint64_t)i / 2), 0);
	return event_of(MS_EVENT_MALLOC, thread, 16 * (1 + (uint64_t)i), below(100));
}

/* Let each allocation that the event needs fail before it may succeed. */
static unsigned apply_with_failures(struct fixture *f, const struct ms_event *e)
{
	for (unsigned failures = 0;; failures++) {
		struct ms_error err = { "" };
		ms_status status;

		ms_alloc_fail_at(failures + 1);
		status = ms_heap_apply(f->heap, e, &err);
		ms_alloc_fail_at(0);
		if (status == MS_OK)
			return failures;
		ck_assert_int_eq(status, MS_ENOMEM);
		ck_assert_str_eq(err.text, "out of memory");
		same_totals(ms_heap_totals(f->heap), &f->model.totals);
		same_blocks(f->heap, &f->model);
	}
}

START_TEST(every_failing_allocation_leaves_the_heap_as_it_was)
{
	struct fixture *f = fixture_new(7);
	unsigned failures = 0;

	for (int i = 0; i < 6000; i++) {
		struct ms_event e = growing_event(&f->model, i);

		same(ms_aggregate_reserve(&f->aggregate, &e), 0, "reserve", 0);
		failures += apply_with_failures(f, &e);
		model_apply(&f->model, &e);
		same_totals(ms_heap_totals(f->heap), &f->model.totals);
	}
	ck_assert_uint_ge(failures, 4);
	same_blocks(f->heap, &f->model);
	same_groups(&f->aggregate, &f->model);
	fixture_free(f);
}
END_TEST

/* --- one thing at a time --------------------------------------------------------------
 */

static const struct ms_totals *totals_after(struct fixture *f, size_t count,
					    const struct ms_event *events)
{
	for (size_t i = 0; i < count; i++)
		apply(f, &events[i]);
	return ms_heap_totals(f->heap);
}

START_TEST(a_realloc_in_transit_counts_as_live)
{
	struct fixture *f = fixture_new(1);
	const struct ms_event first[] = {
		event_of(MS_EVENT_MALLOC, 1, 0x1000, 100),
		event_of(MS_EVENT_REALLOC_BEGIN, 1, 0x1000, 0),
		/* another thread gets the address before the end is stamped */
		event_of(MS_EVENT_MALLOC, 2, 0x1000, 7)
	};
	const struct ms_event second[] = { event_of(MS_EVENT_REALLOC_END, 1, 0x2000,
						    150) };
	const struct ms_totals *t = totals_after(f, 3, first);

	ck_assert_uint_eq(t->active_allocations, 2);
	ck_assert_uint_eq(t->current_memory, 107);
	ck_assert_uint_eq(t->overwritten_blocks, 0);
	same_blocks(f->heap, &f->model);
	t = totals_after(f, 1, second);
	ck_assert_uint_eq(t->current_memory, 157);
	ck_assert_uint_eq(t->total_reallocations, 1);
	ck_assert_uint_eq(t->peak_memory, 157);
	ck_assert_uint_eq(t->overwritten_blocks, 0);
	fixture_free(f);
}
END_TEST

START_TEST(nested_reallocs_pair_innermost_first)
{
	struct fixture *f = fixture_new(1);
	const struct ms_event events[] = { event_of(MS_EVENT_MALLOC, 1, 0x1000, 10),
					   event_of(MS_EVENT_MALLOC, 1, 0x2000, 20),
					   event_of(MS_EVENT_REALLOC_BEGIN, 1, 0x1000, 0),
					   event_of(MS_EVENT_REALLOC_BEGIN, 1, 0x2000, 0),
					   event_of(MS_EVENT_REALLOC_FREED, 1, 0, 0),
					   event_of(MS_EVENT_REALLOC_END, 1, 0x1000,
						    11) };
	const struct ms_totals *t = totals_after(f, 6, events);

	ck_assert_uint_eq(t->active_allocations, 1);
	ck_assert_uint_eq(t->current_memory, 11);
	ck_assert_uint_eq(t->total_deallocations, 1);
	ck_assert_uint_eq(t->total_reallocations, 1);
	fixture_free(f);
}
END_TEST

START_TEST(a_failed_realloc_leaves_the_block)
{
	struct fixture *f = fixture_new(1);
	const struct ms_event events[] = { event_of(MS_EVENT_MALLOC, 1, 0x1000, 10),
					   event_of(MS_EVENT_REALLOC_BEGIN, 1, 0x1000, 0),
					   event_of(MS_EVENT_REALLOC_END, 1, 0, 1u << 30),
					   event_of(MS_EVENT_FREE, 2, 0x1000, 0) };
	const struct ms_totals *t = totals_after(f, 3, events);

	ck_assert_uint_eq(t->failed_allocations, 1);
	ck_assert_uint_eq(t->current_memory, 10);
	t = totals_after(f, 1, events + 3);
	ck_assert_uint_eq(t->unmatched_deallocations, 0);
	ck_assert_uint_eq(t->active_allocations, 0);
	fixture_free(f);
}
END_TEST

START_TEST(blocks_of_no_bytes_are_blocks)
{
	struct fixture *f = fixture_new(1);
	const struct ms_event events[] = { event_of(MS_EVENT_MALLOC, 1, 0x10, 0),
					   event_of(MS_EVENT_MALLOC, 1, 0x20, 0),
					   event_of(MS_EVENT_FREE, 1, 0x10, 0) };
	const struct ms_totals *t = totals_after(f, 3, events);

	ck_assert_uint_eq(t->active_allocations, 1);
	ck_assert_uint_eq(t->total_allocations, 2);
	ck_assert_uint_eq(t->peak_event, 0);
	fixture_free(f);
}
END_TEST

START_TEST(the_first_instant_of_the_peak_is_kept)
{
	struct fixture *f = fixture_new(1);
	const struct ms_event events[] = { event_of(MS_EVENT_MALLOC, 1, 0x10, 5),
					   event_of(MS_EVENT_FREE, 1, 0x10, 0),
					   event_of(MS_EVENT_MALLOC, 1, 0x20, 5) };
	const struct ms_totals *t = totals_after(f, 3, events);

	ck_assert_uint_eq(t->peak_memory, 5);
	ck_assert_uint_eq(t->peak_at_ns, events[0].at_ns);
	ck_assert_uint_eq(t->peak_event, 1);
	fixture_free(f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("heap");
	TCase *model = tcase_create("model"), *single = tcase_create("single");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(model, 300);
	tcase_add_test(model, random_events_equal_the_model);
	tcase_add_test(model, every_failing_allocation_leaves_the_heap_as_it_was);
	tcase_add_test(single, a_realloc_in_transit_counts_as_live);
	tcase_add_test(single, nested_reallocs_pair_innermost_first);
	tcase_add_test(single, a_failed_realloc_leaves_the_block);
	tcase_add_test(single, blocks_of_no_bytes_are_blocks);
	tcase_add_test(single, the_first_instant_of_the_peak_is_kept);
	suite_add_tcase(suite, model);
	suite_add_tcase(suite, single);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
