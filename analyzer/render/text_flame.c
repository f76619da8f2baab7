/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_flame.c - a flame graph as a tree with bars, and as CSV.
 */
#include "analyzer/base/strbuf.h"
#include "analyzer/render/flame.h"
#include "analyzer/render/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BAR_COLUMNS 12
#define LEAD	    34 /* columns of figures and the bar */

struct tree {
	struct ms_writer *writer;
	const json_t *document;
	uint64_t whole;
	bool bytes;
	struct ms_tree_lines lines;
	struct ms_strbuf bar;
};

static const char *figure(char text[MS_FIGURE_BYTES], const struct tree *tree,
			  uint64_t value)
{
	bool estimated = json_is_true(json_object_get(tree->document, "estimated"));
	char human[MS_HUMAN_BYTES];

	snprintf(text, MS_FIGURE_BYTES, "%s%s", estimated ? "~" : "",
		 tree->bytes ? ms_human_size(human, value)
			     : ms_human_count(human, value));
	return text;
}

static void write_head(struct tree *tree)
{
	struct ms_writer *w = tree->writer;
	const json_t *cut = json_object_get(tree->document, "cut");
	char text[MS_FIGURE_BYTES];

	ms_write_command(w, json_object_get(tree->document, "processes"));
	ms_writef(w, "%s: %s", ms_json_string(tree->document, "title"),
		  figure(text, tree, tree->whole));
	if (tree->bytes)
		ms_writef(w, " (%s bytes)", ms_human_count(text, tree->whole));
	if (json_is_true(json_object_get(tree->document, "inverted")))
		ms_write_text(w, "; callers stand below what they call");
	if (json_is_true(cut))
		ms_writef(w, ", at most %u", MS_FLAME_LEVELS);
	ms_write_text(w, "\n");
	ms_write_filter(w, json_object_get(tree->document, "filter"));
	ms_write_text(w, "\n");
}

static void write_name(struct tree *tree, const json_t *row, size_t taken)
{
	struct ms_writer *w = tree->writer;
	const char *name = ms_json_string(row, "name");
	const char *module = ms_json_string(row, "module");
	size_t width = w->look.width, room = width ? 20 : 0;
	char brief[1024];

	if (width > taken + 20)
		room = width - taken;
	if (room && strlen(name) > room) {
		ms_short_name(brief, sizeof(brief), name);
		name = brief;
	}
	taken = ms_write_escaped(w, name, room);
	/* One without a name is called by its module already. */
	if (!module || strncmp(name, "0x", 2) == 0 || (room && taken + 8 > room))
		return;
	ms_write_dim(w);
	ms_write_text(w, "  [");
	ms_write_escaped(w, module, room ? room - taken - 4 : 0);
	ms_write_text(w, "]");
	ms_write_plain(w);
}

static void write_row(struct tree *tree, const json_t *row)
{
	uint64_t value = ms_json_u64(row, "value"), level = ms_json_u64(row, "level");
	char text[MS_FIGURE_BYTES], share[MS_HUMAN_BYTES];
	size_t taken;

	ms_writef(tree->writer, "%11s  %7s  ", figure(text, tree, value),
		  ms_share_text(share, value, tree->whole));
	ms_write_bar(tree->writer, &tree->bar, value, tree->whole, BAR_COLUMNS);
	ms_write_text(tree->writer, "  ");
	if (level > MS_TREE_LEVELS)
		level = MS_TREE_LEVELS;
	taken = ms_write_tree_lines(tree->writer, &tree->lines, row, level);
	write_name(tree, row, LEAD + taken);
	ms_write_text(tree->writer, "\n");
}

static ms_status write_text(struct ms_writer *writer, const json_t *document,
			    struct ms_error *err)
{
	const char *unit = ms_json_string(document, "unit");
	struct tree tree = { .writer = writer,
			     .document = document,
			     .whole = ms_json_u64(document, "total"),
			     .bytes = unit && strcmp(unit, "bytes") == 0 };
	uint64_t hidden = ms_json_u64(document, "hidden");
	char count[MS_HUMAN_BYTES];
	size_t index;
	json_t *row;
	bool failed;

	ms_strbuf_init(&tree.bar);
	write_head(&tree);
	json_array_foreach (json_object_get(document, "rows"), index, row)
		write_row(&tree, row);
	if (hidden)
		ms_writef(writer,
			  "\n%s lighter or deeper call%s not shown (--min, --depth)\n",
			  ms_human_count(count, hidden), hidden == 1 ? " is" : "s are");
	failed = tree.bar.failed;
	ms_strbuf_release(&tree.bar);
	return failed ? ms_fail_memory(err) : MS_OK;
}

ms_status ms_render_flame(struct ms_writer *writer, const json_t *document,
			  enum ms_format format, struct ms_error *err)
{
	static const struct ms_column csv[] = {
		{ "depth", "", MS_TYPE_COUNT, 0, "" },
		{ "caller", "", MS_TYPE_ID, 0, "" },
		{ "name", "", MS_TYPE_TEXT, 0, "" },
		{ "module", "", MS_TYPE_TEXT, 0, "" },
		{ "value", "", MS_TYPE_COUNT, 0, "" },
		{ "self", "", MS_TYPE_COUNT, 0, "" },
	};

	if (format == MS_FORMAT_JSON)
		return ms_render_json(writer, document, err);
	if (format == MS_FORMAT_TEXT)
		return write_text(writer, document, err);
	return ms_render_csv_array(writer, json_object_get(document, "rows"), csv,
				   sizeof(csv) / sizeof(csv[0]), err);
}
