/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pass.c - what the passes over a log share.
 */
#include "analyzer/timeline/pass.h"
#include "analyzer/base/alloc.h"

#include <string.h>

ms_status ms_pass_run(struct ms_replayed *out, const struct ms_pass *pass,
		      const struct ms_observer *observer, struct ms_error *err)
{
	struct ms_replay_options replay = { .store = pass->store,
					    .to_events = UINT64_MAX,
					    .to_ns = pass->to_ns,
					    .sample_bytes = pass->sample_bytes,
					    .progress = pass->progress };

	return ms_replay(out, &replay, observer, err);
}

ms_status ms_pass_prepare(const struct ms_pass *pass, const struct ms_event *event,
			  struct ms_error *err)
{
	const struct ms_chosen *chosen = pass->chosen;

	return chosen && chosen->prepare ? chosen->prepare(chosen->context, event, err)
					 : MS_OK;
}

void *ms_keyed_find(const struct ms_keyed *rows, uint64_t key)
{
	const uint64_t *index = ms_map_find(rows->index, key);

	return index ? (char *)*rows->items + *index * rows->item_bytes : NULL;
}

void *ms_keyed_at(const struct ms_keyed *rows, uint64_t key, bool *is_new)
{
	uint64_t *index;
	char *row;

	if (ms_grow(rows->items, rows->capacity, *rows->count, rows->item_bytes) < 0)
		return NULL;
	index = ms_map_at(rows->index, key, is_new);
	if (!index)
		return NULL;
	if (*is_new)
		*index = *rows->count;
	row = (char *)*rows->items + *index * rows->item_bytes;
	if (*is_new) {
		memset(row, 0, rows->item_bytes);
		++*rows->count;
	}
	return row;
}
