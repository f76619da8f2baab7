/* SPDX-License-Identifier: Apache-2.0 */
/*
 * normal.c - frames and stacks that mean the same in two traces.
 *
 * An address without a name means the same only where both traces ran the same file,
 * which its build-id tells.  Stacks are put together from the outermost frame inwards, so
 * that each node of a log is looked at once.
 */
#include "analyzer/facade/normal.h"
#include "analyzer/base/alloc.h"

#include <string.h>

void ms_normal_init(struct ms_normal *n, struct memscope *m, bool across, bool lines)
{
	*n = (struct ms_normal){ .m = m, .across = across, .lines = lines };
	ms_frames_init(&n->seen);
	ms_arena_init(&n->texts);
	ms_map_init(&n->by_pointer);
	ms_map_init(&n->by_module);
	ms_map_init(&n->by_node);
	ms_map_init(&n->chains);
}

void ms_normal_release(struct ms_normal *n)
{
	ms_frames_release(&n->seen);
	ms_arena_release(&n->texts);
	ms_map_release(&n->by_pointer);
	ms_map_release(&n->by_module);
	ms_map_release(&n->by_node);
	ms_map_release(&n->chains);
	ms_free(n->path);
}

/* --- frames
 * ----------------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash && slash[1] ? slash + 1 : path;
}

/* What compilers put behind a function's name when they split or specialise it. */
static size_t name_length(const char *name)
{
	static const char *const marks[] = { ".constprop.", ".isra.",	  ".part.",
					     ".cold",	    ".lto_priv.", " [clone " };
	size_t length = strlen(name);

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const char *mark = strstr(name, marks[i]);

		if (mark && mark != name && (size_t)(mark - name) < length)
			length = (size_t)(mark - name);
	}
	return length;
}

/* A build of a module, of some trace, that has that file name; NULL: none is known. */
static const struct ms_module *module_named(const struct ms_trace *trace,
					    const char *name)
{
	size_t count;
	const struct ms_module *modules = ms_metadata_modules(trace->meta, &count);

	for (size_t i = 0; i < count; i++) {
		if (modules[i].build_id_bytes &&
		    strcmp(base_name(modules[i].path), name) == 0)
			return &modules[i];
	}
	return NULL;
}

static bool is_same_build(const struct ms_module *a, const struct ms_module *b)
{
	return a && b && a->build_id_bytes == b->build_id_bytes &&
	       memcmp(a->build_id, b->build_id, a->build_id_bytes) == 0;
}

/* Did both traces run the same build of it?  0, or -1 without memory. */
static int find_alike(struct ms_normal *n, const char *path, bool *alike)
{
	uint64_t *known = ms_map_at(&n->by_module, (uint64_t)(uintptr_t)path, NULL);
	const char *name = base_name(path);

	if (!known)
		return -1;
	if (!*known)
		*known = is_same_build(module_named(&n->m->traces[0], name),
				       module_named(&n->m->traces[1], name))
				 ? 1
				 : 2;
	*alike = *known == 1;
	return 0;
}

/* The frame as it is in every run and build.  0, or -1 without memory. */
static int generalise(struct ms_normal *n, struct ms_frame *frame)
{
	bool alike = false;

	if (frame->function) {
		size_t length = name_length(frame->function);

		if (frame->function[length])
			frame->function =
				ms_arena_text(&n->texts, frame->function, length);
		if (!frame->function)
			return -1;
	} else if (frame->module && find_alike(n, frame->module, &alike) < 0) {
		return -1;
	}
	if (!alike)
		frame->address = 0;
	if (!n->lines)
		frame->line = 0;
	frame->file = base_name(frame->file);
	frame->module = base_name(frame->module);
	return 0;
}

