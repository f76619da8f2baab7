/* SPDX-License-Identifier: Apache-2.0 */
/*
 * realloc_race.c - threads that move blocks into each other's just freed places.
 *
 * Every thread swaps blocks with a shared table, so blocks are grown by one thread,
 * shrunk by another and freed by a third; the allocator hands addresses from thread to
 * thread within nanoseconds.  A recorder that stamps a realloc on one side only shows an
 * address live twice.
 *
 * Build with: -O2 -fno-builtin
 */
#define _GNU_SOURCE
#include "tests/targets/truth.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>

#define SLOTS	   64
#define KEPT_BYTES 300000

static _Atomic(void *) slots[SLOTS];
static long rounds = 100000;

static void *work(void *arg)
{
	uint64_t x = 88172645463325252ULL + (uintptr_t)arg * 7919;

	for (long i = 0; i < rounds; i++) {
		void *p;
		size_t size;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		size = 1 + (x >> 40) % ((x >> 8) % 16 ? 600 : 200000);
		p = atomic_exchange(&slots[x % SLOTS], NULL);
		if ((x >> 32) % 4 == 0) {
			free(p);
			p = malloc(size);
		} else {
			p = realloc(p, size);
		}
		MUST(p);
		*(volatile char *)p = 1;
		p = atomic_exchange(&slots[(x >> 20) % SLOTS], p);
		free(p);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[4];

	if (argc > 1)
		rounds = atol(argv[1]);
	mallopt(M_ARENA_MAX, 1); /* one arena: addresses change hands at once */
	for (size_t i = 0; i < 4; i++)
		MUST(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	for (size_t i = 0; i < SLOTS; i++) {
		if (argc > 2) /* these stay: whatever the race left, of known sizes */
			MUST(slots[i] = realloc(slots[i], KEPT_BYTES + i));
		else
			free(slots[i]);
	}
	return 0;
}
