/* SPDX-License-Identifier: Apache-2.0 */
/*
 * watch.c - several who watch one replay.
 *
 * A replay of ten million events takes half a second, a look at an event some
 * nanoseconds: a report that needs several figures of the whole log reads it once.
 */
#include "analyzer/timeline/pass.h"

struct all {
	struct ms_watch *watches;
	size_t count;
};

static ms_status see_event(void *context, const struct ms_event *event,
			   struct ms_error *err)
{
	const struct all *all = context;
	ms_status status = MS_OK;

	for (size_t i = 0; status == MS_OK && i < all->count; i++) {
		const struct ms_observer *observer = &all->watches[i].observer;

		if (observer->event)
			status = observer->event(observer->context, event, err);
	}
	return status;
}

static void see_block(void *context, enum ms_change change, const struct ms_block *block,
		      const struct ms_event *event, const struct ms_totals *totals)
{
	const struct all *all = context;

	for (size_t i = 0; i < all->count; i++) {
		const struct ms_observer *observer = &all->watches[i].observer;

		observer->block(observer->context, change, block, event, totals);
	}
}

ms_status ms_watch_all(const struct ms_pass *pass, struct ms_watch *watches, size_t count,
		       struct ms_error *err)
{
	struct all all = { watches, count };
	struct ms_observer several = { .block = see_block,
				       .context = &all,
				       .event = see_event };
	struct ms_replayed replayed;
	ms_status status = ms_pass_run(&replayed, pass,
				       count == 1 ? &watches[0].observer : &several, err);

	if (status == MS_OK)
		ms_replayed_release(&replayed);
	for (size_t i = 0; status == MS_OK && i < count; i++)
		status = watches[i].end(watches[i].observer.context, err);
	for (size_t i = 0; i < count; i++)
		watches[i].free(watches[i].observer.context);
	return status;
}
