/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leak_blocks.c - every block that is not reachable, as rows.
 */
#include "analyzer/facade/blocks.h"
#include "analyzer/facade/leaks.h"
#include "analyzer/base/alloc.h"

#include <stdlib.h>
#include <string.h>

struct item {
	uint32_t trace;
	uint32_t index;
	uint64_t weight;
};

struct listing {
	struct memscope *m;
	const struct ms_trace_leaks *leaks;
	struct item *items;
	size_t count, capacity, next, limit;
	struct ms_strbuf site;
};

enum {
	KIND,
	ADDRESS,
	SIZE,
	HANGING,
	HANGING_BLOCKS,
	ROOT,
	CYCLE,
	AT,
	PID,
	STACK,
	SITE,
	COLUMNS
};

static const struct ms_column columns[COLUMNS] = {
	[KIND] = { "kind", "kind", MS_TYPE_TEXT, 0, "definite, indirect, possible" },
	[ADDRESS] = { "address", "address", MS_TYPE_ADDRESS, 14, "of the block" },
	[SIZE] = { "size", "bytes", MS_TYPE_COUNT, 0, "bytes asked for" },
	[HANGING] = { "hanging_bytes", "hanging", MS_TYPE_COUNT, 0,
		      "bytes of the blocks that are lost with it" },
	[HANGING_BLOCKS] = { "hanging_blocks", "blocks", MS_TYPE_COUNT, 0,
			     "how many those are" },
	[ROOT] = { "root", "hangs on", MS_TYPE_ADDRESS, 14,
		   "the definitely lost block that an indirect one hangs on" },
	[CYCLE] = { "cycle", "ring", MS_TYPE_TEXT, 0,
		    "yes: it is one of a ring of lost blocks" },
	[AT] = { "at_ns", "at, s", MS_TYPE_INSTANT, 0, "when it was made" },
	[PID] = { "pid", "pid", MS_TYPE_ID, 0, "of the process" },
	[STACK] = { "stack", "stack", MS_TYPE_ID, 0, "number of its stack" },
	[SITE] = { "site", "site", MS_TYPE_TEXT, 0,
		   "function and line that asked for it" },
};

static int heaviest_first(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	if (x->trace != y->trace)
		return x->trace < y->trace ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static int collect(struct listing *l, uint32_t trace)
{
	const struct ms_leaks *leaks = l->leaks[trace].leaks;

	for (size_t i = 0; leaks && i < leaks->count; i++) {
		const struct ms_leak_block *b = &leaks->blocks[i];

		if (!ms_leak_is_new(&l->leaks[trace], b) ||
		    (l->leaks[trace].taken && l->leaks[trace].taken[i]))
			continue;
		if (ms_grow((void **)&l->items, &l->capacity, l->count,
			    sizeof(*l->items)) < 0)
			return -1;
		l->items[l->count++] = (struct item){ trace, (uint32_t)i,
						      b->block.size + b->hanging_bytes };
	}
	return 0;
}

static ms_status next_block(struct ms_rows *rows, struct ms_value *values, bool *more,
			    struct ms_error *err)
{
	struct listing *l = rows->context;
	const struct ms_leak_block *b;
	const struct ms_leaks *leaks;
	const struct ms_trace *trace;
	ms_status status;

	*more = l->next < l->count && (!l->limit || l->next < l->limit);
	if (!*more)
		return MS_OK;
	trace = &l->m->traces[l->items[l->next].trace];
	leaks = l->leaks[l->items[l->next].trace].leaks;
	b = &leaks->blocks[l->items[l->next++].index];
	status = ms_facade_site_text(&l->site, trace->meta, b->block.stack, err);
	memset(values, 0, COLUMNS * sizeof(*values));
	values[KIND].text = ms_leak_group_name(b->kind);
	values[ADDRESS].number = b->block.address;
	values[SIZE].number = b->block.size;
	values[HANGING].number = b->hanging_bytes;
	values[HANGING_BLOCKS].number = b->hanging_blocks;
	values[ROOT].absent = b->root == MS_LEAK_NO_ROOT;
	if (!values[ROOT].absent)
		values[ROOT].number = leaks->blocks[b->root].block.address;
	values[CYCLE] = (struct ms_value){ .absent = !b->cycle, .text = "yes" };
	values[AT].number = b->block.at_ns;
	values[PID].number = ms_metadata_process(trace->meta)->pid;
	values[STACK] =
		(struct ms_value){ .absent = !b->block.stack, .number = b->block.stack };
	values[SITE] = (struct ms_value){ .absent = !b->block.stack,
					  .text = ms_strbuf_text(&l->site) };
	return status;
}

ms_status ms_facade_leak_blocks(struct memscope *m, const struct ms_trace_leaks *leaks,
				unsigned top, const struct memscope_output *output,
				struct ms_error *err)
{
	struct listing l = { .m = m, .leaks = leaks, .limit = top };
	struct ms_rows rows = { columns, COLUMNS, next_block, &l };
	ms_status status = MS_OK;

	ms_strbuf_init(&l.site);
	for (size_t i = 0; status == MS_OK && i < m->count; i++)
		if (collect(&l, (uint32_t)i) < 0)
			status = ms_fail_memory(err);
	if (l.count)
		qsort(l.items, l.count, sizeof(*l.items), heaviest_first);
	if (status == MS_OK)
		status = ms_facade_print_rows(&rows, "blocks", output, err);
	ms_strbuf_release(&l.site);
	ms_free(l.items);
	return status;
}
