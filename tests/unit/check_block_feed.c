/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_block_feed.c - the table allocations against a slow, obvious model: random logs
 * with reallocs across threads, nested and failing ones, unknown and lost frees; random
 * questions, so that what is read depends on what is asked.
 */
#include "tests/unit/log_builder.h"

#include <memscope/query.h>

#include <check.h>
#include <inttypes.h>
#include <time.h>

#define EVENTS	  600
#define THREADS	  3
#define ADDRESSES 12
#define STACKS	  5
#define AT(ns)	  (LB_START_TICKS + (ns))
#define FOREVER	  UINT64_MAX

struct block {
	uint64_t address, size, made, ended, next, previous, chain;
	uint32_t thread, stack, end_thread, end_stack;
	const char *how; /* NULL: it lives */
	bool temporary, moving;
};

static struct model {
	struct block blocks[EVENTS];
	size_t count;
	struct {
		int block; /* -1: not known */
		uint64_t address;
	} moving[THREADS + 1][EVENTS];
	size_t depth[THREADS + 1];
	int newest[THREADS + 1];
	uint64_t chains;
} model;

static char path[64];
static uint64_t seed, state;

static uint64_t dice(uint64_t sides)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % sides;
}

/* --- the model ------------------------------------------------------------------------
 */

static int live_at(uint64_t address)
{
	for (size_t i = 0; i < model.count; i++) {
		if (model.blocks[i].address == address && !model.blocks[i].how &&
		    !model.blocks[i].moving)
			return (int)i;
	}
	return -1;
}

static void end_block(int i, const char *how, uint64_t ns, uint32_t thread,
		      uint32_t stack, uint64_t next)
{
	struct block *b = &model.blocks[i];

	b->how = how;
	b->ended = ns;
	b->end_thread = thread;
	b->end_stack = stack;
	b->next = next;
	b->moving = false;
}

static void make_block(uint64_t ns, uint32_t thread, uint64_t address, uint64_t size,
		       uint32_t stack, uint64_t previous, uint64_t chain)
{
	int there = live_at(address);

	if (there >= 0)
		end_block(there, "lost", ns, 0, 0, 0);
	model.blocks[model.count] =
		(struct block){ .address = address,
				.size = size,
				.made = ns,
				.thread = thread,
				.stack = stack,
				.previous = previous,
				.chain = chain ? chain : ++model.chains };
	model.newest[thread] = (int)model.count++;
}

static void free_block(uint64_t ns, uint32_t thread, int i, uint32_t stack,
		       const char *how)
{
	bool temporary = model.newest[model.blocks[i].thread] == i;

	end_block(i, how, ns, thread, stack, 0);
	model.blocks[i].temporary = temporary;
}

static void begin_move(uint32_t thread, uint64_t address)
{
	size_t d = model.depth[thread]++;
	int i = live_at(address);

	model.moving[thread][d].block = i;
	model.moving[thread][d].address = address;
	if (i >= 0)
		model.blocks[i].moving = true;
}

/* How the innermost realloc of a thread ends; new 0: it failed, freed: it was a free. */
static void end_move(uint64_t ns, uint32_t thread, uint64_t new, uint64_t size,
		     uint32_t stack, bool freed)
{
	bool begun = model.depth[thread] > 0;
	size_t d = begun ? --model.depth[thread] : 0;
	int i = begun ? model.moving[thread][d].block : -1;
	uint64_t old = begun ? model.moving[thread][d].address : 0;

	if (freed) {
		if (i >= 0)
			free_block(ns, thread, i, stack, "free");
	} else if (!new) {
		if (i >= 0 && live_at(old) >= 0)
			end_block(i, "lost", ns, 0, 0, 0);
		else if (i >= 0)
			model.blocks[i].moving = false;
	} else {
		if (i >= 0)
			end_block(i, "realloc", ns, thread, stack, new);
		make_block(ns, thread, new, size, stack, old,
			   i >= 0 ? model.blocks[i].chain : 0);
	}
}

/* --- random logs ----------------------------------------------------------------------
 */

