/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_extent.c - space of the log: nobody gets what another has, none of it lies beyond
 * the file, and at the end the file has what was used.
 */
#include "preload/extent.c"

#include "tests/unit/recorder_stand_in.h"

#include <pthread.h>
#include <sched.h>

/* --- a file in memory
 * -------------------------------------------------------------------
 */

bool ms_confined;
_Atomic uint64_t ms_cost_growths;
static uint8_t file[64 << 20];
static _Atomic uint64_t file_bytes, touched_bytes;
static _Atomic int stopped_why;
static _Atomic bool full, mapped_twice;
static _Atomic uint8_t mapped[sizeof(file) / MS_WIRE_PAGE];

bool ms_confine_allows(long nr, long a, long b, long c, long d, long e, long f)
{
	(void)nr, (void)a, (void)b, (void)c, (void)d, (void)e, (void)f;
	return true;
}

void *ms_file_grow_map(const char *path, const struct ms_file_id *id, uint64_t least,
		       uint64_t offset, size_t bytes, size_t touched, int *error)
{
	uint64_t have = atomic_load(&file_bytes), end = offset + bytes;

	(void)path, (void)id;
	*error = ENOSPC;
	if (full || end > sizeof(file))
		return NULL;
	*error = ENODATA;
	if (have < least)
		return NULL;
	for (uint64_t at = offset; at < end; at += MS_WIRE_PAGE)
		if (atomic_exchange(&mapped[at / MS_WIRE_PAGE], 1))
			/* a piece of what is being mapped as a whole is mapped twice */
			mapped_twice = true;
	while (have < end && !atomic_compare_exchange_weak(&file_bytes, &have, end))
		;
	atomic_fetch_add(&touched_bytes, touched);
	sched_yield(); /* others come while this takes its time */
	return file + offset;
}

int ms_file_touch(void *map, size_t bytes)
{
	(void)map;
	atomic_fetch_add(&touched_bytes, bytes);
	return full ? ENOSPC : 0;
}

void ms_file_truncate(const char *path, const struct ms_file_id *id, uint64_t bytes)
{
	(void)path, (void)id;
	file_bytes = bytes;
}

void ms_small_reserve(void)
{
}

void ms_status_seal(void)
{
}

void ms_stop(enum ms_wire_stop why, int error)
{
	(void)error;
	stopped_why = why;
	atomic_store(&ms_session->stopped, true);
}

/* As session.c begins: the head's extent, with its first page taken. */
static void begin(void)
{
	struct ms_extent *first;
	int error;

	stand_in_begin();
	for (size_t i = 0; i < sizeof(file); i += MS_WIRE_PAGE)
		file[i] = 0;
	memset(mapped, 0, sizeof(mapped));
	file_bytes = touched_bytes = 0;
	stopped_why = 0;
	full = mapped_twice = false;
	first = stretch_new(EXTENT_FIRST, EXTENT_FIRST, &error);
	ck_assert_ptr_nonnull(first);
	first->cursor = MS_WIRE_PAGE;
	ms_session->status->extent = EXTENT_FIRST;
	atomic_store(&ms_session->extent, first);
	file[0] = 255;
}

/* Take space and write who has it on every page of it; what was there must be nothing. */
static uint64_t take(uint8_t who, size_t bytes)
{
	uint8_t *p = ms_extent_take(&bytes);

	if (!p)
		return 0;
	ck_assert(p >= file && (size_t)(p - file) + bytes <= atomic_load(&file_bytes));
	ck_assert_uint_eq(bytes % MS_WIRE_PAGE, 0);
	for (size_t i = 0; i < bytes; i += MS_WIRE_PAGE) {
		ck_assert_uint_eq(p[i], 0);
		p[i] = who;
	}
	return bytes;
}

static uint64_t written(void)
{
	uint64_t pages = 0;

	for (size_t i = 0; i < sizeof(file); i += MS_WIRE_PAGE)
		pages += file[i] != 0;
	return pages * MS_WIRE_PAGE;
}

