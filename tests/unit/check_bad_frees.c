/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_bad_frees.c - double, invalid and mismatched frees of random logs, against a list
 * of all blocks.
 *
 * Each event has a stack of its own, so that each finding is of one event.
 */
#include "analyzer/analysis/analysis.h"
#include "analyzer/base/alloc.h"
#include "common/lost.h"
#include "tests/unit/timeline_fixture.h"

#define SLOT	 256 /* bytes from one place of the pool to the next */
#define SLOTS	 10
#define MODULE	 0x900000
#define STACK	 0x7ff000000000 /* the main thread's: above all modules */
#define THREAD_2 0x800000	/* another one's */
#define MS	 UINT64_C(1000000)
#define SETTLES	 (10 * MS) /* what the log's times of pauses are uncertain by */
#define GAPS	 8

struct world { /* what a random log is about, beside its events */
	bool forked, lossy;
	uint64_t gaps[GAPS][2]; /* with what they are uncertain by */
	size_t gap_count;
};

/* --- random logs ----------------------------------------------------------------------
 */

static uint64_t odd_address(void)
{
	static const uint64_t places[] = { MODULE + 0x40,   STACK - 0x100, STACK + 0x100,
					   THREAD_2 - 0x80, 0x123450,	   0x500000 };

	return places[rnd(6)];
}

static uint64_t some_pointer(void)
{
	uint64_t slot = POOL_BASE + SLOT * rnd(SLOTS);

	return !rnd(12) ? odd_address() : !rnd(8) ? slot + 16 * (1 + rnd(8)) : slot;
}

static void add_random_event(struct making *making)
{
	static const uint8_t makers[] = { MS_EVENT_MALLOC, MS_EVENT_CALLOC, MS_EVENT_NEW,
					  MS_EVENT_NEW_ARRAY, MS_EVENT_NEW_ALIGNED };
	static const uint8_t enders[] = { MS_EVENT_FREE, MS_EVENT_DELETE,
					  MS_EVENT_DELETE_ARRAY,
					  MS_EVENT_DELETE_ALIGNED };
	struct log_builder *lb = &making->lb;
	uint32_t thread = 1 + (uint32_t)rnd(2);
	uint32_t stack = lb_node(lb, MS_MODULE_NONE, 0x400000 + lb->nodes, 0);
	uint64_t slot = POOL_BASE + SLOT * rnd(SLOTS), size = 1 + rnd(140);
	unsigned what = (unsigned)rnd(20);

	making->now += 1 + rnd(4) * MS;
	if (what < 9)
		lb_event(lb, thread, AT(making->now), makers[rnd(5)], slot, size, stack);
	else if (what < 16)
		lb_event(lb, thread, AT(making->now), enders[rnd(4)], some_pointer(), 0,
			 stack);
	else if (what < 18 && making->depth[thread] < 2) {
		lb_event(lb, thread, AT(making->now), MS_EVENT_REALLOC_BEGIN,
			 some_pointer(), 0, stack);
		making->depth[thread]++;
	} else if (making->depth[thread]) {
		making->depth[thread]--;
		if (rnd(6))
			lb_event(lb, thread, AT(making->now), MS_EVENT_REALLOC_END,
				 rnd(4) ? slot : 0, size, stack);
		else
			lb_event(lb, thread, AT(making->now), MS_EVENT_REALLOC_FREED, 0,
				 0, stack);
	}
}

static void pause_it(struct making *making, struct world *w)
{
	uint64_t from = making->now, to = making->now + rnd(60) * MS;

	if (w->gap_count == GAPS)
		return;
	lb_record_of(&making->lb, MS_RECORD_STATE, LB_NUMBERS(AT(from), 0), NULL);
	lb_record_of(&making->lb, MS_RECORD_STATE, LB_NUMBERS(AT(to), 1), NULL);
	making->now = to;
	w->gaps[w->gap_count][0] = from > SETTLES ? from - SETTLES : 0;
	w->gaps[w->gap_count++][1] = to + SETTLES;
}

