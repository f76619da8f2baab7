/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_table.c - texts by number, each once.
 */
#include "analyzer/render/text_table.h"
#include "analyzer/base/alloc.h"

#include <string.h>

void ms_text_table_init(struct ms_text_table *table)
{
	*table = (struct ms_text_table){ 0 };
	ms_map_init(&table->known);
	ms_arena_init(&table->texts);
}

void ms_text_table_release(struct ms_text_table *table)
{
	ms_free(table->items);
	ms_map_release(&table->known);
	ms_arena_release(&table->texts);
}

/* FNV-1a. */
static uint64_t hash_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3ULL;
	return hash;
}

int64_t ms_text_table_add(struct ms_text_table *table, const char *text)
{
	/* Other texts of that hash lie at the keys behind it. */
	for (uint64_t key = hash_text(text);; key++) {
		uint64_t *index = ms_map_at(&table->known, key, NULL);
		const char *copy;

		if (!index)
			return -1;
		if (*index && strcmp(table->items[*index - 1], text) != 0)
			continue;
		if (*index)
			return (int64_t)*index - 1;
		copy = ms_arena_text(&table->texts, text, strlen(text));
		if (!copy || ms_grow((void **)&table->items, &table->capacity,
				     table->count, sizeof(*table->items)) < 0)
			return -1;
		table->items[table->count++] = copy;
		*index = table->count;
		return (int64_t)*index - 1;
	}
}