START_TEST(one_thread)
{
	uint64_t state = 20261123, sum = MS_WIRE_PAGE;

	begin();
	for (int i = 0; i < 300; i++)
		sum += take(1, MS_WIRE_PAGE << stand_in_random(&state) % 7);
	ck_assert_uint_eq(written(), sum);
	ck_assert_uint_ge(file_bytes, sum);
	ck_assert_uint_le(file_bytes - sum, EXTENT_LARGEST);
	ck_assert_uint_eq(ms_session->status->extent, file_bytes);
	ms_extent_trim();
	ck_assert_uint_eq(file_bytes, sum);
	ck_assert_uint_eq(ms_session->status->extent, sum);
	ck_assert(!mapped_twice);
	/* what comes after the end gets space all the same */
	ck_assert_uint_gt(take(2, MS_WIRE_PAGE), 0);
}
END_TEST

static _Atomic uint64_t taken;

static void *taking(void *arg)
{
	uint64_t state = 20261123 * (uintptr_t)arg;

	for (int i = 0; i < 50; i++)
		atomic_fetch_add(&taken,
				 take((uint8_t)(uintptr_t)arg,
				      MS_WIRE_PAGE << stand_in_random(&state) % 7));
	return NULL;
}

START_TEST(threads)
{
	pthread_t ids[8];

	for (int round = 0; round < 2; round++) {
		begin();
		taken = MS_WIRE_PAGE;
		for (uintptr_t i = 0; i < 8; i++)
			pthread_create(&ids[i], NULL, taking, (void *)(i + 1));
		for (int i = 0; i < 8; i++)
			pthread_join(ids[i], NULL);
		ck_assert_uint_eq(written(), taken);
		ms_extent_trim();
		ck_assert_uint_ge(file_bytes, taken);
		/* between the last pieces may lie what a race left over */
		ck_assert_uint_le(file_bytes, taken + EXTENT_LARGEST);
		for (size_t at = file_bytes; at < sizeof(file); at += MS_WIRE_PAGE)
			ck_assert_uint_eq(file[at], 0);
	}
}
END_TEST

START_TEST(limits)
{
	uint64_t sum = MS_WIRE_PAGE, got;

	begin();
	ms_config.max_size = 1 << 20;
	while ((got = take(1, 40 << 10)))
		sum += got;
	ck_assert_int_eq(stopped_why, MS_STOP_SIZE);
	ck_assert_uint_le(file_bytes, 1 << 20);
	ck_assert_uint_eq(file_bytes, sum);
	ms_config.max_size = 0;

	begin();
	full = true;
	while (take(1, 8 << 10))
		;
	ck_assert_int_eq(stopped_why, MS_STOP_SPACE);
	ck_assert_uint_eq(file_bytes, EXTENT_FIRST);
	ck_assert_uint_eq(ms_session->file_bytes, EXTENT_FIRST); /* as it was */

	begin();
	ck_assert_uint_gt(take(1, 1 << 20), 0); /* the rest of the first extent */
	file_bytes = 100;			/* somebody cuts it */
	ck_assert_uint_eq(take(1, 1 << 20), 0);
	ck_assert_int_eq(stopped_why, MS_STOP_CUT);
}
END_TEST

START_TEST(reserves)
{
	uint64_t sum = MS_WIRE_PAGE, before;

	begin();
	ms_extent_reserve(MS_RESERVE_TOUCHED);
	before = touched_bytes;
	ck_assert_uint_eq(before, EXTENT_FIRST + MS_RESERVE_TOUCHED);
	for (int i = 0; i < 30; i++)
		sum += take(1, 64 << 10);
	ck_assert_uint_eq(touched_bytes, before); /* not even a system call was needed */
	ms_extent_trim();
	ck_assert_uint_eq(file_bytes, sum);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { one_thread, threads, limits, reserves };

	return stand_in_run("extent", tests, sizeof(tests) / sizeof(*tests));
}
