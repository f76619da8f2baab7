/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flame.c - stacks of profiles merged into one tree by function and module.
 *
 * Parents come before their children in a profile and in the tree, so that sums go up in
 * one pass from the last node to the first.
 */
#include "analyzer/render/flame.h"
#include "analyzer/base/alloc.h"
#include "analyzer/render/parts.h"
#include "analyzer/render/text_table.h"

#include <stdlib.h>
#include <string.h>

struct ms_flame_build {
	struct ms_text_table texts;
	struct ms_map by_frame; /* name << 32 | module to frame + 1 */
	struct ms_map by_child; /* parent << 32 | frame to node */
	size_t frame_capacity, node_capacity;
};

/* --- frames and nodes -----------------------------------------------------------------
 */

static int add_texts(struct ms_flame *f, const char *name, const char *module,
		     uint32_t *frame)
{
	struct ms_flame_build *b = f->build;
	int64_t n = ms_text_table_add(&b->texts, name);
	int64_t m = ms_text_table_add(&b->texts, module ? module : "");
	uint64_t *known;

	if (n < 0 || m < 0)
		return -1;
	known = ms_map_at(&b->by_frame, (uint64_t)n << 32 | (uint64_t)m, NULL);
	if (!known)
		return -1;
	if (!*known) {
		if (ms_grow((void **)&f->frames, &b->frame_capacity, f->frame_count,
			    sizeof(*f->frames)) < 0)
			return -1;
		f->frames[f->frame_count++] =
			(struct ms_flame_frame){ b->texts.items[n], b->texts.items[m] };
		*known = f->frame_count;
	}
	*frame = (uint32_t)(*known - 1);
	return 0;
}

/* Of each frame of a profile the one of the tree; for ms_free().  NULL: no memory. */
static uint32_t *name_frames(struct ms_flame *f, const struct ms_profile *p)
{
	uint32_t *frame_of = ms_alloc_zero(p->frame_count + 1, sizeof(*frame_of));
	struct ms_strbuf name;
	bool failed = !frame_of;

	ms_strbuf_init(&name);
	for (size_t i = 0; !failed && i < p->frame_count; i++) {
		const char *path = ms_profile_module_path(p, &p->frames[i]);

		ms_strbuf_clear(&name);
		ms_profile_name(&name, p, (uint32_t)i);
		failed = name.failed || add_texts(f, ms_strbuf_text(&name),
						  ms_base_name(path), &frame_of[i]) < 0;
	}
	ms_strbuf_release(&name);
	if (!failed)
		return frame_of;
	ms_free(frame_of);
	return NULL;
}

static int add_root(struct ms_flame *f)
{
	if (ms_grow((void **)&f->nodes, &f->build->node_capacity, 0, sizeof(*f->nodes)) <
	    0)
		return -1;
	f->nodes[f->node_count++] = (struct ms_flame_node){ .frame = MS_PROFILE_NONE };
	return 0;
}

/* From *node to its child of that frame, new when need be.  0, or -1: no memory. */
static int step(struct ms_flame *f, uint32_t *node, uint32_t frame)
{
	struct ms_flame_build *b = f->build;
	uint64_t *known = ms_map_at(&b->by_child, (uint64_t)*node << 32 | frame, NULL);
	uint32_t depth = f->nodes[*node].depth + 1;

	if (!known)
		return -1;
	if (!*known) {
		if (f->node_count >= MS_PROFILE_NONE ||
		    ms_grow((void **)&f->nodes, &b->node_capacity, f->node_count,
			    sizeof(*f->nodes)) < 0)
			return -1;
		*known = f->node_count;
		f->nodes[f->node_count++] = (struct ms_flame_node){ .parent = *node,
								    .frame = frame,
								    .depth = depth };
		f->levels = depth > f->levels ? depth : f->levels;
	}
	*node = (uint32_t)*known;
	return 0;
}

/* --- rows -----------------------------------------------------------------------------
 */

struct fill {
	struct ms_flame *flame;
	const struct ms_profile *profile;
	bool before;
	uint32_t *frame_of;
	uint32_t *node_of; /* + 1, of each node of the profile; 0: not yet */
	struct ms_node_path path;
};

/* The way of a stack from outside; its known part is skipped. */
static int place_outside_in(struct fill *fill, uint32_t node, uint32_t *out)
{
	const struct ms_profile *p = fill->profile;
	size_t count = 0;
	uint32_t at, n;

	for (n = node; n && !fill->node_of[n]; n = p->nodes[n].parent)
		count++;
	at = n ? fill->node_of[n] - 1 : 0;
	if (ms_node_path_reserve(&fill->path, count) < 0)
		return -1;
	for (n = node; count-- > 0; n = p->nodes[n].parent)
		fill->path.nodes[fill->path.count++] = n;
	while (fill->path.count) {
		n = fill->path.nodes[--fill->path.count];
		if (step(fill->flame, &at, fill->frame_of[p->nodes[n].frame]) < 0)
			return -1;
		fill->node_of[n] = at + 1;
	}
	*out = at;
	return 0;
}

