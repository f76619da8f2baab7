/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_report_fold.c - trees that were cut: every sum is what it was.
 *
 * MS_TEST_SEED=N runs the sequences of seed N again.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/render/report.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NODES	  300
#define ROWS	  400
#define PROCESSES 3
#define BUCKETS	  9
#define RUNS	  60

static uint64_t random_state;

static uint64_t rnd(uint64_t below)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * UINT64_C(0x2545f4914f6cdd1d) % below;
}

struct tree {
	struct ms_profile_node nodes[NODES];
	struct ms_profile_row rows[ROWS];
	uint32_t sites[ROWS];
	struct ms_fold_source source;
};

static int by_process(const void *a, const void *b)
{
	const struct ms_profile_row *x = a, *y = b;

	return x->process < y->process ? -1 : x->process > y->process;
}

static struct tree *tree_new(void)
{
	struct tree *t = calloc(1, sizeof(*t));
	size_t nodes = 1 + (size_t)rnd(NODES), rows = (size_t)rnd(ROWS + 1);

	ck_assert(t != NULL);
	t->nodes[0] = (struct ms_profile_node){ 0, MS_PROFILE_NONE };
	for (size_t i = 1; i < nodes; i++)
		t->nodes[i] = (struct ms_profile_node){
			(uint32_t)(rnd(3) ? i - 1 - rnd(i < 5 ? i : 5) : rnd(i)),
			(uint32_t)i
		};
	for (size_t i = 0; i < rows; i++) {
		t->rows[i].node = (uint32_t)rnd(nodes);
		t->rows[i].process = (uint32_t)rnd(PROCESSES);
		for (unsigned m = 0; m < MS_METRICS; m++)
			t->rows[i].value[m] = rnd(3) ? 0 : rnd(1u << rnd(20));
	}
	qsort(t->rows, rows, sizeof(*t->rows), by_process);
	for (size_t i = 0; i < rows; i++)
		t->sites[i] = rnd(4) ? (uint32_t)rnd(NODES) : MS_PROFILE_NONE;
	t->source = (struct ms_fold_source){ t->nodes, nodes, t->rows, t->sites, rows };
	return t;
}

/* Of a node with all below it, of one process. */
static uint64_t sum_of(const struct ms_profile_node *nodes,
		       const struct ms_profile_row *rows, size_t count, uint32_t node,
		       uint32_t process, unsigned metric)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		uint32_t at = rows[i].node;

		while (at != node && at)
			at = nodes[at].parent;
		if (at == node && rows[i].process == process)
			sum += rows[i].value[metric];
	}
	return sum;
}

static bool is_rest(const struct ms_fold *fold, uint32_t node)
{
	return node && fold->nodes[node].frame == MS_PROFILE_NONE;
}

/* A node that was kept has the frames above it that it had, and the same sums. */
static void check_node(const struct tree *t, const struct ms_fold *fold, uint32_t node)
{
	uint32_t now = fold->node_of[node];
	uint32_t parent = t->nodes[node].parent;

	if (is_rest(fold, now)) {
		/* What is below what was cut went the same way. */
		ck_assert(fold->node_of[parent] == fold->nodes[now].parent ||
			  fold->node_of[parent] == now);
		return;
	}
	ck_assert_uint_eq(fold->nodes[now].frame, t->nodes[node].frame);
	ck_assert_uint_eq(fold->nodes[now].parent, fold->node_of[parent]);
	for (unsigned m = 0; m < MS_METRICS; m += 4)
		ck_assert_uint_eq(
			sum_of(fold->nodes, fold->rows, fold->row_count, now, 1, m),
			sum_of(t->nodes, t->rows, t->source.row_count, node, 1, m));
}

static void check_rows(const struct tree *t, const struct ms_fold *fold)
{
	uint64_t folded = 0, bytes = 0;

	for (size_t i = 0; i < t->source.row_count; i++) {
		const struct ms_profile_row *row = &fold->rows[fold->row_of[i]];

		ck_assert_uint_eq(row->node, fold->node_of[t->rows[i].node]);
		ck_assert_uint_eq(row->process, t->rows[i].process);
		if (!is_rest(fold, row->node))
			continue;
		ck_assert_uint_eq(fold->sites[fold->row_of[i]], MS_PROFILE_NONE);
		folded++;
		bytes += t->rows[i].value[MS_METRIC_ALLOCATED];
	}
	ck_assert_uint_eq(fold->folded, folded);
	ck_assert_uint_eq(fold->bytes, bytes);
	for (size_t i = 1; i < fold->row_count; i++)
		ck_assert_uint_le(fold->rows[i - 1].process, fold->rows[i].process);
}

