/* SPDX-License-Identifier: Apache-2.0 */
/*
 * callers.c - who called a site: its stacks merged into a tree, from the site outwards.
 *
 * The tree is printed as rows with a level that grows only where it branches: a chain of
 * single callers reads as a stack does.
 */
#define _GNU_SOURCE /* qsort_r */
#include "analyzer/facade/sites.h"
#include "analyzer/base/alloc.h"

#include <stdlib.h>

#define MAX_BRANCHES   4  /* shown at one place; the rest is one row */
#define MAX_ROWS       12 /* of one site */
#define MAX_LEVEL      4
#define SMALLEST_SHARE 20 /* a branch below a twentieth of the site is not shown */

#define NO_NODE	     UINT32_MAX
#define FRAME_BEYOND (MS_FRAME_NONE - 1) /* there are frames further out */

struct node {
	uint32_t frame;
	uint32_t first_child, next_sibling;
	uint64_t weight;
};

struct tree {
	struct ms_sites *sites;
	enum memscope_sort sort;
	unsigned depth;
	struct node *nodes; /* 0: the site */
	size_t count, capacity;
	struct ms_map children; /* parent << 32 | frame, to node */
	struct visit *stack;
	size_t stack_count, stack_capacity;
	unsigned rows;
};

struct visit {	       /* what is still to be printed */
	uint32_t node; /* NO_NODE: the callers that are not shown */
	unsigned level;
	bool branch, last;
	size_t more; /* how many those are, and their weight */
	uint64_t weight;
};

/* --- merging --------------------------------------------------------------------------
 */

/* Node of frame below parent, new when need be; NO_NODE without memory. */
static uint32_t child_of(struct tree *tree, uint32_t parent, uint32_t frame)
{
	uint64_t *index =
		ms_map_at(&tree->children, (uint64_t)parent << 32 | frame, NULL);

	if (!index)
		return NO_NODE;
	if (*index)
		return (uint32_t)*index;
	if (tree->count == NO_NODE || ms_grow((void **)&tree->nodes, &tree->capacity,
					      tree->count, sizeof(*tree->nodes)) < 0)
		return NO_NODE;
	tree->nodes[tree->count] =
		(struct node){ frame, NO_NODE, tree->nodes[parent].first_child, 0 };
	tree->nodes[parent].first_child = (uint32_t)tree->count;
	*index = tree->count++;
	return (uint32_t)*index;
}

/* Step to the site's own frame: what is further in is the allocator. */
static ms_status skip_to_site(struct ms_walk *walk, uint32_t stack, struct ms_error *err)
{
	const struct ms_frame *site, *frame;
	ms_status status = ms_metadata_site(walk->meta, stack, &site, err);

	while (status == MS_OK) {
		status = ms_walk_next(walk, &frame, err);
		if (!frame || frame == site)
			break;
	}
	return status;
}

static ms_status add_stack(struct tree *tree, const struct ms_member *member,
			   struct ms_error *err)
{
	uint64_t weight = ms_figure(member->f, tree->sort);
	const struct ms_frame *frame;
	struct ms_walk walk;
	uint32_t node = 0;
	ms_status status;

	if (weight == 0)
		return MS_OK;
	ms_walk_begin(&walk, tree->sites->m->traces[member->trace].meta, member->stack);
	status = skip_to_site(&walk, member->stack, err);
	tree->nodes[0].weight += weight;
	for (unsigned depth = 0; status == MS_OK && depth <= tree->depth; depth++) {
		uint32_t id;

		status = ms_walk_next(&walk, &frame, err);
		if (status != MS_OK || !frame)
			return status;
		id = depth < tree->depth ? ms_frames_id(&tree->sites->seen, frame)
					 : FRAME_BEYOND;
		node = id == MS_FRAME_NONE ? NO_NODE : child_of(tree, node, id);
		if (node == NO_NODE)
			return ms_fail_memory(err);
		tree->nodes[node].weight += weight;
	}
	return status;
}

/* --- printing -------------------------------------------------------------------------
 */

static int by_weight(const void *a, const void *b, void *context)
{
	const struct node *nodes = context;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (nodes[x].weight != nodes[y].weight)
		return nodes[x].weight < nodes[y].weight ? 1 : -1;
	return x < y ? -1 : 1;
}

/* Children of parent, heaviest first; NULL with *count 0 when there are none. */
static uint32_t *sorted_children(const struct tree *tree, uint32_t parent, size_t *count)
{
	uint32_t *children = NULL;
	size_t n = 0;

	for (uint32_t i = tree->nodes[parent].first_child; i != NO_NODE;
	     i = tree->nodes[i].next_sibling)
		n++;
	*count = n;
	if (n)
		children = ms_alloc(n * sizeof(*children));
	if (!children)
		return NULL;
	n = 0;
	for (uint32_t i = tree->nodes[parent].first_child; i != NO_NODE;
	     i = tree->nodes[i].next_sibling)
		children[n++] = i;
	qsort_r(children, n, sizeof(*children), by_weight, tree->nodes);
	return children;
}

