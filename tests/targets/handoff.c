/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handoff.c - threads free each other's blocks at random, and get their addresses again.
 *
 * Four threads, argv[1] rounds each; what is left in the slots at the end is written to
 * argv[2]: address and size.  The threads stay asleep while main exits.  Sizes are 4001
 * to 4064, which nothing else has.
 *
 * Build with: -O2 -fno-builtin
 */
#include "tests/targets/truth.h"

#include <pthread.h>
#include <stdatomic.h>

#define SLOTS	256
#define THREADS 4

struct block { /* in the block itself: who takes it knows its size */
	size_t size;
};

static _Atomic(struct block *) slots[SLOTS];
static _Atomic int done;
static long rounds;

static void *work(void *arg)
{
	unsigned random = 12345 + (unsigned)(size_t)arg;

	for (long i = 0; i < rounds; i++) {
		struct block *b, *old;
		size_t size = 4001 + (random >> 8) % 64;

		random = random * 1103515245 + 12345;
		b = hide(malloc(size));
		b->size = size;
		if (random >> 16 & 1) { /* a pair of its own */
			free(b);
			continue;
		}
		old = atomic_exchange(&slots[(random >> 17) % SLOTS], b);
		if (old && random >> 28 == 3) {
			old = realloc(old, size);
			old->size = size;
			old = atomic_exchange(&slots[(random >> 18) % SLOTS], old);
		}
		free(old);
	}
	done++;
	for (;;)
		pause();
	return NULL;
}

int main(int argc, char **argv)
{
	MUST(argc == 3);
	rounds = atol(argv[1]);
	for (size_t i = 0; i < THREADS; i++) {
		pthread_t thread;

		MUST(pthread_create(&thread, NULL, work, (void *)i) == 0);
	}
	while (done < THREADS)
		usleep(1000);
	for (int i = 0; i < SLOTS; i++) {
		if (slots[i])
			truth_say("%#zx,%zu\n", (size_t)slots[i], slots[i]->size);
	}
	truth_write(argv[2]);
	exit(0);
}