static void check_tree(const struct ms_fold *fold)
{
	bool has_rest[2 * NODES] = { false };

	for (uint32_t i = 1; i < fold->node_count; i++) {
		uint32_t parent = fold->nodes[i].parent;

		ck_assert_uint_lt(parent, i);
		ck_assert(!is_rest(fold, parent));
		if (!is_rest(fold, i))
			continue;
		ck_assert(!has_rest[parent]);
		has_rest[parent] = true;
	}
}

/* How heavy: the largest share of a metric. */
static double share_of(const struct tree *t, uint32_t node)
{
	double most = 0;

	for (unsigned m = 0; m < MS_METRICS; m++) {
		double all = 0, own = 0;

		for (uint32_t p = 0; p < PROCESSES; p++) {
			all += (double)sum_of(t->nodes, t->rows, t->source.row_count, 0,
					      p, m);
			own += (double)sum_of(t->nodes, t->rows, t->source.row_count,
					      node, p, m);
		}
		if (all > 0 && own / all > most)
			most = own / all;
	}
	return most;
}

/* None that is kept is lighter than one that is not. */
static void check_choice(const struct tree *t, const struct ms_fold *fold)
{
	double lightest = 2, heaviest = 0;

	for (uint32_t i = 1; i < t->source.node_count; i++) {
		double share = share_of(t, i);
		bool cut = is_rest(fold, fold->node_of[i]);

		if (cut && share > heaviest)
			heaviest = share;
		if (!cut && share < lightest)
			lightest = share;
	}
	ck_assert_double_le(heaviest, lightest + 1e-9);
}

START_TEST(sums_stay_what_they_were)
{
	for (unsigned run = 0; run < RUNS; run++) {
		struct tree *t = tree_new();
		size_t budget = 1 + (size_t)rnd(NODES + ROWS);
		struct ms_fold fold;

		ck_assert_int_eq(ms_fold_init(&fold, &t->source, budget, NULL), MS_OK);
		for (uint32_t i = 0; i < t->source.node_count; i++)
			check_node(t, &fold, i);
		check_rows(t, &fold);
		check_tree(&fold);
		if (run % 20 == 0)
			check_choice(t, &fold);
		if (budget >= t->source.node_count + t->source.row_count)
			ck_assert_uint_eq(fold.node_count, t->source.node_count);
		ms_fold_release(&fold);
		free(t);
	}
}
END_TEST

/* Cut again: what was cut before is not counted a second time. */
START_TEST(cut_twice)
{
	for (unsigned run = 0; run < RUNS; run++) {
		struct tree *t = tree_new();
		struct ms_fold first, second, once;
		struct ms_fold_source source;
		size_t budget = 1 + (size_t)rnd(100);

		ck_assert_int_eq(
			ms_fold_init(&first, &t->source, 1 + (size_t)rnd(300), NULL),
			MS_OK);
		source = (struct ms_fold_source){ first.nodes, first.node_count,
						  first.rows, first.sites,
						  first.row_count };
		ck_assert_int_eq(ms_fold_init(&second, &source, budget, NULL), MS_OK);
		check_tree(&second);
		for (unsigned m = 0; m < MS_METRICS; m++) {
			for (uint32_t p = 0; p < PROCESSES; p++)
				ck_assert_uint_eq(sum_of(second.nodes, second.rows,
							 second.row_count, 0, p, m),
						  sum_of(t->nodes, t->rows,
							 t->source.row_count, 0, p, m));
		}
		/* All that is not in the root is folded in one go. */
		ck_assert_int_eq(ms_fold_init(&once, &source, 1, NULL), MS_OK);
		ck_assert_uint_le(once.node_count, 2);
		ms_fold_release(&once);
		ms_fold_release(&second);
		ms_fold_release(&first);
		free(t);
	}
}
END_TEST

