/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.c - where functions and lines come from, and finding many at once.
 *
 * A report knows which stacks it will print before it prints any: asked for together,
 * their modules are read beside each other.
 */
#include "analyzer/facade/names.h"

#include "analyzer/base/alloc.h"
#include "analyzer/facade/sites.h"

#include <string.h>

/* A copy of text, which may be NULL.  false: no memory. */
static bool copy(char **out, const char *text)
{
	*out = text ? ms_strdup(text) : NULL;
	return *out || !text;
}

ms_status ms_names_open(struct ms_names *names,
			const struct memscope_open_options *options, struct ms_error *err)
{
	ms_status status = MS_OK;

	*names = (struct ms_names){ .packs = NULL };
	if (!copy(&names->debug_dirs, options->debug_dirs) ||
	    !copy(&names->cache_dir, options->symbol_cache))
		return ms_fail_memory(err);
	if (options->symbols)
		status = ms_packs_open(&names->packs, options->symbols, err);
	if (status != MS_OK)
		return status;
	names->options = (struct ms_symbol_options){
		.debuginfod = options->debuginfod,
		.debug_dirs = names->debug_dirs,
		.symbol_dirs = names->packs ? ms_packs_dirs(names->packs) : NULL,
		.packs = names->packs,
		.cache_dir = names->cache_dir,
	};
	return MS_OK;
}

void ms_names_close(struct ms_names *names)
{
	ms_packs_free(names->packs);
	ms_free(names->debug_dirs);
	ms_free(names->cache_dir);
	*names = (struct ms_names){ .packs = NULL };
}

ms_status ms_names_of_view(const struct ms_views *views, size_t trace,
			   enum ms_resolve what, struct ms_error *err)
{
	const struct ms_trace *t = &views->m->traces[trace];
	size_t count;
	const struct ms_stack_figures *stacks = ms_view_stacks(views, trace, &count);
	uint32_t *nodes = ms_alloc(count * sizeof(*nodes));
	ms_status status;

	for (size_t i = 0; nodes && i < count; i++)
		nodes[i] = stacks[i].stack;
	status = nodes ? ms_metadata_resolve(t->meta, what, nodes, count, t->threads, err)
		       : ms_fail_memory(err);
	ms_free(nodes);
	/* The next trace may have the same modules. */
	if (status == MS_OK && views->m->count > 1)
		ms_metadata_save_symbols(t->meta);
	return status;
}

ms_status ms_names_of_views(const struct ms_views *views, enum ms_resolve what,
			    struct ms_error *err)
{
	ms_status status = MS_OK;

	for (size_t i = 0; status == MS_OK && i < views->m->count; i++)
		status = ms_names_of_view(views, i, what, err);
	return status;
}

struct wanted {
	const struct ms_sites *sites;
	size_t whole, count; /* sites of which all, and of which the heaviest */
};

/* Collect the stacks that trace has of those wanted. */
static size_t stacks_of(uint32_t *nodes, const struct wanted *wanted, uint32_t trace)
{
	const struct ms_sites *sites = wanted->sites;
	size_t found = 0;

	for (size_t i = 0; i < wanted->count && i < sites->count; i++) {
		const struct ms_site *site = &sites->items[i];
		uint32_t j = i < wanted->whole ? site->first : site->heaviest;

		while (j != MS_FRAME_NONE) {
			if (sites->members[j].trace == trace)
				nodes[found++] = sites->members[j].stack;
			j = i < wanted->whole ? sites->members[j].next : MS_FRAME_NONE;
		}
	}
	return found;
}

ms_status ms_names_of_stacks(const struct ms_sites *sites, size_t whole, size_t count,
			     struct ms_error *err)
{
	const struct wanted wanted = { sites, whole, count };
	uint32_t *nodes = ms_alloc(sites->member_count * sizeof(*nodes));
	ms_status status = nodes ? MS_OK : ms_fail_memory(err);

	for (size_t t = 0; status == MS_OK && t < sites->m->count; t++)
		status =
			ms_metadata_resolve(sites->m->traces[t].meta, MS_RESOLVE_STACKS,
					    nodes, stacks_of(nodes, &wanted, (uint32_t)t),
					    sites->m->traces[t].threads, err);
	ms_free(nodes);
	return status;
}
