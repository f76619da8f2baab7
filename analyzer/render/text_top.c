/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_top.c - a snapshot's sites, one short line each with a bar.
 */
#include "analyzer/base/strbuf.h"
#include "analyzer/render/parts.h"

#include <stdio.h>
#include <string.h>

#define BAR_COLUMNS 12
#define LEAD	    47 /* columns of figures and the bar */

struct order {
	const char *key, *title;
	const char *total[2]; /* members of the totals whose sum is all; NULL: none */
	bool bytes;
};

static const struct order orders[] = {
	{ "live_bytes", "live", { "current_memory", NULL }, true },
	{ "peak_bytes", "at the peak", { "peak_memory", NULL }, true },
	{ "allocated", "allocated", { "total_allocated", NULL }, true },
	{ "allocations", "calls", { "total_allocations", "total_reallocations" }, false },
	{ "temporary", "temporary", { NULL, NULL }, false },
};

static const struct order *order_of(const json_t *document)
{
	const char *key = ms_json_string(document, "sorted_by");
	size_t i = 0;

	while (i + 1 < sizeof(orders) / sizeof(orders[0]) &&
	       strcmp(orders[i].key, key) != 0)
		i++;
	return &orders[i];
}

static uint64_t whole_of(const json_t *document, const struct order *order)
{
	const json_t *totals = json_object_get(document, "totals");
	uint64_t whole = 0;

	for (size_t i = 0; i < 2; i++)
		whole += order->total[i] ? ms_json_u64(totals, order->total[i]) : 0;
	return whole;
}

static void write_head(struct ms_writer *writer, const json_t *document,
		       const struct order *order)
{
	ms_write_command(writer, json_object_get(document, "processes"));
	ms_write_filter(writer, json_object_get(document, "filter"));
	ms_write_bold(writer);
	ms_writef(writer, "%11s  %7s  %*s  %9s  site\n", order->title, "share",
		  BAR_COLUMNS, "", order->bytes ? "calls" : "allocated");
	ms_write_plain(writer);
}

static void write_row(struct ms_writer *writer, const json_t *row,
		      const struct order *order, uint64_t whole, uint64_t largest,
		      struct ms_strbuf *bar)
{
	uint64_t value = ms_json_u64(row, order->key);
	unsigned width = writer->look.width;
	char text[MS_FIGURE_BYTES], share[MS_HUMAN_BYTES];

	ms_writef(writer, "%11s  ",
		  order->bytes ? ms_figure_size(text, row, order->key)
			       : ms_figure_count(text, row, order->key));
	ms_writef(writer, "%7s  ",
		  whole && ms_figure_known(row, order->key)
			  ? ms_share_text(share, value, whole)
			  : "-");
	ms_write_bar(writer, bar, value, largest, BAR_COLUMNS);
	ms_writef(writer, "  %9s  ",
		  order->bytes ? ms_figure_count(text, row, "allocations")
			       : ms_figure_size(text, row, "allocated"));
	ms_write_frame(writer, row,
		       width == 0	   ? 0
		       : width > LEAD + 20 ? width - LEAD
					   : 20);
	ms_write_text(writer, "\n");
}

static ms_status write_text(struct ms_writer *writer, const json_t *document,
			    struct ms_error *err)
{
	const json_t *rows = json_object_get(document, "rows"), *row;
	const struct order *order = order_of(document);
	uint64_t whole = whole_of(document, order), largest = 0;
	struct ms_strbuf bar;
	bool failed = false;
	size_t index;

	ms_strbuf_init(&bar);
	write_head(writer, document, order);
	json_array_foreach (rows, index, row) {
		uint64_t value = ms_json_u64(row, order->key);

		/* The first has the most: they come sorted. */
		largest = index ? largest : value;
		write_row(writer, row, order, whole, largest, &bar);
		failed |= bar.failed;
	}
	ms_strbuf_release(&bar);
	return failed ? ms_fail_memory(err) : MS_OK;
}

ms_status ms_render_top(struct ms_writer *writer, const json_t *document,
			enum ms_format format, struct ms_error *err)
{
	if (format == MS_FORMAT_TEXT)
		return write_text(writer, document, err);
	return ms_render_snapshot(writer, document, format, err);
}
