/* SPDX-License-Identifier: Apache-2.0 */
/*
 * checkpoints.c - the checkpoints of a log, in its index.
 *
 * Each is a part of its own, so that one is read without the others; where they are is a
 * part too, written last, so that checkpoints of a replay that failed are never used.
 */
#include "analyzer/facade/checkpoints.h"
#include "analyzer/base/alloc.h"

#include <string.h>

struct ms_checkpoints {
	struct ms_log *log;
	struct ms_checkpoint_source source;
	struct ms_checkpoint_sink sink;
	struct ms_index_writer *writer;
	/* of the source, or of the sink while one is filled */
	struct ms_checkpoint_place *places;
	size_t count, capacity;
	bool has_tried;
};

static bool part_bytes(void *context, size_t index, const void **bytes, size_t *len_bytes)
{
	const struct ms_checkpoints *c = context;
	const uint8_t *part;

	if (!ms_index_part(ms_log_index(c->log), MS_INDEX_CHECKPOINT, (uint32_t)index,
			   &part, len_bytes))
		return false;
	*bytes = part;
	return true;
}

/* Are they in log order? */
static bool in_order(const struct ms_checkpoint_place *places, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!places[i].events || !places[i].after_ticks)
			return false;
		if (i > 0 && (places[i].events <= places[i - 1].events ||
			      places[i].last_ns < places[i - 1].last_ns ||
			      places[i].after_ticks <= places[i - 1].after_ticks))
			return false;
	}
	return true;
}

static ms_status find(struct ms_checkpoints *c, struct ms_error *err)
{
	const struct ms_index *index = ms_log_index(c->log);
	const uint8_t *bytes;
	size_t len_bytes;

	if (!index || !ms_index_part(index, MS_INDEX_FIGURES, MS_CHECKPOINT_VERSION,
				     &bytes, &len_bytes))
		return MS_OK;
	c->places = ms_alloc(len_bytes);
	if (!c->places)
		return ms_fail_memory(err);
	memcpy(c->places, bytes, len_bytes);
	c->count = len_bytes / sizeof(*c->places);
	if (!in_order(c->places, c->count))
		c->count = 0;
	c->source = (struct ms_checkpoint_source){ c->places, c->count, part_bytes, c };
	return MS_OK;
}

ms_status ms_checkpoints_new(struct ms_checkpoints **out, struct ms_log *log,
			     struct ms_error *err)
{
	struct ms_checkpoints *c = ms_alloc_zero(1, sizeof(*c));
	ms_status status;

	*out = NULL;
	if (!c)
		return ms_fail_memory(err);
	c->log = log;
	status = find(c, err);
	if (status != MS_OK) {
		ms_checkpoints_free(c);
		return status;
	}
	*out = c;
	return MS_OK;
}

void ms_checkpoints_free(struct ms_checkpoints *c)
{
	if (!c)
		return;
	ms_free(c->places);
	ms_free(c);
}

const struct ms_checkpoint_source *ms_checkpoints_source(const struct ms_checkpoints *c)
{
	return c->source.count ? &c->source : NULL;
}

static ms_status save(void *context, const struct ms_checkpoint_place *place,
		      const void *bytes, size_t len_bytes, struct ms_error *err)
{
	struct ms_checkpoints *c = context;

	if (ms_grow((void **)&c->places, &c->capacity, c->count, sizeof(*c->places)) < 0)
		return ms_fail_memory(err);
	ms_index_add(c->writer, MS_INDEX_CHECKPOINT, (uint32_t)c->count, bytes,
		     len_bytes);
	c->places[c->count++] = *place;
	return MS_OK;
}

struct ms_checkpoint_sink *ms_checkpoints_sink(struct ms_checkpoints *c)
{
	if (c->has_tried || c->source.count)
		return NULL;
	c->has_tried = true;
	c->writer = ms_log_index_writer(c->log, MS_INDEX_CHECKPOINT);
	if (!c->writer)
		return NULL;
	c->count = 0;
	c->sink = (struct ms_checkpoint_sink){ .save = save,
					       .context = c,
					       .log_bytes = ms_log_file_bytes(c->log) };
	return &c->sink;
}

void ms_checkpoints_kept(struct ms_checkpoints *c)
{
	if (c->writer && c->count)
		ms_index_add(c->writer, MS_INDEX_FIGURES, MS_CHECKPOINT_VERSION,
			     c->places, c->count * sizeof(*c->places));
	c->writer = NULL;
}
