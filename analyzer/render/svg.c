/* SPDX-License-Identifier: Apache-2.0 */
/*
 * svg.c - a flame graph as one picture: a frame is a group with a title, a rectangle and
 * a label, so that it reads without its script too.
 */
#include "analyzer/render/svg.h"
#include "analyzer/base/alloc.h"
#include "analyzer/render/parts.h"

#include <inttypes.h>
#include <stdio.h>

#define PAD	     10
#define ROW	     16
#define HEAD	     64 /* title, detail, buttons */
#define FOOT	     44 /* the line that tells of a frame, and what was left out */
#define LEVELS	     2000
#define NAME_MOST    2000 /* characters of a title */
#define LETTER	     7.3  /* pixels of a character */
#define LEAST_PIXELS 0.1

struct drawing {
	struct ms_writer *writer;
	const struct ms_flame *flame;
	const struct ms_svg *svg;
	unsigned inner, top, bottom; /* pixels: of the root's width, of the graph */
	uint64_t *start;	     /* of each node: what lies left of it */
	uint32_t *number;	     /* of each node that was drawn */
	uint32_t drawn;
	size_t small, deep; /* left out, with all below them */
};

/* --- one frame ------------------------------------------------------------------------
 */

static double pixels(const struct drawing *d, uint64_t value)
{
	uint64_t total = d->flame->nodes[0].value;

	return total ? (double)value / (double)total * d->inner : 0;
}

static void write_figure(struct ms_writer *writer, const struct ms_flame *f,
			 uint64_t value, uint64_t whole)
{
	bool bytes = ms_metrics[f->metric].bytes;
	char human[MS_HUMAN_BYTES], count[MS_HUMAN_BYTES];

	if (f->estimated)
		ms_write_text(writer, "~");
	if (bytes)
		ms_writef(writer, "%s (", ms_human_size(human, value));
	ms_writef(writer, "%s %s", ms_human_count(count, value),
		  bytes	       ? "bytes)"
		  : value == 1 ? "block"
			       : "blocks");
	/* ms_share_text() is of plain text: its "<" would begin an element. */
	if (whole)
		ms_writef(writer, ", %.1f %%", (double)ms_share(value, whole) / 100);
}

static void write_change(struct ms_writer *writer, uint64_t before, uint64_t after)
{
	ms_writef(writer, "; before %" PRIu64 ", %c%" PRIu64, before,
		  after < before ? '-' : '+',
		  after < before ? before - after : after - before);
}

static void write_title(struct drawing *d, const struct ms_flame_node *node)
{
	const struct ms_flame *f = d->flame;
	struct ms_writer *w = d->writer;

	ms_write_text(w, "<title>");
	if (node->depth)
		ms_svg_text(w, f->frames[node->frame].name, NAME_MOST);
	else
		ms_write_text(w, "all");
	ms_write_text(w, "\n");
	if (node->depth && *f->frames[node->frame].module) {
		ms_svg_text(w, f->frames[node->frame].module, 200);
		ms_write_text(w, ": ");
	}
	write_figure(w, f, node->value, f->nodes[0].value);
	if (f->compared)
		write_change(w, node->before, node->value);
	ms_write_text(w, "</title>");
}

static void class_of(char out[8], const struct ms_flame *f,
		     const struct ms_flame_node *node)
{
	if (f->compared)
		ms_svg_change_class(out, node->before, node->value);
	else if (node->depth)
		ms_svg_class(out, &f->frames[node->frame]);
	else
		snprintf(out, 8, "u");
}

