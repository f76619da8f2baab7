/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbol_cache.h - names kept from one report to the next: a pack for each build-id and
 * source of names.
 *
 * A cache is a help, never a need: whatever is wrong with it, there is none.
 */
#ifndef MS_METADATA_SYMBOL_CACHE_H
#define MS_METADATA_SYMBOL_CACHE_H

#include "analyzer/metadata/pack.h"

#define MS_SYMBOL_CACHE_BYTES (256u << 20)

/* What dir has of the module of key and of its very source; NULL: nothing. */
struct ms_pack *ms_symbol_cache_load(const char *dir, const struct ms_pack_key *key);
/* Keep a pack for key; dir is made when it is not there. */
void ms_symbol_cache_store(const char *dir, const struct ms_pack_key *key,
			   const uint8_t *bytes, size_t len_bytes);
/* Remove packs, those that were not used for longest first, until max_bytes are left. */
void ms_symbol_cache_prune(const char *dir, uint64_t max_bytes);

#endif