static int place_inside_out(struct fill *fill, uint32_t node, uint32_t *out)
{
	const struct ms_profile *p = fill->profile;

	*out = 0;
	for (unsigned level = 0; node; node = p->nodes[node].parent) {
		if (level++ == MS_FLAME_LEVELS) {
			fill->flame->cut = true;
			break;
		}
		if (step(fill->flame, out, fill->frame_of[p->nodes[node].frame]) < 0)
			return -1;
	}
	return 0;
}

static int add_row(struct fill *fill, uint32_t node, uint64_t value)
{
	struct ms_flame *f = fill->flame;
	uint32_t at;

	if ((f->inverted ? place_inside_out(fill, node, &at)
			 : place_outside_in(fill, node, &at)) < 0)
		return -1;
	if (fill->before)
		f->nodes[at].self_before += value;
	else
		f->nodes[at].self += value;
	return 0;
}

static int add_side(struct ms_flame *f, const struct ms_flame_side *side, bool before)
{
	const struct ms_profile *p = side->profile;
	struct fill fill = { .flame = f, .profile = p, .before = before };
	bool failed;

	fill.frame_of = name_frames(f, p);
	fill.node_of = ms_alloc_zero(p->node_count + 1, sizeof(*fill.node_of));
	failed = !fill.frame_of || !fill.node_of;
	for (size_t i = 0; !failed && i < p->row_count; i++) {
		uint64_t value = p->rows[i].value[f->metric];

		if (value && (side->process == MS_PROFILE_NONE ||
			      side->process == p->rows[i].process))
			failed = add_row(&fill, p->rows[i].node, value) < 0;
	}
	f->estimated |= (p->estimated & 1u << f->metric) != 0;
	ms_node_path_release(&fill.path);
	ms_free(fill.node_of);
	ms_free(fill.frame_of);
	return failed ? -1 : 0;
}

static void sum_up(struct ms_flame *f)
{
	for (size_t i = 0; i < f->node_count; i++) {
		f->nodes[i].value = f->nodes[i].self;
		f->nodes[i].before = f->nodes[i].self_before;
	}
	for (size_t i = f->node_count; i-- > 1;) {
		struct ms_flame_node *parent = &f->nodes[f->nodes[i].parent];

		parent->value += f->nodes[i].value;
		parent->before += f->nodes[i].before;
	}
}

/* --- order ----------------------------------------------------------------------------
 */

struct child {
	uint32_t parent, node;
	uint64_t weight; /* 0 in an order of names */
	const struct ms_flame_frame *frame;
};

static int in_order(const void *a, const void *b)
{
	const struct child *x = a, *y = b;
	int names;

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	names = strcmp(x->frame->name, y->frame->name);
	return names ? names : strcmp(x->frame->module, y->frame->module);
}

static int link_children(struct ms_flame *f, bool by_name)
{
	struct child *all = ms_alloc_zero(f->node_count, sizeof(*all));
	size_t count = f->node_count - 1;

	if (!all)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct ms_flame_node *node = &f->nodes[i + 1];

		all[i] = (struct child){ node->parent, (uint32_t)i + 1,
					 by_name ? 0 : node->value,
					 &f->frames[node->frame] };
	}
	qsort(all, count, sizeof(*all), in_order);
	for (size_t i = count; i-- > 0;) {
		struct ms_flame_node *parent = &f->nodes[all[i].parent];

		f->nodes[all[i].node].next = parent->first;
		parent->first = all[i].node;
	}
	ms_free(all);
	return 0;
}

/* --- all of it ------------------------------------------------------------------------
 */

ms_status ms_flame_init(struct ms_flame *f, const struct ms_flame_ask *ask,
			struct ms_error *err)
{
	*f = (struct ms_flame){ .metric = ask->metric,
				.inverted = ask->inverted,
				.compared = ask->before.profile != NULL };
	f->build = ms_alloc_zero(1, sizeof(*f->build));
	if (!f->build)
		return ms_fail_memory(err);
	ms_text_table_init(&f->build->texts);
	ms_map_init(&f->build->by_frame);
	ms_map_init(&f->build->by_child);
	if (add_root(f) < 0 || add_side(f, &ask->after, false) < 0 ||
	    (f->compared && add_side(f, &ask->before, true) < 0))
		return ms_fail_memory(err);
	sum_up(f);
	return link_children(f, ask->by_name) < 0 ? ms_fail_memory(err) : MS_OK;
}

void ms_flame_release(struct ms_flame *f)
{
	if (f->build) {
		ms_text_table_release(&f->build->texts);
		ms_map_release(&f->build->by_frame);
		ms_map_release(&f->build->by_child);
	}
	ms_free(f->build);
	ms_free(f->frames);
	ms_free(f->nodes);
	*f = (struct ms_flame){ 0 };
}
