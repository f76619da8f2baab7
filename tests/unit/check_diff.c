/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_diff.c - random heaps of two builds of a program, compared: every row is what a
 * slow model says that stands texts beside texts.
 */
#include "analyzer/facade/diff.h"
#include "tests/unit/random_log.h"
#include "tests/unit/symbol_fixture.h"

#include <check.h>

#define SEEDS  12
#define EVENTS 400
#define GROUPS 256

static struct random_log models[2];
static struct memscope *m;

/* The same functions, elsewhere, at other lines. */
static void write_program(const char *directory, const char *blank)
{
	shell("mkdir -p %s", directory);
	shell("{ printf '%s'; cat; } > %s/prog.c <<'C'\n"
	      "int f0(int x);\n"
	      "int f1(int x) { return f0(x) + 1; }\n"
	      "int f2(int x) { return f1(x) + f0(x); }\n"
	      "int f0(int x) { return x > 3 ? f2(x - 1) : x; }\n"
	      "int main(int c, char **v) { (void)v; return f2(c) + f1(c); }\n"
	      "C",
	      blank, directory);
	shell("cd %s && gcc -g -O0 -Wl,--build-id=none -o prog prog.c", directory);
}

static void build(void)
{
	fixture_begin();
	write_program("here", "");
	write_program("there", "\\n\\n\\nint more;\\n");
}

static void add_log(int which, uint64_t seed, const char *program, char *path)
{
	struct addresses addresses = call_addresses(at(program));
	struct random_log random = { .state = seed + 77 };
	struct log_builder lb;

	lb_init(&lb);
	/* Elsewhere in memory: ids of nodes and modules differ, too. */
	lb_module(&lb, 3 + (uint32_t)which, LB_START_TICKS + 1, 0, 0, 1 << 20, "", 0,
		  at(program));
	for (uint32_t t = 1; t <= RL_THREADS; t++)
		lb_thread(&lb, t, LB_START_TICKS + t, 5000 + 100 * (unsigned)which + t,
			  t % 2 ? "odd" : "even");
	for (uint32_t i = 0; i < RL_STACKS; i++)
		lb_node(&lb, 3 + (uint32_t)which,
			addresses.items[rl_random(&random, addresses.count)],
			(uint32_t)rl_random(&random, i + 1));
	rl_fill(&models[which], &lb, seed, RL_STACKS, EVENTS);
	lb_end(&lb, LB_START_TICKS + models[which].now + 10000);
	lb_save(&lb, path);
	lb_release(&lb);
	free(addresses.items);
}

static void open_logs(uint64_t seed)
{
	char first[64], second[64];
	const char *paths[] = { first, second };
	struct memscope_error err = { "" };

	add_log(0, seed, "here/prog", first);
	add_log(1, seed + 1000, "there/prog", second);
	ck_assert_msg(memscope_open(&m, paths, 2, NULL, &err) == MEMSCOPE_OK, "%s",
		      err.text);
	unlink(first);
	unlink(second);
}

/* --- the model: groups told by texts
 * -------------------------------------------------------- */

struct group {
	char name[4096];
	uint64_t bytes[2], blocks[2];
	bool seen;
};

static struct group groups[GROUPS];
static size_t group_count;

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "";
}

static void name_frame(char *name, const struct ms_frame *frame)
{
	size_t len = strlen(name);

	ck_assert_uint_lt(len, 3800);
	sprintf(name + len, "%s %s %s\n", frame->function ? frame->function : "?",
		base_name(frame->file), base_name(frame->module));
}

static void name_group(char *name, uint32_t trace, const struct rl_life *l,
		       enum memscope_group by)
{
	struct ms_metadata *meta = m->traces[trace].meta;
	uint32_t module, parent, node = l->stack;
	uint64_t offset;

	*name = 0;
	if (by == MEMSCOPE_GROUP_THREAD) {
		strcpy(name, l->thread % 2 ? "odd" : "even");
		return;
	}
	if (by == MEMSCOPE_GROUP_KIND) {
		strcpy(name, ms_event_kind_info(l->kind)->name);
		return;
	}
	for (; ms_metadata_node(meta, node, &module, &offset, &parent); node = parent) {
		const struct ms_frame *frames;
		size_t count;

		ck_assert_int_eq(ms_metadata_frames(meta, node, &frames, &count, NULL),
				 MS_OK);
		for (size_t i = 0; i < count; i++) {
			name_frame(name, &frames[i]);
			if (by == MEMSCOPE_GROUP_SITE)
				return;
		}
	}
}

static struct group *group_named(const char *name)
{
	for (size_t i = 0; i < group_count; i++) {
		if (strcmp(groups[i].name, name) == 0)
			return &groups[i];
	}
	ck_assert_uint_lt(group_count, GROUPS);
	memset(&groups[group_count], 0, sizeof(groups[0]));
	strcpy(groups[group_count].name, name);
	return &groups[group_count++];
}

/* What is live on both sides: of trace sides[s] after events[s]. */
static void expect(const uint32_t sides[2], const size_t events[2],
		   enum memscope_group by)
{
	static char name[4096];

	group_count = 0;
	for (int s = 0; s < 2; s++) {
		const struct random_log *model = &models[sides[s]];

		for (size_t i = 0; i < model->life_count; i++) {
			struct group *group;

			if (!rl_lives(&model->lives[i], events[s]))
				continue;
			name_group(name, sides[s], &model->lives[i], by);
			group = group_named(name);
			group->bytes[s] += model->lives[i].size;
			group->blocks[s]++;
		}
	}
}

/* --- the diff
 * ----------------------------------------------------------------------------- */

