/* SPDX-License-Identifier: Apache-2.0 */
/*
 * profile_tree.c - stacks of all traces in one call tree.
 *
 * A log keeps its stacks as a tree too, so each of its nodes is looked at once, however
 * many stacks lead through it.
 */
#include "analyzer/facade/profile.h"
#include "analyzer/base/alloc.h"

static const struct ms_frame no_stack;

/* --- modules and frames
 * ------------------------------------------------------------------ */

/* A module that a trace has; its path is told by address: frames borrow it. */
static void describe(struct ms_profile_module *out, const struct memscope *m,
		     size_t trace, const char *path)
{
	size_t count;
	const struct ms_module *modules =
		ms_metadata_modules(m->traces[trace].meta, &count);

	*out = (struct ms_profile_module){ .path = path };
	for (size_t i = 0; i < count; i++) {
		if (modules[i].path != path)
			continue;
		*out = (struct ms_profile_module){ path,
						   modules[i].build_id,
						   modules[i].build_id_bytes,
						   modules[i].start,
						   modules[i].end,
						   modules[i].base };
		return;
	}
}

/* The index of a path's module; *failed: no memory. */
static uint32_t module_of(struct ms_profile_tree *tree, size_t trace, const char *path,
			  bool *failed)
{
	struct ms_profile *p = tree->profile;
	uint64_t *known;

	if (!path)
		return MS_PROFILE_NONE;
	known = ms_map_at(&tree->by_module, (uint64_t)(uintptr_t)path, NULL);
	if (known && !*known &&
	    ms_grow((void **)&p->modules, &tree->module_capacity, p->module_count,
		    sizeof(*p->modules)) == 0) {
		describe(&p->modules[p->module_count], tree->m, trace, path);
		*known = ++p->module_count;
	}
	*failed = !known || !*known;
	return *failed ? MS_PROFILE_NONE : (uint32_t)(*known - 1);
}

/* The frame as it counts: *out is it, or one that means the same in every run. */
static uint32_t frame_id(struct ms_profile_tree *tree, const struct ms_frame *frame,
			 struct ms_frame *out)
{
	uint32_t id;

	*out = *frame;
	if (!tree->normal)
		return ms_frames_id(&tree->seen, frame);
	id = ms_normal_frame(tree->normal, frame == &no_stack ? NULL : frame);
	if (id != MS_FRAME_NONE)
		*out = tree->normal->seen.items[id].frame;
	return id;
}

uint32_t ms_profile_tree_frame(struct ms_profile_tree *tree, size_t trace,
			       const struct ms_frame *as_is)
{
	struct ms_profile *p = tree->profile;
	struct ms_frame counts, *frame = &counts;
	uint32_t id = frame_id(tree, as_is, frame);
	bool failed = false;
	uint64_t *known;
	uint32_t module;

	if (id == MS_FRAME_NONE)
		return MS_PROFILE_NONE;
	known = ms_map_at(&tree->by_frame, (uint64_t)id << 1 | frame->inlined, NULL);
	if (!known)
		return MS_PROFILE_NONE;
	if (*known)
		return (uint32_t)(*known - 1);
	module = module_of(tree, trace, frame->module, &failed);
	if (failed || ms_grow((void **)&p->frames, &tree->frame_capacity, p->frame_count,
			      sizeof(*p->frames)) < 0)
		return MS_PROFILE_NONE;
	p->frames[p->frame_count++] = (struct ms_profile_frame){
		frame->function, frame->file,	 frame->address,	   module,
		frame->line,	 frame->inlined, ms_cut_reason(frame->cut)
	};
	*known = p->frame_count;
	return (uint32_t)(p->frame_count - 1);
}

/* --- nodes
 * ------------------------------------------------------------------------------ */