static void write_frame(struct drawing *d, uint32_t i)
{
	const struct ms_flame_node *node = &d->flame->nodes[i];
	double x = PAD + pixels(d, d->start[i]);
	double w = i ? pixels(d, node->value) : d->inner;
	unsigned y = d->flame->inverted ? d->top + node->depth * ROW
					: d->bottom - (node->depth + 1) * ROW;
	size_t room = w > 6 ? (size_t)((w - 6) / LETTER) : 0;
	char class[8];

	class_of(class, d->flame, node);
	ms_writef(d->writer, "<g class=\"f %s\" data-d=\"%u\" data-v=\"%" PRIu64 "\"",
		  class, node->depth, node->value);
	if (i)
		ms_writef(d->writer, " data-p=\"%u\"", d->number[node->parent]);
	ms_write_text(d->writer, ">");
	write_title(d, node);
	ms_writef(d->writer,
		  "<rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%u\"/>"
		  "<text x=\"%.2f\" y=\"%u\">",
		  x, y, w, ROW - 1, x + 3, y + 12);
	if (room >= 3)
		ms_svg_text(d->writer, i ? d->flame->frames[node->frame].name : "all",
			    room);
	ms_write_text(d->writer, "</text></g>\n");
	d->number[i] = d->drawn++;
}

/* --- all frames -----------------------------------------------------------------------
 */

static bool is_shown(struct drawing *d, uint32_t i)
{
	const struct ms_flame_node *node = &d->flame->nodes[i];

	if (!node->value)
		return false; /* gone: it has no width, the detail tells of it */
	if (node->depth > LEVELS)
		d->deep++;
	else if (pixels(d, node->value) < LEAST_PIXELS)
		d->small++;
	else
		return true;
	return false;
}

/* The first shown of a node and those after it; where each begins is told. */
static uint32_t first_shown(struct drawing *d, uint32_t i, uint64_t start)
{
	for (; i; i = d->flame->nodes[i].next) {
		d->start[i] = start;
		if (is_shown(d, i))
			return i;
		start += d->flame->nodes[i].value;
	}
	return 0;
}

/* Parents before children, without recursion: stacks may be very deep. */
static void write_frames(struct drawing *d)
{
	const struct ms_flame_node *nodes = d->flame->nodes;
	uint32_t i = 0;

	for (;;) {
		uint32_t next;

		write_frame(d, i);
		next = first_shown(d, nodes[i].first, d->start[i]);
		while (!next && i) {
			next = first_shown(d, nodes[i].next,
					   d->start[i] + nodes[i].value);
			i = nodes[i].parent;
		}
		if (!next)
			return;
		i = next;
	}
}

/* --- around them ----------------------------------------------------------------------
 */

static void write_signed(struct ms_writer *w, const struct ms_flame *f, char sign,
			 uint64_t value)
{
	char human[MS_HUMAN_BYTES];

	ms_writef(w, "%c%s", sign,
		  ms_metrics[f->metric].bytes ? ms_human_size(human, value)
					      : ms_human_count(human, value));
}

/* What stacks gained and lost, so that a change of nothing is not taken for no change. */
static void write_changes(struct ms_writer *w, const struct ms_flame *f, unsigned width)
{
	uint64_t before = f->nodes[0].before, after = f->nodes[0].value;
	uint64_t grown = 0, shrunk = 0, gone = 0;

	for (size_t i = 1; i < f->node_count; i++) {
		const struct ms_flame_node *node = &f->nodes[i];

		grown += node->self > node->self_before ? node->self - node->self_before
							: 0;
		shrunk += node->self < node->self_before ? node->self_before - node->self
							 : 0;
		gone += node->self ? 0 : node->self_before;
	}
	ms_write_text(w, " after, ");
	write_figure(w, f, before, 0);
	ms_writef(w, " before</text>\n<text class=\"detail\" x=\"%u\" y=\"58\">change ",
		  width / 2);
	write_signed(w, f, after < before ? '-' : '+',
		     after < before ? before - after : after - before);
	ms_write_text(w, " (stacks that grew ");
	write_signed(w, f, '+', grown);
	ms_write_text(w, ", that shrank ");
	write_signed(w, f, '-', shrunk);
	ms_write_text(w, ", of it gone ");
	write_signed(w, f, '-', gone);
	ms_write_text(w, ")");
}

static void write_detail(struct drawing *d)
{
	struct ms_writer *w = d->writer;

	ms_write_text(w, ms_metrics[d->flame->metric].title);
	ms_svg_text(w, d->svg->detail, NAME_MOST);
	ms_write_text(w, ": ");
	write_figure(w, d->flame, d->flame->nodes[0].value, 0);
	if (d->flame->compared)
		write_changes(w, d->flame, d->svg->width);
}

