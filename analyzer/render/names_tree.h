/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names_tree.h - a profile's call tree by names alone (private to render): lines and
 * places of one function are one node.
 */
#ifndef MS_RENDER_NAMES_TREE_H
#define MS_RENDER_NAMES_TREE_H

#include "analyzer/render/profile.h"
#include "analyzer/render/text_table.h"

struct ms_names_node {
	uint32_t parent, name; /* node 0 is the root, which has no name */
};

struct ms_names_tree {
	const struct ms_profile *profile;
	struct ms_text_table names; /* as ms_profile_name() has them: hostile */
	uint32_t *name_of;	    /* of each frame of the profile */
	struct ms_names_node *nodes;
	size_t node_count, node_capacity;
	uint32_t *node_of; /* of each node of the profile */
};

/* MS_OK or MS_ENOMEM; release it in each case. */
MS_MUST_CHECK ms_status ms_names_tree_init(struct ms_names_tree *tree,
					   const struct ms_profile *profile,
					   struct ms_error *err);
void ms_names_tree_release(struct ms_names_tree *tree);
/*
 * Of each of its nodes, what its rows have of a metric; for ms_free().  NULL: no memory.
 */
uint64_t *ms_names_tree_sums(const struct ms_names_tree *tree, enum ms_metric metric);

/* The nodes from below the root to a node.  0, or -1 without memory. */
int ms_names_tree_path(struct ms_node_path *path, const struct ms_names_tree *tree,
		       uint32_t node);

#endif
