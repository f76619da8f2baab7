/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_leak_changes.c - what two pointer maps differ in, as text and as CSV.
 */
#include "analyzer/render/parts.h"

#include <inttypes.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- text
 * --------------------------------------------------------------------------------- */

static void write_processes(struct ms_writer *writer, const json_t *document)
{
	const json_t *process;
	char text[MS_HUMAN_BYTES];
	size_t i;

	json_array_foreach (json_object_get(document, "processes"), i, process) {
		const json_t *since = json_object_get(process, "since");

		ms_write_leak_process(writer, process);
		if (!json_is_object(since))
			continue;
		ms_writef(writer, "compared with map %" PRIu64,
			  ms_json_u64(since, "number"));
		ms_writef(writer, ", of %s after the start\n",
			  ms_human_time(text, ms_json_u64(since, "at_ns")));
		if (!json_is_true(json_object_get(since, "whole")))
			ms_write_text(writer,
				      "that map is not whole: blocks may have been "
				      "reachable then\n");
	}
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void write_total(struct ms_writer *writer, const json_t *totals, const char *key,
			const char *name)
{
	const json_t *total = json_object_get(totals, key);
	uint64_t blocks = ms_json_u64(total, "blocks");
	char bytes[MS_HUMAN_BYTES], count[MS_HUMAN_BYTES];

	ms_writef(writer, "  %-17s %15s bytes in %s block%s\n", name,
		  ms_human_count(bytes, ms_json_u64(total, "bytes")),
		  ms_human_count(count, blocks), plural(blocks));
}

/* "+1,234", "-1,234". */
static void write_signed(struct ms_writer *writer, int64_t value, int width)
{
	char text[MS_HUMAN_BYTES];
	uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
	int left = width - (int)strlen(ms_human_count(text, size)) - 1;

	ms_write_pad(writer, ' ', left > 0 ? (unsigned)left : 0);
	ms_writef(writer, "%c%s", value < 0 ? '-' : '+', text);
}

static int64_t signed_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void write_totals(struct ms_writer *writer, const json_t *document)
{
	const json_t *lost = json_object_get(document, "new");
	const json_t *reachable = json_object_get(document, "reachable");

	ms_write_heading(writer, "Since the earlier map");
	write_total(writer, lost, "definite", "definitely lost");
	write_total(writer, lost, "indirect", "indirectly lost");
	write_total(writer, lost, "possible", "possibly lost");
	if (ms_json_u64(json_object_get(lost, "unlinked"), "blocks"))
		write_total(writer, lost, "unlinked", "  reachable then");
	ms_writef(writer, "  %-17s ", "still reachable");
	write_signed(writer, signed_of(reachable, "bytes_change"), 15);
	ms_write_text(writer, " bytes in ");
	write_signed(writer, signed_of(reachable, "blocks_change"), 0);
	ms_write_text(writer, " blocks\n");
}

static void write_lost(struct ms_writer *writer, const json_t *site)
{
	uint64_t blocks = ms_json_u64(site, "new_blocks");
	uint64_t unlinked = ms_json_u64(site, "unlinked_blocks");
	char bytes[MS_HUMAN_BYTES], count[MS_HUMAN_BYTES];

	ms_writef(writer, "newly %s: %s bytes in %s block%s",
		  ms_json_string(site, "kind"),
		  ms_human_count(bytes, ms_json_u64(site, "new_bytes")),
		  ms_human_count(count, blocks), plural(blocks));
	ms_write_plain(writer);
	if (unlinked)
		ms_writef(writer, ", %s of them reachable then",
			  ms_human_count(count, unlinked));
	if (ms_json_u64(site, "blocks") > blocks)
		ms_writef(writer, " (now %s in all)",
			  ms_human_count(count, ms_json_u64(site, "blocks")));
}

static void write_grown(struct ms_writer *writer, const json_t *site)
{
	char before[MS_HUMAN_BYTES], now[MS_HUMAN_BYTES];

	ms_write_text(writer, "reachable: ");
	write_signed(writer, signed_of(site, "bytes_change"), 0);
	ms_write_text(writer, " bytes");
	ms_write_plain(writer);
	ms_writef(writer, ", from %s in %" PRIu64,
		  ms_human_count(before, ms_json_u64(site, "before_bytes")),
		  ms_json_u64(site, "before_blocks"));
	ms_writef(writer, " to %s in %" PRIu64 " blocks",
		  ms_human_count(now, ms_json_u64(site, "bytes")),
		  ms_json_u64(site, "blocks"));
}

static void write_sites(struct ms_writer *writer, const json_t *document)
{
	uint64_t more = ms_json_u64(document, "more_sites");
	const json_t *site;
	size_t i;

	json_array_foreach (json_object_get(document, "sites"), i, site) {
		ms_write_text(writer, "\n");
		ms_write_bold(writer);
		if (ms_json_u64(site, "new_blocks"))
			write_lost(writer, site);
		else
			write_grown(writer, site);
		ms_write_text(writer, "\n");
		ms_write_leak_stack(writer, json_object_get(site, "stack"));
	}
	if (more)
		ms_writef(writer, "\n%" PRIu64 " more sites: --top 0 shows them\n", more);
}

/* --- the door
 * ------------------------------------------------------------------------------ */

static const struct ms_column columns[] = {
	{ "kind", "", MS_TYPE_TEXT, 0, "" },
	{ "new_bytes", "", MS_TYPE_BYTES, 0, "" },
	{ "new_blocks", "", MS_TYPE_COUNT, 0, "" },
	{ "unlinked_bytes", "", MS_TYPE_BYTES, 0, "" },
	{ "unlinked_blocks", "", MS_TYPE_COUNT, 0, "" },
	{ "before_bytes", "", MS_TYPE_BYTES, 0, "" },
	{ "before_blocks", "", MS_TYPE_COUNT, 0, "" },
	{ "bytes", "", MS_TYPE_BYTES, 0, "" },
	{ "blocks", "", MS_TYPE_COUNT, 0, "" },
	{ "function", "", MS_TYPE_TEXT, 0, "" },
	{ "file", "", MS_TYPE_TEXT, 0, "" },
	{ "line", "", MS_TYPE_ID, 0, "" },
	{ "module", "", MS_TYPE_TEXT, 0, "" },
	{ "address", "", MS_TYPE_TEXT, 0, "" },
};

ms_status ms_render_leak_changes(struct ms_writer *writer, const json_t *document,
				 enum ms_format format, struct ms_error *err)
{
	if (format == MS_FORMAT_JSON)
		return ms_render_json(writer, document, err);
	if (format == MS_FORMAT_CSV)
		return ms_render_csv_array(writer, json_object_get(document, "sites"),
					   columns, COUNT(columns), err);
	write_processes(writer, document);
	ms_write_filter(writer, json_object_get(document, "filter"));
	write_totals(writer, document);
	write_sites(writer, document);
	ms_write_suppressed(writer, document);
	return MS_OK;
}