static int push(struct tree *tree, struct visit visit)
{
	if (ms_grow((void **)&tree->stack, &tree->stack_capacity, tree->stack_count,
		    sizeof(*tree->stack)) < 0)
		return -1;
	tree->stack[tree->stack_count++] = visit;
	return 0;
}

static json_t *new_row(struct ms_doc *doc, json_t *array, struct tree *tree,
		       unsigned level)
{
	json_t *row = ms_doc_append(doc, array);

	tree->rows++;
	ms_doc_u64(doc, row, "level", level);
	return row;
}

/* How many of the children are worth a row of their own. */
static size_t shown_of(const struct tree *tree, const uint32_t *children, size_t count)
{
	size_t shown = 0;

	while (shown < count && shown < MAX_BRANCHES &&
	       tree->nodes[children[shown]].weight >=
		       tree->nodes[0].weight / SMALLEST_SHARE)
		shown++;
	/* A row that says "1 more" takes as much room as the one. */
	if (shown + 1 == count && shown < MAX_BRANCHES)
		shown++;
	return shown ? shown : 1;
}

/* Push so that the heaviest comes off first and those not shown come last. */
static int push_shown(struct tree *tree, const struct visit *from,
		      const uint32_t *children, size_t count)
{
	size_t shown = shown_of(tree, children, count);
	/* Where stacks end beside a caller, the caller's share must be said too. */
	bool branches = count > 1 ||
			tree->nodes[children[0]].weight != tree->nodes[from->node].weight;
	struct visit rest = { NO_NODE, from->level + 1, true, true, count - shown, 0 };

	for (size_t i = shown; i < count; i++)
		rest.weight += tree->nodes[children[i]].weight;
	if (rest.more && push(tree, rest) < 0)
		return -1;
	for (size_t i = shown; i-- > 0;) {
		bool last = i + 1 == shown && !rest.more;
		struct visit visit = { children[i], from->level + branches,
				       branches,    last,
				       0,	    0 };

		if (push(tree, visit) < 0)
			return -1;
	}
	return 0;
}

static ms_status push_children(struct tree *tree, const struct visit *from,
			       struct ms_error *err)
{
	size_t count;
	uint32_t *children = sorted_children(tree, from->node, &count);
	ms_status status = MS_OK;

	if (count && (!children || push_shown(tree, from, children, count) < 0))
		status = ms_fail_memory(err);
	ms_free(children);
	return status;
}

static void write_row(struct ms_doc *doc, json_t *array, struct tree *tree,
		      const struct visit *visit)
{
	const struct node *node =
		visit->node == NO_NODE ? NULL : &tree->nodes[visit->node];
	json_t *row = new_row(doc, array, tree, visit->level);

	ms_doc_bool(doc, row, "branch", visit->branch);
	ms_doc_bool(doc, row, "last", visit->last);
	ms_doc_u64(doc, row, "weight", node ? node->weight : visit->weight);
	if (!node)
		ms_doc_u64(doc, row, "more", visit->more);
	else if (node->frame == FRAME_BEYOND)
		ms_doc_bool(doc, row, "beyond", true);
	else
		ms_doc_frame(doc, row, &tree->sites->seen.items[node->frame].frame);
}

static ms_status write_tree(struct ms_doc *doc, json_t *array, struct tree *tree,
			    struct ms_error *err)
{
	struct visit visit = { 0 };
	ms_status status = push_children(tree, &visit, err);

	while (status == MS_OK && tree->stack_count) {
		visit = tree->stack[--tree->stack_count];
		if (tree->rows >= MAX_ROWS) {
			ms_doc_bool(doc, new_row(doc, array, tree, visit.level), "beyond",
				    true);
			break;
		}
		write_row(doc, array, tree, &visit);
		if (visit.node != NO_NODE && visit.level < MAX_LEVEL)
			status = push_children(tree, &visit, err);
	}
	return status;
}

ms_status ms_doc_callers(struct ms_doc *doc, json_t *object, const char *key,
			 struct ms_sites *sites, const struct ms_site *site,
			 enum memscope_sort sort, unsigned depth, struct ms_error *err)
{
	struct tree tree = { .sites = sites, .sort = sort, .depth = depth };
	json_t *array = ms_doc_array(doc, object, key);
	ms_status status = MS_OK;

	ms_map_init(&tree.children);
	if (ms_grow((void **)&tree.nodes, &tree.capacity, 0, sizeof(*tree.nodes)) < 0)
		status = ms_fail_memory(err);
	if (status == MS_OK)
		tree.nodes[tree.count++] =
			(struct node){ site->frame, NO_NODE, NO_NODE, 0 };
	for (uint32_t i = site->first; status == MS_OK && i != MS_FRAME_NONE;
	     i = sites->members[i].next)
		status = add_stack(&tree, &sites->members[i], err);
	if (status == MS_OK)
		status = write_tree(doc, array, &tree, err);
	ms_map_release(&tree.children);
	ms_free(tree.nodes);
	ms_free(tree.stack);
	return status;
}
