/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_flame.c - trees of flame graphs beside a slow model, and pictures of them.
 */
#include "analyzer/render/flame.h"
#include "analyzer/base/alloc.h"
#include "tests/unit/random_log.h"
#include "tests/unit/taken_text.h"

#include <memscope/snapshot.h>
#include <memscope/timeline.h>

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#define NODES  60
#define FRAMES 8
#define ROWS   80
#define SEEDS  30

static struct ms_profile_frame frames[FRAMES];
static struct ms_profile_node nodes[NODES];
static struct ms_profile_row rows[ROWS];
static struct ms_profile_module modules[] = { { .path = "/bin/a" },
					      { .path = "/lib/b.so" } };
static struct ms_profile profile = { .modules = modules,
				     .module_count = 2,
				     .frames = frames,
				     .frame_count = FRAMES,
				     .nodes = nodes,
				     .node_count = NODES,
				     .rows = rows,
				     .row_count = ROWS };

/* Two frames of one name and module, as two lines of a function are. */
static const char *const names[] = { "main", "main", "f", "g<int>", "h", "f", "k", "l" };

static void make_profile(uint64_t seed)
{
	struct random_log random = { .state = seed + 7 };

	for (uint32_t i = 0; i < FRAMES; i++)
		frames[i] = (struct ms_profile_frame){ .function = names[i],
						       .line = i,
						       .module = i < 4 ? 0 : 1 };
	for (uint32_t i = 0; i < NODES; i++)
		nodes[i] =
			(struct ms_profile_node){ i ? (uint32_t)rl_random(&random, i) : 0,
						  i ? (uint32_t)rl_random(&random, FRAMES)
						    : MS_PROFILE_NONE };
	for (uint32_t i = 0; i < ROWS; i++) {
		rows[i] = (struct ms_profile_row){
			.node = 1 + (uint32_t)rl_random(&random, NODES - 1),
			.process = i % 2
		};
		rows[i].value[MS_METRIC_ALLOCATED] = rl_random(&random, 1000);
	}
}

static void make(struct ms_flame *flame, bool inverted, bool compared)
{
	struct ms_flame_ask ask = { .metric = MS_METRIC_ALLOCATED,
				    .inverted = inverted,
				    .after = { &profile, MS_PROFILE_NONE } };

	if (compared) {
		ask.before = (struct ms_flame_side){ &profile, 0 };
		ask.after.process = 1;
	}
	ck_assert_int_eq(ms_flame_init(flame, &ask, NULL), MS_OK);
}

/* --- the model: a stack is the list of its frames, from the root of the graph ---------
 */

struct stack {
	const char *name[NODES], *module[NODES];
	size_t count;
};

static void add(struct stack *stack, const char *name, const char *module)
{
	stack->name[stack->count] = name;
	stack->module[stack->count++] = module;
}

static void turn(struct stack *stack)
{
	for (size_t i = 0, j = stack->count; i + 1 < j; i++) {
		const char *name = stack->name[i], *module = stack->module[i];

		j--;
		stack->name[i] = stack->name[j];
		stack->module[i] = stack->module[j];
		stack->name[j] = name;
		stack->module[j] = module;
	}
}

static void stack_of_row(struct stack *stack, size_t row, bool inverted)
{
	stack->count = 0;
	for (uint32_t n = rows[row].node; n; n = nodes[n].parent)
		add(stack, frames[nodes[n].frame].function,
		    frames[nodes[n].frame].module ? "b.so" : "a");
	if (!inverted)
		turn(stack);
}

static void stack_of_node(struct stack *stack, const struct ms_flame *flame, uint32_t n)
{
	stack->count = 0;
	for (; n; n = flame->nodes[n].parent)
		add(stack, flame->frames[flame->nodes[n].frame].name,
		    flame->frames[flame->nodes[n].frame].module);
	turn(stack);
}

static bool begins_with(const struct stack *stack, const struct stack *with)
{
	for (size_t i = 0; i < with->count; i++) {
		if (i == stack->count || strcmp(stack->name[i], with->name[i]) != 0 ||
		    strcmp(stack->module[i], with->module[i]) != 0)
			return false;
	}
	return true;
}

