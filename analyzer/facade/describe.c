/* SPDX-License-Identifier: Apache-2.0 */
/*
 * describe.c - the public view of a trace's metadata, one thing at a time.
 */
#include "analyzer/facade/frames.h"

#include <memscope/metadata.h>

static const struct ms_metadata *meta_of(const struct memscope *m, size_t trace)
{
	return trace < m->count ? m->traces[trace].meta : NULL;
}

int memscope_process_of(const struct memscope *m, size_t trace,
			struct memscope_process *process)
{
	const struct ms_metadata *meta = meta_of(m, trace);
	const struct ms_process *own;

	if (!meta)
		return MEMSCOPE_USAGE;
	own = ms_metadata_process(meta);
	*process = (struct memscope_process){
		.pid = own->pid,
		.parent_pid = own->parent_pid,
		.start_unix_ns = own->start_unix_ns,
		.duration_ns = m->traces[trace].duration_ns,
		.cpus = own->cpus,
		.page_bytes = own->page_bytes,
		.command = ms_metadata_command(meta),
	};
	return MEMSCOPE_OK;
}

size_t memscope_fact_count(const struct memscope *m, size_t trace)
{
	const struct ms_metadata *meta = meta_of(m, trace);
	size_t count = 0;

	if (meta)
		ms_metadata_facts(meta, &count);
	return count;
}

int memscope_fact_at(const struct memscope *m, size_t trace, size_t index,
		     struct memscope_fact *fact)
{
	const struct ms_fact *own;
	size_t count;

	if (index >= memscope_fact_count(m, trace))
		return MEMSCOPE_USAGE;
	own = &ms_metadata_facts(meta_of(m, trace), &count)[index];
	*fact = (struct memscope_fact){ own->key, own->value };
	return MEMSCOPE_OK;
}

size_t memscope_thread_count(const struct memscope *m, size_t trace)
{
	const struct ms_metadata *meta = meta_of(m, trace);
	size_t count = 0;

	if (meta)
		ms_metadata_threads(meta, &count);
	return count;
}

int memscope_thread_at(const struct memscope *m, size_t trace, size_t index,
		       struct memscope_thread *thread)
{
	const struct ms_thread *own;
	size_t count;

	if (index >= memscope_thread_count(m, trace))
		return MEMSCOPE_USAGE;
	own = &ms_metadata_threads(meta_of(m, trace), &count)[index];
	*thread = (struct memscope_thread){ own->tid, own->name, own->begin_ns,
					    own->end_ns };
	return MEMSCOPE_OK;
}

size_t memscope_module_count(const struct memscope *m, size_t trace)
{
	const struct ms_metadata *meta = meta_of(m, trace);
	size_t count = 0;

	if (meta)
		ms_metadata_modules(meta, &count);
	return count;
}

int memscope_module_at(const struct memscope *m, size_t trace, size_t index,
		       struct memscope_module *module)
{
	const struct ms_module *own;
	size_t count;

	if (index >= memscope_module_count(m, trace))
		return MEMSCOPE_USAGE;
	own = &ms_metadata_modules(meta_of(m, trace), &count)[index];
	*module = (struct memscope_module){ .path = own->path,
					    .build_id = own->build_id,
					    .build_id_bytes = own->build_id_bytes,
					    .base = own->base,
					    .start = own->start,
					    .end = own->end,
					    .begin_ns = own->seen_ns,
					    .end_ns = own->gone_ns };
	return MEMSCOPE_OK;
}

static struct memscope_frame public_frame(const struct ms_frame *frame)
{
	return (struct memscope_frame){ .function = frame->function,
					.file = frame->file,
					.line = frame->line,
					.module = frame->module,
					.address = frame->address,
					.inlined = frame->inlined,
					.cut = frame->cut != 0 };
}

int memscope_stack_frames(struct memscope *m, size_t trace, uint32_t stack,
			  struct memscope_frame *frames, size_t room, size_t *count,
			  int *more, struct memscope_error *err)
{
	const struct ms_frame *frame;
	struct ms_walk walk;
	ms_status status;

	*count = 0;
	*more = 0;
	if (trace >= m->count)
		return ms_fail(ms_own_error(err), MS_EUSAGE, "there is no such trace");
	ms_walk_begin(&walk, m->traces[trace].meta, stack);
	while ((status = ms_walk_next(&walk, &frame, ms_own_error(err))) == MS_OK &&
	       frame) {
		*more = *count == room;
		if (*more)
			break;
		frames[(*count)++] = public_frame(frame);
	}
	return status;
}
