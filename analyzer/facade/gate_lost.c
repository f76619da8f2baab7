/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate_lost.c - what is lost and not suppressed, by stack.
 *
 * Definitely lost blocks and those that hang on them.  Whoever lives with a lost block
 * lives with what hangs on it, too.
 */
#include "analyzer/facade/gate.h"
#include "analyzer/base/alloc.h"

#include <stdio.h>

struct pass { /* over the blocks of one trace */
	struct ms_gate_losses *losses;
	struct ms_suppressions *suppressions;
	const struct ms_leaks *leaks;
	uint32_t trace;
	struct ms_map stacks[MS_LEAK_KINDS]; /* of each kind, to a place in groups + 1 */
	struct group {
		uint32_t stack;
		uint8_t kind;
		bool suppressed;
		uint64_t bytes, blocks;
	} * groups;
	size_t count, capacity;
};

bool ms_gate_is_excused(const struct ms_trace *trace)
{
	return ms_log_status(trace->log)->end != MS_END_EXITED &&
	       ms_metadata_became(trace->meta);
}

/* --- one trace
 * -------------------------------------------------------------------------- */

static struct group *group_of(struct pass *pass, unsigned kind, uint32_t stack)
{
	uint64_t *index = ms_map_at(&pass->stacks[kind], stack, NULL);

	if (!index)
		return NULL;
	if (*index)
		return &pass->groups[*index - 1];
	if (ms_grow((void **)&pass->groups, &pass->capacity, pass->count,
		    sizeof(*pass->groups)) < 0)
		return NULL;
	pass->groups[pass->count] =
		(struct group){ .stack = stack, .kind = (uint8_t)kind };
	*index = ++pass->count;
	return &pass->groups[pass->count - 1];
}

/* Does it hang on a block that is suppressed? */
static bool goes_with_root(const struct pass *pass, const struct ms_leak_block *block)
{
	const struct ms_leak_block *root;
	const uint64_t *index;

	if (block->root >= pass->leaks->count)
		return false;
	root = &pass->leaks->blocks[block->root];
	index = ms_map_find(&pass->stacks[MS_LEAK_DEFINITE], root->block.stack);
	return index && *index && pass->groups[*index - 1].suppressed;
}

static ms_status group(struct pass *pass, unsigned kind, struct ms_error *err)
{
	for (size_t i = 0; i < pass->leaks->count; i++) {
		const struct ms_leak_block *block = &pass->leaks->blocks[i];
		struct group *g;

		if (block->kind != kind ||
		    (kind == MS_LEAK_INDIRECT && goes_with_root(pass, block)))
			continue;
		g = group_of(pass, kind, block->block.stack);
		if (!g)
			return ms_fail_memory(err);
		g->bytes += block->block.size;
		g->blocks++;
	}
	return MS_OK;
}

static ms_status suppress(struct pass *pass, size_t from, struct ms_error *err)
{
	ms_status status = MS_OK;

	for (size_t i = from; status == MS_OK && i < pass->count; i++) {
		struct group *g = &pass->groups[i];
		const struct ms_suppressible what = {
			.detector = "leak",
			.kind = ms_leak_names[g->kind],
			.trace = pass->trace,
			.stack = g->stack,
			.blocks = g->blocks,
			.bytes = g->bytes,
		};
		const struct ms_suppression *by;

		status = ms_suppressed(pass->suppressions, &what, &by, err);
		g->suppressed = status == MS_OK && by;
	}
	return status;
}

static ms_status add_lost(struct ms_gate_losses *losses, uint32_t trace,
			  const struct group *g, struct ms_error *err)
{
	uint64_t *index =
		ms_map_at(&losses->by_stack, (uint64_t)trace << 32 | g->stack, NULL);

	if (!index)
		return ms_fail_memory(err);
	if (!*index) {
		if (ms_grow((void **)&losses->items, &losses->capacity, losses->count,
			    sizeof(*losses->items)) < 0)
			return ms_fail_memory(err);
		losses->items[losses->count] =
			(struct ms_gate_lost){ .trace = trace, .stack = g->stack };
		*index = ++losses->count;
	}
	losses->items[*index - 1].bytes += g->bytes;
	losses->items[*index - 1].blocks += g->blocks;
	losses->bytes += g->bytes;
	losses->blocks += g->blocks;
	return MS_OK;
}

static ms_status add_trace(struct pass *pass, struct ms_error *err)
{
	ms_status status = group(pass, MS_LEAK_DEFINITE, err);
	size_t definite = pass->count;

	if (status == MS_OK)
		status = suppress(pass, 0, err);
	if (status == MS_OK)
		status = group(pass, MS_LEAK_INDIRECT, err);
	if (status == MS_OK)
		status = suppress(pass, definite, err);
	for (size_t i = 0; status == MS_OK && i < pass->count; i++)
		if (!pass->groups[i].suppressed)
			status = add_lost(pass->losses, pass->trace, &pass->groups[i],
					  err);
	return status;
}

static ms_status see_trace(struct ms_gate_losses *losses,
			   struct ms_suppressions *suppressions,
			   const struct ms_leaks *leaks, uint32_t trace,
			   struct ms_error *err)
{
	struct pass pass = { .losses = losses,
			     .suppressions = suppressions,
			     .leaks = leaks,
			     .trace = trace };
	ms_status status;

	for (unsigned k = 0; k < MS_LEAK_KINDS; k++)
		ms_map_init(&pass.stacks[k]);
	status = add_trace(&pass, err);
	for (unsigned k = 0; k < MS_LEAK_KINDS; k++)
		ms_map_release(&pass.stacks[k]);
	ms_free(pass.groups);
	return status;
}

/* --- all of them
 * ------------------------------------------------------------------------ */

static ms_status see(struct ms_gate_losses *losses, struct memscope *m, size_t i,
		     struct ms_suppressions *suppressions, struct ms_error *err)
{
	struct ms_trace_leaks found = { .map = NULL };
	ms_status status = ms_facade_lost(m, &m->traces[i], &found, err);

	if (status == MS_OK && found.leaks) {
		losses->excused = false;
		losses->parts |= !found.leaks->whole;
		status = see_trace(losses, suppressions, found.leaks, (uint32_t)i, err);
	} else if (status == MS_OK && !ms_gate_is_excused(&m->traces[i])) {
		losses->excused = false;
		snprintf(losses->text, sizeof(losses->text), "%s",
			 found.reason ? found.reason : "no pointer map");
		losses->lacks = losses->text;
	}
	ms_leaks_free(found.leaks);
	return status;
}

ms_status ms_gate_losses_init(struct ms_gate_losses *losses, struct memscope *m,
			      struct ms_suppressions *suppressions, struct ms_error *err)
{
	ms_status status = MS_OK;

	*losses = (struct ms_gate_losses){ .excused = true };
	ms_map_init(&losses->by_stack);
	for (size_t i = 0; status == MS_OK && i < m->count; i++)
		status = see(losses, m, i, suppressions, err);
	return status;
}

void ms_gate_losses_release(struct ms_gate_losses *losses)
{
	ms_map_release(&losses->by_stack);
	ms_free(losses->items);
	*losses = (struct ms_gate_losses){ 0 };
}
