/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_callers.c - the tree of a site's callers, from the rows of a document.
 */
#include "analyzer/render/parts.h"

#define SHARE_COLUMNS 7

struct lines { /* how the branches are drawn: three columns each */
	const char *branch, *last, *through;
};

static const struct lines ascii = { "|- ", "`- ", "|  " };
static const struct lines box = { "\u251c\u2500 ", "\u2514\u2500 ", "\u2502  " };

struct tree {
	struct ms_writer *writer;
	unsigned indent;
	uint64_t whole;
	bool estimated;
	struct ms_tree_lines lines;
};

size_t ms_write_tree_lines(struct ms_writer *writer, struct ms_tree_lines *state,
			   const json_t *row, uint64_t level)
{
	const struct lines *lines = writer->look.unicode ? &box : &ascii;
	bool branch = json_is_true(json_object_get(row, "branch"));
	bool last = json_is_true(json_object_get(row, "last"));

	if (level)
		ms_write_dim(writer);
	for (uint64_t i = 1; i <= level; i++) {
		if (branch && i == level)
			ms_write_text(writer, last ? lines->last : lines->branch);
		else
			ms_write_text(writer, state->through[i] ? lines->through : "   ");
	}
	if (level)
		ms_write_plain(writer);
	if (branch)
		state->through[level] = !last;
	return 3 * level;
}

/* Everything before a row's text; returns its columns. */
static size_t write_lead(struct tree *tree, const json_t *row, uint64_t level)
{
	bool branch = json_is_true(json_object_get(row, "branch"));
	size_t taken;

	ms_write_pad(tree->writer, ' ', tree->indent);
	taken = tree->indent +
		ms_write_tree_lines(tree->writer, &tree->lines, row, level);
	if (branch || level == 0)
		return taken;
	/* Below the name of its branch, whose share takes this room. */
	ms_write_pad(tree->writer, ' ', SHARE_COLUMNS);
	return taken + SHARE_COLUMNS;
}

/* "80 %  ", its share of the site. */
static size_t write_share(struct tree *tree, uint64_t weight)
{
	uint64_t percent = (ms_share(weight, tree->whole) + 50) / 100;

	percent = percent > 100 ? 100 : percent;
	ms_writef(tree->writer, tree->estimated ? "~%2u %%  " : "%3u %%  ",
		  (unsigned)percent);
	return SHARE_COLUMNS;
}

static void write_row(struct tree *tree, const json_t *row)
{
	uint64_t level = ms_json_u64(row, "level"), more = ms_json_u64(row, "more");
	unsigned width = tree->writer->look.width;
	size_t taken;

	if (level > MS_TREE_LEVELS)
		return;
	taken = write_lead(tree, row, level);
	if (json_is_true(json_object_get(row, "branch")))
		taken += write_share(tree, ms_json_u64(row, "weight"));
	if (more)
		ms_writef(tree->writer, "%u more caller%s", (unsigned)more,
			  more == 1 ? "" : "s");
	else if (json_is_true(json_object_get(row, "beyond")))
		ms_write_text(tree->writer, "...");
	else
		ms_write_frame(tree->writer, row,
			       width == 0	    ? 0
			       : width > taken + 20 ? width - taken
						    : 20);
	ms_write_text(tree->writer, "\n");
}

void ms_write_callers(struct ms_writer *writer, const json_t *callers, uint64_t whole,
		      bool estimated, unsigned indent)
{
	struct tree tree = {
		.writer = writer, .indent = indent, .whole = whole, .estimated = estimated
	};
	size_t index;
	json_t *row;

	json_array_foreach (callers, index, row)
		write_row(&tree, row);
}