/* --- slices ---------------------------------------------------------------------------
 */

/* Random cells of a process's rows; begin: its first. */
static void fill_slices(struct ms_slices *s, size_t rows)
{
	*s = (struct ms_slices){ .buckets = BUCKETS };
	s->cells = calloc(rows * BUCKETS + 1, sizeof(*s->cells));
	s->start = calloc(BUCKETS + 1, sizeof(*s->start));
	ck_assert(s->cells && s->start);
	for (size_t b = 0; b < BUCKETS; b++) {
		for (uint32_t row = 0; row < rows; row++) {
			if (rnd(3) == 0)
				s->cells[s->count++] =
					(struct ms_cell){ row, rnd(9), rnd(1000),
							  (int64_t)rnd(9) - 4,
							  (int64_t)rnd(999) - 500 };
		}
		s->start[b + 1] = s->count;
	}
}

static void check_cells(const struct ms_slices *now, const struct ms_slices *before,
			const struct ms_fold *fold, size_t first_before, size_t first)
{
	for (size_t b = 0; b < BUCKETS; b++) {
		int64_t live[ROWS] = { 0 };
		uint64_t made[ROWS] = { 0 };

		for (size_t i = before->start[b]; i < before->start[b + 1]; i++) {
			const struct ms_cell *c = &before->cells[i];
			size_t row = fold->row_of[first_before + c->row] - first;

			live[row] += c->live_bytes;
			made[row] += c->made_bytes;
		}
		for (size_t i = now->start[b]; i < now->start[b + 1]; i++) {
			const struct ms_cell *c = &now->cells[i];

			ck_assert(i == now->start[b] || c[-1].row < c->row);
			ck_assert_int_eq(c->live_bytes, live[c->row]);
			ck_assert_uint_eq(c->made_bytes, made[c->row]);
			live[c->row] = 0;
			made[c->row] = 0;
		}
		for (size_t row = 0; row < ROWS; row++)
			ck_assert(!live[row] && !made[row]);
	}
}

START_TEST(slices_follow_their_rows)
{
	for (unsigned run = 0; run < RUNS; run++) {
		struct tree *t = tree_new();
		struct ms_fold whole = { .rows = t->rows,
					 .row_count = t->source.row_count };
		struct ms_slices before, now;
		struct ms_fold fold;

		ck_assert_int_eq(
			ms_fold_init(&fold, &t->source, 1 + (size_t)rnd(300), NULL),
			MS_OK);
		for (size_t p = 0; p < PROCESSES; p++) {
			size_t begin, end, first, last;

			ms_fold_rows_of(&whole, p, &begin, &end);
			ms_fold_rows_of(&fold, p, &first, &last);
			fill_slices(&before, end - begin);
			ck_assert_int_eq(
				ms_fold_slices(&now, &fold, &before, begin, NULL), MS_OK);
			check_cells(&now, &before, &fold, begin, first);
			free(before.cells);
			free(before.start);
			ms_free(now.cells);
			ms_free(now.start);
		}
		ms_fold_release(&fold);
		free(t);
	}
}
END_TEST

START_TEST(without_memory)
{
	struct tree *t = tree_new();
	ms_status status = MS_ENOMEM;
	unsigned long n = 0;
	struct ms_fold fold;

	while (status == MS_ENOMEM) {
		ms_alloc_fail_at(++n);
		status = ms_fold_init(&fold, &t->source, 50, NULL);
		ms_alloc_fail_at(0);
		if (status == MS_ENOMEM)
			ck_assert_ptr_null(fold.nodes);
	}
	ck_assert_int_eq(status, MS_OK);
	ck_assert_uint_gt(n, 5);
	ms_fold_release(&fold);
	free(t);
}
END_TEST

int main(void)
{
	const char *given = getenv("MS_TEST_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	Suite *suite = suite_create("report_fold");
	TCase *tcase = tcase_create("fold");
	SRunner *runner = srunner_create(suite);
	int failed;

	printf("check_report_fold: MS_TEST_SEED=%llu\n", (unsigned long long)seed);
	random_state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, sums_stay_what_they_were);
	tcase_add_test(tcase, cut_twice);
	tcase_add_test(tcase, slices_follow_their_rows);
	tcase_add_test(tcase, without_memory);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
