/* SPDX-License-Identifier: Apache-2.0 */
/*
 * svg_style.c - colours of a flame graph, and text that is safe in XML.
 *
 * Hues are tints of Okabe and Ito's eight, which colour-blind people tell apart ("Color
 * Universal Design", 2008); all are light, so that black text on them reads well.
 */
#include "analyzer/base/escape.h"
#include "analyzer/render/svg.h"

#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const unsigned char hues[][3] = {
	{ 0xf3, 0xcf, 0x8a }, { 0xa9, 0xd6, 0xf2 }, { 0x8f, 0xd1, 0xbd },
	{ 0xf4, 0xee, 0x9e }, { 0x9c, 0xc3, 0xe0 }, { 0xec, 0xb0, 0x8a },
	{ 0xe6, 0xbd, 0xd3 }, { 0xcf, 0xc6, 0xb6 },
};
#define SHADES 3

/* Of a comparison: up to so many hundredths of the larger side, and their colours. */
static const struct {
	unsigned most;
	const char *name, *grown, *shrunk;
} changes[] = {
	{ 10, "10 %", "#fde8e2", "#e6eefa" }, { 25, "25 %", "#f9cdc2", "#c9dbf4" },
	{ 50, "50 %", "#f3ab9a", "#a5c3ec" }, { 99, "100 %", "#ea8671", "#7fa8e2" },
	{ 100, "new", "#e06650", "#5d8fd8" },
};

/* --- style ----------------------------------------------------------------------------
 */

static void write_hues(struct ms_writer *writer)
{
	for (size_t i = 0; i < COUNT(hues); i++) {
		for (unsigned s = 0; s < SHADES; s++) {
			unsigned of = 24 - s;

			ms_writef(writer, ".c%zu rect{fill:#%02x%02x%02x}\n",
				  i * SHADES + s, hues[i][0] * of / 24,
				  hues[i][1] * of / 24, hues[i][2] * of / 24);
		}
	}
}

static void write_changes(struct ms_writer *writer)
{
	for (size_t i = 0; i < COUNT(changes); i++)
		ms_writef(
			writer,
			".r%zu rect,rect.r%zu{fill:%s}\n.b%zu rect,rect.b%zu{fill:%s}\n",
			i, i, changes[i].grown, i, i, changes[i].shrunk);
	ms_write_text(writer, ".w rect,rect.w{fill:#fff}\n");
}

void ms_svg_style(struct ms_writer *writer, bool compared)
{
	ms_write_text(writer, "text{font:12px monospace;fill:#111}\n"
			      ".title{font-size:16px;text-anchor:middle}\n"
			      ".detail{text-anchor:middle;fill:#444}\n"
			      ".search,.reset{cursor:pointer;text-decoration:underline}\n"
			      ".found{text-anchor:end}\n"
			      ".f rect{stroke:#fff;stroke-width:.5;fill:#ddd}\n"
			      "g.f{cursor:pointer}\n"
			      ".f text{pointer-events:none}\n"
			      ".f:hover rect{stroke:#000;stroke-width:1}\n"
			      ".p{opacity:.5}\n");
	if (compared)
		write_changes(writer);
	else
		write_hues(writer);
	ms_write_text(writer, ".f.m rect{fill:#c03bd6}\n.f.m text{fill:#fff}\n");
	if (compared)
		ms_write_text(writer, ".f rect,.legend rect{stroke:#aaa}\n");
}

static uint32_t hash_text(const char *text)
{
	uint32_t hash = 0x811c9dc5;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x01000193;
	return hash ^ hash >> 15;
}

void ms_svg_class(char out[8], const struct ms_flame_frame *frame)
{
	if (*frame->module)
		snprintf(out, 8, "c%u",
			 (unsigned)(hash_text(frame->module) % COUNT(hues) * SHADES +
				    hash_text(frame->name) % SHADES));
	else
		snprintf(out, 8, "u");
}

void ms_svg_change_class(char out[8], uint64_t before, uint64_t after)
{
	uint64_t larger = after > before ? after : before;
	uint64_t change = after > before ? after - before : before - after;
	unsigned i = 0;

	while (i + 1 < COUNT(changes) &&
	       (unsigned __int128)change * 100 >
		       (unsigned __int128)larger * changes[i].most)
		i++;
	/* The last one is for what was not there at all. */
	if (i + 1 == COUNT(changes) && before && after)
		i--;
	if (change)
		snprintf(out, 8, "%c%u", after > before ? 'r' : 'b', i);
	else
		snprintf(out, 8, "w");
}

static unsigned write_box(struct ms_writer *writer, unsigned x, unsigned y, char kind,
			  unsigned i, const char *name)
{
	if (kind == 'w')
		ms_writef(writer, "<rect class=\"w\" x=\"%u\" y=\"%u\"", x, y - 10);
	else
		ms_writef(writer, "<rect class=\"%c%u\" x=\"%u\" y=\"%u\"", kind, i, x,
			  y - 10);
	ms_writef(writer,
		  " width=\"12\" height=\"12\"/><text x=\"%u\" y=\"%u\">%s</text>\n",
		  x + 16, y, name);
	return x + 28 + 8 * (unsigned)strlen(name);
}

void ms_svg_legend(struct ms_writer *writer, unsigned x, unsigned y)
{
	ms_writef(writer,
		  "<g class=\"legend\">\n<text x=\"%u\" y=\"%u\">shrunk by</text>\n", x,
		  y);
	x += 80;
	for (unsigned i = COUNT(changes) - 1; i-- > 0;)
		x = write_box(writer, x, y, 'b', i, changes[i].name);
	x = write_box(writer, x, y, 'w', 0, "same");
	ms_writef(writer, "<text x=\"%u\" y=\"%u\">grown by</text>\n", x, y);
	x += 72;
	for (unsigned i = 0; i < COUNT(changes); i++)
		x = write_box(writer, x, y, 'r', i, changes[i].name);
	ms_write_text(writer, "</g>\n");
}

/* --- text -----------------------------------------------------------------------------
 */

static void write_character(struct ms_writer *writer, const char *text, size_t bytes,
			    uint32_t code)
{
	static const struct {
		uint32_t code;
		const char *entity;
	} own[] = { { '&', "&amp;" },  { '<', "&lt;" },		{ '>', "&gt;" },
		    { '"', "&quot;" }, { 0xfffe, "\\u{fffe}" }, { 0xffff, "\\u{ffff}" } };
	char safe[32];

	for (size_t i = 0; i < COUNT(own); i++) {
		if (own[i].code == code) {
			ms_write_text(writer, own[i].entity);
			return;
		}
	}
	ms_write(writer, safe, ms_escape(safe, sizeof(safe), text, bytes));
}

void ms_svg_text(struct ms_writer *writer, const char *text, size_t most)
{
	size_t len = strlen(text), count = 0, step;
	uint32_t code;

	for (size_t i = 0; i < len && count <= most; i += step, count++)
		step = ms_utf8_next(text + i, len - i, &code);
	if (count > most)
		most = most > 2 ? most - 2 : 0;
	for (size_t i = 0, n = 0; i < len && n < most; i += step, n++) {
		step = ms_utf8_next(text + i, len - i, &code);
		write_character(writer, text + i, step, code);
	}
	if (count > most)
		ms_write_text(writer, "..");
}