/* process 2: of both */
static uint64_t model_value(const struct stack *of, bool inverted, unsigned process,
			    bool self)
{
	uint64_t sum = 0;
	struct stack stack;

	for (size_t i = 0; i < ROWS; i++) {
		stack_of_row(&stack, i, inverted);
		if ((process == 2 || rows[i].process == process) &&
		    begins_with(&stack, of) && (!self || stack.count == of->count))
			sum += rows[i].value[MS_METRIC_ALLOCATED];
	}
	return sum;
}

START_TEST(trees_are_the_model)
{
	for (unsigned way = 0; way < 4; way++) {
		bool inverted = way & 1, compared = way & 2;
		struct ms_flame flame;
		struct stack stack;

		make_profile((uint64_t)_i);
		make(&flame, inverted, compared);
		for (uint32_t n = 0; n < flame.node_count; n++) {
			const struct ms_flame_node *node = &flame.nodes[n];

			stack_of_node(&stack, &flame, n);
			ck_assert_msg(node->value == model_value(&stack, inverted,
								 compared ? 1 : 2, false),
				      "seed %d, way %u, node %u", _i, way, n);
			ck_assert_msg(node->self == model_value(&stack, inverted,
								compared ? 1 : 2, true),
				      "seed %d, way %u, node %u: self", _i, way, n);
			ck_assert_msg(!compared || node->before == model_value(&stack,
									       inverted,
									       0, false),
				      "seed %d, way %u, node %u: before", _i, way, n);
			ck_assert_uint_eq(node->depth, stack.count);
		}
		ms_flame_release(&flame);
	}
}
END_TEST

START_TEST(children_are_the_heaviest_first)
{
	struct ms_flame flame;
	size_t seen = 0;

	make_profile((uint64_t)_i);
	make(&flame, false, false);
	for (uint32_t n = 0; n < flame.node_count; n++) {
		uint64_t last = UINT64_MAX;

		for (uint32_t c = flame.nodes[n].first; c; c = flame.nodes[c].next) {
			ck_assert_uint_eq(flame.nodes[c].parent, n);
			ck_assert_uint_le(flame.nodes[c].value, last);
			last = flame.nodes[c].value;
			seen++;
		}
	}
	ck_assert_uint_eq(seen, flame.node_count - 1);
	ms_flame_release(&flame);
}
END_TEST

/* --- pictures -------------------------------------------------------------------------
 */

static ms_status draw(const struct ms_flame *flame, const char *title)
{
	struct ms_svg svg = { .title = title, .detail = "", .width = 1200 };
	struct ms_writer *writer = ms_alloc(sizeof(*writer));
	ms_status status;

	if (!writer)
		return MS_ENOMEM;
	text_len = 0;
	ms_writer_init(writer, take, NULL, NULL);
	status = ms_render_svg(writer, flame, &svg, NULL);
	if (status == MS_OK)
		status = ms_writer_finish(writer, NULL);
	ms_free(writer);
	return status;
}

static size_t count_of(const char *word)
{
	size_t count = 0;

	for (const char *at = text; (at = strstr(at, word)); at++)
		count++;
	return count;
}

START_TEST(names_are_text)
{
	struct ms_flame flame;

	make_profile(1);
	frames[0].function = "<img onerror=\"x\">]]>&\x01\xff\xef\xbf\xbe\n";
	frames[1].function = "";
	for (uint32_t i = 0; i < FRAMES; i++)
		nodes[i + 1] = (struct ms_profile_node){ i, i };
	make(&flame, false, false);
	ck_assert_int_eq(draw(&flame, "</title><script>"), MS_OK);
	ck_assert_uint_eq(count_of("<img"), 0);
	ck_assert_uint_eq(count_of("<script>"), 1);
	ck_assert_uint_eq(count_of("]]>"), 2); /* style and script end */
	ck_assert_ptr_nonnull(strstr(text, "&lt;img onerror=&quot;x&quot;&gt;]]&gt;&amp;"
					   "\\x01\\xff\\u{fffe}\\x0a"));
	ms_flame_release(&flame);
}
END_TEST

