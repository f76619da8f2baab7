/* SPDX-License-Identifier: Apache-2.0 */
/*
 * late_events.cc - allocates where programs rarely look: before main, after main, and in
 * threads that have already returned.
 *
 * Each place has a size of its own, 500001 and up, printed nowhere: 0001..0009 in the
 * order of the functions below.  All blocks but those of 500008 are freed.
 *
 * Build with: -O2 -fno-builtin
 */
#include "tests/targets/truth.h"

#include <pthread.h>

static pthread_key_t key;

static void touch(size_t size)
{
	free(hide(malloc(size)));
}

__attribute__((constructor(101))) static void first_constructor(void)
{
	touch(500001);
}

struct global {
	global()
	{
		touch(500002);
	}
	~global()
	{
		touch(500003);
	}
};
static global the_global;

struct per_thread {
	void *block = malloc(500004);
	~per_thread()
	{
		free(hide(block));
		touch(500005);
	}
};
static thread_local per_thread mine;

/* Runs in each of the four rounds that POSIX gives destructors of thread keys. */
static void key_gone(void *value)
{
	size_t round = (size_t)value;

	touch(500010 + round);
	if (round < 4)
		pthread_setspecific(key, (void *)(round + 1));
}

static void *thread(void *)
{
	pthread_setspecific(key, (void *)1);
	return hide(mine.block);
}

static void at_exit(void)
{
	touch(500006);
}

__attribute__((destructor(101))) static void last_destructor(void)
{
	touch(500007);
	hide(malloc(500008));
}

int main(void)
{
	pthread_t id;

	atexit(at_exit);
	pthread_key_create(&key, key_gone);
	MUST(pthread_create(&id, NULL, thread, NULL) == 0);
	pthread_join(id, NULL);
	hide(mine.block);
	return 0;
}
