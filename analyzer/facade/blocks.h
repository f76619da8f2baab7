/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blocks.h - every live block of snapshots, as rows (private to the facade).
 */
#ifndef MS_FACADE_BLOCKS_H
#define MS_FACADE_BLOCKS_H

#include "analyzer/base/strbuf.h"
#include "analyzer/facade/facade.h"

/*
 * The blocks that options' filter lets through at its instant, the largest first; at most
 * top of them (0: all).  Freed ones only when the filter asks for them.
 */
MS_MUST_CHECK ms_status ms_facade_blocks(struct memscope *m,
					 const struct memscope_snapshot_options *options,
					 const struct memscope_output *output,
					 struct ms_error *err);

/* Append a frame as "function file:line", "function [module]" or "[module+0x12]". */
void ms_facade_frame_text(struct ms_strbuf *text, const struct ms_frame *frame);
/* The site of a stack as that; "" for none.  text is emptied first.  MS_OK or MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_facade_site_text(struct ms_strbuf *text,
					    struct ms_metadata *meta, uint32_t stack,
					    struct ms_error *err);

/*
 * Print rows to output: JSON as {"version": 1, key: [...]}.
 */
MS_MUST_CHECK ms_status ms_facade_print_rows(struct ms_rows *rows, const char *key,
					     const struct memscope_output *output,
					     struct ms_error *err);

#endif
