/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names_tree.c - a profile's call tree by names alone.
 *
 * Parents come before their children in a profile, so that one pass over its nodes, with
 * a map from (parent, name) to node, is all it takes.
 */
#include "analyzer/render/names_tree.h"
#include "analyzer/base/alloc.h"

static int name_frames(struct ms_names_tree *tree)
{
	const struct ms_profile *profile = tree->profile;
	struct ms_strbuf text;
	int64_t name = 0;

	ms_strbuf_init(&text);
	for (size_t i = 0; name >= 0 && i < profile->frame_count; i++) {
		ms_strbuf_clear(&text);
		ms_profile_name(&text, profile, (uint32_t)i);
		name = text.failed
			       ? -1
			       : ms_text_table_add(&tree->names, ms_strbuf_text(&text));
		tree->name_of[i] = (uint32_t)name;
	}
	ms_strbuf_release(&text);
	return name < 0 ? -1 : 0;
}

static int add_node(struct ms_names_tree *tree, struct ms_map *known, size_t i)
{
	const struct ms_profile_node *node = &tree->profile->nodes[i];
	struct ms_names_node own = { tree->node_of[node->parent],
				     tree->name_of[node->frame] };
	uint64_t *index = ms_map_at(known, (uint64_t)own.parent << 32 | own.name, NULL);

	if (!index)
		return -1;
	if (!*index) {
		if (ms_grow((void **)&tree->nodes, &tree->node_capacity, tree->node_count,
			    sizeof(*tree->nodes)) < 0)
			return -1;
		*index = tree->node_count;
		tree->nodes[tree->node_count++] = own;
	}
	tree->node_of[i] = (uint32_t)*index;
	return 0;
}

static int merge_nodes(struct ms_names_tree *tree)
{
	struct ms_map known;
	int failed = ms_grow((void **)&tree->nodes, &tree->node_capacity, 0,
			     sizeof(*tree->nodes));

	if (failed)
		return -1;
	ms_map_init(&known);
	tree->nodes[tree->node_count++] = (struct ms_names_node){ 0, MS_PROFILE_NONE };
	for (size_t i = 1; !failed && i < tree->profile->node_count; i++)
		failed = add_node(tree, &known, i);
	ms_map_release(&known);
	return failed;
}

ms_status ms_names_tree_init(struct ms_names_tree *tree, const struct ms_profile *profile,
			     struct ms_error *err)
{
	*tree = (struct ms_names_tree){ .profile = profile };
	ms_text_table_init(&tree->names);
	tree->name_of = ms_alloc_zero(profile->frame_count + 1, sizeof(*tree->name_of));
	tree->node_of = ms_alloc_zero(profile->node_count, sizeof(*tree->node_of));
	if (!tree->name_of || !tree->node_of || name_frames(tree) < 0 ||
	    merge_nodes(tree) < 0)
		return ms_fail_memory(err);
	return MS_OK;
}

void ms_names_tree_release(struct ms_names_tree *tree)
{
	ms_text_table_release(&tree->names);
	ms_free(tree->name_of);
	ms_free(tree->nodes);
	ms_free(tree->node_of);
}

uint64_t *ms_names_tree_sums(const struct ms_names_tree *tree, enum ms_metric metric)
{
	const struct ms_profile *profile = tree->profile;
	uint64_t *sums = ms_alloc_zero(tree->node_count, sizeof(*sums));

	for (size_t i = 0; sums && i < profile->row_count; i++)
		sums[tree->node_of[profile->rows[i].node]] +=
			profile->rows[i].value[metric];
	return sums;
}

int ms_names_tree_path(struct ms_node_path *path, const struct ms_names_tree *tree,
		       uint32_t node)
{
	size_t count = 0;

	for (uint32_t n = node; n; n = tree->nodes[n].parent)
		count++;
	if (ms_node_path_reserve(path, count) < 0)
		return -1;
	path->count = count;
	for (uint32_t n = node; n; n = tree->nodes[n].parent)
		path->nodes[--count] = n;
	return 0;
}
