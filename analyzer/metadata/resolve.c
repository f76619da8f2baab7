/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve.c - the names of many nodes at once, modules beside each other.
 *
 * A module's symbols belong to it alone, so a thread takes a whole module: elfutils'
 * handles are never shared.  The largest module is begun first.  What comes out is the
 * same as when each node is asked for by itself.
 */
#include "analyzer/base/alloc.h"
#include "analyzer/base/parallel.h"
#include "analyzer/metadata/inside.h"
#include "analyzer/metadata/module_symbols.h"

#include <libelf.h>
#include <stdlib.h>

/* Allocators are not this deep; a forged log's are, and are looked at one by one. */
#define MAX_ROUNDS 64

struct job { /* one module */
	struct ms_module_symbols *symbols;
	uint64_t *wheres;
	size_t count, room;
	ms_status status;
};

struct batch {
	struct ms_metadata *meta;
	unsigned threads;
	struct ms_map seen;	 /* each where once */
	struct ms_map by_module; /* struct ms_module_symbols * to its job + 1 */
	struct job *jobs;
	size_t count, room;
};

static void batch_init(struct batch *batch, struct ms_metadata *meta, unsigned threads)
{
	*batch = (struct batch){ .meta = meta, .threads = threads };
	ms_map_init(&batch->seen);
	ms_map_init(&batch->by_module);
}

static void batch_release(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		ms_free(batch->jobs[i].wheres);
	ms_free(batch->jobs);
	ms_map_release(&batch->seen);
	ms_map_release(&batch->by_module);
}

/* The job of a module, new when need be; NULL: no memory. */
static struct job *job_of(struct batch *batch, struct ms_module_symbols *symbols)
{
	uint64_t *place =
		ms_map_at(&batch->by_module, (uint64_t)(uintptr_t)symbols, NULL);

	if (!place)
		return NULL;
	if (*place)
		return &batch->jobs[*place - 1];
	if (MS_GROW(batch->jobs, batch->room, batch->count) < 0)
		return NULL;
	batch->jobs[batch->count++] = (struct job){ .symbols = symbols };
	*place = batch->count;
	return &batch->jobs[batch->count - 1];
}

/* Put where into its module's job, unless it is known or there already. */
static ms_status batch_add(struct batch *batch, uint64_t where)
{
	struct ms_module_symbols *symbols;
	struct job *job;
	bool is_new;

	if (!ms_map_at(&batch->seen, where, &is_new))
		return MS_ENOMEM;
	if (!is_new)
		return MS_OK;
	if (ms_symbols_module(&symbols, batch->meta, where) != MS_OK)
		return MS_ENOMEM;
	if (!symbols || ms_module_symbols_known(symbols, where))
		return MS_OK;
	job = job_of(batch, symbols);
	if (!job || MS_GROW(job->wheres, job->room, job->count) < 0)
		return MS_ENOMEM;
	job->wheres[job->count++] = where;
	return MS_OK;
}

static void do_job(void *context, unsigned worker, size_t index)
{
	struct job *job = &((struct batch *)context)->jobs[index];
	const struct ms_frames *frames;

	(void)worker;
	for (size_t i = 0; job->status == MS_OK && i < job->count; i++)
		job->status = ms_module_symbols_at(&frames, job->symbols, job->wheres[i]);
}

static int largest_first(const void *a, const void *b)
{
	const struct job *x = a, *y = b;

	return x->count != y->count ? (x->count < y->count ? 1 : -1) : 0;
}

/* Do all jobs, and forget them. */
static ms_status batch_run(struct batch *batch)
{
	ms_status status = MS_OK;

	/* libelf keeps it in a variable of its own, without a lock. */
	elf_version(EV_CURRENT);
	if (batch->count)
		qsort(batch->jobs, batch->count, sizeof(*batch->jobs), largest_first);
	ms_parallel(batch->threads, batch->count, do_job, batch);
	for (size_t i = 0; i < batch->count; i++) {
		status = batch->jobs[i].status != MS_OK ? batch->jobs[i].status : status;
		ms_free(batch->jobs[i].wheres);
	}
	batch->count = 0;
	ms_map_release(&batch->by_module);
	ms_map_init(&batch->by_module);
	return status;
}

