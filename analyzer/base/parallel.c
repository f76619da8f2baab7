/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parallel.c - many pieces of work that need nothing of each other, on several threads.
 */
#define _GNU_SOURCE
#include "analyzer/base/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

struct crew {
	ms_work_fn *work;
	void *context;
	size_t count;
	atomic_size_t next; /* hands out numbers only: any order will do */
};

struct worker {
	struct crew *crew;
	pthread_t thread;
	unsigned number;
};

unsigned ms_thread_count(unsigned wanted)
{
	cpu_set_t set;
	int count = 1;

	if (wanted == 0 && sched_getaffinity(0, sizeof(set), &set) == 0)
		count = CPU_COUNT(&set);
	wanted = wanted ? wanted : (unsigned)count;
	return wanted < MS_THREADS_MAX ? wanted : MS_THREADS_MAX;
}

static void *work_on(void *argument)
{
	struct worker *self = argument;
	struct crew *crew = self->crew;
	size_t i;

	while ((i = atomic_fetch_add_explicit(&crew->next, 1, memory_order_relaxed)) <
	       crew->count)
		crew->work(crew->context, self->number, i);
	return NULL;
}

void ms_parallel(unsigned threads, size_t count, ms_work_fn *work, void *context)
{
	struct crew crew = { .work = work, .context = context, .count = count };
	struct worker workers[MS_THREADS_MAX];
	unsigned started = 1;

	threads = ms_thread_count(threads);
	if (threads > count)
		threads = count ? (unsigned)count : 1;
	for (unsigned i = 0; i < threads; i++)
		workers[i] = (struct worker){ .crew = &crew, .number = i };
	while (started < threads && pthread_create(&workers[started].thread, NULL,
						   work_on, &workers[started]) == 0)
		started++;
	work_on(&workers[0]);
	while (started > 1)
		pthread_join(workers[--started].thread, NULL);
}