START_TEST(what_is_too_small_is_counted)
{
	struct ms_flame flame;
	char first[80];

	make_profile(2);
	for (uint32_t i = 0; i < NODES; i++)
		nodes[i].parent = 0;
	for (uint32_t i = 0; i < ROWS; i++) {
		rows[i].node = 1 + i % (FRAMES - 1);
		rows[i].value[MS_METRIC_ALLOCATED] = i == 0 ? 10000000 : i < 8 ? 1 : 0;
		nodes[rows[i].node].frame = rows[i].node;
	}
	make(&flame, false, false);
	ck_assert_int_eq(draw(&flame, "t"), MS_OK);
	snprintf(first, sizeof(first), "data-total=\"%" PRIu64 "\"",
		 flame.nodes[0].value);
	ck_assert_ptr_nonnull(strstr(text, first));
	ck_assert_uint_eq(count_of("<g class=\"f "),
			  2); /* all, and the one that is seen */
	ck_assert_ptr_nonnull(strstr(text, "left out: 6 frames"));
	ms_flame_release(&flame);
}
END_TEST

START_TEST(a_deep_stack_is_drawn)
{
	enum { DEEP = 100000 };
	struct ms_profile_node *deep = calloc(DEEP, sizeof(*deep));
	struct ms_profile of = profile;
	struct ms_flame flame;

	make_profile(3);
	for (uint32_t i = 0; i < DEEP; i++)
		deep[i] = (struct ms_profile_node){ i ? i - 1 : 0,
						    i ? i % FRAMES : MS_PROFILE_NONE };
	rows[0].node = DEEP - 1;
	rows[0].value[MS_METRIC_ALLOCATED] = 8;
	of.nodes = deep;
	of.node_count = DEEP;
	of.row_count = 1;
	for (unsigned inverted = 0; inverted < 2; inverted++) {
		struct ms_flame_ask ask = { .metric = MS_METRIC_ALLOCATED,
					    .inverted = inverted,
					    .after = { &of, MS_PROFILE_NONE } };

		ck_assert_int_eq(ms_flame_init(&flame, &ask, NULL), MS_OK);
		ck_assert_uint_eq(flame.nodes[0].value, 8);
		ck_assert_int_eq(draw(&flame, "deep"), MS_OK);
		ck_assert_ptr_nonnull(strstr(text, "stacks are cut at"));
		ms_flame_release(&flame);
	}
	free(deep);
}
END_TEST

START_TEST(nothing_at_all)
{
	struct ms_profile none = { .nodes = nodes, .node_count = 1 };
	struct ms_flame_ask ask = { .metric = MS_METRIC_ALLOCATED,
				    .after = { &none, MS_PROFILE_NONE },
				    .before = { &none, MS_PROFILE_NONE } };
	struct ms_flame flame;

	make_profile(1);
	ck_assert_int_eq(ms_flame_init(&flame, &ask, NULL), MS_OK);
	ck_assert_int_eq(draw(&flame, "none"), MS_OK);
	ck_assert_uint_eq(count_of("<g class=\"f "), 1);
	ms_flame_release(&flame);
}
END_TEST

START_TEST(every_allocation_may_fail)
{
	struct ms_flame_ask ask = { .metric = MS_METRIC_ALLOCATED,
				    .after = { &profile, 1 },
				    .before = { &profile, 0 } };
	unsigned long n = 0;
	ms_status status;

	make_profile(5);
	do {
		struct ms_flame flame;

		ms_alloc_fail_at(++n);
		status = ms_flame_init(&flame, &ask, NULL);
		if (status == MS_OK)
			status = draw(&flame, "t");
		ms_alloc_fail_at(0);
		ms_flame_release(&flame);
		ck_assert(status == MS_OK || status == MS_ENOMEM);
	} while (status != MS_OK);
	ck_assert_uint_gt(n, 10);
}
END_TEST

/* --- reports --------------------------------------------------------------------------
 */

static struct random_log model;

static struct memscope *open_random(uint64_t seed, char path[64])
{
	struct random_log random = { .state = seed + 99 };
	const char *paths[] = { path };
	struct memscope_error err = { "" };
	struct log_builder lb;
	struct memscope *m;

	lb_init(&lb);
	lb_module(&lb, 1, LB_START_TICKS + 1, 0, 0, 1 << 20, "", 0, "/no/such/program");
	for (uint32_t t = 1; t <= RL_THREADS; t++)
		lb_thread(&lb, t, LB_START_TICKS + t, 5000 + t, "");
	for (uint32_t i = 0; i < RL_STACKS; i++)
		lb_node(&lb, 1, 16 + rl_random(&random, 40),
			(uint32_t)rl_random(&random, i + 1));
	rl_fill(&model, &lb, seed, RL_STACKS, 200);
	lb_end(&lb, LB_START_TICKS + model.now + 10000);
	lb_save(&lb, path);
	lb_release(&lb);
	ck_assert_msg(memscope_open(&m, paths, 1, NULL, &err) == MEMSCOPE_OK, "%s",
		      err.text);
	return m;
}

