/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leak_sites.c - the lost blocks by kind and by the line that asked for them.
 */
#include "analyzer/facade/leaks.h"
#include "analyzer/base/alloc.h"

#include <stdlib.h>

struct pass { /* over one trace: first its stacks, each looked up once */
	struct ms_leak_site *stacks;
	size_t count, capacity;
	struct ms_map by_stack; /* stack << 3 | kind */
};

static void add(struct ms_leak_site *to, const struct ms_leak_site *from)
{
	to->bytes += from->bytes;
	to->blocks += from->blocks;
	to->hanging_bytes += from->hanging_bytes;
	to->hanging_blocks += from->hanging_blocks;
	to->cycle_blocks += from->cycle_blocks;
	to->before_bytes += from->before_bytes;
	to->before_blocks += from->before_blocks;
	to->new_bytes += from->new_bytes;
	to->new_blocks += from->new_blocks;
	to->unlinked_bytes += from->unlinked_bytes;
	to->unlinked_blocks += from->unlinked_blocks;
}

/* The item of key in a vector that by_key names, zero when it is new; NULL: no memory. */
static struct ms_leak_site *item_of(struct ms_map *by_key, uint64_t key,
				    struct ms_leak_site **items, size_t *count,
				    size_t *capacity)
{
	uint64_t *index = ms_map_at(by_key, key, NULL);

	if (!index)
		return NULL;
	if (*index)
		return &(*items)[*index - 1];
	if (ms_grow((void **)items, capacity, *count, sizeof(**items)) < 0)
		return NULL;
	(*items)[*count] = (struct ms_leak_site){ 0 };
	*index = ++*count;
	return &(*items)[*count - 1];
}

static ms_status add_block(struct pass *pass, const struct ms_leak_block *block,
			   uint32_t trace, const struct ms_leak_site *figures,
			   struct ms_error *err)
{
	uint64_t key = (uint64_t)block->block.stack << 3 | block->kind;
	struct ms_leak_site *s = item_of(&pass->by_stack, key, &pass->stacks,
					 &pass->count, &pass->capacity);

	if (!s)
		return ms_fail_memory(err);
	s->kind = block->kind;
	s->trace = trace;
	s->stack = block->block.stack;
	add(s, figures);
	return MS_OK;
}

static ms_status add_now(struct pass *pass, const struct ms_trace_leaks *leaks,
			 const struct ms_leak_block *b, uint32_t trace,
			 struct ms_error *err)
{
	struct ms_leak_site one = {
		.bytes = b->block.size,
		.blocks = 1,
		.hanging_bytes = b->hanging_bytes,
		.hanging_blocks = b->hanging_blocks,
		.cycle_blocks = b->cycle,
	};

	if (leaks->since && ms_leak_is_new(leaks, b)) {
		bool was_there = ms_leaks_find(leaks->since, &b->block);

		one.new_bytes = b->block.size;
		one.new_blocks = 1;
		one.unlinked_bytes = was_there ? b->block.size : 0;
		one.unlinked_blocks = was_there;
	}
	return add_block(pass, b, trace, &one, err);
}

static ms_status group_stacks(struct pass *pass, const struct ms_trace_leaks *leaks,
			      uint32_t trace, struct ms_error *err)
{
	const struct ms_leaks *now = leaks->leaks, *since = leaks->since;
	ms_status status = MS_OK;

	for (size_t i = 0; status == MS_OK && i < now->count; i++)
		if (!leaks->taken || !leaks->taken[i])
			status = add_now(pass, leaks, &now->blocks[i], trace, err);
	for (size_t i = 0; since && status == MS_OK && i < since->count; i++) {
		const struct ms_leak_site one = {
			.before_bytes = since->blocks[i].block.size,
			.before_blocks = 1,
		};

		status = add_block(pass, &since->blocks[i], trace, &one, err);
	}
	return status;
}

static ms_status add_stack(struct ms_leak_sites *sites, struct ms_metadata *meta,
			   const struct ms_leak_site *stack, struct ms_error *err)
{
	const struct ms_frame *frame;
	ms_status status = ms_metadata_site(meta, stack->stack, &frame, err);
	struct ms_leak_site *site;
	uint32_t id;

	if (status != MS_OK)
		return status;
	id = ms_frames_id(&sites->seen, frame);
	if (id == MS_FRAME_NONE)
		return ms_fail_memory(err);
	site = item_of(&sites->by_key, (uint64_t)id << 3 | stack->kind, &sites->items,
		       &sites->count, &sites->capacity);
	if (!site)
		return ms_fail_memory(err);
	site->frame = id;
	site->kind = stack->kind;
	add(site, stack);
	if (!site->heaviest || stack->bytes + stack->hanging_bytes >= site->heaviest) {
		site->heaviest = stack->bytes + stack->hanging_bytes + 1;
		site->trace = stack->trace;
		site->stack = stack->stack;
	}
	return MS_OK;
}

static ms_status add_trace(struct ms_leak_sites *sites, const struct ms_trace *trace,
			   uint32_t number, const struct ms_trace_leaks *leaks,
			   struct ms_error *err)
{
	struct pass pass = { 0 };
	ms_status status;

	ms_map_init(&pass.by_stack);
	status = group_stacks(&pass, leaks, number, err);
	for (size_t i = 0; status == MS_OK && i < pass.count; i++)
		status = add_stack(sites, trace->meta, &pass.stacks[i], err);
	ms_map_release(&pass.by_stack);
	ms_free(pass.stacks);
	return status;
}

unsigned ms_leak_rank(unsigned kind)
{
	static const unsigned ranks[MS_LEAK_GROUPS] = {
		[MS_LEAK_DEFINITE] = 0,	    [MS_LEAK_POSSIBLE] = 1,
		[MS_LEAK_UNCLASSIFIED] = 2, [MS_LEAK_INDIRECT] = 3,
		[MS_LEAK_REACHABLE] = 4,
	};

	return ranks[kind];
}

static int heaviest_first(const void *a, const void *b)
{
	const struct ms_leak_site *x = a, *y = b;
	uint64_t bx = x->bytes + x->hanging_bytes, by = y->bytes + y->hanging_bytes;

	if (x->kind != y->kind)
		return ms_leak_rank(x->kind) < ms_leak_rank(y->kind) ? -1 : 1;
	if (bx != by)
		return bx < by ? 1 : -1;
	if (x->blocks != y->blocks)
		return x->blocks < y->blocks ? 1 : -1;
	/* ids follow the order of first appearance, which a log always gives alike */
	return x->frame < y->frame ? -1 : x->frame > y->frame;
}

ms_status ms_leak_sites_init(struct ms_leak_sites *sites, struct memscope *m,
			     const struct ms_trace_leaks *leaks, struct ms_error *err)
{
	ms_status status = MS_OK;

	*sites = (struct ms_leak_sites){ 0 };
	ms_frames_init(&sites->seen);
	ms_map_init(&sites->by_key);
	for (size_t i = 0; status == MS_OK && i < m->count; i++)
		if (leaks[i].leaks)
			status = add_trace(sites, &m->traces[i], (uint32_t)i, &leaks[i],
					   err);
	if (status != MS_OK)
		ms_leak_sites_release(sites);
	else if (sites->count)
		qsort(sites->items, sites->count, sizeof(*sites->items), heaviest_first);
	return status;
}

void ms_leak_sites_release(struct ms_leak_sites *sites)
{
	ms_frames_release(&sites->seen);
	ms_map_release(&sites->by_key);
	ms_free(sites->items);
	*sites = (struct ms_leak_sites){ 0 };
}
