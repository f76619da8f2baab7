/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dhat.c - DHAT's JSON, version 2, for Valgrind's dh_view.html.
 *
 * Field names are short, and told in the comments of Valgrind's dhat/dh_main.c.  Every
 * row of a profile has a node of its own, so that no location comes twice.
 */
#include "analyzer/render/formats.h"
#include "analyzer/render/parts.h"

#include <inttypes.h>

#define US_NS UINT64_C(1000)
#define SHORT_LIFE                                                          \
	500 /* us: on average below it a location's blocks are called short \
	     */

static void write_field(struct ms_writer *writer, const char *name, uint64_t value)
{
	ms_writef(writer, ",\"%s\":%" PRIu64, name, value);
}

static ms_status write_head(struct ms_writer *writer, const struct ms_profile *profile,
			    struct ms_error *err)
{
	const struct ms_profile_process *process = &profile->processes[0];
	ms_status status;

	ms_write_text(writer, "{\"dhatFileVersion\":2,\"mode\":\"heap\","
			      "\"verb\":\"Allocated\",\"bklt\":true,\"bkacc\":false,\n"
			      "\"tu\":\"\xc2\xb5s\",\"Mtu\":\"s\",\"cmd\":");
	status = ms_write_json_text(writer, process->command, err);
	write_field(writer, "tuth", SHORT_LIFE);
	write_field(writer, "pid", process->pid);
	write_field(writer, "te", process->at_ns / US_NS);
	write_field(writer, "tg", process->peak_at_ns / US_NS);
	return status;
}

static void write_row(struct ms_writer *writer, const struct ms_profile *profile,
		      const struct ms_profile_row *row)
{
	const char *before = "";

	ms_writef(writer, "{\"tb\":%" PRIu64, row->value[MS_METRIC_ALLOCATED]);
	write_field(writer, "tbk", row->value[MS_METRIC_ALLOCATIONS]);
	write_field(writer, "tl", row->lifetime_ns / US_NS);
	write_field(writer, "mb", row->max_bytes);
	write_field(writer, "mbk", row->max_blocks);
	write_field(writer, "gb", row->value[MS_METRIC_PEAK_BYTES]);
	write_field(writer, "gbk", row->value[MS_METRIC_PEAK_BLOCKS]);
	write_field(writer, "eb", row->value[MS_METRIC_LIVE_BYTES]);
	write_field(writer, "ebk", row->value[MS_METRIC_LIVE_BLOCKS]);
	ms_write_text(writer, ",\"fs\":[");
	for (uint32_t n = row->node; n; n = profile->nodes[n].parent) {
		/* Frame 0 of the table is the root. */
		ms_writef(writer, "%s%" PRIu32, before, profile->nodes[n].frame + 1);
		before = ",";
	}
	ms_write_text(writer, "]}");
}

static ms_status write_frames(struct ms_writer *writer, const struct ms_profile *profile,
			      struct ms_error *err)
{
	struct ms_strbuf text;
	ms_status status = MS_OK;

	ms_strbuf_init(&text);
	ms_write_text(writer, ",\n\"ftbl\":[\"[root]\"");
	for (size_t i = 0; status == MS_OK && i < profile->frame_count; i++) {
		ms_strbuf_clear(&text);
		ms_valgrind_frame(&text, profile, (uint32_t)i);
		ms_write_text(writer, ",\n");
		status = text.failed
				 ? ms_fail_memory(err)
				 : ms_write_json_text(writer, ms_strbuf_text(&text), err);
	}
	ms_strbuf_release(&text);
	ms_write_text(writer, "]");
	return status;
}

ms_status ms_export_dhat(struct ms_writer *writer, const struct ms_profile *profile,
			 struct ms_error *err)
{
	ms_status status = write_head(writer, profile, err);

	ms_write_text(writer, ",\n\"pps\":[");
	for (size_t i = 0; i < profile->row_count && !writer->failure; i++) {
		ms_write_text(writer, i ? ",\n" : "");
		write_row(writer, profile, &profile->rows[i]);
	}
	ms_write_text(writer, "]");
	if (status == MS_OK)
		status = write_frames(writer, profile, err);
	ms_write_text(writer, "}\n");
	return status;
}
