/* SPDX-License-Identifier: Apache-2.0 */
/*
 * speedscope.c - speedscope's own form: one sampled profile for each metric.
 *
 * https://www.speedscope.app/file-format-schema.json: frames are shared, a sample is the
 * list of its frames from the root, a weight its figure.
 */
#include "analyzer/render/formats.h"
#include "analyzer/render/parts.h"

#include <inttypes.h>

static ms_status write_frame(struct ms_writer *writer, const struct ms_profile *profile,
			     uint32_t i, struct ms_error *err)
{
	const struct ms_profile_frame *frame = &profile->frames[i];
	struct ms_strbuf name;
	ms_status status;

	ms_strbuf_init(&name);
	ms_profile_name(&name, profile, i);
	ms_write_text(writer, i ? ",\n{\"name\":" : "\n{\"name\":");
	status = name.failed ? ms_fail_memory(err)
			     : ms_write_json_text(writer, ms_strbuf_text(&name), err);
	ms_strbuf_release(&name);
	if (status == MS_OK && frame->file) {
		ms_write_text(writer, ",\"file\":");
		status = ms_write_json_text(writer, frame->file, err);
		if (frame->line)
			ms_writef(writer, ",\"line\":%" PRIu32, frame->line);
	}
	ms_write_text(writer, "}");
	return status;
}

static ms_status write_samples(struct ms_writer *writer, const struct ms_profile *profile,
			       enum ms_metric metric, struct ms_error *err)
{
	struct ms_node_path path = { 0 };
	const char *before = "\n";
	ms_status status = MS_OK;

	for (size_t i = 0; !writer->failure && i < profile->row_count; i++) {
		if (!profile->rows[i].value[metric])
			continue;
		if (ms_profile_path(&path, profile, profile->rows[i].node) < 0) {
			status = ms_fail_memory(err);
			break;
		}
		ms_writef(writer, "%s[", before);
		for (size_t n = 0; n < path.count; n++)
			ms_writef(writer, "%s%" PRIu32, n ? "," : "",
				  profile->nodes[path.nodes[n]].frame);
		ms_write_text(writer, "]");
		before = ",\n";
	}
	ms_node_path_release(&path);
	return status;
}

static void write_weights(struct ms_writer *writer, const struct ms_profile *profile,
			  enum ms_metric metric)
{
	const char *before = "";

	for (size_t i = 0; i < profile->row_count; i++) {
		if (!profile->rows[i].value[metric])
			continue;
		ms_writef(writer, "%s%" PRIu64, before, profile->rows[i].value[metric]);
		before = ",";
	}
}

static ms_status write_profile(struct ms_writer *writer, const struct ms_profile *profile,
			       enum ms_metric metric, struct ms_error *err)
{
	const struct ms_metric_info *info = &ms_metrics[metric];
	ms_status status;

	ms_writef(writer,
		  "{\"type\":\"sampled\",\"name\":\"%s\",\"unit\":\"%s\","
		  "\"startValue\":0,\"endValue\":%" PRIu64 ",\"samples\":[",
		  info->title, info->bytes ? "bytes" : "none",
		  ms_profile_total(profile, metric));
	status = write_samples(writer, profile, metric, err);
	ms_write_text(writer, "],\n\"weights\":[");
	write_weights(writer, profile, metric);
	ms_write_text(writer, "]}");
	return status;
}

ms_status ms_export_speedscope(struct ms_writer *writer, const struct ms_profile *profile,
			       struct ms_error *err)
{
	const char *before = "\n";
	ms_status status;

	ms_write_text(
		writer,
		"{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\","
		"\n\"exporter\":\"memscope " MS_VERSION
		"\",\"activeProfileIndex\":0,\"name\":");
	status = ms_write_json_text(writer, profile->processes[0].command, err);
	ms_write_text(writer, ",\n\"shared\":{\"frames\":[");
	for (size_t i = 0; status == MS_OK && i < profile->frame_count; i++)
		status = write_frame(writer, profile, (uint32_t)i, err);
	ms_write_text(writer, "]},\n\"profiles\":[");
	/* The peak comes first, as in our own reports. */
	for (unsigned i = 0; status == MS_OK && i < MS_METRICS; i++) {
		enum ms_metric metric = ms_metric_order[i];

		if (profile->absent & 1u << metric)
			continue;
		ms_write_text(writer, before);
		status = write_profile(writer, profile, metric, err);
		before = ",\n";
	}
	ms_write_text(writer, "]}\n");
	return status;
}