static void add_event(struct log_builder *lb, uint64_t ns)
{
	uint32_t thread = 1 + (uint32_t)dice(THREADS), stack = (uint32_t)dice(STACKS + 1);
	uint64_t address = 0x1000 + 16 * dice(ADDRESSES), size = dice(100);
	int there;

	if (dice(20) == 0)
		address |= UINT64_C(0xffffffff00000000);
	switch (dice(10)) {
	case 0:
	case 1:
	case 2:
		lb_event(lb, thread, AT(ns), MS_EVENT_MALLOC, address, size, stack);
		make_block(ns, thread, address, size, stack, 0, 0);
		break;
	case 3:
	case 4:
	case 5:
		lb_event(lb, thread, AT(ns), MS_EVENT_FREE, address, 0, stack);
		there = live_at(address);
		if (there >= 0)
			free_block(ns, thread, there, stack, "free");
		break;
	case 6:
	case 7:
		lb_event(lb, thread, AT(ns), MS_EVENT_REALLOC_BEGIN, address, 0, 0);
		begin_move(thread, address);
		break;
	case 8:
		lb_event(lb, thread, AT(ns), MS_EVENT_REALLOC_END,
			 dice(4) ? address : (address = 0), size, stack);
		end_move(ns, thread, address, size, stack, false);
		break;
	default:
		if (dice(3))
			break;
		lb_event(lb, thread, AT(ns), MS_EVENT_REALLOC_FREED, address, 0, stack);
		end_move(ns, thread, 0, 0, stack, true);
	}
}

static void build(uint64_t number)
{
	struct log_builder lb;
	uint64_t ns = 10;

	state = seed + number * 0x9e3779b97f4a7c15;
	state = state ? state : 1;
	memset(&model, 0, sizeof(model));
	for (int t = 0; t <= THREADS; t++)
		model.newest[t] = -1;
	lb_init(&lb);
	for (uint32_t t = 1; t <= THREADS; t++)
		lb_thread(&lb, t, AT(1), 5000 + t, NULL);
	for (int i = 0; i < STACKS; i++)
		lb_node(&lb, MS_MODULE_NONE, 0x400000 + (uint64_t)i, 0);
	for (int i = 0; i < EVENTS; i++)
		add_event(&lb, ns += 1 + dice(5));
	lb_end(&lb, AT(ns + 10));
	lb_save(&lb, path);
	lb_release(&lb);
}

/* --- questions ------------------------------------------------------------------------
 */

struct range {
	uint64_t from, to;
};

struct question {
	struct range made, ended, size;
	uint64_t thread, address, stack; /* UINT64_MAX: any */
};

static bool in(struct range r, uint64_t n)
{
	return n >= r.from && n <= r.to;
}

static bool passes(const struct question *q, const struct block *b)
{
	bool any_end = q->ended.from == 0 && q->ended.to == FOREVER;

	return in(q->made, b->made) && in(q->size, b->size) &&
	       (any_end || (b->how && in(q->ended, b->ended))) &&
	       (q->thread == FOREVER || q->thread == b->thread) &&
	       (q->address == FOREVER || q->address == b->address) &&
	       (q->stack == FOREVER || (q->stack == b->stack && b->stack));
}

static struct question random_question(void)
{
	struct question q = { { 0, FOREVER }, { 0, FOREVER }, { 0, FOREVER },
			      FOREVER,	      FOREVER,	      FOREVER };

	if (dice(2))
		q.made = (struct range){ dice(2000), dice(2500) };
	if (dice(4) == 0)
		q.ended = (struct range){ dice(1000), 500 + dice(2000) };
	if (dice(3) == 0)
		q.size = (struct range){ dice(50), 20 + dice(90) };
	if (dice(3) == 0)
		q.thread = 1 + dice(THREADS);
	if (dice(3) == 0)
		q.address = model.blocks[dice(model.count)].address;
	if (dice(4) == 0)
		q.stack = 1 + dice(STACKS);
	return q;
}

static void add_range(char *sql, const char *name, struct range r)
{
	if (r.from)
		sprintf(sql + strlen(sql), " AND %s %s %" PRIu64, name,
			dice(2) ? ">=" : "+0.0 + 0 >=", r.from);
	if (r.to != FOREVER)
		sprintf(sql + strlen(sql), " AND %s < %" PRIu64 ".%u", name, r.to,
			1 + (unsigned)dice(9));
}