static void add_head(struct log_builder *lb, const struct world *w)
{
	lb_record_of(lb, MS_RECORD_THREAD_BEGIN,
		     LB_NUMBERS(1, AT(0), LB_PID, STACK - 0x10000, STACK), NULL);
	lb_record_of(lb, MS_RECORD_THREAD_BEGIN,
		     LB_NUMBERS(2, AT(0), LB_PID + 1, THREAD_2 - 0x1000, THREAD_2), NULL);
	lb_module(lb, 1, AT(0), MODULE, MODULE, MODULE + 0x1000, NULL, 0, "/bin/program");
	lb_head(lb)->flags = w->forked ? MS_HEAD_FORKED : 0;
	lb_fix_head(lb);
	lb_status(lb)->lost[MS_LOST_NESTED_EVENTS] = w->lossy;
}

static struct fixture *make_log(uint64_t with, struct world *w)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct making *making = calloc(1, sizeof(*making));
	struct ms_cursor *cursor;
	struct ms_event event;

	ck_assert(f && making);
	seed = with;
	random_state = seed * 0x9e3779b97f4a7c15ULL | 1;
	*w = (struct world){ .forked = !rnd(4), .lossy = !rnd(6) };
	lb_init(&making->lb);
	making->lb.window_bytes = 4 * MS_WIRE_PAGE;
	add_head(&making->lb, w);
	for (size_t n = 20 + rnd(300); n > 0; n--) {
		add_random_event(making);
		if (!w->forked && with % 2 && !rnd(80))
			pause_it(making, w);
	}
	lb_end(&making->lb, AT(making->now + 1));
	fixture_open(f, &making->lb);
	free(making);
	ck_assert_int_eq(ms_cursor_open(&cursor, f->store, NULL), MS_OK);
	while (ms_cursor_next(cursor, &event))
		tm_apply(&f->model, &event);
	ms_cursor_close(cursor);
	return f;
}

/* --- the model -------------------------------------------------------------------------
 */

struct wanted { /* of the free at an event */
	const char *detector, *kind;
	bool candidate, wrong; /* wrong: not explained, though perhaps not reported */
};

/* The end of the last pause before, or UINT64_MAX within one. */
static uint64_t since(const struct world *w, uint64_t at_ns)
{
	uint64_t last = 0;

	for (size_t i = 0; i < w->gap_count; i++) {
		if (at_ns >= w->gaps[i][0] && at_ns < w->gaps[i][1])
			return UINT64_MAX;
		if (w->gaps[i][1] <= at_ns && w->gaps[i][1] > last)
			last = w->gaps[i][1];
	}
	return last;
}

static bool contains(const struct tm_block *b, uint64_t address)
{
	return address >= b->made.address &&
	       address < b->made.address + (b->made.size ? b->made.size : 1);
}

/*
 * The youngest block that had the address before an event, when it lives; or NULL.  Older
 * ones may wait in a realloc: they count as gone.
 */
static const struct tm_block *living(const struct timeline_model *m, size_t by,
				     uint64_t address)
{
	for (size_t i = m->block_count; i-- > 0;) {
		const struct tm_block *b = &m->blocks[i];

		if (b->made_by < by && contains(b, address))
			return tm_lives(b, by - 1) ? b : NULL;
	}
	return NULL;
}

/* The last block that had it and was seen to end. */
static const struct tm_block *ended(const struct timeline_model *m, size_t by,
				    uint64_t address)
{
	const struct tm_block *last = NULL;

	for (size_t i = 0; i < m->block_count; i++) {
		const struct tm_block *b = &m->blocks[i];

		if ((b->fate == TM_FREED || b->fate == TM_MOVED) && b->ended_by < by &&
		    contains(b, address) && (!last || b->ended_by > last->ended_by))
			last = b;
	}
	return last;
}

