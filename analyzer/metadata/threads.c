/* SPDX-License-Identifier: Apache-2.0 */
/*
 * threads.c - the threads of a log.
 *
 * Records come in any order and some may be lost with a damaged window: a name or an end
 * makes a thread that nobody announced, with kernel id 0, and the announcement completes
 * it when it comes.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/metadata/inside.h"

#include <string.h>

/* The thread of id, new ones empty.  NULL: no memory. */
static struct ms_thread *thread_at(struct ms_metadata *meta, uint32_t id)
{
	struct ms_thread fresh = { .id = id, .name = "", .end_ns = UINT64_MAX };
	const uint64_t *place = ms_map_find(&meta->thread_index, id);

	if (place)
		return &meta->threads[*place];
	if (MS_GROW(meta->threads, meta->thread_room, meta->thread_count) < 0 ||
	    ms_map_put(&meta->thread_index, id, meta->thread_count) < 0)
		return NULL;
	meta->threads[meta->thread_count] = fresh;
	return &meta->threads[meta->thread_count++];
}

ms_status ms_metadata_add_thread(struct ms_metadata *meta, uint32_t id, uint64_t tid,
				 uint64_t begin_ns)
{
	struct ms_thread *thread;

	if (id == 0)
		return MS_OK;
	thread = thread_at(meta, id);
	if (!thread)
		return MS_ENOMEM;
	if (thread->tid == 0) {
		thread->tid = tid;
		thread->begin_ns = begin_ns;
	}
	return MS_OK;
}

void ms_metadata_thread_stack(struct ms_metadata *meta, uint32_t id, uint64_t low,
			      uint64_t high)
{
	const uint64_t *place = ms_map_find(&meta->thread_index, id);

	if (!place || low >= high)
		return;
	meta->threads[*place].stack_low = low;
	meta->threads[*place].stack_high = high;
}

ms_status ms_metadata_name_thread(struct ms_metadata *meta, uint32_t id, const char *name,
				  size_t len)
{
	struct ms_thread *thread;
	const char *text;

	if (id == 0)
		return MS_OK;
	text = ms_arena_text(&meta->arena, name, len);
	thread = text ? thread_at(meta, id) : NULL;
	if (!thread)
		return MS_ENOMEM;
	thread->name = text;
	return MS_OK;
}

ms_status ms_metadata_end_thread(struct ms_metadata *meta, uint32_t id, uint64_t end_ns)
{
	struct ms_thread *thread;

	if (id == 0)
		return MS_OK;
	thread = thread_at(meta, id);
	if (!thread)
		return MS_ENOMEM;
	thread->end_ns = end_ns;
	return MS_OK;
}

const struct ms_thread *ms_metadata_threads(const struct ms_metadata *meta, size_t *count)
{
	*count = meta->thread_count;
	return meta->threads;
}

const struct ms_thread *ms_metadata_thread(const struct ms_metadata *meta, uint32_t id)
{
	const uint64_t *place = ms_map_find(&meta->thread_index, id);

	return place ? &meta->threads[*place] : NULL;
}