uint32_t ms_normal_frame(struct ms_normal *n, const struct ms_frame *frame)
{
	uint64_t key = (uint64_t)(uintptr_t)frame;
	uint64_t *known = ms_map_at(&n->by_pointer, key, NULL);
	struct ms_frame normal = { 0 };
	uint32_t id;

	if (!known)
		return MS_FRAME_NONE;
	if (*known)
		return (uint32_t)(*known - 1);
	if (frame)
		normal = *frame;
	normal.inlined = false;
	if (n->across && generalise(n, &normal) < 0)
		return MS_FRAME_NONE;
	id = ms_frames_add(&n->seen, &normal);
	if (id != MS_FRAME_NONE)
		*known = (uint64_t)id + 1;
	return id;
}

uint32_t ms_normal_name(struct ms_normal *n, const char *name)
{
	return ms_frames_add(&n->seen, &(struct ms_frame){ .function = name });
}

void ms_normal_text(struct ms_strbuf *text, const struct ms_frame *frame)
{
	const char *file = frame ? base_name(frame->file) : NULL;
	const char *module = frame ? base_name(frame->module) : NULL;

	if (!frame || (!frame->function && !module)) {
		ms_strbuf_adds(text, frame && frame->cut ? "(not seen)" : "(no stack)");
		return;
	}
	if (frame->function) {
		ms_strbuf_escape(text, frame->function, name_length(frame->function));
		ms_strbuf_addc(text, ' ');
	}
	if (frame->function && file) {
		ms_strbuf_escape(text, file, strlen(file));
		return;
	}
	ms_strbuf_addc(text, '[');
	if (module)
		ms_strbuf_escape(text, module, strlen(module));
	ms_strbuf_addc(text, ']');
}

/* --- stacks
 * ----------------------------------------------------------------------------- */

/* The nodes from stack outwards that have no chain yet; *chain is that of the rest. */
static ms_status find_path(struct ms_normal *n, uint32_t trace, uint32_t stack,
			   size_t *length, uint32_t *chain, struct ms_error *err)
{
	struct ms_metadata *meta = n->m->traces[trace].meta;
	uint32_t module, parent;
	uint64_t offset;

	*length = 0;
	*chain = 0;
	while (ms_metadata_node(meta, stack, &module, &offset, &parent)) {
		const uint64_t *known =
			ms_map_find(&n->by_node, (uint64_t)trace << 32 | stack);

		if (known) {
			*chain = (uint32_t)*known;
			break;
		}
		if (ms_grow((void **)&n->path, &n->path_capacity, *length,
			    sizeof(*n->path)) < 0)
			return ms_fail_memory(err);
		n->path[(*length)++] = stack;
		stack = parent;
	}
	return MS_OK;
}

/* The chain with one more frame inside; 0 without memory. */
static uint32_t chain_with(struct ms_normal *n, uint32_t outer, uint32_t frame)
{
	uint64_t *chain = ms_map_at(&n->chains, (uint64_t)outer << 32 | frame, NULL);

	if (!chain || n->chains.count >= MS_NORMAL_NONE)
		return 0;
	if (!*chain)
		*chain = n->chains.count;
	return (uint32_t)*chain;
}

static ms_status add_node(struct ms_normal *n, uint32_t trace, uint32_t node,
			  uint32_t *chain, struct ms_error *err)
{
	const struct ms_frame *frames;
	size_t count;
	ms_status status =
		ms_metadata_frames(n->m->traces[trace].meta, node, &frames, &count, err);

	while (status == MS_OK && count--) {
		uint32_t id = ms_normal_frame(n, &frames[count]);

		*chain = id == MS_FRAME_NONE ? 0 : chain_with(n, *chain, id);
		if (!*chain)
			status = ms_fail_memory(err);
	}
	if (status == MS_OK &&
	    ms_map_put(&n->by_node, (uint64_t)trace << 32 | node, *chain) < 0)
		status = ms_fail_memory(err);
	return status;
}

ms_status ms_normal_stack(struct ms_normal *n, uint32_t trace, uint32_t stack,
			  uint32_t *chain, struct ms_error *err)
{
	size_t length;
	ms_status status = find_path(n, trace, stack, &length, chain, err);

	while (status == MS_OK && length--)
		status = add_node(n, trace, n->path[length], chain, err);
	return status;
}
