/* SPDX-License-Identifier: Apache-2.0 */
/*
 * module_symbols.c - the frames of one module's addresses, each resolved once.
 *
 * Names come from a pack that the user named, from the cache, or from the module's files,
 * which are opened when the first address is asked for that nobody else knows.  Addresses
 * share functions and files: each text is kept once.
 */
#include "analyzer/metadata/module_symbols.h"

#include "analyzer/base/alloc.h"
#include "analyzer/base/map.h"
#include "analyzer/metadata/demangle.h"
#include "analyzer/metadata/packs.h"
#include "analyzer/metadata/site.h"
#include "analyzer/metadata/source_path.h"
#include "analyzer/metadata/symbol_cache.h"
#include "analyzer/metadata/symbol_file.h"
#include "analyzer/metadata/texts.h"
#include "common/wire.h"

#include <string.h>

/* A name is cut there; no compiler makes such names, and a file may claim any. */
#define NAME_BYTES 65536

/* Part of a source: other names came out of the same files before. */
#define EDITION "1"

struct ms_module_symbols {
	struct ms_module module;
	const char *cwd;
	const struct ms_symbol_options *options;

	struct ms_texts texts;
	struct ms_map frames;	/* where, without the module, to struct ms_frames * */
	struct ms_map readable; /* a symbol's text in its file to the demangled one */
	struct ms_strbuf path;
	struct ms_code code; /* of the address being resolved */

	bool is_packed; /* in a pack that the user named */

