/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_plot.c - a timeline as an area of characters.
 *
 * A column is as high as the most that was live in its time, so that no peak is lost
 * between two columns; eight steps to a row, where Unicode is allowed.
 */
#include "analyzer/render/parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ROWS	     10
#define AXIS_COLUMNS 12
#define MOST_COLUMNS 1000

struct marks {		      /* how it is drawn */
	const char *steps[9]; /* a cell's eighths */
	const char *resident, *peak, *axis, *tick, *corner, *line;
};

static const struct marks box = { { " ", "\u2581", "\u2582", "\u2583", "\u2584", "\u2585",
				    "\u2586", "\u2587", "\u2588" },
				  "\u00b7",
				  "\u25bc",
				  "\u2502",
				  "\u2524",
				  "\u2514",
				  "\u2500" };
static const struct marks ascii = {
	{ " ", " ", " ", " ", "#", "#", "#", "#", "#" }, "-", "v", "|", "+", "+", "-"
};

struct plot {
	struct ms_writer *writer;
	const struct marks *marks;
	const json_t *process;
	const json_t *rows; /* of the whole timeline */
	size_t first, count;
	size_t columns;
	uint64_t top; /* bytes */
	uint64_t resident_least, resident_most;
};

struct column {
	uint64_t peak, resident; /* the most in its time */
	bool has_resident;
};

/* Rows of a column; where there are fewer rows than columns, some have the same. */
static struct column column_of(const struct plot *p, size_t c)
{
	size_t begin = c * p->count / p->columns, end = (c + 1) * p->count / p->columns;
	struct column column = { 0 };

	end = end > begin ? end : begin + 1;
	for (size_t i = begin; i < end && i < p->count; i++) {
		const json_t *row = json_array_get(p->rows, p->first + i);
		uint64_t peak = ms_json_u64(row, "peak_bytes");
		uint64_t resident = ms_json_u64(row, "resident_bytes");

		column.peak = peak > column.peak ? peak : column.peak;
		column.resident = resident > column.resident ? resident : column.resident;
		column.has_resident |= ms_figure_known(row, "resident_bytes");
	}
	return column;
}

/* What does not exceed the heap much is drawn; else the heap would have no room. */
static void measure(struct plot *p)
{
	uint64_t peak = 0, most = 0, least = UINT64_MAX;

	for (size_t c = 0; c < p->columns; c++) {
		struct column column = column_of(p, c);

		peak = column.peak > peak ? column.peak : peak;
		if (!column.has_resident)
			continue;
		most = column.resident > most ? column.resident : most;
		least = column.resident < least ? column.resident : least;
	}
	p->top = most > peak && most / 2 <= peak ? most : peak;
	p->resident_most = most;
	p->resident_least = least < most ? least : most;
}

static uint64_t steps_of(const struct plot *p, uint64_t bytes, unsigned steps)
{
	if (!p->top)
		return 0;
	return (uint64_t)(((unsigned __int128)bytes * ROWS * steps + p->top / 2) /
			  p->top);
}

static void write_cell(const struct plot *p, size_t c, unsigned row)
{
	struct column column = column_of(p, c);
	uint64_t filled = steps_of(p, column.peak, 8), base = (uint64_t)row * 8;
	uint64_t resident = steps_of(p, column.resident, 1);

	/* A little is not nothing: it shows at the very bottom. */
	if (row == 0 && column.peak && filled < 1)
		filled = 1;
	filled = filled > base ? filled - base : 0;
	filled = filled < 8 ? filled : 8;
	if (row == 0 && column.peak && filled < 4 && p->marks == &ascii)
		ms_write_text(p->writer, ".");
	else if (!filled && column.has_resident && resident == row + 1u)
		ms_write_text(p->writer, p->marks->resident);
	else
		ms_write_text(p->writer, p->marks->steps[filled]);
}

