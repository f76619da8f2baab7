/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_reading.h - opening logs that a test has built, for check_log_*.c.
 *
 * The logs are memfds: regular files without a place in the file system.
 */
#ifndef MS_TEST_LOG_READING_H
#define MS_TEST_LOG_READING_H

#include "analyzer/capture/capture.h"
#include "tests/unit/log_builder.h"

#include <check.h>
#include <sys/mman.h>

#define NS_AT(ticks) ((ticks)-LB_START_TICKS)

struct reading {
	struct ms_store *store;
	struct ms_metadata *meta;
	struct ms_log *log;
	struct ms_error err;
	ms_status status;
};

static int fd = -1;
static char path[64];

static inline void setup(void)
{
	fd = memfd_create("log", MFD_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
}

static inline void teardown(void)
{
	close(fd);
}

static inline void put_bytes(const void *data, size_t len)
{
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	ck_assert_int_eq(pwrite(fd, data, len, 0), (ssize_t)len);
}

static inline void put(const struct log_builder *lb)
{
	put_bytes(lb->data, lb->len);
}

static inline void release(struct reading *r)
{
	ms_store_free(r->store);
	ms_metadata_free(r->meta);
	ms_log_close(r->log);
}

static inline void read_file(struct reading *r, const char *name)
{
	*r = (struct reading){ 0 };
	r->status = ms_store_new(&r->store, &r->err);
	if (r->status == MS_OK)
		r->status = ms_metadata_new(&r->meta, &r->err);
	if (r->status == MS_OK)
		r->status = ms_log_open(&r->log, name, r->store, r->meta, &r->err);
	ck_assert_int_eq(r->status == MS_OK, r->log != NULL);
}

static inline size_t damage(const struct reading *r)
{
	size_t count;

	ms_log_damage(r->log, &count);
	return count;
}

static inline const char *what(const struct reading *r, size_t i)
{
	size_t count;
	const struct ms_damage *list = ms_log_damage(r->log, &count);

	ck_assert_uint_lt(i, count);
	return list[i].what;
}

/* Read the file, which is readable and undamaged. */
static inline void read_right(struct reading *r)
{
	read_file(r, path);
	ck_assert_msg(r->status == MS_OK, "%s", r->err.text);
	ck_assert_msg(damage(r) == 0, "%s", damage(r) ? what(r, 0) : "");
}

/* Read the file, which has one piece of damage that says text. */
static inline void read_damaged(struct reading *r, const char *text)
{
	read_file(r, path);
	ck_assert_msg(r->status == MS_OK, "%s", r->err.text);
	ck_assert_uint_eq(damage(r), 1);
	ck_assert_msg(strstr(what(r, 0), text) != NULL, "%s", what(r, 0));
}

/* Replay all events; returns how many. */
static inline uint64_t replay(const struct reading *r)
{
	struct ms_cursor *cursor;
	struct ms_event event;
	uint64_t n = 0, at = 0;

	ck_assert_int_eq(ms_cursor_open(&cursor, r->store, NULL), MS_OK);
	for (; ms_cursor_next(cursor, &event); n++) {
		ck_assert_uint_ge(event.at_ns, at);
		at = event.at_ns;
	}
	ms_cursor_close(cursor);
	ck_assert_uint_eq(n, ms_store_event_count(r->store));
	return n;
}

/* One of everything, in four small windows; not ended yet. */
static inline void build(struct log_builder *lb)
{
	uint32_t stack;

	lb_init(lb);
	lb_fact(lb, "argv", "./app");
	lb_fact(lb, "argv", "two words");
	lb_thread(lb, 1, 1100, 4242, "main");
	lb_thread(lb, 2, 1200, 4243, NULL);
	lb_module(lb, 1, 1050, 0x400000, 0x400000, 0x401000, "\1\2\3\4", 4, "/bin/app");
	lb_record_of(lb, MS_RECORD_MODULE_GONE, LB_NUMBERS(1, 8000), NULL);
	lb_record_of(lb, MS_RECORD_SAMPLE, LB_NUMBERS(3000, 65536, 7, 1), NULL);
	lb_record_of(lb, MS_RECORD_CLOCK, LB_NUMBERS(9000, 8500), NULL);
	lb_record_of(lb, MS_RECORD_STATE, LB_NUMBERS(4000, 0), NULL);
	lb_record_of(lb, MS_RECORD_NOTE, NULL, 0, "something was said");
	lb_record_of(lb, MS_RECORD_COST, LB_NUMBERS(1, 6000, 0, 5, 1, 900), NULL);
	lb_record_of(lb, MS_RECORD_COST, LB_NUMBERS(0, 6000, 9, 77), NULL);
	lb_record_of(lb, MS_RECORD_THREAD_END, LB_NUMBERS(2, 7000), NULL);
	lb_record(lb, 30, "of a later version", 18);
	stack = lb_node(lb, 1, 0x123, lb_node(lb, MS_MODULE_NONE, 0x7777, 0));
	for (unsigned i = 0; i < 20; i++) {
		lb_event(lb, 1, 2000 + 10 * i, MS_EVENT_MALLOC, 0x10010 + 32 * i, i,
			 stack);
		lb_event(lb, 1, 2005 + 10 * i, MS_EVENT_FREE, 0x10010 + 32 * i, 0, 0);
	}
	lb_event_aligned(lb, 1, 3000, MS_EVENT_MEMALIGN, 0x7f0000001000, 100, 0, 12);
	lb_event(lb, 1, 3001, MS_EVENT_MALLOC, 0, UINT64_MAX, stack);
}

#endif
