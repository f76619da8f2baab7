/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_alloc.c - the analyzer's memory: failures on demand, and what is built on it.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/base/arena.h"
#include "analyzer/base/error.h"
#include "analyzer/base/progress.h"
#include "analyzer/base/strbuf.h"

#include <check.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void restore(void)
{
	ms_alloc_fail_at(0);
}

/* Every way to get memory, in order; returns which of them failed, from 1, or 0. */
static int try_all(void)
{
	void *p[5] = { ms_alloc(10), ms_alloc_zero(3, 5), ms_realloc(NULL, 7),
		       ms_strdup("text"), ms_strndup("text", 2) };
	int failed = 0;

	for (int i = 0; i < 5; i++) {
		if (!p[i])
			failed = failed ? -1 : i + 1;
		ms_free(p[i]);
	}
	return failed;
}

START_TEST(the_nth_fails)
{
	for (unsigned long n = 0; n <= 5; n++) {
		ms_alloc_fail_at(n);
		ck_assert_int_eq(try_all(), (int)n);
		ck_assert_uint_eq(ms_alloc_count(), 5);
		ck_assert_int_eq(try_all(), 0);
	}
}
END_TEST

START_TEST(empty_is_not_a_failure)
{
	void *p = ms_alloc(0), *q = ms_alloc_zero(0, 8), *r = ms_realloc(ms_alloc(4), 0);

	ck_assert(p && q && r);
	ms_free(p);
	ms_free(q);
	ms_free(r);
	ms_free(NULL);
}
END_TEST

START_TEST(too_much_fails)
{
	void *volatile p = ms_alloc_zero(SIZE_MAX / 2, 3);

	ck_assert_ptr_null(p);
}
END_TEST

START_TEST(copies_end)
{
	char *a = ms_strdup("hello"), *b = ms_strndup("hello", 3),
	     *c = ms_strndup("hi", 9);

	ck_assert_str_eq(a, "hello");
	ck_assert_str_eq(b, "hel");
	ck_assert_str_eq(c, "hi");
	ms_free(a);
	ms_free(b);
	ms_free(c);
}
END_TEST

START_TEST(vectors_grow)
{
	uint32_t *items = NULL;
	size_t capacity = 0;

	for (uint32_t i = 0; i < 10000; i++) {
		ck_assert_int_eq(ms_grow((void **)&items, &capacity, i, sizeof(*items)),
				 0);
		ck_assert_uint_gt(capacity, i);
		items[i] = i;
	}
	for (uint32_t i = 0; i < 10000; i++)
		ck_assert_uint_eq(items[i], i);
	ms_alloc_fail_at(1);
	ck_assert_int_eq(ms_grow((void **)&items, &capacity, capacity, sizeof(*items)),
			 -1);
	ck_assert_uint_eq(items[9999], 9999);
	capacity = SIZE_MAX / 2;
	ck_assert_int_eq(ms_grow((void **)&items, &capacity, capacity, sizeof(*items)),
			 -1);
	ms_free(items);
}
END_TEST

static void *allocate_much(void *unused)
{
	for (int i = 0; i < 10000; i++)
		ms_free(ms_alloc(8));
	return unused;
}

START_TEST(threads_are_counted)
{
	pthread_t threads[4];

	ms_alloc_fail_at(0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, allocate_much, NULL),
				 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(ms_alloc_count(), 40000);
}
END_TEST

START_TEST(text_grows)
{
	struct ms_strbuf buf;
	char *text;

	ms_strbuf_init(&buf);
	ck_assert_str_eq(ms_strbuf_text(&buf), "");
	ms_strbuf_adds(&buf, "one ");
	ms_strbuf_appendf(&buf, "%d %s", 2, "three");
	ms_strbuf_addc(&buf, '!');
	ms_strbuf_pad(&buf, '.', 3);
	ms_strbuf_escape(&buf, "\033[m", 3);
	ck_assert_str_eq(ms_strbuf_text(&buf), "one 2 three!...\\x1b[m");
	ck_assert_uint_eq(buf.len, strlen(buf.text));
	ms_strbuf_truncate(&buf, 3);
	ms_strbuf_truncate(&buf, 99);
	ck_assert_str_eq(ms_strbuf_text(&buf), "one");
	for (int i = 0; i < 10000; i++)
		ms_strbuf_appendf(&buf, "%05d", i);
	ck_assert_uint_eq(buf.len, 50003);
	ck_assert_str_eq(buf.text + 50003 - 10, "0999809999");
	text = ms_strbuf_take(&buf);
	ck_assert_uint_eq(strlen(text), 50003);
	ck_assert_uint_eq(buf.len, 0);
	ms_free(text);
	text = ms_strbuf_take(&buf);
	ck_assert_str_eq(text, "");
	ms_free(text);
}
END_TEST

