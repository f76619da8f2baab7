/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols.c - the frames of nodes: which module each lies in, and those in none.
 */
#include "analyzer/metadata/symbols.h"

#include "analyzer/base/alloc.h"
#include "analyzer/metadata/inside.h"
#include "analyzer/metadata/module_symbols.h"
#include "analyzer/metadata/site.h"
#include "analyzer/metadata/symbol_cache.h"

struct ms_symbols {
	struct ms_arena arena;
	struct ms_map
		loose; /* where, in no module that is known, to struct ms_frames * */
	struct ms_map modules; /* id to struct ms_module_symbols * */
};

static struct ms_symbols *symbols_of(struct ms_metadata *meta)
{
	if (meta->symbols)
		return meta->symbols;
	meta->symbols = ms_alloc_zero(1, sizeof(*meta->symbols));
	if (!meta->symbols)
		return NULL;
	ms_arena_init(&meta->symbols->arena);
	ms_map_init(&meta->symbols->loose);
	ms_map_init(&meta->symbols->modules);
	return meta->symbols;
}

static struct ms_module_symbols *next_module(const struct ms_symbols *symbols,
					     size_t *position)
{
	uint64_t id, module;

	return ms_map_next(&symbols->modules, position, &id, &module)
		       ? (struct ms_module_symbols *)(uintptr_t)module
		       : NULL;
}

void ms_symbols_free(struct ms_symbols *symbols)
{
	struct ms_module_symbols *module;
	size_t position = 0;

	if (!symbols)
		return;
	while ((module = next_module(symbols, &position)) != NULL)
		ms_module_symbols_free(module);
	ms_map_release(&symbols->modules);
	ms_map_release(&symbols->loose);
	ms_arena_release(&symbols->arena);
	ms_free(symbols);
}

void ms_metadata_set_symbol_options(struct ms_metadata *meta,
				    const struct ms_symbol_options *options)
{
	meta->options = *options;
}

void ms_frames_find_site(struct ms_frames *frames)
{
	frames->site = 0;
	while (frames->site < frames->count &&
	       ms_site_is_plumbing(&frames->frames[frames->site]))
		frames->site++;
}

ms_status ms_symbols_module(struct ms_module_symbols **out, struct ms_metadata *meta,
			    uint64_t where)
{
	uint32_t id = (uint32_t)(where >> MS_WHERE_MODULE_SHIFT);
	struct ms_symbols *symbols = symbols_of(meta);
	const struct ms_module *module;
	const uint64_t *known;

	*out = NULL;
	if (!symbols)
		return MS_ENOMEM;
	known = ms_map_find(&symbols->modules, id);
	if (known) {
		*out = (struct ms_module_symbols *)(uintptr_t)*known;
		return MS_OK;
	}
	module = ms_metadata_module(meta, id);
	if (!module)
		return MS_OK;
	*out = ms_module_symbols_new(module, ms_metadata_fact(meta, "cwd", 0),
				     &meta->options);
	if (*out && ms_map_put(&symbols->modules, id, (uint64_t)(uintptr_t)*out) < 0) {
		ms_module_symbols_free(*out);
		*out = NULL;
	}
	return *out ? MS_OK : MS_ENOMEM;
}

/* --- what lies in no module ------------------------------------------------------------
 */

static struct ms_frames *make_loose(struct ms_symbols *symbols, uint64_t where)
{
	bool is_cut = where >> MS_WHERE_MODULE_SHIFT == MS_MODULE_CUT;
	uint64_t offset = where & MS_WHERE_OFFSET;
	struct ms_frame *frame = ms_arena_alloc(&symbols->arena, sizeof(*frame));
	struct ms_frames *frames = ms_arena_alloc(&symbols->arena, sizeof(*frames));

	if (!frame || !frames)
		return NULL;
	*frame = (struct ms_frame){ .address = is_cut ? 0 : offset };
	/* A cause that is not known here cuts the stack all the same. */
	if (is_cut)
		frame->cut =
			offset > 0 && offset <= UINT8_MAX ? (uint8_t)offset : UINT8_MAX;
	*frames = (struct ms_frames){ frame, 1, 0 };
	ms_frames_find_site(frames);
	return frames;
}

