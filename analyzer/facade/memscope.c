/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memscope.c - struct memscope: opening traces, introducing the engines to each other.
 */
#include "analyzer/facade/times.h"
#include "analyzer/base/alloc.h"
#include "analyzer/base/escape.h"
#include "analyzer/facade/checkpoints.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *memscope_version(void)
{
	return MEMSCOPE_VERSION;
}

/* --- opening --------------------------------------------------------------------------
 */

static void close_trace(struct ms_trace *trace)
{
	/* What this opening found out is not worth an error. */
	if (trace->log)
		ms_log_save_index(trace->log);
	if (trace->meta)
		ms_metadata_save_symbols(trace->meta);
	ms_checkpoints_free(trace->checkpoints);
	ms_store_free(trace->store);
	ms_metadata_free(trace->meta);
	/* Last: the other two point into its mapping. */
	ms_log_close(trace->log);
	ms_free(trace->path);
}

static ms_status open_trace(struct ms_trace *trace, const char *path,
			    const struct memscope_open_options *options,
			    const struct ms_names *names, struct ms_error *err)
{
	struct ms_log_options reading = {
		.threads = options->threads,
		.use_index = !options->no_index,
		.index_least_bytes = options->index_any_size ? 0 : MS_FACADE_INDEX_LEAST,
	};
	ms_status status;

	trace->path = ms_strdup(path);
	if (!trace->path)
		return ms_fail_memory(err);
	status = ms_store_new(&trace->store, err);
	if (status == MS_OK)
		status = ms_metadata_new(&trace->meta, err);
	if (status == MS_OK)
		status = ms_log_open_with(&trace->log, path, trace->store, trace->meta,
					  &reading, err);
	if (status == MS_OK)
		status = ms_checkpoints_new(&trace->checkpoints, trace->log, err);
	if (status != MS_OK)
		return status;
	ms_metadata_set_symbol_options(trace->meta, &names->options);
	trace->duration_ns = ms_log_duration_ns(trace->log);
	trace->threads = options->threads;
	return MS_OK;
}

static void forward_progress(void *context, uint64_t done, uint64_t total)
{
	struct memscope *m = context;

	m->progress(m->progress_context, m->doing, done, total);
}

const struct ms_progress *ms_facade_progress(struct memscope *m, const char *doing)
{
	m->doing = doing;
	return m->progress ? &m->tell : NULL;
}

static ms_status open_all(struct memscope *m, const char *const *paths, size_t count,
			  const struct memscope_open_options *options,
			  struct ms_error *err)
{
	ms_status status = MS_OK;

	m->traces = ms_alloc_zero(count, sizeof(*m->traces));
	if (!m->traces)
		return ms_fail_memory(err);
	for (size_t i = 0; status == MS_OK && i < count; i++) {
		m->count++;
		if (m->progress)
			m->progress(m->progress_context, "reading logs", i, count);
		status = open_trace(&m->traces[i], paths[i], options, &m->names, err);
	}
	return status;
}

int memscope_open(struct memscope **out, const char *const *paths, size_t count,
		  const struct memscope_open_options *options, struct memscope_error *err)
{
	static const struct memscope_open_options defaults;
	struct memscope *m;
	ms_status status;

	*out = NULL;
	if (count == 0)
		return ms_fail(ms_own_error(err), MS_EUSAGE, "no trace was named");
	/* jansson's memory is ours, so that a test can make it fail. */
	json_set_alloc_funcs(ms_alloc, ms_free);
	m = ms_alloc_zero(1, sizeof(*m));
	if (!m)
		return ms_fail_memory(ms_own_error(err));
	options = options ? options : &defaults;
	m->progress = options->progress;
	m->progress_context = options->progress_context;
	m->tell = (struct ms_progress){ forward_progress, m };
	status = ms_names_open(&m->names, options, ms_own_error(err));
	if (status == MS_OK)
		status = open_all(m, paths, count, options, ms_own_error(err));
	if (status != MS_OK) {
		memscope_close(m);
		return status;
	}
	*out = m;
	return MEMSCOPE_OK;
}

void memscope_close(struct memscope *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->count; i++)
		close_trace(&m->traces[i]);
	ms_names_close(&m->names);
	ms_free(m->traces);
	ms_free(m);
}

ms_status ms_facade_open_beside(struct memscope *beside, const struct memscope *m,
				const char *path, struct ms_error *err)
{
	static const struct memscope_open_options plain = { .no_index = 1 };
	ms_status status;

	*beside = *m;
	beside->count = 1;
	beside->traces = ms_alloc_zero(1, sizeof(*beside->traces));
	if (!beside->traces)
		return ms_fail_memory(err);
	status = open_trace(&beside->traces[0], path, &plain, &m->names, err);
	if (status != MS_OK)
		ms_facade_close_beside(beside);
	return status;
}

void ms_facade_close_beside(struct memscope *beside)
{
	close_trace(&beside->traces[0]);
	ms_free(beside->traces);
	beside->traces = NULL;
}

/* --- asking ---------------------------------------------------------------------------
 */

size_t memscope_trace_count(const struct memscope *m)
{
	return m->count;
}

const char *memscope_trace_path(const struct memscope *m, size_t index)
{
	return m->traces[index].path;
}

size_t memscope_damage_count(const struct memscope *m, size_t trace)
{
	size_t count;

	ms_log_damage(m->traces[trace].log, &count);
	return count;
}