static int print_flame(struct memscope *m, const struct memscope_output *output,
		       struct memscope_error *err)
{
	struct memscope_flame_options options = { .use_least = 1 };

	return memscope_flame(m, &options, output, err);
}

static int print_top(struct memscope *m, const struct memscope_output *output,
		     struct memscope_error *err)
{
	return memscope_top(m, NULL, output, err);
}

static int print_changes(struct memscope *m, const struct memscope_output *output,
			 struct memscope_error *err)
{
	struct memscope_render_options options = { .format = "svg",
						   .compare = MEMSCOPE_COMPARE_INSTANTS };

	return memscope_render(m, &options, output, err);
}

static int print_plot(struct memscope *m, const struct memscope_output *output,
		      struct memscope_error *err)
{
	return memscope_timeline(m, NULL, output, err);
}

static int (*const reports[])(struct memscope *m, const struct memscope_output *output,
			      struct memscope_error *err) = { print_flame, print_top,
							      print_changes, print_plot };
#define REPORTS (sizeof(reports) / sizeof(reports[0]))

START_TEST(reports_without_memory)
{
	struct memscope_output output = { .write = take, .plot = 1, .unicode = 1 };
	char path[64] = "";

	for (unsigned long n = 1;; n++) {
		struct memscope_error err = { "" };
		struct memscope *m = open_random(3, path);
		int status;

		text_len = 0;
		ms_alloc_fail_at(n);
		status = reports[_i](m, &output, &err);
		ms_alloc_fail_at(0);
		memscope_close(m);
		unlink(path);
		ck_assert(status == MEMSCOPE_OK || status == MEMSCOPE_NO_MEMORY);
		ck_assert_uint_lt(n, 20000);
		if (status == MEMSCOPE_OK)
			break;
	}
	ck_assert_uint_gt(text_len, 100);
}
END_TEST

/* Self values of all rows are the total, and a caller has what its rows have. */
START_TEST(rows_of_flame_add_up)
{
	struct memscope_flame_options options = { .metric = "allocated",
						  .use_least = 1,
						  .inverted = _i % 2 };
	struct memscope_output output = { .write = take, .format = MEMSCOPE_JSON };
	struct memscope_error err = { "" };
	char path[64] = "";
	struct memscope *m = open_random((uint64_t)_i, path);
	json_t *document, *all, *row;
	uint64_t self = 0, sums[1000] = { 0 };
	size_t index;

	text_len = 0;
	ck_assert_int_eq(memscope_flame(m, &options, &output, &err), MEMSCOPE_OK);
	document = json_loads(text, 0, NULL);
	all = json_object_get(document, "rows");
	ck_assert_uint_lt(json_array_size(all), 1000);
	json_array_foreach (all, index, row)
		self += ms_json_u64(row, "self");
	ck_assert_uint_eq(self, ms_json_u64(document, "total"));
	for (size_t i = json_array_size(all); i-- > 0;) {
		row = json_array_get(all, i);
		ck_assert_uint_eq(ms_json_u64(row, "value"),
				  ms_json_u64(row, "self") + sums[i]);
		if (json_is_null(json_object_get(row, "caller")))
			continue;
		ck_assert_uint_lt(ms_json_u64(row, "caller"), i);
		sums[ms_json_u64(row, "caller")] += ms_json_u64(row, "value");
	}
	json_decref(document);
	memscope_close(m);
	unlink(path);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flame");
	TCase *tcase = tcase_create("flame");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tcase, trees_are_the_model, 0, SEEDS);
	tcase_add_loop_test(tcase, children_are_the_heaviest_first, 0, SEEDS);
	tcase_add_test(tcase, names_are_text);
	tcase_add_test(tcase, what_is_too_small_is_counted);
	tcase_add_test(tcase, a_deep_stack_is_drawn);
	tcase_add_test(tcase, nothing_at_all);
	tcase_add_test(tcase, every_allocation_may_fail);
	tcase_add_loop_test(tcase, reports_without_memory, 0, REPORTS);
	tcase_add_loop_test(tcase, rows_of_flame_add_up, 0, SEEDS);
	tcase_set_timeout(tcase, 120);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
