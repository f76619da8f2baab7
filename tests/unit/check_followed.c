/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_followed.c - the set of followed blocks, beside a plain one, and under threads.
 */
#include "preload/followed.c"

#include "tests/unit/recorder_stand_in.h"

#include <pthread.h>

#define BLOCKS 6000

static const void *block(unsigned i)
{
	return (const void *)(uintptr_t)(0x7f0000000000 + (uint64_t)i * 48);
}

/* A bucket has seven places: with so many blocks each level of tables comes to use. */
START_TEST(like_a_plain_set)
{
	static int tags[BLOCKS]; /* -1: not in it */
	uint64_t state = 20261123;
	unsigned in = 0, most = 0, tag;

	stand_in_begin();
	ck_assert(ms_followed_begin());
	memset(tags, 0xff, sizeof(tags));
	for (int n = 0; n < 60000; n++) {
		unsigned i = (unsigned)(stand_in_random(&state) % BLOCKS);
		unsigned what = (unsigned)(stand_in_random(&state) % 8);

		if (tags[i] < 0) {
			ck_assert(!ms_followed_take(block(i), &tag));
			tags[i] = (int)(stand_in_random(&state) % 1000);
			ck_assert(ms_followed_put(block(i), (unsigned)tags[i]));
			in++;
		} else if (what < 2) {
			ck_assert(ms_followed_take(block(i), &tag));
			ck_assert_uint_eq(tag, (unsigned)tags[i]);
			tags[i] = -1;
			in--;
		} else if (what == 2) {
			ck_assert(!ms_followed_drop(block(i), (unsigned)tags[i] + 1));
			ck_assert(ms_followed_drop(block(i), (unsigned)tags[i]));
			tags[i] = -1;
			in--;
		}
		most = in > most ? in : most;
	}
	ck_assert_uint_gt(most, 3600); /* more than the first table has places */
	ck_assert(!ms_followed_put((const void *)(uintptr_t)12345, 1));
	ck_assert(!ms_followed_take((const void *)(uintptr_t)12345, &tag));
}
END_TEST

START_TEST(no_memory)
{
	unsigned tag, put = 0;

	stand_in_begin();
	stand_in_maps_left = 0;
	ck_assert(!ms_followed_begin());
	stand_in_maps_left = 1;
	ck_assert(ms_followed_begin());
	stand_in_maps_left = 0;
	while (put < BLOCKS && ms_followed_put(block(put), put))
		put++;
	ck_assert_uint_lt(put, BLOCKS);
	ck_assert(!ms_followed_take(block(put), &tag));
	for (unsigned i = 0; i < put; i++)
		ck_assert(ms_followed_take(block(i), &tag) && tag == i);
}
END_TEST

/* Each thread has blocks of its own; another takes every second one of them. */
static _Atomic unsigned handed[4];

static void *work(void *arg)
{
	unsigned me = (unsigned)(uintptr_t)arg, other = me ^ 1, taken = 0, tag;

	for (unsigned i = 0; i < 1500; i++) {
		ck_assert(ms_followed_put(block(me * 1500 + i), me));
		atomic_store(&handed[me], i + 1);
		if (i % 2)
			ck_assert(ms_followed_drop(block(me * 1500 + i), me));
		for (; taken < atomic_load(&handed[other]); taken++)
			if (taken % 2 == 0)
				ck_assert(ms_followed_take(block(other * 1500 + taken),
							   &tag) &&
					  tag == other);
	}
	return arg;
}

START_TEST(threads)
{
	pthread_t ids[4];
	unsigned tag;

	stand_in_begin();
	ck_assert(ms_followed_begin());
	for (uintptr_t i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&ids[i], NULL, work, (void *)i), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(ids[i], NULL);
	for (unsigned i = 0; i < BLOCKS; i++)
		if (i % 1500 % 2)
			ck_assert(!ms_followed_take(block(i), &tag));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { like_a_plain_set, no_memory, threads };

	return stand_in_run("followed", tests, sizeof(tests) / sizeof(*tests));
}
