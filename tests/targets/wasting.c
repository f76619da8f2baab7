/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wasting.c - programs that waste memory or time, each beside one that looks like it and
 * does not.
 *
 *	temporary    a block for each of 20000 rounds		pool	   blocks used
 *again short_lived  the same with another block in between linear       two blocks that
 *grow by 1000 bytes		geometric  by a half tails        small blocks of an odd
 *size		full	   that fill theirs one_thread   makes blocks, three others hardly
 *any	even	   all four do
 *	burst        30000 blocks in one of 100 steps		steady	   the same in
 *each pinned       one block of each 32 stays			released   all go
 *
 * Build with: -fno-builtin
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS	20000
#define THREADS 4

static void *volatile sink;

static void *make(size_t size)
{
	char *p = malloc(size);

	if (!p)
		abort();
	memset(p, 1, size);
	return p;
}

/* --- churn */

static void *scratch(void)
{
	return make(100);
}

static void temporary(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		sink = scratch();
		free(sink);
	}
}

static void short_lived(void)
{
	void *old = NULL;

	for (int i = 0; i < ROUNDS; i++) {
		void *block = scratch();

		free(old);
		old = make(200);
		free(block);
	}
	free(old);
}

static void pool(void)
{
	void *blocks[64];

	for (int i = 0; i < 64; i++)
		blocks[i] = scratch();
	for (int i = 0; i < ROUNDS; i++)
		memset(blocks[i % 64], i, 100);
	for (int i = 0; i < 64; i++)
		free(blocks[i]);
}

/* --- realloc_chain */

static void grow(size_t (*next)(size_t size), int rounds)
{
	void *blocks[2] = { NULL, NULL };
	size_t size = 1000;

	for (int i = 0; i < rounds; i++, size = next(size)) {
		for (int n = 0; n < 2; n++) { /* in each other's way: they move */
			blocks[n] = realloc(blocks[n], size);
			if (!blocks[n])
				abort();
		}
	}
	free(blocks[0]);
	free(blocks[1]);
}

static size_t by_1000(size_t size)
{
	return size + 1000;
}

static size_t by_half(size_t size)
{
	return size + size / 2;
}

static void linear(void)
{
	grow(by_1000, 101);
}

static void geometric(void)
{
	grow(by_half, 25);
}

/* --- oversize */

static void keep(size_t size)
{
	static void *kept[ROUNDS];

	for (int i = 0; i < ROUNDS; i++)
		kept[i] = make(size);
	sink = kept[0];
}

static void tails(void)
{
	keep(9);
}

static void full(void)
{
	keep(24);
}

/* --- unbalanced_threads */

static void *work(void *blocks)
{
	for (size_t i = 0; i < (size_t)blocks; i++)
		free(make(50));
	return NULL;
}

static void threads(const size_t blocks[THREADS])
{
	pthread_t t[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t[i], NULL, work, (void *)blocks[i]))
			abort();
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
}

static void one_thread(void)
{
	threads((const size_t[THREADS]){ 200, 20000, 200, 200 });
}

static void even(void)
{
	threads((const size_t[THREADS]){ 5000, 5000, 5000, 5000 });
}

/* --- burst */

static void steps(int each, int burst)
{
	void *block;

	for (int step = 0; step < 100; step++) {
		for (int i = 0; i < (step == 60 ? burst : each); i++) {
			block = make(512);
			if (step != 60)
				free(block);
		}
		usleep(10000);
	}
}

static void burst(void)
{
	steps(100, 30000);
}

static void steady(void)
{
	steps(100, 100);
}

/* --- fragmentation */

#define KIB_BLOCKS 32768

static void rise_and_fall(int stays)
{
	static void *blocks[KIB_BLOCKS];

	for (int i = 0; i < KIB_BLOCKS; i++)
		blocks[i] = make(1000);
	for (int i = 0; i < KIB_BLOCKS; i++)
		if (!stays || i % stays)
			free(blocks[i]);
	for (int i = 0; i < 300; i++) {
		free(make(100));
		usleep(1000);
	}
}

static void pinned(void)
{
	rise_and_fall(32);
}

static void released(void)
{
	rise_and_fall(0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} modes[] = {
#define MODE(name) { #name, name }
		MODE(temporary), MODE(short_lived), MODE(pool),	  MODE(linear),
		MODE(geometric), MODE(tails),	    MODE(full),	  MODE(one_thread),
		MODE(even),	 MODE(burst),	    MODE(steady), MODE(pinned),
		MODE(released),
	};

	for (size_t i = 0; argc == 2 && i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (!strcmp(argv[1], modes[i].name)) {
			modes[i].run();
			return 0;
		}
	}
	return 2;
}