/* Was it freed wrongly before, and not handed out since? */
static bool freed_before(const struct timeline_model *m, const struct wanted *wanted,
			 size_t by, uint64_t address, uint64_t from_ns)
{
	for (size_t i = by; i-- > 0;) {
		for (size_t b = 0; b < m->block_count; b++) {
			if (m->blocks[b].made_by == i && contains(&m->blocks[b], address))
				return false;
		}
		if (wanted[i].wrong && m->events[i].address == address)
			return m->events[i].at_ns >= from_ns;
	}
	return false;
}

static const char *kind_of(const struct timeline_model *m, const struct world *w,
			   const struct wanted *wanted, size_t by)
{
	uint64_t address = m->events[by].address, at = m->events[by].at_ns;
	uint64_t from = since(w, at);
	const struct tm_block *live = living(m, by, address);
	const struct tm_block *last = ended(m, by, address);
	bool known = !w->lossy && from != UINT64_MAX;
	bool whole = known && !from && !w->forked;

	if (known && live && live->made.address == address)
		return "double";
	if (known && live && live->made.at_ns >= from)
		return "interior";
	if (known && !live && last && last->made.address == address &&
	    last->ended.at_ns >= from)
		return "double";
	if (known && !live && !whole && freed_before(m, wanted, by, address, from))
		return "double";
	if (address >= MODULE && address < MODULE + 0x1000)
		return "static";
	if (address >= STACK - 0x10000 && address < STACK + (8 << 20))
		return "stack";
	if (whole && address >= THREAD_2 - 0x1000 && address < THREAD_2)
		return "stack";
	if (whole)
		return last ? "interior" : "not_a_block";
	return w->forked || from ? NULL : "unknown";
}

/* What each wrong free is, at the event that has its stack: *by is that of its effect. */
static void expect(struct wanted *wanted, size_t *stacks, const struct fixture *f,
		   const struct world *w)
{
	const struct timeline_model *m = &f->model;
	bool *sure = calloc(m->event_count + 1, sizeof(*sure));
	size_t begun[TM_THREADS][TM_EVENTS / 64], depth[TM_THREADS] = { 0 };

	ck_assert(sure != NULL);
	for (size_t i = 0; i < m->event_count; i++) {
		const struct ms_event *e = &m->events[i];
		size_t begin;

		stacks[i] = e->stack;
		if (e->class == MS_CLASS_FREE) {
			wanted[i].candidate = sure[i] = m->unmatched[i];
		} else if (e->class == MS_CLASS_REALLOC_BEGIN) {
			begun[e->thread][depth[e->thread]++] = i;
			wanted[i].candidate = true; /* unless it ends well */
		} else if (e->class != MS_CLASS_ALLOC && depth[e->thread]) {
			begin = begun[e->thread][--depth[e->thread]];
			stacks[begin] = e->stack;
			wanted[begin].candidate = m->unmatched[i] || m->failed[i];
			sure[begin] = m->unmatched[i];
		}
	}
	for (size_t i = 0; i < m->event_count; i++) {
		const struct tm_block *live = living(m, i, m->events[i].address);
		const char *kind;

		if (!wanted[i].candidate ||
		    (!sure[i] && live && live->made.address == m->events[i].address))
			continue;
		kind = kind_of(m, w, wanted, i);
		wanted[i].wrong = sure[i] || kind;
		if (!kind)
			continue;
		wanted[i].detector =
			strcmp(kind, "double") ? "invalid_free" : "double_free";
		wanted[i].kind = kind;
	}
	free(sure);
}

