/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols.h - the frames of addresses, kept: what metadata.c and site.c need of
 * symbols.c.
 */
#ifndef MS_METADATA_SYMBOLS_H
#define MS_METADATA_SYMBOLS_H

#include "analyzer/metadata/metadata.h"

struct ms_symbols;
struct ms_module_symbols;

/* What one address stands for: never moves, lives as long as its ms_symbols. */
struct ms_frames {
	const struct ms_frame *frames;
	uint32_t count; /* at least 1 */
	uint32_t site;	/* the first that is no part of an allocator; count: none */
};

void ms_symbols_free(struct ms_symbols *symbols); /* NULL is fine */

/* Set frames->site. */
void ms_frames_find_site(struct ms_frames *frames);

/*
 * The symbols of the module that where (struct ms_wire_node's) lies in, made when they
 * are not there; NULL with MS_OK: no module is known for it.  MS_ENOMEM.
 */
MS_MUST_CHECK ms_status ms_symbols_module(struct ms_module_symbols **out,
					  struct ms_metadata *meta, uint64_t where);

/* The frames of where (struct ms_wire_node's).  MS_OK or MS_ENOMEM. */
MS_MUST_CHECK ms_status ms_symbols_at(struct ms_metadata *meta, uint64_t where,
				      const struct ms_frames **out);

#endif
