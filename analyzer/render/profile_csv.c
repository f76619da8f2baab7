/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_csv.c - every stack of every thread as a row of a table, with all its figures.
 */
#include "analyzer/render/formats.h"
#include "analyzer/render/parts.h"

#include <inttypes.h>

static void write_number(struct ms_writer *writer, uint64_t number)
{
	ms_writef(writer, "%" PRIu64, number);
}

/* The whole stack in one field: "outermost;...;innermost". */
static int write_stack(struct ms_writer *writer, const struct ms_profile *profile,
		       const struct ms_node_path *path, struct ms_strbuf *text)
{
	ms_strbuf_clear(text);
	for (size_t i = 0; i < path->count; i++) {
		if (i)
			ms_strbuf_addc(text, ';');
		ms_profile_name(text, profile, profile->nodes[path->nodes[i]].frame);
	}
	ms_write_csv_field(writer, ms_strbuf_text(text));
	return text->failed ? -1 : 0;
}

static void write_optional(struct ms_writer *writer, const char *text)
{
	ms_write(writer, ",", 1);
	if (text)
		ms_write_csv_field(writer, text);
}

/* Where the block was asked for: the innermost frame. */
static void write_place(struct ms_writer *writer, const struct ms_profile *profile,
			uint32_t node)
{
	const struct ms_profile_frame *frame =
		&profile->frames[profile->nodes[node].frame];

	write_optional(writer, frame->function);
	write_optional(writer, frame->file);
	ms_write(writer, ",", 1);
	if (frame->line)
		write_number(writer, frame->line);
	write_optional(writer, ms_profile_module_path(profile, frame));
}

static void write_thread(struct ms_writer *writer, const struct ms_profile *profile,
			 uint32_t thread)
{
	const struct ms_profile_thread *t =
		thread == MS_PROFILE_NONE ? NULL : &profile->threads[thread];

	ms_write(writer, ",", 1);
	if (t && t->tid)
		write_number(writer, t->tid);
	write_optional(writer, t && *t->name ? t->name : NULL);
	ms_write(writer, ",", 1);
}

ms_status ms_export_csv(struct ms_writer *writer, const struct ms_profile *profile,
			struct ms_error *err)
{
	struct ms_node_path path = { 0 };
	struct ms_strbuf text;
	int failed = 0;

	ms_strbuf_init(&text);
	ms_write_text(writer, "pid,thread,thread_name,stack,function,file,line,module");
	for (unsigned i = 0; i < MS_METRICS; i++)
		ms_writef(writer, ",%s", ms_metrics[ms_metric_order[i]].key);
	ms_write_text(writer, "\n");
	for (size_t i = 0; !failed && !writer->failure && i < profile->row_count; i++) {
		const struct ms_profile_row *row = &profile->rows[i];

		write_number(writer, profile->processes[row->process].pid);
		write_thread(writer, profile, row->thread);
		failed = ms_profile_path(&path, profile, row->node) < 0 ||
			 write_stack(writer, profile, &path, &text) < 0;
		write_place(writer, profile, row->node);
		for (unsigned m = 0; m < MS_METRICS; m++) {
			ms_write(writer, ",", 1);
			if (!(profile->absent & 1u << ms_metric_order[m]))
				write_number(writer, row->value[ms_metric_order[m]]);
		}
		ms_write(writer, "\n", 1);
	}
	ms_node_path_release(&path);
	ms_strbuf_release(&text);
	return failed ? ms_fail_memory(err) : MS_OK;
}