static const char *families(unsigned made, unsigned ended)
{
	static const char *const c[] = { NULL, "malloc/delete", "malloc/delete[]", NULL,
					 "malloc/delete" };
	static const char *const object[] = { "new/free", NULL, "new/delete[]",
					      "new/realloc", "new/aligned delete" };
	static const char *const array[] = { "new[]/free", "new[]/delete", NULL,
					     "new[]/realloc", "new[]/delete" };
	static const char *const aligned[] = { "new/free", "aligned new/delete",
					       "new/delete[]", "new/realloc", NULL };
	unsigned i = ended == MS_EVENT_FREE		? 0
		     : ended == MS_EVENT_DELETE		? 1
		     : ended == MS_EVENT_DELETE_ARRAY	? 2
		     : ended == MS_EVENT_DELETE_ALIGNED ? 4
							: 3;

	return made == MS_EVENT_NEW	      ? object[i]
	       : made == MS_EVENT_NEW_ARRAY   ? array[i]
	       : made == MS_EVENT_NEW_ALIGNED ? aligned[i]
					      : c[i];
}

/* The block that an event ended, if by a function of another family; or NULL. */
static const char *mismatch(const struct fixture *f, const struct world *w, size_t by)
{
	const struct timeline_model *m = &f->model;

	for (size_t i = 0; i < m->block_count; i++) {
		const struct tm_block *b = &m->blocks[i];

		if ((b->fate == TM_FREED || b->fate == TM_MOVED) && b->ended_by == by &&
		    !w->lossy && since(w, b->ended.at_ns) <= b->made.at_ns)
			return families(b->made.kind, b->ended.kind);
	}
	return NULL;
}

/* --- the tests -------------------------------------------------------------------------
 */

static uint64_t bit(const char *name)
{
	return UINT64_C(1) << ms_detector_index(name, strlen(name));
}

static ms_status check(struct ms_findings *findings, const struct fixture *f,
		       unsigned threads)
{
	struct ms_check_input input = {
		.store = f->store, .log = f->log, .meta = f->meta, .threads = threads
	};

	*findings = (struct ms_findings){ 0 };
	return ms_check(findings,
			bit("double_free") | bit("invalid_free") | bit("mismatched_free"),
			&input, NULL);
}

static const struct ms_finding *finding_of(const struct ms_findings *findings,
					   const char *detector, size_t stack)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct ms_finding *f = &findings->items[i];

		if (strcmp(f->detector->name, detector) == 0 &&
		    f->points[0].stack == stack)
			return f;
	}
	return NULL;
}

static void compare(const struct fixture *f, const struct world *w,
		    const struct ms_findings *findings)
{
	const struct timeline_model *m = &f->model;
	struct wanted *wanted = calloc(m->event_count + 1, sizeof(*wanted));
	size_t *stacks = calloc(m->event_count + 1, sizeof(*stacks)), expected = 0;

	ck_assert(wanted && stacks);
	expect(wanted, stacks, f, w);
	for (size_t i = 0; i < m->event_count; i++) {
		const struct ms_finding *found;
		const char *pair = mismatch(f, w, i);

		if (pair) {
			expected++;
			found = finding_of(findings, "mismatched_free",
					   m->events[i].stack);
			ck_assert_msg(found && !strcmp(found->kind, pair),
				      "seed %llu, event %zu: %s is missing",
				      (unsigned long long)seed, i, pair);
		}
		if (!wanted[i].detector)
			continue;
		expected++;
		found = finding_of(findings, wanted[i].detector, stacks[i]);
		ck_assert_msg(found && (!strcmp(wanted[i].kind, "double") ||
					!strcmp(found->kind, wanted[i].kind)),
			      "seed %llu, event %zu: %s (%s) is missing",
			      (unsigned long long)seed, i, wanted[i].detector,
			      wanted[i].kind);
		SAME(found->points[0].address, m->events[i].address, "its address");
		SAME(found->count, 1, "its count");
	}
	SAME(findings->count, expected, "the number of findings");
	free(wanted);
	free(stacks);
}

START_TEST(findings_equal_the_model)
{
	uint64_t first = seed;

	for (uint64_t i = 0; i < 150; i++) {
		struct ms_findings findings;
		struct world w;
		struct fixture *f = make_log(first + i, &w);

		ck_assert_int_eq(check(&findings, f, 1 + i % 3), MS_OK);
		compare(f, &w, &findings);
		ms_findings_release(&findings);
		fixture_free(f);
	}
}
END_TEST

