/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack_key.c - which modules of packs are the same.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/metadata/pack_inside.h"

#include <string.h>

/* FNV-1a, 64 bits. */
uint64_t ms_pack_key_hash(const struct ms_pack_key *key)
{
	bool has_id = key->build_id_bytes > 0;
	const uint8_t *bytes = has_id ? key->build_id : (const uint8_t *)key->path;
	size_t len = has_id ? key->build_id_bytes : strlen(key->path);
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ULL;
	return has_id ? hash : hash ^ key->mapped_bytes;
}

bool ms_pack_key_same(const struct ms_pack_key *a, const struct ms_pack_key *b)
{
	if (a->build_id_bytes != b->build_id_bytes)
		return false;
	if (a->build_id_bytes)
		return memcmp(a->build_id, b->build_id, a->build_id_bytes) == 0;
	return a->mapped_bytes == b->mapped_bytes && strcmp(a->path, b->path) == 0;
}

void *ms_pack_zlib_alloc(void *opaque, unsigned count, unsigned bytes)
{
	(void)opaque;
	return ms_alloc_zero(count, bytes);
}

void ms_pack_zlib_free(void *opaque, void *p)
{
	(void)opaque;
	ms_free(p);
}
