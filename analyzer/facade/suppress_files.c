/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suppress_files.c - where suppressions come from: files, and the programs themselves.
 */
#include "analyzer/facade/suppress_files.h"
#include "analyzer/base/alloc.h"
#include "analyzer/base/strbuf.h"
#include "analyzer/facade/facade.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct ms_embedder { /* a module that has suppressions, or was asked for them */
	char *path;
	uint8_t build_id[64];
	size_t build_id_bytes;
};

/* --- files -----------------------------------------------------------------------------
 */

static ms_status read_all(struct ms_strbuf *text, const char *path, struct ms_error *err)
{
	FILE *f = fopen(path, "re");
	char piece[65536];
	size_t n = 1;
	int error = errno;

	while (f && n && text->len <= MS_SUPPRESS_FILE_BYTES) {
		errno = 0;
		n = fread(piece, 1, sizeof(piece), f);
		ms_strbuf_add(text, piece, n);
	}
	if (f) {
		error = ferror(f) ? (errno ? errno : EIO) : 0;
		fclose(f);
	}
	if (!f || error)
		return ms_fail(err, MS_EIO, "%s: %s", path, strerror(error));
	return text->failed ? ms_fail_memory(err) : MS_OK;
}

ms_status ms_rules_read(struct ms_rules *rules, const char *path, struct ms_error *err)
{
	struct ms_strbuf text;
	ms_status status;

	ms_strbuf_init(&text);
	status = read_all(&text, path, err);
	if (status == MS_OK)
		status = ms_rules_parse(rules, ms_strbuf_text(&text), text.len, path, 0,
					err);
	ms_strbuf_release(&text);
	return status;
}

/* --- programs --------------------------------------------------------------------------
 */

void ms_programs_init(struct ms_programs *programs)
{
	*programs = (struct ms_programs){ 0 };
	ms_map_init(&programs->by_hash);
	ms_map_init(&programs->seen);
	ms_map_init(&programs->users);
}

void ms_programs_release(struct ms_programs *programs)
{
	for (size_t i = 0; i < programs->count; i++)
		ms_free(programs->items[i].path);
	ms_free(programs->items);
	ms_free(programs->notes);
	ms_map_release(&programs->by_hash);
	ms_map_release(&programs->seen);
	ms_map_release(&programs->users);
}

const char *ms_programs_note(const struct ms_programs *programs, size_t index)
{
	return index < programs->note_count ? programs->notes[index] : NULL;
}

static uint64_t user_key(uint32_t trace, uint32_t program)
{
	return (uint64_t)trace << 32 | program;
}

bool ms_programs_has(const struct ms_programs *programs, uint32_t trace, uint32_t program)
{
	return ms_map_find(&programs->users, user_key(trace, program));
}

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t len)
{
	for (const uint8_t *p = bytes; len > 0; len--)
		hash = (hash ^ *p++) * 0x100000001b3ULL;
	return hash;
}

static uint64_t hash_module(const struct ms_module *module)
{
	uint64_t hash = hash_bytes(0xcbf29ce484222325ULL, module->build_id,
				   module->build_id_bytes);

	return hash_bytes(hash, module->path, strlen(module->path));
}

/* The place of a module, plus one, among those asked; 0: it was not, or another has its
 * hash. */
static uint32_t find_program(const struct ms_programs *programs,
			     const struct ms_module *module)
{
	const uint64_t *place = ms_map_find(&programs->by_hash, hash_module(module));
	const struct ms_embedder *e = place ? &programs->items[*place - 1] : NULL;

	return e && e->build_id_bytes == module->build_id_bytes &&
			       memcmp(e->build_id, module->build_id, e->build_id_bytes) ==
				       0 &&
			       strcmp(e->path, module->path) == 0
		       ? (uint32_t)*place
		       : 0;
}

