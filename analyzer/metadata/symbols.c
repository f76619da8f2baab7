/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbols.c - the frames of addresses, each resolved once.
 *
 * Nodes of the trie share addresses, addresses share functions and files: each is kept
 * once, and a module's files are opened when the first of its addresses is asked for.
 */
#include "analyzer/metadata/symbols.h"

#include "analyzer/base/alloc.h"
#include "analyzer/metadata/demangle.h"
#include "analyzer/metadata/inside.h"
#include "analyzer/metadata/site.h"
#include "analyzer/metadata/source_path.h"
#include "analyzer/metadata/symbol_file.h"
#include "analyzer/metadata/texts.h"

#include <string.h>

/* A name is cut there; no compiler makes such names, and a file may claim any. */
#define NAME_BYTES 65536

struct module_files {
	struct ms_symbol_file *file; /* NULL: nothing to ask */
	bool differs;
};

struct ms_symbols {
	struct ms_texts texts;
	struct ms_map addresses; /* where to struct ms_frames * */
	struct ms_map modules;	 /* id to struct module_files * */
	struct ms_map readable;	 /* a symbol's text in its file to the demangled one */
	struct ms_strbuf path;
	struct ms_code code; /* of the address being resolved */
};

static struct ms_symbols *symbols_new(void)
{
	struct ms_symbols *symbols = ms_alloc_zero(1, sizeof(*symbols));

	if (!symbols)
		return NULL;
	ms_texts_init(&symbols->texts);
	ms_map_init(&symbols->addresses);
	ms_map_init(&symbols->modules);
	ms_map_init(&symbols->readable);
	ms_strbuf_init(&symbols->path);
	return symbols;
}

void ms_symbols_free(struct ms_symbols *symbols)
{
	size_t position = 0;
	uint64_t id, files;

	if (!symbols)
		return;
	while (ms_map_next(&symbols->modules, &position, &id, &files))
		ms_symbol_file_close(((struct module_files *)(uintptr_t)files)->file);
	ms_map_release(&symbols->modules);
	ms_map_release(&symbols->addresses);
	ms_map_release(&symbols->readable);
	ms_strbuf_release(&symbols->path);
	ms_texts_release(&symbols->texts);
	ms_free(symbols);
}

void ms_metadata_set_symbol_options(struct ms_metadata *meta,
				    const struct ms_symbol_options *options)
{
	meta->options = *options;
}

/* --- texts -----------------------------------------------------------------------------
 */

/* The name without the version of its symbol (memcpy@@GLIBC_2.14). */
static size_t plain_length(const char *name)
{
	size_t len = strnlen(name, NAME_BYTES);
	const char *at = len > 1 ? memchr(name + 1, '@', len - 1) : NULL;

	return at ? (size_t)(at - name) : len;
}

/* The readable form of linkage, or NULL when it has none. */
static ms_status demangle(const char **out, struct ms_symbols *symbols,
			  const char *linkage)
{
	char *plain = ms_strndup(linkage, plain_length(linkage)), *readable = NULL;
	ms_status status = plain ? ms_demangle(&readable, plain) : MS_ENOMEM;

	*out = NULL;
	if (status == MS_OK && readable) {
		*out = ms_texts_keep(&symbols->texts, readable, strlen(readable));
		status = *out ? MS_OK : MS_ENOMEM;
	}
	ms_free(readable);
	ms_free(plain);
	return status;
}

/* Texts of a file stay where they are while it is open: their address stands for them. */
static ms_status demangle_once(const char **out, struct ms_symbols *symbols,
			       const char *linkage)
{
	uint64_t key = (uint64_t)(uintptr_t)linkage;
	const uint64_t *known = ms_map_find(&symbols->readable, key);
	ms_status status;

	if (known) {
		*out = (const char *)(uintptr_t)*known;
		return MS_OK;
	}
	status = demangle(out, symbols, linkage);
	if (status == MS_OK &&
	    ms_map_put(&symbols->readable, key, (uint64_t)(uintptr_t)*out) < 0)
		status = MS_ENOMEM;
	return status;
}

static ms_status function_of(const char **out, struct ms_symbols *symbols,
			     const struct ms_code_level *level)
{
	const char *name = level->name;

	*out = NULL;
	if (level->linkage) {
		ms_status status = demangle_once(out, symbols, level->linkage);

		if (status != MS_OK || *out)
			return status;
		if (!name || ms_is_mangled(level->linkage))
			name = level->linkage;
	}
	if (!name)
		return MS_OK;
	*out = ms_texts_keep(&symbols->texts, name,
			     name == level->linkage ? plain_length(name)
						    : strnlen(name, NAME_BYTES));
	return *out ? MS_OK : MS_ENOMEM;
}

static ms_status file_of(const char **out, struct ms_symbols *symbols,
			 const struct ms_code_level *level)
{
	*out = NULL;
	if (!level->file)
		return MS_OK;
	ms_source_path(&symbols->path, level->directory, level->file);
	if (symbols->path.failed)
		return MS_ENOMEM;
	*out = ms_texts_keep(&symbols->texts, ms_strbuf_text(&symbols->path),
			     symbols->path.len);
	return *out ? MS_OK : MS_ENOMEM;
}

