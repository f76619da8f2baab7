/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packs.h - the packs that a user named.
 */
#ifndef MS_METADATA_PACKS_H
#define MS_METADATA_PACKS_H

#include "analyzer/metadata/metadata.h"
#include "analyzer/metadata/pack.h"

/* Whether a pack has the module of key. */
bool ms_packs_have(const struct ms_packs *packs, const struct ms_pack_key *key);
/* As ms_pack_find(), in the first pack that has that address of that module. */
bool ms_packs_find(const struct ms_packs *packs, const struct ms_pack_key *key,
		   uint64_t address, struct ms_pack_cursor *cursor);

#endif
