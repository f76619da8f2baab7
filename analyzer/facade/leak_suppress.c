/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leak_suppress.c - the lost blocks that suppressions take, and what hangs on them.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/facade/facade.h"
#include "analyzer/facade/leaks.h"

/* An indirect block goes the way of the one that it hangs on, as with LeakSanitizer. */
static const struct ms_leak_block *owner_of(const struct ms_leaks *leaks,
					    const struct ms_leak_block *block)
{
	return block->root != MS_LEAK_NO_ROOT ? &leaks->blocks[block->root] : block;
}

static ms_status ask(struct ms_suppressions *suppressions, uint32_t trace,
		     const struct ms_leak_block *by, uint64_t bytes, bool *taken,
		     struct ms_error *err)
{
	const struct ms_suppressible what = { .detector = "leak",
					      .kind = ms_leak_group_name(by->kind),
					      .trace = trace,
					      .stack = by->block.stack,
					      .event = by->block.kind,
					      .blocks = 1,
					      .bytes = bytes };
	const struct ms_suppression *taker;
	ms_status status = ms_suppressed(suppressions, &what, &taker, err);

	*taken = taker != NULL;
	return status;
}

static ms_status suppress_trace(struct ms_trace_leaks *t, uint32_t trace,
				struct ms_suppressions *suppressions,
				struct ms_error *err)
{
	const struct ms_leaks *leaks = t->leaks;
	ms_status status = MS_OK;

	t->taken = ms_alloc_zero(leaks->count, sizeof(*t->taken));
	if (!t->taken)
		return ms_fail_memory(err);
	for (size_t i = 0; status == MS_OK && i < leaks->count; i++) {
		const struct ms_leak_block *block = &leaks->blocks[i];
		const struct ms_leak_block *owner = owner_of(leaks, block);

		status = ask(suppressions, trace, block, block->block.size, &t->taken[i],
			     err);
		if (status == MS_OK && !t->taken[i] && owner != block)
			status = ask(suppressions, trace, owner, block->block.size,
				     &t->taken[i], err);
	}
	return status;
}

ms_status ms_facade_leaks_suppress(struct memscope *m, struct ms_trace_leaks *leaks,
				   struct ms_suppressions *suppressions,
				   struct ms_error *err)
{
	ms_status status = MS_OK;

	for (size_t i = 0; suppressions && status == MS_OK && i < m->count; i++)
		if (leaks[i].leaks && leaks[i].leaks->count)
			status =
				suppress_trace(&leaks[i], (uint32_t)i, suppressions, err);
	return status;
}