/* --- frames ----------------------------------------------------------------------------
 */

/* The files of module, opened the first time. */
static ms_status files_of(struct module_files **out, struct ms_metadata *meta,
			  const struct ms_module *module)
{
	struct ms_symbols *symbols = meta->symbols;
	const uint64_t *known = ms_map_find(&symbols->modules, module->id);
	struct module_files *files;
	ms_status status;

	*out = known ? (struct module_files *)(uintptr_t)*known : NULL;
	if (known)
		return MS_OK;
	files = ms_arena_alloc(&symbols->texts.arena, sizeof(*files));
	if (!files)
		return MS_ENOMEM;
	status = ms_symbol_file_open(&files->file, &files->differs, module,
				     ms_metadata_fact(meta, "cwd", 0), &meta->options);
	if (status == MS_OK &&
	    ms_map_put(&symbols->modules, module->id, (uint64_t)(uintptr_t)files) < 0) {
		ms_symbol_file_close(files->file);
		status = MS_ENOMEM;
	}
	if (status == MS_OK)
		*out = files;
	return status;
}

/* What the files of module know about the place of a node. */
static ms_status look_up(struct ms_metadata *meta, const struct ms_module *module,
			 uint64_t where)
{
	/* A call ends where it returns to: a byte before is inside it. */
	uint64_t back = where & MS_WHERE_EXACT ? 0 : 1, offset = where & MS_WHERE_OFFSET;
	struct module_files *files;
	ms_status status;

	meta->symbols->code.count = 0;
	if (!module)
		return MS_OK;
	status = files_of(&files, meta, module);
	if (status == MS_OK && files->file && offset >= back)
		status = ms_symbol_file_find(&meta->symbols->code, files->file,
					     offset - back);
	return status;
}

static ms_status fill(struct ms_frame *frames, size_t count, struct ms_symbols *symbols)
{
	const struct ms_code *code = &symbols->code;

	for (size_t i = 0; i < code->count; i++) {
		const struct ms_code_level *level = &code->levels[i];

		if (function_of(&frames[i].function, symbols, level) != MS_OK ||
		    file_of(&frames[i].file, symbols, level) != MS_OK)
			return MS_ENOMEM;
		frames[i].line = level->line;
		frames[i].inlined = i + 1 < count;
	}
	return MS_OK;
}

static uint32_t find_site(const struct ms_frames *frames)
{
	uint32_t site = 0;

	while (site < frames->count && ms_site_is_plumbing(&frames->frames[site]))
		site++;
	return site;
}

static ms_status resolve(struct ms_frames **out, struct ms_metadata *meta, uint64_t where)
{
	uint32_t id = (uint32_t)(where >> MS_WHERE_MODULE_SHIFT);
	uint64_t offset = where & MS_WHERE_OFFSET;
	const struct ms_module *module = ms_metadata_module(meta, id);
	struct ms_frame start = { .module = module ? module->path : NULL,
				  .address = id == MS_MODULE_CUT ? 0 : offset };
	struct ms_symbols *symbols = meta->symbols;
	struct ms_frame *frames;
	size_t count;

	if (look_up(meta, module, where) != MS_OK)
		return MS_ENOMEM;
	/* A cause that is not known here cuts the stack all the same. */
	if (id == MS_MODULE_CUT)
		start.cut =
			offset > 0 && offset <= UINT8_MAX ? (uint8_t)offset : UINT8_MAX;
	count = symbols->code.count ? symbols->code.count : 1;
	frames = ms_arena_alloc(&symbols->texts.arena, count * sizeof(*frames));
	*out = ms_arena_alloc(&symbols->texts.arena, sizeof(**out));
	if (!frames || !*out)
		return MS_ENOMEM;
	for (size_t i = 0; i < count; i++)
		frames[i] = start;
	if (fill(frames, count, symbols) != MS_OK)
		return MS_ENOMEM;
	**out = (struct ms_frames){ frames, (uint32_t)count, 0 };
	(*out)->site = find_site(*out);
	return MS_OK;
}

ms_status ms_symbols_at(struct ms_metadata *meta, uint64_t where,
			const struct ms_frames **out)
{
	const uint64_t *known;
	struct ms_frames *frames;

	*out = NULL;
	if (!meta->symbols)
		meta->symbols = symbols_new();
	if (!meta->symbols)
		return MS_ENOMEM;
	known = ms_map_find(&meta->symbols->addresses, where);
	if (known) {
		*out = (const struct ms_frames *)(uintptr_t)*known;
		return MS_OK;
	}
	if (resolve(&frames, meta, where) != MS_OK ||
	    ms_map_put(&meta->symbols->addresses, where, (uint64_t)(uintptr_t)frames) < 0)
		return MS_ENOMEM;
	*out = frames;
	return MS_OK;
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

bool ms_metadata_module_file_differs(const struct ms_metadata *meta, uint32_t module_id)
{
	const uint64_t *files =
		meta->symbols ? ms_map_find(&meta->symbols->modules, module_id) : NULL;

	return files && ((const struct module_files *)(uintptr_t)*files)->differs;
}