/* --- which nodes -----------------------------------------------------------------------
 */

static ms_status add_stacks(struct batch *batch, const uint32_t *nodes, size_t count)
{
	struct ms_trie *trie = &batch->meta->trie;
	ms_status status = MS_OK;
	struct ms_map visited;

	ms_map_init(&visited);
	for (size_t i = 0; status == MS_OK && i < count; i++) {
		uint32_t node = nodes[i];
		struct ms_wire_node n;
		bool is_new = true;

		while (status == MS_OK && ms_trie_find(trie, node, &n)) {
			if (!ms_map_at(&visited, node, &is_new))
				status = MS_ENOMEM;
			if (status != MS_OK || !is_new)
				break;
			status = batch_add(batch, n.where);
			node = n.parent;
		}
	}
	ms_map_release(&visited);
	return status;
}

/* Of count nodes keep the parents of those that have no site; *count is set anew. */
static ms_status step_outwards(struct ms_metadata *meta, uint32_t *nodes, size_t *count)
{
	size_t kept = 0;

	for (size_t i = 0; i < *count; i++) {
		const struct ms_frames *frames;
		struct ms_wire_node n;

		if (!ms_trie_find(&meta->trie, nodes[i], &n))
			continue;
		if (ms_symbols_at(meta, n.where, &frames) != MS_OK)
			return MS_ENOMEM;
		if (frames->site == frames->count)
			nodes[kept++] = n.parent;
	}
	*count = kept;
	return MS_OK;
}

static ms_status resolve_sites(struct batch *batch, const uint32_t *stacks, size_t count)
{
	uint32_t *nodes = ms_alloc(count * sizeof(*nodes));
	ms_status status = nodes ? MS_OK : MS_ENOMEM;

	for (size_t i = 0; nodes && i < count; i++)
		nodes[i] = stacks[i];
	for (unsigned round = 0; status == MS_OK && count && round < MAX_ROUNDS;
	     round++) {
		struct ms_wire_node n;

		for (size_t i = 0; status == MS_OK && i < count; i++)
			if (ms_trie_find(&batch->meta->trie, nodes[i], &n))
				status = batch_add(batch, n.where);
		if (status == MS_OK)
			status = batch_run(batch);
		if (status == MS_OK)
			status = step_outwards(batch->meta, nodes, &count);
	}
	ms_free(nodes);
	return status;
}

ms_status ms_metadata_resolve(struct ms_metadata *meta, enum ms_resolve what,
			      const uint32_t *nodes, size_t count, unsigned threads,
			      struct ms_error *err)
{
	struct batch batch;
	ms_status status;

	batch_init(&batch, meta, threads);
	if (what == MS_RESOLVE_SITES) {
		status = resolve_sites(&batch, nodes, count);
	} else {
		status = add_stacks(&batch, nodes, count);
		if (status == MS_OK)
			status = batch_run(&batch);
	}
	batch_release(&batch);
	return status == MS_OK ? MS_OK : ms_fail_memory(err);
}

ms_status ms_metadata_resolve_all(struct ms_metadata *meta, unsigned threads,
				  struct ms_error *err)
{
	struct ms_trie_position position = { 0 };
	struct ms_wire_node n;
	struct batch batch;
	ms_status status = MS_OK;

	batch_init(&batch, meta, threads);
	while (status == MS_OK && ms_trie_next(&meta->trie, &position, &n))
		status = batch_add(&batch, n.where);
	if (status == MS_OK)
		status = batch_run(&batch);
	batch_release(&batch);
	return status == MS_OK ? MS_OK : ms_fail_memory(err);
}
