/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server_like.c - does what servers do to their heap, and leaks slowly.
 *
 *	server_like MILLISECONDS SEED [leak] [filling] [maps]
 *
 * Four threads answer 20,000 requests, spread over the time: buffers that live as long as
 * a request, sessions whose number fluctuates, and a cache that is bounded and replaces
 * the entry that was used least recently.
 *
 *	leak     one request in a hundred loses its record of 512 bytes
 *	filling  the cache is full after two thirds of the time only
 *	maps     SIGUSR2 to itself after a third and after nine tenths of the time
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WORKERS	 4
#define REQUESTS 20000
#define ENTRIES	 1200
#define SESSIONS 256

struct entry {
	struct entry *newer, *older;
	uint64_t key;
	char *value;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *newest, *oldest;
static unsigned entries, lost;
static uint64_t milliseconds, seed;
static int leaking, filling, mapping;
static char *volatile record; /* only the last one is kept */

static uint64_t next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL >> 16;
}

static void unlink_entry(struct entry *e)
{
	*(e->newer ? &e->newer->older : &newest) = e->older;
	*(e->older ? &e->older->newer : &oldest) = e->newer;
}

static void link_newest(struct entry *e)
{
	e->newer = NULL;
	e->older = newest;
	*(newest ? &newest->newer : &oldest) = e;
	newest = e;
}

static struct entry *find(uint64_t key)
{
	struct entry *e = newest;

	/* the list is long: looking at a part of it makes no difference to the heap */
	for (int i = 0; e && i < 64; i++, e = e->older)
		if (e->key == key)
			return e;
	return NULL;
}

static void __attribute__((noinline)) cache_add(uint64_t key, size_t bytes)
{
	struct entry *e = malloc(sizeof(*e));

	e->key = key;
	e->value = malloc(bytes);
	memset(e->value, 0, bytes);
	link_newest(e);
	if (++entries <= ENTRIES)
		return;
	e = oldest;
	unlink_entry(e);
	free(e->value);
	free(e);
	entries--;
}

static void cached(uint64_t random)
{
	/* fewer misses: longer until it is full */
	uint64_t key =
		filling ? random % 1000 < 90 ? random : random % 64 : random % 8000;
	struct entry *e;

	pthread_mutex_lock(&lock);
	e = find(key);
	if (e) {
		unlink_entry(e);
		link_newest(e);
	} else {
		cache_add(key, 1024 + random / 8000 % 4096);
	}
	pthread_mutex_unlock(&lock);
}

static void __attribute__((noinline)) lose_record(uint64_t random)
{
	char *made = malloc(512);

	memset(made, (int)random, 512);
	record = made;
	__atomic_fetch_add(&lost, 1, __ATOMIC_RELAXED);
}

static void __attribute__((noinline)) session(char **sessions, uint64_t random)
{
	char **s = &sessions[random % SESSIONS];

	if (*s) {
		free(*s);
		*s = NULL;
	} else if (random >> 20 & 1) {
		*s = malloc(200 + random % 1000);
	}
}

static void answer(char **sessions, uint64_t *random)
{
	char *request = malloc(64 + next(random) % 2000);
	char *reply = malloc(1 + next(random) % 16384);

	*request = *reply = 1;
	cached(next(random));
	session(sessions, next(random));
	if (leaking && next(random) % 100 == 0)
		lose_record(next(random));
	free(reply);
	free(request);
}

static void wait_until(const struct timespec *start, uint64_t ns)
{
	struct timespec at = *start;

	ns += (uint64_t)at.tv_nsec;
	at.tv_sec += (time_t)(ns / 1000000000);
	at.tv_nsec = (long)(ns % 1000000000);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL))
		;
}

static struct timespec start;

static void *work(void *argument)
{
	uint64_t number = (uint64_t)(uintptr_t)argument;
	uint64_t random = (seed * WORKERS + number) * 0x9e3779b97f4a7c15ULL | 1;
	char **sessions = calloc(SESSIONS, sizeof(*sessions));
	unsigned count = REQUESTS / WORKERS;

	for (unsigned i = 0; i < count; i++) {
		if (i % 8 == 0)
			wait_until(&start, milliseconds * 1000000 * i / count);
		answer(sessions, &random);
	}
	return sessions;
}

int main(int argc, char **argv)
{
	pthread_t threads[WORKERS];

	if (argc < 3)
		return 2;
	milliseconds = strtoull(argv[1], NULL, 10);
	seed = strtoull(argv[2], NULL, 10);
	for (int i = 3; i < argc; i++) {
		leaking |= !strcmp(argv[i], "leak");
		filling |= !strcmp(argv[i], "filling");
		mapping |= !strcmp(argv[i], "maps");
	}
	clock_gettime(CLOCK_MONOTONIC, &start);
	for (uintptr_t i = 0; i < WORKERS; i++)
		pthread_create(&threads[i], NULL, work, (void *)(i + 1));
	for (uint64_t tenth = 3; mapping && tenth <= 9; tenth += 6) {
		wait_until(&start, milliseconds * 100000 * tenth);
		raise(SIGUSR2);
	}
	for (int i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	printf("lost %u records, cached %u entries\n", lost, entries);
	fflush(stdout);
	/* a server is never asked to free everything */
	return 0;
}