START_TEST(every_failing_allocation_is_told)
{
	struct world w;
	struct fixture *f = make_log(seed + 1, &w);
	ms_status status = MS_ENOMEM;
	unsigned long n;

	for (n = 1; status != MS_OK; n++) {
		struct ms_findings findings;

		ms_alloc_fail_at(n);
		status = check(&findings, f, 1);
		ms_alloc_fail_at(0);
		ck_assert(status == MS_OK || status == MS_ENOMEM);
		ms_findings_release(&findings);
	}
	ck_assert_uint_gt(n, 5);
	fixture_free(f);
}
END_TEST

/* Many wrong frees of one stack are one finding. */
START_TEST(alike_ones_are_one)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct ms_findings findings;
	struct log_builder lb;
	uint32_t made, freed, again;

	ck_assert(f != NULL);
	lb_init(&lb);
	made = lb_node(&lb, MS_MODULE_NONE, 0x401000, 0);
	freed = lb_node(&lb, MS_MODULE_NONE, 0x402000, 0);
	again = lb_node(&lb, MS_MODULE_NONE, 0x403000, 0);
	for (uint64_t i = 0; i < 100; i++) {
		uint64_t at = AT(10 * i), address = 0x10000 + 64 * i;

		lb_event(&lb, 1, at, MS_EVENT_MALLOC, address, 24, made);
		lb_event(&lb, 1, at + 1, MS_EVENT_FREE, address, 0, freed);
		lb_event(&lb, 1, at + 2, MS_EVENT_FREE, address, 0, again);
	}
	lb_end(&lb, AT(20000));
	fixture_open(f, &lb);
	ck_assert_int_eq(check(&findings, f, 2), MS_OK);
	ck_assert_uint_eq(findings.count, 1);
	ck_assert_uint_eq(findings.items[0].count, 100);
	ck_assert_uint_eq(findings.items[0].bytes, 2400);
	ck_assert_int_eq(findings.items[0].severity, MS_SEVERITY_CRITICAL);
	ck_assert_uint_eq(findings.items[0].point_count, 3);
	ck_assert_uint_eq(findings.items[0].points[0].stack, again);
	ck_assert_uint_eq(findings.items[0].points[1].stack, freed);
	ck_assert_uint_eq(findings.items[0].points[2].stack, made);
	ck_assert_uint_eq(findings.items[0].points[2].address, 0x10000);
	ms_findings_release(&findings);
	fixture_free(f);
}
END_TEST

/* More than are looked at: said, and no memory without end. */
START_TEST(very_many_are_counted)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct ms_findings findings;
	struct log_builder lb;
	const struct ms_finding *more = NULL;
	uint64_t counted = 0;

	ck_assert(f != NULL);
	lb_init(&lb);
	lb.window_bytes = 1 << 20;
	for (uint64_t i = 0; i < 70000; i++)
		lb_event(&lb, 1, AT(i), MS_EVENT_FREE, 0x10000 + 16 * i, 0, 0);
	lb_end(&lb, AT(80000));
	fixture_open(f, &lb);
	ck_assert_int_eq(check(&findings, f, 2), MS_OK);
	for (size_t i = 0; i < findings.count; i++) {
		counted += findings.items[i].count;
		if (!findings.items[i].point_count)
			more = &findings.items[i];
	}
	ck_assert_uint_eq(counted, 70000);
	ck_assert(more && more->severity == MS_SEVERITY_INFO);
	ck_assert_uint_eq(more->count, 70000 - 65536);
	ms_findings_release(&findings);
	fixture_free(f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bad_frees");
	TCase *tcase = tcase_create("bad_frees");
	SRunner *runner = srunner_create(suite);
	int failed;

	seed_from_environment("bad_frees");
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, findings_equal_the_model);
	tcase_add_test(tcase, every_failing_allocation_is_told);
	tcase_add_test(tcase, alike_ones_are_one);
	tcase_add_test(tcase, very_many_are_counted);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
