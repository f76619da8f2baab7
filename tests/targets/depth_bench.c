/* SPDX-License-Identifier: Apache-2.0 */
/*
 * depth_bench.c - many allocations from many places at a chosen depth of calls.
 *
 * depth_bench DEPTH PAIRS THREADS LIVE [GRAIN]: each thread makes PAIRS blocks of 16 to
 * 1024 bytes and frees as many, LIVE of them alive at any time, from 32 chains of DEPTH
 * calls that end in one of 32 leaves: 1024 distinct stacks.  With GRAIN, a power of two,
 * sizes are multiples of it, and the program says how long an event took.
 *
 * Build with: -O2 -fno-builtin
 */
#define _GNU_SOURCE
#include "tests/targets/pace.h"
#include "tests/targets/truth.h"

#include <pthread.h>

struct job {
	uint64_t random;
	size_t live, pairs, chain, sizes;
	int depth;
	void **blocks;
};

static uint64_t next(struct job *job)
{
	uint64_t x = job->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return job->random = x;
}

typedef size_t leaf(struct job *job, uint64_t random);
typedef size_t step(struct job *job, int left);

#define EACH8(X, n) \
	X(n##0)     \
	X(n##1)     \
	X(n##2)     \
	X(n##3)     \
	X(n##4)     \
	X(n##5)     \
	X(n##6)     \
	X(n##7)
#define EACH32(X) EACH8(X, 1) EACH8(X, 2) EACH8(X, 3) EACH8(X, 4)

#define LEAF(n)                                                           \
	NOINLINE static size_t leaf_##n(struct job *job, uint64_t random) \
	{                                                                 \
		void **place = &job->blocks[(random >> 32) % job->live];  \
                                                                          \
		free(*place);                                             \
		*place = hide(malloc(16 + (random % 1009 & job->sizes))); \
		return (size_t)*place + n;                                \
	}
EACH32(LEAF)
#define DECLARE(n) static step step_##n;
EACH32(DECLARE)
#define LEAF_NAME(n) leaf_##n,
static leaf *const leaves[32] = { EACH32(LEAF_NAME) };
#define STEP_NAME(n) step_##n,
static step *const steps[32] = { EACH32(STEP_NAME) };

static size_t bottom(struct job *job)
{
	size_t sum = 0;

	for (int i = 0; i < 4; i++) {
		uint64_t random = next(job);

		sum += leaves[random >> 20 & 31](job, random);
	}
	return sum;
}

#define STEP(n)                                                                          \
	NOINLINE static size_t step_##n(struct job *job, int left)                       \
	{                                                                                \
		char room[16 + n % 7 * 8];                                               \
		size_t sum;                                                              \
                                                                                         \
		hide(room);                                                              \
		if (left <= 1)                                                           \
			sum = bottom(job);                                               \
		else                                                                     \
			sum = steps[(job->chain * 5 + (size_t)left * 3) % 32](job,       \
									      left - 1); \
		hide(&sum);                                                              \
		return sum + (size_t)room[0] % 2;                                        \
	}
EACH32(STEP)

static void *run(void *arg)
{
	struct job *job = arg;

	for (size_t made = 0; made < job->pairs; made += 4) {
		job->chain = next(job) >> 40 & 31;
		steps[job->chain](job, job->depth - 1);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	static struct job jobs[64];
	static pthread_t ids[64];
	size_t threads = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;
	size_t grain = argc > 5 ? strtoul(argv[5], NULL, 10) : 0;
	double begin;

	if (argc < 5 || threads > 64)
		return 2;
	for (size_t i = 0; i < threads; i++) {
		jobs[i].random = 88172645463325252ULL + i * 7919;
		jobs[i].depth = atoi(argv[1]);
		jobs[i].pairs = strtoul(argv[2], NULL, 10);
		jobs[i].live = strtoul(argv[4], NULL, 10);
		jobs[i].sizes = grain ? ~(grain - 1) : ~(size_t)0;
		jobs[i].blocks = calloc(jobs[i].live, sizeof(void *));
	}
	begin = pace_now_ns();
	for (size_t i = 1; i < threads; i++)
		MUST(pthread_create(&ids[i], NULL, run, &jobs[i]) == 0);
	run(&jobs[0]);
	for (size_t i = 1; i < threads; i++)
		pthread_join(ids[i], NULL);
	if (grain)
		pace_say(begin, pace_now_ns(), 2.0 * (double)jobs[0].pairs);
	return 0;
}
