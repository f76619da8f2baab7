/* SPDX-License-Identifier: Apache-2.0 */
/*
 * short_threads.c - argv[1] threads, at most 16 at a time, each allocating thrice and
 * gone.
 *
 * Thread i makes blocks of 100000 + i bytes (freed by itself), and of 16 + i % 16 bytes
 * (freed by main after the join), so that each thread's events can be told apart.
 *
 * Build with: -O2 -fno-builtin
 */
#define _GNU_SOURCE
#include "tests/targets/truth.h"

#include <pthread.h>

static void *life(void *arg)
{
	size_t i = (size_t)arg;
	char name[16];

	snprintf(name, sizeof(name), "short-%zu", i);
	pthread_setname_np(pthread_self(), name);
	free(hide(malloc(100000 + i)));
	return malloc(16 + i % 16);
}

int main(int argc, char **argv)
{
	size_t threads = argc > 1 ? (size_t)atol(argv[1]) : 100;
	pthread_t running[16];

	for (size_t i = 0; i < threads; i += 16) {
		size_t now = threads - i < 16 ? threads - i : 16;

		for (size_t k = 0; k < now; k++)
			MUST(pthread_create(&running[k], NULL, life, (void *)(i + k)) ==
			     0);
		for (size_t k = 0; k < now; k++) {
			void *block;

			pthread_join(running[k], &block);
			free(block);
		}
	}
	return 0;
}