START_TEST(text_remembers_a_failure)
{
	struct ms_strbuf buf;

	ms_strbuf_init(&buf);
	ms_strbuf_adds(&buf, "kept");
	ms_alloc_fail_at(1);
	ms_strbuf_pad(&buf, 'x', 1000);
	ms_strbuf_adds(&buf, "lost");
	ck_assert(buf.failed);
	ck_assert_str_eq(ms_strbuf_text(&buf), "kept");
	ck_assert_ptr_null(ms_strbuf_take(&buf));
	ck_assert(!buf.failed);
	ms_strbuf_pad(&buf, 'x', SIZE_MAX - 1);
	ck_assert(buf.failed);
	ms_strbuf_clear(&buf);
	ms_strbuf_adds(&buf, "again");
	ck_assert_str_eq(ms_strbuf_text(&buf), "again");
	ms_strbuf_release(&buf);
}
END_TEST

START_TEST(arenas_keep_all)
{
	struct ms_arena arena;
	const char *texts[5000];
	char text[32];

	ms_arena_init(&arena);
	for (int i = 0; i < 5000; i++) {
		void *p = ms_arena_alloc(&arena, (size_t)(i % 97));

		ck_assert_ptr_nonnull(p);
		ck_assert_uint_eq((uintptr_t)p % 16, 0);
		memset(p, 0xee, (size_t)(i % 97));
		snprintf(text, sizeof(text), "text %d!", i);
		texts[i] = ms_arena_text(&arena, text, strlen(text) - 1);
		ck_assert_ptr_nonnull(texts[i]);
		if (i % 1000 == 0)
			memset(ms_arena_alloc(&arena, 200000), 0xdd, 200000);
	}
	for (int i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "text %d", i);
		ck_assert_str_eq(texts[i], text);
	}
	ck_assert_ptr_null(ms_arena_alloc(&arena, SIZE_MAX - 8));
	ms_alloc_fail_at(1);
	ck_assert_ptr_null(ms_arena_alloc(&arena, 1 << 20));
	ck_assert_ptr_nonnull(ms_arena_text(&arena, "", 0));
	ms_arena_release(&arena);
	ms_arena_release(&arena);
}
END_TEST

START_TEST(errors_are_one_escaped_line)
{
	struct ms_error err;
	char name[2000];

	ck_assert_int_eq(ms_fail(&err, MS_EIO, "%s: %d", "a\nb\xff\033", 7), MS_EIO);
	ck_assert_str_eq(err.text, "a\\x0ab\\xff\\x1b: 7");
	ck_assert_int_eq(ms_fail(NULL, MS_EUSAGE, "nobody listens"), MS_EUSAGE);
	memset(name, '\n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ms_fail(&err, MS_EIO, "%s", name);
	ck_assert_uint_eq(strlen(err.text), sizeof(err.text) / 4 * 4 - 4);
	ms_alloc_fail_at(1);
	ck_assert_int_eq(ms_fail_memory(&err), MS_ENOMEM);
	ck_assert_str_eq(err.text, "out of memory");
	ck_assert_uint_eq(ms_alloc_count(), 0);
}
END_TEST

static void count_ticks(void *context, uint64_t done, uint64_t total)
{
	ck_assert_uint_le(done, total);
	++*(unsigned *)context;
}

START_TEST(progress_is_told_seldom)
{
	unsigned ticks = 0;
	struct ms_progress progress = { count_ticks, &ticks };
	struct ms_meter meter;

	ms_meter_init(&meter, &progress, 1000000);
	for (uint64_t i = 0; i <= 1000000; i++)
		ms_meter_at(&meter, i);
	ck_assert_uint_gt(ticks, 200);
	ck_assert_uint_le(ticks, 257);
	ms_meter_init(&meter, NULL, 10);
	for (uint64_t i = 0; i <= 10; i++)
		ms_meter_at(&meter, i);
	ms_meter_tick(&meter, 10);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alloc");
	TCase *tests = tcase_create("alloc");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_checked_fixture(tests, NULL, restore);
	tcase_add_test(tests, the_nth_fails);
	tcase_add_test(tests, empty_is_not_a_failure);
	tcase_add_test(tests, too_much_fails);
	tcase_add_test(tests, copies_end);
	tcase_add_test(tests, vectors_grow);
	tcase_add_test(tests, threads_are_counted);
	tcase_add_test(tests, text_grows);
	tcase_add_test(tests, text_remembers_a_failure);
	tcase_add_test(tests, arenas_keep_all);
	tcase_add_test(tests, errors_are_one_escaped_line);
	tcase_add_test(tests, progress_is_told_seldom);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
