/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack_inside.h - what reading and writing a pack have in common.
 */
#ifndef MS_METADATA_PACK_INSIDE_H
#define MS_METADATA_PACK_INSIDE_H

#include "analyzer/metadata/pack.h"

/* Sources do not count. */
uint64_t ms_pack_key_hash(const struct ms_pack_key *key);
bool ms_pack_key_same(const struct ms_pack_key *a, const struct ms_pack_key *b);

/* Open a body, which is the pack's from now on, or freed if it is no pack's. */
MS_MUST_CHECK ms_status ms_pack_take_body(struct ms_pack **out, uint8_t *body,
					  size_t body_bytes, const char *name,
					  struct ms_error *err);
ms_status ms_pack_damaged(struct ms_error *err, const char *name);

/* For zlib: memory that a test can make fail. */
void *ms_pack_zlib_alloc(void *opaque, unsigned count, unsigned bytes);
void ms_pack_zlib_free(void *opaque, void *p);

#endif
