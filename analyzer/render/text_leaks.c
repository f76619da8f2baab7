/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_leaks.c - lost blocks as text, and as CSV.
 */
#include "analyzer/render/parts.h"

#include <inttypes.h>
#include <string.h>

#define INDENT 6 /* of a site's callers */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- text
 * --------------------------------------------------------------------------------- */

void ms_write_leak_process(struct ms_writer *writer, const json_t *process)
{
	const char *command = ms_json_string(process, "command");
	const char *reason = ms_json_string(process, "reason");
	const json_t *map = json_object_get(process, "map");
	char text[MS_HUMAN_BYTES];

	ms_write_bold(writer);
	ms_write_escaped(writer, command && *command ? command : "(unknown command)",
			 writer->look.width);
	ms_write_plain(writer);
	if (reason) {
		ms_write_text(writer, "\n");
		ms_write_escaped(writer, reason, 0);
	}
	if (!json_is_object(map)) {
		ms_write_text(writer, "\n");
		return;
	}
	ms_writef(writer, "\npointer map of %s",
		  ms_human_time(text, ms_json_u64(map, "at_ns")));
	ms_writef(writer, " after the start (%s), in which the program waited %s\n",
		  ms_json_string(map, "why"),
		  ms_human_time(text, ms_json_u64(map, "pause_ns")));
	if (!json_is_true(json_object_get(map, "whole")))
		ms_write_text(writer,
			      "the map is not whole: blocks may look lost that are "
			      "not\n");
	if (ms_json_u64(map, "unscanned_bytes"))
		ms_writef(writer, "%s could not be looked through\n",
			  ms_human_size(text, ms_json_u64(map, "unscanned_bytes")));
	if (ms_json_u64(map, "whole_stacks"))
		ms_writef(writer,
			  "%" PRIu64
			  " threads were running: old words of their stacks may "
			  "keep blocks\n",
			  ms_json_u64(map, "whole_stacks"));
}

static void write_total(struct ms_writer *writer, const json_t *document, const char *key,
			const char *name)
{
	const json_t *total = json_object_get(document, key);
	uint64_t blocks = ms_json_u64(total, "blocks");
	char bytes[MS_HUMAN_BYTES], count[MS_HUMAN_BYTES];

	ms_writef(writer, "  %-17s %15s bytes in %s block%s\n", name,
		  ms_human_count(bytes, ms_json_u64(total, "bytes")),
		  ms_human_count(count, blocks), blocks == 1 ? "" : "s");
}

static bool has_blocks(const json_t *document, const char *key)
{
	return ms_json_u64(json_object_get(document, key), "blocks");
}

/* Whether there is anything that is known of any block. */
static bool is_classified(const json_t *document)
{
	const json_t *process;
	size_t i;

	json_array_foreach (json_object_get(document, "processes"), i, process)
		if (json_is_object(json_object_get(process, "map")))
			return true;
	return false;
}

static void write_totals(struct ms_writer *writer, const json_t *document)
{
	char text[MS_HUMAN_BYTES];

	ms_write_text(writer, "\n");
	if (is_classified(document)) {
		write_total(writer, document, "definite", "definitely lost");
		write_total(writer, document, "indirect", "indirectly lost");
		write_total(writer, document, "possible", "possibly lost");
		write_total(writer, document, "reachable", "still reachable");
	}
	if (has_blocks(document, "heuristic"))
		write_total(writer, document, "heuristic", "  by C++ layout");
	if (has_blocks(document, "unclassified"))
		write_total(writer, document, "unclassified", "live");
	if (has_blocks(document, "cycles")) {
		uint64_t rings = ms_json_u64(document, "rings");

		if (rings)
			ms_writef(writer,
				  "  %s ring%s of blocks that point to each other among "
				  "the lost\n",
				  ms_human_count(text, rings), rings == 1 ? "" : "s");
	}
}

void ms_write_leak_stack(struct ms_writer *writer, const json_t *stack)
{
	if (json_array_size(stack))
		ms_write_stack(writer, stack, INDENT);
	else
		ms_write_text(writer, "      (no stack was recorded)\n");
}

static void write_site(struct ms_writer *writer, const json_t *site)
{
	uint64_t blocks = ms_json_u64(site, "blocks");
	uint64_t hanging = ms_json_u64(site, "hanging_blocks");
	char bytes[MS_HUMAN_BYTES], count[MS_HUMAN_BYTES];

	ms_write_text(writer, "\n");
	ms_write_bold(writer);
	ms_writef(writer, "%s: %s bytes in %s block%s", ms_json_string(site, "kind"),
		  ms_human_count(bytes, ms_json_u64(site, "bytes")),
		  ms_human_count(count, blocks), blocks == 1 ? "" : "s");
	ms_write_plain(writer);
	if (hanging)
		ms_writef(writer, ", and %s in %s lost with %s",
			  ms_human_count(bytes, ms_json_u64(site, "hanging_bytes")),
			  ms_human_count(count, hanging), blocks == 1 ? "it" : "them");
	if (ms_json_u64(site, "cycle_blocks"))
		ms_write_text(writer, ", in rings");
	ms_write_text(writer, "\n");
	ms_write_leak_stack(writer, json_object_get(site, "stack"));
}

static void write_text(struct ms_writer *writer, const json_t *document)
{
	const json_t *item, *sites = json_object_get(document, "sites");
	uint64_t more = ms_json_u64(document, "more_sites");
	size_t i;

	json_array_foreach (json_object_get(document, "processes"), i, item)
		ms_write_leak_process(writer, item);
	ms_write_filter(writer, json_object_get(document, "filter"));
	write_totals(writer, document);
	json_array_foreach (sites, i, item)
		write_site(writer, item);
	ms_write_suppressed(writer, document);
	if (more)
		ms_writef(writer, "\n%" PRIu64 " more sites: --top 0 shows them\n", more);
}

/* --- CSV
 * ------------------------------------------------------------------------------------ */

static const struct ms_column columns[] = {
	{ "kind", "", MS_TYPE_TEXT, 0, "" },
	{ "bytes", "", MS_TYPE_BYTES, 0, "" },
	{ "blocks", "", MS_TYPE_COUNT, 0, "" },
	{ "hanging_bytes", "", MS_TYPE_BYTES, 0, "" },
	{ "hanging_blocks", "", MS_TYPE_COUNT, 0, "" },
	{ "cycle_blocks", "", MS_TYPE_COUNT, 0, "" },
	{ "function", "", MS_TYPE_TEXT, 0, "" },
	{ "file", "", MS_TYPE_TEXT, 0, "" },
	{ "line", "", MS_TYPE_ID, 0, "" },
	{ "module", "", MS_TYPE_TEXT, 0, "" },
	{ "address", "", MS_TYPE_TEXT, 0, "" },
};

ms_status ms_render_leaks(struct ms_writer *writer, const json_t *document,
			  enum ms_format format, struct ms_error *err)
{
	if (format == MS_FORMAT_JSON)
		return ms_render_json(writer, document, err);
	if (format == MS_FORMAT_CSV)
		return ms_render_csv_array(writer, json_object_get(document, "sites"),
					   columns, COUNT(columns), err);
	write_text(writer, document);
	return MS_OK;
}