const char *memscope_damage(struct memscope *m, size_t trace, size_t damage)
{
	const char *path = m->traces[trace].path;
	size_t count, room = sizeof(m->line) - 200;
	const struct ms_damage *all = ms_log_damage(m->traces[trace].log, &count);
	size_t len;

	len = ms_escape(m->line, room, path, strlen(path));
	len = len < room ? len : strlen(m->line);
	len += (size_t)snprintf(m->line + len, sizeof(m->line) - len,
				": at byte %" PRIu64 ": ", all[damage].offset);
	ms_escape(m->line + len, sizeof(m->line) - len, all[damage].what,
		  strlen(all[damage].what));
	return m->line;
}

/* --- snapshots ------------------------------------------------------------------------
 */

ms_status ms_facade_snapshot(struct ms_snapshot **out, const struct ms_trace *trace,
			     enum ms_instant instant, uint64_t at_ns,
			     const struct ms_progress *progress, struct ms_error *err)
{
	struct ms_instant_at at = { .instant = instant,
				    .at_ns = at_ns,
				    .sample_bytes = ms_known_sample_bytes(trace),
				    .threads = trace->threads,
				    .source = ms_checkpoints_source(trace->checkpoints) };
	ms_status status;

	/* Both of these need all events. */
	if (instant == MS_AT_END || instant == MS_AT_PEAK)
		at.sink = ms_checkpoints_sink(trace->checkpoints);
	status = ms_snapshot_new(out, trace->store, &at, progress, err);
	if (status == MS_OK && at.sink)
		ms_checkpoints_kept(trace->checkpoints);
	return status;
}

/* What the capture mode adds to the figures of groups, and what it leaves unknown. */
static ms_status apply_mode(const struct ms_trace *trace, struct ms_snapshot *snapshot,
			    bool whole, struct ms_error *err)
{
	size_t count;
	const struct ms_folded *folded = ms_log_folded(trace->log, &count);
	ms_status status = MS_OK;

	if (whole)
		status = ms_snapshot_fold(snapshot, folded, count, err);
	ms_snapshot_lacks(snapshot, ms_known_lacks(trace, snapshot, whole));
	return status;
}

ms_status ms_facade_snapshots(struct memscope *m, const struct memscope_time *at,
			      struct ms_snapshot **out, struct ms_error *err)
{
	const struct ms_progress *progress = ms_facade_progress(m, "replaying events");
	ms_status status = MS_OK;

	memset(out, 0, m->count * sizeof(*out));
	for (size_t i = 0; status == MS_OK && i < m->count; i++) {
		enum ms_instant instant;
		uint64_t at_ns;

		status = ms_time_instant(&m->traces[i], at, &instant, &at_ns, err);
		if (status == MS_OK)
			status = ms_facade_snapshot(&out[i], &m->traces[i], instant,
						    at_ns, progress, err);
		if (status == MS_OK)
			status = apply_mode(&m->traces[i], out[i],
					    at->kind == MEMSCOPE_AT_END, err);
	}
	if (status != MS_OK)
		ms_facade_snapshots_free(m, out);
	return status;
}

void ms_facade_snapshots_free(struct memscope *m, struct ms_snapshot **snapshots)
{
	for (size_t i = 0; i < m->count; i++) {
		ms_snapshot_free(snapshots[i]);
		snapshots[i] = NULL;
	}
}

/* --- printing -------------------------------------------------------------------------
 */

struct ms_writer *ms_facade_writer(const struct memscope_output *output)
{
	struct ms_look look = { output->width, output->colour, output->unicode,
				output->plot };
	struct ms_writer *writer = ms_alloc(sizeof(*writer));

	if (writer)
		ms_writer_init(writer, output->write, output->context, &look);
	return writer;
}

ms_status ms_facade_print(json_t *document, ms_render_fn *render,
			  const struct memscope_output *output, struct ms_error *err)
{
	struct ms_writer *writer = document ? ms_facade_writer(output) : NULL;
	ms_status status, finished;

	if (!writer) {
		json_decref(document);
		return ms_fail_memory(err);
	}
	status = render(writer, document, (enum ms_format)output->format, err);
	finished = ms_writer_finish(writer, status == MS_OK ? err : NULL);
	ms_free(writer);
	json_decref(document);
	return status != MS_OK ? status : finished;
}

/* --- recording ------------------------------------------------------------------------
 */

int memscope_record(const struct memscope_record_options *options,
		    struct memscope_record_result *result, struct memscope_error *err)
{
	struct ms_record_options own = { .argv = options->argv,
					 .library = options->library,
					 .output = options->output,
					 .settings = options->settings,
					 .family = options->all_logs };
	struct ms_record_result got;
	ms_status status = ms_record_run(&own, &got, ms_own_error(err));

	memset(result, 0, sizeof(*result));
	if (status != MS_OK)
		return status;
	result->exit_code = got.exit_code;
	result->signal = got.signal;
	result->pid = got.pid;
	snprintf(result->log_path, sizeof(result->log_path), "%s", got.log_path);
	result->logs = got.logs;
	result->log_count = got.log_count;
	return MEMSCOPE_OK;
}

void memscope_record_release(struct memscope_record_result *result)
{
	ms_record_family_free(result->logs, result->log_count);
	result->logs = NULL;
	result->log_count = 0;
}
