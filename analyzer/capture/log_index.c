/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_index.c - the index beside the log: is there one, and shall one be made?
 *
 * A log is told from another, and from itself at another time, by the file's size and
 * time and by the headers of all windows, which say how far each is filled.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/capture/log.h"

#include <string.h>

static uint64_t hash_words(uint64_t hash, const void *bytes, size_t len_bytes)
{
	uint64_t word;

	for (size_t i = 0; i + 8 <= len_bytes; i += 8) {
		memcpy(&word, (const uint8_t *)bytes + i, 8);
		hash = (hash ^ word) * UINT64_C(0x9fb21c651e98df25);
		hash ^= hash >> 29;
	}
	return hash;
}

/* Windows of events, in the order of the file. */
struct found {
	struct ms_store_window *windows;
	size_t count, room;
};

/* 0, or -1 without memory. */
static int find_windows(struct ms_log *log, struct found *found)
{
	uint64_t end = ms_log_walk_end(log), offset = log->head_bytes;
	uint64_t hash = log->head_bytes;
	bool is_damage;

	while (offset < end) {
		struct ms_visit v = { .offset = offset };

		if (!ms_log_header_at(log, offset, &v.header)) {
			offset = ms_log_gap_end(log, offset, end, &is_damage);
			continue;
		}
		ms_log_begin_visit(log, &v);
		v.header.commit = v.commit;
		v.header.sealed = v.sealed;
		v.header.body_crc = v.crc;
		hash = hash_words(hash ^ offset, &v.header, sizeof(v.header));
		offset += v.header.length;
		if (v.header.kind != MS_WINDOW_EVENTS)
			continue;
		if (ms_grow((void **)&found->windows, &found->room, found->count,
			    sizeof(*found->windows)))
			return -1;
		found->windows[found->count++] = ms_log_events_of(log, &v);
	}
	log->identity.windows = hash;
	return 0;
}

static ms_status use_index(struct ms_log *log, struct ms_store *store,
			   const struct found *found, struct ms_error *err)
{
	ms_status status = ms_index_open(&log->index, log->path, &log->identity, err);
	bool used = false;

	if (status == MS_OK && log->index)
		status = ms_store_load(store, log->index, found->windows, found->count,
				       &used, err);
	if (!used) {
		ms_index_close(log->index);
		log->index = NULL;
		return status;
	}
	log->index_facts.bytes = ms_index_file_bytes(log->index);
	log->index_facts.checkpoints =
		ms_index_part_count(log->index, MS_INDEX_CHECKPOINT);
	return status;
}

ms_status ms_log_find_index(struct ms_log *log, struct ms_store *store,
			    struct ms_error *err)
{
	struct found found = { 0 };
	ms_status status = MS_OK;

	if (!log->options.use_index || !log->mapped)
		return MS_OK;
	log->identity.bytes = log->size;
	log->identity.mtime_ns = log->mtime_ns;
	log->identity.head = hash_words(hash_words(0, &log->head, sizeof(log->head)),
					&log->status, sizeof(log->status));
	if (find_windows(log, &found))
		status = ms_fail_memory(err);
	else
		status = use_index(log, store, &found, err);
	ms_free(found.windows);
	if (status == MS_OK && !log->index && log->size >= log->options.index_least_bytes)
		log->index_writer = ms_index_begin(log->path);
	return status;
}

void ms_log_keep_index(struct ms_log *log, const struct ms_store *store)
{
	if (log->index_writer && !ms_store_save(store, log->index_writer))
		ms_log_drop_index(log);
}

void ms_log_drop_index(struct ms_log *log)
{
	ms_index_abandon(log->index_writer);
	log->index_writer = NULL;
}

const struct ms_index *ms_log_index(const struct ms_log *log)
{
	return log->index;
}

/* Kinds that are not told apart here are taken over as they are. */
static const unsigned kinds[] = { MS_INDEX_CHUNKS, MS_INDEX_BLOOMS, MS_INDEX_CHECKPOINT,
				  MS_INDEX_FIGURES };

struct ms_index_writer *ms_log_index_writer(struct ms_log *log, unsigned replaced)
{
	if (log->index_writer || !log->index)
		return log->index_writer;
	log->index_writer = ms_index_begin(log->path);
	for (size_t i = 0; log->index_writer && i < sizeof(kinds) / sizeof(*kinds); i++) {
		if (kinds[i] != replaced)
			ms_index_copy(log->index_writer, log->index, kinds[i]);
	}
	return log->index_writer;
}

bool ms_log_save_index(struct ms_log *log)
{
	struct ms_index_writer *writer = log->index_writer;
	struct ms_log_index_facts facts = { .is_new = true };

	log->index_writer = NULL;
	if (!writer)
		return log->index_facts.bytes != 0;
	facts.checkpoints = ms_index_added(writer, MS_INDEX_CHECKPOINT, &facts.bytes);
	if (!ms_index_commit(writer, &log->identity))
		return false;
	log->index_facts = facts;
	return true;
}

void ms_log_index_facts(const struct ms_log *log, struct ms_log_index_facts *facts)
{
	*facts = log->index_facts;
}

void ms_log_index_close(struct ms_log *log)
{
	ms_log_drop_index(log);
	ms_index_close(log->index);
}
