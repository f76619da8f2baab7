/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip.c - a writer whose bytes arrive at another one compressed.
 */
#include "analyzer/render/gzip.h"
#include "analyzer/base/alloc.h"

#include <errno.h>
#include <zlib.h>

#define LEVEL	  4  /* a third of the time of the default, a tenth larger */
#define WITH_GZIP 16 /* added to the bits of the window */
#define MEMORY	  8

struct ms_gzip {
	struct ms_writer writer, *to;
	z_stream stream;
};

static void *allocate(void *context, unsigned count, unsigned bytes)
{
	(void)context;
	return ms_alloc_zero(count, bytes);
}

static void release(void *context, void *p)
{
	(void)context;
	ms_free(p);
}

static void compress_all(struct ms_gzip *gzip, int flush)
{
	char out[16384];
	int result;

	do {
		gzip->stream.next_out = (Bytef *)out;
		gzip->stream.avail_out = sizeof(out);
		result = deflate(&gzip->stream, flush);
		ms_write(gzip->to, out, sizeof(out) - gzip->stream.avail_out);
	} while (gzip->stream.avail_in || (flush == Z_FINISH && result == Z_OK));
}

static int take(void *context, const char *data, size_t bytes)
{
	struct ms_gzip *gzip = context;

	gzip->stream.next_in = (Bytef *)(uintptr_t)data;
	gzip->stream.avail_in = (uInt)bytes; /* a writer's buffer at most */
	compress_all(gzip, Z_NO_FLUSH);
	return gzip->to->failure;
}

ms_status ms_gzip_new(struct ms_gzip **out, struct ms_writer **writer,
		      struct ms_writer *to, struct ms_error *err)
{
	struct ms_gzip *gzip = ms_alloc_zero(1, sizeof(*gzip));

	*out = NULL;
	*writer = NULL;
	if (!gzip)
		return ms_fail_memory(err);
	gzip->to = to;
	gzip->stream.zalloc = allocate;
	gzip->stream.zfree = release;
	if (deflateInit2(&gzip->stream, LEVEL, Z_DEFLATED, MAX_WBITS + WITH_GZIP, MEMORY,
			 Z_DEFAULT_STRATEGY) != Z_OK) {
		ms_free(gzip);
		return ms_fail_memory(err);
	}
	ms_writer_init(&gzip->writer, take, gzip, NULL);
	*out = gzip;
	*writer = &gzip->writer;
	return MS_OK;
}

void ms_gzip_finish(struct ms_gzip *gzip)
{
	if (!gzip)
		return;
	/* What fails here has failed in the other writer, which tells. */
	if (ms_writer_finish(&gzip->writer, NULL) == MS_OK)
		compress_all(gzip, Z_FINISH);
	deflateEnd(&gzip->stream);
	ms_free(gzip);
}
