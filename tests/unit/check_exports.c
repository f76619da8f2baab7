/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_exports.c - random logs in the formats of other tools: what they hold is what a
 * slow model says, whatever the number of threads, and no allocation that fails does
 * harm.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/render/export.h"
#include "tests/unit/random_log.h"
#include "tests/unit/taken_text.h"

#include <memscope/render.h>

#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define SEEDS  20
#define EVENTS 600

static struct random_log model;
static struct memscope *m;
static char log_path[64];

static void build_log(uint64_t seed, size_t events)
{
	struct random_log random = { .state = seed + 99 };
	struct log_builder lb;

	lb_init(&lb);
	lb_module(&lb, 1, LB_START_TICKS + 1, 0, 0, 1 << 20, "", 0, "/no/such/program");
	for (uint32_t t = 1; t <= RL_THREADS; t++)
		lb_thread(&lb, t, LB_START_TICKS + t, 5000 + t, t % 2 ? "odd" : "even");
	for (uint32_t i = 0; i < RL_STACKS; i++)
		lb_node(&lb, 1, 16 + rl_random(&random, 40),
			(uint32_t)rl_random(&random, i + 1));
	rl_fill(&model, &lb, seed, RL_STACKS, events);
	lb_mark(&lb, 1, LB_START_TICKS + model.now / 2, "half");
	lb_end(&lb, LB_START_TICKS + model.now + 10000);
	lb_save(&lb, log_path);
	lb_release(&lb);
}

static void open_log(uint64_t seed)
{
	const char *paths[] = { log_path };
	struct memscope_error err = { "" };

	build_log(seed, EVENTS);
	ck_assert_msg(memscope_open(&m, paths, 1, NULL, &err) == MEMSCOPE_OK, "%s",
		      err.text);
}

static void close_log(void)
{
	memscope_close(m);
	unlink(log_path);
}

static int render(const struct memscope_render_options *options)
{
	struct memscope_output output = { .write = take };
	struct memscope_error err = { "" };
	int status;

	text_len = 0;
	text[0] = 0;
	status = memscope_render(m, options, &output, &err);
	if (status != MEMSCOPE_NO_MEMORY)
		ck_assert_msg(status == MEMSCOPE_OK, "%s: %s", options->format, err.text);
	return status;
}

/* --- csv: every figure of every thread
 * ------------------------------------------------------- */

enum { PEAK, LIVE, ALLOCATED, CALLS, TEMPORARY, FIGURES };
struct figures {
	uint64_t of[FIGURES];
};

static void model_figures(struct figures out[RL_THREADS + 1], size_t events)
{
	size_t peak = rl_peak(&model, events);

	memset(out, 0, (RL_THREADS + 1) * sizeof(*out));
	for (size_t i = 0; i < model.life_count; i++) {
		const struct rl_life *life = &model.lives[i];
		uint64_t *f = out[life->thread].of;

		if (life->made > events)
			continue;
		f[CALLS]++;
		f[ALLOCATED] += life->size;
		f[LIVE] += rl_lives(life, events) ? life->size : 0;
		f[PEAK] += peak && rl_lives(life, peak) ? life->size : 0;
		f[TEMPORARY] += rl_is_temporary(&model, life, events);
	}
}

/* The n-th field of a line, from 0; names in these logs have no comma. */
static const char *field(const char *line, unsigned n)
{
	while (n--)
		line = strchr(line, ',') + 1;
	return line;
}

static void read_csv(struct figures out[RL_THREADS + 1])
{
	memset(out, 0, (RL_THREADS + 1) * sizeof(*out));
	for (char *line = strchr(text, '\n') + 1; *line; line = strchr(line, '\n') + 1) {
		unsigned long tid = strtoul(field(line, 1), NULL, 10);

		ck_assert_uint_gt(tid, 5000);
		ck_assert_uint_le(tid, 5000 + RL_THREADS);
		for (unsigned i = 0; i < FIGURES; i++)
			out[tid - 5000].of[i] += strtoull(field(line, 8 + i), NULL, 10);
	}
}