static void write_question(char *sql, const struct question *q)
{
	*sql = '\0';
	add_range(sql, "t_alloc", q->made);
	add_range(sql, "t_free", q->ended);
	add_range(sql, "size", q->size);
	if (q->thread != FOREVER)
		sprintf(sql + strlen(sql), " AND thread = %" PRIu64, 5000 + q->thread);
	if (q->address != FOREVER)
		sprintf(sql + strlen(sql), " AND address = 0x%" PRIx64, q->address);
	if (q->stack != FOREVER)
		sprintf(sql + strlen(sql), " AND stack = %" PRIu64, q->stack);
}

/* --- asking ---------------------------------------------------------------------------
 */

static char told[256];

static int keep(void *context, const struct memscope_cell *cells, size_t count)
{
	(void)context;
	*told = '\0';
	for (size_t i = 0; i < count; i++) {
		if (cells[i].kind == MEMSCOPE_CELL_TEXT)
			sprintf(told + strlen(told), "%s ", cells[i].text);
		else if (cells[i].kind == MEMSCOPE_CELL_INTEGER)
			sprintf(told + strlen(told), "%" PRId64 " ", cells[i].integer);
		else
			strcat(told, "- ");
	}
	return 0;
}

static void ask(struct memscope_query *query, const char *sql)
{
	struct memscope_error err = { "" };

	if (memscope_query_each(query, sql, keep, NULL, &err) != MEMSCOPE_OK)
		ck_abort_msg("%s: %s", sql, err.text);
}

/* Sums over what is asked for; which of them are asked varies what must be read. */
struct sum {
	const char *sql;
	uint64_t (*of)(const struct block *b);
};

static uint64_t one(const struct block *b)
{
	(void)b;
	return 1;
}

static uint64_t size_of(const struct block *b)
{
	return b->size;
}

static uint64_t made_at(const struct block *b)
{
	return b->made;
}

static uint64_t end_of(const struct block *b)
{
	return b->how ? b->ended : 0;
}

static uint64_t temporary(const struct block *b)
{
	return b->temporary;
}

static uint64_t next_of(const struct block *b)
{
	return b->how && !strcmp(b->how, "realloc") ? b->next & 0xffff : 0;
}

static uint64_t previous_of(const struct block *b)
{
	return b->previous & 0xffff;
}

static uint64_t chain_of(const struct block *b)
{
	return b->chain;
}

static bool was_freed(const struct block *b)
{
	return b->how && strcmp(b->how, "lost") != 0;
}

static uint64_t freer(const struct block *b)
{
	return was_freed(b) ? 5000 + b->end_thread : 0;
}

static uint64_t free_place(const struct block *b)
{
	return was_freed(b) ? b->end_stack : 0;
}

static uint64_t lost(const struct block *b)
{
	return b->how && !strcmp(b->how, "lost");
}

static const struct sum sums[] = {
	{ "count(*)", one },
	{ "sum(size)", size_of },
	{ "sum(t_alloc)", made_at },
	{ "sum(t_free)", end_of },
	{ "sum(temporary)", temporary },
	{ "sum(next & 0xffff)", next_of },
	{ "sum(previous & 0xffff)", previous_of },
	{ "sum(chain)", chain_of },
	{ "sum(free_thread)", freer },
	{ "sum(free_stack)", free_place },
	{ "sum(ended = 'lost')", lost },
};

#define SUMS (sizeof(sums) / sizeof(*sums))

static void check_question(struct memscope_query *query)
{
	struct question q = random_question();
	char sql[1024] = "SELECT ", where[600], wanted[256] = "";
	unsigned chosen = 0;

	while (!chosen)
		chosen = (unsigned)dice(1u << SUMS) & (unsigned)dice(1u << SUMS);
	for (size_t i = 0; i < SUMS; i++) {
		uint64_t sum = 0;

		if (!(chosen >> i & 1))
			continue;
		for (size_t k = 0; k < model.count; k++) {
			if (passes(&q, &model.blocks[k]))
				sum += sums[i].of(&model.blocks[k]);
		}
		sprintf(wanted + strlen(wanted), "%" PRIu64 " ", sum);
		sprintf(sql + strlen(sql), "%sifnull(%s, 0)", sql[7] ? ", " : "",
			sums[i].sql);
	}
	write_question(where, &q);
	strcat(sql, " FROM allocations WHERE 1");
	strcat(sql, where);
	ask(query, sql);
	if (strcmp(told, wanted) != 0)
		ck_abort_msg("seed %" PRIu64 ": %s: %s, but %s", seed, sql, told, wanted);
}

