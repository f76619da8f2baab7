/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log_open.c - opening a log, and what is known of it as a whole.
 *
 * The steps are in files of their own: log_file (bytes), log_head (identity), log_window
 * (events), log_record (descriptions), log_nodes (stacks); log_salvage keeps the list of
 * what is wrong.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/capture/log.h"

static void hand_process(const struct ms_log *log, struct ms_metadata *meta)
{
	const struct ms_wire_head *head = &log->head;
	struct ms_process process = {
		.pid = head->pid,
		.parent_pid = head->parent_pid,
		.start_unix_ns = head->start_unix_ns,
		.flags = head->flags,
		.cpus = head->cpus,
		.page_bytes = head->page_bytes,
		.machine = head->machine,
		.clock = head->clock,
	};

	ms_metadata_set_process(meta, &process);
}

static void find_duration(struct ms_log *log, const struct ms_store *store)
{
	uint64_t first, last, end = log->status.end_ticks;

	ms_store_tick_range(store, &first, &last);
	if (!log->ended)
		end = last > log->last_ticks ? last : log->last_ticks;
	log->duration_ns = ms_ticks_to_ns(&log->scale, end);
}

static ms_status read_log(struct ms_log *log, const char *path, struct ms_store *store,
			  struct ms_metadata *meta, struct ms_error *err)
{
	ms_status status = ms_log_file_open(log, path, err);

	if (status == MS_OK)
		status = ms_log_read_head(log, path, err);
	if (status != MS_OK)
		return status;
	hand_process(log, meta);
	status = ms_log_find_index(log, store, err);
	if (status == MS_OK)
		status = ms_log_walk(log, store, err);
	if (status == MS_OK)
		ms_log_keep_index(log, store);
	if (status == MS_OK)
		status = ms_log_read_records(log, meta, err);
	if (status == MS_OK)
		status = ms_log_read_nodes(log, meta, err);
	if (status == MS_OK)
		status = ms_log_read_counters(log, err);
	if (status == MS_OK)
		status = ms_log_read_pending(log, store, err);
	if (status != MS_OK)
		return status;
	ms_store_set_scale(store, log->scale);
	ms_store_set_threads(store, log->options.threads);
	find_duration(log, store);
	ms_log_damage_end(log);
	if (log->damage_count)
		ms_log_drop_index(log);
	return log->no_memory ? ms_fail_memory(err) : MS_OK;
}

ms_status ms_log_open_with(struct ms_log **out, const char *path, struct ms_store *store,
			   struct ms_metadata *meta, const struct ms_log_options *options,
			   struct ms_error *err)
{
	struct ms_log *log = ms_alloc_zero(1, sizeof(*log));
	ms_status status;

	*out = NULL;
	if (!log)
		return ms_fail_memory(err);
	log->fd = -1;
	log->options = *options;
	log->path = ms_strdup(path);
	ms_map_init(&log->sequences);
	status = log->path ? read_log(log, path, store, meta, err) : ms_fail_memory(err);
	ms_log_file_detach(log);
	ms_map_release(&log->sequences);
	if (status == MS_OK)
		*out = log;
	else
		ms_log_close(log);
	return status;
}

ms_status ms_log_open(struct ms_log **out, const char *path, struct ms_store *store,
		      struct ms_metadata *meta, struct ms_error *err)
{
	return ms_log_open_with(out, path, store, meta, &(struct ms_log_options){ 0 },
				err);
}

void ms_log_close(struct ms_log *log)
{
	if (!log)
		return;
	ms_log_file_close(log);
	ms_log_index_close(log);
	ms_free(log->path);
	ms_free(log->damage);
	ms_free(log->windows);
	ms_free(log->thread_counts);
	ms_free(log->folded);
	ms_free(log->maps);
	for (size_t i = 0; i < log->body_count; i++)
		ms_free(log->bodies[i]);
	ms_free(log->bodies);
	ms_free(log);
}

const struct ms_damage *ms_log_damage(const struct ms_log *log, size_t *count)
{
	*count = log->damage_count;
	return log->damage;
}

const struct ms_wire_status *ms_log_status(const struct ms_log *log)
{
	return &log->status;
}

const struct ms_wire_head *ms_log_head(const struct ms_log *log)
{
	return &log->head;
}

uint64_t ms_log_file_bytes(const struct ms_log *log)
{
	return log->size;
}

const struct ms_log_window *ms_log_windows(const struct ms_log *log, size_t *count)
{
	*count = log->window_count;
	return log->windows;
}

uint64_t ms_log_duration_ns(const struct ms_log *log)
{
	return log->duration_ns;
}

const struct ms_tick_scale *ms_log_scale(const struct ms_log *log)
{
	return &log->scale;
}