static ms_status loose_at(const struct ms_frames **out, struct ms_symbols *symbols,
			  uint64_t where)
{
	const uint64_t *known = ms_map_find(&symbols->loose, where);
	struct ms_frames *frames;

	if (known) {
		*out = (const struct ms_frames *)(uintptr_t)*known;
		return MS_OK;
	}
	frames = make_loose(symbols, where);
	if (!frames ||
	    ms_map_put(&symbols->loose, where, (uint64_t)(uintptr_t)frames) < 0)
		return MS_ENOMEM;
	*out = frames;
	return MS_OK;
}

/* --- asking ----------------------------------------------------------------------------
 */

ms_status ms_symbols_at(struct ms_metadata *meta, uint64_t where,
			const struct ms_frames **out)
{
	struct ms_module_symbols *module;

	*out = NULL;
	if (ms_symbols_module(&module, meta, where) != MS_OK)
		return MS_ENOMEM;
	return module ? ms_module_symbols_at(out, module, where)
		      : loose_at(out, meta->symbols, where);
}

ms_status ms_metadata_frames(struct ms_metadata *meta, uint32_t node,
			     const struct ms_frame **frames, size_t *count,
			     struct ms_error *err)
{
	const struct ms_frames *found;
	struct ms_wire_node n;

	*frames = NULL;
	*count = 0;
	if (!ms_trie_find(&meta->trie, node, &n))
		return MS_OK;
	if (ms_symbols_at(meta, n.where, &found) != MS_OK)
		return ms_fail_memory(err);
	*frames = found->frames;
	*count = found->count;
	return MS_OK;
}

ms_status ms_metadata_defines(enum ms_defines *answer, struct ms_metadata *meta,
			      uint32_t module_id, const char *const *names, size_t count,
			      struct ms_error *err)
{
	uint64_t where = (uint64_t)module_id << MS_WHERE_MODULE_SHIFT;
	struct ms_module_symbols *module;
	ms_status status = ms_symbols_module(&module, meta, where);

	*answer = MS_DEFINES_UNKNOWN;
	if (status == MS_OK && module)
		status = ms_module_symbols_defines(answer, module, names, count);
	return status == MS_OK ? MS_OK : ms_fail_memory(err);
}

bool ms_metadata_module_asked(const struct ms_metadata *meta, uint32_t module_id)
{
	return meta->symbols && ms_map_find(&meta->symbols->modules, module_id);
}

bool ms_metadata_module_file_differs(const struct ms_metadata *meta, uint32_t module_id)
{
	const uint64_t *module =
		meta->symbols ? ms_map_find(&meta->symbols->modules, module_id) : NULL;

	return module && ms_module_symbols_differs(
				 (const struct ms_module_symbols *)(uintptr_t)*module);
}

void ms_metadata_save_symbols(struct ms_metadata *meta)
{
	struct ms_module_symbols *module;
	size_t position = 0;
	bool is_saved = false;

	while (meta->symbols && (module = next_module(meta->symbols, &position)) != NULL)
		is_saved |= ms_module_symbols_save(module);
	if (is_saved)
		ms_symbol_cache_prune(meta->options.cache_dir, MS_SYMBOL_CACHE_BYTES);
}

ms_status ms_metadata_pack_symbols(struct ms_metadata *meta,
				   struct ms_pack_writer *writer, struct ms_error *err)
{
	size_t count;
	const struct ms_module *modules = ms_metadata_modules(meta, &count);

	for (size_t i = 0; meta->symbols && i < count; i++) {
		const uint64_t *module =
			ms_map_find(&meta->symbols->modules, modules[i].id);

		if (module &&
		    ms_module_symbols_pack((struct ms_module_symbols *)(uintptr_t)*module,
					   writer) != MS_OK)
			return ms_fail_memory(err);
	}
	return MS_OK;
}