/* Step from *node to its child of that frame, new when need be.  0, or -1: no memory. */
static int step(struct ms_profile_tree *tree, size_t trace, uint32_t *node,
		const struct ms_frame *frame)
{
	struct ms_profile *p = tree->profile;
	uint32_t index = ms_profile_tree_frame(tree, trace, frame);
	uint64_t *known;

	if (index == MS_PROFILE_NONE)
		return -1;
	known = ms_map_at(&tree->by_child, (uint64_t)*node << 32 | index, NULL);
	if (!known)
		return -1;
	if (!*known) {
		if (p->node_count >= MS_PROFILE_NONE ||
		    ms_grow((void **)&p->nodes, &tree->node_capacity, p->node_count,
			    sizeof(*p->nodes)) < 0)
			return -1;
		*known = p->node_count;
		p->nodes[p->node_count++] = (struct ms_profile_node){ *node, index };
	}
	*node = (uint32_t)*known;
	return 0;
}

/* The frames of one node of the log, the function that owns the code first. */
static ms_status step_all(struct ms_profile_tree *tree, size_t trace, uint32_t logged,
			  uint32_t *node, struct ms_error *err)
{
	const struct ms_frame *frames;
	size_t count;
	ms_status status = ms_metadata_frames(tree->m->traces[trace].meta, logged,
					      &frames, &count, err);

	for (size_t i = count; status == MS_OK && i-- > 0;) {
		if (step(tree, trace, node, &frames[i]) < 0)
			status = ms_fail_memory(err);
	}
	if (status == MS_OK && ms_map_put(&tree->by_stack[trace], logged, *node) < 0)
		status = ms_fail_memory(err);
	return status;
}

/* Collect the nodes from a stack outwards to one that is known; *node is that, or 0. */
static int collect(struct ms_profile_tree *tree, size_t trace, uint32_t stack,
		   size_t *count, uint32_t *node)
{
	struct ms_metadata *meta = tree->m->traces[trace].meta;
	uint32_t module, parent;
	uint64_t offset;

	*node = 0;
	*count = 0;
	for (; ms_metadata_node(meta, stack, &module, &offset, &parent); stack = parent) {
		const uint64_t *known = ms_map_find(&tree->by_stack[trace], stack);

		if (known) {
			*node = (uint32_t)*known;
			break;
		}
		if (ms_grow((void **)&tree->chain, &tree->chain_capacity, *count,
			    sizeof(*tree->chain)) < 0)
			return -1;
		tree->chain[(*count)++] = stack;
	}
	return 0;
}

ms_status ms_profile_tree_node(struct ms_profile_tree *tree, size_t trace, uint32_t stack,
			       uint32_t *node, struct ms_error *err)
{
	ms_status status = MS_OK;
	size_t count;

	if (collect(tree, trace, stack, &count, node) < 0)
		return ms_fail_memory(err);
	while (status == MS_OK && count-- > 0)
		status = step_all(tree, trace, tree->chain[count], node, err);
	if (status == MS_OK && *node == 0 && step(tree, trace, node, &no_stack) < 0)
		status = ms_fail_memory(err);
	return status;
}

ms_status ms_profile_tree_init(struct ms_profile_tree *tree, struct memscope *m,
			       struct ms_profile *profile, struct ms_error *err)
{
	*tree = (struct ms_profile_tree){ .m = m, .profile = profile };
	ms_frames_init(&tree->seen);
	ms_map_init(&tree->by_frame);
	ms_map_init(&tree->by_child);
	ms_map_init(&tree->by_module);
	ms_map_init(&tree->by_row);
	tree->by_stack = ms_alloc_zero(m->count, sizeof(*tree->by_stack));
	if (!tree->by_stack || ms_grow((void **)&profile->nodes, &tree->node_capacity, 0,
				       sizeof(*profile->nodes)) < 0)
		return ms_fail_memory(err);
	profile->nodes[profile->node_count++] =
		(struct ms_profile_node){ 0, MS_PROFILE_NONE };
	return MS_OK;
}

void ms_profile_tree_release(struct ms_profile_tree *tree)
{
	ms_frames_release(&tree->seen);
	ms_map_release(&tree->by_frame);
	ms_map_release(&tree->by_child);
	ms_map_release(&tree->by_module);
	ms_map_release(&tree->by_row);
	for (size_t i = 0; tree->by_stack && i < tree->m->count; i++)
		ms_map_release(&tree->by_stack[i]);
	ms_free(tree->by_stack);
	ms_free(tree->chain);
}
