/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipeline.c - batches of work through stages, by a few threads.
 *
 * A thread takes the furthest stage that can go on, so that batches drain while they are
 * in the cache and none waits for a thread that has nothing to do.  A batch is some tens
 * of microseconds of work: one lock is enough.
 */
#include "analyzer/snapshot/pipeline.h"

#include <pthread.h>
#include <stdint.h>

struct run {
	const struct ms_pipeline *pipeline;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint64_t done[MS_PIPELINE_STAGES]; /* batches */
	bool busy[MS_PIPELINE_STAGES];
	uint64_t end; /* batches in all; UINT64_MAX: not known yet */
	ms_status status;
	struct ms_error error;
};

static bool can_run(const struct run *run, unsigned stage)
{
	const struct ms_pipeline *p = run->pipeline;
	uint64_t next = run->done[stage];

	if (run->busy[stage] || next >= run->end)
		return false;
	if (stage > 0)
		return next < run->done[stage - 1];
	return next < run->done[p->stage_count - 1] + p->places;
}

/* The furthest stage that can run, or stage_count. */
static unsigned choose(const struct run *run)
{
	unsigned stage = run->pipeline->stage_count;

	while (stage > 0 && !can_run(run, stage - 1))
		stage--;
	return stage > 0 ? stage - 1 : run->pipeline->stage_count;
}

static bool is_over(const struct run *run)
{
	return run->status != MS_OK ||
	       run->done[run->pipeline->stage_count - 1] == run->end;
}

/* Called and left with the lock held, which is free in between. */
static void run_stage(struct run *run, unsigned stage)
{
	const struct ms_pipeline *p = run->pipeline;
	unsigned place = (unsigned)(run->done[stage] % p->places);
	struct ms_error err = { "" };
	bool last = false;
	ms_status status;

	run->busy[stage] = true;
	pthread_mutex_unlock(&run->lock);
	status = p->stages[stage](p->context, place, &last, &err);
	pthread_mutex_lock(&run->lock);
	run->busy[stage] = false;
	run->done[stage]++;
	if (last)
		run->end = run->done[stage];
	if (status != MS_OK && run->status == MS_OK) {
		run->status = status;
		run->error = err;
	}
	pthread_cond_broadcast(&run->changed);
}

static void *work(void *context)
{
	struct run *run = context;

	pthread_mutex_lock(&run->lock);
	while (!is_over(run)) {
		unsigned stage = choose(run);

		if (stage < run->pipeline->stage_count)
			run_stage(run, stage);
		else
			pthread_cond_wait(&run->changed, &run->lock);
	}
	pthread_mutex_unlock(&run->lock);
	return NULL;
}

ms_status ms_pipeline_run(const struct ms_pipeline *pipeline, unsigned threads,
			  struct ms_error *err)
{
	struct run run = { .pipeline = pipeline, .end = UINT64_MAX };
	pthread_t helpers[MS_PIPELINE_STAGES];
	unsigned started = 0;

	pthread_mutex_init(&run.lock, NULL);
	pthread_cond_init(&run.changed, NULL);
	/* Fewer threads do the same work: one that cannot be had is not missed. */
	while (started + 1 < threads && started + 1 < pipeline->stage_count &&
	       pthread_create(&helpers[started], NULL, work, &run) == 0)
		started++;
	work(&run);
	while (started > 0)
		pthread_join(helpers[--started], NULL);
	pthread_cond_destroy(&run.changed);
	pthread_mutex_destroy(&run.lock);
	/* A stage may have told its caller in another way. */
	if (run.status != MS_OK && err && run.error.text[0])
		*err = run.error;
	return run.status;
}
