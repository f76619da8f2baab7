/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip.h - a writer whose bytes arrive at another one compressed (private to render).
 */
#ifndef MS_RENDER_GZIP_H
#define MS_RENDER_GZIP_H

#include "analyzer/render/render.h"

struct ms_gzip;

/* *writer is what to write to.  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_gzip_new(struct ms_gzip **out, struct ms_writer **writer,
				    struct ms_writer *to, struct ms_error *err);
/* Write what is left, and free it.  A failure is that of the other writer. */
void ms_gzip_finish(struct ms_gzip *gzip); /* NULL is fine */

#endif
