/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demo_app.c - what scripts/demo records: a small server-like program with the usual
 * suspects in it.
 *
 * Four workers answer requests.  parse_request() churns through short-lived buffers,
 * cache_put() keeps a bounded cache that is freed at the end, begin_session() leaks:
 * every tenth session is never closed.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS	    4
#define REQUESTS    5000
#define CACHE_SLOTS 256

struct session {
	int user;
	char *name;
};

static struct {
	pthread_mutex_t lock;
	char *slot[CACHE_SLOTS];
} cache = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Churn: each word is copied, looked at and freed again. */
static unsigned parse_request(const char *request)
{
	char *copy = strdup(request);
	unsigned hash = 5381;

	for (char *save, *word = strtok_r(copy, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		char *token = strdup(word);

		for (char *c = token; *c; c++)
			hash = hash * 33 + (unsigned char)*c;
		free(token);
	}
	free(copy);
	return hash;
}

/* A cache: grows to its size and stays there. */
static void cache_put(unsigned key, const char *text)
{
	unsigned i = key % CACHE_SLOTS;
	size_t len = strlen(text) + 1 + 1024;
	char *entry = calloc(1, len);

	memcpy(entry, text, strlen(text));
	pthread_mutex_lock(&cache.lock);
	free(cache.slot[i]);
	cache.slot[i] = entry;
	pthread_mutex_unlock(&cache.lock);
}

static struct session *begin_session(int user)
{
	struct session *s = malloc(sizeof *s);

	s->user = user;
	s->name = malloc(200);
	snprintf(s->name, 200, "user %d", user);
	return s;
}

static void end_session(struct session *s)
{
	if (s->user % 10 == 0)
		return; /* the leak */
	free(s->name);
	free(s);
}

/* Text that grows by realloc, as a log does. */
static char *append(char *text, size_t *len, const char *line)
{
	size_t add = strlen(line);

	text = realloc(text, *len + add + 1);
	memcpy(text + *len, line, add + 1);
	*len += add;
	return text;
}

static void *worker(void *arg)
{
	int number = *(int *)arg;
	char request[96], *report = NULL;
	size_t report_len = 0;

	for (int i = 0; i < REQUESTS; i++) {
		struct session *s = begin_session(number * REQUESTS + i);
		unsigned key;

		snprintf(request, sizeof request, "GET /page/%d for user %d", i % 1000,
			 s->user);
		key = parse_request(request);
		if (i % 4 == 0)
			cache_put(key, request);
		if (i % 100 == 0)
			report = append(report, &report_len, request);
		end_session(s);
	}
	free(report);
	return NULL;
}

int main(void)
{
	pthread_t threads[WORKERS];
	int numbers[WORKERS];

	for (int i = 0; i < WORKERS; i++) {
		numbers[i] = i;
		if (pthread_create(&threads[i], NULL, worker, &numbers[i]))
			return 1;
	}
	for (int i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < CACHE_SLOTS; i++)
		free(cache.slot[i]);
	printf("answered %d requests\n", WORKERS * REQUESTS);
	return 0;
}
