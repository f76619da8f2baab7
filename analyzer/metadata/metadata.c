/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metadata.c - the life of the metadata of one log, and its door to the stack trie.
 */
#include "analyzer/metadata/metadata.h"

#include "analyzer/base/alloc.h"
#include "analyzer/metadata/inside.h"
#include "analyzer/metadata/symbols.h"

ms_status ms_metadata_new(struct ms_metadata **out, struct ms_error *err)
{
	struct ms_metadata *meta;

	*out = NULL;
	meta = ms_alloc_zero(1, sizeof(*meta));
	if (!meta)
		return ms_fail_memory(err);
	ms_arena_init(&meta->arena);
	ms_strbuf_init(&meta->command);
	ms_map_init(&meta->thread_index);
	ms_map_init(&meta->module_index);
	ms_map_init(&meta->cost_index);
	*out = meta;
	return MS_OK;
}

void ms_metadata_free(struct ms_metadata *meta)
{
	if (!meta)
		return;
	ms_symbols_free(meta->symbols);
	ms_trie_release(&meta->trie);
	ms_map_release(&meta->thread_index);
	ms_map_release(&meta->module_index);
	ms_map_release(&meta->cost_index);
	ms_free(meta->costs);
	ms_free(meta->threads);
	ms_free(meta->modules);
	ms_free(meta->facts);
	ms_free(meta->samples);
	ms_free(meta->notes);
	ms_free(meta->marks);
	ms_strbuf_release(&meta->command);
	ms_arena_release(&meta->arena);
	ms_free(meta);
}

ms_status ms_metadata_add_nodes(struct ms_metadata *meta, uint32_t first_id,
				const struct ms_wire_node *nodes, size_t count)
{
	return ms_trie_add(&meta->trie, first_id, nodes, count);
}

bool ms_metadata_node(const struct ms_metadata *meta, uint32_t id, uint32_t *module,
		      uint64_t *offset, uint32_t *parent)
{
	struct ms_wire_node node;

	/* Sorting the ranges late changes nothing that a caller can see. */
	if (!ms_trie_find((struct ms_trie *)&meta->trie, id, &node))
		return false;
	*module = (uint32_t)(node.where >> MS_WHERE_MODULE_SHIFT);
	*offset = node.where & MS_WHERE_OFFSET;
	*parent = node.parent;
	return true;
}

uint32_t ms_metadata_node_limit(const struct ms_metadata *meta)
{
	return ms_trie_limit(&meta->trie);
}