	bool is_located; /* whether the files were looked for */
	bool differs;
	struct ms_symbol_file *file; /* NULL: nothing to ask */
	struct ms_strbuf source;
	struct ms_pack *cached; /* or NULL */
	size_t cached_module;
	bool is_fresh; /* there is something that the cache has not got */
};

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
static ms_status demangle(const char **out, struct ms_module_symbols *symbols,
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
static ms_status demangle_once(const char **out, struct ms_module_symbols *symbols,
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

static ms_status function_of(const char **out, struct ms_module_symbols *symbols,
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

static ms_status file_of(const char **out, struct ms_module_symbols *symbols,
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

/* --- where names come from -------------------------------------------------------------
 */

static struct ms_pack_key key_of(const struct ms_module_symbols *symbols)
{
	const struct ms_module *module = &symbols->module;

	return (struct ms_pack_key){ .build_id = module->build_id,
				     .build_id_bytes = module->build_id_bytes,
				     .path = module->path,
				     .mapped_bytes = module->end - module->start,
				     .source = ms_strbuf_text(&symbols->source) };
}

struct ms_module_symbols *ms_module_symbols_new(const struct ms_module *module,
						const char *cwd,
						const struct ms_symbol_options *options)
{
	struct ms_module_symbols *symbols = ms_alloc_zero(1, sizeof(*symbols));
	struct ms_pack_key key;

	if (!symbols)
		return NULL;
	symbols->module = *module;
	symbols->cwd = cwd;
	symbols->options = options;
	ms_texts_init(&symbols->texts);
	ms_map_init(&symbols->frames);
	ms_map_init(&symbols->readable);
	ms_strbuf_init(&symbols->path);
	ms_strbuf_init(&symbols->source);
	key = key_of(symbols);
	symbols->is_packed = ms_packs_have(options->packs, &key);
	return symbols;
}

void ms_module_symbols_free(struct ms_module_symbols *symbols)
{
	if (!symbols)
		return;
	ms_symbol_file_close(symbols->file);
	ms_pack_close(symbols->cached);
	ms_map_release(&symbols->frames);
	ms_map_release(&symbols->readable);
	ms_strbuf_release(&symbols->path);
	ms_strbuf_release(&symbols->source);
	ms_texts_release(&symbols->texts);
	ms_free(symbols);
}

static bool may_cache(const struct ms_module_symbols *symbols)
{
	return symbols->options->cache_dir && symbols->module.build_id_bytes &&
	       symbols->file && !symbols->is_packed;
}

/* What the cache has of the very files that were found. */
static ms_status open_cached(struct ms_module_symbols *symbols)
{
	struct ms_pack_key key;

	ms_strbuf_clear(&symbols->source);
	ms_strbuf_appendf(&symbols->source, "memscope %s/%s elfutils %s", MS_VERSION,
			  EDITION, ms_symbol_file_library());
	ms_symbol_file_source(&symbols->source, symbols->file);
	if (symbols->source.failed)
		return MS_ENOMEM;
	key = key_of(symbols);
	symbols->cached = ms_symbol_cache_load(symbols->options->cache_dir, &key);
	if (symbols->cached &&
	    !ms_pack_find_module(symbols->cached, &key, &symbols->cached_module)) {
		ms_pack_close(symbols->cached);
		symbols->cached = NULL;
	}
	return MS_OK;
}

/* Look for the files, once. */
static ms_status locate(struct ms_module_symbols *symbols)
{
	ms_status status = MS_OK;

	if (symbols->is_located)
		return MS_OK;
	if (!symbols->file)
		status = ms_symbol_file_open(&symbols->file, &symbols->differs,
					     &symbols->module, symbols->cwd,
					     symbols->options);
	if (status == MS_OK && may_cache(symbols))
		status = open_cached(symbols);
	symbols->is_located = status == MS_OK;
	return status;
}

ms_status ms_module_symbols_defines(enum ms_defines *answer,
				    struct ms_module_symbols *symbols,
				    const char *const *names, size_t count)
{
	ms_status status = locate(symbols);

	*answer = MS_DEFINES_UNKNOWN;
	if (status == MS_OK && symbols->file)
		*answer = ms_symbol_file_defines(symbols->file, names, count)
				  ? MS_DEFINES_SOME
				  : MS_DEFINES_NONE;
	return status;
}

/* The levels at cursor, as code. */
static void take_levels(struct ms_code *code, struct ms_pack_cursor *cursor)
{
	struct ms_pack_level level;

	code->count = 0;
	while (code->count < MS_CODE_LEVELS && ms_pack_next(cursor, &level))
		code->levels[code->count++] =
			(struct ms_code_level){ .name = level.function,
						.file = level.file,
						.line = (uint32_t)level.line };
}

/*
 * What is known of an instruction, in symbols->code; *is_final when its texts need no
 * more work and stay.
 */
static ms_status look_up(struct ms_module_symbols *symbols, uint64_t address,
			 bool *is_final)
{
	struct ms_pack_key key = key_of(symbols);
	struct ms_pack_cursor cursor;
	ms_status status;

	*is_final = true;
	if (symbols->is_packed &&
	    ms_packs_find(symbols->options->packs, &key, address, &cursor)) {
		take_levels(&symbols->code, &cursor);
		return MS_OK;
	}
	status = locate(symbols);
	if (status != MS_OK || !symbols->file)
		return status;
	if (symbols->cached &&
	    ms_pack_find(symbols->cached, symbols->cached_module, address, &cursor)) {
		take_levels(&symbols->code, &cursor);
		return MS_OK;
	}
	*is_final = false;
	symbols->is_fresh = true;
	return ms_symbol_file_find(&symbols->code, symbols->file, address);
}

/* --- frames ----------------------------------------------------------------------------
 */

/* A call ends where it returns to: a byte before is inside it.  false: there is none. */
static bool instruction_of(uint64_t where, uint64_t *address)
{
	uint64_t back = where & MS_WHERE_EXACT ? 0 : 1, offset = where & MS_WHERE_OFFSET;

	*address = offset - back;
	return offset >= back;
}

static ms_status fill(struct ms_frame *frames, size_t count,
		      struct ms_module_symbols *symbols, bool is_final)
{
	const struct ms_code *code = &symbols->code;

	for (size_t i = 0; i < code->count; i++) {
		const struct ms_code_level *level = &code->levels[i];

		if (is_final) {
			frames[i].function = level->name;
			frames[i].file = level->file;
		} else if (function_of(&frames[i].function, symbols, level) != MS_OK ||
			   file_of(&frames[i].file, symbols, level) != MS_OK) {
			return MS_ENOMEM;
		}
		frames[i].line = level->line;
		frames[i].inlined = i + 1 < count;
	}
	return MS_OK;
}

static ms_status resolve(struct ms_frames **out, struct ms_module_symbols *symbols,
			 uint64_t where)
{
	struct ms_frame start = { .module = symbols->module.path,
				  .address = where & MS_WHERE_OFFSET };
	bool is_final = true;
	struct ms_frame *frames;
	uint64_t address;
	size_t count;

	symbols->code.count = 0;
	if (instruction_of(where, &address) &&
	    look_up(symbols, address, &is_final) != MS_OK)
		return MS_ENOMEM;
	count = symbols->code.count ? symbols->code.count : 1;
	frames = ms_arena_alloc(&symbols->texts.arena, count * sizeof(*frames));
	*out = ms_arena_alloc(&symbols->texts.arena, sizeof(**out));
	if (!frames || !*out)
		return MS_ENOMEM;
	for (size_t i = 0; i < count; i++)
		frames[i] = start;
	if (fill(frames, count, symbols, is_final) != MS_OK)
		return MS_ENOMEM;
	**out = (struct ms_frames){ frames, (uint32_t)count, 0 };
	ms_frames_find_site(*out);
	return MS_OK;
}

static uint64_t frames_key(uint64_t where)
{
	return where & (MS_WHERE_EXACT | MS_WHERE_OFFSET);
}

const struct ms_frames *ms_module_symbols_known(const struct ms_module_symbols *symbols,
						uint64_t where)
{
	const uint64_t *known = ms_map_find(&symbols->frames, frames_key(where));

	return known ? (const struct ms_frames *)(uintptr_t)*known : NULL;
}

ms_status ms_module_symbols_at(const struct ms_frames **out,
			       struct ms_module_symbols *symbols, uint64_t where)
{
	struct ms_frames *frames;

	*out = ms_module_symbols_known(symbols, where);
	if (*out)
		return MS_OK;
	if (resolve(&frames, symbols, where) != MS_OK ||
	    ms_map_put(&symbols->frames, frames_key(where), (uint64_t)(uintptr_t)frames) <
		    0)
		return MS_ENOMEM;
	*out = frames;
	return MS_OK;
}

bool ms_module_symbols_differs(const struct ms_module_symbols *symbols)
{
	return symbols->differs;
}

/* --- keeping ---------------------------------------------------------------------------
 */

static ms_status pack_frames(struct ms_pack_writer *writer, size_t module, uint64_t where,
			     const struct ms_frames *frames)
{
	struct ms_pack_level levels[MS_CODE_LEVELS];
	const struct ms_frame *first = frames->frames;
	size_t count = frames->count;
	uint64_t address;

	if (!instruction_of(where, &address))
		return MS_OK;
	for (size_t i = 0; i < count; i++)
		levels[i] = (struct ms_pack_level){ first[i].function, first[i].file,
						    first[i].line };
	if (count == 1 && !first->function && !first->file && !first->line)
		count = 0;
	return ms_pack_add(writer, module, address, levels, count);
}

/* What the cache has by now: another trace or another process may have added to it. */
static ms_status pack_cached(struct ms_pack_writer *writer, size_t module,
			     const struct ms_pack *cached, size_t cached_module)
{
	size_t count = ms_pack_address_count(cached, cached_module);
	struct ms_pack_level levels[MS_PACK_LEVELS];
	ms_status status = MS_OK;

	for (size_t i = 0; status == MS_OK && i < count; i++) {
		struct ms_pack_cursor cursor;
		uint64_t address = ms_pack_address(cached, cached_module, i, &cursor);
		size_t n = 0;

		while (n < MS_PACK_LEVELS && ms_pack_next(&cursor, &levels[n]))
			n++;
		status = ms_pack_add(writer, module, address, levels, n);
	}
	return status;
}

static ms_status pack_all(struct ms_module_symbols *symbols,
			  struct ms_pack_writer *writer, const struct ms_pack_key *key)
{
	size_t position = 0, module;
	ms_status status = ms_pack_add_module(writer, key, &module);
	uint64_t where, frames;

	while (status == MS_OK &&
	       ms_map_next(&symbols->frames, &position, &where, &frames))
		status = pack_frames(writer, module, where,
				     (const struct ms_frames *)(uintptr_t)frames);
	return status;
}

ms_status ms_module_symbols_pack(struct ms_module_symbols *symbols,
				 struct ms_pack_writer *writer)
{
	struct ms_pack_key key = key_of(symbols);

	key.source = "";
	return symbols->file || symbols->is_packed ? pack_all(symbols, writer, &key)
						   : MS_OK;
}

static ms_status collect(struct ms_module_symbols *symbols, struct ms_pack_writer *writer,
			 const struct ms_pack_key *key)
{
	struct ms_pack *cached = ms_symbol_cache_load(symbols->options->cache_dir, key);
	size_t module, cached_module;
	ms_status status = pack_all(symbols, writer, key);

	if (status == MS_OK && cached)
		status = ms_pack_add_module(writer, key, &module);
	if (status == MS_OK && cached && ms_pack_find_module(cached, key, &cached_module))
		status = pack_cached(writer, module, cached, cached_module);
	ms_pack_close(cached);
	return status;
}

bool ms_module_symbols_save(struct ms_module_symbols *symbols)
{
	struct ms_pack_key key = key_of(symbols);
	struct ms_pack_writer *writer;
	size_t len_bytes;
	uint8_t *bytes = NULL;
	ms_status status;

	if (!may_cache(symbols) || !symbols->is_fresh || !symbols->is_located)
		return false;
	writer = ms_pack_writer_new();
	status = writer ? collect(symbols, writer, &key) : MS_ENOMEM;
	if (status == MS_OK)
		status = ms_pack_encode(&bytes, &len_bytes, writer, NULL);
	if (status == MS_OK)
		ms_symbol_cache_store(symbols->options->cache_dir, &key, bytes,
				      len_bytes);
	symbols->is_fresh = false;
	ms_free(bytes);
	ms_pack_writer_free(writer);
	return status == MS_OK;
}
