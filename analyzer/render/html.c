/* SPDX-License-Identifier: Apache-2.0 */
/*
 * html.c - the dashboard: one file, with its data in it.
 *
 * The page was made by the web project in dashboard/ when this library was built, and is
 * part of it.  The data is JSON, packed by gzip, as base64, which has no character that
 * could end the element it is in.
 */
#define _GNU_SOURCE /* memmem */
#include "analyzer/base/alloc.h"
#include "analyzer/base/strbuf.h"
#include "analyzer/render/render.h"
#include "analyzer/render/report.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

/* dashboard_page.S; empty where the page could not be made. */
extern const char ms_dashboard_page[], ms_dashboard_page_end[];

static const char place[] = "@MEMSCOPE_DATA@";

/* The next ones take three times as long and save a fourteenth. */
#define LEVEL 4

bool ms_html_has_page(void)
{
	return &ms_dashboard_page_end[0] > &ms_dashboard_page[0];
}

/* --- gzip -----------------------------------------------------------------------------
 */

struct pack {
	z_stream z;
	struct ms_strbuf bytes; /* not text: may hold any byte */
	size_t all;		/* bytes that there would be */
	size_t most;		/* that are kept */
};

static voidpf take_memory(voidpf context, uInt count, uInt bytes)
{
	(void)context;
	return ms_alloc_zero(count, bytes);
}

static void give_memory(voidpf context, voidpf memory)
{
	(void)context;
	ms_free(memory);
}

/* Memory was all taken at the beginning: it cannot fail. */
static void squeeze(struct pack *pack, int flush)
{
	Bytef out[16384];

	do {
		size_t n;

		pack->z.next_out = out;
		pack->z.avail_out = sizeof(out);
		deflate(&pack->z, flush);
		n = sizeof(out) - pack->z.avail_out;
		pack->all += n;
		if (pack->all <= pack->most)
			ms_strbuf_add(&pack->bytes, (const char *)out, n);
	} while (pack->z.avail_out == 0);
}

static int write_packed(void *context, const char *data, size_t bytes)
{
	struct pack *pack = context;

	pack->z.next_in = (Bytef *)(uintptr_t)data;
	pack->z.avail_in = (uInt)bytes;
	squeeze(pack, Z_NO_FLUSH);
	return 0;
}

/* The report's data, as far as it has room; pack->all tells how much there is. */
static ms_status pack_report(struct pack *pack, const struct ms_report *report,
			     const struct ms_report_limits *limits, size_t most,
			     struct ms_error *err)
{
	struct ms_writer *writer = ms_alloc(sizeof(*writer));
	ms_status status;

	*pack = (struct pack){ .most = most };
	ms_strbuf_init(&pack->bytes);
	pack->z.zalloc = take_memory;
	pack->z.zfree = give_memory;
	/* 31: the largest window, with gzip's head and end. */
	if (!writer || deflateInit2(&pack->z, LEVEL, Z_DEFLATED, 31, 9,
				    Z_DEFAULT_STRATEGY) != Z_OK) {
		ms_free(writer);
		return ms_fail_memory(err);
	}
	ms_writer_init(writer, write_packed, pack, NULL);
	status = ms_report_json(writer, report, limits, err);
	if (status == MS_OK)
		status = ms_writer_finish(writer, err);
	if (status == MS_OK)
		squeeze(pack, Z_FINISH);
	deflateEnd(&pack->z);
	ms_free(writer);
	if (status == MS_OK && pack->bytes.failed)
		status = ms_fail_memory(err);
	return status;
}

/* --- making it fit --------------------------------------------------------------------
 */

static size_t less(size_t value, double by, size_t least)
{
	size_t smaller = (size_t)((double)value * by);

	return smaller > least ? smaller : least;
}

/* At the last of these steps any report is small. */
static void tighten(struct ms_report_limits *limits, double by)
{
	limits->budget = less(limits->budget, by, 16);
	limits->items = less(limits->items, 0.4, 8);
	limits->text_bytes = less(limits->text_bytes, 0.4, 80);
	limits->threads = less(limits->threads, 0.4, 2);
}

static ms_status pack_fitting(struct pack *pack, const struct ms_report *report,
			      size_t most, struct ms_error *err)
{
	struct ms_report_limits limits = { .budget = report->stacks.node_count +
						     report->stacks.row_count + 1,
					   .items = 2000,
					   .text_bytes = 4096,
					   .threads = 64 };

	for (unsigned tries = 0; tries < 16; tries++) {
		ms_status status = pack_report(pack, report, &limits, most, err);
		double by;

		if (status == MS_OK && pack->all <= most)
			return MS_OK;
		ms_strbuf_release(&pack->bytes);
		if (status != MS_OK)
			return status;
		by = 0.9 * (double)most / (double)pack->all;
		tighten(&limits, by < 0.8 ? by : 0.8);
	}
	return ms_fail(err, MS_EUSAGE, "the report has no room in %zu bytes", most);
}

/* --- the page -------------------------------------------------------------------------
 */

static void write_base64(struct ms_writer *writer, const struct ms_strbuf *bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = (const unsigned char *)ms_strbuf_text(bytes);

	for (size_t i = 0; i < bytes->len; i += 3) {
		size_t left = bytes->len - i;
		unsigned b = left > 1 ? in[i + 1] : 0, c = left > 2 ? in[i + 2] : 0;
		unsigned group = (unsigned)in[i] << 16 | b << 8 | c;
		char four[4] = { digits[group >> 18], digits[group >> 12 & 63],
				 left > 1 ? digits[group >> 6 & 63] : '=',
				 left > 2 ? digits[group & 63] : '=' };

		ms_write(writer, four, sizeof(four));
	}
}

ms_status ms_html_fill(struct ms_writer *writer, const struct ms_report *report,
		       const char *page, size_t page_bytes, size_t most_bytes,
		       struct ms_error *err)
{
	const char *at =
		page_bytes ? memmem(page, page_bytes, place, strlen(place)) : NULL;
	size_t room = most_bytes > page_bytes ? most_bytes - page_bytes : 0;
	struct pack pack;
	ms_status status;

	if (!at)
		return ms_fail(err, MS_EUSAGE,
			       "this build has no dashboard: install nodejs and npm, and "
			       "build it again (make dashboard)");
	status = pack_fitting(&pack, report, room / 4 * 3, err);
	if (status != MS_OK)
		return status;
	ms_write(writer, page, (size_t)(at - page));
	write_base64(writer, &pack.bytes);
	at += strlen(place);
	ms_write(writer, at, (size_t)(page + page_bytes - at));
	ms_strbuf_release(&pack.bytes);
	return MS_OK;
}

ms_status ms_render_html(struct ms_writer *writer, const struct ms_report *report,
			 struct ms_error *err)
{
	return ms_html_fill(writer, report, ms_dashboard_page,
			    (size_t)(ms_dashboard_page_end - ms_dashboard_page),
			    MS_HTML_BYTES, err);
}
