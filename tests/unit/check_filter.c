/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_filter.c - random filters over random logs: every grouping of what passes is what
 * a slow model says, block by block.
 */
#include "analyzer/facade/filter.h"
#include "tests/unit/random_log.h"
#include "tests/unit/symbol_fixture.h"

#include <check.h>
#include <regex.h>

#define SEEDS  6
#define EVENTS 500
#define DEPTH  64

static const char program[] =
	"int f0(int x);\n"
	"int g0(int x);\n"
	"int f1(int x) { return g0(x) + 1; }\n"
	"int f2(int x) { return f1(x) + g0(x); }\n"
	"int main(int c, char **v) { (void)v; return f2(c) + f0(c); }\n";
static const char part[] = "int f1(int x);\n"
			   "int f0(int x) { return f1(x) + 2; }\n"
			   "int g0(int x) { return x > 3 ? f0(x - 1) : 1; }\n";

static struct random_log model;
static struct memscope *m;
static char log_path[64];

static void write_source(const char *name, const char *text)
{
	FILE *file = fopen(at(name), "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static void build(void)
{
	fixture_begin();
	write_source("first.c", program);
	write_source("second.c", part);
	shell("gcc -g -O0 -Wl,--build-id=none -o prog first.c second.c");
}

/* Stacks of the program's calls, in trees of random shape. */
static void open_log(uint64_t seed)
{
	struct addresses addresses = call_addresses(at("prog"));
	const char *paths[] = { log_path };
	struct memscope_error err = { "" };
	struct random_log random = { .state = seed + 77 };
	struct log_builder lb;

	ck_assert_uint_gt(addresses.count, 4);
	lb_init(&lb);
	lb_module(&lb, 1, LB_START_TICKS + 1, 0, 0, 1 << 20, "", 0, at("prog"));
	for (uint32_t t = 1; t <= RL_THREADS; t++)
		lb_thread(&lb, t, LB_START_TICKS + t, 5000 + t, "thread");
	for (uint32_t i = 0; i < RL_STACKS; i++)
		lb_node(&lb, i % 9 == 8 ? MS_MODULE_NONE : 1,
			addresses.items[rl_random(&random, addresses.count)],
			(uint32_t)rl_random(&random, i + 1));
	rl_fill(&model, &lb, seed, RL_STACKS, EVENTS);
	lb_end(&lb, LB_START_TICKS + model.now + 10000);
	lb_save(&lb, log_path);
	lb_release(&lb);
	free(addresses.items);
	ck_assert_msg(memscope_open(&m, paths, 1, NULL, &err) == MEMSCOPE_OK, "%s",
		      err.text);
	unlink(log_path);
}

/* --- a model of a filter
 * ------------------------------------------------------------------ */

static bool matches(const char *pattern, const char *text)
{
	regex_t regex;
	bool found;

	if (!text)
		return false;
	ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	found = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return found;
}

/* The frames of a stack, leaf first. */
static size_t frames_of(uint32_t stack, const struct ms_frame *out[DEPTH])
{
	struct ms_metadata *meta = m->traces[0].meta;
	uint32_t module, parent;
	uint64_t offset;
	size_t n = 0;

	for (; ms_metadata_node(meta, stack, &module, &offset, &parent); stack = parent) {
		const struct ms_frame *frames;
		size_t count;

		ck_assert_int_eq(ms_metadata_frames(meta, stack, &frames, &count, NULL),
				 MS_OK);
		for (size_t i = 0; i < count; i++) {
			ck_assert_uint_lt(n, DEPTH);
			out[n++] = &frames[i];
		}
	}
	return n;
}

static bool meets_patterns(const struct memscope_filter *f, uint32_t stack)
{
	const struct ms_frame *frames[DEPTH];
	size_t count = frames_of(stack, frames);
	bool function = !f->function, file = !f->file, module = !f->module,
	     site = !f->site;

	for (size_t i = 0; i < count; i++) {
		function |= f->function && matches(f->function, frames[i]->function);
		file |= f->file && matches(f->file, frames[i]->file);
		module |= f->module && matches(f->module, frames[i]->module);
	}
	if (f->site && count && frames[0]->function && frames[0]->file) {
		char text[512];
		const char *slash = strrchr(frames[0]->file, '/');

		snprintf(text, sizeof(text), "%s %s:%u", frames[0]->function,
			 slash ? slash + 1 : frames[0]->file, frames[0]->line);
		site = matches(f->site, text);
	}
	return function && file && module && site;
}

static bool passes(const struct memscope_filter *f, const struct rl_life *l,
		   size_t events, uint64_t at_ns)
{
	bool live = rl_lives(l, events);
	uint64_t lifetime = (live ? at_ns : l->end_ns) - l->made_ns;

	return l->made <= events && (!f->use_from || l->made_ns >= f->from.value) &&
	       (!f->use_to || l->made_ns <= f->to.value) &&
	       (!f->thread || f->thread == 5000 + l->thread) &&
	       (!f->use_size || (l->size >= f->size_from && l->size <= f->size_to)) &&
	       (!f->use_lifetime ||
		(lifetime >= f->lifetime_from_ns && lifetime <= f->lifetime_to_ns)) &&
	       !(f->live && !live) && !(f->freed && live) && meets_patterns(f, l->stack);
}

static struct memscope_filter random_filter(struct random_log *random)
{
	static const char *const functions[] = { "^f[01]$", "g0", "main", "nothing", "" };
	static const char *const files[] = { "first\\.c$", "second", "/none/" };
	static const char *const modules[] = { "prog", "^prog" };
	static const char *const sites[] = { "^f", "first.c:[0-9]+$", "g0 second" };
	struct memscope_filter f = { 0 };
	uint64_t mask = rl_random(random, 512) & rl_random(random, 512);

	if (mask & 1) {
		f.use_from = 1;
		f.from = (struct memscope_time){ MEMSCOPE_AT_NS,
						 rl_random(random, model.now), NULL };
	}
	if (mask & 2) {
		f.use_to = 1;
		f.to = (struct memscope_time){ MEMSCOPE_AT_NS,
					       rl_random(random, model.now), NULL };
	}
	f.thread = mask & 4 ? 5000 + rl_random(random, RL_THREADS + 2) : 0;
	if (mask & 8) {
		f.use_size = 1;
		f.size_from = rl_random(random, 200);
		f.size_to = f.size_from + rl_random(random, 20000);
	}
	if (mask & 16) {
		f.use_lifetime = 1;
		f.lifetime_from_ns = rl_random(random, 30000000);
		f.lifetime_to_ns = f.lifetime_from_ns + rl_random(random, 200000000);
	}
	f.function = mask & 32 ? functions[rl_random(random, 5)] : NULL;
	f.file = mask & 64 ? files[rl_random(random, 3)] : NULL;
	f.module = mask & 128 ? modules[rl_random(random, 2)] : NULL;
	f.site = mask & 256 ? sites[rl_random(random, 3)] : NULL;
	f.live = rl_random(random, 6) == 0;
	f.freed = !f.live && rl_random(random, 6) == 0;
	return f;
}

/* --- the report of it
 * --------------------------------------------------------------------- */

static char text[1 << 22];
static size_t text_len;

static int take(void *context, const char *data, size_t bytes)
{
	(void)context;
	ck_assert_uint_lt(text_len + bytes, sizeof(text));
	memcpy(text + text_len, data, bytes);
	text_len += bytes;
	text[text_len] = 0;
	return 0;
}

static json_t *report(const struct memscope_snapshot_options *options)
{
	struct memscope_output output = { .write = take, .format = MEMSCOPE_JSON };
	struct memscope_error err = { "" };
	json_t *document;

	text_len = 0;
	ck_assert_msg(memscope_snapshot(m, options, &output, &err) == MEMSCOPE_OK, "%s",
		      err.text);
	document = json_loads(text, 0, NULL);
	ck_assert_ptr_nonnull(document);
	return document;
}

struct sums {
	uint64_t allocations, allocated, live_blocks, live_bytes, peak_bytes, temporary;
};

static void add_row(struct sums *sums, const json_t *row)
{
	sums->allocations += ms_json_u64(row, "allocations");
	sums->allocated += ms_json_u64(row, "allocated");
	sums->live_blocks += ms_json_u64(row, "live_blocks");
	sums->live_bytes += ms_json_u64(row, "live_bytes");
	sums->peak_bytes += ms_json_u64(row, "peak_bytes");
	sums->temporary += ms_json_u64(row, "temporary");
}

static void assert_sums(const struct sums *a, const struct sums *b)
{
	ck_assert_uint_eq(a->allocations, b->allocations);
	ck_assert_uint_eq(a->allocated, b->allocated);
	ck_assert_uint_eq(a->live_blocks, b->live_blocks);
	ck_assert_uint_eq(a->live_bytes, b->live_bytes);
	ck_assert_uint_eq(a->peak_bytes, b->peak_bytes);
	ck_assert_uint_eq(a->temporary, b->temporary);
}

static void add_life(struct sums *sums, const struct rl_life *l, size_t events,
		     size_t peak)
{
	bool live = rl_lives(l, events);

	sums->allocations++;
	sums->allocated += l->size;
	sums->live_blocks += live;
	sums->live_bytes += live ? l->size : 0;
	sums->peak_bytes += peak && rl_lives(l, peak) ? l->size : 0;
	sums->temporary += rl_is_temporary(&model, l, events);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Is a block of the row's group? */
static bool is_of_row(enum memscope_group by, const json_t *row, const struct rl_life *l,
		      uint64_t at_ns)
{
	const struct ms_frame *frames[DEPTH], *site;
	const char *name = ms_event_kind_info(l->kind)->name;
	const json_t *to = json_object_get(row, "age_to_ns");
	uint64_t age = at_ns - l->made_ns;

	site = frames_of(l->stack, frames) ? frames[0] : NULL;
	switch (by) {
	case MEMSCOPE_GROUP_THREAD:
		return ms_json_u64(row, "tid") == 5000 + l->thread;
	case MEMSCOPE_GROUP_SIZE:
		return l->size >= ms_json_u64(row, "size_from") &&
		       l->size <= ms_json_u64(row, "size_to");
	case MEMSCOPE_GROUP_KIND:
		return same_text(ms_json_string(row, "kind"), name);
	case MEMSCOPE_GROUP_AGE:
		return age >= ms_json_u64(row, "age_from_ns") &&
		       (json_is_null(to) || age <= ms_json_u64(row, "age_to_ns"));
	case MEMSCOPE_GROUP_STACK:
		return ms_json_u64(row, "stack_id") == l->stack;
	case MEMSCOPE_GROUP_FUNCTION:
		return same_text(ms_json_string(row, "function"),
				 site ? site->function : NULL) &&
		       same_text(ms_json_string(row, "module"),
				 site ? site->module : NULL);
	case MEMSCOPE_GROUP_FILE:
		return same_text(ms_json_string(row, "file"), site ? site->file : NULL) &&
		       (ms_json_string(row, "file") ||
			same_text(ms_json_string(row, "module"),
				  site ? site->module : NULL));
	case MEMSCOPE_GROUP_MODULE:
		return same_text(ms_json_string(row, "module"),
				 site ? site->module : NULL);
	default:
		/* Without a name the address tells sites apart. */
		return same_text(ms_json_string(row, "function"),
				 site ? site->function : NULL) &&
		       (!site || site->function ||
			(ms_json_string(row, "address") &&
			 strtoull(ms_json_string(row, "address"), NULL, 16) ==
				 site->address)) &&
		       (site || !ms_json_string(row, "address")) &&
		       ms_json_u64(row, "line") == (site ? site->line : 0) &&
		       same_text(ms_json_string(row, "module"),
				 site ? site->module : NULL);
	}
}

/* Is a function of the row anywhere in the stack, from the site outwards? */
static bool is_below_row(const json_t *row, const struct rl_life *l)
{
	const struct ms_frame *frames[DEPTH];
	size_t count = frames_of(l->stack, frames);

	for (size_t i = 0; i < count; i++) {
		if (same_text(ms_json_string(row, "function"), frames[i]->function) &&
		    same_text(ms_json_string(row, "module"), frames[i]->module))
			return true;
	}
	return count == 0 && !ms_json_string(row, "module") &&
	       !ms_json_string(row, "function");
}

struct question {
	struct memscope_snapshot_options options;
	size_t events, peak;
	uint64_t at_ns;
};

static void check_row(const struct question *q, const json_t *row)
{
	struct sums got = { 0 }, wanted = { 0 }, below = { 0 };
	const json_t *inclusive = json_object_get(row, "inclusive");

	for (size_t i = 0; i < model.life_count; i++) {
		const struct rl_life *l = &model.lives[i];

		if (!passes(&q->options.filter, l, q->events, q->at_ns))
			continue;
		if (is_of_row(q->options.by, row, l, q->at_ns))
			add_life(&wanted, l, q->events, q->peak);
		if (inclusive && is_below_row(row, l))
			add_life(&below, l, q->events, q->peak);
	}
	add_row(&got, row);
	assert_sums(&got, &wanted);
	if (!inclusive)
		return;
	got = (struct sums){ 0 };
	add_row(&got, inclusive);
	assert_sums(&got, &below);
}

static void check_totals(const json_t *totals, const struct sums *all)
{
	ck_assert_uint_eq(ms_json_u64(totals, "total_allocations") +
				  ms_json_u64(totals, "total_reallocations"),
			  all->allocations);
	ck_assert_uint_eq(ms_json_u64(totals, "total_allocated"), all->allocated);
	ck_assert_uint_eq(ms_json_u64(totals, "active_allocations"), all->live_blocks);
	ck_assert_uint_eq(ms_json_u64(totals, "current_memory"), all->live_bytes);
}

static void check_question(const struct question *q)
{
	json_t *document = report(&q->options), *row;
	bool filtered = json_is_object(json_object_get(document, "filter"));
	struct sums all = { 0 }, rows = { 0 };
	size_t i;

	ck_assert_int_eq(filtered, ms_filter_is_set(&q->options.filter));
	json_array_foreach (json_object_get(document, "rows"), i, row) {
		check_row(q, row);
		add_row(&rows, row);
	}
	for (i = 0; i < model.life_count; i++) {
		if (passes(&q->options.filter, &model.lives[i], q->events, q->at_ns))
			add_life(&all, &model.lives[i], q->events, q->peak);
	}
	/* No group is missing. */
	assert_sums(&rows, &all);
	check_totals(json_object_get(document, "totals"), &all);
	json_decref(document);
}

START_TEST(every_filter_and_group)
{
	struct random_log random = { .state = (uint64_t)_i * 1001 + 5 };

	fprintf(stderr, "seed %d\n", _i + 1);
	open_log((uint64_t)_i + 1);
	for (int i = 0; i < 4; i++) {
		struct question q = { 0 };

		q.at_ns = i % 2 ? model.now : rl_random(&random, model.now);
		q.options.at = (struct memscope_time){ MEMSCOPE_AT_NS, q.at_ns, NULL };
		q.options.sort = MEMSCOPE_BY_CALLS;
		q.options.filter =
			i ? random_filter(&random) : (struct memscope_filter){ 0 };
		q.events = rl_events_until(&model, q.at_ns);
		q.peak = rl_peak(&model, q.events);
		for (int by = 0; by < MEMSCOPE_GROUP_NONE; by++) {
			q.options.by = (enum memscope_group)by;
			check_question(&q);
		}
	}
	memscope_close(m);
}
END_TEST

/* --- blocks one by one
 * -------------------------------------------------------------------- */

START_TEST(blocks_are_those_that_pass)
{
	struct random_log random = { .state = (uint64_t)_i * 31 + 3 };
	struct memscope_snapshot_options options = { .by = MEMSCOPE_GROUP_NONE };

	open_log((uint64_t)_i + 500);
	for (int i = 0; i < 8; i++) {
		json_t *document, *blocks;
		uint64_t count = 0, bytes = 0, sum = 0;

		options.filter = random_filter(&random);
		options.filter.live = options.filter.freed ? 0 : i % 2;
		for (size_t l = 0; l < model.life_count; l++) {
			struct memscope_filter f = options.filter;

			f.live = !f.freed;
			if (passes(&f, &model.lives[l], model.event_count, model.now)) {
				count++;
				bytes += model.lives[l].size;
			}
		}
		document = report(&options);
		blocks = json_object_get(document, "blocks");
		ck_assert_uint_eq(json_array_size(blocks), count);
		for (size_t b = 0; b < count; b++)
			sum += ms_json_u64(json_array_get(blocks, b), "size");
		ck_assert_uint_eq(sum, bytes);
		json_decref(document);
	}
	memscope_close(m);
}
END_TEST

/* --- dump
 * --------------------------------------------------------------------------------- */

static size_t dumped(const struct memscope_dump_options *options)
{
	struct memscope_output output = { .write = take, .format = MEMSCOPE_CSV };
	size_t lines = 0;

	text_len = 0;
	ck_assert_int_eq(memscope_dump(m, options, &output, NULL, NULL), MEMSCOPE_OK);
	for (const char *p = text; (p = strchr(p, '\n')); p++)
		lines++;
	return lines - 1;
}

START_TEST(a_dump_of_lives)
{
	struct random_log random = { .state = (uint64_t)_i * 77 + 9 };

	open_log((uint64_t)_i + 900);
	for (int i = 0; i < 8; i++) {
		struct memscope_dump_options options = { .filter =
								 random_filter(&random) };
		struct memscope_filter *f = &options.filter;
		size_t count = 0;

		if (!f->live && !f->freed && !f->use_lifetime)
			f->freed = 1;
		for (size_t l = 0; l < model.life_count; l++)
			count += passes(f, &model.lives[l], model.event_count, model.now);
		ck_assert_uint_eq(dumped(&options), count);
	}
	memscope_close(m);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("filter");
	TCase *tests = tcase_create("filter");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_unchecked_fixture(tests, build, fixture_end);
	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(tests, every_filter_and_group, 0, SEEDS);
	tcase_add_loop_test(tests, blocks_are_those_that_pass, 0, SEEDS);
	tcase_add_loop_test(tests, a_dump_of_lives, 0, SEEDS);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