START_TEST(csv_is_the_model)
{
	struct memscope_render_options options = { .format = "csv" };
	struct figures got[RL_THREADS + 1], wanted[RL_THREADS + 1];

	open_log((uint64_t)_i);
	for (int part = 1; part <= 4; part++) {
		uint64_t at_ns = model.now * (uint64_t)part / 4;

		options.use_at = part < 4;
		options.at =
			(struct memscope_time){ .kind = MEMSCOPE_AT_NS, .value = at_ns };
		render(&options);
		read_csv(got);
		model_figures(wanted, rl_events_until(&model, at_ns));
		for (unsigned t = 0; t <= RL_THREADS; t++) {
			for (unsigned i = 0; i < FIGURES; i++)
				ck_assert_msg(got[t].of[i] == wanted[t].of[i],
					      "seed %d, part %d, thread %u, figure %u: "
					      "%llu, the model has %llu",
					      _i, part, t, i,
					      (unsigned long long)got[t].of[i],
					      (unsigned long long)wanted[t].of[i]);
		}
	}
	close_log();
}
END_TEST

/* --- heaptrack: read as heaptrack reads it
 * --------------------------------------------------- */

struct heaptrack {
	uint64_t sizes[RL_MAX], live_of[RL_MAX]; /* by pair */
	size_t pairs;
	uint64_t calls, live, peak, temporary, last, time_ms;
};

static void read_event(struct heaptrack *h, const char *line)
{
	uint64_t pair = strtoull(line + 2, NULL, 16);

	ck_assert_uint_lt(pair, h->pairs);
	if (*line == '+') {
		h->calls++;
		h->live += h->sizes[pair];
		h->live_of[pair]++;
		h->last = pair;
		h->peak = h->live > h->peak ? h->live : h->peak;
		return;
	}
	h->temporary += h->last == pair;
	h->last = 0;
	h->live -= h->sizes[pair];
	h->live_of[pair]--;
}

static void read_heaptrack(struct heaptrack *h)
{
	memset(h, 0, sizeof(*h));
	for (char *line = text; *line; line = strchr(line, '\n') + 1) {
		if (*line == 'a') {
			ck_assert_uint_lt(h->pairs, RL_MAX);
			h->sizes[h->pairs++] = strtoull(line + 2, NULL, 16);
		} else if (*line == '+' || *line == '-') {
			read_event(h, line);
		} else if (*line == 'c') {
			uint64_t ms = strtoull(line + 2, NULL, 16);

			ck_assert_uint_ge(ms, h->time_ms);
			h->time_ms = ms;
		}
	}
}

static void sum_threads(struct figures *sum, const struct figures of[RL_THREADS + 1])
{
	memset(sum, 0, sizeof(*sum));
	for (unsigned t = 0; t <= RL_THREADS; t++) {
		for (unsigned i = 0; i < FIGURES; i++)
			sum->of[i] += of[t].of[i];
	}
}

START_TEST(heaptrack_is_the_model)
{
	struct memscope_render_options options = { .format = "heaptrack" };
	static struct heaptrack h;
	struct figures wanted[RL_THREADS + 1], sum;

	open_log((uint64_t)_i);
	render(&options);
	read_heaptrack(&h);
	model_figures(wanted, model.event_count);
	sum_threads(&sum, wanted);
	ck_assert_msg(h.calls == sum.of[CALLS] && h.live == sum.of[LIVE] &&
			      h.peak == sum.of[PEAK],
		      "seed %d: calls %llu live %llu peak %llu", _i,
		      (unsigned long long)h.calls, (unsigned long long)h.live,
		      (unsigned long long)h.peak);
	/* Large ones that live over a written time, and those at the peak, are missed. */
	ck_assert_msg(h.temporary <= sum.of[TEMPORARY], "seed %d: %llu temporary", _i,
		      (unsigned long long)h.temporary);
	close_log();
}
END_TEST

