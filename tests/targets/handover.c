/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handover.c - blocks that are freed by another thread than the one that made them.
 *
 * handover FREES THREADS: the threads form a ring; each makes blocks and puts them into
 * its neighbour's queue, and frees what lies in its own.  Blocks are too large for the
 * free lists that a thread of glibc keeps to itself, so that a freed address is at once
 * there for whoever made it, maybe in the middle of its next malloc: were an event
 * stamped at the wrong side of the real call, some block would seem to be made while it
 * is still live.
 *
 * Build with: -O2 -fno-builtin
 */
#define _GNU_SOURCE
#include "tests/targets/truth.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#define PLACES	    64 /* few, so that blocks change hands soon */
#define THREADS_MAX 16

struct queue { /* one thread puts, one takes */
	_Alignas(64) _Atomic size_t put;
	_Alignas(64) _Atomic size_t taken;
	void *blocks[PLACES];
};

struct job {
	size_t frees, random;
	struct queue *in, *out;
};

static bool try_put(struct queue *q, void *block)
{
	size_t at = atomic_load_explicit(&q->put, memory_order_relaxed);

	/* acquire: pairs with the release in try_take, so the place is free */
	if (at - atomic_load_explicit(&q->taken, memory_order_acquire) == PLACES)
		return false;
	q->blocks[at % PLACES] = block;
	atomic_store_explicit(&q->put, at + 1, memory_order_release);
	return true;
}

static void *try_take(struct queue *q)
{
	size_t at = atomic_load_explicit(&q->taken, memory_order_relaxed);
	void *block;

	/* acquire: pairs with the release in try_put, so the block is there */
	if (at == atomic_load_explicit(&q->put, memory_order_acquire))
		return NULL;
	block = q->blocks[at % PLACES];
	atomic_store_explicit(&q->taken, at + 1, memory_order_release);
	return block;
}

static void *run(void *arg)
{
	struct job *job = arg;
	size_t made = 0, freed = 0;
	void *mine = NULL, *theirs;

	while (freed < job->frees || made < job->frees || mine) {
		bool moved = false;

		if (!mine && made < job->frees) {
			job->random =
				job->random * 6364136223846793005u + 1442695040888963407u;
			mine = hide(malloc(1040 + (job->random >> 62) * 16));
			made++;
		}
		if (mine && try_put(job->out, mine)) {
			mine = NULL;
			moved = true;
		}
		theirs = try_take(job->in);
		if (theirs) {
			free(theirs);
			freed++;
			moved = true;
		}
		if (!moved)
			sched_yield();
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static struct queue queues[THREADS_MAX];
	static struct job jobs[THREADS_MAX];
	static pthread_t ids[THREADS_MAX];
	size_t frees, threads;

	if (argc < 3)
		return 2;
	frees = strtoul(argv[1], NULL, 10);
	threads = strtoul(argv[2], NULL, 10);
	if (threads < 2 || threads > THREADS_MAX)
		return 2;
	for (size_t i = 0; i < threads; i++)
		jobs[i] = (struct job){ frees / threads, i, &queues[i],
					&queues[(i + 1) % threads] };
	for (size_t i = 0; i < threads; i++)
		MUST(pthread_create(&ids[i], NULL, run, &jobs[i]) == 0);
	for (size_t i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	return 0;
}