static void write_axis(const struct plot *p, unsigned row)
{
	char human[MS_HUMAN_BYTES] = "";
	bool tick = row + 1 == ROWS || row == ROWS / 2 - 1;

	if (tick)
		ms_human_size(human,
			      (uint64_t)((unsigned __int128)p->top * (row + 1) / ROWS));
	ms_write_dim(p->writer);
	ms_writef(p->writer, "%10s %s", human, tick ? p->marks->tick : p->marks->axis);
	ms_write_plain(p->writer);
}

/* The peak's place and figure, above the area. */
static void write_peak_mark(const struct plot *p)
{
	uint64_t from = ms_json_u64(p->process, "from_ns");
	uint64_t to = ms_json_u64(p->process, "to_ns");
	uint64_t at = ms_json_u64(p->process, "peak_at_ns");
	size_t c = to > from && at > from ? (size_t)((unsigned __int128)(at - from) *
						     p->columns / (to - from))
					  : 0;
	char size[MS_FIGURE_BYTES], text[sizeof("peak ") + MS_FIGURE_BYTES];
	size_t len;

	c = c < p->columns ? c : p->columns - 1;
	len = (size_t)snprintf(text, sizeof(text), "peak %s",
			       ms_figure_size(size, p->process, "peak_bytes"));
	if (c > len) {
		ms_write_pad(p->writer, ' ', AXIS_COLUMNS + c - len - 1);
		ms_writef(p->writer, "%s %s\n", text, p->marks->peak);
	} else {
		ms_write_pad(p->writer, ' ', AXIS_COLUMNS + c);
		ms_writef(p->writer, "%s %s\n", p->marks->peak, text);
	}
}

static void write_times(const struct plot *p)
{
	char from[MS_HUMAN_BYTES], to[MS_HUMAN_BYTES];
	size_t taken;

	ms_write_dim(p->writer);
	ms_writef(p->writer, "%10s %s", "0", p->marks->corner);
	for (size_t c = 0; c < p->columns; c++)
		ms_write_text(p->writer, p->marks->line);
	ms_write_plain(p->writer);
	ms_human_time(from, ms_json_u64(p->process, "from_ns"));
	ms_human_time(to, ms_json_u64(p->process, "to_ns"));
	taken = strlen(from) + strlen(to);
	ms_write_text(p->writer, "\n");
	ms_write_pad(p->writer, ' ', AXIS_COLUMNS);
	ms_write_text(p->writer, from);
	ms_write_pad(p->writer, ' ', p->columns > taken ? p->columns - taken : 1);
	ms_writef(p->writer, "%s\n", to);
}

static void write_resident(const struct plot *p)
{
	char least[MS_HUMAN_BYTES], most[MS_HUMAN_BYTES];

	if (!p->resident_most)
		return;
	ms_write_pad(p->writer, ' ', AXIS_COLUMNS);
	if (p->resident_most <= p->top)
		ms_writef(p->writer, "%s resident, ", p->marks->resident);
	else
		ms_write_text(p->writer, "resident, above the plot: ");
	ms_writef(p->writer, "%s to %s\n", ms_human_size(least, p->resident_least),
		  ms_human_size(most, p->resident_most));
}

void ms_write_plot(struct ms_writer *writer, const json_t *process, const json_t *rows,
		   size_t first, size_t count)
{
	unsigned width = writer->look.width ? writer->look.width : 80;
	struct plot p = { .writer = writer,
			  .marks = writer->look.unicode ? &box : &ascii,
			  .process = process,
			  .rows = rows,
			  .first = first,
			  .count = count };

	if (!count || !ms_figure_known(process, "peak_bytes"))
		return;
	p.columns = width > AXIS_COLUMNS + 20 ? width - AXIS_COLUMNS : 20;
	p.columns = p.columns < MOST_COLUMNS ? p.columns : MOST_COLUMNS;
	p.columns = p.columns < count ? p.columns : count;
	measure(&p);
	ms_write_text(writer, "\n");
	write_peak_mark(&p);
	for (unsigned row = ROWS; row-- > 0;) {
		write_axis(&p, row);
		for (size_t c = 0; c < p.columns; c++)
			write_cell(&p, c, row);
		ms_write_text(writer, "\n");
	}
	write_times(&p);
	write_resident(&p);
	ms_write_text(writer, "\n");
}