START_TEST(heaptrack_of_a_short_time_has_all_that_is_temporary)
{
	struct memscope_render_options options = { .format = "heaptrack" };
	static struct heaptrack h;
	struct figures wanted[RL_THREADS + 1], sum;
	uint64_t seed = (uint64_t)_i;

	/* Few enough events for the first step of time. */
	do {
		build_log(seed, 12);
		seed += 1000;
	} while (model.now >= 10000000);
	unlink(log_path);
	seed -= 1000;
	build_log(seed, 12);
	{
		const char *paths[] = { log_path };

		ck_assert_int_eq(memscope_open(&m, paths, 1, NULL, NULL), MEMSCOPE_OK);
	}
	render(&options);
	read_heaptrack(&h);
	model_figures(wanted, model.event_count);
	sum_threads(&sum, wanted);
	ck_assert_msg(h.temporary <= sum.of[TEMPORARY] &&
			      h.temporary + RL_THREADS >= sum.of[TEMPORARY],
		      "seed %llu: %llu temporary, the model has %llu",
		      (unsigned long long)seed, (unsigned long long)h.temporary,
		      (unsigned long long)sum.of[TEMPORARY]);
	close_log();
}
END_TEST

/* --- DHAT: lifetimes and maxima
 * -------------------------------------------------------------- */

static uint64_t member(const char *row, const char *name)
{
	const char *found = strstr(row, name);

	ck_assert_ptr_nonnull(found);
	return strtoull(found + strlen(name), NULL, 10);
}

START_TEST(dhat_is_the_model)
{
	struct memscope_render_options options = { .format = "dhat" };
	uint64_t ns = 0, us = 0, rows = 0;

	open_log((uint64_t)_i);
	render(&options);
	for (char *row = strstr(text, "{\"tb\":"); row;
	     row = strstr(row + 1, "{\"tb\":")) {
		us += member(row, "\"tl\":");
		rows++;
		ck_assert_uint_ge(member(row, "\"mb\":"), member(row, "\"gb\":"));
		ck_assert_uint_ge(member(row, "\"mb\":"), member(row, "\"eb\":"));
		ck_assert_uint_le(member(row, "\"mb\":"), member(row, "\"tb\":"));
		ck_assert_uint_le(member(row, "\"mbk\":"), member(row, "\"tbk\":"));
	}
	for (size_t i = 0; i < model.life_count; i++) {
		const struct rl_life *life = &model.lives[i];

		ns += (life->end ? life->end_ns : model.now) - life->made_ns;
	}
	ck_assert_msg(us <= ns / 1000 && us + rows >= ns / 1000,
		      "seed %d: %llu us lived, the model has %llu", _i,
		      (unsigned long long)us, (unsigned long long)ns / 1000);
	close_log();
}
END_TEST

/* --- threads and memory
 * ---------------------------------------------------------------------- */

static int with_threads(unsigned threads, const char *format)
{
	struct memscope_open_options open = { .threads = threads };
	struct memscope_render_options options = { .format = format };
	const char *paths[] = { log_path };
	int status = memscope_open(&m, paths, 1, &open, NULL);

	if (status == MEMSCOPE_OK)
		status = render(&options);
	memscope_close(m);
	return status;
}

/* The page of html has to be built, and has tests of its own. */
static const struct ms_export *format_at(int i)
{
	return ms_exports[i].write ? &ms_exports[i] : NULL;
}

START_TEST(many_threads_write_the_same)
{
	static char one[sizeof(text)];
	size_t len;

	if (!format_at(_i))
		return;
	build_log(7, EVENTS);
	with_threads(1, ms_exports[_i].name);
	len = text_len;
	memcpy(one, text, len);
	ck_assert_uint_gt(len, 0);
	with_threads(4, ms_exports[_i].name);
	ck_assert_uint_eq(text_len, len);
	ck_assert_mem_eq(text, one, len);
	unlink(log_path);
}
END_TEST

