/* SPDX-License-Identifier: Apache-2.0 */
/*
 * texts.c - one copy of each text.
 */
#include "analyzer/metadata/texts.h"

#include <string.h>

struct text {
	const struct text *next; /* of equal hash */
	size_t len;
	const char *bytes;
};

void ms_texts_init(struct ms_texts *texts)
{
	ms_arena_init(&texts->arena);
	ms_map_init(&texts->by_hash);
}

void ms_texts_release(struct ms_texts *texts)
{
	ms_map_release(&texts->by_hash);
	ms_arena_release(&texts->arena);
}

/* FNV-1a, 64 bits. */
static uint64_t hash_of(const char *text, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3ULL;
	return hash;
}

const char *ms_texts_keep(struct ms_texts *texts, const char *text, size_t len)
{
	uint64_t *slot = ms_map_at(&texts->by_hash, hash_of(text, len), NULL);
	struct text *kept;

	if (!slot)
		return NULL;
	for (const struct text *t = (const struct text *)(uintptr_t)*slot; t; t = t->next)
		if (t->len == len && memcmp(t->bytes, text, len) == 0)
			return t->bytes;
	kept = ms_arena_alloc(&texts->arena, sizeof(*kept));
	if (!kept)
		return NULL;
	kept->next = (const struct text *)(uintptr_t)*slot;
	kept->len = len;
	kept->bytes = ms_arena_text(&texts->arena, text, len);
	if (!kept->bytes)
		return NULL;
	*slot = (uint64_t)(uintptr_t)kept;
	return kept->bytes;
}