static void name_row(char *name, const struct ms_diff *diff,
		     const struct ms_diff_row *row, enum memscope_group by)
{
	struct rl_life life = { .stack = row->stack, .thread = row->stack };

	if (by == MEMSCOPE_GROUP_KIND)
		strcpy(name, diff->normal.seen.items[row->frame].frame.function);
	else
		name_group(name, row->trace, &life, by);
}

static void check_diff(const struct memscope_diff_options *options,
		       const uint32_t sides[2], const size_t events[2])
{
	static char name[4096];
	struct ms_diff diff;
	uint64_t last = UINT64_MAX;

	expect(sides, events, options->by);
	ck_assert_int_eq(ms_diff_init(&diff, m, options, NULL), MS_OK);
	ck_assert_uint_eq(diff.count, group_count);
	for (size_t i = 0; i < diff.count; i++) {
		const struct ms_diff_row *row = &diff.rows[i];
		int64_t change = ms_diff_bytes(row);
		struct group *group;

		name_row(name, &diff, row, options->by);
		group = group_named(name);
		ck_assert(!group->seen);
		group->seen = true;
		ck_assert_uint_eq(row->before.live_bytes, group->bytes[0]);
		ck_assert_uint_eq(row->before.live_blocks, group->blocks[0]);
		ck_assert_uint_eq(row->after.live_bytes, group->bytes[1]);
		ck_assert_uint_eq(row->after.live_blocks, group->blocks[1]);
		ck_assert_int_eq(row->class == MS_DIFF_NEW, !group->blocks[0]);
		ck_assert_int_eq(row->class == MS_DIFF_GONE, !group->blocks[1]);
		ck_assert_int_eq(row->class == MS_DIFF_SAME,
				 group->blocks[0] == group->blocks[1] &&
					 group->bytes[0] == group->bytes[1]);
		ck_assert_uint_le((uint64_t)llabs(change), last);
		last = (uint64_t)llabs(change);
	}
	ck_assert_uint_eq(diff.count, group_count);
	ms_diff_release(&diff);
}

static const enum memscope_group ways[] = { MEMSCOPE_GROUP_SITE, MEMSCOPE_GROUP_STACK,
					    MEMSCOPE_GROUP_THREAD, MEMSCOPE_GROUP_KIND };

START_TEST(two_builds)
{
	const uint32_t sides[2] = { 0, 1 };

	fprintf(stderr, "seed %d\n", _i + 1);
	open_logs((uint64_t)_i + 1);
	for (size_t w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
		struct memscope_diff_options options = { .two_traces = 1, .by = ways[w] };
		uint64_t ns = models[0].now / (w + 1);
		const size_t all[2] = { models[0].event_count, models[1].event_count };
		const size_t some[2] = { rl_events_until(&models[0], ns),
					 rl_events_until(&models[1], ns) };

		check_diff(&options, sides, all);
		options.to = (struct memscope_time){ MEMSCOPE_AT_NS, ns, NULL };
		check_diff(&options, sides, some);
	}
	memscope_close(m);
}
END_TEST

/* Of one run all that is told is told apart, and at one instant there is no change. */
START_TEST(two_instants)
{
	struct memscope_diff_options options = { .by = MEMSCOPE_GROUP_STACK,
						 .use_from = 1 };
	struct ms_diff diff;
	uint64_t before = 0, after = 0;

	open_logs((uint64_t)_i + 1);
	options.from = (struct memscope_time){ MEMSCOPE_AT_NS, models[0].now / 3, NULL };
	options.to = (struct memscope_time){ MEMSCOPE_AT_NS, models[0].now / 2, NULL };
	ck_assert_int_eq(ms_diff_init(&diff, m, &options, NULL), MS_OK);
	for (int i = 0; i < 2; i++) {
		before += rl_live_bytes(&models[i],
					rl_events_until(&models[i], models[0].now / 3));
		after += rl_live_bytes(&models[i],
				       rl_events_until(&models[i], models[0].now / 2));
	}
	ck_assert_uint_eq(diff.before.live_bytes, before);
	ck_assert_uint_eq(diff.after.live_bytes, after);
	ms_diff_release(&diff);
	options.to = options.from;
	ck_assert_int_eq(ms_diff_init(&diff, m, &options, NULL), MS_OK);
	ck_assert_uint_eq(diff.in_class[MS_DIFF_SAME], diff.count);
	ms_diff_release(&diff);
	memscope_close(m);
}
END_TEST

START_TEST(what_cannot_be_compared)
{
	struct memscope_diff_options options = { .by = MEMSCOPE_GROUP_AGE };
	struct memscope_error err = { "" };
	struct memscope_output output = { 0 };

	open_logs(1);
	ck_assert_int_eq(memscope_diff(m, &options, &output, &err), MEMSCOPE_USAGE);
	options = (struct memscope_diff_options){ .filter = { .freed = 1 } };
	ck_assert_int_eq(memscope_diff(m, &options, &output, &err), MEMSCOPE_USAGE);
	m->count--;
	options = (struct memscope_diff_options){ .two_traces = 1 };
	ck_assert_int_eq(memscope_diff(m, &options, &output, &err), MEMSCOPE_USAGE);
	ck_assert_ptr_nonnull(strstr(err.text, "not 1"));
	m->count++;
	memscope_close(m);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("diff");
	TCase *tests = tcase_create("diff");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_unchecked_fixture(tests, build, fixture_end);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, two_builds, 0, SEEDS);
	tcase_add_loop_test(tests, two_instants, 0, SEEDS);
	tcase_add_test(tests, what_cannot_be_compared);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