START_TEST(every_allocation_fails_in_turn)
{
	int status = MEMSCOPE_NO_MEMORY;
	unsigned long n = 0;

	if (!format_at(_i))
		return;
	build_log(3, 60);
	while (status != MEMSCOPE_OK || n < 30) {
		ms_alloc_fail_at(++n);
		status = with_threads(1, ms_exports[_i].name);
		ms_alloc_fail_at(0);
		ck_assert(status == MEMSCOPE_OK || status == MEMSCOPE_NO_MEMORY);
		ck_assert_uint_lt(n, 20000);
	}
	unlink(log_path);
}
END_TEST

/* --- damage
 * --------------------------------------------------------------------------------- */

static void damage_log(uint64_t seed)
{
	struct random_log random = { .state = seed + 5 };
	int fd = open(log_path, O_RDWR);
	off_t bytes = lseek(fd, 0, SEEK_END);

	ck_assert_int_ge(fd, 0);
	for (int i = 0; i < 40; i++) {
		uint8_t byte = (uint8_t)rl_random(&random, 256);
		off_t at = 512 + (off_t)rl_random(&random, (uint64_t)bytes - 512);

		ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
	}
	close(fd);
}

/* Whatever is left of it is written, or nothing. */
START_TEST(damaged_logs_do_no_harm)
{
	struct memscope_output output = { .write = take };
	const char *paths[] = { log_path };

	build_log((uint64_t)_i, EVENTS);
	damage_log((uint64_t)_i);
	if (memscope_open(&m, paths, 1, NULL, NULL) != MEMSCOPE_OK) {
		unlink(log_path);
		return;
	}
	for (size_t i = 0; i < ms_export_count; i++) {
		struct memscope_render_options options = { .format = ms_exports[i].name };
		int status = MEMSCOPE_OK;

		text_len = 0;
		if (ms_exports[i].write)
			status = memscope_render(m, &options, &output, NULL);
		ck_assert(status == MEMSCOPE_OK || status == MEMSCOPE_USAGE);
	}
	close_log();
}
END_TEST

/* --- what is refused
 * ------------------------------------------------------------------------- */

static int refused(const struct memscope_render_options *options)
{
	struct memscope_output output = { .write = take };
	struct memscope_error err = { "" };
	int status;

	text_len = 0;
	status = memscope_render(m, options, &output, &err);
	ck_assert_uint_eq(text_len, 0);
	ck_assert_str_ne(err.text, "");
	return status;
}

START_TEST(what_makes_no_sense_is_refused)
{
	const struct memscope_render_options wrong[] = {
		{ .format = NULL },
		{ .format = "no" },
		{ .format = "folded", .metric = "weight" },
		{ .format = "pprof", .metric = "peak" },
		{ .format = "folded", .metric = "leaked" }, /* there is no map */
		{ .format = "massif", .filter = { .live = 1 } },
		{ .format = "dhat", .filter = { .freed = 1 } },
		{ .format = "folded", .title = "mine" },
	};

	open_log(1);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_int_eq(refused(&wrong[i]), MEMSCOPE_USAGE);
	close_log();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("exports");
	TCase *tc = tcase_create("all");
	SRunner *runner = srunner_create(s);
	int failed;

	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(tc, csv_is_the_model, 0, SEEDS);
	tcase_add_loop_test(tc, heaptrack_is_the_model, 0, SEEDS);
	tcase_add_loop_test(tc, heaptrack_of_a_short_time_has_all_that_is_temporary, 0,
			    SEEDS);
	tcase_add_loop_test(tc, dhat_is_the_model, 0, SEEDS);
	tcase_add_loop_test(tc, many_threads_write_the_same, 0, (int)ms_export_count);
	tcase_add_loop_test(tc, every_allocation_fails_in_turn, 0, (int)ms_export_count);
	tcase_add_loop_test(tc, damaged_logs_do_no_harm, 0, SEEDS);
	tcase_add_test(tc, what_makes_no_sense_is_refused);
	suite_add_tcase(s, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
