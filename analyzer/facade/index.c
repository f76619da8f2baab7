/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.c - making the indexes of traces when somebody asks for them.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/facade/facade.h"
#include "common/units.h"

#include <inttypes.h>

static void write_line(struct ms_writer *writer, const struct ms_trace *trace,
		       const char *what)
{
	ms_write_escaped(writer, trace->path, 0);
	ms_write_text(writer, what);
}

/* What there is now: read again, since it was written by this very call. */
static void write_found(struct ms_writer *writer, const struct ms_trace *trace,
			const struct ms_log_index_facts *facts)
{
	char human[MS_HUMAN_BYTES];

	write_line(writer, trace, ".idx: ");
	ms_writef(writer, "%s", ms_human_size(human, facts->bytes));
	ms_writef(writer, ", %s checkpoints%s\n",
		  ms_human_count(human, facts->checkpoints),
		  facts->is_new ? "" : ", was there already");
}

static ms_status index_one(struct ms_writer *writer, struct memscope *m,
			   struct ms_trace *trace, struct ms_error *err)
{
	struct ms_log_index_facts facts;
	struct ms_snapshot *end;
	ms_status status;
	size_t damage;

	ms_log_damage(trace->log, &damage);
	if (damage) {
		write_line(writer, trace, ": is damaged, which an index would hide\n");
		return MS_OK;
	}
	/* Leaves its checkpoints. */
	status = ms_facade_snapshot(&end, trace, MS_AT_END, 0,
				    ms_facade_progress(m, "replaying events"), err);
	ms_snapshot_free(end);
	if (status != MS_OK)
		return status;
	if (!ms_log_save_index(trace->log))
		return ms_fail(err, MS_EIO, "%s.idx: cannot be written", trace->path);
	ms_log_index_facts(trace->log, &facts);
	write_found(writer, trace, &facts);
	return MS_OK;
}

int memscope_index(struct memscope *m, const struct memscope_output *output,
		   struct memscope_error *err)
{
	struct ms_writer *writer = ms_facade_writer(output);
	ms_status status = MS_OK, finished;

	if (!writer)
		return ms_fail_memory(ms_own_error(err));
	for (size_t i = 0; status == MS_OK && i < m->count; i++)
		status = index_one(writer, m, &m->traces[i], ms_own_error(err));
	finished = ms_writer_finish(writer, status == MS_OK ? ms_own_error(err) : NULL);
	ms_free(writer);
	return status != MS_OK ? status : finished;
}