static ms_status add_note(struct ms_programs *programs, struct ms_rules *rules,
			  const char *path, const char *why, struct ms_error *err)
{
	struct ms_strbuf text;
	const char *note;

	ms_strbuf_init(&text);
	ms_strbuf_adds(&text, path);
	ms_strbuf_adds(&text, why);
	note = text.failed ? NULL : ms_arena_text(&rules->arena, text.text, text.len);
	ms_strbuf_release(&text);
	if (!note || ms_grow((void **)&programs->notes, &programs->note_capacity,
			     programs->note_count, sizeof(*programs->notes)) < 0)
		return ms_fail_memory(err);
	programs->notes[programs->note_count++] = note;
	return MS_OK;
}

/* The rules of a module's text: those before a line that is none count. */
static ms_status add_text(struct ms_programs *programs, struct ms_rules *rules,
			  const char *path, const char *text, struct ms_error *err)
{
	const char *origin = ms_arena_text(&rules->arena, path, strlen(path));
	ms_status status;

	if (!origin)
		return ms_fail_memory(err);
	status = ms_rules_parse(rules, text, strlen(text), origin,
				(uint32_t)programs->count, err);
	if (status != MS_EFORMAT)
		return status;
	return add_note(programs, rules, path,
			": of its own suppressions for LeakSanitizer, some lines are "
			"none",
			err);
}

/* A new module: whatever it embeds. */
static ms_status ask_module(struct ms_programs *programs, struct ms_rules *rules,
			    struct ms_metadata *meta, const struct ms_module *module,
			    struct ms_error *err)
{
	struct ms_embedder e = { .build_id_bytes = module->build_id_bytes };
	enum ms_embedded what;
	ms_status status;
	char *text;

	if (ms_grow((void **)&programs->items, &programs->capacity, programs->count,
		    sizeof(*programs->items)) < 0)
		return ms_fail_memory(err);
	e.path = ms_strdup(module->path);
	if (!e.path)
		return ms_fail_memory(err);
	memcpy(e.build_id, module->build_id, module->build_id_bytes);
	programs->items[programs->count++] = e;
	if (ms_map_put(&programs->by_hash, hash_module(module), programs->count) < 0)
		return ms_fail_memory(err);
	status = ms_metadata_embedded(meta, module->id, &what, &text, err);
	if (status == MS_OK && what == MS_EMBEDDED_READ)
		status = add_text(programs, rules, e.path, text, err);
	else if (status == MS_OK && what == MS_EMBEDDED_UNREADABLE)
		status = add_note(programs, rules, e.path,
				  ": its own suppressions for LeakSanitizer cannot be "
				  "read: __lsan_default_suppressions() does more than "
				  "return a text",
				  err);
	ms_free(text);
	return status;
}

static ms_status add_module(struct ms_programs *programs, struct ms_rules *rules,
			    struct ms_metadata *meta, const struct ms_module *module,
			    uint32_t trace, struct ms_error *err)
{
	uint32_t program;
	ms_status status = MS_OK;

	if (module->build_id_bytes == 0 ||
	    module->build_id_bytes > sizeof(programs->items->build_id))
		return MS_OK;
	program = find_program(programs, module);
	if (!program) {
		status = ask_module(programs, rules, meta, module, err);
		program = (uint32_t)programs->count;
	}
	if (status == MS_OK &&
	    ms_map_put(&programs->users, user_key(trace, program), 1) < 0)
		status = ms_fail_memory(err);
	return status;
}

ms_status ms_programs_add(struct ms_programs *programs, struct ms_rules *rules,
			  struct memscope *m, uint32_t trace, struct ms_error *err)
{
	struct ms_metadata *meta = m->traces[trace].meta;
	const struct ms_module *modules;
	ms_status status = MS_OK;
	size_t count;

	if (ms_map_find(&programs->seen, trace))
		return MS_OK;
	modules = ms_metadata_modules(meta, &count);
	for (size_t i = 0; status == MS_OK && i < count; i++)
		status = add_module(programs, rules, meta, &modules[i], trace, err);
	if (status == MS_OK && ms_map_put(&programs->seen, trace, 1) < 0)
		status = ms_fail_memory(err);
	return status;
}
