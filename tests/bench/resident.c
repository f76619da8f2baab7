/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resident.c - threads that allocate a little and stay, and what is resident then.
 *
 * resident THREADS: the first thread and THREADS more make and free a few blocks each.
 * With 0 it is a small program: what a recorder adds to it is its fixed part.
 */
#define _GNU_SOURCE
#include "tests/targets/pace.h"
#include "tests/targets/truth.h"

#include <pthread.h>

static pthread_barrier_t allocated, told;

NOINLINE static void allocate_little(void)
{
	void *blocks[10];

	for (size_t i = 0; i < 10; i++)
		blocks[i] = hide(malloc(16 + i * 8));
	for (size_t i = 0; i < 10; i++)
		free(blocks[i]);
}

static void *run(void *arg)
{
	allocate_little();
	pthread_barrier_wait(&allocated);
	pthread_barrier_wait(&told);
	return arg;
}

int main(int argc, char **argv)
{
	static pthread_t ids[1000];
	size_t threads = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	double begin = pace_now_ns();

	if (threads > 1000)
		return 2;
	MUST(pthread_barrier_init(&allocated, NULL, (unsigned)threads + 1) == 0);
	MUST(pthread_barrier_init(&told, NULL, (unsigned)threads + 1) == 0);
	allocate_little();
	for (size_t i = 0; i < threads; i++)
		MUST(pthread_create(&ids[i], NULL, run, NULL) == 0);
	pthread_barrier_wait(&allocated);
	pace_say(begin, pace_now_ns(), 20.0 * ((double)threads + 1));
	pthread_barrier_wait(&told);
	for (size_t i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	return 0;
}