START_TEST(questions_are_answered_as_by_the_model)
{
	const char *paths[] = { path };
	struct memscope_query *query;
	struct memscope *m;

	build((uint64_t)_i);
	ck_assert_int_eq(memscope_open(&m, paths, 1, NULL, NULL), MEMSCOPE_OK);
	ck_assert_int_eq(memscope_query_open(&query, m, NULL), MEMSCOPE_OK);
	for (int i = 0; i < 60; i++)
		check_question(query);
	memscope_query_close(query);
	memscope_close(m);
	unlink(path);
}
END_TEST

/* Either way to the rows of an OR must give each of them once. */
START_TEST(rows_are_united_and_not_repeated)
{
	const char *paths[] = { path };
	struct memscope_query *query;
	struct memscope *m;
	char by_index[256], sql[256];

	build(1000);
	ck_assert_int_eq(memscope_open(&m, paths, 1, NULL, NULL), MEMSCOPE_OK);
	ck_assert_int_eq(memscope_query_open(&query, m, NULL), MEMSCOPE_OK);
	for (int i = 0; i < 20; i++) {
		sprintf(sql,
			"SELECT count(*), sum(size), sum(t_free) FROM allocations "
			"WHERE thread = %d OR address = 0x%x OR t_alloc < %d",
			5001 + i % 3, 0x1000 + 16 * (i % ADDRESSES), 100 * i);
		ask(query, sql);
		strcpy(by_index, told);
		sprintf(sql,
			"SELECT count(*), sum(size), sum(t_free) FROM allocations "
			"WHERE +thread = %d OR +address = 0x%x OR +t_alloc < %d",
			5001 + i % 3, 0x1000 + 16 * (i % ADDRESSES), 100 * i);
		ask(query, sql);
		ck_assert_str_eq(by_index, told);
	}
	memscope_query_close(query);
	memscope_close(m);
	unlink(path);
}
END_TEST

/* What lives is the same by every way to it. */
START_TEST(live_blocks_agree)
{
	const char *paths[] = { path };
	struct memscope_query *query;
	struct memscope *m;
	char first[256];

	build(2000 + (uint64_t)_i);
	ck_assert_int_eq(memscope_open(&m, paths, 1, NULL, NULL), MEMSCOPE_OK);
	ck_assert_int_eq(memscope_query_open(&query, m, NULL), MEMSCOPE_OK);
	ask(query, "SELECT count(*), ifnull(sum(size), 0) FROM allocations "
		   "WHERE t_free IS NULL");
	strcpy(first, told);
	ask(query, "SELECT count(*), ifnull(sum(size), 0) FROM live");
	ck_assert_str_eq(first, told);
	ask(query, "SELECT active_allocations, current_memory FROM processes");
	ck_assert_str_eq(first, told);
	ask(query, "SELECT sum(live_blocks), sum(live_bytes) FROM sites");
	ck_assert_str_eq(first, told);
	ask(query, "SELECT live_blocks, live_bytes FROM timeline(1)");
	ck_assert_str_eq(first, told);
	memscope_query_close(query);
	memscope_close(m);
	unlink(path);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("block_feed");
	TCase *tcase = tcase_create("model");
	const char *given = getenv("SEED");
	SRunner *runner = srunner_create(suite);
	int failed;

	seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	fprintf(stderr, "SEED=%" PRIu64 "\n", seed);
	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, questions_are_answered_as_by_the_model, 0, 20);
	tcase_add_test(tcase, rows_are_united_and_not_repeated);
	tcase_add_loop_test(tcase, live_blocks_agree, 0, 10);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
