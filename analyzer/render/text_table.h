/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_table.h - texts by number, each once (private to render): the string tables that
 * many formats have.
 */
#ifndef MS_RENDER_TEXT_TABLE_H
#define MS_RENDER_TEXT_TABLE_H

#include "analyzer/base/arena.h"
#include "analyzer/base/map.h"

struct ms_text_table {
	const char **items;
	size_t count, capacity;
	struct ms_map known; /* a hash to the index + 1 */
	struct ms_arena texts;
};

void ms_text_table_init(struct ms_text_table *table);
void ms_text_table_release(struct ms_text_table *table);
/* The number of text, a new one when need be; -1: no memory. */
int64_t ms_text_table_add(struct ms_text_table *table, const char *text);

#endif