static void write_head(struct drawing *d, unsigned height)
{
	const struct ms_metric_info *metric = &ms_metrics[d->flame->metric];
	struct ms_writer *w = d->writer;
	unsigned width = d->svg->width;

	ms_writef(
		w,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"%u\" "
		"height=\"%u\" viewBox=\"0 0 %u %u\" data-pad=\"%u\" data-inner=\"%u\" "
		"data-total=\"%" PRIu64 "\" data-before=\"%" PRIu64
		"\" data-metric=\"%s\" data-unit=\"%s\">\n<title>",
		width, height, width, height, PAD, d->inner, d->flame->nodes[0].value,
		d->flame->nodes[0].before, metric->name,
		metric->bytes ? "bytes" : "blocks");
	ms_svg_text(w, d->svg->title, NAME_MOST);
	ms_write_text(w, "</title>\n<style><![CDATA[\n");
	ms_svg_style(w, d->flame->compared);
	ms_writef(w,
		  "]]></style>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
		  "<text class=\"title\" x=\"%u\" y=\"22\">",
		  width / 2);
	ms_svg_text(w, d->svg->title, width / 10);
	ms_writef(w, "</text>\n<text class=\"detail\" x=\"%u\" y=\"40\">", width / 2);
	write_detail(d);
	/* The script shows them: without it they would do nothing. */
	ms_writef(
		w,
		"</text>\n<g class=\"buttons\" style=\"display:none\">"
		"<text class=\"reset\" x=\"%u\" y=\"58\" style=\"display:none\">Reset "
		"zoom</text><text class=\"search\" x=\"%u\" y=\"58\">Search</text></g>\n",
		PAD, width - PAD - 90);
}

static void write_left_out(struct drawing *d, unsigned y)
{
	struct ms_writer *w = d->writer;
	const char *between = "";

	ms_writef(w, "<text class=\"left-out\" x=\"%u\" y=\"%u\">", PAD, y);
	if (d->small) {
		ms_writef(w,
			  "left out: %zu frame%s narrower than 0.1 pixels, and what they "
			  "called",
			  d->small, d->small == 1 ? "" : "s");
		between = "; ";
	}
	if (d->deep || d->flame->cut)
		ms_writef(w, "%sstacks are cut at %u levels", between,
			  d->deep ? LEVELS : MS_FLAME_LEVELS);
	ms_write_text(w, "</text>\n");
}

static void write_all(struct drawing *d)
{
	struct ms_writer *w = d->writer;
	unsigned levels = d->flame->levels < LEVELS ? d->flame->levels : LEVELS;
	unsigned legend = d->flame->compared ? 20 : 0;

	d->inner = d->svg->width - 2 * PAD;
	d->top = HEAD + legend;
	d->bottom = d->top + (levels + 1) * ROW;
	write_head(d, d->bottom + FOOT);
	if (legend)
		ms_svg_legend(w, PAD, HEAD + 10);
	write_frames(d);
	ms_writef(w,
		  "<text class=\"info\" x=\"%u\" y=\"%u\"></text>\n"
		  "<text class=\"found\" x=\"%u\" y=\"%u\"></text>\n",
		  PAD, d->bottom + 18, d->svg->width - PAD, d->bottom + 18);
	write_left_out(d, d->bottom + 36);
	ms_write_text(w, "<script><![CDATA[\n");
	ms_write_text(w, ms_svg_script);
	ms_write_text(w, "]]></script>\n</svg>\n");
}

ms_status ms_render_svg(struct ms_writer *writer, const struct ms_flame *flame,
			const struct ms_svg *svg, struct ms_error *err)
{
	struct drawing d = { .writer = writer, .flame = flame, .svg = svg };
	bool failed;

	d.start = ms_alloc_zero(flame->node_count, sizeof(*d.start));
	d.number = ms_alloc_zero(flame->node_count, sizeof(*d.number));
	failed = !d.start || !d.number;
	if (!failed)
		write_all(&d);
	ms_free(d.start);
	ms_free(d.number);
	return failed ? ms_fail_memory(err) : MS_OK;
}
